"""A client knows with whom it speaks: a server whose certificate nobody vouches for gets nothing."""

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import trustme
from sms_scheduler import NotSentError
from sms_scheduler._about import httpx

from .any_client import Kind
from .conftest import MakeClient


class Handler(BaseHTTPRequestHandler):
    received: list[str]

    def do_GET(self) -> None:
        self.received.append(self.path)
        content = b'{"phone_number": "+1", "status": 13}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust it is not an error of the test."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_url(authority: trustme.CA, received: list[str]) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with Server(("127.0.0.1", 0), type("Recording", (Handler,), {"received": received})) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def received() -> list[str]:
    return []


def test_an_unknown_authority_gets_nothing(make_client: MakeClient, secure_url: str, received: list[str]) -> None:
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        make_client(secure_url).call("get_sms", 1)
    assert received == []


def test_an_authority_may_be_made_known(
    make_client: MakeClient, kind: Kind, secure_url: str, received: list[str], authority: trustme.CA
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    transport = httpx.AsyncHTTPTransport(verify=context) if kind == "async" else httpx.HTTPTransport(verify=context)
    assert make_client(secure_url, transport=transport).call("get_sms", 1).status == 13
    assert received == ["/sms/1"]
