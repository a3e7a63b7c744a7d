"""Objects of several kinds that are told apart by a tag: a field with values of its own in each kind."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .document import Document, pointer_of, values_of

SCHEMAS = "#/components/schemas/"
TAG = "x-tag"
"""Written by `simplify` alone: the tag's name and its values, those of each kind, for a schema that is such a choice."""


@attrs.frozen
class Tag:
    """A field that tells the kinds of an object apart.

    Attributes:
        name: The field's name in the document.
        kinds: The schema of each kind as it is written, a `$ref` or not, and the tag's values in it.
    """

    name: str
    kinds: Sequence[tuple[dict[str, Any], Sequence[str | int]]]


def tag_of(document: Document, schema: Any) -> Tag | None:
    """What tells the objects apart that a schema leaves a choice of; None if there is no choice, or nothing does."""
    kinds = [part for part in alternatives(document, schema) if not _is_null(part)]
    if len(kinds) < 2 or not all(_is_object(document, kind) for kind in kinds):
        return None
    discriminators = [found["discriminator"] for found in _choices(document, schema) if "discriminator" in found]
    if discriminators:
        candidates = {str(found["propertyName"]) for found in discriminators}
        mapping = {key: target for found in discriminators for key, target in found.get("mapping", {}).items()}
        return _told_apart(document, kinds, candidates.pop(), mapping) if len(candidates) == 1 else None
    required = [name for name in document.properties(kinds[0]) if all(name in document.required(k) for k in kinds)]
    tags = (_told_apart(document, kinds, name, None) for name in required)
    return next((tag for tag in tags if tag), None)


def alternatives(document: Document, schema: Any) -> list[Any]:
    """What a schema leaves a choice of, each as it is written and once; the schema itself if there is no choice."""
    found: list[Any] = []
    for part in all_alternatives(document, schema):
        if part not in found:
            found.append(part)
    return found


def all_alternatives(document: Document, schema: Any) -> list[Any]:
    """The same, as often as each is written."""
    choices = list(_choices(document, schema))
    parts = [part for choice in choices for key in ("oneOf", "anyOf") for part in choice.get(key, [])]
    return [part for part in parts if not any(_choices(document, part))] if choices else [schema]


def _choices(document: Document, schema: Any) -> Iterator[dict[str, Any]]:
    """A schema that is a choice, and those among its alternatives that are."""
    whole = document.resolve(schema)
    if isinstance(whole, dict) and {"oneOf", "anyOf"} & set(whole):
        yield whole
        for part in [*whole.get("oneOf", []), *whole.get("anyOf", [])]:
            yield from _choices(document, part)


def _told_apart(document: Document, kinds: Sequence[Any], name: str, mapping: dict[str, str] | None) -> Tag | None:
    """The tag of a name, if it tells kinds apart: by what it can be in each, by a mapping, or by the schema's names."""
    if not all(name in document.properties(kind) for kind in kinds):
        return None
    constants: list[list[Any]] = [_constants(document, kind, name) for kind in kinds]
    ways = [constants]
    if mapping is not None:
        mapped: list[list[Any]] = [
            [key for key, target in mapping.items() if target in names_of(kind)] for kind in kinds
        ]
        names = [keys or names_of(kind)[:1] for keys, kind in zip(mapped, kinds, strict=True)]
        both = [list(dict.fromkeys([*keys, *known])) for keys, known in zip(mapped, constants, strict=True)]
        ways = [way for way in (both, names) if _suit(way, constants)]
    for way in ways:
        values = [value for values in way for value in values]
        if all(way) and len(set(values)) == len(values):
            return Tag(name, list(zip(kinds, way, strict=True)))
    return None


def _suit(way: Sequence[Sequence[Any]], constants: Sequence[Sequence[Any]]) -> bool:
    """Whether the values of a tag are among those that it can have, in each kind."""
    return all(not known or set(values) <= set(known) for values, known in zip(way, constants, strict=True))


def _constants(document: Document, kind: Any, name: str) -> list[Any]:
    """All values that a field can have, if they are texts or whole numbers; none if there is no end of them."""
    values = values_of(document.resolve(document.properties(kind)[name]))
    return values if all(isinstance(value, str | int) and not isinstance(value, bool) for value in values) else []


def names_of(kind: Any) -> list[str]:
    """How a mapping may name a kind: by the name of its schema, or by a reference."""
    reference = kind.get("$ref", "")
    return [str(pointer_of(reference)[-1]), reference] if reference.startswith(SCHEMAS) else []


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _is_object(document: Document, schema: Any) -> bool:
    whole = document.resolve(schema)
    return isinstance(whole, dict) and whole.get("type", "object") == "object" and bool(document.properties(whole))
