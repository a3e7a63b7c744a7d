"""Damaged documents: each is refused with its places, or makes a client that imports; nothing lies in between."""

import contextlib
import copy
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generator import cli as generate
from generator.source import parse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .commands import DOCUMENT, PACKAGE, ROOT, run_code, tree

TEXT = DOCUMENT.read_text(encoding="utf-8")
DATA: dict[str, Any] = parse(TEXT).data
COMMITTED = ROOT / "generated" / PACKAGE
EXAMPLES = int(os.environ.get("DAMAGED_EXAMPLES", "0"))  # more of them, other ones each time
PLACED = re.compile(r"api\.yaml:\d+:\d+: .+: .+")
UNPLACED = re.compile(r"api\.yaml(:\d+)?: not (UTF-8|valid YAML)")
IMPORTS = f"""
import importlib, pkgutil, {PACKAGE}
for module in pkgutil.walk_packages({PACKAGE}.__path__, "{PACKAGE}."):
    importlib.import_module(module.name)
print({PACKAGE}.__all__ and "imported")
"""


class Client:
    """A folder with the committed client in `out`, for documents to be tried on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "out"
        self._renew()

    def try_document(self, content: bytes) -> None:
        (self.folder / "api.yaml").write_bytes(content)
        before = tree(self.folder)
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            code = generate.main(["--document", "api.yaml", "--output", "out"])
        assert [path.name for path in self.output.iterdir()] == [PACKAGE], "something was left behind"
        if code == 0:
            assert err.getvalue() == ""
            if tree(self.folder) != before:
                assert run_code(IMPORTS, self.output) == "imported\n"
                self._renew()
            return
        assert (code, out.getvalue()) == (2, "")
        assert tree(self.folder) == before
        *lines, last = err.getvalue().splitlines()
        assert last == "Nothing was changed."
        assert lines
        for line in lines:
            assert PLACED.fullmatch(line) or UNPLACED.match(line), line

    def _renew(self) -> None:
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.copytree(COMMITTED, self.output / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("damaged")
    with contextlib.chdir(folder):
        yield Client(folder)


def damaged(examples: int) -> settings:
    """The same damages in every run, unless more of them are asked for."""
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],  # making one smaller takes minutes
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
    )


def parts(value: Any) -> list[tuple[Any, Any]]:
    """Each part of a document, as what holds it and its key or index there."""
    found: list[tuple[Any, Any]] = []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += [(value, key), *parts(value[key])]
    return found


KEYS = sorted(
    {str(key) for _, key in parts(DATA)} | {"allOf", "anyOf", "const", "not", "nullable", "webhooks", "format"}
)
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 404, 1.5, 10**30, "", " ", "text", "é\u202e{{ 7*7 }}", "x\ny", '"""', "3.1.0", "/sms"),
    *(
        "object",
        "array",
        "string",
        "integer",
        "null",
        "date-time",
        "uuid",
        "binary",
        "default",
        "4XX",
        "query",
        "class",
    ),
    *([], {}, [[]], [{}], {"": ""}, ["string", "null"], {"type": "object"}, {"type": "array"}, {"enum": [1, "1"]}),
    *({"$ref": f"#/components/{name}"} for name in ("schemas/NewMessage", "schemas/SmsStatus", "responses/NotFound")),
    *({"$ref": "#/nowhere"}, {"$ref": "#"}, {"$ref": 5}, {"$ref": "#/components/schemas"}),
]


def put(holder: Any, key: Any, name: str, value: Any) -> None:
    """Put an entry beside another one."""
    if isinstance(holder, dict):
        holder[name] = value
    else:
        holder.insert(key, value)


def damage(document: Any, draw: st.DrawFn) -> None:
    """One change somewhere in a document."""
    places = parts(document)
    if not places:
        return
    holder, key = draw(st.sampled_from(places))
    other_holder, other_key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["delete", "replace", "copy", "swap", "rename", "add", "wrap", "text"])):
        case "delete":
            del holder[key]
        case "replace":
            holder[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        case "copy":
            holder[key] = copy.deepcopy(other_holder[other_key])
        case "swap":
            one, other = copy.deepcopy(holder[key]), copy.deepcopy(other_holder[other_key])
            holder[key] = other
            if other_key in (other_holder if isinstance(other_holder, dict) else range(len(other_holder))):
                other_holder[other_key] = one
        case "rename":
            put(holder, key, draw(st.sampled_from(KEYS) | st.text(max_size=8)), holder[key])
            if isinstance(holder, dict):
                del holder[key]
        case "add":
            put(holder, key, draw(st.sampled_from(KEYS)), copy.deepcopy(draw(st.sampled_from(VALUES))))
        case "wrap":
            holder[key] = [holder[key]] if draw(st.booleans()) else {"items": holder[key]}
        case _:
            holder[key] = draw(st.text(max_size=20))


@st.composite
def damaged_structures(draw: st.DrawFn) -> bytes:
    """The document with one to three of its parts lost, moved or replaced."""
    document = copy.deepcopy(DATA)
    for _ in range(draw(st.integers(1, 3))):
        damage(document, draw)
    return json.dumps(document, indent=1).encode()  # which is YAML too


@st.composite
def damaged_texts(draw: st.DrawFn) -> bytes:
    """The document's text cut, with something put into it, a line lost, doubled or moved."""
    raw = TEXT.encode()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw) - 1))
        lines = raw.splitlines(keepends=True)
        row = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["cut", "insert", "bytes", "lose", "double", "indent", "outdent"])):
            case "cut":
                raw = raw[:at] or b"#"
            case "insert":
                raw = raw[:at] + draw(st.text("\t\n :-#&*!|>'\"%@`{}[],?\\é0a", min_size=1)).encode() + raw[at:]
            case "bytes":
                raw = raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at + 1 :]
            case "lose":
                raw = b"".join([*lines[:row], *lines[row + 1 :]]) or b"#"
            case "double":
                raw = b"".join([*lines[: row + 1], *lines[row:]])
            case "indent":
                raw = b"".join([*lines[:row], b"  ", *lines[row:]])
            case _:
                raw = b"".join([*lines[:row], lines[row].removeprefix(b"  "), *lines[row + 1 :]])
    return raw


@damaged(200)
@given(content=damaged_structures())
def test_a_document_of_which_parts_are_lost_or_moved(client: Client, content: bytes) -> None:
    client.try_document(content)


@damaged(80)
@given(content=damaged_texts())
def test_a_document_whose_text_is_broken(client: Client, content: bytes) -> None:
    client.try_document(content)
