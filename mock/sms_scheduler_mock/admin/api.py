"""The control interface: what MockServer does in Python, over HTTP and as control.yaml says; and who may use it."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ..http.api import Call, Reply
from ..document import Document, RequestSchema, Schema
from sms_scheduler_contract.mutants.faults import FAULTS
from ..http.hosts import is_loopback, is_public
from ..http.routing import Service
from ..backend.ledger import Message
from ..backend.validation import BadRequestError, parse_json
from ..faults import Trouble
from sms_scheduler_contract.mutants.variants import VARIANTS

if TYPE_CHECKING:
    from ..server import MockServer

PREFIX = "/_mock"
DOCUMENT = Path(__file__).with_name("openapi.yaml")
_LONGEST_LIST = 1000
_LARGEST_STATE = 100_000_000


class Control:
    """The control interface of a server. Its document is read when it is first needed, which for most servers is never.

    Unless it is for `everybody`, it is there only for who asks at an address of this machine alone.
    """

    def __init__(self, server: "MockServer", *, everybody: bool) -> None:
        self._server = server
        self._everybody = everybody

    @cached_property
    def service(self) -> Service:
        """What has the calls of the interface answered."""
        document = Document(DOCUMENT)
        return Service(document, _Calls(document, Operations(self._server)).answer, _LARGEST_STATE)

    def is_there(self, address: tuple[str, int | None] | None) -> bool:
        """Whether it is there for who asks at an address of this server: its host and port."""
        return self._everybody or (address is not None and is_loopback(address[0]))


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another site asks, by somebody's browser: such pages must not control anything.

    Such a page has another origin. Or its own name leads here: then it is one that all the world can look up, which
    has a dot, and is no address.
    """
    host, site = headers.get("Host", ""), headers.get("Origin")
    try:
        is_of_another = site is not None and urlsplit(site).netloc != host
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # neither is a host
        return True
    return is_of_another or not name or is_public(name)


class _Calls:
    """Answers calls by the operations, once their bodies are what the document says."""

    def __init__(self, document: Document, operations: "Operations") -> None:
        self._operations = operations
        places = {name: path for path, methods in document.operations.items() for name in methods.values()}
        self._schemas = {name: document.request_schema(name) for name in places}
        self._about_numbers = {name for name, path in places.items() if "{phone_number}" in path}
        self._phone_number = Schema(document, document.at("#/components/parameters/phone_number/schema"))

    def answer(self, call: Call) -> Reply:
        if call.operation is None:
            return Reply(405, headers={"Allow": ", ".join(call.operations)})
        operation = getattr(self._operations, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", call.operation))
        place = [call.id] if call.id else []
        try:
            if call.operation in self._about_numbers:
                _check(call.id, self._phone_number)
            result = operation(*place, **self._fields(call.operation, call.content))
        except ValueError as error:
            return Reply(400, {"error": str(error)})
        if isinstance(result, bytes):
            return Reply(200, result, {"Content-Type": "application/vnd.sqlite3"})
        return Reply(204) if result is None else Reply(200, result)

    def _fields(self, operation: str, content: bytes) -> Mapping[str, Any]:
        """What an operation takes from a body: the fields of JSON, or a file as it is."""
        schema = self._schemas[operation]
        if schema is not None:
            return _read(content, schema)
        return {"content": content} if operation == "loadState" else {}


def _read(content: bytes, schema: RequestSchema) -> dict[str, Any]:
    """The fields of a body. Raises ValueError if it is not what the schema says."""
    try:
        body: Any = parse_json(content)
    except BadRequestError as error:
        raise ValueError(" ".join(error.errors["body"])) from None
    _check(body, schema)
    fields: dict[str, Any] = _whole(body)
    return fields


def _check(value: object, schema: Schema) -> None:
    """Raise ValueError, which names the place, if a value is not what the schema says."""
    for violation in schema.errors(value):
        place = ".".join(map(str, violation.instance_path))
        raise ValueError(f"{place}: {violation.message}" if place else violation.message)


def _whole(value: object) -> Any:
    """A value with 1.0 as 1, which are the same to JSON Schema."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[object]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Operations:
    """The operations of the control interface, each by its name in the document, with the fields of its body as arguments.

    The results are JSON, bytes of a file, or None. Raises ValueError for what makes no sense.
    """

    def __init__(self, server: "MockServer") -> None:
        self._server = server

    def list_messages(self) -> object:
        return [_message(message) for message in self._server.latest_messages(_LONGEST_LIST)]

    def list_messages_to(self, phone_number: str) -> object:
        messages = reversed(self._server.messages)
        return [_message(message) for message in messages if phone_number in message.phone_numbers]

    def get_clock(self) -> object:
        return {"now": _text(self._server.now), "ticking": self._server.ticking}

    def set_clock(self, now: str | None = None, ticking: bool | None = None) -> object:
        if now is not None:
            self._server.travel_to(datetime.fromisoformat(now))
        if ticking is not None:
            self._server.ticking = ticking
        return self.get_clock()

    def advance_clock(self, **units: float) -> object:
        self._server.advance(**units)
        return self.get_clock()

    def get_account(self) -> object:
        server = self._server
        return {
            "api_key": server.api_key,
            "senders": None if server.senders is None else sorted(server.senders),
            "credits": server.credits,
            "refused_numbers": server.refused_numbers,
        }

    def set_account(self, **changes: Any) -> object:
        for name, value in changes.items():
            setattr(self._server, name, value)
        return self.get_account()

    def regenerate_key(self) -> object:
        self._server.regenerate_key()
        return self.get_account()

    def get_outcomes(self) -> object:
        return {"numbers": self._server.outcomes, "mix": self._server.mix}

    def clear_outcomes(self) -> object:
        self._server.clear_outcomes()
        return self.get_outcomes()

    def set_outcome_mix(self, /, **mix: float) -> object:
        self._server.outcome_mix(mix)
        return self.get_outcomes()

    def set_outcome(self, phone_number: str, statuses: Sequence[int | str]) -> object:
        self._server.outcome(phone_number, *statuses)
        return self.get_outcomes()

    def clear_outcome(self, phone_number: str) -> object:
        self._server.clear_outcomes(phone_number)
        return self.get_outcomes()

    def list_troubles(self) -> object:
        return [asdict(trouble) for trouble in self._server.troubles]

    def make_trouble(self, **fields: Any) -> object:
        self._server.add_trouble(Trouble(**fields))
        return self.list_troubles()

    def clear_troubles(self) -> object:
        self._server.clear_troubles()
        return self.list_troubles()

    def list_faults(self) -> object:
        return _catalogue(FAULTS, self._server.faults)

    def list_variants(self) -> object:
        return _catalogue(VARIANTS, self._server.variants)

    def set_variant(self, name: str) -> object:
        self._server.variant(name)
        return self.list_variants()

    def reset(self) -> None:
        self._server.reset()

    def save_state(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            self._server.save(path)
            return path.read_bytes()

    def load_state(self, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            path.write_bytes(content)
            try:
                self._server.load(path)
            except ValueError as error:
                raise ValueError(str(error).replace(str(path), "this")) from None


def _message(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "text": message.text,
        "stop": message.stop,
        "delivery_date": _text(message.delivery_date),
        "sender_id": message.sender_id,
        "phone_numbers": message.phone_numbers,
        "cancelled": message.cancelled,
        "sms": [
            {
                "id": sms.id,
                "phone_number": sms.phone_number,
                "status": sms.status,
                "status_name": sms.status_name,
                "deleted": sms.deleted,
                "sent": sms.sent,
            }
            for sms in message.sms
        ],
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


def _catalogue(descriptions: Mapping[str, str], on: Sequence[str]) -> dict[str, object]:
    return {name: {"description": text, "on": name in on} for name, text in descriptions.items()}
