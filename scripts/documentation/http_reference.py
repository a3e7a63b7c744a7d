"""The reference of the HTTP API, made from the OpenAPI document."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.document import Document, load

_INTRODUCTION = "Made from [openapi.yaml](openapi.yaml), version {version}, when this site was built."


def http_page(path: Path) -> str:
    """The page of a document."""
    document = load(path)
    info = document.data["info"]
    parts = [f"# {info['title']} HTTP API", _INTRODUCTION.format(version=info["version"]), info.get("description", "")]
    parts += [
        "## Servers",
        _table("URL description", [[f"`{s['url']}`", s.get("description", "")] for s in document.data["servers"]]),
    ]
    schemes = document.data["components"].get("securitySchemes", {}).values()
    parts += ["## Authentication", *(scheme.get("description", "") for scheme in schemes)]
    for pointer, operation in document.operations():
        parts += _operation(document, pointer, operation)
    parts += ["## Schemas"]
    for name, schema in document.data["components"]["schemas"].items():
        parts += [f"### {name}", _sentence(schema), *_schema(document, schema)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _operation(document: Document, pointer: Sequence[str | int], operation: Mapping[str, Any]) -> list[str]:
    method, path = str(pointer[2]).upper(), str(pointer[1])
    parts = [f"## {method} {path}", operation.get("summary", ""), operation.get("description", "")]
    parts += [f"Operation `{operation['operationId']}`."]
    rows = [
        [f"`{each['name']}`", each["in"], _type(document, each["schema"]), _sentence(each)]
        for each in document.parameters(tuple(pointer))
    ]
    parts += [_table("parameter in type description", rows)] if rows else []
    if body := document.resolve(operation.get("requestBody", {})):
        parts += ["### Request {: #" + f"{operation['operationId']}-request" + " }", *_content(document, body)]
    for status, raw in operation["responses"].items():
        response = document.resolve(raw)
        anchor = "{: #" + f"{operation['operationId']}-{status}" + " }"
        parts += [f"### {status} {anchor}", _sentence(response), *_content(document, response)]
    return parts


def _content(document: Document, holder: Mapping[str, Any]) -> list[str]:
    """The bodies that something may have, each with its examples."""
    parts: list[str] = []
    for kind, media in holder.get("content", {}).items():
        parts += [f"`{kind}`: {_type(document, media['schema'])}"]
        for example in media.get("examples", {}).values():
            shown = json.dumps(document.resolve(example)["value"], indent=2, ensure_ascii=False)
            parts += [example.get("summary", ""), f"```json\n{shown}\n```"]
    return parts


def _schema(document: Document, schema: Mapping[str, Any]) -> list[str]:
    """The fields of an object, or the values of an enum."""
    if "enum" in schema:
        columns = [schema["enum"], *(schema[key] for key in ("x-enum-varnames", "x-enum-descriptions", "x-enum-final"))]
        rows = [
            [f"`{value}`", f"`{name}`", words, "yes" if final else "no"]
            for value, name, words, final in zip(*columns, strict=True)
        ]
        return [_table("value name description final", rows)]
    required = schema.get("required", [])
    rows = [
        [f"`{name}`", _type(document, field), _need(field, is_required=name in required), _sentence(field)]
        for name, field in schema.get("properties", {}).items()
    ]
    return [_table("field type required description", rows)]


def _need(field: Mapping[str, Any], *, is_required: bool) -> str:
    default = f", by default `{json.dumps(field['default'])}`" if "default" in field else ""
    return "yes" if is_required else f"no{default}"


def _type(document: Document, schema: Mapping[str, Any]) -> str:
    """The type of a schema in words, with a link to one that has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(_type(document, part) for part in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {_type(document, schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object with values: {_type(document, schema['additionalProperties'])}"
    return str(schema.get("type", "any value"))


def _sentence(holder: Mapping[str, Any]) -> str:
    return " ".join(str(holder.get("description", "")).split())


def _table(heads: str, rows: Iterable[Sequence[str]]) -> str:
    names = heads.split()
    lines = [names, ["---"] * len(names), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
