"""Text from the document is data: it stands in docstrings and descriptions as written, and never becomes code."""

import ast
import json
import re
import tokenize
from pathlib import Path
from typing import Any

import pytest
from generator.docstrings import docstring
from generator.source import parse
from hypothesis import given
from hypothesis import strategies as st

from .commands import DOCUMENT, PACKAGE, ROOT, generate, run_code

LAMPS = Path(__file__).with_name("lamps.yaml")

NASTY = [
    "plain",
    'quotes: " "" """ \' \'\'\'',
    "backslashes: \\ \\\\ \\n \\x41 \\N{BULLET} \\",
    'at the end: "',
    'at the end: \\"',
    'at the end: """',
    '"""\nimport os\nos._exit(7)\n"""',
    "'''\nraise SystemExit(7)\n'''",
    "jinja: {{ 7*7 }} {% raw %} {% endraw %} {# no #} {%",
    "braces: { } {0} {name} {{}} %s %(x)s ${x}",
    "unicode: é 漢字 🎉 \u202e \u2028 \u00a0 \ufeff",
    "controls: \x00 \x07 \x1b[31m \x7f \x85",
    "lines:\nwith\r\nand\twithout\n\n\n  an indent",
    "# a comment\n# type: ignore",
    "x" * 300,
]


def described(texts: list[str]) -> dict[str, Any]:
    """The document of the other API with a text wherever there may be one."""
    document: dict[str, Any] = parse(LAMPS.read_text(encoding="utf-8")).data
    summary, description, tag, server, argument, response, schema, field = (
        texts[index % len(texts)] for index in range(8)
    )
    operation = document["paths"]["/lamps"]["put"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    operation |= {"summary": summary, "description": description}
    document["info"] |= {"title": tag or "Lamps", "summary": summary, "description": description}
    document["tags"][0]["description"] = tag
    document["servers"][0]["description"] = server
    body["properties"]["brightness"]["description"] = argument
    operation["responses"]["201"]["description"] = response
    operation["responses"]["409"]["description"] = response
    schemas = document["components"]["schemas"]
    schemas["Lamp"] |= {"description": schema}
    schemas["Lamp"]["properties"]["brightness"]["description"] = field
    schemas["Colour"]["description"] = schema
    schemas["Colour"]["x-enum-descriptions"] = [texts[0], texts[-1], "".join(texts)]
    return document


PROGRAM = """
import importlib, inspect, json, pkgutil
import sms_scheduler
from sms_scheduler import SmsScheduler, Lamp, Colour, ConflictError
modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(sms_scheduler.__path__, "sms_scheduler.")]
documented = [sms_scheduler, *modules, SmsScheduler, SmsScheduler.plant_lamp, Lamp, Colour, ConflictError]
print(json.dumps([[member.description for member in Colour], [item.__doc__ for item in documented]]))
"""


def words(value: str) -> str:
    return " ".join(value.split())


@pytest.mark.parametrize("texts", [NASTY[start::3] for start in range(3)], ids=["first", "second", "third"])
def test_nasty_text_stays_text(texts: list[str], tmp_path: Path) -> None:
    document = described(texts)
    # JSON is YAML, and its escapes can write control characters; those that it leaves and YAML breaks lines at too
    text = json.dumps(document, ensure_ascii=False)
    for character in "\x7f\x85\u2028":
        text = text.replace(character, f"\\u{ord(character):04x}")
    folder = generate(text, tmp_path)
    descriptions, docstrings = json.loads(run_code(PROGRAM, folder))
    assert descriptions == document["components"]["schemas"]["Colour"]["x-enum-descriptions"]
    everything = words(" ".join(filter(None, docstrings)))
    for text in texts:
        for line in filter(None, map(words, text.splitlines())):
            assert line in everything


# Names and values

NAMES = [
    "plain",
    "quotes \" and '",
    '"""',
    "back\\slash",
    "{braces}",
    "{{ 7*7 }}",
    "{% raw %}",
    "{# no #}",
    "%s %(x)s",
    "import os; os._exit(7)",
    "x = 1\nraise SystemExit(7)",
    "#",
    "__import__('os')",
    "é 漢字 🎉",
    "a\u202eb",
    "a\u200bb",
    "None",
    "class",
    "",
]


def named() -> dict[str, Any]:
    """The document of the other API with these names for fields and parameters, and these texts as values."""
    document: dict[str, Any] = parse(LAMPS.read_text(encoding="utf-8")).data
    operation = document["paths"]["/lamps"]["put"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    body["properties"] |= {name: {"type": "string", "default": name} for name in NAMES}
    body["examples"] = [{"brightness": 1, "colour": "red", **{name: name for name in NAMES}}]
    operation["tags"] = ['garden "light" {{ 7*7 }}']
    operation["parameters"] = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("q", NAMES[1])]
    lamp = document["components"]["schemas"]["Lamp"]
    lamp["properties"] |= {name: {"type": "string"} for name in NAMES}
    texts = [name for name in NAMES if name.isprintable()]
    document["components"]["schemas"]["Mood"] = {"type": "string", "enum": texts}
    lamp["properties"]["mood"] = {"$ref": "#/components/schemas/Mood"}
    return document


WIRE_PROGRAM = """
import json, httpx, inspect
from sms_scheduler import *
names = json.loads(NAMES)
def answer(request):
    body = json.loads(request.content)
    assert {name: body[name] for name in names} == {name: name for name in names}, body
    assert dict(request.url.params) == {"q": "?", names[1]: "&"}, request.url
    lamp = {"brightness": 1, "colour": "red", "planted": "2030-01-01T00:00:00Z", "mood": names[1]}
    return httpx.Response(201, json={**lamp, **{name: f"<{name}>" for name in names}})
client = SmsScheduler("key", transport=httpx.MockTransport(answer))
(other,) = [name for name in inspect.signature(client.plant_lamp).parameters if name.startswith("quotes") and name.endswith("and")]
lamp = client.plant_lamp(brightness=1, colour=Colour.RED, q="?", **{other: "&"})
values = {getattr(lamp, name) for name in lamp.__attrs_attrs__ and [field.name for field in lamp.__attrs_attrs__]}
assert {f"<{name}>" for name in names} <= {value for value in values if isinstance(value, str)}
assert lamp.mood == names[1] and {member.value for member in Mood} == {name for name in names if name.isprintable()}
print("as written")
"""


def test_nasty_names_and_values_stay_as_they_are(tmp_path: Path) -> None:
    folder = generate(json.dumps(named(), ensure_ascii=False), tmp_path)
    program = WIRE_PROGRAM.replace("NAMES", repr(json.dumps(NAMES)))
    assert run_code(program, folder) == "as written\n"


# Any text, a docstring at a time


@given(st.text(), st.text(), st.text(min_size=1), st.text())
def test_a_docstring_is_one_literal_that_says_the_text(summary: str, more: str, entry: str, result: str) -> None:
    code = docstring(summary, more=more, sections=[("Args", [("name", entry)]), ("Returns", [("", result)])])
    said = ast.literal_eval(code)
    assert isinstance(said, str)
    for text in (summary, more, entry, result):
        assert words(text) in words(said)


@given(st.text())
def test_a_docstring_stays_one_in_a_class_body(text: str) -> None:
    code = docstring(text).replace("\n", "\n    ")
    (statement,) = ast.parse(f"class Lamp:\n    {code}\n").body
    assert isinstance(statement, ast.ClassDef)
    assert len(statement.body) == 1
    assert words(text) in words(ast.get_docstring(statement) or "")


# The first line


def test_each_module_says_in_its_first_line_what_it_is_made_from() -> None:
    version = parse(DOCUMENT.read_text(encoding="utf-8")).data["info"]["version"]
    modules = [*(ROOT / "generated" / PACKAGE).rglob("*.py")]
    assert len(modules) > 10
    firsts = {path.read_text(encoding="utf-8").splitlines()[0] for path in modules}
    assert firsts == {f"# Made by scripts/generate from openapi.yaml, SMS Scheduler {version}: do not edit."}


@pytest.mark.parametrize(
    "title", ["é\nimport os; os._exit(7)", "-*- coding: latin-1 -*-", "encoding=utf-7", "\u2028x = 1", "# type: ignore"]
)
def test_a_nasty_title_stays_in_that_line(title: str, tmp_path: Path) -> None:
    document = parse(LAMPS.read_text(encoding="utf-8")).data
    document["info"]["title"] = title
    folder = generate(json.dumps(document), tmp_path)
    said = run_code("import sms_scheduler._types as types; print(types.__doc__, 'x' in dir(types))", folder)
    assert said.startswith("What passes between")
    assert said.endswith("False\n")
    path = folder / PACKAGE / "_types.py"
    with tokenize.open(path) as file:
        assert file.encoding == "utf-8"
        first, second = file.readline(), file.readline()
    assert re.fullmatch(r"# Made by scripts/generate from api\.yaml, [^#:=]* 2\.4\.1: do not edit\.\n", first)
    assert second.startswith('"""')
