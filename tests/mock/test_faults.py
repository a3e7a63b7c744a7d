"""Faults, over real HTTP and in process."""

import asyncio
import json
import socket
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
    assert not server.faults


def test_an_answer_can_take_too_long(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("latency", seconds=5, times=1)
    with pytest.raises(httpx.ReadTimeout):
        asking.post("/sms", json=body(), timeout=0.2)
    assert len(server.messages) == 1


def test_a_slow_answer_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer() as server:
        server.fault("latency", seconds=30)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.url}/sms/1", timeout=0.1)
        waiting = threading.Thread(target=pytest.raises, args=(httpx.TransportError, httpx.get, f"{server.url}/sms/1"))
        waiting.start()
        time.sleep(0.1)
    waiting.join(timeout=20)
    assert not waiting.is_alive()
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


def test_the_first_faults_come_back_by_a_reset(body: Body) -> None:
    rate = Fault("rate_limit", rate="2/min")
    server = MockServer(faults=["status:status=503,times=1", rate])
    before = server.faults
    headers = {"Authorization": f"bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, transport=server.transport, headers=headers) as client:
        for _ in range(2):
            assert [client.get("/sms/1").status_code for _ in range(4)] == [503, 404, 404, 429]
            server.fault("refuse")
            server.reset()
            assert server.faults == before
    server.clear_faults()
    assert server.faults == ()


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
        ('{"kind": "status", "status": "x"}', "status is a whole number, not 'x'"),
        ('{"kind": "refuse", "speed": 1}', "a fault has no speed, only kind, times"),
        ('{"kind": "hook"}', "takes a function, which only Python can give"),
        ('{"kind": ', "is not JSON"),
        ("hook", "takes a function, which only Python can give"),
        ("reset:status=500", "the fault reset has no status"),
        ("refuse:retry_after=1", "the fault refuse has no retry_after"),
        ("status:status=429,retry_after=-1", "retry_after is 0"),
        ("refuse:times=0", "1 request or more"),
        ("refuse:times", "is no number"),
        ("refuse:times=1,times=2", "each once"),
        ("refuse:speed=1", "times, operation, seconds, status, body, retry_after, length, location, rate, done"),
        ("slow", "slow:seconds=2"),
        ("length", "length:length=1000"),
        ("length:length=-1", "length is 0 to"),
        ("redirect", "redirect:location=https://sms.example/"),
        ("redirect:location=/x,status=200", "a redirect has status 301"),
        ('{"kind": "redirect", "location": "a\\nb"}', "is no header"),
        ("gateway:status=99", "200 to 599"),
        ("gateway:done=perhaps", "true or false, not 'perhaps'"),
        ("rate_limit", "rate_limit:rate=5/s"),
        ("rate_limit:rate=5", "as in 5/s, 100/min, not '5'"),
        ("rate_limit:rate=0/s", "as in 5/s, 100/min, not '0/s'"),
        ("tls", "a server with TLS: start it with tls_cert"),
        ("refuse:operation=create_sms", "no operation 'create_sms', only createSms"),
    ],
)
def test_what_makes_no_sense_is_refused(server: MockServer, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        server.add_fault(Fault.parse(text))
    assert server.faults == ()


# Answers that are damaged on their way


def raw_answer(server: MockServer, request: bytes = b"GET /api/v1/sms/1") -> bytes:
    """All bytes of the answer, until the server closes the connection or nothing more comes."""
    url = httpx.URL(server.url)
    received = b""
    with socket.create_connection((url.host, url.port or 0), timeout=0.5) as connection:
        connection.sendall(request + b" HTTP/1.1\r\nHost: x\r\nAuthorization: bearer mock-api-key\r\n\r\n")
        try:
            while piece := connection.recv(65536):
                received += piece
        except TimeoutError:
            return received
        return received + b"<closed>"


def sent(asking: httpx.Client, body: Body) -> str:
    """The path of an SMS that was just created."""
    ids = asking.post("/sms", json=body()).json()["sms_ids"]
    return f"/sms/{ids['+33612345678'][0]}"


def test_an_answer_comes_byte_by_byte(server: MockServer, asking: httpx.Client, body: Body) -> None:
    path = sent(asking, body)
    expected = asking.get(path).json()
    server.fault("slow", seconds=1, times=2)
    started = time.monotonic()
    assert asking.get(path, timeout=0.7).json() == expected  # each byte is in time, all of them are not
    assert asking.get("/sms/1").status_code == 404  # which has no body
    assert time.monotonic() - started >= 2


def test_slow_bytes_come_one_after_the_other(server: MockServer, client: httpx.Client, body: Body) -> None:
    path = sent(client, body)
    server.fault("slow", seconds=0.3)
    with client.stream("GET", path) as response:
        pieces = list(response.iter_raw())
    assert len(pieces) > 10


def test_half_of_a_body(server: MockServer, asking: httpx.Client, body: Body) -> None:
    path = sent(asking, body)
    server.fault("half", times=2)
    for what in (path, "/sms/1"):
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            asking.get(what)
    assert asking.get(path).status_code == 200


def test_a_length_that_is_not_that_of_the_body(server: MockServer, asking: httpx.Client, body: Body) -> None:
    path = sent(asking, body)
    server.fault("length", length=1000, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        asking.get(path)
    server.fault("length", length=5, times=1)
    answer = asking.get(path)
    assert (answer.headers["Content-Length"], answer.text) == ("5", '{"pho')


def test_what_is_longer_than_announced_comes_all_the_same(server: MockServer, client: httpx.Client, body: Body) -> None:
    path = sent(client, body)
    server.fault("length", length=5)
    assert raw_answer(server, f"GET /api/v1{path}".encode()).endswith(
        b'content-length: 5\r\n\r\n{"phone_number":"+33612345678","status":10}'
    )


def test_an_answer_that_nobody_asked_for(
    server: MockServer, asking: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    path = sent(asking, body)
    server.fault("twice", times=2)
    assert asking.get(path).json()["status"] == 10
    received = raw_answer(server, f"GET /api/v1{path}".encode())
    if server.faults == ():
        assert received.count(b"HTTP/1.1 200") == received.count(b'"status":10}') == 2
    assert caplog.messages == []


def test_a_redirect(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("redirect", location="https://elsewhere.example/api", times=1)
    server.fault("redirect", location="/login", status=307, times=1)
    first, second = asking.post("/sms", json=body()), asking.post("/sms", json=body())
    assert (first.status_code, first.headers["Location"]) == (302, "https://elsewhere.example/api")
    assert (second.status_code, second.headers["Location"]) == (307, "/login")
    assert server.messages == []


def test_the_page_of_a_gateway(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("gateway", times=1)
    server.fault("gateway", status=504, done=True, times=1)
    down, late = asking.post("/sms", json=body()), asking.post("/sms", json=body())
    assert (down.status_code, down.headers["Content-Type"]) == (502, "text/html")
    assert "<h1>502 Bad Gateway</h1>" in down.text
    assert (late.status_code, "504 Gateway Timeout" in late.text) == (504, True)
    assert len(server.messages) == 1  # the second one was accepted


def test_a_status_after_what_is_asked_was_done(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.fault("status", status=504, done=True, times=1, operation="createSms")
    assert asking.post("/sms", json=body()).status_code == 504
    assert len(server.messages) == 1


def test_requests_are_counted(server: MockServer, asking: httpx.Client) -> None:
    server.fault("rate_limit", rate="3/s")
    statuses = [asking.get("/sms/1").status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]
    assert asking.get("/sms/1").headers["Retry-After"] == "1"
    time.sleep(1)
    assert asking.get("/sms/1").status_code == 404
    server.clear_faults()
    server.fault("rate_limit", rate="1/min", operation="getSms")
    assert [asking.get("/sms/1").status_code for _ in range(2)] == [404, 429]
    assert 50 < int(asking.get("/sms/1").headers["Retry-After"]) <= 60
    assert asking.get("/message/1").status_code == 404  # another operation is not counted


def test_an_error_of_tls_in_process() -> None:
    server = MockServer(tls_cert="cert.pem")  # which is read when it listens
    server.fault("tls")
    with httpx.Client(transport=server.transport) as client, pytest.raises(httpx.ReadError, match="SSL"):
        client.get(f"{server.url}/sms/1")


@pytest.mark.parametrize("kind", ["half", "length", "twice"])
def test_another_asgi_server_is_told_what_it_cannot_damage(server: MockServer, kind: str) -> None:
    server.fault(kind, times=1, length=5 if kind == "length" else None)

    async def use() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as client:
            await client.get("http://anything/api/v1/sms/1")

    with pytest.raises(ConnectionError, match=f"is damaged \\({kind}\\) takes the mock server's own server"):
        asyncio.run(use())


@pytest.mark.parametrize(
    "text",
    [
        "slow:seconds=2",
        "half",
        "length:length=1000",
        "twice",
        "redirect:location=https://sms.example/a,status=308",
        "gateway:status=504,done=true",
        "status:status=504,done=true,times=1",
        "rate_limit:rate=5/s,operation=createSms",
    ],
)
def test_every_kind_has_a_text(server: MockServer, text: str) -> None:
    server.add_fault(Fault.parse(text))
    (fault,) = server.faults
    assert fault.kind == text.partition(":")[0]
    with httpx.Client(base_url=server.admin_url or "") as admin:
        (listed,) = admin.get("/faults").json()
        assert admin.post("/faults", json=listed).json() == [listed, listed]  # the same over HTTP
    assert Fault.parse(json.dumps(listed)) == fault
