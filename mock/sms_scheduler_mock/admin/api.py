"""The admin API: what MockServer does in Python, over HTTP and as openapi.yaml says."""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlencode

from ..backend import checks
from ..backend.messages import DELETED, Overview, Query, Sms
from ..backend.simulation import Simulation
from ..backend.validation import BadRequestError, parse_json
from ..document import Document, RequestSchema, Schema
from ..faults import Fault, Faults
from ..http.exchange import COMPRESSED, Answer, Request, Response, to_json

PREFIX = "/_mock"
DOCUMENT = Path(__file__).with_name("openapi.json")
LARGEST_STATE = 100_000_000
_LARGEST_BODY = 1_000_000
_MOST = 1000  # rows of a list in one answer
_BYTES = 300  # that an SMS takes in an answer, at most


class _NotThereError(Exception):
    """There is no message with the id in the path."""


class Admin:
    """The operations of the admin API, each a method that takes the id in the path, if there is one, and the fields of the body.

    The results are JSON, bytes of a file, or None. Each raises ValueError for what makes no sense.
    """

    def __init__(self, server: Simulation, faults: Faults, max_answer: int) -> None:
        self._server = server
        self._faults = faults
        self._max_answer = max_answer
        self.operations: Mapping[str, Callable[..., object]] = {
            "getHealth": lambda: {"status": "ok"},
            "listMessages": self._list_messages,
            "listMessagesTo": self._list_messages_to,
            "listSms": self._list_sms,
            "getClock": self._get_clock,
            "setClock": self._set_clock,
            "advanceClock": self._advance_clock,
            "getAccount": self._get_account,
            "setAccount": self._set_account,
            "regenerateKey": self._regenerate_key,
            "getDeliveryResults": self._get_delivery_results,
            "clearDeliveryResults": self._clear_delivery_results,
            "setDeliveryMix": self._set_delivery_mix,
            "setDeliveryResult": self._set_delivery_result,
            "clearDeliveryResult": self._clear_delivery_result,
            "listFaults": self._list_faults,
            "addFault": self._add_fault,
            "clearFaults": self._clear_faults,
            "reset": self._reset,
            "saveState": self._save_state,
            "loadState": self._load_state,
        }

    def answering(self, document: Document) -> Answer:
        """Answers requests by the operations, once their bodies are what the document says."""
        names = document.operation_names
        schemas = {name: document.request_schema(name) for name in names}
        parameters = {name: document.query_parameters(name) for name in names}

        def answer(request: Request) -> Response:
            name = request.operation
            if name is None:
                return Response(405, headers={"Allow": ", ".join(request.operations)})
            if request.headers.get("Content-Encoding", "identity") != "identity":
                return COMPRESSED
            if name != "loadState" and len(request.body) > _LARGEST_BODY:
                return Response(413, f"The request body has more than {_LARGEST_BODY:,} bytes.")
            try:
                fields = _fields(request, schemas[name])
                query = _query(request.query, parameters[name])
                result = self.operations[name](*([request.id] if request.id else []), **query, **fields)
            except _NotThereError as error:
                return Response(404, {"error": str(error)})
            except ValueError as error:
                return Response(400, {"error": str(error)})
            if isinstance(result, Page):
                return _paged(result, query)
            if isinstance(result, bytes):
                return Response(200, result, {"Content-Type": "application/vnd.sqlite3"})
            return Response(204) if result is None else Response(200, result)

        return answer

    def _list_messages(self, search: str = "", status: str | None = None, **page: Any) -> object:
        return self._messages(Query(search=search, status=self._status(status)), **page)

    def _list_messages_to(self, phone_number: str, **page: Any) -> object:
        return self._messages(Query(phone_number=checks.phone_number("phone_number", phone_number)), **page)

    def _messages(self, query: Query, *, limit: int = _MOST, cursor: int | None = None, sms: int = _MOST) -> object:
        ledger, most = self._server.ledger, min(sms, self._max_answer // _BYTES)
        with ledger.lock:
            found = ledger.find(query, before=cursor)
            rows = ((one.record.ordinal, _message(one, ledger.find_sms(one.record, query), most)) for one in found)
            total = ledger.count if query == Query() else None
            return self._page(rows, limit)._replace(total=total)

    def _list_sms(
        self, message_id: str, search: str = "", status: str | None = None, limit: int = _MOST, cursor: int = 0
    ) -> object:
        ledger, query = self._server.ledger, Query(search=search, status=self._status(status))
        with ledger.lock:
            record = ledger.record(int(message_id)) if re.fullmatch("[1-9][0-9]{0,17}", message_id) else None
            if record is None:
                raise _NotThereError(f"there is no message {message_id}")
            found = enumerate(ledger.find_sms(record, query, after=cursor), cursor + 1)
            return self._page(((place, _sms(sms)) for place, sms in found), limit)

    def _status(self, status: str | None) -> str | None:
        """The name of a status given by its code or by its name."""
        if status is None or status == DELETED:
            return status
        return self._server.name_of_status(int(status) if status.isdecimal() else status)

    def _page(self, rows: Iterable[tuple[int, object]], limit: int) -> "Page":
        """As many rows as there may be in one answer; each has a cursor, which leads to those after it."""
        found: list[bytes] = []
        length, last = 0, None
        for cursor, row in rows:
            encoded = to_json(row).encode()
            if len(found) == limit or (found and length + len(encoded) > self._max_answer):
                return Page(found, last)
            found.append(encoded)
            length += len(encoded) + 1
            last = cursor
        return Page(found, None)

    def _check_room(self, *parts: object) -> None:
        """Raise ValueError if some lists would be longer than an answer may be."""
        length = sum(len(to_json(part).encode()) for part in parts)
        if length > self._max_answer:
            raise ValueError(f"all of them would have {length:,} bytes, and an answer has {self._max_answer:,} at most")

    def _get_clock(self) -> object:
        return {"now": _text(self._server.now), "ticking": self._server.ticking}

    def _set_clock(self, now: str | None = None, ticking: bool | None = None) -> object:
        if now is not None:
            self._server.travel_to(checks.moment("now", now))
        if ticking is not None:
            self._server.ticking = ticking
        return self._get_clock()

    def _advance_clock(self, **units: float) -> object:
        self._server.advance(**units)
        return self._get_clock()

    def _get_account(self) -> object:
        server = self._server
        return {
            "api_key": server.api_key,
            "senders": None if server.senders is None else sorted(server.senders),
            "credits": server.credits,
            "refused_numbers": server.refused_numbers,
        }

    def _set_account(self, refused_numbers: Sequence[str] | None = None, **changes: Any) -> object:
        if refused_numbers is not None:  # first: unlike the others it may be refused, and nothing is to change then
            self._server.refused_numbers = refused_numbers
        for name, value in changes.items():
            setattr(self._server, name, value)
        return self._get_account()

    def _regenerate_key(self) -> object:
        self._server.regenerate_key()
        return self._get_account()

    def _get_delivery_results(self) -> object:
        return {"numbers": self._server.delivery_results, "mix": self._server.mix}

    def _clear_delivery_results(self) -> object:
        self._server.clear_delivery_results()
        return self._get_delivery_results()

    def _set_delivery_mix(self, /, **mix: float) -> object:
        self._server.delivery_mix(mix)
        return self._get_delivery_results()

    def _set_delivery_result(self, phone_number: str, statuses: Sequence[int | str]) -> object:
        checks.phone_number("phone_number", phone_number)
        names = [self._server.name_of_status(status) for status in statuses]
        self._check_room(self._server.delivery_results, {phone_number: names})
        self._server.delivery_result(phone_number, *statuses)
        return self._get_delivery_results()

    def _clear_delivery_result(self, phone_number: str) -> object:
        self._server.clear_delivery_results(checks.phone_number("phone_number", phone_number))
        return self._get_delivery_results()

    def _list_faults(self) -> object:
        return [fault.as_json() for fault in self._faults.on]

    def _add_fault(self, text: str | None = None, **fields: Any) -> object:
        if text is not None and fields:
            raise ValueError("a fault is given as a text or by its fields, not as both")
        fault = Fault.of(fields) if text is None else Fault.parse(text)
        self._check_room(self._list_faults(), fault.as_json())
        self._faults.add(fault)
        return self._list_faults()

    def _clear_faults(self) -> object:
        self._faults.clear()
        return self._list_faults()

    def _reset(self) -> None:
        self._server.reset()

    def _save_state(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            self._server.save(path)
            if (size := path.stat().st_size) > LARGEST_STATE:
                raise ValueError(
                    f"the state has {size:,} bytes, and an answer {LARGEST_STATE:,} at most: use --state FILE"
                )
            return path.read_bytes()

    def _load_state(self, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            path.write_bytes(content)
            try:
                self._server.load(path)
            except ValueError as error:
                raise ValueError(str(error).replace(str(path), "this")) from None


class Page(NamedTuple):
    """Some rows of a list, the cursor to those after them, if there are any, and how many there are on all pages, if known."""

    rows: list[bytes]
    cursor: int | None
    total: int | None = None


def _paged(page: Page, query: Mapping[str, object]) -> Response:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if page.cursor is not None:
        following = urlencode({**query, "cursor": page.cursor})
        headers["Link"] = f'<?{following}>; rel="next"'
    if page.total is not None:
        headers["X-Total-Count"] = str(page.total)
    return Response(200, b"[" + b",".join(page.rows) + b"]", headers)


def _query(text: str, parameters: Mapping[str, Schema]) -> dict[str, Any]:
    """The parameters in a query. Raises ValueError if the document has others, or other values of them."""
    query: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True) if parameters else ():
        if name not in parameters:
            raise ValueError(f"there is no parameter {name}, only {', '.join(parameters)}")
        if name in query:
            raise ValueError(f"{name} is given twice")
        number = int(value) if re.fullmatch("-?[0-9]{1,1000}", value, re.ASCII) else None
        query[name] = value if number is None or parameters[name].takes(value) else number
        _check(query[name], parameters[name], name)
    return query


def _fields(request: Request, schema: RequestSchema | None) -> Mapping[str, Any]:
    """What an operation takes from a body: the fields of JSON, or a file as it is."""
    if schema is not None:
        return _read(request.body, schema)
    return {"content": request.body} if request.operation == "loadState" else {}


def _read(content: bytes, schema: RequestSchema) -> dict[str, Any]:
    """The fields of a body. Raises ValueError if it is not what the schema says."""
    try:
        body: Any = parse_json(content)
    except BadRequestError as error:
        raise ValueError(" ".join(error.errors["body"])) from None
    _check(body, schema)
    return cast("dict[str, Any]", body)


def _check(value: object, schema: Schema, name: str = "") -> None:
    """Raise ValueError, which names the place, if a value is not what the schema says."""
    for violation in schema.errors(value):
        place = ".".join(map(str, [name, *violation.instance_path] if name else violation.instance_path))
        raise ValueError(f"{place}: {violation.message}" if place else violation.message)


def _message(overview: Overview, sms: Iterator[Sms], most: int) -> dict[str, object]:
    asked, listed = overview.record.asked, list(islice(sms, most))
    has_more = next(sms, None) is not None
    return {
        "id": overview.record.id,
        "text": asked.text,
        "stop": asked.stop,
        "delivery_date": _text(asked.delivery_date),
        "sender_id": asked.sender_id,
        "phone_numbers": None if has_more else list(dict.fromkeys(one.phone_number for one in listed)),
        "cancelled": overview.cancelled,
        "sms_count": len(overview.record.numbers),
        "statuses": overview.statuses,
        "sms": [_sms(one) for one in listed],
        "more_sms": has_more,
    }


def _sms(sms: Sms) -> dict[str, object]:
    return {
        "id": sms.id,
        "phone_number": sms.phone_number,
        "status": sms.status,
        "status_name": sms.status_name,
        "deleted": sms.deleted,
        "sent": sms.sent,
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
