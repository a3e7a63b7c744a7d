"""Troubles, over real HTTP and in process."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import FAULTS, MockServer, Trouble

Body = Callable[..., dict[str, Any]]


@pytest.fixture(params=["http", "in process"])
def asking(request: pytest.FixtureRequest, server: MockServer, running_server: MockServer) -> Iterator[httpx.Client]:
    """A client with the key, by either way to the server."""
    transport = server.transport if request.param == "in process" else None
    headers = {"Authorization": f"bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, transport=transport, headers=headers) as client:
        yield client


def test_an_answer_takes_longer(server: MockServer, asking: httpx.Client) -> None:
    server.trouble("latency", seconds=0.2, times=1)
    started = time.monotonic()
    assert asking.get("/sms/1").status_code == 404
    assert time.monotonic() - started >= 0.2
    started = time.monotonic()
    asking.get("/sms/1")
    assert time.monotonic() - started < 0.2


def test_an_answer_can_take_too_long(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.trouble("latency", seconds=5, times=1)
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        asking.post("/sms", json=body(), timeout=0.2)
    assert time.monotonic() - started < 2
    assert len(server.messages) == 1


def test_a_slow_answer_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer() as server:
        server.trouble("latency", seconds=30)
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
    server.trouble("latency", seconds=0.3, times=4)

    async def use(transport: httpx.AsyncBaseTransport | None) -> float:
        async with httpx.AsyncClient(base_url=server.url, transport=transport) as client:
            started = time.monotonic()
            await asyncio.gather(*(client.get("/sms/1") for _ in range(2)))
            return time.monotonic() - started

    assert asyncio.run(use(None)) < 0.55
    assert asyncio.run(use(server.transport)) < 0.55
    assert server.troubles == ()


def test_a_refused_request_is_not_carried_out(
    server: MockServer, asking: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    server.trouble("refuse", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        asking.post("/sms", json=body())
    assert server.messages == []
    assert asking.post("/sms", json=body()).status_code == 200
    assert caplog.messages == []


def test_a_reset_request_is_carried_out(
    server: MockServer, asking: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    server.trouble("reset", times=1)
    with pytest.raises(httpx.ReadError):
        asking.post("/sms", json=body())
    assert len(server.messages) == 1
    assert asking.post("/sms", json=body()).status_code == 200
    assert caplog.messages == []


def test_an_error_status_with_retry_after(server: MockServer, asking: httpx.Client, body: Body) -> None:
    server.trouble("status", status=429, retry_after=2, times=2, operation="createSms")
    assert asking.get("/sms/1").status_code == 404  # another operation is none of its business
    for _ in range(2):
        response = asking.post("/sms", json=body())
        assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    assert asking.post("/sms", json=body()).status_code == 200
    assert len(server.messages) == 1


def test_a_server_error_until_it_is_cleared(server: MockServer, asking: httpx.Client) -> None:
    server.trouble("status", status=503)
    assert [asking.get("/sms/1").status_code for _ in range(5)] == [503] * 5
    server.clear_troubles()
    assert asking.get("/sms/1").status_code == 404


def test_troubles_come_together(server: MockServer, asking: httpx.Client) -> None:
    server.trouble("latency", seconds=0.1)
    server.trouble("latency", seconds=0.1)
    server.trouble("status", status=500)
    started = time.monotonic()
    assert asking.get("/sms/1").status_code == 500
    assert time.monotonic() - started >= 0.2


def test_another_asgi_server_is_told_what_it_cannot_do(server: MockServer) -> None:
    server.trouble("refuse", times=1)

    async def use() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as client:
            await client.get("http://anything/api/v1/sms/1")

    with pytest.raises(ConnectionError, match='"refuse" needs a connection'):
        asyncio.run(use())


def test_a_fault_for_so_many_requests(server: MockServer, asking: httpx.Client, body: Body) -> None:
    created = asking.post("/sms", json=body()).json()
    fault = next(name for name, text in FAULTS.items() if "500" in text or "crash" in name)
    server.fault(fault, times=1)
    assert [str(trouble) for trouble in server.troubles] == [f"{fault}:times=1"]
    assert server.faults == ()
    for _ in range(3):
        for path in (f"/sms/{next(iter(created['sms_ids'].values()))[0]}", f"/message/{created['message_id']}"):
            asking.get(path)
        asking.post("/sms", json=body())
        asking.delete("/message/1")
        asking.delete("/sms/1")
    assert server.troubles == ()


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_a_trouble(name: str) -> None:
    server = SHARED
    server.clear_troubles()
    server.trouble(name)
    server.trouble(name, times=3)
    assert [str(trouble) for trouble in server.troubles] == [name, f"{name}:times=3"]
    assert server.faults == (name,)
    server.clear_troubles()
    assert not server.troubles
    assert not server.faults


SHARED = MockServer(now=datetime(2030, 1, 1))


def test_a_fault_that_is_limited_breaks_what_it_breaks_always(server: MockServer, asking: httpx.Client) -> None:
    server.fault("accepts-no-key", operation="getSms") if "accepts-no-key" in FAULTS else None
    name = next(name for name, text in FAULTS.items() if text.startswith("404") or " 404" in text)
    answers: list[tuple[int, bytes]] = []
    for times in (None, 100):
        server.reset()
        server.fault(name, times=times)
        response = asking.get("/sms/1")
        answers.append((response.status_code, response.content))
    assert answers[0] == answers[1]


def test_reset_ends_troubles_and_brings_back_the_faults_of_the_start() -> None:
    name = next(iter(FAULTS))
    server = MockServer(faults=[name])
    server.trouble("refuse")
    server.reset()
    assert [str(trouble) for trouble in server.troubles] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "refuse",
        "latency:seconds=0.5",
        "status:times=3,operation=createSms,status=429,retry_after=2",
        f"{next(iter(FAULTS))}:times=2",
    ],
)
def test_a_trouble_has_one_text_form(server: MockServer, text: str) -> None:
    assert str(Trouble.parse(text)) == text
    assert Trouble.parse(str(Trouble.parse(text))) == Trouble.parse(text)
    server.add_trouble(text)
    assert [str(trouble) for trouble in server.troubles] == [text]


def test_the_order_in_a_text_does_not_matter() -> None:
    text = "status:status=429,retry_after=2,times=3,operation=createSms"
    expected = Trouble("status", times=3, operation="createSms", status=429, retry_after=2)
    assert Trouble.parse(text) == Trouble.parse(f" {text.replace(',', ' , ')} ") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no trouble ''"),
        ("refused", "did you mean refuse"),
        ("latency", "seconds=0.5"),
        ("latency:seconds=-1", "0 to 86400"),
        ("latency:seconds=nan", "0 to 86400"),
        ("latency:seconds=soon", "'soon' is no number"),
        ("refuse:seconds=1", "nothing else, has seconds"),
        ("status", "status=503"),
        ("status:status=200", "400 to 599"),
        ("reset:status=500", "nothing else, has a status"),
        ("refuse:retry_after=1", "retry_after is"),
        ("refuse:times=0", "1 request or more"),
        ("refuse:times", "is no number"),
        ("refuse:times=1,times=2", "each once"),
        ("refuse:speed=1", "times, operation, seconds, status, retry_after"),
        ("refuse:operation=create_sms", "no operation 'create_sms', only createSms"),
    ],
)
def test_what_makes_no_sense_is_refused(server: MockServer, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        server.add_trouble(text)
    assert server.troubles == ()
