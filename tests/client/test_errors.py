"""What each answer of a server becomes: the tree of errors, and the checks of every body."""

import copy
import gzip
import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
import sms_scheduler
import yaml
from sms_scheduler import (
    ApiError,
    BadRequestError,
    CreatedMessage,
    InvalidResponseError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SmsSchedulerError,
    SmsStatus,
    TransportError,
    UnauthorizedError,
    UnexpectedStatusError,
    WaitTimeoutError,
)

from .any_client import OPERATIONS, AnyClient
from .conftest import MakeClient
from .faulty_server import FaultyServer, answer, close_after_reading, refuse, say

DOCUMENT = yaml.safe_load(Path(__file__).parents[2].joinpath("openapi.yaml").read_text("utf-8"))
OPERATION_IDS = {
    "create_sms": "createSms",
    "get_sms": "getSms",
    "delete_sms": "deleteSms",
    "get_message": "getMessage",
    "delete_message": "deleteMessage",
}
CLASSES = {400: BadRequestError, 401: UnauthorizedError, 404: NotFoundError}
ERRORS = {"message_stop": ["must be a boolean"], "phone_numbers": ["must be a list", "is invalid: +1"]}


def documented_statuses() -> dict[str, set[int]]:
    operations = [
        operation
        for path in DOCUMENT["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post", "delete"}
    ]
    return {operation["operationId"]: {int(status) for status in operation["responses"]} for operation in operations}


DOCUMENTED = {name: documented_statuses()[identifier] - {200} for name, identifier in OPERATION_IDS.items()}


def failure(client: AnyClient, operation: str = "get_sms") -> SmsSchedulerError:
    """The error that a call ends in, once it has been found fit to leave the client."""
    with pytest.raises(SmsSchedulerError) as caught:
        client.try_out(operation)
    error = caught.value
    assert (error.__cause__ is not None) is isinstance(error, TransportError)
    assert error.operation == OPERATION_IDS[operation]
    return error


# Statuses


@pytest.mark.parametrize(
    ("operation", "status"), [(name, status) for name, statuses in DOCUMENTED.items() for status in sorted(statuses)]
)
def test_documented_status(client: AnyClient, server: FaultyServer, operation: str, status: int) -> None:
    content = json.dumps({"errors": ERRORS}).encode()
    server.script(answer(status, content, {"X-Trace": "abc"}))
    error = failure(client, operation)
    assert type(error) is CLASSES[status]
    assert isinstance(error, ApiError)
    assert (error.status_code, error.headers["x-trace"], error.content) == (status, "abc", content)
    assert str(error).startswith(f"{OPERATION_IDS[operation]}: {status} ")


def test_errors_of_a_bad_request(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(400, {"errors": ERRORS, "more": 1}))
    error = failure(client, "create_sms")
    assert isinstance(error, BadRequestError)
    assert error.errors == ERRORS
    assert "phone_numbers: must be a list, is invalid: +1" in str(error)


def test_an_empty_list_for_no_errors(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(400, {"errors": []}))
    error = failure(client, "create_sms")
    assert isinstance(error, BadRequestError)
    assert error.errors == {}


UNDOCUMENTED = [201, 204, 302, 307, 402, 403, 405, 418, 451, 500, 501, 520, 599, 600, 999]


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (name, status)
        for name in OPERATIONS
        for status in [*UNDOCUMENTED, *sorted(CLASSES.keys() - DOCUMENTED[name])]
        if name in {"create_sms", "get_sms"} or status in {204, 400, 520}
    ],
)
def test_undocumented_status(client: AnyClient, server: FaultyServer, operation: str, status: int) -> None:
    content = b"" if status == 204 else b"<h1>Who knows</h1>"
    server.script(answer(status, content, {"Location": f"{server.url}/elsewhere", "X-Trace": "abc"}))
    error = failure(client, operation)
    assert type(error) is UnexpectedStatusError
    assert (error.status_code, error.headers["x-trace"], error.content) == (status, "abc", content)
    assert str(status) in str(error)
    assert len(server.received) == 1


def test_a_redirect_does_not_carry_the_key_elsewhere(make_client: MakeClient, server: FaultyServer) -> None:
    with FaultyServer() as elsewhere:
        server.script(answer(302, headers={"Location": f"{elsewhere.url}/sms/1"}))
        error = failure(make_client(server.url))
    assert isinstance(error, UnexpectedStatusError)
    assert elsewhere.connections == 0


# Retry-After


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("9" * 400, 1e9),
        (" 7 ", 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", 1.5),
        ("0.25", 0.25),
        ("1.", None),
        (".5", None),
        ("1e3", None),
        ("inf", None),
        ("\u00b2", None),
        ("Wed, 99 Oct 2099 07:28:00 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("status", [418, 429])
def test_retry_after(
    make_client: MakeClient, server: FaultyServer, status: int, value: str | None, expected: float | None
) -> None:
    refusal = answer(status, headers={} if value is None else {"Retry-After": value})
    server.script(refusal, refusal, refusal)
    error = failure(make_client(server.url))
    assert type(error) is (RateLimitError if status == 429 else UnexpectedStatusError)
    assert error.status_code == status
    assert error.retry_after == expected


@pytest.mark.parametrize(("zone", "hours"), [("GMT", 0), ("-0000", 0), ("+0200", 2), ("-0930", -9.5), ("EST", -5)])
def test_retry_after_a_date_to_come(client: AnyClient, server: FaultyServer, zone: str, hours: float) -> None:
    until = datetime.now(UTC) + timedelta(days=1, hours=hours)
    server.script(answer(418, headers={"Retry-After": format_datetime(until, usegmt=True).replace("GMT", zone)}))
    error = failure(client)
    assert isinstance(error, UnexpectedStatusError)
    assert error.retry_after is not None
    # a day, less the second that the header has no room for and however slow this test is
    assert 80_000 < error.retry_after <= 86_400


# The tree


def test_the_tree() -> None:
    errors = {cls for cls in vars(sms_scheduler).values() if inspect.isclass(cls) and issubclass(cls, Exception)}
    parents = {cls: next(base for base in cls.__mro__[1:] if base in {*errors, Exception}) for cls in errors}
    assert parents == {
        SmsSchedulerError: Exception,
        ApiError: SmsSchedulerError,
        BadRequestError: ApiError,
        UnauthorizedError: ApiError,
        NotFoundError: ApiError,
        UnexpectedStatusError: ApiError,
        RateLimitError: UnexpectedStatusError,
        InvalidResponseError: SmsSchedulerError,
        WaitTimeoutError: SmsSchedulerError,
        TransportError: SmsSchedulerError,
        NotSentError: TransportError,
        OutcomeUnknownError: TransportError,
    }


EVERY_ERROR = {
    BadRequestError: answer(400, {"errors": ERRORS}),
    UnauthorizedError: answer(401),
    NotFoundError: None,
    UnexpectedStatusError: answer(520, b"?"),
    RateLimitError: answer(429),
    InvalidResponseError: answer(200, b"{}"),
    NotSentError: refuse,
    OutcomeUnknownError: close_after_reading,
}


@pytest.mark.parametrize("expected", EVERY_ERROR)
@pytest.mark.parametrize("duplicate", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_every_error_can_be_copied(
    make_client: MakeClient, server: FaultyServer, expected: type[SmsSchedulerError], duplicate: Any
) -> None:
    operation, step = "create_sms", EVERY_ERROR[expected]
    if step is None:
        operation, step = "get_sms", answer(404)
    server.script(step)
    error = failure(make_client(server.url, max_retries=0), operation)
    other = duplicate(error)
    assert type(error) is type(other) is expected
    assert vars(other) == vars(error)
    assert (str(other), repr(other)) == (str(error), repr(error))
    assert str(error).startswith(OPERATION_IDS[operation])
    assert repr(error).startswith(expected.__name__)


# Whether to call again

REFUSED = {400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 423, 425, 429, 451}
UNCERTAIN = {201, 202, 204, 301, 302, 307, 408, 444, 460, 499, 500, 501, 502, 503, 504, 520, 599, 600, 999}


@pytest.mark.parametrize("status", sorted(REFUSED | UNCERTAIN))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whether_it_is_safe_to_retry_what_a_server_answered(
    make_client: MakeClient, server: FaultyServer, operation: str, status: int
) -> None:
    server.script(answer(status, b"" if status == 204 else b"no JSON"))
    error = failure(make_client(server.url, max_retries=0), operation)
    assert error.is_safe_to_retry is (operation != "create_sms" or status in REFUSED)


@pytest.mark.parametrize("status", [200, 400])
def test_it_is_not_safe_to_retry_what_was_created_however_it_reads(
    client: AnyClient, server: FaultyServer, status: int
) -> None:
    server.script(answer(status, b"{"))
    error = failure(client, "create_sms")
    assert isinstance(error, InvalidResponseError)
    assert error.is_safe_to_retry is (status == 400)


@pytest.mark.parametrize("text", ["line\nbreak", "\x1b[2J\x1b]0;title\x07", "\u202egnirts", "\x00", "\r", "\u2028"])
def test_what_a_server_says_is_escaped(
    make_client: MakeClient, server: FaultyServer, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    server.script(answer(400, {"errors": {text: [text]}}))
    error = failure(make_client(server.url), "create_sms")
    assert isinstance(error, BadRequestError)
    assert error.errors == {text: [text]}
    for shown in (str(error), repr(error), caplog.text.rstrip()):
        assert shown.isprintable()
    assert str(error).count(text.encode("unicode_escape").decode()) == 2


def test_a_message_has_an_end(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(400, {"errors": {"text": ["long" * 100_000]}}))
    assert len(str(failure(client, "create_sms"))) < 3_000


# Bodies

MANGLED: dict[str, bytes] = {
    "empty": b"",
    "HTML": b"<!doctype html><title>It works</title>",
    "text": b"OK",
    "truncated": b'{"message_id": 1, "phone_number": "+33',
    "two documents": b"{} {}",
    "UTF-16": '{"message_id": 1, "sms_ids": {}}'.encode("utf-16"),
    "UTF-8 with a mark": '{"message_id": 1, "sms_ids": {}}'.encode("utf-8-sig"),
    "Latin-1": '{"phone_number": "é", "status": 13, "message_id": 1, "sms_ids": {"é": 1}, "errors": {"é": []}}'.encode(
        "latin-1"
    ),
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"a":' * 100_000,
    "nested where it is ignored": b'{"more": ' + b"[" * 100_000,
    "nested where it counts": b'{"sms_ids": {"+1": ' + b"[" * 100_000,
    "null": b"null",
    "a number": b"1",
    "a string": b'"message_id"',
    "not a number": b'{"message_id": NaN, "sms_ids": {}}',
}


@pytest.mark.parametrize("content", MANGLED.values(), ids=MANGLED.keys())
@pytest.mark.parametrize(("operation", "status"), [*((name, 200) for name in OPERATIONS), ("create_sms", 400)], ids=str)
def test_mangled_body(client: AnyClient, server: FaultyServer, operation: str, status: int, content: bytes) -> None:
    server.script(answer(status, content, {"X-Trace": "abc"}))
    error = failure(client, operation)
    assert type(error) is InvalidResponseError
    assert (error.status_code, error.headers["x-trace"], error.content) == (status, "abc", content)
    assert error.path.startswith("$")
    assert error.problem in str(error)
    assert len(server.received) == 1


ROW = {"id": 1, "phone_number": "+1", "status": 13}


@pytest.mark.parametrize(
    ("operation", "status", "body", "path"),
    [
        ("create_sms", 200, {"sms_ids": {}}, "$"),
        ("create_sms", 200, {"message_id": 1}, "$"),
        ("create_sms", 200, [], "$"),
        ("create_sms", 200, {"message_id": "1", "sms_ids": {}}, "$.message_id"),
        ("create_sms", 200, {"message_id": True, "sms_ids": {}}, "$.message_id"),
        ("create_sms", 200, {"message_id": None, "sms_ids": {}}, "$.message_id"),
        ("create_sms", 200, {"message_id": 1.5, "sms_ids": {}}, "$.message_id"),
        ("create_sms", 200, b'{"message_id": 1e400, "sms_ids": {}}', "$.message_id"),
        ("create_sms", 200, b'{"message_id": ' + b"9" * 5000 + b', "sms_ids": {}}', "$.message_id"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": None}, "$.sms_ids"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": 5}, "$.sms_ids"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": [1]}, "$.sms_ids"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": {"+1": "1"}}, "$.sms_ids[...][0]"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": {"+1": None}}, "$.sms_ids[...][0]"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": {"+1": True}}, "$.sms_ids[...][0]"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": {"+1": {"id": 1}}}, "$.sms_ids[...][0]"),
        ("create_sms", 200, {"message_id": 1, "sms_ids": {"+1": [1], "+2": [1, 2, "3"]}}, "$.sms_ids[...][2]"),
        ("create_sms", 200, b'{"message_id": 1, "sms_ids": {"+1": 1e400}}', "$.sms_ids[...]"),
        ("create_sms", 400, {}, "$"),
        ("create_sms", 400, {"errors": None}, "$.errors"),
        ("create_sms", 400, {"errors": "no"}, "$.errors"),
        ("create_sms", 400, {"errors": ["no"]}, "$.errors"),
        ("create_sms", 400, {"errors": {"sender_id": "no"}}, "$.errors[...]"),
        ("create_sms", 400, {"errors": {"sender_id": ["no", 1]}}, "$.errors[...][1]"),
        ("get_sms", 200, [ROW], "$"),
        ("get_sms", 200, {"phone_number": "+1"}, "$"),
        ("get_sms", 200, {"phone_number": 1, "status": 13}, "$.phone_number"),
        ("get_sms", 200, {"phone_number": None, "status": 13}, "$.phone_number"),
        ("get_sms", 200, {"phone_number": "+1", "status": "13"}, "$.status"),
        ("get_sms", 200, {"phone_number": "+1", "status": True}, "$.status"),
        ("get_sms", 200, {"phone_number": "+1", "status": 13.5}, "$.status"),
        ("get_sms", 200, b'{"phone_number": "+1", "status": 1e400}', "$.status"),
        ("delete_sms", 200, {"success": 1}, "$.success"),
        ("delete_sms", 200, {"success": "true"}, "$.success"),
        ("delete_sms", 200, {"success": None}, "$.success"),
        ("delete_sms", 200, {}, "$"),
        ("get_message", 200, {}, "$"),
        ("get_message", 200, {"0": ROW}, "$"),
        ("get_message", 200, [ROW, None], "$[1]"),
        ("get_message", 200, [ROW, ROW, ROW, {**ROW, "status": None}], "$[3].status"),
        ("get_message", 200, [{**ROW, "id": "1"}], "$[0].id"),
        ("get_message", 200, [ROW, {"id": 1, "status": 13}], "$[1]"),
        ("delete_message", 200, {"success": True}, "$.success"),
        ("delete_message", 200, {"success": "3"}, "$.success"),
        ("delete_message", 200, [], "$"),
    ],
)
def test_body_of_the_wrong_shape(
    client: AnyClient, server: FaultyServer, *, operation: str, status: int, body: object, path: str
) -> None:
    server.script(answer(status, body))
    error = failure(client, operation)
    assert type(error) is InvalidResponseError
    assert error.path == path
    assert str(error).endswith(f" at {path}")


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip", "what\x1b[31m"])
def test_an_encoding_that_was_not_asked_for(client: AnyClient, server: FaultyServer, encoding: str) -> None:
    body = gzip.compress(b'{"message_id": 1, "sms_ids": {}}')
    server.script(answer(200, body, {"Content-Encoding": encoding}))
    error = failure(client, "create_sms")
    assert isinstance(error, InvalidResponseError)
    assert (error.content, error.is_safe_to_retry) == (body, False)
    assert "encoded as" in str(error)
    assert "\x1b" not in str(error)
    assert len(server.received) == 1


@pytest.mark.parametrize("encoding", ["Identity", "", "identity, identity"])
def test_no_encoding_by_another_name(client: AnyClient, server: FaultyServer, encoding: str) -> None:
    server.script(answer(200, {"success": True}, {"Content-Encoding": encoding}))
    assert client.call("delete_sms", 1).success is True


def test_a_body_that_ends_with_the_connection(client: AnyClient, server: FaultyServer) -> None:
    server.script(say(b'HTTP/1.0 200 OK\r\n\r\n{"success": true}'))
    assert client.call("delete_sms", 1).success is True


@pytest.mark.parametrize(
    ("sms_ids", "expected"),
    [
        ([], {}),
        ({}, {}),
        ({"+1": 5}, {"+1": [5]}),
        ({"+1": [5, 6], "+2": 7, "+3": []}, {"+1": [5, 6], "+2": [7], "+3": []}),
        ({"+1": 10**30}, {"+1": [10**30]}),
    ],
)
def test_shapes_of_sms_ids(client: AnyClient, server: FaultyServer, sms_ids: object, expected: object) -> None:
    server.script(answer(200, {"message_id": 1, "sms_ids": sms_ids}))
    created = client.try_out("create_sms")
    assert created.sms_ids == expected
    assert all(isinstance(ids, list) for ids in created.sms_ids.values())
    assert pickle.loads(pickle.dumps(created)) == copy.deepcopy(created) == created


def test_models_that_hold_lists_or_dicts_are_not_hashable_and_all_others_are(
    client: AnyClient, server: FaultyServer
) -> None:
    created, report, again = client.try_out("create_sms"), client.try_out("get_sms"), client.try_out("get_sms")
    with pytest.raises(TypeError, match="unhashable type: 'CreatedMessage'"):
        hash(created)
    assert len({report, again}) == 1


def test_models_become_plain_data(client: AnyClient, server: FaultyServer) -> None:
    created = client.try_out("create_sms")
    plain = {"message_id": 123456, "sms_ids": {"+33612345678": [5000001]}}
    assert attrs.asdict(created) == msgspec.to_builtins(created) == plain
    assert json.loads(msgspec.json.encode(created)) == plain
    assert CreatedMessage(message_id=123456, sms_ids={"+33612345678": [5000001]}) == created
    assert msgspec.to_builtins(client.try_out("get_sms")) == {"phone_number": "+33612345678", "status": 13}


def test_fields_that_the_document_does_not_know_are_ignored(client: AnyClient, server: FaultyServer) -> None:
    server.script(
        answer(200, {"message_id": 1, "sms_ids": {}, "credits": [{"left": 3}]}), answer(200, [{**ROW, "cost": 0.05}])
    )
    assert client.try_out("create_sms") == CreatedMessage(message_id=1, sms_ids={})
    (row,) = client.try_out("get_message")
    assert (row.id, row.phone_number, row.status) == (1, "+1", SmsStatus.RECEIVED)


def test_no_rows(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(200, []))
    assert client.try_out("get_message") == []


# Statuses of SMS

STATUS = DOCUMENT["components"]["schemas"]["SmsStatus"]
LISTED = list(
    zip(
        STATUS["enum"],
        STATUS["x-enum-varnames"],
        STATUS["x-enum-descriptions"],
        STATUS["x-enum-final"],
        strict=True,
    )
)


def test_the_statuses_are_those_of_the_document() -> None:
    assert [(status.value, status.name, status.description, status.is_final) for status in SmsStatus] == LISTED
    assert (10, "SCHEDULED", "Scheduled", False) in LISTED


@pytest.mark.parametrize("code", [0, 14, 99, -5, 2**63])
def test_unknown_status(client: AnyClient, server: FaultyServer, code: int) -> None:
    server.script(answer(200, {"phone_number": "+1", "status": code}), answer(200, [ROW, {**ROW, "status": code}]))
    status = client.try_out("get_sms").status
    assert isinstance(status, SmsStatus)
    assert status.name == f"UNKNOWN_{code}"
    assert status == code == status.value
    assert hash(status) == hash(code)
    assert str(code) in status.description
    assert status.is_final is False
    assert status not in list(SmsStatus)
    assert pickle.loads(pickle.dumps(status)) == copy.deepcopy(status) == status
    assert pickle.loads(pickle.dumps(status)).name == status.name
    assert client.try_out("get_message")[1].status == status
    assert repr(status) == f"<SmsStatus.UNKNOWN_{code}: {code}>"


@pytest.mark.parametrize("value", ["13", "SENT", None, True, 13.5])
def test_what_is_no_code_is_no_status(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid SmsStatus"):
        SmsStatus(value)
