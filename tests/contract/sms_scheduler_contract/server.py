"""The server under test, in terms of the API."""

import copy
import itertools
import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn, cast

import attrs
import requests
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .adaptation import Adaptation
from .document import CODES, OPERATIONS
from .encoding import check_encoding
from .errors import CannotTestError, CheckFailedError, NotTestedError, fail
from .models import Created, Draft, Sms, as_list, read_created, read_sms
from .safe_mode import Account, CleanUp, SafeMode
from .session import DROPPED, Course, Limits, Session, TooDeepError, TooLargeError, TooLongError, problem
from .target import Target

# What Schemathesis checks in every response: that it is one of those in the document.
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# The word before the key, which the vendor's pages write in two ways.
_SCHEMES = ("bearer", "Bearer")
SCHEDULED, PENDING = CODES["SCHEDULED"], CODES["PENDING"]
# Dates after any clock, of which a server may refuse one, and the time in which it cancels or sends what is not to be sent
# yet, in seconds.
_LATER, _A_MOMENT = ("2099-12-31 12:00:00", "9990-12-31 12:00:00"), 1.0
# For so many seconds Hypothesis looks for a shorter case that fails. Then it is told that all of them do.
_SHRINKING = 5.0
# How many phone numbers a scenario has for itself, and how many checks can have some.
_NUMBERS, _BLOCKS = 101, 1_000
# Why a check that makes up requests is not run in safe mode.
MADE_UP = "it sends requests with made-up content"


@attrs.frozen
class Effort:
    """How much is tried.

    Attributes:
        seed: What Hypothesis makes its cases from.
        cases: The share of the usual number of cases.
        shrink: Whether Hypothesis looks for the shortest case that fails.
    """

    seed: int = 0
    cases: float = 1.0
    shrink: bool = True


@attrs.define
class Known:
    """What was found out about a server, and what was left for later checks to look at.

    Attributes:
        account: What was created.
        adaptation: What it refuses though the page does not.
        has_one_connection: Whether it answers on one connection only as long as that is open.
        is_explored: Whether it was found out what it accepts at all.
        excuse: Why what is created does not stay scheduled; empty if it does, None if that is not known.
        created: The messages of earlier checks, in safe mode.
        past: The messages that were created for a past date, by that.
        sent: Those whose SMS are followed until they are sent, and when they were created.
        ahead: Those that are to be sent tomorrow or later, by their dates.
        lock: Who has it finds something out.
    """

    account: Account = attrs.field(factory=Account)
    adaptation: Adaptation = attrs.field(factory=Adaptation)
    has_one_connection: bool = False
    is_explored: bool = False
    excuse: str | None = None
    created: list[Created] = attrs.field(factory=list)
    past: dict[str, Created] = attrs.field(factory=dict)
    sent: list[tuple[Created, float]] = attrs.field(factory=list)
    ahead: dict[str, Created] = attrs.field(factory=dict)
    lock: Any = attrs.field(factory=threading.RLock)

    @property
    def needed(self) -> set[int]:
        """The ids of the messages that later checks look at, and of their SMS."""
        messages = [*self.past.values(), *(created for created, _ in self.sent), *self.ahead.values()]
        return {id_ for created in messages for id_ in (created.message_id, *created.ids)}


class Server:
    """The server under test, as one check sees it. A response that the document does not allow fails the check.

    Attributes:
        target: Where it is, and what may be sent to it.
        safe_mode: The limits of safe mode, None outside it.
        effort: How much is tried.
        known: What the checks have found out about it.
        session: The HTTP session, which has the record of all exchanges.
        failure: The last failure of the check.
        cases: How many scenarios were run until one failed.
    """

    def __init__(
        self,
        target: Target,
        *,
        safe_mode: SafeMode | None = None,
        effort: Effort | None = None,
        limits: Limits | None = None,
        put_forward: Callable[[float], None] | None = None,
    ) -> None:
        """`put_forward` puts the server's clock forward by so many seconds, so that nobody waits for it; None if nothing can."""
        self.target = target
        self._put_forward = put_forward
        self.safe_mode = safe_mode
        self.effort = effort or Effort()
        self.known = Known()
        self.session = Session(target, self._before, self.known.account.note, Course.beginning(limits or Limits()))
        self._set_up(random.Random(self.effort.seed).randrange(_BLOCKS))

    def _set_up(self, numbering: int) -> None:
        self.failure: CheckFailedError | None = None
        self._shrinking_ends = math.inf
        self.cases = 0
        self._blocks = itertools.count()
        self._numbering = numbering
        self._numbers: Sequence[str] = self.target.phone_numbers

    def for_check(self, index: int) -> "Server":
        """The same server as another check sees it: with a record and phone numbers of its own."""
        other = copy.copy(self)
        other.session = self.session.another()
        other._set_up((self._numbering + index) % _BLOCKS)
        return other

    @property
    def account(self) -> Account:
        """What was created."""
        return self.known.account

    @property
    def adaptation(self) -> Adaptation:
        """What the server refuses though the page does not."""
        return self.known.adaptation

    def _before(self, request: requests.PreparedRequest) -> float:
        return self.safe_mode.before(request, self.target, self.account) if self.safe_mode else 0.0

    def check(self) -> None:
        """Check that the API is there and accepts the key, by requests that cannot create anything.

        `target.scheme` becomes the first of the two spellings that the server accepts.

        Raises:
            CannotTestError: It is not there, or does not accept the key.
        """
        url, key = self.target.url, self.target.api_key
        if not (key.isascii() and key.isprintable()):
            raise CannotTestError("the API key must be printable ASCII")
        for scheme in _SCHEMES:
            self.target = attrs.evolve(self.target, scheme=scheme)
            started = time.monotonic()
            status = self._status_of_an_empty_request()
            took = time.monotonic() - started
            location = self.session.exchanges[-1].location
            if _is_redirect(status) and _is_redirect(self.request("getMessage", 2**53 - 1).status_code):
                raise CannotTestError(f"{url} redirects to {location!a}: pass the URL that answers by itself")
            if status in {404, 405}:
                raise CannotTestError(f"{url} is not the API: there is no {url}/sms; does the path end in /api/v1?")
            if status != 401:
                self.known.has_one_connection = not (self.safe_mode or self._answers_on_another_connection(took))
                return
        raise CannotTestError(f"{url} refuses the API key; pass one that it accepts")

    def _status_of_an_empty_request(self) -> int | None:
        """The status, None if there is a response that cannot be read: the checks will tell."""
        try:
            return self.session.call("POST", "/sms", self.target.authorization, b"{}").status_code
        except requests.exceptions.ContentDecodingError:
            return None
        except (TooLongError, TooLargeError) as error:
            raise CannotTestError(f"{self.target.url} does not answer as a server does: {error}") from None
        except requests.RequestException as error:
            reason = _root_cause(error)
            raise CannotTestError(
                f"no server answers at {self.target.url}: {reason}; start it, or correct --url"
            ) from None

    def _answers_on_another_connection(self, usual: float) -> bool:
        """Whether a second connection is served while the first is open, in a few times the usual seconds."""
        try:
            self.session.apart(0.5 + 5 * usual).call("GET", f"/message/{2**53 - 1}", self.target.authorization)
        except requests.RequestException:
            return False
        return True

    def is_mock_server(self) -> bool:
        """Whether this is the mock server, which sends nothing; otherwise a loopback address may lead anywhere."""
        health = self.target.url.removesuffix("/api/v1") + "/_mock/health"
        try:
            answer = self.session.request("GET", health)
            return answer.status_code == 200 and bool(answer.json() == {"status": "ok"})
        except (requests.RequestException, ValueError):
            return False
        finally:
            self.session.course.history.clear()  # it is no part of the API

    def clean_up(self, on_progress: Callable[[str], None], jobs: int) -> list[str]:
        """Delete what was created, so many at once. The result says of each message that may still be sent why."""
        rate = self.safe_mode.rate if self.safe_mode else None
        return CleanUp(self.session, self.target.authorization, self.account, jobs, rate, on_progress).run()

    @contextmanager
    def scenario(self) -> Iterator[None]:
        """One case of a check. It starts a new record; outside safe mode it has phone numbers of its own."""
        if self.failure and time.monotonic() > self._shrinking_ends:
            raise self.failure
        if not self.safe_mode:
            first = next(self._blocks) * _NUMBERS % 100_000
            self._numbers = [f"+336{self._numbering:03}{first + index:05}" for index in range(_NUMBERS)]
        self.cases += self.failure is None
        self.session.exchanges = []
        try:
            yield
        except CheckFailedError as error:
            self._fail(error)
        except TooDeepError as error:
            self._fail(CheckFailedError("a response is JSON as openapi.yaml describes it", str(error)))
        except requests.exceptions.ContentDecodingError as error:
            self._fail(CheckFailedError("a body is encoded as its Content-Encoding says", str(error)))
        except requests.RequestException as error:
            # the traceback would show the key
            self._explain_no_response(error)

    def _explain_no_response(self, error: requests.RequestException) -> NoReturn:
        """A request got no response: the check fails if the server is still there."""
        dropped, reason = self.session.exchanges[-1], problem(error)
        for wait in (0.0, 0.5, 1.0) if isinstance(error, DROPPED) and not self.safe_mode else ():
            self.session.pause(wait)
            try:
                with self._aside():
                    self.session.call("GET", f"/message/{2**53 - 1}", self.target.authorization)
            except requests.RequestException:
                continue
            received = f"{dropped.method} {dropped.path} got none ({reason}), and the server answers again"
            self._fail(CheckFailedError("each request gets a response", received))
        raise CannotTestError(f"it stopped answering ({reason})") from None

    def _fail(self, error: CheckFailedError) -> NoReturn:
        error.exchanges = error.exchanges or tuple(self.session.exchanges)
        self.failure = error
        self._shrinking_ends = min(self._shrinking_ends, time.monotonic() + _SHRINKING)
        raise error

    def now(self) -> float:
        """The time by the server's clock, in seconds since some moment."""
        return self.session.course.now()

    def wait(self, seconds: float) -> None:
        """Let time pass on the server's clock."""
        if self._put_forward is None:
            self.session.pause(seconds)
        else:
            self._put_forward(seconds)
            self.session.course.put_forward += seconds
        self.session.waited += seconds

    def may_make_up(self) -> None:
        """Raise NotTestedError in safe mode, where no request has made-up content."""
        if self.safe_mode:
            raise NotTestedError(f"in safe mode: {MADE_UP}")

    def fields(self, draft: Draft) -> dict[str, Any]:
        """The request body of a draft, within the limits of the server."""
        if not (self.safe_mode or self.known.is_explored):
            self._explore()
        return self._fields(draft)

    def _fields(self, draft: Draft) -> dict[str, Any]:
        known = self.target.phone_numbers if self.adaptation.only_named else self._numbers
        numbers = list(dict.fromkeys(known[index % len(known)] for index in draft.numbers))
        fields: dict[str, Any] = {
            "message_text": draft.text,
            "delivery_date": draft.delivery_date,
            "sender_id": self.target.sender_id,
            "phone_numbers": numbers[0] if draft.as_string else numbers,
        }
        fields = self.adaptation.within(fields)
        return fields if draft.message_stop is None else {**fields, "message_stop": draft.message_stop}

    def create(self, draft: Draft) -> Created:
        """Create a message. The check fails unless that succeeds, with an id for each number."""
        fields = self.fields(draft)
        response = self.post(fields)
        if response.status_code == 400 and self._is_limited(fields, response):
            fields = self.fields(draft)
            response = self.post(fields)
        if response.status_code != 200:
            self._stop_at_an_unknown_sender()
            fail("a message with all required fields is created: 200", _shown(response))
        created = read_created(response.json())
        numbers = as_list(fields["phone_numbers"])
        if set(created.sms_ids) != set(numbers):
            received = ", ".join(created.sms_ids) or "none"
            fail(f"sms_ids has the phone numbers of the request: {', '.join(numbers)}", received)
        if empty := [number for number, ids in created.sms_ids.items() if not ids]:
            fail("sms_ids has an SMS for each phone number", f"none for {', '.join(empty)}")
        if self.safe_mode:
            self.known.created.append(created)
        return created

    def _explore(self) -> None:
        """Find out what the server accepts at all, so that it is not accused of what it refuses for another reason."""
        with self.known.lock:
            if not self.known.is_explored:
                with self._aside():
                    self.adaptation.find_any(self._is_accepted, self._fields(Draft()), self.target.phone_numbers)
                    self._stop_at_an_unknown_sender()
                self.known.is_explored = True

    def _is_limited(self, fields: dict[str, Any], response: requests.Response) -> bool:
        """Whether a limit that the page leaves open explains that a request was refused."""
        with self.known.lock, self._aside():
            if self.safe_mode:
                return self.adaptation.find_sparingly(self._is_accepted, fields, response.json()["errors"] or ())
            return self.adaptation.find(self._is_accepted, fields, self.adaptation.date or Draft().delivery_date)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Requests that are no part of the running case, and of what shows its failure again."""
        exchanges = self.session.exchanges
        self.session.exchanges = []
        try:
            yield
        finally:
            self.session.exchanges = exchanges

    def _is_accepted(self, fields: dict[str, Any]) -> bool | None:
        status = self.request("createSms", body=json.dumps(fields).encode()).status_code
        return status == 200 if status in {200, 400} else None

    def must_stay_scheduled(self, created: Created) -> None:
        """Raise NotTestedError if a message like that does not stay scheduled though nobody touches it."""
        with self.known.lock:
            if self.known.excuse is None:
                with self._aside():
                    self.known.excuse = self._excuse_seen() if self.safe_mode else self._excuse_tried(created)
        if self.known.excuse:
            raise NotTestedError(self.known.excuse)

    def _excuse_seen(self) -> str:
        """Whether an SMS was cancelled before anything was deleted."""
        exchanges = itertools.takewhile(lambda exchange: exchange.method != "DELETE", self.session.course.history)
        answers = [as_list(exchange.json()) for exchange in exchanges if exchange.method == "GET"]
        statuses = {row.get("status") for rows in answers for row in rows if isinstance(row, dict)}
        return _cancelled(status for status in statuses if isinstance(status, int))

    def _excuse_tried(self, created: Created) -> str:
        fields = {**self.fields(Draft()), "phone_numbers": list(created.sms_ids)}
        statuses = self._statuses_of_another(fields)
        if excuse := _cancelled(statuses):
            return excuse
        is_clock_later = statuses and any(
            not self._statuses_of_another({**fields, "delivery_date": date}) for date in _LATER
        )
        return f"its clock is after {fields['delivery_date']}" if is_clock_later else ""

    def _statuses_of_another(self, fields: dict[str, Any]) -> set[int]:
        """What a new message becomes within a moment, besides scheduled."""
        response = self.post(fields)
        if response.status_code != 200:
            return set()
        message_id, ends = read_created(response.json()).message_id, self.now() + _A_MOMENT
        while True:
            statuses = {sms.status for sms in (self.message(message_id) or {}).values()} - {SCHEDULED}
            if statuses - {PENDING} or self.now() > ends:
                return statuses
            self.wait(0.1)

    def _stop_at_an_unknown_sender(self) -> None:
        """End the run if nothing was accepted and the sender alone was refused: only the tester knows who the account has."""
        refusal = self.session.exchanges[-1]
        answer = refusal.json() if refusal.status == 400 else None
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if not self.account.created and isinstance(errors, dict) and list(errors) == ["sender_id"]:
            said = json.dumps(errors["sender_id"], ensure_ascii=False)[:200]
            reason = f"it refuses sender {self.target.sender_id} with {said}: pass a --sender-id that the account has"
            self.session.course.stop(CannotTestError(reason))

    def messages(self, *drafts: Draft) -> list[Created]:
        """Messages of which nothing was deleted yet. In safe mode those of earlier checks are used again where they fit."""
        found: list[Created] = []
        for draft in drafts:
            wanted = min(len(draft.numbers), len(self._numbers))
            fit = [
                created
                for created in sorted(self.known.created, key=lambda created: len(created.ids))
                if created not in found and len(created.sms_ids) >= wanted and self.account.is_untouched(created)
            ]
            found.append(fit[-1 if draft.is_long else 0] if fit else self.create(draft))
        return found

    def post(self, body: object, *, authorization: str | None = "") -> requests.Response:
        """Ask for a message. The body is sent as JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("createSms", body=content, authorization=authorization)

    def sms(self, sms_id: int) -> Sms | None:
        """The report of an SMS, None for 404."""
        response = self.ask("getSms", sms_id)
        return read_sms(response.json()) if response.status_code == 200 else None

    def message(self, message_id: int) -> dict[int, Sms] | None:
        """The report of a message by the ids of its SMS, None for 404."""
        response = self.ask("getMessage", message_id)
        if response.status_code != 200:
            return None
        rows = response.json()
        report = {row["id"]: read_sms(row) for row in rows}
        if len(report) != len(rows):
            fail(
                "each SMS has one row in the report of its message",
                f"several rows have the same id: {_shown(response)}",
            )
        return report

    def delete_sms(self, sms_id: int) -> bool | None:
        """Delete an SMS. The result is `success`, None for 404."""
        response = self.ask("deleteSms", sms_id)
        return cast("bool", response.json()["success"]) if response.status_code == 200 else None

    def delete_message(self, message_id: int) -> int | None:
        """Delete the SMS of a message. The result is `success`, None for 404."""
        response = self.ask("deleteMessage", message_id)
        return cast("int", response.json()["success"]) if response.status_code == 200 else None

    def ask_together(self, *calls: tuple[str, object, object]) -> list[requests.Response]:
        """Send requests at once, each an operation with an id or a body; they are checked as `ask` does."""
        if self.known.has_one_connection:
            raise NotTestedError("it answers on one connection only as long as that is open")
        contents = [b"" if body is None else json.dumps(body).encode() for _, _, body in calls]
        self.session.group = len(self.session.record) + 1
        try:
            with ThreadPoolExecutor(len(calls)) as pool:
                asked = [
                    pool.submit(self.request, *call[:2], body=body) for call, body in zip(calls, contents, strict=True)
                ]
                responses = [future.result() for future in asked]
        finally:
            self.session.group = 0
        for (operation_id, identifier, _), response in zip(calls, responses, strict=True):
            self._check_documented(operation_id, identifier, response)
        return responses

    def ask(
        self, operation_id: str, identifier: object = None, *, body: bytes = b"", authorization: str | None = ""
    ) -> requests.Response:
        """Send a request as `request` does. The check fails if the document does not allow the response."""
        response = self.request(operation_id, identifier, body=body, authorization=authorization)
        self._check_documented(operation_id, identifier, response)
        return response

    def _check_documented(self, operation_id: str, identifier: object, response: requests.Response) -> None:
        case = OPERATIONS[operation_id].Case(path_parameters={} if identifier is None else {"id": identifier})
        self.validate(lambda: case.validate_response(response, checks=_CHECKS))
        if response.status_code in {200, 400}:
            check_encoding(operation_id, response.content)

    def request(
        self, operation_id: str, identifier: object = None, *, body: bytes = b"", authorization: str | None = ""
    ) -> requests.Response:
        """Send a request: with the key if `authorization` is empty, without the header if it is None."""
        operation = OPERATIONS[operation_id]
        path = operation.path.replace("{id}", str(identifier))
        if authorization == "":
            authorization = self.target.authorization
        return self.session.call(operation.method, path, authorization, body)

    def validate(self, check: Callable[[], object]) -> None:
        """Run a check of Schemathesis; what it finds fails the contract check."""
        try:
            check()
        except FailureGroup as group:
            failures = [
                f"{failure.title}: {failure.message}" if failure.message else failure.title
                for failure in group.exceptions
            ]
        else:
            return
        last = self.session.exchanges[-1] if self.session.exchanges else None
        response = f"\n{last.status} {last.response_body[:500].decode(errors='replace')}" if last else ""
        self._fail(CheckFailedError("a response as openapi.yaml describes it", "; ".join(failures) + response))


def _is_redirect(status: int | None) -> bool:
    return status is not None and 300 <= status < 400


def _shown(response: requests.Response) -> str:
    return f"{response.status_code} {response.text[:500]}".strip()


def _cancelled(statuses: Iterable[int]) -> str:
    """Why nothing can be said, if an SMS is cancelled or missed though nobody touched it."""
    found = sorted(status for status in statuses if 20 <= status < 40)
    return f"it cancels what was just created, with status {found[0]}" if found else ""


def _root_cause(error: BaseException) -> BaseException:
    """What a library's exception says at length."""
    while error.__context__:
        error = error.__context__
    return error
