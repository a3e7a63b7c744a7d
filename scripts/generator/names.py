"""The names of a document in Python: legal, and no two alike where they would meet."""

import copy
import itertools
from collections.abc import Container, Iterator
from typing import Any

import attrs
from openapi_python_client.strings import PythonIdentifier

from .document import Document

# What an operation's module and the clients' methods call by these names, which an argument would hide.
MODULE_NAMES = {
    *("api_error", "as_list", "body", "datetime", "decode", "decoder", "encode", "header_items", "path_segment"),
    *("query_items", "query_string", "renaming_decoder", "request", "response", "self", "timezone", "uuid"),
    "wire_datetime",
}


def python_name(name: str) -> str:
    """The name of an operation, field or parameter in Python."""
    return str(PythonIdentifier(name, prefix="field_"))


def argument_name(name: str, where: str, taken: Container[str]) -> str:
    """The name of an argument, which differs from those `taken` by a suffix that tells where it is sent: query, header or body."""
    wanted = python_name(name)
    wanted = f"{wanted}_" if wanted in MODULE_NAMES else wanted
    suffixed = f"{wanted.rstrip('_')}_{where}"
    candidates = itertools.chain([wanted, suffixed], _candidates(suffixed))
    return next(free for free in candidates if free not in taken)


def _candidates(name: str) -> Iterator[str]:
    return (f"{name}_{number}" for number in itertools.count(2))


class Renamed:
    """A document in which no two fields of an object have one name in Python.

    Attributes:
        data: The document, with another name for all but one of the fields that collide.
    """

    def __init__(self, document: Document) -> None:
        self._originals: dict[str, str] = {}
        self._taken = {name for _, schema in document.schemas() for name in schema.get("properties", {})}
        found = {pointer: names for pointer, schema in document.schemas() if (names := self._new_names(schema))}
        copied = attrs.evolve(document, data=copy.deepcopy(document.data)) if found else document
        for pointer, names in found.items():
            schema = copied.at(pointer)
            schema["properties"] = {names.get(name, name): field for name, field in schema["properties"].items()}
            schema["required"] = [names.get(name, name) for name in schema.get("required", [])]
        self.data = copied.data

    def original(self, name: str) -> str:
        """The name in the document of a field that is called `name` in `data`."""
        return self._originals.get(name, name)

    def _new_names(self, schema: dict[str, Any]) -> dict[str, str]:
        """New names for the fields that collide with one before them, or with one that needs no conversion."""
        names: dict[str, str] = {}
        used = {name for name in schema.get("properties", {}) if python_name(name) == name}
        for name in schema.get("properties", {}):
            wanted = python_name(name)
            if wanted != name and wanted in used:
                names[name] = next(free for free in _candidates(wanted) if free not in self._taken)
                self._taken.add(names[name])
                self._originals[names[name]] = name
            used.add(wanted)
        return names
