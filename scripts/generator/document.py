"""An OpenAPI document as plain data that knows where each part stands, and the ways through it."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from .source import Pointer, Positions, SourceError, parse
from .walk import METHODS, Part, walk

# What a schema says of the type that its values have in Python.
SHAPE = {
    *("additionalProperties", "allOf", "anyOf", "const", "enum", "format", "items", "oneOf", "properties", "required"),
    "type",
}


class DocumentError(Exception):
    """A document that cannot be used. The text says where and why, one line for each mistake."""


@attrs.frozen
class Mistake:
    """What is wrong with a part of the document, and what to do about it."""

    pointer: Pointer
    problem: str


@attrs.frozen
class Document:
    """An OpenAPI document, as plain data, and where in its file each part stands."""

    path: Path
    data: dict[str, Any]
    positions: Positions

    def describe(self, mistakes: Sequence[Mistake]) -> str:
        """Write mistakes as `file:line:column: pointer: problem`, in the order of the file."""
        lines = sorted({(self.position(mistake.pointer), self._line(mistake)) for mistake in mistakes})
        return "\n".join(line for _, line in lines)

    def _line(self, mistake: Mistake) -> str:
        line, column = self.position(mistake.pointer)
        pointer = ".".join(map(str, mistake.pointer)) or "the document"
        words = f"{self.path}:{line}:{column}: {pointer}: {mistake.problem}"
        # a name may hold line breaks, controls or half a character, and one mistake is one line
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)

    def position(self, pointer: Pointer) -> tuple[int, int]:
        """The line and the column of a part, or of what it would stand in if it is not there."""
        while pointer not in self.positions:
            pointer = pointer[:-1]
        return self.positions[pointer]

    def pointer_named(self, words: str) -> Pointer:
        """The operation or the schema that a message of openapi-python-client names, or the document as a whole."""
        for pointer, _ in self.operations():
            if f"parsing {str(pointer[2]).upper()} {pointer[1]} within" in words:
                return pointer
        for key in ("schemas", "parameters"):
            for name in sorted(self.data.get("components", {}).get(key, {}), key=len, reverse=True):
                if f"/components/{key}/{name}" in words or f"components.{key}.{name}" in words:
                    return "components", key, name
        return ()

    def resolve(self, value: Any) -> Any:
        """Follow `$ref`s, all of which are known to lead somewhere once a document has been read; LookupError if not."""
        seen: set[str] = set()
        while isinstance(value, dict) and "$ref" in value:
            reference = cast("str", value["$ref"])
            if reference in seen:
                raise LookupError(f"{reference} leads back to itself")
            seen.add(reference)
            value = self.at(pointer_of(reference))
        return value

    def at(self, pointer: Pointer) -> Any:
        """The part of the document that a pointer leads to.

        Raises:
            LookupError: It leads nowhere.
        """
        value: Any = self.data
        for key in pointer:
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value

    @functools.cached_property
    def parts(self) -> Sequence[Part]:
        """All parts that OpenAPI gives a meaning, in the order of the document."""
        return tuple(walk(self.data))

    def schemas(self) -> Iterator[tuple[Pointer, dict[str, Any]]]:
        """Every schema object, wherever it stands, with its pointer."""
        for part in self.parts:
            if part.kind == "schema" and isinstance(part.value, dict):
                yield part.pointer, part.value

    def operations(self) -> Iterator[tuple[Pointer, dict[str, Any]]]:
        """Each operation with its pointer."""
        for path, item in self.data.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    yield ("paths", path, method), item[method]

    def parameters(self, pointer: Pointer) -> list[dict[str, Any]]:
        """The parameters of an operation, its own before those of its path that it does not replace."""
        own, shared = self.at(pointer).get("parameters", []), self.at(pointer[:-1]).get("parameters", [])
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for parameter in map(self.resolve, [*own, *shared]):
            found.setdefault((parameter["in"], parameter["name"]), parameter)
        return list(found.values())

    def error_bodies(self) -> list[Any]:
        """The schemas of the bodies of errors, as they are written in a simple document."""
        answers = [each for _, raw in self.operations() for each in raw["responses"].items() if each[0][0] != "2"]
        bodies = [self.resolve(answer).get("content", {}) for _, answer in answers]
        return [media["schema"] for body in bodies for media in body.values()]

    def properties(self, schema: Any) -> dict[str, Any]:
        """The schemas of an object's fields, by their names."""
        found: dict[str, Any] = {}
        for part in self.parts_of(schema):
            for name, field in part.get("properties", {}).items():
                found[name] = self.narrower(found.get(name, field), field) or field
        return found

    def required(self, schema: Any) -> set[str]:
        """The names of the fields that an object must have."""
        return {name for part in self.parts_of(schema) for name in part.get("required", [])}

    def narrower(self, one: Any, other: Any) -> Any:
        """Of two schemas of one value, the one that says all that the other says; None if neither does."""
        return other if self._is_within(other, one) else one if self._is_within(one, other) else None

    def _is_within(self, narrow: Any, wide: Any) -> bool:
        """Whether all values of one schema are certainly values of another."""
        inner, outer = (
            {key: whole[key] for key in SHAPE & whole.keys()} for whole in map(self.resolve, (narrow, wide))
        )
        if inner == outer or not outer:
            return True
        if "enum" in outer and outer.keys() <= {"type", "enum"}:
            return bool(values_of(inner)) and all(value in outer["enum"] for value in values_of(inner))
        allowed = kinds_of(outer) | ({"integer"} if "number" in kinds_of(outer) else set())
        return outer.keys() == {"type"} and bool(kinds_of(inner)) and kinds_of(inner) <= allowed

    def parts_of(self, schema: Any) -> Iterator[dict[str, Any]]:
        """What an object is put together of by `allOf`, and itself."""
        schema = self.resolve(schema)
        if isinstance(schema, dict):
            for part in schema.get("allOf", []):
                yield from self.parts_of(part)
            yield schema


def kinds_of(schema: dict[str, Any]) -> set[str]:
    """The types that a schema says, or those of its values."""
    kinds = schema.get("type", [])
    named = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {kinds} if isinstance(kinds, str) else set(kinds) or {named.get(type(v), "") for v in values_of(schema)}


def values_of(schema: dict[str, Any]) -> list[Any]:
    """All values that a schema allows, if it lists them."""
    return [schema["const"]] if "const" in schema else schema.get("enum", [])


def pointer_of(reference: str) -> Pointer:
    """The pointer that a `$ref` into the document writes."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/"))


def load(path: Path) -> Document:
    """Read a document, without a look at what it says.

    Raises:
        DocumentError: It cannot be read.
    """
    try:
        source = parse(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DocumentError(f"{path}:{line}: not UTF-8; save the file in that encoding") from None
    except SourceError as error:
        position = ":".join(map(str, [path, *(error.position or ())]))
        raise DocumentError(f"{position}: {error}") from None
    if not isinstance(source.data, dict):
        raise DocumentError(
            f"{path}:1:1: expected an OpenAPI document, which is a mapping starting with `openapi: 3.1.0`"
        )
    document = Document(path, cast("dict[str, Any]", source.data), source.positions)
    if source.problems:
        raise DocumentError(document.describe([Mistake(*problem) for problem in source.problems]))
    return document
