"""Starting and stopping the mock server, and the ways to reach it."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sms_scheduler_mock import MockServer
from sms_scheduler_mock.document import OPENAPI

Body = Callable[..., dict[str, Any]]


def authorized(server: MockServer) -> dict[str, str]:
    return {"Authorization": f"bearer {server.api_key}"}


def connection_to(server: MockServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0))


# --- real HTTP


def test_serves_on_a_free_port_until_the_block_ends() -> None:
    with MockServer() as server:
        url = server.url
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/api/v1")
        assert httpx.get(f"{url}/sms/1", headers=authorized(server)).status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/sms/1")


def test_two_servers_know_nothing_of_each_other(body: Body) -> None:
    with MockServer() as one, MockServer(api_key="another") as other:
        response = httpx.post(f"{one.url}/sms", json=body(), headers=authorized(one))
        assert response.status_code == 200
        assert (len(one.messages), len(other.messages)) == (1, 0)
        assert httpx.get(f"{other.url}/sms/1", headers=authorized(one)).status_code == 401


def test_can_be_started_again_and_remembers(body: Body) -> None:
    server = MockServer()
    for count in (1, 2):
        with server:
            httpx.post(f"{server.url}/sms", json=body(), headers=authorized(server))
        assert len(server.messages) == count


def test_reset_brings_back_a_server_that_was_closed(body: Body) -> None:
    with MockServer(now=datetime(2030, 1, 1, 12), credits=3) as server:
        before = (server.url, server.page_url, server.admin_url, server.api_key, server.now, server.ticking)
        for _ in range(2):
            server.regenerate_key()
            server.ticking = True
            server.advance(days=1)
            server.fault("refuse")
            server.credits = 0
            server.delivery_mix({"MISSED_ERROR": 1})
            server.refuse_number("+33612345678")
            server.senders = [1]
            server.close()
            assert server.url == before[0]  # it has not forgotten where it was
            server.reset()
            assert (server.url, server.page_url, server.admin_url, server.api_key, server.now, server.ticking) == before
            assert httpx.get(f"{server.admin_url}/account").json()["credits"] == 3
            assert httpx.post(f"{server.url}/sms", json=body(), headers=authorized(server)).status_code == 200
            assert (len(server.messages), server.credits, server.mix) == (1, 1, {})
    server.reset()
    with pytest.raises(httpx.ConnectError):  # out of its block it stays closed
        httpx.get(before[0])


def test_reset_brings_back_a_server_that_was_closed_and_opened_again() -> None:
    with MockServer() as server:
        url = server.url
        server.close()
        with server:
            assert server.url == url
        server.reset()
        assert httpx.get(f"{url}/sms/1").status_code == 401


def test_reset_says_what_it_cannot_bring_back() -> None:
    with MockServer() as server:
        server.close()
        port = httpx.URL(server.url).port or 0
        with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match=f"cannot listen on .*:{port}"):
            server.reset()
    with socket.create_server(("127.0.0.1", port)), server:  # opened anew, it may be anywhere
        assert httpx.URL(server.url).port != port


def test_cannot_be_started_twice_at_once(server: MockServer) -> None:
    with pytest.raises(RuntimeError, match="running already"), server:
        pass
    assert httpx.get(f"{server.url}/sms/1").status_code == 401  # the first start is unharmed


@pytest.mark.parametrize(
    "sent", [b"", b"GET /api", b"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
)
def test_stops_quietly_under_open_connections(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with httpx.Client() as client, contextlib.ExitStack() as stack:
        with MockServer() as server:
            slow = stack.enter_context(connection_to(server))
            slow.sendall(sent)
            for _ in range(3):  # by the last one, the server has seen what the slow one sent
                client.get(f"{server.url}/sms/1")
        slow.settimeout(10)
        assert slow.recv(1) == b""
    assert caplog.messages == []


def test_survives_a_client_that_leaves_half_way(
    server: MockServer, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with connection_to(server) as quitter:
        quitter.sendall(b"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    for _ in range(3):  # by the last one, the server has seen the other leave
        assert client.get("/sms/1").status_code == 404
    assert caplog.messages == []


def test_a_taken_port_is_one_clear_error(server: MockServer) -> None:
    port = httpx.URL(server.url).port or 0
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}: ") as caught, MockServer(port=port):
        pass
    assert caught.value.errno


def test_an_unknown_host_is_one_clear_error() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:0: "), MockServer(host="192.0.2.1"):
        pass


def test_a_wildcard_host_has_a_url_to_reach_it_by() -> None:
    with MockServer(host="0.0.0.0") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{server.url}/sms/1").status_code == 401


def test_listens_on_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with MockServer(host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{server.url}/sms/1").status_code == 401


def test_async_block() -> None:
    async def use() -> int:
        async with MockServer() as server, httpx.AsyncClient(base_url=server.url) as client:
            return (await client.get("/sms/1")).status_code

    assert asyncio.run(use()) == 401


def test_many_clients_at_once(server: MockServer, client: httpx.Client, body: Body) -> None:
    def send() -> None:
        for _ in range(20):
            client.post("/sms", json=body())
            server.advance(seconds=1)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.messages) == 80
    assert len({sms.id for message in server.messages for sms in message.sms}) == 160


# --- in process


def test_sync_transport_without_a_server(body: Body) -> None:
    server = MockServer()
    with httpx.Client(base_url=server.url, transport=server.transport, headers=authorized(server)) as client:
        created = client.post("/sms", json=body())
        assert created.status_code == 200
        assert created.json()["message_id"] == server.messages[0].id
        assert client.get("/sms/0").status_code == 404


def test_transport_outlives_its_clients() -> None:
    server = MockServer()
    for _ in range(2):
        with httpx.Client(transport=server.transport) as client:
            assert client.get(f"{server.url}/sms/1").status_code == 401


def test_async_transport_without_a_server(body: Body) -> None:
    server = MockServer()

    async def use() -> int:
        async with httpx.AsyncClient(
            base_url=server.url, transport=server.transport, headers=authorized(server)
        ) as client:
            response = await client.post("/sms", json=body())
        return response.status_code

    assert asyncio.run(use()) == 200
    assert len(server.messages) == 1


def test_sync_transport_inside_an_event_loop() -> None:
    server = MockServer()

    def ask() -> int:
        with httpx.Client(transport=server.transport) as client:
            return client.get(f"{server.url}/sms/1").status_code

    async def use() -> int:
        return ask()

    assert asyncio.run(use()) == 401


def test_transport_and_http_see_the_same_messages(server: MockServer, client: httpx.Client, body: Body) -> None:
    with httpx.Client(base_url=server.url, transport=server.transport, headers=authorized(server)) as local:
        message_id = local.post("/sms", json=body()).json()["message_id"]
    assert len(client.get(f"/message/{message_id}").json()) == 2


def test_transport_takes_streamed_bodies() -> None:
    server = MockServer()
    with httpx.Client(transport=server.transport, headers=authorized(server)) as client:
        chunks = iter([b'{"message_text": ', b"1}"])
        response = client.post(f"{server.url}/sms", content=chunks)
    assert response.status_code == 400
    assert "message_text" in response.json()["errors"]


def test_the_app_is_plain_asgi() -> None:
    server = MockServer()

    async def use() -> int:
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get("http://anything/api/v1/sms/1")).status_code

    assert asyncio.run(use()) == 401


# --- what it is given


@pytest.mark.parametrize("port", [-1, 65536])
def test_refuses_a_port_that_is_none(port: int) -> None:
    with pytest.raises(ValueError, match=f"port is 0 to 65535, not {port}"):
        MockServer(port=port)


@pytest.mark.parametrize("api_key", ["", "two words", "clé", "line\n", " key"])
def test_refuses_a_key_that_no_header_can_carry(api_key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        MockServer(api_key=api_key)


def test_refuses_an_unknown_form_of_sms_ids() -> None:
    with pytest.raises(ValueError, match="lists or integers"):
        MockServer(sms_ids="klingon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("status", [14, "DELIVERED", "10"])
def test_refuses_a_delivery_result_that_is_not_documented(status: int | str) -> None:
    with pytest.raises(ValueError, match="not a documented status"):
        MockServer(delivery_results={"+33612345678": status})


def test_refuses_times_with_a_zone() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="now is a time without a zone"):
        MockServer(now=moment)
    with pytest.raises(ValueError, match="moment is a time without a zone"):
        MockServer().travel_to(moment)


def test_a_time_may_be_a_text_as_in_a_request() -> None:
    server = MockServer(now="2030-01-01 12:00:00")
    assert server.now == datetime(2030, 1, 1, 12)
    server.travel_to("2031-02-03 04:05:06")
    assert server.now == datetime(2031, 2, 3, 4, 5, 6)


NUMBER = "+33612345678"
NONSENSE: list[tuple[Callable[[MockServer], object], str]] = [
    (lambda server: MockServer(now="tomorrow"), "now is a time without a zone, such as 2030-01-01 12:00:00"),
    (lambda server: MockServer(now=cast("Any", 5)), "now is a time|now is datetime"),
    (lambda server: MockServer(credits=cast("Any", "x")), "credits is a whole number, not 'x'"),
    (lambda server: MockServer(credits=cast("Any", 1.5)), "credits is a whole number, not 1.5"),
    (lambda server: MockServer(credits=True), "credits is a whole number, not True"),
    (lambda server: MockServer(api_key=cast("Any", 3)), "api_key is a text, not 3"),
    (lambda server: MockServer(senders=cast("Any", ["x"])), r"senders is Collection\[int\], not \['x'\]"),
    (lambda server: MockServer(ticking=cast("Any", "maybe")), "ticking is true or false, not 'maybe'"),
    (lambda server: MockServer(sms_ids=cast("Any", "both")), "sms_ids is lists or integers, not 'both'"),
    (lambda server: MockServer(port=cast("Any", "8025")), "port is a whole number, not '8025'"),
    (lambda server: MockServer(port=-1), "port is 0 to 65535, not -1"),
    (lambda server: MockServer(allowed_hosts="sms.example"), r"allowed_hosts is Collection\[str\], not 'sms.example'"),
    (lambda server: MockServer(faults="refuse"), r"faults is Collection\[Fault \| str\], not 'refuse'"),
    (lambda server: MockServer(faults=["earthquake"]), "there is no fault 'earthquake'"),
    (lambda server: MockServer(delivery_results={"0612345678": 28}), "delivery_results is a phone number"),
    (lambda server: server.travel_to(cast("Any", date(2031, 1, 1))), "moment is a time without a zone"),
    (lambda server: server.advance(hours=float("nan")), "the clock moves by weeks, days"),
    (lambda server: setattr(server, "ticking", "maybe"), "ticking is true or false, not 'maybe'"),
    (lambda server: setattr(server, "credits", 1.5), "credits is a whole number, not 1.5"),
    (lambda server: setattr(server, "senders", ["x"]), "senders is Collection"),
    (lambda server: setattr(server, "senders", 7), "senders is Collection"),
    (
        lambda server: setattr(server, "refused_numbers", [NUMBER, "abc"]),
        "refused_numbers is a phone number .*, not 'abc'",
    ),
    (lambda server: server.fault("status", status=503, times=cast("Any", 1.5)), "times is a whole number, not 1.5"),
    (lambda server: server.fault("rate_limit", rate=cast("Any", 5)), "rate is a text, not 5"),
    (lambda server: server.fault("latency", seconds=cast("Any", "x")), "seconds is a number, not 'x'"),
    (lambda server: server.fault("hook", hook=cast("Any", 3)), "hook is Callable"),
    (lambda server: server.delivery_mix(cast("Any", ["RECEIVED"])), "mix is Mapping"),
    (lambda server: server.delivery_mix(cast("Any", {"RECEIVED": "x"})), "mix is Mapping"),
    (lambda server: server.delivery_result(NUMBER, cast("Any", [13, 28])), r"\[13, 28\] is not a documented status"),
    (lambda server: server.delivery_result(NUMBER, "received"), r"did you mean RECEIVED \(13\)\?"),
    (
        lambda server: server.delivery_result(NUMBER, 99),
        r"there are SCHEDULED \(10\), PENDING \(11\), .*MISSED_ERROR \(39\)",
    ),
]


@pytest.mark.parametrize(("use", "words"), NONSENSE)
def test_an_argument_that_makes_no_sense_is_said_and_changes_nothing(
    server: MockServer, use: Callable[[MockServer], object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        use(server)
    assert (server.now, server.ticking, server.credits, server.senders) == (datetime(2030, 1, 1, 12), False, None, None)
    assert (server.refused_numbers, server.faults, server.delivery_results, server.mix) == ((), (), {}, {})


@pytest.mark.parametrize(
    "number", ["0612345678", "33612345678", "+33 6 12 34 56 78", "abc", "", None, 3, [NUMBER], (NUMBER, NUMBER)]
)
def test_recipients_that_are_none_are_refused(server: MockServer, number: Any) -> None:
    def use_all() -> Iterator[Callable[[], object]]:
        yield lambda: server.delivery_result(number, 28)
        yield lambda: server.refuse_number(number)
        yield lambda: server.sms_to(number)
        yield lambda: server.sent_to(number)
        if number is not None:  # which is for all of them
            yield lambda: server.clear_delivery_results(number)

    for use in use_all():
        with pytest.raises(ValueError, match=r"is a phone number .*such as \+33612345678"):
            use()
    assert (server.delivery_results, server.refused_numbers) == ({}, ())


def test_a_misspelt_argument_is_told_as_python_tells_it() -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected keyword argument 'allow_hosts'"):
        MockServer(**cast("Any", {"allow_hosts": []}))


# --- the document

Change = Callable[[dict[str, Any]], object]


def altered(folder: Path, change: Change) -> Path:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    change(document)
    path = folder / "openapi.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_paths_codes_and_types_come_from_the_document(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["servers"][0]["url"] = "https://sms.example/api/v2"
        document["paths"]["/messages/{id}"] = document["paths"].pop("/message/{id}")
        schemas = document["components"]["schemas"]
        schemas["SmsStatus"]["enum"][0] = 70
        schemas["NewMessage"]["properties"]["sender_id"]["type"] = ["integer", "null"]

    document = altered(tmp_path, change)
    server = MockServer(document=document)
    assert server.url.endswith("/api/v2")
    with httpx.Client(base_url=server.url, transport=server.transport, headers=authorized(server)) as client:
        fields = {"message_text": "", "delivery_date": "9999-01-01 00:00:00", "phone_numbers": "+33123456789"}
        errors = client.post("/sms", json=fields | {"sender_id": "x"}).json()["errors"]
        assert errors == {"sender_id": ['The field "sender_id" must be a value of type "integer" or "null"']}
        message_id = client.post("/sms", json=fields | {"sender_id": 1}).json()["message_id"]
        assert client.get(f"/messages/{message_id}").json()[0]["status"] == 70


def test_each_message_is_given_once(tmp_path: Path, body: Body) -> None:
    def change(document: dict[str, Any]) -> None:
        fields = document["components"]["schemas"]["NewMessage"]["properties"]
        fields["phone_numbers"] = {"type": "array", "items": {"type": "string"}}

    server = MockServer(document=altered(tmp_path, change))
    with httpx.Client(base_url=server.url, transport=server.transport, headers=authorized(server)) as client:
        errors = client.post("/sms", json=body(phone_numbers=[7, 8])).json()["errors"]
    assert errors == {"phone_numbers": ['The field "phone_numbers" must be a list of type "string"']}


def test_an_operation_it_does_not_know_is_not_implemented(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["paths"]["/sms/{id}"]["get"]["operationId"] = "peek"

    server = MockServer(document=altered(tmp_path, change))
    with httpx.Client(base_url=server.url, transport=server.transport, headers=authorized(server)) as client:
        response = client.get("/sms/1")
        assert (response.status_code, '"peek"' in response.text) == (501, True)
        assert client.delete("/sms/1").status_code == 404


def test_a_document_without_the_usual_statuses_is_refused(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        names = document["components"]["schemas"]["SmsStatus"]["x-enum-varnames"]
        names[names.index("PENDING")] = "WAITING"

    document = altered(tmp_path, change)
    with pytest.raises(ValueError, match="no status PENDING"):
        MockServer(document=document)


@pytest.mark.parametrize("text", ["{", "{}", '{"openapi": "3.1.0"}', "", "[]"])
def test_what_is_no_document_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"broken\.json"):
        MockServer(document=path)


def test_a_document_in_yaml_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text("openapi: 3.1.0\n")
    with pytest.raises(ValueError, match=r"openapi\.yaml is not JSON .*; make JSON of YAML, as with: yq"):
        MockServer(document=path)


# --- as a package


def test_says_what_to_install_when_its_dependencies_are_missing() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from sms_scheduler_mock import MockServer"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.stderr.endswith('the extra "mock": pip install "sms-scheduler[mock]"\n')


def test_never_imports_the_client() -> None:
    code = "import sys, sms_scheduler_mock; sys.exit('sms_scheduler' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_whoever_starts_a_server_keeps_the_event_loop_that_there_was() -> None:
    code = (
        "import asyncio; from sms_scheduler_mock import MockServer; kind = lambda: type(asyncio.new_event_loop())\n"
        "before = kind()\nwith MockServer(): print(kind() is before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n"
