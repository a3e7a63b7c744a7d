"""Find what is wrong in an OpenAPI document: what it has to say, whether it is supported or not.

`read(path)` returns a `Document` or raises `DocumentError`, whose text is one line for each mistake.
"""

import contextlib
import json
import re
from collections.abc import Callable, Container, Iterator
from difflib import get_close_matches
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema_rs import (
    Draft202012,
    Draft202012Validator,
    ReferencingError,
    Registry,
    ValidationError,
    ValidationErrorKind,
)

from .document import Document, DocumentError, Mistake, load, pointer_of
from .source import Pointer
from .walk import SECTIONS, Part

ENUM_LISTS = {"x-enum-varnames": str, "x-enum-descriptions": str, "x-enum-final": bool}
WAITER = {"name": str, "until": str}
EXTENSIONS = {*ENUM_LISTS, "x-datetime-format", "x-waiter"}
Check = Callable[[Document], Iterator[Mistake]]
WITH_EXAMPLES = {"parameter", "header", "media type"}
MOST_PARTS = 1000
_SCHEMAS = Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})
_PATTERNS = Draft202012Validator({"format": "regex"}, validate_formats=True)


def read(path: Path, *more: Check) -> Document:
    """Read and check a document, with checks of one's own after those here.

    Raises:
        DocumentError: It cannot be read, or has mistakes; all of them are told.
    """
    document = load(path)
    # what is wrong in a document of another version is that it is of another version, and who could read a bomb?
    mistakes = list(_version(document)) or list(_sizes(document))
    for check in () if mistakes else (_references, _structure, _inner_schemas, _contents, *more):
        told = {mistake.pointer for mistake in mistakes}
        try:
            mistakes.extend(mistake for mistake in check(document) if mistake.pointer not in told)
        except Exception:
            if not mistakes:  # else a mistake that is told already is in the way of this check
                raise
    if mistakes:
        raise DocumentError(document.describe(mistakes))
    return document


def _version(document: Document) -> Iterator[Mistake]:
    version = document.data.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1."):
        yield Mistake(("openapi",), f"expected an OpenAPI version 3.1.x, not {version!r}")


def _sizes(document: Document) -> Iterator[Mistake]:
    """Schemas that are put together of more than anybody could read: by references, a few lines can stand for billions."""
    sizes: dict[str, int] = {}

    def size(schema: Any) -> int:
        if not isinstance(schema, dict):
            return 1
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            lists = [schema.get(key) for key in ("allOf", "anyOf", "oneOf")]
            return 1 + sum(size(part) for parts in lists if isinstance(parts, list) for part in parts)
        if reference not in sizes:
            sizes[reference] = 1  # which it is if it leads back to itself
            with contextlib.suppress(LookupError, ValueError, TypeError):
                sizes[reference] = size(document.at(pointer_of(reference)))
        return sizes[reference]

    for pointer, schema in document.schemas():
        if size(schema) > MOST_PARTS:
            yield Mistake(
                pointer, f"is put together of more than {MOST_PARTS} schemas; write out those that are needed"
            )
            return


def _structure(document: Document) -> Iterator[Mistake]:
    """What OpenAPI itself asks for."""
    for name, schema in document.data.get("components", {}).get("schemas", {}).items():
        yield from _violations(_SCHEMAS, schema, ("components", "schemas", name))
    # the schema alone, since the import of the package takes long
    package = Path(str(distribution("openapi-spec-validator").locate_file("openapi_spec_validator")))
    openapi = json.loads((package / "resources/schemas/v3.1/schema.json").read_text(encoding="utf-8"))
    yield from _violations(Draft202012Validator(openapi), document.data, ())


def _inner_schemas(document: Document) -> Iterator[Mistake]:
    """What JSON Schema asks for of the schemas that stand elsewhere than in `components`."""
    for part in document.parts:
        if part.kind == "schema" and part.pointer[-1] == "schema":
            yield from _violations(_SCHEMAS, part.value, part.pointer)


def _violations(rules: Draft202012Validator, value: Any, pointer: Pointer) -> Iterator[Mistake]:
    """What is wrong with a part of a document."""
    for error in map(_innermost, rules.iter_errors(value)):
        message = error.message.splitlines()[0]
        if isinstance(error.kind, ValidationErrorKind.Enum):
            message = f"{json.dumps(error.instance)} is not one of {', '.join(map(json.dumps, error.kind.options))}"
        path = _keys(value, error.instance_path)
        yield Mistake((*pointer, *path), message if len(message) <= 200 else f"{message[:200]}...")


def _innermost(error: ValidationError) -> ValidationError:
    """Of a value that suits no alternative, what is wrong by the one that it comes closest to."""
    closest = [
        each
        for alternative in getattr(error.kind, "context", [])
        for each in alternative
        if not isinstance(each.kind, ValidationErrorKind.Type) or len(each.instance_path) > len(error.instance_path)
    ]
    return _innermost(max(closest, key=lambda each: len(each.instance_path))) if closest else error


def _keys(value: Any, path: list[str | int]) -> Iterator[str | int]:
    """The keys of a path, in which all that look like numbers are numbers."""
    for step in path:
        names = value if isinstance(value, dict) else [step]
        key = next(name for name in names if str(step) in {str(name), str(name).lstrip("+0") or "0"})
        value = value[key]
        yield key


def _references(document: Document) -> Iterator[Mistake]:
    """Every `$ref` leads to a part of its kind in this document, and not back to itself."""
    schemas = {tuple(map(str, part.pointer)) for part in document.parts if part.kind == "schema"}
    for part in document.parts:
        is_reference = part.kind in SECTIONS and isinstance(part.value, dict) and "$ref" in part.value
        if is_reference and (problem := _reference_problem(document, part, schemas)):
            yield Mistake((*part.pointer, "$ref"), problem)


def _reference_problem(document: Document, part: Part, schemas: Container[Pointer]) -> str | None:
    section = f"#/components/{SECTIONS[part.kind]}"
    reference = part.value["$ref"]
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return f"expected a reference into this document, as #/components/..., not {reference!r}"
    seen: set[str] = set()
    while True:
        is_schema = part.kind == "schema" and pointer_of(reference) in schemas
        if not is_schema and (not reference.startswith(f"{section}/") or reference.count("/") > 3):
            return f"expected a reference to one of {section}, not {reference}"
        if reference in seen:
            return "leads back to itself"
        seen.add(reference)
        try:
            target = document.at(pointer_of(reference))
        except (LookupError, ValueError, TypeError):
            return f"leads nowhere: there is no {reference}"
        if not isinstance(target, dict | bool):
            return f"expected a reference to an object, which {reference} is not"
        if not (isinstance(target, dict) and isinstance(target.get("$ref"), str)):
            return None  # what is no reference is named where it stands
        reference = target["$ref"]


def _escaped(key: str | int) -> str:
    """A key as a part of a JSON pointer in a URL."""
    return quote(str(key).replace("~", "~0").replace("/", "~1"), safe="~")


def _contents(document: Document) -> Iterator[Mistake]:
    """What the OpenAPI schema cannot say, and what a client needs."""
    if not document.data.get("paths"):
        yield Mistake((), "expected `paths` with at least one operation")
    for pointer, operation in document.operations():
        if not operation.get("responses"):
            yield Mistake(pointer, "expected `responses`")
    if not document.data.get("servers"):
        yield Mistake((), "expected `servers` with at least one url, which the client uses by default")
    yield from _operation_ids(document)
    yield from _parameters(document)
    yield from _links(document)
    for pointer, schema in document.schemas():
        yield from _schema(pointer, schema)
    yield from _examples(document)
    yield from _waiters(document)
    for part in document.parts:
        for key in part.value if isinstance(part.value, dict) else ():
            if str(key).startswith("x-") and key not in EXTENSIONS:  # others mean something to other tools
                for meant in get_close_matches(key, EXTENSIONS, 1, 0.8):
                    yield Mistake((*part.pointer, key), f"unknown extension; is {meant} meant?")


def _waiters(document: Document) -> Iterator[Mistake]:
    """What is to be waited for can be asked for again and again, and says when it is final."""
    operations = dict(document.operations())
    taken = {operation.get("operationId") for operation in operations.values()}
    for pointer, operation in operations.items():
        waiter, at = operation.get("x-waiter"), (*pointer, "x-waiter")
        if waiter is None:
            continue
        if not isinstance(waiter, dict) or {key: type(value) for key, value in waiter.items()} != WAITER:
            yield Mistake(at, "expected `name`, the method's, and `until`, a field of the report, both texts")
        elif pointer[-1] != "get":
            yield Mistake(at, "expected at an operation that may be repeated, which is a GET")
        elif waiter["name"] in taken:
            yield Mistake((*at, "name"), f"{waiter['name']} is the name of another method")
        elif not _says_when_final(document, operation, waiter["until"]):
            yield Mistake((*at, "until"), "expected a required field of the report, with an enum that has x-enum-final")
        else:
            taken.add(waiter["name"])


def _says_when_final(document: Document, operation: dict[str, Any], field: str) -> bool:
    answers = operation.get("responses", {})
    answer = document.resolve(next((answers[status] for status in answers if str(status).startswith("2")), {}))
    schema = document.resolve(answer.get("content", {}).get("application/json", {}).get("schema", {}))
    row = document.resolve(schema["items"]) if schema.get("type") == "array" and "items" in schema else schema
    status = document.resolve(row.get("properties", {}).get(field, {}))
    return field in row.get("required", []) and "x-enum-final" in status


def _operation_ids(document: Document) -> Iterator[Mistake]:
    seen: dict[str, Pointer] = {}
    for pointer, operation in document.operations():
        name = operation.get("operationId")
        if name is None:
            yield Mistake(pointer, "expected an operationId, which names the client's method")
        elif name in seen:
            other = ".".join(map(str, seen[name]))
            yield Mistake((*pointer, "operationId"), f"{name} is the operationId of {other} too; each needs its own")
        else:
            seen[name] = pointer


def _parameters(document: Document) -> Iterator[Mistake]:
    for part in document.parts:
        given = part.value.get("parameters", []) if part.kind in {"path item", "operation"} else []
        keys = [(parameter["in"], parameter["name"]) for parameter in map(document.resolve, given)]
        for index, (where, name) in enumerate(keys):
            if (where, name) in keys[:index]:
                problem = f"the {where} parameter {name} stands twice; keep one"
                yield Mistake((*part.pointer, "parameters", index), problem)
    for pointer, operation in document.operations():
        path = str(pointer[1])
        declared = {parameter["name"] for parameter in document.parameters(pointer) if parameter["in"] == "path"}
        named = re.findall(r"{(.*?)}", path)
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield Mistake(pointer, f"the path parameter {name} stands twice in the path")
        for name in sorted(declared ^ set(named)):
            problem = "declared, but not in the path" if name in declared else "in the path, but not declared"
            yield Mistake(pointer, f"the path parameter {name} of {operation.get('operationId')} is {problem}")


def _links(document: Document) -> Iterator[Mistake]:
    known = {operation["operationId"] for _, operation in document.operations() if "operationId" in operation}
    for pointer, operation in document.operations():
        for status, response in operation.get("responses", {}).items():
            for name, link in document.resolve(response).get("links", {}).items():
                target = document.resolve(link).get("operationId")
                if target is not None and target not in known:
                    where = (*pointer, "responses", status, "links", name, "operationId")
                    yield Mistake(where, f"there is no operation {target}")


def _schema(pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    values = schema.get("enum")
    for key, kind in ENUM_LISTS.items():
        if key not in schema:
            continue
        items = schema[key]
        if not isinstance(values, list):
            yield Mistake((*pointer, key), "expected an `enum` beside it")
        elif not isinstance(items, list) or len(items) != len(values):
            count = len(items) if isinstance(items, list) else "no list"
            yield Mistake((*pointer, key), f"expected {len(values)} items, one for each value of `enum`, not {count}")
        elif not all(isinstance(item, kind) for item in items):
            yield Mistake((*pointer, key), f"expected a list of {'true or false' if kind is bool else 'texts'}")
    if isinstance(values, list):
        yield from _values(pointer, values)
    names = schema.get("x-enum-varnames", [])
    for index, name in enumerate(names if isinstance(names, list) else []):
        if not str(name).isidentifier() or not str(name).isupper() or str(name).startswith("_"):
            yield Mistake(
                (*pointer, "x-enum-varnames", index), f"expected a name in upper case, such as NOT_SENT, not {name!r}"
            )
        elif names.index(name) != index:
            yield Mistake((*pointer, "x-enum-varnames", index), f"{name} stands twice")
    if isinstance(schema.get("pattern"), str) and not _PATTERNS.is_valid(schema["pattern"]):
        yield Mistake((*pointer, "pattern"), "expected a regular expression")
    if "x-datetime-format" in schema and schema.get("type") != "string":
        yield Mistake((*pointer, "x-datetime-format"), "expected `type: string` beside it")


def _values(pointer: Pointer, values: list[Any]) -> Iterator[Mistake]:
    if not values:
        yield Mistake((*pointer, "enum"), "expected at least one value")
    for index, value in enumerate(values):
        if isinstance(value, str) and not value.isprintable():
            yield Mistake((*pointer, "enum", index), "expected a text without control characters")
    if len({type(value) for value in values} - {type(None)}) > 1:
        yield Mistake((*pointer, "enum"), "expected values of one type")


def _examples(document: Document) -> Iterator[Mistake]:
    """Every example is what its schema says."""
    registry = Registry([("document:", document.data)], draft=Draft202012)

    def check(schema_pointer: Pointer, value: Any, pointer: Pointer) -> Iterator[Mistake]:
        reference = "document:#/" + "/".join(_escaped(key) for key in schema_pointer)
        try:
            schema = Draft202012Validator({"$ref": reference}, registry=registry)
        except (ReferencingError, ValidationError):
            return  # what is wrong with the schema itself is told where it stands
        for mistake in _violations(schema, value, pointer):
            yield Mistake(mistake.pointer, f"the example is not what its schema says: {mistake.problem}")

    for pointer, holder in ((part.pointer, part.value) for part in document.parts if part.kind in WITH_EXAMPLES):
        if "schema" not in holder:
            continue
        if "example" in holder:
            yield from check((*pointer, "schema"), holder["example"], (*pointer, "example"))
        for name, example in holder.get("examples", {}).items():
            if "value" in document.resolve(example):
                value = document.resolve(example)["value"]
                yield from check((*pointer, "schema"), value, (*pointer, "examples", name, "value"))
    for pointer, schema in document.schemas():
        for key in ("example", "default"):
            if key in schema:
                yield from check(pointer, schema[key], (*pointer, key))
        for index, value in enumerate(schema.get("examples", [])):
            yield from check(pointer, value, (*pointer, "examples", index))
