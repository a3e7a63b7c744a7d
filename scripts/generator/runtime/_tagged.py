"""Objects of several kinds, which the value of one field tells apart."""

from abc import ABCMeta
from collections.abc import Mapping
from typing import Any


def tagged_union(name: str, tag: str, kinds: Mapping[str | int, type]) -> Any:
    """A class whose instances are those of several others: each is that of a value of the field `tag`, as JSON calls it."""
    union: Any = ABCMeta(name, (), {"tag": tag, "kinds": kinds})
    for kind in kinds.values():
        union.register(kind)
    return union
