"""The options of a client, what it puts on the wire, and what it lets nobody see."""

import copy
import json
import logging
import pickle
import platform
import subprocess
import sys
import warnings
from datetime import UTC, datetime, tzinfo
from traceback import TracebackException
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sms_scheduler
from sms_scheduler import NotSentError, OutcomeUnknownError, SmsSchedulerError, UnexpectedStatusError
from sms_scheduler._about import httpx

from .any_client import ARGUMENTS, OPERATIONS, AnyClient, Kind
from .conftest import API_KEY, MakeClient
from .faulty_server import BREAKS, FaultyServer, answer, close_after_reading, never_answer, refuse, say

PHONE_NUMBER, TEXT = "+33699999999", "a text for one pair of eyes"
HIDDEN = "a-key-in-no-local-variable"
PRIVATE: dict[str, Any] = {**ARGUMENTS["create_sms"], "phone_numbers": [PHONE_NUMBER], "message_text": TEXT}


class Answers(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport without a network: answers a report, or raises what it is told to."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.error:
            raise self.error
        return httpx.Response(200, json={"phone_number": "+1", "status": 13})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


# The key


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMS_SCHEDULER_API_KEY", raising=False)


@pytest.mark.usefixtures("no_key")
@pytest.mark.parametrize("options", [{}, {"api_key": None}, {"api_key": ""}], ids=str)
def test_no_key(kind: Kind, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SMS_SCHEDULER_API_KEY"):
        AnyClient(kind, **options)


def test_an_empty_key_is_not_replaced(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_SCHEDULER_API_KEY", "the-key-of-somebody-else")
    with pytest.raises(ValueError, match="No API key"):
        AnyClient(kind, api_key="")


@pytest.mark.parametrize(
    ("given", "expected"), [(None, "key-of-the-environment"), ("given-key", "given-key")], ids=["environment", "given"]
)
def test_the_key_is_that_given_or_that_of_the_environment(
    make_client: MakeClient,
    server: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    expected: str,
) -> None:
    monkeypatch.setenv("SMS_SCHEDULER_API_KEY", "key-of-the-environment")
    client = make_client(server.url, api_key=given)
    monkeypatch.delenv("SMS_SCHEDULER_API_KEY")
    client.try_out("get_sms")
    assert server.received[0].headers["Authorization"] == f"Bearer {expected}"


@pytest.mark.parametrize(
    "key", ["secret\n", " secret", "secret\r\nX: y", "secr\u00e9t", "secret\u200b", "secret\ud800", "\x00secret"]
)
def test_a_key_that_cannot_be_sent(make_client: MakeClient, key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        make_client(api_key=key)
    assert "secr" not in str(caught.value)
    with pytest.raises(ValueError, match="API key"):
        make_client().with_options(api_key=key)


# The other options


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("api_key", 5, TypeError),
        ("api_key", b"key", TypeError),
        ("base_url", b"https://a.example", TypeError),
        ("base_url", "", ValueError),
        ("base_url", "a.example/api", ValueError),
        ("base_url", "/api/v1", ValueError),
        ("base_url", "ftp://a.example", ValueError),
        ("base_url", "https://", ValueError),
        ("base_url", "https://a.example:port", ValueError),
        ("base_url", "https://a.example:99999", ValueError),
        ("base_url", "https://a.example:65536", ValueError),
        ("base_url", "https://a.example:0", ValueError),
        ("base_url", "https://a.example:-1", ValueError),
        ("base_url", "https://a.example/?a=b", ValueError),
        ("base_url", "https://a.example/v1?", ValueError),
        ("base_url", "https://a.example/#a", ValueError),
        ("base_url", "https://a.example/v1#", ValueError),
        ("base_url", "https://a..b", ValueError),
        ("base_url", "https://.a.example", ValueError),
        ("base_url", "https://-a.example", ValueError),
        ("base_url", "https://a b.example", ValueError),
        ("base_url", "https://300.1.1.1", ValueError),
        ("base_url", "https://1.2.3.4.5", ValueError),
        ("base_url", f"https://{'a' * 64}.example", ValueError),
        ("base_url", f"https://{'a.' * 130}example", ValueError),
        ("base_url", "https://[::1", ValueError),
        ("base_url", "https://a.example/\n", ValueError),
        ("base_url", "https://a.example/v1 ", ValueError),
        ("base_url", "https://xn--/v1", ValueError),
        ("base_url", "https://user:hunter2/x@a.example", ValueError),
        ("base_url", "https://user:pa55word@a.example", ValueError),
        ("timeout", None, TypeError),
        ("timeout", "5", TypeError),
        ("timeout", True, TypeError),
        ("timeout", 0, ValueError),
        ("timeout", -1, ValueError),
        ("timeout", float("inf"), ValueError),
        ("timeout", float("nan"), ValueError),
        ("timeout", 1e300, ValueError),
        ("timeout", httpx.Timeout(5, read=-1), ValueError),
        ("timeout", httpx.Timeout(float("nan")), ValueError),
        ("deadline", "5", TypeError),
        ("deadline", True, TypeError),
        ("deadline", 0, ValueError),
        ("deadline", float("inf"), ValueError),
        ("max_connections", 0, ValueError),
        ("max_connections", 1.5, TypeError),
        ("max_response_bytes", 0, ValueError),
        ("max_response_bytes", None, TypeError),
        ("max_retries", None, TypeError),
        ("max_retries", 1.0, TypeError),
        ("max_retries", "1", TypeError),
        ("max_retries", True, TypeError),
        ("max_retries", -1, ValueError),
        ("timezone", "Europe/Paris", TypeError),
        ("timezone", 1, TypeError),
        ("timezone", ZoneInfo, TypeError),
        ("transport", "https://proxy.example", TypeError),
        ("transport", httpx.HTTPTransport, TypeError),
        ("transport", object(), TypeError),
    ],
)
def test_an_option_that_cannot_work(make_client: MakeClient, name: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=name) as caught:
        make_client(**{name: value})
    assert "pa55word" not in str(caught.value)
    if name in {"timeout", "deadline", "max_retries", "timezone"} and value is not None:
        with pytest.raises(error, match=name):
            make_client().with_options(**{name: value})


def test_a_transport_of_the_other_kind(kind: Kind) -> None:
    other = httpx.HTTPTransport() if kind == "async" else httpx.AsyncHTTPTransport()
    with pytest.raises(TypeError, match="transport must be an httpx"):
        AnyClient(kind, api_key=API_KEY, transport=other)


@pytest.mark.parametrize("path", ["", "/", "/api/v1", "/api/v1/", "/a%20b"])
def test_the_path_of_the_base_url(make_client: MakeClient, server: FaultyServer, path: str) -> None:
    server.script(answer(404))
    with pytest.raises(SmsSchedulerError):
        make_client(server.url + path).call("get_sms", 5)
    assert server.calls == [f"GET {path.rstrip('/')}/sms/5"]


# Clear text


@pytest.mark.parametrize(
    "host", ["test.sms-scheduler.com", "192.0.2.1", "[2001:db8::1]", "localhost.example", "0.0.0.0"]
)
def test_a_key_in_clear_text_is_warned_of_once(make_client: MakeClient, host: str) -> None:
    with pytest.warns(UserWarning, match="clear text") as caught:
        client = make_client(f"http://{host}/api/v1", transport=Answers())
    assert [warning.filename.endswith("any_client.py") for warning in caught] == [True]
    assert API_KEY not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.with_options(timeout=5).try_out("get_sms")
        client.try_out("get_sms")


@pytest.mark.parametrize(
    "base_url",
    [
        "https://sms-scheduler.com/api/v1",
        "http://localhost:8000",
        "http://LOCALHOST",
        "http://api.localhost",
        "http://127.0.0.1",
        "http://127.8.9.10",
        "http://[::1]:8000",
    ],
)
def test_https_and_loopback_are_not_warned_of(make_client: MakeClient, base_url: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_client(base_url)


# with_options


def test_with_options_shares_the_connections(client: AnyClient, server: FaultyServer) -> None:
    other = client.with_options(timeout=5).with_options(max_retries=0)
    assert type(other.client) is type(client.client)
    for one in (client, other, client, other):
        one.try_out("get_sms")
    assert len(server.received) == 4
    assert server.connections == 1


def observe(client: AnyClient, server: FaultyServer) -> dict[str, object]:
    """The options of a client, by what it does."""
    server.received.clear()
    server.script(*[answer(503)] * 9)
    with pytest.raises(UnexpectedStatusError):
        client.try_out("get_sms")
    observed: dict[str, object] = {"attempts": len(server.received)}
    server.script()
    arguments = {**ARGUMENTS["create_sms"], "delivery_date": datetime(2030, 1, 1, tzinfo=UTC)}
    client.call("create_sms", **arguments)
    observed["date"] = json.loads(server.received[-1].content)["delivery_date"]
    observed["key"] = server.received[-1].headers["Authorization"]
    return observed


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({}, {}),
        ({"timeout": 7}, {}),
        ({"max_retries": 0}, {"attempts": 1}),
        ({"max_retries": 3}, {"attempts": 4}),
        ({"api_key": "another-key"}, {"key": "Bearer another-key"}),
        ({"timezone": ZoneInfo("Europe/Paris")}, {"date": "2030-01-01 01:00:00"}),
    ],
    ids=str,
)
def test_with_options_changes_only_what_is_asked(
    make_client: MakeClient, server: FaultyServer, options: dict[str, Any], changed: dict[str, object]
) -> None:
    client = make_client(server.url, max_retries=1, timezone=UTC)
    before = {"attempts": 2, "date": "2030-01-01 00:00:00", "key": f"Bearer {API_KEY}"}
    other = client.with_options(**options)
    assert observe(other, server) == {**before, **changed}
    assert observe(client, server) == before


@pytest.mark.parametrize(("timeout", "options"), [(3600, {"timeout": 0.05}), (0.05, {"max_retries": 0})], ids=str)
def test_with_options_changes_and_keeps_the_timeout(
    make_client: MakeClient, server: FaultyServer, timeout: float, options: dict[str, Any]
) -> None:
    server.script(never_answer)
    with pytest.raises(OutcomeUnknownError, match="Timeout"):
        make_client(server.url, timeout=timeout).with_options(**options).try_out("create_sms")


@pytest.mark.parametrize("name", ["base_url", "transport"])
def test_with_options_keeps_the_server(client: AnyClient, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        client.with_options(**{name: None})


@pytest.mark.parametrize("zone", [None, UTC], ids=str)
def test_the_repr_tells_the_options(make_client: MakeClient, zone: tzinfo | None) -> None:
    client = make_client(timeout=7.5, max_retries=4, timezone=zone)
    assert repr(client.client).startswith(type(client.client).__name__)
    for part in ("7.5", "4", "http://127.0.0.1:9", repr(zone)):
        assert part in repr(client.client)


# On the wire


@pytest.mark.parametrize("operation", OPERATIONS)
def test_headers(client: AnyClient, server: FaultyServer, operation: str) -> None:
    client.try_out(operation)
    (received,) = server.received
    headers = {name.lower(): value for name, value in received.headers.items()}
    assert headers["authorization"] == f"Bearer {API_KEY}"
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith(f"sms-scheduler/{sms_scheduler.__version__} ")
    assert headers["host"] == server.url.removeprefix("http://")
    assert platform.node() not in headers["user-agent"]
    body = {"content-type", "content-length"} if operation == "create_sms" else set()
    assert headers.keys() == {"authorization", "accept", "accept-encoding", "user-agent", "host", *body}
    assert headers.get("content-type", "application/json; charset=utf-8") == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("create_sms", "POST /sms"),
        ("get_sms", "GET /sms/5000001"),
        ("delete_sms", "DELETE /sms/5000001"),
        ("get_message", "GET /message/123456"),
        ("delete_message", "DELETE /message/123456"),
    ],
)
def test_method_and_path(client: AnyClient, server: FaultyServer, operation: str, call: str) -> None:
    client.try_out(operation)
    assert server.calls == [call]


def test_body(client: AnyClient, server: FaultyServer) -> None:
    client.call("create_sms", **{**ARGUMENTS["create_sms"], "message_text": "Ça va ?"})
    assert (
        server.received[0].content
        == (
            '{"message_text":"Ça va ?","delivery_date":"2030-12-25 12:45:59","sender_id":123,'
            '"phone_numbers":["+33612345678"],"message_stop":false}'
        ).encode()
    )


def test_no_body(client: AnyClient, server: FaultyServer) -> None:
    client.try_out("get_sms")
    assert server.received[0].content == b""


# What nobody gets to see


def unhappy_ends() -> dict[str, list[Any]]:
    return {
        **{name: [step] for name, step in BREAKS.items()},
        "refused": [refuse] * 3,
        "success": [],
        "400": [answer(400, {"errors": {"sender_id": ["no"]}})],
        "401": [answer(401)],
        "429": [answer(429, headers={"Retry-After": "soon"})] * 3,
        "520": [answer(520, b"?")],
        "invalid": [answer(200, {"message_id": "?", "sms_ids": {PHONE_NUMBER: "?"}})],
        "not JSON": [answer(200, f"{PHONE_NUMBER} {TEXT}".encode())],
    }


def with_locals(error: BaseException) -> str:
    """The traceback of an error as tools show it that collect local variables."""
    return "".join(TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize(
    "options", [{"base_url": "https://a..b"}, {"timeout": 0}, {"transport": ()}, {"max_connections": 0}], ids=str
)
def test_a_failing_constructor_does_not_show_the_key(kind: Kind, options: dict[str, Any]) -> None:
    cls = sms_scheduler.AsyncSmsScheduler if kind == "async" else sms_scheduler.SmsScheduler
    with pytest.raises((TypeError, ValueError)) as caught:
        cls(HIDDEN, **options)
    assert HIDDEN not in with_locals(caught.value)
    with pytest.raises(ValueError, match="timeout") as caught:
        cls("key").with_options(api_key=HIDDEN, timeout=0)
    assert HIDDEN not in with_locals(caught.value)


@pytest.mark.parametrize("key", ["a-key-with-a-line-break\n", "a-key-w\u00edth-an-accent"])
def test_a_key_that_cannot_be_sent_is_not_shown(kind: Kind, key: str) -> None:
    cls = sms_scheduler.AsyncSmsScheduler if kind == "async" else sms_scheduler.SmsScheduler
    kept = [key]
    del key
    with pytest.raises(ValueError, match="API key") as caught:
        cls(kept[0])
    frames = [frame for frame in caught.traceback if "sms_scheduler" in str(frame.path)]
    assert frames
    assert "a-key-w" not in "".join(repr(frame.locals) for frame in frames)


@pytest.mark.parametrize("script", unhappy_ends().values(), ids=unhappy_ends().keys())
def test_nothing_private_gets_out(
    make_client: MakeClient, server: FaultyServer, caplog: pytest.LogCaptureFixture, script: list[Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(*script)
    client = make_client(server.url)
    raised: list[SmsSchedulerError] = []
    try:
        client.call("create_sms", **PRIVATE)
    except SmsSchedulerError as error:
        raised.append(error)
    server.script(close_after_reading)
    client.try_out("get_sms")
    assert "sms_scheduler" in {record.name.split(".")[0] for record in caplog.records}
    seen = [f"{record.getMessage()} {vars(record)!r}" for record in caplog.records]
    seen += [f"{error} {error!r}" for error in raised]
    assert API_KEY not in "".join(map(with_locals, raised))
    for secret in (API_KEY, PHONE_NUMBER, TEXT):
        assert secret not in "\n".join(seen)
    assert API_KEY.encode() not in pickle.dumps(raised)
    assert API_KEY not in f"{client.client!r} {client.client} {[vars(error) for error in raised]}"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX"])
def test_what_a_broken_server_echoes_does_not_get_into_errors(
    make_client: MakeClient, server: FaultyServer, start: bytes
) -> None:
    server.script(say(start + f"{API_KEY} {PHONE_NUMBER} {TEXT}\r\n\r\n".encode()))
    with pytest.raises(OutcomeUnknownError, match="RemoteProtocolError: illegal") as caught:
        make_client(server.url).call("create_sms", **PRIVATE)
    for secret in (API_KEY, PHONE_NUMBER, TEXT):
        assert secret not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


def test_the_logger_is_quiet_by_default(
    client: AnyClient, server: FaultyServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    server.script(close_after_reading)
    client.try_out("get_sms")
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["WARNING"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_can_be_neither_pickled_nor_copied(client: AnyClient, duplicate: Any) -> None:
    with pytest.raises(TypeError, match="with_options") as caught:
        duplicate(client.client)
    assert API_KEY not in str(caught.value)


# Transports of other makers


@pytest.mark.parametrize("error", [httpx.ReadError("broken"), httpx.ReadTimeout("late"), httpx.HTTPError("broken")])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_transport_says_of_the_network_is_an_error_of_the_package(
    make_client: MakeClient, operation: str, error: Exception
) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        make_client(transport=Answers(error)).try_out(operation)
    assert caught.value.is_safe_to_retry is (operation != "create_sms")
    assert str(error) in str(caught.value)
    assert caught.value.__cause__ is error
    assert pickle.loads(pickle.dumps(caught.value)).problem == caught.value.problem


class Unforeseen(BaseException):
    """Such as a task queue raises to end a task."""


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a bug"), OSError(5, "a bug"), TimeoutError("theirs"), KeyError("a bug"), AssertionError("unmocked"),
     Unforeseen(), KeyboardInterrupt()],
    ids=repr,
)  # fmt: skip
def test_the_users_own_exceptions_pass_through(make_client: MakeClient, error: BaseException) -> None:
    client = make_client(transport=Answers(error), deadline=60)
    with pytest.raises(type(error)) as caught:
        client.try_out("create_sms")
    assert caught.value is error
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.PoolTimeout("no"),
        httpx.ProxyError("no"),
    ],
)
def test_what_a_transport_could_not_send_was_not_sent(make_client: MakeClient, error: Exception) -> None:
    with pytest.raises(NotSentError):
        make_client(transport=Answers(error)).try_out("create_sms")


# The first client


def test_asyncio_is_imported_for_the_asynchronous_client_alone() -> None:
    code = (
        "import sys; import sms_scheduler as s; s.SmsScheduler('key'); print('asyncio' in sys.modules); "
        "s.AsyncSmsScheduler('key'); print('asyncio' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "False\nTrue\n"
