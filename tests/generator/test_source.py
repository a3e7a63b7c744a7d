"""YAML is read as YAML 1.2 says, with its core schema; what JSON cannot say is named with its place."""

import json
from typing import Any

import pytest
from generator.source import MOST_PARTS, Source, SourceError, parse
from hypothesis import example, given, settings
from hypothesis import strategies as st

TEXTS = [
    *("no", "No", "NO", "yes", "on", "off", "y", "n", "nULL", "tRUE", "=", "<", ".", "+33 6", "0x", "0o8", "0b11"),
    *("012", "00", "-012", "012.5", "0612345678", "1_000", "0x_1", "1:30", "1:30:00", "1.0.2", "1e", "e1"),
    *("2020-12-25", "2020-12-25T10:00:00Z", "2020-12-25 10:00:00", "-.nan", "a:b", "a#b", "é 漢 🎉", "٣"),
]
VALUES: list[tuple[str, Any]] = [
    *(("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None)),
    *(("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False)),
    *(("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("+33612345678", 33612345678), ("0x1F", 31), ("0o17", 15)),
    *(("1.", 1.0), (".5", 0.5), ("0.5", 0.5), ("-1.5", -1.5), ("1e3", 1000.0), ("1E-3", 0.001)),
    *(("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("!!int '12'", 12), ("!!float 1", 1.0), ("!!null ''", None)),
    *(("[a, no]", ["a", "no"]), ("{a: no}", {"a": "no"}), ("|\n  no\n", "no\n"), (">\n  a\n  b", "a b")),
    *(('"\\ud83d\\ude00"', "😀"), ('"\\/"', "/"), ("{\n\t\"a\":\t1\n}", {"a": 1}), ("&x [&y no, *y]", ["no", "no"])),
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_needs_no_quotes(text: str) -> None:
    for document in (f"key: {text}", f"key: # why\n  {text} # so", f"key: '{text}'"):
        assert _read(document) == {"key": text}
    assert _read(f"- {text}") == [text]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_what_a_scalar_means(text: str, value: Any) -> None:
    (found,) = _read(f"key: {text}").values()
    assert (type(found), found) == (type(value), value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None, derandomize=True, database=None)
@given(JSON, st.sampled_from([None, 1, "\t"]))
@example("\x7f", None)
def test_json_is_read_as_json(value: Any, indent: str | int | None) -> None:
    assert _read(json.dumps({"key": value}, indent=indent)) == {"key": value}


def test_every_part_has_its_line_and_column() -> None:
    source = parse("\n# a comment\na:\n  - b: 1\n    'c': [2,\n  3]\n  - &x {d: 4}\ne: *x\n")
    assert source.positions == {
        (): (1, 1),
        ("a",): (3, 1),
        ("a", 0): (4, 5),
        ("a", 0, "b"): (4, 5),
        ("a", 0, "c"): (5, 5),
        ("a", 0, "c", 0): (5, 11),
        ("a", 0, "c", 1): (6, 3),
        ("a", 1): (7, 5),
        ("a", 1, "d"): (7, 9),
        ("e",): (8, 1),
        ("e", "d"): (7, 9),
    }


@pytest.mark.parametrize(
    ("text", "pointer", "position", "problem"),
    [
        ("a: 1\nb: 2\na: 3", ("a",), (3, 1), "the key a stands twice; keep one"),
        ("a:\n  200: x", ("a", "200"), (2, 3), "the key 200 must be text: put it in quotes"),
        ("~: x", ("~",), (1, 1), "the key ~ must be text: put it in quotes"),
        ("? [a]\n: b", ("?",), (1, 3), "the key ? must be text: put it in quotes"),
        ("a: &x {b: 1}\nc:\n  <<: *x", ("c", "<<"), (3, 3), "YAML 1.2 has no merge keys; write out what is merged"),
        ("a: [.inf]", ("a", 0), (1, 5), ".inf is no number that JSON can carry; put it in quotes if it is text"),
        ("a: 1e999", ("a",), (1, 1), "1e999 is no number that JSON can carry; put it in quotes if it is text"),
        (f"a: {'9' * 5000}", ("a",), (1, 1), f"{'9' * 20} is no number that JSON can carry; put it in quotes if it is text"),
        ("a: !!int x", ("a",), (1, 1), "the tag !!int does not suit what follows it; leave it out"),
        ("a: !!binary aGk=", ("a",), (1, 1), "the tag !!binary does not suit what follows it; leave it out"),
        ("a: !mine {b: c}", ("a",), (1, 1), "the tag !mine does not suit what follows it; leave it out"),
        ('a: "\\ud83d"', ("a",), (1, 1), "expected text, not half of a character (a lone surrogate)"),
        ('"\\ude00": a', ("\ude00",), (1, 1), "expected text, not half of a character (a lone surrogate)"),
    ],
)  # fmt: skip
def test_what_json_cannot_say(text: str, pointer: tuple[str | int], position: tuple[int, int], problem: str) -> None:
    source = parse(text)
    assert source.problems == [(pointer, problem)]
    assert source.positions[pointer] == position


def test_all_of_it_is_named_at_once() -> None:
    source = parse("a: .nan\nb: !x 1\n3: c\nb: 2")
    assert [pointer for pointer, _ in source.problems] == [("a",), ("b",), ("3",), ("b",)]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("a: [1", (1, 6), "expected ',' or ']', but got '<stream end>'"),
        ("a: b\n\tc: d", (2, 1), "found character '\\t' that cannot start any token"),
        ("a: *x", (1, 4), "found undefined alias 'x'"),
        ("a: &x\n  b: *x", (1, 4), "an alias that contains itself; write it out"),
        ("a: 1\n---\na: 2", (2, 1), "found another document"),
        ("a: b\nc: d\x07", (2, 5), "the character 0x0007 is not allowed"),
        ("[" * 5000, (1, 201), "it is nested too deeply"),
        ("- " * 5000, (1, 401), "it is nested too deeply"),
        ("a:\n  - " + "{a: " * 220 + "1" + "}" * 220, (2, 801), "it is nested too deeply"),
        (BOMB, (1, 35), f"the aliases stand for more than {MOST_PARTS} parts; write out those that are needed"),
    ],
)
def test_what_is_no_yaml(text: str, position: tuple[int, int] | None, problem: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text)
    assert (str(caught.value), caught.value.position) == (f"not valid YAML: {problem}", position)


def _read(text: str) -> Any:
    source: Source = parse(text)
    assert source.problems == []
    return source.data
