"""The admin API: what MockServer does in Python, over HTTP and as openapi.yaml says."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ..backend.messages import Message
from ..backend.simulation import Simulation
from ..backend.validation import BadRequestError, parse_json
from ..document import Document, RequestSchema, Schema
from ..faults import Fault, Faults
from ..http.exchange import Answer, Request, Response

PREFIX = "/_mock"
DOCUMENT = Path(__file__).with_name("openapi.json")
_LONGEST_LIST = 1000


class Admin:
    """The operations of the admin API, each a method that takes the id in the path, if there is one, and the fields of the body.

    The results are JSON, bytes of a file, or None. Each raises ValueError for what makes no sense.
    """

    def __init__(self, server: Simulation, faults: Faults) -> None:
        self._server = server
        self._faults = faults
        self.operations: Mapping[str, Callable[..., object]] = {
            "listMessages": self._list_messages,
            "listMessagesTo": self._list_messages_to,
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
        routes = {name: path for path, methods in document.operations.items() for name in methods.values()}
        schemas = {name: document.request_schema(name) for name in routes}
        phone_number = Schema(document, document.at("#/components/parameters/phone_number/schema"))

        def answer(request: Request) -> Response:
            name = request.operation
            if name is None:
                return Response(405, headers={"Allow": ", ".join(request.operations)})
            try:
                if "{phone_number}" in routes[name]:
                    _check(request.id, phone_number)
                fields = _fields(request, schemas[name])
                result = self.operations[name](*([request.id] if request.id else []), **fields)
            except ValueError as error:
                return Response(400, {"error": str(error)})
            if isinstance(result, bytes):
                return Response(200, result, {"Content-Type": "application/vnd.sqlite3"})
            return Response(204) if result is None else Response(200, result)

        return answer

    def _list_messages(self) -> object:
        return [_message(message) for message in self._server.latest_messages(_LONGEST_LIST)]

    def _list_messages_to(self, phone_number: str) -> object:
        messages = reversed(self._server.messages)
        return [_message(message) for message in messages if phone_number in message.phone_numbers]

    def _get_clock(self) -> object:
        return {"now": _text(self._server.now), "ticking": self._server.ticking}

    def _set_clock(self, now: str | None = None, ticking: bool | None = None) -> object:
        if now is not None:
            self._server.travel_to(datetime.fromisoformat(now))
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

    def _set_account(self, **changes: Any) -> object:
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
        self._server.delivery_result(phone_number, *statuses)
        return self._get_delivery_results()

    def _clear_delivery_result(self, phone_number: str) -> object:
        self._server.clear_delivery_results(phone_number)
        return self._get_delivery_results()

    def _list_faults(self) -> object:
        return [fault.as_json() for fault in self._faults.on]

    def _add_fault(self, **fields: Any) -> object:
        self._faults.add(Fault(**fields))
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
            return path.read_bytes()

    def _load_state(self, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            path.write_bytes(content)
            try:
                self._server.load(path)
            except ValueError as error:
                raise ValueError(str(error).replace(str(path), "this")) from None


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
