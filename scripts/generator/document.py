"""Read an OpenAPI document and find every mistake in it, each with its line and column.

`read(path)` returns a `Document` or raises `DocumentError`, whose text is one line for each mistake.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import attrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from .source import Pointer as Place
from .source import SourceError, parse

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ENUM_LISTS = {"x-enum-varnames": str, "x-enum-descriptions": str, "x-enum-final": bool}
EXTENSIONS = {*ENUM_LISTS, "x-datetime-format"}


class DocumentError(Exception):
    """A document that cannot be used. The text says where and why, one line for each mistake."""


@attrs.frozen
class Mistake:
    """What is wrong at a place of the document, and what to do about it."""

    place: Place
    problem: str


@attrs.frozen
class Document:
    """An OpenAPI document, as plain data, and where in its file each part stands."""

    path: Path
    data: dict[str, Any]
    positions: Mapping[Place, tuple[int, int]]

    def describe(self, mistakes: Sequence[Mistake]) -> str:
        """Write mistakes as `file:line:column: place: problem`, in the order of the file."""
        lines = sorted({(self._position(mistake.place), self._line(mistake)) for mistake in mistakes})
        return "\n".join(line for _, line in lines)

    def _line(self, mistake: Mistake) -> str:
        line, column = self._position(mistake.place)
        place = ".".join(map(str, mistake.place)) or "the document"
        words = f"{self.path}:{line}:{column}: {place}: {mistake.problem}"
        # a name may hold line breaks, controls or half a character, and one mistake is one line
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)

    def _position(self, place: Place) -> tuple[int, int]:
        while place not in self.positions:
            place = place[:-1]
        return self.positions[place]

    def place_named(self, words: str) -> Place:
        """The operation or the schema that a message of openapi-python-client names, or the document as a whole."""
        for place, _ in self.operations():
            if f"parsing {str(place[2]).upper()} {place[1]} within" in words:
                return place
        for key in ("schemas", "parameters"):
            for name in sorted(self.data.get("components", {}).get(key, {}), key=len, reverse=True):
                if f"/components/{key}/{name}" in words or f"components.{key}.{name}" in words:
                    return "components", key, name
        return ()

    def resolve(self, value: Any) -> Any:
        """Follow `$ref`s, all of which are known to lead somewhere once a document has been read."""
        while isinstance(value, dict) and "$ref" in value:
            value = self.at(_pointer(cast("str", value["$ref"])))
        return value

    def at(self, place: Place) -> Any:
        """The part of the document at a place.

        Raises:
            LookupError: There is no such place.
        """
        value: Any = self.data
        for key in place:
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value

    def operations(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Each operation with its place."""
        for path, item in self.data.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    yield ("paths", path, method), item[method]

    def parameters(self, place: Place) -> list[dict[str, Any]]:
        """The parameters of the operation at a place, its own before those of its path."""
        own, shared = self.at(place).get("parameters", []), self.at(place[:-1]).get("parameters", [])
        return [self.resolve(parameter) for parameter in [*own, *shared]]


def read(path: Path) -> Document:
    """Read and check a document.

    Raises:
        DocumentError: It cannot be read, or has mistakes.
    """
    document = _load(path)
    for check in (_plain, _references, _structure, _inner_schemas, _contents):
        mistakes = list(check(document))
        if mistakes:
            raise DocumentError(document.describe(mistakes))
    return document


def _load(path: Path) -> Document:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DocumentError(f"{path}:{line}: not UTF-8; save the file in that encoding") from None
    try:
        data, positions = parse(text)
    except SourceError as error:
        place = ":".join(map(str, [path, *(error.position or ())]))
        raise DocumentError(f"{place}: {error}") from None
    if not isinstance(data, dict):
        raise DocumentError(
            f"{path}:1:1: expected an OpenAPI document, which is a mapping starting with `openapi: 3.1.0`"
        )
    return Document(path, cast("dict[str, Any]", data), positions)


def _plain(document: Document) -> Iterator[Mistake]:
    version = document.data.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        yield Mistake(("openapi",), f"expected an OpenAPI version 3.1.x, not {version!r}")
    for place, key in _keys(document.data):
        if not isinstance(key, str):
            yield Mistake((*place, str(key)), f"the key {key!r} must be text: put it in quotes")
    for place, text in _texts(document.data):
        if any("\ud800" <= character <= "\udfff" for character in text):
            yield Mistake(place, "expected text, not half of a character (a lone surrogate)")


def _structure(document: Document) -> Iterator[Mistake]:
    """What OpenAPI itself asks for."""
    for name, schema in document.data.get("components", {}).get("schemas", {}).items():
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
            yield _mistake(best_match([error]) or error, ("components", "schemas", name))
    for error in OpenAPIV31SpecValidator.schema_validator.iter_errors(document.data):
        yield _mistake(error)


def _inner_schemas(document: Document) -> Iterator[Mistake]:
    """What JSON Schema asks for of the schemas that stand elsewhere than in `components`."""
    for place, holder in _schema_holders(document):
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(holder["schema"]):
            yield _mistake(best_match([error]) or error, (*place, "schema"))


def _keys(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield place, key
            yield from _keys(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keys(item, (*place, index))


def _mistake(error: ValidationError, place: Place = ()) -> Mistake:
    message = error.message.splitlines()[0]
    return Mistake((*place, *error.absolute_path), message if len(message) <= 200 else f"{message[:200]}...")


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key, (*place, key))
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))


def _references(document: Document) -> Iterator[Mistake]:
    """Every `$ref` leads somewhere in this document, and not back to itself."""
    for place, key in _keys(document.data):
        if (
            key != "$ref"
            or {"example", "value", "default", "enum", "const"} & set(place)
            or place[-1:] == ("properties",)
        ):
            continue
        reference = document.at(place)["$ref"]
        if not isinstance(reference, str) or not reference.startswith("#/"):
            yield Mistake(
                (*place, "$ref"), f"expected a reference into this document, as #/components/..., not {reference!r}"
            )
            continue
        if (section := _section(place)) and not reference.startswith(f"#/components/{section}/"):
            yield Mistake((*place, "$ref"), f"expected a reference to one of #/components/{section}, not {reference}")
            continue
        seen: set[str] = set()
        while True:
            seen.add(reference)
            try:
                target = document.at(_pointer(reference))
            except (LookupError, ValueError, TypeError):
                yield Mistake((*place, "$ref"), f"leads nowhere: there is no {reference}")
                break
            if not isinstance(target, dict | bool):
                yield Mistake((*place, "$ref"), f"expected a reference to an object, which {reference} is not")
                break
            if not (isinstance(target, dict) and isinstance(target.get("$ref"), str)):
                break  # what is no reference is named at its own place
            reference = target["$ref"]
            if reference in seen:
                yield Mistake((*place, "$ref"), "leads back to itself")
                break


def _section(place: Place) -> str:
    """Where in `components` a part of an operation may stand instead of at its place; empty for a schema."""
    if {"schema", "schemas", "links"} & set(place):
        return ""
    if place[-1:] == ("requestBody",):
        return "requestBodies"
    return str(place[-2]) if place[-2:-1] in {("parameters",), ("responses",), ("requestBodies",)} else ""


def _pointer(reference: str) -> Place:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/"))


def _escaped(key: str | int) -> str:
    """A key as a part of a JSON pointer in a URL."""
    return quote(str(key).replace("~", "~0").replace("/", "~1"), safe="~")


def _contents(document: Document) -> Iterator[Mistake]:
    """What the OpenAPI schema cannot say, and what a client needs."""
    if not document.data.get("paths"):
        yield Mistake((), "expected `paths` with at least one operation")
    for place, operation in document.operations():
        if not operation.get("responses"):
            yield Mistake(place, "expected `responses`")
    if not document.data.get("servers"):
        yield Mistake((), "expected `servers` with at least one url, which the client uses by default")
    yield from _operation_ids(document)
    yield from _path_parameters(document)
    yield from _links(document)
    for place, schema in schemas(document):
        yield from _schema(place, schema)
    yield from _examples(document)
    for place, key in _keys(document.data):
        if isinstance(key, str) and key.startswith("x-") and key not in EXTENSIONS and place[-1:] != ("properties",):
            yield Mistake((*place, key), f"unknown extension; known are {', '.join(sorted(EXTENSIONS))}")


def _operation_ids(document: Document) -> Iterator[Mistake]:
    seen: dict[str, Place] = {}
    for place, operation in document.operations():
        name = operation.get("operationId")
        if name is None:
            yield Mistake(place, "expected an operationId, which names the client's method")
        elif name in seen:
            other = ".".join(map(str, seen[name]))
            yield Mistake((*place, "operationId"), f"{name} is the operationId of {other} too; each needs its own")
        else:
            seen[name] = place


def _path_parameters(document: Document) -> Iterator[Mistake]:
    for place, operation in document.operations():
        path = str(place[1])
        declared = {parameter["name"] for parameter in document.parameters(place) if parameter["in"] == "path"}
        for name in sorted(declared ^ set(re.findall(r"{(.*?)}", path))):
            problem = "declared, but not in the path" if name in declared else "in the path, but not declared"
            yield Mistake(place, f"the path parameter {name} of {operation.get('operationId')} is {problem}")


def _links(document: Document) -> Iterator[Mistake]:
    known = {operation["operationId"] for _, operation in document.operations() if "operationId" in operation}
    for place, operation in document.operations():
        for status, response in operation.get("responses", {}).items():
            for name, link in document.resolve(response).get("links", {}).items():
                target = document.resolve(link).get("operationId")
                if target is not None and target not in known:
                    where = (*place, "responses", status, "links", name, "operationId")
                    yield Mistake(where, f"there is no operation {target}")


def schemas(document: Document) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every schema object, wherever it stands, with its place."""

    def walk(schema: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        if not isinstance(schema, dict):
            return
        yield place, schema
        for key in ("properties", "patternProperties"):
            for name, value in schema.get(key, {}).items():
                yield from walk(value, (*place, key, name))
        for key in ("allOf", "oneOf", "anyOf", "prefixItems"):
            for index, value in enumerate(schema.get(key, [])):
                yield from walk(value, (*place, key, index))
        for key in ("items", "additionalProperties", "not"):
            yield from walk(schema.get(key), (*place, key))

    for name, schema in document.data.get("components", {}).get("schemas", {}).items():
        yield from walk(schema, ("components", "schemas", name))
    for place, holder in _schema_holders(document):
        yield from walk(holder["schema"], (*place, "schema"))


def _schema_holders(document: Document) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Media types and parameters: what has a schema and examples of it."""

    def walk(value: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from walk(item, (*place, index))
        if isinstance(value, dict):
            if "schema" in value:
                yield place, value
            for key, item in value.items():
                if key not in {"schema", "schemas", "example", "examples"}:
                    yield from walk(item, (*place, key))

    yield from walk(document.data, ())


def _schema(place: Place, schema: dict[str, Any]) -> Iterator[Mistake]:
    values = schema.get("enum")
    for key, kind in ENUM_LISTS.items():
        if key not in schema:
            continue
        items = schema[key]
        if not isinstance(values, list):
            yield Mistake((*place, key), "expected an `enum` beside it")
        elif not isinstance(items, list) or len(items) != len(values):
            count = len(items) if isinstance(items, list) else "no list"
            yield Mistake((*place, key), f"expected {len(values)} items, one for each value of `enum`, not {count}")
        elif not all(isinstance(item, kind) for item in items):
            yield Mistake((*place, key), f"expected a list of {'true or false' if kind is bool else 'texts'}")
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, str) and not value.isprintable():
            yield Mistake((*place, "enum", index), "expected a text without control characters")
    if isinstance(values, list) and len({type(value) for value in values} - {type(None)}) > 1:
        yield Mistake((*place, "enum"), "expected values of one type")
    names = schema.get("x-enum-varnames", [])
    for index, name in enumerate(names if isinstance(names, list) else []):
        if not str(name).isidentifier() or not str(name).isupper() or str(name).startswith("_"):
            yield Mistake(
                (*place, "x-enum-varnames", index), f"expected a name in upper case, such as NOT_SENT, not {name!r}"
            )
        elif names.index(name) != index:
            yield Mistake((*place, "x-enum-varnames", index), f"{name} stands twice")
    if "x-datetime-format" in schema and schema.get("type") != "string":
        yield Mistake((*place, "x-datetime-format"), "expected `type: string` beside it")


def _examples(document: Document) -> Iterator[Mistake]:
    """Every example is what its schema says."""
    registry: Registry[Any] = Registry().with_resource("document", DRAFT202012.create_resource(document.data))

    def check(schema_place: Place, value: Any, place: Place) -> Iterator[Mistake]:
        reference = "document#/" + "/".join(_escaped(key) for key in schema_place)
        validator = Draft202012Validator({"$ref": reference}, registry=registry)
        try:
            for error in validator.iter_errors(value):
                mistake = _mistake(best_match([error]) or error, place)
                yield Mistake(mistake.place, f"the example is not what its schema says: {mistake.problem}")
        except (Unresolvable, RecursionError) as error:
            yield Mistake(place, f"the schema of this example cannot be followed: {type(error).__name__}")

    for place, holder in _schema_holders(document):
        if "example" in holder:
            yield from check((*place, "schema"), holder["example"], (*place, "example"))
        for name, example in holder.get("examples", {}).items():
            if "value" in document.resolve(example):
                value = document.resolve(example)["value"]
                yield from check((*place, "schema"), value, (*place, "examples", name, "value"))
    for place, schema in schemas(document):
        for key in ("example", "default"):
            if key in schema:
                yield from check(place, schema[key], (*place, key))
        for index, value in enumerate(schema.get("examples", [])):
            yield from check(place, value, (*place, "examples", index))
