"""Read YAML, and keep where each part of it stands.

The dialect is YAML 1.2 with its core schema, which is what OpenAPI asks for. PyYAML parses the text; what a scalar
without quotes means is said here, since PyYAML follows YAML 1.1, for which `no`, `on`, `1:30` and `2020-12-25` are no
texts. JSON is YAML, and is read too.
"""

import contextlib
import math
import re
from typing import Any

import attrs
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

Pointer = tuple[str | int, ...]
"""Keys and indices from the top of a document."""

Positions = dict[Pointer, tuple[int, int]]
"""The line and the column of each part, from 1: those of its key, or of the item itself in a list."""

# An alias repeats all that its anchor holds: a few lines can stand for billions of parts. No text without aliases has
# more parts than characters.
MOST_PARTS, MOST_PARTS_PER_CHARACTER = 100_000, 10
MOST_LEVELS = 200
_TOO_DEEP = "not valid YAML: it is nested too deeply"
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
    """A text that is no YAML, and the line and the column of the reason, as far as they are known."""

    def __init__(self, problem: str, position: tuple[int, int] | None = None) -> None:
        super().__init__(problem)
        self.position = position


@attrs.frozen
class Source:
    """The data that a text stands for.

    Attributes:
        data: What it says, as JSON has it; all keys are texts.
        positions: Where each part stands.
        problems: What it says and JSON cannot say, with pointers; `data` has something else there.
    """

    data: Any
    positions: Positions
    problems: list[tuple[Pointer, str]]


class _Loader(yaml.SafeLoader):
    """PyYAML's, with the core schema's meaning of scalars without quotes."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (as PyYAML declares it)
    # JSON, and YAML 1.2 between quotes, may have the characters from U+007F to U+009F as they are.
    _printable = "\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
    NON_PRINTABLE = re.compile(f"[^{_printable}]")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]

    def scan_to_next_token(self) -> None:
        """Skip what separates two tokens: tabs too between brackets, where they are no indentation."""
        super().scan_to_next_token()
        while self.flow_level and self.peek() == "\t":
            self.forward()
            super().scan_to_next_token()


for _name, _pattern in _SCALARS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, None)


def parse(text: str) -> Source:
    """Read a text.

    Raises:
        SourceError: It is not YAML, or its aliases stand for more than can be read.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        reader = _Reader(max(MOST_PARTS, MOST_PARTS_PER_CHARACTER * len(text)))
        return Source(reader.value(node, ()) if node else None, reader.positions, reader.problems)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problem = f"not valid YAML: the character {error.character:#06x} is not allowed"
        raise SourceError(problem, (line, column)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context).splitlines()[0].removeprefix("but ")
        position = (mark.line + 1, mark.column + 1) if mark else None
        raise SourceError(f"not valid YAML: {problem}", position) from None
    except RecursionError:
        raise SourceError(_TOO_DEEP, _deepest(text)) from None


def _deepest(text: str) -> tuple[int, int]:
    """Where a text is nested too deeply to be read."""
    depth, line, column = 0, 0, 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_LEVELS and event.start_mark:
            line, column = event.start_mark.line, event.start_mark.column
            break
    return line + 1, column + 1


class _Reader:
    """Makes data of nodes, and notes where they stand and what is wrong with them."""

    def __init__(self, most_parts: int) -> None:
        self._most_parts = most_parts
        self.positions: Positions = {(): (1, 1)}
        self.problems: list[tuple[Pointer, str]] = []
        self._open: set[int] = set()

    def value(self, node: Node, pointer: Pointer) -> Any:
        """The data of a node; an alias gives the node of its anchor once more."""
        if id(node) in self._open:
            raise SourceError("not valid YAML: an alias that contains itself; write it out", _position(node))
        if len(self.positions) > self._most_parts:
            problem = f"the aliases stand for more than {self._most_parts} parts; write out those that are needed"
            raise SourceError(f"not valid YAML: {problem}", _position(node))
        if len(pointer) > MOST_LEVELS:
            raise SourceError(_TOO_DEEP, _position(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node, pointer)
        self._open.add(id(node))
        value = self._mapping(node, pointer) if isinstance(node, MappingNode) else self._sequence(node, pointer)
        self._open.remove(id(node))
        return value

    def _mapping(self, node: Node, pointer: Pointer) -> dict[str, Any]:
        self._expect_tag(node, pointer, "map")
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _whole(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            here = (*pointer, key)
            if here in self.positions:
                self.problems.append((here, f"the key {key} stands twice; keep one"))
            self.positions[here] = _position(key_node)
            self._key(key_node, here)
            found[key] = self.value(value_node, here)
        return found

    def _key(self, node: Node, pointer: Pointer) -> None:
        if not isinstance(node, ScalarNode) or not isinstance(self._scalar(node, pointer), str):
            self.problems.append((pointer, f"the key {pointer[-1]} must be text: put it in quotes"))
        elif node.value == "<<" and node.style is None:
            self.problems.append((pointer, "YAML 1.2 has no merge keys; write out what is merged"))

    def _sequence(self, node: Node, pointer: Pointer) -> list[Any]:
        self._expect_tag(node, pointer, "seq")
        found: list[Any] = []
        for index, item in enumerate(node.value):
            self.positions[(*pointer, index)] = _position(item)
            found.append(self.value(item, (*pointer, index)))
        return found

    def _scalar(self, node: ScalarNode, pointer: Pointer) -> str | bool | int | float | None:
        kind = node.tag.removeprefix(_TAG)
        if kind in _SCALARS and _SCALARS[kind].match(node.value):
            return self._plain(kind, node.value, pointer)
        self._expect_tag(node, pointer, "str")
        whole = _whole(node.value)
        if any("\ud800" <= character <= "\udfff" for character in whole):
            self.problems.append((pointer, "expected text, not half of a character (a lone surrogate)"))
        return whole

    def _plain(self, kind: str, text: str, pointer: Pointer) -> bool | int | float | None:
        """What a scalar without quotes means."""
        if kind in {"null", "bool"}:
            return None if kind == "null" else text.lower() == "true"
        with contextlib.suppress(ValueError):  # Python reads no numbers of thousands of digits
            number = int(text, 0) if kind == "int" else float(re.sub(r"\.(?=[in])", "", text.lower()))
            if math.isfinite(number):
                return number
        self.problems.append((pointer, f"{text[:20]} is no number that JSON can carry; put it in quotes if it is text"))
        return 0

    def _expect_tag(self, node: Node, pointer: Pointer, kind: str) -> None:
        if node.tag != f"{_TAG}{kind}":
            tag = node.tag.replace(_TAG, "!!")
            self.problems.append((pointer, f"the tag {tag} does not suit what follows it; leave it out"))


def _whole(text: str) -> str:
    """A text with whole characters: JSON writes one beyond U+FFFF as two halves."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
