"""HTTP as clients send it: in odd pieces, with headers for other servers, over either family of addresses and over TLS."""

import gzip
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]
GET = b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\nAuthorization: bearer mock-api-key\r\n"


def port_of(server: MockServer) -> int:
    return httpx.URL(server.url).port or 0


class Connection:
    """A bare connection that reads answers one by one."""

    def __init__(self, server: MockServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port_of(server)), timeout=10)
        self.file = self.socket.makefile("rb")

    def answer(self) -> tuple[int, bytes]:
        status = int(self.file.readline().split()[1])
        length = 0
        while (line := self.file.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return status, self.file.read(length)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def connection(server: MockServer) -> Iterator[Connection]:
    connection = Connection(server)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://sms.example/api/v1/sms/1", 404),
        ("HTTP://127.0.0.1:8025/api/v1/sms/1?x=1", 404),
        ("http://sms.example", 200),
        ("http://sms.example/", 200),
        ("/api/v1/sms/1", 404),
    ],
)
def test_targets_as_for_a_proxy(connection: Connection, target: str, status: int) -> None:
    connection.socket.sendall(GET.replace(b"/api/v1/sms/1", target.encode()) + b"\r\n")
    assert connection.answer()[0] == status


def test_empty_lines_before_a_request(connection: Connection) -> None:
    for lines in (b"", b"\r\n", b"\r\n\r\n"):  # after the body of the one before, say
        connection.socket.sendall(lines + GET + b"\r\n")
        assert connection.answer()[0] == 404


HEADERS: dict[str, Callable[[int], bytes]] = {
    "one header": lambda size: b"X-Large: " + b"x" * size + b"\r\n",
    "many headers": lambda size: b"".join(b"X-%d: %s\r\n" % (place, b"x" * 90) for place in range(size // 100)),
}


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("pieces", [1, 2, 30])
@pytest.mark.parametrize(("size", "status"), [(20_000, 404), (60_000, 404), (80_000, 431)])
def test_long_headers_are_alike_in_any_number_of_pieces(
    connection: Connection, kind: str, pieces: int, size: int, status: int
) -> None:
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = GET + HEADERS[kind](size) + b"\r\n"
    step = -(-len(head) // pieces)
    try:
        for begin in range(0, len(head), step):
            connection.socket.sendall(head[begin : begin + step])
        answer = connection.answer()
    except ConnectionError:  # it was refused before all of it was sent
        answer = (431, b"65536 bytes")
    assert answer[0] == status
    assert (b"65536 bytes" in answer[1]) is (status == 431)


def test_a_long_body_is_no_long_head(connection: Connection, server: MockServer, body: Body) -> None:
    content = json.dumps(body(message_text="x" * 300_000)).encode()
    head = GET.replace(b"GET /api/v1/sms/1", b"POST /api/v1/sms") + b"Content-Length: %d\r\n\r\n" % len(content)
    for _ in range(2):
        connection.socket.sendall(head + content)
        assert connection.answer()[0] == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_a_compressed_body_is_refused_by_what_it_is(
    server: MockServer, client: httpx.Client, body: Body, coding: str
) -> None:
    content = gzip.compress(json.dumps(body()).encode())
    with httpx.Client(base_url=server.url, transport=server.transport, headers=client.headers) as in_process:
        for way in (client, in_process):
            answer = way.post("/sms", content=content, headers={"Content-Encoding": coding})
            assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
            assert "Content-Encoding" in answer.text
    plain = client.post("/sms", json=body(), headers={"Content-Encoding": "identity"})
    assert plain.status_code == 200


UPGRADES = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    b"Upgrade: TLS/1.2, HTTP/1.1\r\nConnection: upgrade\r\n",
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
]


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_a_wish_to_upgrade_is_overlooked(
    connection: Connection, server: MockServer, body: Body, upgrade: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    content = json.dumps(body()).encode()
    post = GET.replace(b"GET /api/v1/sms/1", b"POST /api/v1/sms") + upgrade
    whole = post + b"Content-Length: %d\r\n\r\n" % len(content) + content
    chunked = post + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    connection.socket.sendall(whole + chunked)  # one after the other, on one connection
    assert [connection.answer()[0] for _ in range(2)] == [200, 200]
    for part in (whole[:200], whole[200:], GET + upgrade + b"\r\n"):
        connection.socket.sendall(part)
    assert [connection.answer()[0] for _ in range(2)] == [200, 404]
    assert [message.text for message in server.messages] == ["Hello world"] * 3
    assert caplog.messages == []


def test_it_is_no_proxy(connection: Connection) -> None:
    connection.socket.sendall(b"CONNECT sms.example:443 HTTP/1.1\r\nHost: sms.example:443\r\n\r\n")
    assert connection.answer()[0] == 400


@pytest.mark.parametrize(
    ("written", "sender_id"),
    [("1e23", 10**23), ("9007199254740993", 2**53 + 1), ("9007199254740993.0", 2**53 + 1), ("12.5e1", 125), ("1e0", 1)],
)
def test_whole_numbers_are_kept_exactly(
    server: MockServer, client: httpx.Client, body: Body, written: str, sender_id: int
) -> None:
    content = json.dumps(body(sender_id=77)).replace("77", written)
    assert client.post("/sms", content=content).status_code == 200
    assert server.messages[0].sender_id == sender_id
    assert f'"sender_id":{sender_id},' in httpx.get(f"{server.admin_url}/messages").text


@pytest.mark.parametrize("written", ["1e400", "1e99999999999999999999", "1.5", "1e-3"])
def test_numbers_that_are_not_whole_are_refused(client: httpx.Client, body: Body, written: str) -> None:
    answer = client.post("/sms", content=json.dumps(body(sender_id=77)).replace("77", written))
    assert (answer.status_code, list(answer.json())) == (400, ["errors"])


# Where it is reached


@pytest.mark.parametrize("host", ["localhost", "::"])
def test_both_families_of_addresses(host: str) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with MockServer(host=host, admin=True) as server:
        for address in ("127.0.0.1", "[::1]"):
            root = f"http://{address}:{port_of(server)}"
            assert httpx.get(f"{root}/api/v1/sms/1").status_code == 401
            assert httpx.get(f"{root}/_mock/clock").status_code == 200
        assert httpx.get(f"{server.url}/sms/1").status_code == 401
        with pytest.raises(OSError, match="cannot listen on"), MockServer(host=host, port=port_of(server)):
            pass


def test_by_default_it_is_administered_over_either_family() -> None:
    with MockServer(host="localhost") as server:
        assert httpx.get(f"http://127.0.0.1:{port_of(server)}/_mock/clock").status_code == 200


@pytest.mark.parametrize("options", [{}, {"admin": False}, {"host": "0.0.0.0"}], ids=str)
def test_a_health_check_needs_no_key_and_meets_no_fault(options: dict[str, Any]) -> None:
    with MockServer(**options) as server:
        server.fault("status", status=503)
        server.fault("refuse")
        url = f"http://127.0.0.1:{port_of(server)}/_mock/health"
        answer = httpx.get(url, headers={"Host": "probe.example"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert httpx.head(url).status_code == 200
        assert httpx.post(url).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("is_taken_away", [False, True])
def test_behind_a_prefix_of_a_proxy(is_taken_away: bool) -> None:
    with MockServer(path_prefix="/tools/sms") as server:
        assert server.url.endswith("/tools/sms/api/v1")
        prefix = "" if is_taken_away else "/tools/sms"
        root = f"http://127.0.0.1:{port_of(server)}{prefix}"
        assert httpx.get(f"{root}/api/v1/sms/1", headers={"Authorization": "bearer mock-api-key"}).status_code == 404
        assert httpx.get(f"{root}/api/v1/sms/1").status_code == 401
        assert httpx.get(f"{root}/_mock/health").status_code == 200
        assert httpx.get(f"{root}/_mock/clock").status_code == 200
        assert httpx.get(f"{root}/_mock/page/page.js").status_code == 200
        assert httpx.get(f"{root}/").status_code == 200
        assert httpx.get(f"{root}/_mock/openapi.json").json()["servers"] == [{"url": "/tools/sms/api/v1"}]
        assert httpx.get(f"{root}/_mock/admin.json").json()["servers"] == [{"url": "/tools/sms/_mock"}]
    assert httpx.URL(server.admin_url or "").path == "/tools/sms/_mock"


def test_a_prefix_without_its_slash_leads_to_the_page() -> None:
    with MockServer(path_prefix="/tools/sms") as server:
        answer = httpx.get(f"http://127.0.0.1:{port_of(server)}/tools/sms", follow_redirects=True)
        assert (answer.status_code, str(answer.url)) == (200, server.page_url)
        missing = httpx.get(f"{server.page_url}v1/sms/1")
        assert (missing.status_code, "below /tools/sms/api/v1/" in missing.text) == (404, True)


@pytest.mark.parametrize(
    "prefix", ["sms", "/sms/", "/", "/a//b", "/a?b", "/a b", "/a%20b", "/../x", "/a/.", "/a/../b", "/a#b", "/é", "/a\n"]
)
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="path_prefix has letters, digits and"):
        MockServer(path_prefix=prefix)


ORIGIN = "http://localhost:5173"


def test_pages_under_development_may_ask_by_an_option(body: Body) -> None:
    with MockServer(cors_origins=[ORIGIN]) as server:
        asking = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        for url in (f"{server.url}/sms", f"{server.admin_url}/reset"):
            preflight = httpx.options(url, headers={"Origin": ORIGIN, **asking})
            assert preflight.status_code == 200
            assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
            other = httpx.options(url, headers={"Origin": "http://other.example", **asking})
            assert "Access-Control-Allow-Origin" not in other.headers
        headers = {"Origin": ORIGIN, "Authorization": "bearer mock-api-key"}
        sent = httpx.post(f"{server.url}/sms", json=body(), headers=headers)
        assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
        assert httpx.post(f"{server.admin_url}/reset", headers=headers).status_code == 204
        assert server.messages == []
        stranger = httpx.post(f"{server.admin_url}/reset", headers={"Origin": "http://other.example"})
        assert stranger.status_code == 403


def test_all_pages_may_ask_the_api_but_not_administer() -> None:
    with MockServer(cors_origins=["*"]) as server:
        headers = {"Origin": "http://other.example"}
        assert httpx.get(f"{server.url}/sms/1", headers=headers).headers["Access-Control-Allow-Origin"] == "*"
        assert httpx.post(f"{server.admin_url}/reset", headers=headers).status_code == 403


def test_without_the_option_no_page_may(client: httpx.Client) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/sms/1", headers={"Origin": ORIGIN}).headers


@pytest.mark.parametrize("origin", ["localhost:5173", "http://localhost:5173/", "null", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="cors_origins is an origin such as"):
        MockServer(cors_origins=[origin])


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_https(authority: trustme.CA, pem: tuple[Path, Path]) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with MockServer(tls_cert=pem[0], tls_key=pem[1]) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with httpx.Client(verify=context) as client:
            assert client.get(f"{server.url}/sms/1").status_code == 401
            assert client.get(server.page_url or "").status_code == 200
            server.fault("tls", times=1)
            with pytest.raises(httpx.ReadError, match="SSL"):
                client.get(f"{server.url}/sms/1")
            assert client.get(f"{server.url}/sms/1").status_code == 401
            for kind in ("close", "reset"):
                server.fault(kind, times=1)
                with pytest.raises(httpx.TransportError):
                    client.get(f"{server.url}/sms/1")
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"{server.url}/sms/1")


def test_a_certificate_that_cannot_be_used_is_one_line(pem: tuple[Path, Path], tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"cannot use .*no\.pem for TLS: No such file"),
        MockServer(tls_cert=tmp_path / "no.pem"),
    ):
        pass
    with pytest.raises(OSError, match=r"cert\.pem for TLS: .* with tls_key, --tls-key"), MockServer(tls_cert=pem[0]):
        pass
    with pytest.raises(ValueError, match="tls_cert is needed too"):
        MockServer(tls_key=pem[1])
