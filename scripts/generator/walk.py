"""The one walk over a document: each part of it that OpenAPI gives a meaning, and what it stands for there.

What a key means depends on where it stands: `default` is a response among responses, a field among properties, and a
value in a schema. Examples, defaults and extensions are data, and nothing below them is a part.
"""

from collections.abc import Iterator
from typing import Any, Literal

import attrs

from .source import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Shape = Literal["one", "map", "list"]

_WITH_SCHEMA: dict[str, tuple[Shape, str]] = {
    "schema": ("one", "schema"),
    "content": ("map", "media type"),
    "examples": ("map", "example"),
}
# What stands below the keys of each kind of part: one part, a map of parts, or a list of them.
_BELOW: dict[str, dict[str, tuple[Shape, str]]] = {
    "document": {
        "info": ("one", "info"),
        "servers": ("list", "server"),
        "tags": ("list", "tag"),
        "paths": ("map", "path item"),
        "webhooks": ("map", "path item"),
        "components": ("one", "components"),
    },
    "components": {
        "schemas": ("map", "schema"),
        "responses": ("map", "response"),
        "parameters": ("map", "parameter"),
        "examples": ("map", "example"),
        "requestBodies": ("map", "request body"),
        "headers": ("map", "header"),
        "securitySchemes": ("map", "security scheme"),
        "links": ("map", "link"),
        "callbacks": ("map", "callback"),
        "pathItems": ("map", "path item"),
    },
    "path item": {"parameters": ("list", "parameter"), **dict.fromkeys(METHODS, ("one", "operation"))},
    "operation": {
        "parameters": ("list", "parameter"),
        "requestBody": ("one", "request body"),
        "responses": ("map", "response"),
        "callbacks": ("map", "callback"),
    },
    "parameter": _WITH_SCHEMA,
    "header": _WITH_SCHEMA,
    "request body": {"content": ("map", "media type")},
    "media type": {**_WITH_SCHEMA, "encoding": ("map", "encoding")},
    "encoding": {"headers": ("map", "header")},
    "response": {"headers": ("map", "header"), "content": ("map", "media type"), "links": ("map", "link")},
    "schema": {
        **dict.fromkeys(("properties", "patternProperties", "$defs", "dependentSchemas"), ("map", "schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), ("list", "schema")),
        **dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else"), ("one", "schema")),
        **dict.fromkeys(("contains", "propertyNames", "unevaluatedItems"), ("one", "schema")),
        "unevaluatedProperties": ("one", "schema"),
    },
}
# Where in `components` a part may stand that a `$ref` in its place refers to.
SECTIONS = {kind: section for section, (_, kind) in _BELOW["components"].items()}


@attrs.frozen
class Part:
    """A part of a document.

    Attributes:
        pointer: Where it stands.
        kind: What it is there: schema, parameter, media type and so on.
        value: What it says. Only of a document that was checked it is certain that this is a mapping or, for a schema,
            true or false.
    """

    pointer: Pointer
    kind: str
    value: Any


def walk(value: Any, pointer: Pointer = (), kind: str = "document") -> Iterator[Part]:
    """A part, and all parts below it, in the order of the document."""
    yield Part(pointer, kind, value)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if kind == "callback" and not str(key).startswith(("$ref", "x-")):
            yield from walk(item, (*pointer, key), "path item")
        shape, inner = _BELOW.get(kind, {}).get(key, ("", ""))
        if shape == "one":
            yield from walk(item, (*pointer, key), inner)
        elif shape == "map" and isinstance(item, dict):
            for name, entry in item.items():
                if not (kind in {"document", "operation"} and str(name).startswith("x-")):
                    yield from walk(entry, (*pointer, key, name), inner)
        elif shape == "list" and isinstance(item, list):
            for index, entry in enumerate(item):
                yield from walk(entry, (*pointer, key, index), inner)
