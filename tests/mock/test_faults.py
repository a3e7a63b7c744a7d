"""Faults, over real HTTP and in process."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import Fault, MockServer, Request, Response

Body = Callable[..., dict[str, Any]]


@pytest.fixture(params=["http", "in process"])
def asking(request: pytest.FixtureRequest, server: MockServer, running_server: MockServer) -> Iterator[httpx.Client]:
    """A client with the key, by either way to the server."""
    transport = server.transport if request.param == "in process" else None
    headers = {"Authorization": f"bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, transport=transport, headers=headers) as client:
        yield client


def test_an_answer_takes_longer(server: MockServer, asking: httpx.Client) -> None:
    server.fault("latency", seconds=0.2, times=1)
    started = time.monotonic()
    assert asking.get("/sms/1").status_code == 404
    assert time.monotonic() - started >= 0.2
    started = time.monotonic()
    asking.get("/sms/1")
    assert time.monotonic() - started < 0.2


def test_an_answer_can_take_too_long(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("latency", seconds=5, times=1)
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        asking.post("/sms", json=body(), timeout=0.2)
    assert time.monotonic() - started < 2
    assert len(server.messages) == 1


def test_a_slow_answer_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer() as server:
        server.fault("latency", seconds=30)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.url}/sms/1", timeout=0.1)
        waiting = threading.Thread(target=pytest.raises, args=(httpx.TransportError, httpx.get, f"{server.url}/sms/1"))
        waiting.start()
        time.sleep(0.1)
        started = time.monotonic()
    waiting.join(timeout=5)
    assert time.monotonic() - started < 0.5
    assert caplog.messages == []


def test_one_slow_answer_does_not_hold_up_others(server: MockServer) -> None:
    server.fault("latency", seconds=0.3, times=4)

    async def use(transport: httpx.AsyncBaseTransport | None) -> float:
        async with httpx.AsyncClient(base_url=server.url, transport=transport) as client:
            started = time.monotonic()
            await asyncio.gather(*(client.get("/sms/1") for _ in range(2)))
            return time.monotonic() - started

    assert asyncio.run(use(None)) < 0.55
    assert asyncio.run(use(server.transport)) < 0.55
    assert server.faults == ()


def test_a_refused_request_is_not_carried_out(
    server: MockServer, asking: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("refuse", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        asking.post("/sms", json=body())
    assert server.messages == []
    assert asking.post("/sms", json=body()).status_code == 200
    assert caplog.messages == []


def test_a_reset_request_is_carried_out(
    server: MockServer, asking: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("reset", times=1)
    with pytest.raises(httpx.ReadError):
        asking.post("/sms", json=body())
    assert len(server.messages) == 1
    assert asking.post("/sms", json=body()).status_code == 200
    assert caplog.messages == []


def test_an_error_status_with_retry_after(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("status", status=429, retry_after=2, times=2, operation="createSms")
    assert asking.get("/sms/1").status_code == 404  # another operation is none of its business
    for _ in range(2):
        response = asking.post("/sms", json=body())
        assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    assert asking.post("/sms", json=body()).status_code == 200
    assert len(server.messages) == 1


def test_a_server_error_until_it_is_cleared(server: MockServer, asking: httpx.Client) -> None:
    server.fault("status", status=503)
    assert [asking.get("/sms/1").status_code for _ in range(5)] == [503] * 5
    server.clear_faults()
    assert asking.get("/sms/1").status_code == 404


def test_faults_come_together(server: MockServer, asking: httpx.Client) -> None:
    server.fault("latency", seconds=0.1)
    server.fault("latency", seconds=0.1)
    server.fault("status", status=500)
    started = time.monotonic()
    assert asking.get("/sms/1").status_code == 500
    assert time.monotonic() - started >= 0.2


def test_another_asgi_server_is_told_what_it_cannot_do(server: MockServer) -> None:
    server.fault("refuse", times=1)

    async def use() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as client:
            await client.get("http://anything/api/v1/sms/1")

    with pytest.raises(ConnectionError, match="to close a connection"):
        asyncio.run(use())


def test_faults_that_answer_come_in_turn(server: MockServer, asking: httpx.Client) -> None:
    server.fault("status", status=429, times=2)
    server.fault("status", status=503, times=1)
    assert [asking.get("/sms/1").status_code for _ in range(4)] == [429, 429, 503, 404]
    assert server.faults == ()


def test_a_closed_request_is_carried_out(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("close", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        asking.post("/sms", json=body())
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b"\xff\x00", (b"\xff\x00", None)),
        ("Down for maintenance", (b"Down for maintenance", "text/plain; charset=utf-8")),
        ({"reason": ["é"]}, ('{"reason":["é"]}'.encode(), "application/json; charset=utf-8")),
        (None, (b"", None)),
    ],
)
@pytest.mark.parametrize("status", [200, 299, 302, 418, 503, 599])
def test_any_status_with_any_body(
    server: MockServer, asking: httpx.Client, status: int, body: object, sent: tuple[bytes, str | None]
) -> None:
    server.fault("status", status=status, body=body, headers={"X-Reason": "test"})
    response = asking.get("/sms/1")
    assert (response.status_code, response.headers["X-Reason"]) == (status, "test")
    assert (response.content, response.headers.get("Content-Type")) == sent


def test_a_refusal_has_the_documented_errors_unless_it_has_a_body(server: MockServer, asking: httpx.Client) -> None:
    server.fault("status", status=400, times=1)
    server.fault("status", status=400, body="No", headers={"Content-Type": "text/html"})
    assert asking.get("/sms/1").json()["errors"]
    response = asking.get("/sms/1")
    assert (response.text, response.headers["Content-Type"]) == ("No", "text/html")


def test_a_hook_sees_the_request_and_the_answer_and_may_change_either(
    server: MockServer, asking: httpx.Client, body: Body
) -> None:
    seen: list[tuple[object, ...]] = []

    def hook(request: Request, answer: Callable[[Request], Response]) -> Response:
        text = request.json()["message_text"]
        response = answer(replace(request, body=request.body.replace(b"Hello", b"Goodbye")))
        seen.append((request.method, request.operation, request.id, text, response.status, response.body))
        return replace(response, status=201, headers={"X-Seen": "yes"})

    server.fault("hook", hook=hook, operation="createSms")
    created = asking.post("/sms", json=body())
    assert (created.status_code, created.headers["X-Seen"]) == (201, "yes")
    assert seen == [("POST", "createSms", "", "Hello world", 200, created.json())]
    assert server.messages[0].text == "Goodbye world"
    assert asking.get(f"/message/{created.json()['message_id']}").status_code == 200


def test_a_hook_may_answer_itself_slowly_or_not_at_all(server: MockServer, asking: httpx.Client) -> None:
    server.fault("hook", hook=lambda request, answer: Response(200, {"id": request.id}, delay=0.1), times=1)
    server.fault("hook", hook=lambda request, answer: Response(200, hang_up="reset"), times=1)
    started = time.monotonic()
    assert asking.get("/sms/7").json() == {"id": "7"}
    assert time.monotonic() - started >= 0.1
    with pytest.raises(httpx.ReadError):
        asking.get("/sms/7")


def test_a_hook_goes_around_the_faults_after_it(server: MockServer, asking: httpx.Client) -> None:
    server.fault("hook", hook=lambda request, answer: replace(answer(request), body="It was caught"))
    server.fault("status", status=503, operation="getSms")
    response = asking.get("/sms/1")
    assert (response.status_code, response.text) == (503, "It was caught")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "the hook returned None, which is no Response"),
        (Response(99), "a final status is 200 to 599, not 99"),
        (Response(200, {1, 2}), "not JSON serializable"),
        (Response(200, headers={"X": "a\r\nY: b"}), "is no header"),
        (Response(204, "text"), "status 204 has no body"),
    ],
)
def test_what_a_hook_cannot_answer_is_said(
    server: MockServer, asking: httpx.Client, answer: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("hook", hook=lambda *_: answer, times=1)
    response = asking.get("/sms/1")
    assert (response.status_code, words in response.text) == (500, True)
    assert words in caplog.text
    assert asking.get("/sms/1").status_code == 404


def test_the_order_in_a_text_does_not_matter() -> None:
    text = "status:status=429,retry_after=2,times=3,operation=createSms"
    expected = Fault("status", times=3, operation="createSms", status=429, retry_after=2)
    assert Fault.parse(text) == Fault.parse(f" {text.replace(',', ' , ')} ") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no fault ''"),
        ("refused", "did you mean refuse"),
        ("latency", "seconds=0.5"),
        ("latency:seconds=-1", "0 to 86400"),
        ("latency:seconds=nan", "0 to 86400"),
        ("latency:seconds=soon", "'soon' is no number"),
        ("refuse:seconds=1", "the fault refuse has no seconds"),
        ("status", "status=503"),
        ("status:status=199", "200 to 599"),
        ("status:status=600", "200 to 599"),
        ("status:status=204,body=x", "status 204 has no body"),
        ('{"kind": "status", "status": 503, "headers": {"Content-Length": "1"}}', "written by the server"),
        ('{"kind": "status", "status": 503, "headers": {"X": "a\\nb"}}', "is no header"),
        ('{"kind": "status", "status": "x"}', "cannot be sent"),
        ('{"kind": "refuse", "speed": 1}', "is no fault"),
        ('{"kind": ', "is not JSON"),
        ("hook", "needs hook"),
        ("reset:status=500", "the fault reset has no status"),
        ("refuse:retry_after=1", "the fault refuse has no retry_after"),
        ("status:status=429,retry_after=-1", "retry_after is 0"),
        ("refuse:times=0", "1 request or more"),
        ("refuse:times", "is no number"),
        ("refuse:times=1,times=2", "each once"),
        ("refuse:speed=1", "times, operation, seconds, status, body, retry_after"),
        ("refuse:operation=create_sms", "no operation 'create_sms', only createSms"),
    ],
)
def test_what_makes_no_sense_is_refused(server: MockServer, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        server.add_fault(Fault.parse(text))
    assert server.faults == ()
