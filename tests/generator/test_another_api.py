"""The generator on an API of another domain: nothing in it is made for the one API of this repository."""

import re
from pathlib import Path
from typing import Any

import pytest
from generator.source import parse

from .commands import DOCUMENT, PACKAGE, ROOT, generate, run_code

LAMPS = Path(__file__).with_name("lamps.yaml")

# Calls every operation of the client, synchronously and asynchronously, on an app that tells what it was asked.
PROGRAM = '''
import asyncio, datetime, json, zoneinfo
import httpx
from sms_scheduler import *
import sms_scheduler

LAMP = {"brightness": 1.5, "colour": "warm-white", "planted": "2030-01-02T03:04:05Z", "switched": [{"on": True}]}
SEEN = []

def answer(request):
    SEEN.append((request.method, request.url.raw_path.decode(), json.loads(request.content or "null")))
    assert request.headers["authorization"] == "Bearer glow"
    match request.method, request.url.path:
        case "PUT", _ if SEEN[-1][2]["brightness"] > 9000:
            return httpx.Response(409, json={"reason": "too bright", "distance": 3})
        case "PUT", _:
            return httpx.Response(201, json=LAMP)
        case "GET", "/v9/lamps/red/7":
            return httpx.Response(200, json={**LAMP, "colour": "ultraviolet", "note": None})
        case "GET", _:
            return httpx.Response(418)
        case _:
            return httpx.Response(204)

def check(call):
    """The whole test, whatever `call` does to call a method."""
    lamp = call("plant_lamp", brightness=2, colour=Colour.RED, until=datetime.datetime(2030, 12, 25, 12, 45))
    assert SEEN.pop() == ("PUT", "/v9/lamps", {
        "brightness": 2, "colour": "red", "until": "25/12/2030 12.45", "label": 'plain "new" C:\\\\lamp'}), "sent"
    assert (lamp.brightness, lamp.colour, lamp.note) == (1.5, Colour.WARM_WHITE, None)
    assert lamp.planted == datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert [item.on for item in lamp.switched] == [True]

    utc = datetime.datetime(2030, 12, 25, 12, tzinfo=datetime.UTC)
    call("plant_lamp", brightness=2, colour=Colour.ODD, until=utc, rooms=("hall",), label="x")
    assert SEEN.pop()[2] == {
        "brightness": 2, "colour": 'odd "one"', "until": "25/12/2030 13.00", "rooms": ["hall"], "label": "x"}

    call("plant_lamp", brightness=2, colour=Colour.RED)
    assert SEEN.pop()[2] == {"brightness": 2, "colour": "red", "label": 'plain "new" C:\\\\lamp'}, "what is not given is not sent"

    try:
        call("plant_lamp", brightness=9001, colour=Colour.RED)
    except ConflictError as error:
        assert (error.reason, error.distance, error.status_code) == ("too bright", 3, 409)
    else:
        raise AssertionError("no ConflictError")

    lamp = call("read_lamp", Colour.RED, 7)
    assert SEEN.pop()[1] == "/v9/lamps/red/7"
    assert (lamp.colour, lamp.colour.name, lamp.note) == ("ultraviolet", "UNKNOWN_ultraviolet", None)
    try:
        call("read_lamp", Colour.WARM_WHITE, lamp_number=8)
    except ImATeapotError as error:
        assert str(error) == "readLamp: 418 I'm a Teapot", error
    else:
        raise AssertionError("no teapot")

    SEEN.clear()
    for name in ("", ".", ".."):
        try:
            call("clear_garden", name=name)
        except ValueError as error:
            assert "would name another path" in str(error)
        else:
            raise AssertionError("it would have cleared something else")
    assert not SEEN

    assert call("clear_garden", name="rose/é") is None
    assert SEEN.pop()[:2] == ("DELETE", "/v9/gardens/rose%2F%C3%A9")

assert sms_scheduler.__version__ == "2.4.1"
assert Colour.ODD.description == "Like {{ 7*7 }}" and Colour.RED.is_final and not Colour.ODD.is_final
options = dict(api_key="glow", timezone=zoneinfo.ZoneInfo("Europe/Paris"), transport=httpx.MockTransport(answer))

with SmsScheduler(**options) as client:
    check(lambda method, /, *args, **named: getattr(client, method)(*args, **named))
with asyncio.Runner() as runner:
    client = AsyncSmsScheduler(**options)
    check(lambda method, /, *args, **named: runner.run(getattr(client, method)(*args, **named)))
    runner.run(client.aclose())
print("all called")
'''


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client of the other API."""
    return generate(LAMPS.read_text(encoding="utf-8"), tmp_path_factory.mktemp("lamps"))


def test_a_client_of_another_api_works(lamps: Path) -> None:
    assert run_code(PROGRAM, lamps) == "all called\n"


def test_its_errors_can_be_pickled(lamps: Path) -> None:
    code = """
import pickle
from sms_scheduler import *
error = ConflictError("plantLamp", False, 409, {}, b"{}", reason="near", distance=2)
copy = pickle.loads(pickle.dumps(error))
print(copy, copy.reason, copy.distance)
"""
    assert run_code(code, lamps) == "plantLamp: 409 Conflict: reason: near; distance: 2 near 2\n"


def test_nothing_of_this_api_is_in_that_client(lamps: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (lamps / PACKAGE).rglob("*.py"))
    text = text.replace("sms-scheduler", "")  # the distribution's name, which is that of pyproject.toml
    assert re.findall(rf"(?i)\b(?:{'|'.join(_words_of_this_api())})\b", text) == []


def test_nothing_of_this_api_is_in_the_generator() -> None:
    files = [path for path in (ROOT / "scripts" / "generator").rglob("*") if path.suffix in {".py", ".jinja"}]
    assert len(files) > 20
    pattern = re.compile(rf"(?i)\b(?:{'|'.join(_words_of_this_api())})\b")
    found = {path.name: pattern.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: words for name, words in found.items() if words} == {}


# Words that say nothing of the API's domain, and that the generator needs or may use.
PLAIN = {"id", "status", "errors", "success", "message"}


def _words_of_this_api() -> list[str]:
    """The names that the document gives to operations, schemas, fields, enum values, tags and to itself."""
    document: dict[str, Any] = parse(DOCUMENT.read_text(encoding="utf-8")).data
    names = {document["info"]["title"], *(tag["name"] for tag in document["tags"])}
    names |= {operation["operationId"] for item in document["paths"].values() for operation in item.values()
              if isinstance(operation, dict)}  # fmt: skip
    for name, schema in document["components"]["schemas"].items():
        names |= {name, *schema.get("properties", {})}
        names |= {value for value in schema.get("x-enum-varnames", []) if "_" in value}
    snake = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in names}
    words = sorted((names | snake) - PLAIN)
    assert {"createSms", "get_message", "phone_numbers", "SmsStatus", "SMS Scheduler", "sms"} <= set(words)
    return words
