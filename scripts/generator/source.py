"""Read YAML, and keep where each part of it stands.

The dialect is YAML 1.2 with its core schema, which is what OpenAPI asks for. PyYAML parses the text; what a scalar
without quotes means is said here, since PyYAML follows YAML 1.1, for which `no`, `on`, `1:30` and `2020-12-25` are no
texts. JSON is YAML, and is read too.
"""

import math
import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

Pointer = tuple[str | int, ...]
"""Keys and indices from the top of a document."""

Positions = dict[Pointer, tuple[int, int]]
"""The line and the column of each part, from 1: those of its key, or of the item itself in a list."""

# An alias repeats all that its anchor holds: a few lines can stand for billions of parts.
MOST_PARTS = 1_000_000
_TAG = "tag:yaml.org,2002:"
# A number that begins with 0, such as 012, is a text: the core schema makes it 12, and a phone number would change.
_WHOLE = "(?:0|[1-9][0-9]*)"
_SCALARS = {
    "null": re.compile(r"(?:null|Null|NULL|~|)\Z"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "int": re.compile(rf"(?:[-+]?{_WHOLE}|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    "float": re.compile(
        rf"(?:[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
}


class SourceError(Exception):
    """A text that cannot be read, and the line and the column of the reason."""

    def __init__(self, problem: str, position: tuple[int, int] | None = None) -> None:
        super().__init__(problem)
        self.position = position


class _Loader(yaml.SafeLoader):
    """PyYAML's, with the core schema's meaning of scalars without quotes."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (as PyYAML declares it)

    def scan_to_next_token(self) -> None:
        """Skip what separates two tokens: tabs too between brackets, where they are no indentation."""
        super().scan_to_next_token()
        while self.flow_level and self.peek() == "\t":
            self.forward()
            super().scan_to_next_token()


for _name, _pattern in _SCALARS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, None)


def parse(text: str) -> tuple[Any, Positions]:
    """The data that a text stands for, as JSON has it, and where each part stands.

    Raises:
        SourceError: The text is not YAML, or says what JSON cannot say.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        reader = _Reader()
        return (reader.value(node, ()) if node else None), reader.positions
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        position = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise SourceError(f"not valid YAML: the character {error.character:#06x} is not allowed", position) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context).splitlines()[0]
        raise SourceError(f"not valid YAML: {problem}", mark and (mark.line + 1, mark.column + 1)) from None
    except RecursionError:
        raise SourceError("cannot be read: it is nested too deeply") from None


class _Reader:
    """Makes data of nodes, and notes where they stand."""

    def __init__(self) -> None:
        self.positions: Positions = {(): (1, 1)}
        self._open: set[int] = set()

    def value(self, node: Node, pointer: Pointer) -> Any:
        """The data of a node; an alias gives the node of its anchor once more."""
        if len(self.positions) > MOST_PARTS:
            raise _error(node, f"the aliases stand for more than {MOST_PARTS} parts; write out fewer")
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise _error(node, "an alias that contains itself; write it out")
        self._open.add(id(node))
        value = self._mapping(node, pointer) if isinstance(node, MappingNode) else self._sequence(node, pointer)
        self._open.remove(id(node))
        return value

    def _mapping(self, node: Node, pointer: Pointer) -> dict[Any, Any]:
        _expect_tag(node, "map")
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise _error(key_node, "a key must be text, not a list or a mapping")
            key = _scalar(key_node)
            if key == "<<" and key_node.style is None:
                raise _error(key_node, "YAML 1.2 has no merge keys (<<); write out what is merged")
            here = (*pointer, str(key))
            if here in self.positions:
                raise _error(key_node, f"found duplicate key {key!r}; keep one of the two")
            self.positions[here] = _position(key_node)
            found[key] = self.value(value_node, here)
        return found

    def _sequence(self, node: Node, pointer: Pointer) -> list[Any]:
        _expect_tag(node, "seq")
        found: list[Any] = []
        for index, item in enumerate(node.value):
            self.positions[(*pointer, index)] = _position(item)
            found.append(self.value(item, (*pointer, index)))
        return found


def _scalar(node: ScalarNode) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if kind in _SCALARS and _SCALARS[kind].match(node.value):
        return _plain_value(node, kind)
    _expect_tag(node, "str")
    # JSON writes what is beyond U+FFFF as two halves; a half alone stays one, for the document's checks to refuse
    text: str = node.value
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _plain_value(node: ScalarNode, kind: str) -> bool | int | float | None:
    match kind:
        case "null":
            return None
        case "bool":
            return str(node.value).lower() == "true"
        case "int":
            try:
                return int(node.value, 0)
            except ValueError:
                raise _error(node, "a number of so many digits cannot be read; put it in quotes") from None
        case _:
            number = float(re.sub(r"\.(?=inf|nan)", "", node.value.lower()))
    if not math.isfinite(number):
        raise _error(node, f"JSON has no number {node.value}; put it in quotes if it is a text")
    return number


def _expect_tag(node: Node, kind: str) -> None:
    if node.tag != f"{_TAG}{kind}":
        raise _error(node, f"the tag {node.tag.replace(_TAG, '!!')} does not fit what it stands before; leave it out")


def _error(node: Node, problem: str) -> SourceError:
    return SourceError(f"cannot be read: {problem}", _position(node))


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
