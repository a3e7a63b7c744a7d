"""The command line of clients of other documents: every argument can be typed, and arrives as the document says."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from .commands import generate, run_code

TEXT: dict[str, Any] = {"type": "string"}
LAMPS = Path(__file__).with_name("lamps.yaml")


def an_object(*required: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required)}


def operation(name: str, body: Any = None, parameters: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": name, "responses": {"204": {"description": "Done."}}, **more}
    found["parameters"] = [
        {"in": key.split()[0], "name": key.split()[1], "required": key.startswith("path"), "schema": schema}
        for key, schema in (parameters or {}).items()
    ]
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found


# What every command takes, and what the table of commands is made with: no argument may be hidden by it.
HIDING = [
    "help",
    "format",
    "deadline",
    "timezone",
    "dry_run",
    "COMMAND",
    "Command",
    "command_line",
    "main",
    "sys",
    "no_x",
]
PLACES = {
    "path flag": {"type": "boolean"}, "path day": {"type": "string", "format": "date"}, "path Size": TEXT, "query é": TEXT,
    "query kind": {"enum": ["a", "b-c"], **TEXT}, "query since": {"type": "string", "format": "date-time"},
    "query tags": {"type": "array", "items": TEXT}, "header x-count": {"type": "integer"}, "query format": TEXT,
    "query version": {"const": "v1"},
}  # fmt: skip
VALUES = an_object(
    "many", "switch",
    many={"type": "array", "items": {"type": "integer"}}, switch={"type": "boolean"},
    one={"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
    owner=an_object("theName", theName=TEXT), owners={"type": "array", "items": an_object(theName=TEXT)},
    rows={"type": "array", "items": {"type": "array", "items": TEXT}}, any={},
    map={"type": "object", "additionalProperties": {"type": "number"}},
    null={"type": ["integer", "null"]}, id={"type": "string", "format": "uuid"},
    either={"type": ["integer", "string"]}, level={"type": "integer", "enum": [1, 2], "default": 2},
)  # fmt: skip
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Kinds of 100% (%s)\n\x1b", "version": "1.0.0"},
    "servers": [{"url": "https://kinds.example/v1"}],
    "security": [{"key": []}],
    "paths": {
        "/names": {"post": operation("names", an_object(x={"type": "boolean"}, **dict.fromkeys(HIDING, TEXT)))},
        "/places/{flag}/{day}/{Size}": {"get": operation("places", parameters=PLACES, summary="100% of %(prog)s")},
        "/values": {"patch": operation("values", VALUES)},
        "/list": {"put": operation("list", {"type": "array", "items": an_object(a=TEXT)})},
        "/map": {"put": operation("map", {"type": "object", "additionalProperties": TEXT})},
        "/open": {"get": operation("open", security=[], deprecated=True)},
        "/either": {"get": operation("either", security=[{}, {"key": []}])},
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "key"}}},
    "webhooks": {"changed": {"post": {"requestBody": {"content": {"application/json": {"schema": an_object(a=TEXT)}}},
                                      "responses": {"204": {"description": "Read."}}}}},
}  # fmt: skip

# Runs commands one after the other, each with what it prints.
PROGRAM = """
import contextlib, io, json, os, sys
from sms_scheduler.__main__ import main

def run(arguments):
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    sys.argv = ["", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        for stream in (out, err):
            stream.flush()
    return [code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(json.dumps(DOCUMENT), tmp_path_factory.mktemp("commands"))


def run(folder: Path, *commands: Sequence[str], key: str = "secret") -> list[tuple[int, str, str]]:
    access = f"os.environ.update(SMS_SCHEDULER_API_KEY={key!r}, SMS_SCHEDULER_BASE_URL='')\n"
    done = run_code(f"{PROGRAM}{access}print(json.dumps([run(each) for each in {commands!r}]))", folder)
    return [tuple(each) for each in json.loads(done)]


def sent(folder: Path, *command: str, key: str = "secret") -> tuple[str, Mapping[str, str], Any]:
    """What a command would send: the method and URL, the headers, and the body."""
    ((code, out, err),) = run(folder, [*command, "--dry-run"], key=key)
    assert (code, "secret" in out) == (0, False), err
    head, _, body = out.partition("\n\n")
    first, *lines = head.splitlines()
    return first, dict(line.split(": ", 1) for line in lines), json.loads(body or "null")


def test_names_that_are_those_of_other_options(folder: Path) -> None:
    options = [f"--{name.lower().replace('_', '-')}" for name in HIDING]
    ((_, page, _),) = run(folder, ["names", "--help"])
    own = {"--help", "--format", "--deadline", "--dry-run"}
    typed = ["-".join([option, "2"]) if option in own | {"--timezone", "--no-x"} else option for option in options]
    typed[HIDING.index("Command")] = "--command-2"
    assert all(f"  {option}" in page for option in typed), page
    _, _, body = sent(folder, "names", "--x", *(part for pair in zip(typed, HIDING, strict=True) for part in pair))
    assert body == {"x": True, **{name: name for name in HIDING}}


def test_parameters_in_every_place(folder: Path) -> None:
    more = [
        "--kind",
        "b-c",
        "--since",
        "2030-01-02T03:04:05+01:00",
        "--tags",
        "a b",
        "--tags",
        "c",
        "--x-count",
        "5",
        "--é",
        "é",
    ]
    url, headers, body = sent(
        folder, "places", "true", "2030-01-02", "gro/ß", *more, "--format-2", "f", "--version", "v1"
    )
    assert url == (
        "GET https://kinds.example/v1/places/true/2030-01-02/gro%2F%C3%9F?%C3%A9=%C3%A9&kind=b-c&since=2030-01-02T03%3A04%3A05%2B01%3A00"
        "&tags=a%20b&tags=c&format=f&version=v1&key=%2A%2A%2A"
    )
    assert headers["x-count"] == "5"
    assert body is None


def test_values_of_every_kind(folder: Path) -> None:
    typed = {
        "--many": ["1", "2"], "--no-switch": [], "--one": ["3"], "--owner": ['{"theName": "Ann"}'],
        "--owners": ['{"theName": "Ann"}', "{}"], "--rows": ['["a"]', "[]"], "--any": ['{"b": [null]}'],
        "--map": ['{"c": 1.5}'], "--null": ["null"], "--id": ["12345678-1234-5678-1234-567812345678"],
        "--either": ["5"], "--level": ["1"],
    }  # fmt: skip
    flat = [part for option, texts in typed.items() for text in texts or [""] for part in (option, text) if part]
    _, headers, body = sent(folder, "values", *flat)
    assert body == {
        "many": [1, 2], "switch": False, "one": 3, "owner": {"theName": "Ann"}, "owners": [{"theName": "Ann"}, {}],
        "rows": [["a"], []], "any": {"b": [None]}, "map": {"c": 1.5}, "null": None,
        "id": "12345678-1234-5678-1234-567812345678", "either": 5, "level": 1,
    }  # fmt: skip
    assert headers["Content-Type"].startswith("application/json")
    needed = ["values", "--many", "1", "--switch"]
    assert sent(folder, *needed)[2] == {"many": [1], "switch": True}, "what is not given is not sent"
    assert sent(folder, *needed, "--one", "1", "--one", "2", "--any", "plain", "--either", "x")[2] == {
        "many": [1], "switch": True, "one": [1, 2], "any": "plain", "either": "x",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--many", "x", "INTEGER"), ("--owner", "Ann", "JSON"), ("--id", "1", "UUID"), ("--level", "x", "1|2")],
)
def test_values_that_cannot_be(folder: Path, option: str, value: str, said: str) -> None:
    ((code, out, err),) = run(folder, ["values", "--switch", "--many", "1", option, value])
    assert (code, out) == (2, "")
    assert f"argument {option}: expected {said}, not {value!r}" in err


def test_bodies_that_are_no_objects_with_fields(folder: Path) -> None:
    assert sent(folder, "list", "--content", '{"a": "b"}', "--content", "{}")[2] == [{"a": "b"}, {}]
    assert sent(folder, "map", "--content", '{"a": "b"}')[2] == {"a": "b"}


def test_the_key_is_shown_where_it_would_be_sent(folder: Path) -> None:
    assert sent(folder, "open")[0].endswith("/open")
    assert sent(folder, "either")[0].endswith("/either?key=%2A%2A%2A")
    assert sent(folder, "either", key="")[0].endswith("/either")


def test_what_the_document_says_is_shown_as_it_is(folder: Path) -> None:
    (code, page, err), (_, of_one, _) = run(folder, ["--help"], ["places", "--help"])
    assert (code, err) == (0, "")
    assert r"Kinds of 100% (%s) \u001b: an HTTP API" in page
    assert "100% of %(prog)s" in of_one
    assert "decode" not in page


def test_the_commands_of_a_client_without_a_key(tmp_path: Path) -> None:
    paths = {"/open": {"get": operation("get_it", parameters={"query q": TEXT})}}
    made = generate(json.dumps({**DOCUMENT, "security": [], "paths": paths, "components": {}}), tmp_path)
    assert sent(made, "get-it", "--q", "x", key="")[0] == "GET https://kinds.example/v1/open?q=x"


def test_another_api(tmp_path: Path) -> None:
    made = generate(LAMPS.read_text("utf-8"), tmp_path)
    plant = ["plant-lamp", "--brightness", "2", "--colour", 'odd "one"', "--rooms", "hall"]
    assert sent(made, *plant)[2] == {
        "brightness": 2, "colour": 'odd "one"', "rooms": ["hall"], "label": 'plain "new" C:\\lamp',
    }  # fmt: skip
    assert sent(made, *plant, "--until", "2030-12-25T12:45")[2]["until"] == "25/12/2030 12.45"
    assert sent(made, *plant, "--until", "25/12/2030 12.45")[2]["until"] == "25/12/2030 12.45"
    ((code, page, _),) = run(made, ["read-lamp", "--help"])
    assert (code, page.splitlines()[0]) == (0, "usage: sms-scheduler read-lamp [OPTION]... CLASS LAMP-NUMBER")
