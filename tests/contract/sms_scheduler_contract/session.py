"""The server under test, and the one door through which it is asked anything.

All requests go through one `requests.Session`, those that Schemathesis generates too. The session notes every exchange,
so that a broken promise can be shown with a reproducer, and everything that was created, so that it can be deleted. In
safe mode it lets nothing out that could reach anybody's phone.
"""

import datetime
import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, cast

import attrs
import requests
from requests.adapters import HTTPAdapter
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from .target import SCHEMES, Target

from .document import OPERATIONS, WAITING

# What a test may be told is the same for every operation: whether an answer is one that the document knows.
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_TIMEOUT = 30.0
_LONGEST_WAIT = 30.0
_MOST_TRIES = 6
_MOST_NUMBERS = 25
# Why a test that makes up what it asks for is not run in safe mode.
MADE_UP = "it asks for what it makes up"
WIRE_DATE = "%Y-%m-%d %H:%M:%S"


class BrokenPromiseError(AssertionError):
    """The server does not do what the page states.

    Attributes:
        promised: What the page states, for the case at hand.
        came: What the server did.
        exchanges: All that was asked and answered from the start of the scenario.
    """

    def __init__(self, promised: str, came: str) -> None:
        super().__init__(f"promised: {promised}\n    came: {came}")
        self.promised = promised
        self.came = came
        self.exchanges: Sequence[Exchange] = ()


class NoVerdictError(Exception):
    """The server cannot be judged any further; the text says why."""


class NotTestedError(Exception):
    """A promise cannot be tested on this server, or with what the tester allows; the text says why."""


@attrs.frozen
class Exchange:
    """A request and its answer: `authorization` is the header's value, `status` is None if no answer came."""

    method: str
    path: str
    authorization: str | None = attrs.field(repr=False)
    content: bytes
    status: int | None = None
    content_type: str | None = None
    answer: bytes = b""

    def parsed(self) -> Any:
        """The JSON of the answer, None if it is not JSON."""
        try:
            return json.loads(self.answer)
        except ValueError:
            return None


@attrs.frozen
class Draft:
    """A message to create.

    Attributes:
        numbers: Places in the list of the phone numbers that may be used, as far as that goes.
        as_string: Whether the first of them is given alone, as a string.
    """

    text: str = "A contract test, to be deleted"
    delivery_date: str = "2036-05-17 12:00:00"
    numbers: tuple[int, ...] = (0, 1)
    message_stop: bool | None = None
    as_string: bool = False

    @property
    def is_long(self) -> bool:
        """Whether no single SMS holds the text, whatever is in it."""
        return len(self.text) > 160


@attrs.frozen(eq=False)
class Created:
    """A message as the server says it was created: its id, and the ids of its SMS by phone number."""

    message_id: int
    sms_ids: Mapping[str, tuple[int, ...]]

    @property
    def ids(self) -> list[int]:
        """The ids of all SMS."""
        return list(itertools.chain.from_iterable(self.sms_ids.values()))

    @property
    def number_of(self) -> dict[int, str]:
        """The phone number of each SMS, by its id."""
        return {sms_id: number for number, ids in self.sms_ids.items() for sms_id in ids}


@attrs.frozen
class Sms:
    """An SMS as a report has it."""

    phone_number: str
    status: int


@attrs.define
class Account:
    """What was created, by message id, and what of it the server said it deleted; and which requests no answer came to."""

    created: dict[int, list[int]] = attrs.field(factory=dict)
    deleted: set[int] = attrs.field(factory=set)
    unanswered: list[Exchange] = attrs.field(factory=list)


@attrs.frozen
class Limits:
    """How far a test may go. In safe mode nothing is fuzzed, and only far-future dates and named numbers are sent.

    Attributes:
        safe: Whether that is so.
        posts: How many messages may be asked for at most, None for any number.
        rate: How many requests a second at most, None for any number.
        cases: How many cases Hypothesis makes up, as a part of what is usual.
        seed: What Hypothesis makes its cases from.
        shrink: Whether it looks for the shortest case that fails.
    """

    safe: bool = False
    posts: int | None = None
    rate: float | None = None
    cases: float = 1.0
    seed: int = 0
    shrink: bool = True


class Server:
    """The server under test, in terms of the API. Each answer is judged by the document; what is not in it breaks a promise."""

    def __init__(self, target: Target, limits: Limits | None = None) -> None:
        self.target = target
        self.limits = limits or Limits()
        self.account = Account()
        self.exchanges: list[Exchange] = []
        self.history: list[Exchange] = []
        self.sent: list[tuple[Created, float]] = []
        self.broken: BrokenPromiseError | None = None
        self.is_interrupted = False
        self.cases = 0
        self.posts = 0
        self.session = _Session(self)
        self._run = f"{secrets.randbelow(1_000):03}"
        self._scenarios = itertools.count()
        self._untouched: list[Created] = []
        self._numbers: Sequence[str] = target.phone_numbers

    def check(self) -> None:
        """See that the API is there and accepts the key. Raises NoTargetError if not."""
        self.target = self.target.check()
        self.posts += SCHEMES.index(self.target.scheme) + 1

    # What is asked

    @contextmanager
    def scenario(self) -> Iterator[None]:
        """One case of a promise: starts the record anew, with phone numbers of its own unless in safe mode."""
        self.cases += 1
        self.exchanges = []
        if not self.limits.safe:
            self._untouched = []
            first = next(self._scenarios) * _MOST_NUMBERS % 100_000
            self._numbers = [f"+336{self._run}{first + place:05}" for place in range(_MOST_NUMBERS)]
        try:
            with _readable():
                yield
        except BrokenPromiseError as error:
            self._note_broken(error)
            raise
        except requests.RequestException as error:
            # the traceback would show the key
            raise NoVerdictError(f"it stopped answering ({type(error).__name__})") from None

    def may_make_up(self) -> None:
        """Raise NotTestedError in safe mode: nothing is asked for there that a test makes up."""
        if self.limits.safe:
            raise NotTestedError(f"in safe mode: {MADE_UP}")

    def fields(self, draft: Draft) -> dict[str, Any]:
        """The request body of a draft."""
        numbers = [self._numbers[place] for place in draft.numbers if place < len(self._numbers)]
        fields: dict[str, Any] = {
            "message_text": draft.text,
            "delivery_date": draft.delivery_date,
            "sender_id": self.target.sender_id,
            "phone_numbers": numbers[0] if draft.as_string else numbers,
        }
        return fields if draft.message_stop is None else {**fields, "message_stop": draft.message_stop}

    def create(self, draft: Draft) -> Created:
        """Create a message, which must succeed and answer an id for each number."""
        fields = self.fields(draft)
        response = self.post(fields)
        if response.status_code != 200:
            self._see_about_the_sender(response)
            broken("a message with all that the page asks for is created: 200", f"{_shown(response)}")
        created = read_created(response.json())
        asked = _as_list(fields["phone_numbers"])
        if set(created.sms_ids) != set(asked):
            broken(
                f"sms_ids has the phone numbers asked for, {', '.join(asked)}",
                f"it has {', '.join(created.sms_ids) or 'none'}",
            )
        if empty := [number for number, ids in created.sms_ids.items() if not ids]:
            broken("sms_ids has an SMS for each phone number", f"it has none for {', '.join(empty)}")
        self._untouched.append(created)
        return created

    def _see_about_the_sender(self, response: requests.Response) -> None:
        """Which senders an account has is its owner's business."""
        is_known = self.target.is_sender_named or response.status_code != 400
        if not is_known and list(response.json()["errors"] or ()) == ["sender_id"]:
            raise NoVerdictError(
                f"it refuses the sender {self.target.sender_id}: pass a --sender-id that the account has"
            )

    def messages(self, *drafts: Draft) -> list[Created]:
        """Messages that nothing was done to yet. In safe mode those of earlier promises are used again where they fit."""
        found: list[Created] = []
        for draft in drafts:
            untouched = [created for created in self._untouched if created not in found]
            wanted = min(len(draft.numbers), len(self._numbers))
            fit = sorted((one for one in untouched if len(one.sms_ids) >= wanted), key=lambda one: len(one.ids))
            found.append(fit[-1 if draft.is_long else 0] if fit and self.limits.safe else self.create(draft))
        return found

    def post(self, body: object, *, authorization: str | None = "") -> requests.Response:
        """Ask for a message; the body is sent as JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("createSms", content=content, authorization=authorization)

    def sms(self, sms_id: int) -> Sms | None:
        """The report of an SMS, None for 404."""
        response = self.ask("getSms", sms_id)
        return Sms(**_only(response.json(), "phone_number", "status")) if response.status_code == 200 else None

    def message(self, message_id: int) -> dict[int, Sms] | None:
        """The report of a message by the ids of its SMS, None for 404."""
        response = self.ask("getMessage", message_id)
        if response.status_code != 200:
            return None
        rows = response.json()
        report = {row["id"]: Sms(**_only(row, "phone_number", "status")) for row in rows}
        if len(report) != len(rows):
            broken(
                "each SMS has one row in the report of its message",
                f"there are rows of the same id: {_shown(response)}",
            )
        return report

    def delete_sms(self, sms_id: int) -> bool | None:
        """Delete an SMS, None for 404."""
        response = self.ask("deleteSms", sms_id)
        return cast("bool", response.json()["success"]) if response.status_code == 200 else None

    def delete_message(self, message_id: int) -> int | None:
        """Delete the SMS of a message, None for 404."""
        response = self.ask("deleteMessage", message_id)
        return cast("int", response.json()["success"]) if response.status_code == 200 else None

    def ask(
        self, operation_id: str, identifier: object = None, *, content: bytes = b"", authorization: str | None = ""
    ) -> requests.Response:
        """Send a request, with the key unless there is an `authorization`; the answer must be one that the document has."""
        response = self.request(operation_id, identifier, content=content, authorization=authorization)
        case = OPERATIONS[operation_id].Case(path_parameters={} if identifier is None else {"id": identifier})
        self.judge(lambda: case.validate_response(response, checks=_CHECKS))
        if response.status_code in {200, 400}:
            _check_encoding(operation_id, response)
        return response

    def request(
        self, operation_id: str, identifier: object = None, *, content: bytes = b"", authorization: str | None = ""
    ) -> requests.Response:
        """Send a request as `ask` does; the answer may be any."""
        operation = OPERATIONS[operation_id]
        path = operation.path.replace("{id}", str(identifier))
        headers = {"Content-Type": "application/json; charset=utf-8"} if content else {}
        if authorization is not None:
            headers["Authorization"] = authorization or self.authorization
        return self.session.request(
            operation.method, self.target.url + path, data=content or None, headers=headers, timeout=_TIMEOUT
        )

    @property
    def authorization(self) -> str:
        """The header that carries the key."""
        return self.target.headers["Authorization"]

    def judge(self, check: Callable[[], object]) -> None:
        """Run a check of Schemathesis; its failure breaks a promise."""
        try:
            check()
        except FailureGroup as group:
            failures = [
                f"{failure.title}: {failure.message}" if failure.message else failure.title
                for failure in group.exceptions
            ]
            last = self.exchanges[-1] if self.exchanges else None
            answer = f"\n{last.status} {last.answer[:500].decode(errors='replace')}" if last else ""
            error = BrokenPromiseError("what openapi.yaml says of the operation", "; ".join(failures) + answer)
        else:
            return
        self._note_broken(error)
        raise error

    # What is noted

    def _note_broken(self, error: BrokenPromiseError) -> None:
        error.exchanges = error.exchanges or tuple(self.exchanges)
        self.broken = error

    def before(self, request: requests.PreparedRequest) -> None:
        """See that a request may be sent; raises NotTestedError if not, KeyboardInterrupt if nothing may any more."""
        if self.is_interrupted:
            raise KeyboardInterrupt
        if request.method == "POST":
            if self.limits.posts is not None and self.posts >= self.limits.posts:
                raise NotTestedError(f"needs more than the {self.limits.posts} messages that may be created")
            if self.limits.safe:
                _check_harmless(_content(request), self.target)
            self.posts += 1
        if self.limits.rate:
            time.sleep(1 / self.limits.rate)

    def note(self, request: requests.PreparedRequest, response: requests.Response | None) -> None:
        """Note an exchange, and what it created or deleted."""
        method, path = request.method or "", (request.url or "").removeprefix(self.target.url)
        authorization = cast("str | None", request.headers.get("Authorization"))
        exchange = Exchange(method, path, authorization, _content(request))
        if response is not None:
            content_type = response.headers.get("Content-Type")
            exchange = attrs.evolve(
                exchange, status=response.status_code, content_type=content_type, answer=response.content
            )
        self.exchanges.append(exchange)
        self.history.append(exchange)
        if method == "POST" and response is None:
            self.account.unanswered.append(exchange)
        elif method == "POST":
            self._note_created(exchange.parsed())
        elif method == "DELETE":
            kind, _, identifier = path.strip("/").partition("/")
            if identifier.isdecimal():
                self._note_deleted(kind, int(identifier), exchange.status)

    def _note_created(self, answer: Any) -> None:
        """Whatever the status was: a message that has an id may well be sent."""
        message_id = answer.get("message_id") if isinstance(answer, dict) else None
        if isinstance(message_id, int):
            self.account.created.setdefault(message_id, []).extend(_integers(answer.get("sms_ids")))

    def _note_deleted(self, kind: str, identifier: int, status: int | None) -> None:
        if kind == "message" and status in {200, 404}:
            self.account.deleted.add(identifier)
        self._untouched = [
            created for created in self._untouched if identifier not in {created.message_id, *created.ids}
        ]

    # What is left behind

    def delete_what_is_left(self) -> list[str]:
        """Delete what was created; the result says of each message that could not be deleted why."""
        self.is_interrupted = False
        limits, self.limits = self.limits, attrs.evolve(self.limits, posts=None)
        left = dict.fromkeys(self.account.created, "")
        if not limits.safe:
            left = {message_id: "" for message_id in left if message_id not in self.account.deleted}
        # in safe mode it matters: even a server that went away may come back
        for wait in [0, 1, 2, 4] if limits.safe else [0]:
            time.sleep(wait if left else 0)
            left = {message_id: problem for message_id in left if (problem := self._delete(message_id))}
        self.limits = limits
        created = self.account.created
        return [
            f"message {message_id} (SMS {', '.join(map(str, created[message_id])) or 'unknown'}): {problem}"
            for message_id, problem in left.items()
        ]

    def _delete(self, message_id: int) -> str | None:
        """Delete a message and, if that does not help, each of its SMS; the result says why it may still be sent."""
        try:
            self._ask_quietly("DELETE", f"/message/{message_id}")
            if not self.limits.safe or not self._is_waiting(message_id):
                return None
            for sms_id in self.account.created[message_id]:
                self._ask_quietly("DELETE", f"/sms/{sms_id}")
            return "it is still reported as scheduled" if self._is_waiting(message_id) else None
        except (requests.RequestException, NoVerdictError) as error:
            return f"no answer ({type(error).__name__})"

    def _is_waiting(self, message_id: int) -> bool:
        """Whether an SMS of a message is still reported as scheduled or pending."""
        response = self._ask_quietly("GET", f"/message/{message_id}")
        try:
            rows = response.json() if response.status_code == 200 else []
        except ValueError:
            return True
        return any(isinstance(row, dict) and row.get("status") in WAITING for row in rows)

    def _ask_quietly(self, method: str, path: str) -> requests.Response:
        headers = {"Authorization": self.authorization}
        return self.session.request(method, self.target.url + path, headers=headers, timeout=_TIMEOUT)


class _Session(requests.Session):
    """The one door: notes what passes, waits when the server says that it is too much, follows no redirect."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.trust_env = not server.target.is_loopback
        self.auth = lambda request: request  # else the key gives way to what ~/.netrc has for the host
        adapter = HTTPAdapter()
        for prefix in ("http://", "https://"):
            self.mount(prefix, adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        response = self._send_once(request, **kwargs)
        for _ in range(_MOST_TRIES):
            wait = _seconds_to_wait(response)
            if response.status_code != 429 or wait > _LONGEST_WAIT:
                break
            time.sleep(wait)
            response = self._send_once(request, **kwargs)
        if response.status_code == 429:
            raise NoVerdictError("it answers 429 again and again: it limits the rate of requests")
        return response

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self._server.before(request)
        try:
            response = super().send(request, **kwargs)
        except BaseException:
            self._server.note(request, None)
            raise
        self._server.note(request, response)
        return response


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except requests.exceptions.ContentDecodingError as error:
        reason = str(error)
    else:
        return
    broken("answers are as their Content-Encoding says", reason)


def broken(promised: str, came: str) -> NoReturn:
    """Say that a promise is broken."""
    raise BrokenPromiseError(promised, came)


def expect(kept: bool, promised: str, came: object) -> None:
    """Say that a promise is broken unless it is kept."""
    if not kept:
        broken(promised, str(came))


def read_created(answer: Any) -> Created:
    """Read the answer to createSms, in either of its dialects."""
    by_number: dict[str, Any] = answer["sms_ids"] or {}
    return Created(answer["message_id"], {number: tuple(_as_list(ids)) for number, ids in by_number.items()})


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _only(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names}


def _integers(value: object) -> list[int]:
    """Every integer in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(map(_integers, value)))
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


def _content(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else cast("bytes", body)


def _shown(response: requests.Response) -> str:
    return f"{response.status_code} {response.text[:500]}".strip()


def _check_encoding(operation_id: str, response: requests.Response) -> None:
    try:
        json.loads(response.content.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        broken(f"{operation_id} answers JSON in UTF-8", f"{error}: {response.content[:100]!r}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _seconds_to_wait(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "1")
    return float(value) if value.isdecimal() else 1.0


def _check_harmless(content: bytes, target: Target) -> None:
    """Refuse to send a request that could reach anybody but those whom the tester named, or before years have passed."""
    fields = json.loads(content)
    soon = datetime.datetime.now() + datetime.timedelta(days=365)
    is_far = fields == {} or datetime.datetime.strptime(fields["delivery_date"], WIRE_DATE) > soon
    is_named = set(_as_list(fields.get("phone_numbers", []))) <= set(target.phone_numbers)
    if not (is_far and is_named):
        raise ValueError(f"not sent, since it is not safe: {content!r}")
