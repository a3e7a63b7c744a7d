"""What a document may say and a generated client cannot express.

It is refused, each with its place, so that nothing is ever left out of a client or put into it wrongly.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from document import Document, Mistake, Place, schemas
from openapi_python_client.strings import PythonIdentifier

JSON = "application/json"
DATES = {"date", "date-time", "time"}
# What an operation's module and the clients' methods call by these names, which an argument would hide.
MODULE_NAMES = {
    *("api_error", "as_list", "body", "datetime", "decode", "decoder", "encode", "path_segment", "request"),
    *("response", "self", "timezone", "uuid", "wire_datetime"),
}
CLIENT_METHODS = {"aclose", "close", "with_options"}
ERROR_ATTRIBUTES = {
    *("add_note", "args", "content", "headers", "operation", "retry_after", "status_code", "with_traceback"),
}


def python_name(name: str) -> str:
    """The name of an operation, field or parameter in Python."""
    return str(PythonIdentifier(name, prefix="field_"))


def limits(document: Document) -> Iterator[Mistake]:
    """Everything in a document that cannot be expressed."""
    yield from _whole(document)
    fields = _body_fields(document)
    for place, schema in schemas(document):
        yield from _schema(place, schema)
        if "x-datetime-format" in schema and not any(schema is field for field in fields):
            yield Mistake((*place, "x-datetime-format"), "has a meaning only for a field of a request body")
    for place, _ in document.operations():
        yield from _operation(document, place)
        yield from _request(document, place)
        yield from _responses(document, place)


def _body_fields(document: Document) -> list[Any]:
    """The schemas of all fields of request bodies."""
    bodies = [document.resolve(raw["requestBody"]) for _, raw in document.operations() if "requestBody" in raw]
    schemas_of_bodies = [media.get("schema", {}) for body in bodies for media in body["content"].values()]
    return [document.resolve(field) for schema in schemas_of_bodies for field in properties(document, schema).values()]


def _whole(document: Document) -> Iterator[Mistake]:
    if not re.fullmatch(r"\d+(\.\d+)*((a|b|rc|\.dev|\.post)\d+)?", document.data["info"]["version"]):
        yield Mistake(("info", "version"), "expected a version such as 1.0.2")
    for index, server in enumerate(document.data["servers"]):
        url = urlsplit(server["url"])
        if url.scheme not in {"http", "https"} or not url.netloc or "{" in server["url"]:
            yield Mistake(("servers", index, "url"), "expected an absolute http or https URL without variables")
    if "webhooks" in document.data:
        yield Mistake(("webhooks",), "cannot be expressed yet")
    for path, item in document.data["paths"].items():
        if "$ref" in item:
            yield Mistake(("paths", path, "$ref"), "cannot be expressed yet; write the path's operations here")


def _schema(place: Place, schema: dict[str, Any]) -> Iterator[Mistake]:
    for name in schema.get("properties", {}):
        if python_name(name) != name:
            problem = f"would be {python_name(name)} in Python; two names cannot be expressed yet"
            yield Mistake((*place, "properties", name), problem)
    if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
        yield Mistake((*place, "additionalProperties"), "cannot be expressed beside `properties`")


def _operation(document: Document, place: Place) -> Iterator[Mistake]:
    operation = document.at(place)
    if python_name(operation["operationId"]) in CLIENT_METHODS:
        yield Mistake((*place, "operationId"), "is the name of another method of the client; rename the operation")
    for holder in (place, place[:-1]):
        if "servers" in document.at(holder):
            yield Mistake((*holder, "servers"), "cannot be expressed yet")
    if "callbacks" in operation:
        yield Mistake((*place, "callbacks"), "cannot be expressed yet")
    requirements = operation.get("security", document.data.get("security"))
    if not requirements:
        yield Mistake(place, "an operation without `security` cannot be expressed yet")
    schemes = document.data.get("components", {}).get("securitySchemes", {})
    for name in {name for requirement in requirements or [] for name in requirement}:
        scheme = document.resolve(schemes.get(name, {}))
        if (scheme.get("type"), str(scheme.get("scheme")).lower()) != ("http", "bearer"):
            yield Mistake(place, f"the security scheme {name} cannot be expressed; use `type: http, scheme: bearer`")


def _request(document: Document, place: Place) -> Iterator[Mistake]:
    for parameter in document.parameters(place):
        name = parameter["name"]
        if parameter["in"] != "path":
            yield Mistake(place, f"the {parameter['in']} parameter {name} cannot be expressed yet")
        elif document.resolve(parameter.get("schema", {})).get("type") not in {"integer", "number", "string"}:
            yield Mistake(place, f"the path parameter {name} must be a string or a number")
        elif document.resolve(parameter["schema"]).get("format") in DATES:
            yield Mistake(place, f"the path parameter {name} is a date, which cannot be expressed yet")
        elif python_name(name) in MODULE_NAMES:
            yield Mistake(place, f"{name} cannot be the name of an argument")
    if "requestBody" in document.at(place):
        yield from _body(document, place)


def _body(document: Document, place: Place) -> Iterator[Mistake]:
    where = (*place, "requestBody")
    body = document.resolve(document.at(where))
    yield from _content(where, body)
    if not body.get("required", False):
        yield Mistake(where, "an optional body cannot be expressed; add `required: true`")
    fields = properties(document, body["content"].get(JSON, {}).get("schema", {}))
    if JSON in body["content"] and not fields:
        yield Mistake(where, "expected an object with properties, which become the method's arguments")
    for name in sorted(fields.keys() & MODULE_NAMES):
        yield Mistake(where, f"{name} cannot be the name of an argument")
    for name in sorted(fields.keys() & {python_name(parameter["name"]) for parameter in document.parameters(place)}):
        yield Mistake(where, f"{name} is a parameter of the path too; rename one")
    for name, schema in fields.items():
        if document.resolve(schema).get("format") in DATES:
            yield Mistake(where, f"the argument {name} is a date, which cannot be expressed yet; see x-datetime-format")
        if _holds_object(document, schema):  # whose optional fields would be sent as null
            yield Mistake(where, f"the argument {name} holds an object with properties, which cannot be expressed yet")


def _holds_object(document: Document, schema: Any) -> bool:
    schema = document.resolve(schema)
    if not isinstance(schema, dict):
        return False
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, [])]
    parts += [schema.get("items"), schema.get("additionalProperties")]
    return bool(schema.get("properties")) or any(_holds_object(document, part) for part in parts)


def _responses(document: Document, place: Place) -> Iterator[Mistake]:
    responses = document.at(place).get("responses", {})
    for status, reference in responses.items():
        where = (*place, "responses", status)
        response = document.resolve(reference)
        yield from _content(where, response)
        if not status.isdecimal():
            yield Mistake(where, "cannot be expressed yet; list each status by its number")
        elif not status.startswith("2"):
            yield from _error(document, where, response)
    successes = [status for status in responses if status.startswith("2")]
    if len(successes) != 1:
        yield Mistake((*place, "responses"), f"expected one status of success, not {len(successes)}")


def _error(document: Document, place: Place, response: dict[str, Any]) -> Iterator[Mistake]:
    schema = response.get("content", {}).get(JSON, {}).get("schema")
    fields = {} if schema is None else properties(document, schema)
    if schema is not None and not fields:
        yield Mistake(place, "an error whose body is not an object with properties cannot be expressed yet")
    for name in sorted(fields.keys() & ERROR_ATTRIBUTES):
        yield Mistake(place, f"{name} is an attribute of every error already")


def _content(place: Place, holder: dict[str, Any]) -> Iterator[Mistake]:
    for kind, media in holder.get("content", {}).items():
        if kind != JSON:
            yield Mistake(place, f"the content type {kind} cannot be expressed; use {JSON}")
        elif "schema" not in media:
            yield Mistake(place, "expected a `schema` of the content")


def properties(document: Document, schema: Any) -> dict[str, Any]:
    """The schemas of an object's fields, by their names in the document."""
    schema = document.resolve(schema)
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found.update(properties(document, part))
    found.update(schema.get("properties", {}))
    return found
