"""What a document may say and the generator does not support.

It is refused, each with its pointer, so that nothing is ever left out of a client or put into it wrongly.
"""

import datetime
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from .checks import EXTENSIONS
from .document import Document, Mistake, kinds_of, pointer_of, values_of
from .names import python_name
from .security import OWN_HEADERS, find_unsupported_security, is_header_name
from .source import Pointer
from .tagged import all_alternatives, alternatives, names_of, tag_of
from .walk import METHODS, SECTIONS, Part, walk

JSON = "application/json"
# What a schema may say: what becomes Python, what only the server checks, and what only people read.
KEYWORDS = {
    *("$defs", "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "discriminator", "enum", "format"),
    *("items", "oneOf", "properties", "required", "type"),
    *("exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maxProperties", "maximum", "minItems"),
    *("minLength", "minProperties", "minimum", "multipleOf", "pattern", "uniqueItems"),
    *("$comment", "deprecated", "description", "example", "examples", "externalDocs", "readOnly", "title", "writeOnly"),
    "xml",  # says nothing of JSON
}
# What of it may stand beside `$ref`, where it is said of the one use.
KEYWORDS_BESIDE_REF = {
    *("$comment", "$ref", "default", "deprecated", "description", "example", "examples", "summary", "title"),
}
# Formats that become types of Python.
READERS: dict[str, Callable[[str], Any]] = {
    "date": datetime.date.fromisoformat,
    "date-time": datetime.datetime.fromisoformat,
    "uuid": UUID,
}
CLIENT_METHODS = {"aclose", "close", "with_options", "with_raw_response"}


def find_unsupported(document: Document) -> Iterator[Mistake]:
    """Everything in a document that is not supported."""
    yield from _whole(document)
    yield from _recursion(document)
    yield from find_unsupported_security(document)
    fields = _body_fields(document)
    for part in document.parts:
        if part.kind == "schema" and isinstance(part.value, bool) and part.pointer[-1] != "additionalProperties":
            yield Mistake(part.pointer, "true and false are not supported as a schema; write `{}` for any value")
    for pointer, schema in document.schemas():
        yield from _keywords(pointer, schema)
        yield from _schema(document, pointer, schema)
        if "x-datetime-format" in schema and not any(schema is field for field in fields):
            yield Mistake((*pointer, "x-datetime-format"), "has a meaning only for a field of a request body")
    yield from _methods(document)
    for pointer, _ in document.operations():
        yield from _operation(document, pointer)
        yield from _request(document, pointer)
        yield from _responses(document, pointer)
    yield from _one_way(document)


def _methods(document: Document) -> Iterator[Mistake]:
    """Operations, webhooks and callbacks that cannot have a function each."""
    methods: dict[str, Pointer] = {}
    for pointer, operation in document.operations():
        name = python_name(operation["operationId"])
        if methods.setdefault(name, pointer) != pointer:
            yield Mistake((*pointer, "operationId"), f"{name} would name two methods in Python; rename one operation")
    seen: dict[str, Any] = {}
    for name, kind, pointer in incoming(document):
        body = document.resolve(document.at(pointer)["requestBody"])
        yield from _content((*pointer, "requestBody"), body)
        function = python_name(f"decode_{name}")
        if not any(map(str.isalnum, name)):
            yield Mistake(pointer, "expected a name with letters or digits; give it an operationId")
        elif function in methods:
            yield Mistake(pointer, f"{function} would name two methods in Python; give it an operationId")
        elif seen.setdefault(function, body) != body:
            yield Mistake(
                pointer, f"there is another {kind} {name} with another payload; give them an operationId each"
            )


def incoming(document: Document) -> Iterator[tuple[str, str, Pointer]]:
    """The operations that the server calls, with a payload: a name, "webhook" or "callback", and the pointer."""
    for part in document.parts:
        pointer = part.pointer
        if part.kind != "path item" or not {"webhooks", "callbacks"} & {pointer[0], *pointer[1:-2]}:
            continue
        kind = "webhook" if pointer[0] == "webhooks" else "callback"
        name = pointer[1] if kind == "webhook" else pointer[-2]
        for method in METHODS if isinstance(part.value, dict) else ():
            if "requestBody" in part.value.get(method, {}):
                yield str(part.value[method].get("operationId", name)), kind, (*pointer, method)


def _one_way(document: Document) -> Iterator[Mistake]:
    """Fields that go one way only, in a schema that goes the other; each once."""
    seen: set[Pointer] = set()
    for pointer, operation in document.operations():
        body, responses = operation.get("requestBody", {}), operation.get("responses", {})
        for key, wrong, parts in (
            ("readOnly", "sent", [((*pointer, "requestBody"), "request body", body)]),
            ("writeOnly", "received", [((*pointer, "responses", s), "response", r) for s, r in responses.items()]),
        ):
            for part in _reached(document, parts):
                is_wrong = part.kind == "schema" and isinstance(part.value, dict) and part.value.get(key)
                if is_wrong and (*part.pointer, key) not in seen:
                    seen.add((*part.pointer, key))
                    problem = (
                        f"is not supported in what is {wrong} by {operation['operationId']}; use another schema there"
                    )
                    yield Mistake((*part.pointer, key), problem)


def _reached(document: Document, queue: list[tuple[Pointer, str, Any]]) -> Iterator[Part]:
    """All parts below some, and below what they refer to."""
    seen: set[str] = set()
    while queue:
        pointer, kind, value = queue.pop()
        for part in walk(value, pointer, kind):
            yield part
            reference = part.value.get("$ref") if isinstance(part.value, dict) and part.kind in SECTIONS else None
            if reference is not None and reference not in seen:
                seen.add(reference)
                queue.append((pointer_of(reference), part.kind, document.at(pointer_of(reference))))


def _body_fields(document: Document) -> list[Any]:
    """The schemas of all fields of request bodies."""
    bodies = [document.resolve(raw["requestBody"]) for _, raw in document.operations() if "requestBody" in raw]
    schemas_of_bodies = [media.get("schema", {}) for body in bodies for media in body.get("content", {}).values()]
    return [document.resolve(field) for schema in schemas_of_bodies for field in document.properties(schema).values()]


def _whole(document: Document) -> Iterator[Mistake]:
    if not re.fullmatch(r"\d+(\.\d+)*((a|b|rc|\.dev|\.post)\d+)?", document.data["info"]["version"]):
        yield Mistake(("info", "version"), "expected a version such as 1.0.2")
    for index, server in enumerate(document.data["servers"]):
        url = re.fullmatch(r"(?i:https?)://([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d+))?(/[^\s?#{}]*)?", server["url"])
        if url is None or int(url[2] or 0) > 65535:
            problem = "expected an absolute http or https URL without variables, query and fragment"
            yield Mistake(("servers", index, "url"), problem)
    for path in document.data["paths"]:
        plain = re.sub(r"{.*?}", "x", path)
        if not re.fullmatch(r"(/([\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+", plain, re.ASCII) or re.search(
            r"/\.\.?(/|$)", plain
        ):
            problem = "expected a path as a URL has it, without query and fragment; write other characters as %XX"
            yield Mistake(("paths", path), problem)
    for part in document.parts:
        if part.kind == "path item" and isinstance(part.value, dict) and "$ref" in part.value:
            problem = "a reference to a path is not supported; write the path's operations here"
            yield Mistake((*part.pointer, "$ref"), problem)


def _keywords(pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    """What the client would leave out."""
    for key in schema:
        is_foreign = key.startswith("x-") and key not in EXTENSIONS
        if "$ref" in schema and key not in KEYWORDS_BESIDE_REF and not is_foreign:
            yield Mistake((*pointer, key), f"{key} is not supported beside `$ref`; write a schema of its own for it")
        elif key not in KEYWORDS and not key.startswith("x-"):
            yield Mistake((*pointer, key), f"the keyword {key} is not supported; leave it out, or describe it in words")


def _schema(document: Document, pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    if schema.get("format") == "binary":
        yield Mistake((*pointer, "format"), "raw bytes are not supported; use a text, such as one in base64")
    if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
        yield Mistake(
            (*pointer, "additionalProperties"), "a schema of other fields is not supported beside `properties`"
        )
    if isinstance(schema.get("default"), list | dict):
        yield Mistake(
            (*pointer, "default"), "a default that is a list or an object is not supported; describe it in words"
        )
    form = schema.get("format") or document.resolve(schema).get("format")
    if not _is_written_as(form, schema.get("default")):
        yield Mistake((*pointer, "default"), f"expected a {form}{' with a zone' * (form == 'date-time')}")
    for index, value in enumerate(values_of(schema)):
        if value is not None or "const" in schema:
            place = ("const",) if "const" in schema else ("enum", index)
            yield from (Mistake((*pointer, *place), problem) for problem in _value(schema, value))
    if "allOf" not in schema and not ({"anyOf", "oneOf", "$ref"} & set(schema)):
        fields = schema.get("properties", {})
        for index, name in enumerate(schema.get("required", [])):
            if name not in fields:
                yield Mistake((*pointer, "required", index), f"{name} is not among the `properties`")
    yield from _combination(document, pointer, schema)
    yield from _union(document, pointer, schema)
    if "discriminator" in schema:
        yield from _discriminator(document, pointer, schema)


def _value(schema: dict[str, Any], value: Any) -> Iterator[str]:
    """Why a value is none that a client can send and read."""
    (kind,) = kinds_of({"const": value})
    named = kinds_of({"type": schema.get("type", kind)})
    if kind not in {"integer", "string"} and not (kind == "boolean" and "enum" in schema and "type" in schema):
        yield "expected a text or a whole number; others are not supported"
    elif kind not in named and not (kind == "integer" and "number" in named):
        yield f"is not of type {schema['type']}"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield "expected a whole number of 64 bits"


def _is_written_as(kind: Any, text: Any) -> bool:
    """Whether a text is one of a format that becomes a type of Python, or of no such format."""
    if not isinstance(text, str) or kind not in READERS:
        return True
    try:
        value = READERS[kind](text)
    except ValueError:
        return False
    return not isinstance(value, datetime.datetime) or value.tzinfo is not None


def _combination(document: Document, pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    """Schemas that are put together in a way of which a part would be lost."""
    choice = next((key for key in ("oneOf", "anyOf") if key in schema), None)
    beside = {"additionalProperties", "allOf", "anyOf", "const", "enum", "items", "properties", "required"} - {choice}
    for key in sorted(beside & set(schema)) if choice else ():
        yield Mistake(
            (*pointer, key), f"{key} is not supported beside `{choice}`; write it in each of the schemas there"
        )
    parts = schema.get("allOf", [])
    is_reference = len(parts) == 1 and isinstance(parts[0], dict) and "$ref" in parts[0] and "properties" not in schema
    for index, part in enumerate([] if is_reference else parts):
        whole = document.resolve(part)
        is_other = not isinstance(whole, dict) or {"anyOf", "const", "enum", "items", "oneOf"} & set(whole)
        if is_other or whole.get("type", "object") != "object" or isinstance(whole.get("additionalProperties"), dict):
            problem = "expected an object with `properties`; others are not supported in `allOf`"
            yield Mistake((*pointer, "allOf", index), problem)
            continue
        for name, field in document.properties(part).items():
            if any(
                document.narrower(field, document.properties(other).get(name, field)) is None for other in parts[:index]
            ):
                problem = f"{name} has another schema in another part; give it one that says all"
                yield Mistake((*pointer, "allOf", index), problem)


# What a value can be, and what of it Python makes: values of one kind that become different things are not told apart.
_Shape = tuple[str, str]
_AS_ONE = "describe them as one, with optional fields"


def _union(document: Document, pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    """Values that cannot be told apart when they are read."""
    key = next((key for key in ("oneOf", "anyOf") if key in schema), "type")
    if any(_become_two(document, *pair) for pair in itertools.combinations(all_alternatives(document, schema), 2)):
        yield Mistake((*pointer, key), "two of the alternatives are the same; leave one out")
        return
    shapes = {shape for part in alternatives(document, schema) for shape in _shapes(document, part)}
    kinds = {kind for kind, _ in shapes}
    for kind in sorted(kinds):
        if sum(kind == other for other, _ in shapes) == 1:
            continue
        if kind != "objects":
            problem = f"{kind} of several kinds cannot be told apart; describe them as one"
        elif kinds - {"null", "objects"}:
            problem = f"objects of several kinds are not supported beside other types; {_AS_ONE}"
        elif not tag_of(document, schema):
            advice = "give each a required field with a `const` of its own"
            problem = f"objects of several kinds cannot be told apart; {advice}, or {_AS_ONE}"
        else:
            continue
        yield Mistake((*pointer, key), problem)
    if any(what.startswith("map of") for _, what in shapes) and len({kind for kind, _ in shapes} - {"null"}) > 1:
        yield Mistake((*pointer, key), "an object without `properties` is not supported beside other types")


def _become_two(document: Document, one: Any, other: Any) -> bool:
    """Whether two alternatives say the same, and have a class each."""
    whole = document.resolve(one)
    has_class = isinstance(whole, dict) and bool({"enum", "properties"} & set(whole))
    is_shared = isinstance(one, dict) and "$ref" in one and one == other
    return has_class and not is_shared and whole == document.resolve(other)


def _discriminator(document: Document, pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    """A discriminator that tells nothing apart."""
    mapping = schema["discriminator"].get("mapping", {})
    if not {"oneOf", "anyOf"} & set(schema):
        yield Mistake((*pointer, "discriminator"), "expected `oneOf` beside it, with all objects that there are")
        return
    known = {name for part in alternatives(document, schema) for name in names_of(part)}
    for key in sorted(key for key, target in mapping.items() if target not in known):
        yield Mistake((*pointer, "discriminator", "mapping", key), f"{mapping[key]} is not among the alternatives")


def _shapes(document: Document, written: Any) -> Iterator[_Shape]:
    schema = document.resolve(written)
    if not isinstance(schema, dict):
        return
    named = schema.get("type", [])
    for kind in [named] if isinstance(named, str) else named or [_kind_without_type(schema)]:
        values = [value for value in schema.get("enum", []) if value is not None]
        if kind == "string":
            formatted = schema.get("format") if schema.get("format") in READERS else "text"
            yield "texts", f"enum {values}" if values else "const" if "const" in schema else str(formatted)
        elif kind == "integer":
            yield "whole numbers", f"enum {values}" if values else "const" if "const" in schema else ""
        elif kind == "array":
            yield "lists", str(document.resolve(schema.get("items")))
        elif kind == "object":
            is_map = not document.properties(schema)
            yield "objects", f"map of {schema.get('additionalProperties')}" if is_map else str(written)
        elif kind:
            yield kind, ""


def _kind_without_type(schema: dict[str, Any]) -> str:
    if "properties" in schema or "allOf" in schema:
        return "object"
    return next(iter(kinds_of(schema) - {""}), "")


def _recursion(document: Document) -> Iterator[Mistake]:
    """Schemas that contain themselves, each of whose modules would import the other."""
    for target in sorted({schema["$ref"] for _, schema in document.schemas() if "$ref" in schema}):
        pointer = pointer_of(target)
        parts = _reached(document, [(pointer, "schema", document.at(pointer))])
        if any(isinstance(part.value, dict) and part.value.get("$ref") == target for part in parts):
            problem = "a schema that contains itself is not supported; leave the inner one without a schema, as `{}`"
            yield Mistake(pointer, problem)


def _operation(document: Document, pointer: Pointer) -> Iterator[Mistake]:
    operation = document.at(pointer)
    if not any(map(str.isalnum, operation["operationId"])):
        yield Mistake((*pointer, "operationId"), "expected a name with letters or digits")
    if python_name(operation["operationId"]) in CLIENT_METHODS:
        yield Mistake((*pointer, "operationId"), "is the name of another method of the client; rename the operation")
    if "x-waiter" in operation and python_name(operation["x-waiter"]["name"]) in CLIENT_METHODS:
        yield Mistake((*pointer, "x-waiter", "name"), "is the name of another method of the client; choose another")
    for holder in (pointer, pointer[:-1]):
        if "servers" in document.at(holder):
            yield Mistake((*holder, "servers"), "servers of one path or operation are not supported")


def _request(document: Document, pointer: Pointer) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for parameter in document.parameters(pointer):
        name, where = parameter["name"], parameter["in"]
        yield from _parameter(document, pointer, parameter)
        other = seen.setdefault(python_name(name), name) if where == "path" else name
        if other != name:
            yield Mistake(pointer, f"the path parameters {other} and {name} have one name in Python; rename one")
    if "requestBody" in document.at(pointer):
        where = (*pointer, "requestBody")
        yield from _content(where, document.resolve(document.at(where)))


def _parameter(document: Document, pointer: Pointer, parameter: dict[str, Any]) -> Iterator[Mistake]:
    name, where = parameter["name"], parameter["in"]
    what = f"the {where} parameter {name}"
    style = "form" if where == "query" else "simple"
    if where == "path" and not re.fullmatch(r"[A-Za-z_-][\w-]*", name, re.ASCII):
        yield Mistake(pointer, f"{what} has a name that is not supported; use letters, digits and underscores")
    elif where == "cookie":
        yield Mistake(pointer, f"{what} is not supported; use a header or the query")
    elif where == "header" and name.lower() in OWN_HEADERS:
        yield Mistake(pointer, f"{what} is not for a document to say: the client sets it by itself")
    elif where == "header" and not is_header_name(name):
        yield Mistake(pointer, f"{what} has a name that no header can have; use letters, digits and hyphens")
    elif "schema" not in parameter:
        yield Mistake(pointer, f"{what} needs a `schema`; `content` is not supported")
    elif parameter.get("style", style) != style or parameter.get("allowReserved", False):
        yield Mistake(pointer, f"{what} is supported in the style {style} alone, without `allowReserved`")
    elif _holds(document, parameter["schema"], {"object"} if where == "query" else {"object", "array"}):
        yield Mistake(pointer, f"{what} must be a text, a number, true or false{', or a list' * (where == 'query')}")


def _holds(document: Document, schema: Any, types: set[str], *, nested: bool = False) -> bool:
    """Whether a value can be of one of the types, or be a list that holds another list."""
    schema = document.resolve(schema)
    if not isinstance(schema, dict):
        return False
    names = kinds_of(schema)
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, [])]
    return (
        bool(names & types or "properties" in schema or (nested and "array" in names))
        or any(_holds(document, part, types, nested=nested) for part in parts)
        or _holds(document, schema.get("items"), types, nested=True)
    )


def _responses(document: Document, pointer: Pointer) -> Iterator[Mistake]:
    responses = document.at(pointer).get("responses", {})
    for status, reference in responses.items():
        where = (*pointer, "responses", status)
        response = document.resolve(reference)
        if status.startswith("1"):
            yield Mistake(where, "a status below 200 is not supported: such a response is not the last one")
        if status.startswith("2") or json_content(response.get("content", {})):
            yield from _content(where, response)
    bodies = [
        media.get("schema")
        for status, response in responses.items()
        if status.startswith("2")
        for media in json_content(document.resolve(response).get("content", {})).values()
    ]
    if not any(status.startswith("2") for status in responses):
        yield Mistake((*pointer, "responses"), "expected a status of success, such as 200")
    if any(body != bodies[0] for body in bodies):
        yield Mistake((*pointer, "responses"), "expected one body for all statuses of success; give them one schema")


def _content(pointer: Pointer, holder: dict[str, Any]) -> Iterator[Mistake]:
    content = holder.get("content", {})
    if content and not json_content(content):
        yield Mistake(pointer, f"the content type {', '.join(content)} is not supported; use {JSON}")
    for media in json_content(content).values():
        if "schema" not in media:
            yield Mistake(pointer, "expected a `schema` of the content")


def json_content(content: dict[str, Any]) -> dict[str, Any]:
    """What of a content is JSON: the one content type that a client sends or asks for, or none."""
    kinds = {kind: kind.partition(";")[0].strip().lower() for kind in content}
    wanted = [kind for kind, plain in kinds.items() if plain == JSON]
    wanted += [kind for kind, plain in kinds.items() if plain.endswith("+json")]
    return {kind: content[kind] for kind in wanted[:1]}
