import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from sms_scheduler._about import httpx  # which of the two the client at hand is made for
from sms_scheduler_mock import MockServer

from .any_client import AnyClient, Kind
from .faulty_server import FaultyServer

API_KEY = "a-key-that-nobody-should-see"


@pytest.fixture(autouse=True, scope="session")
def _certificates_are_loaded_once() -> Iterator[None]:
    """Loading those of the machine is what takes longest to make a client."""
    context = ssl.create_default_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", lambda **_: context)
        yield


class MakeClient(Protocol):
    def __call__(self, base_url: Any = ..., **options: Any) -> AnyClient: ...


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture
def make_client(kind: Kind) -> Iterator[MakeClient]:
    """Makes clients, of the one kind and then of the other, and closes them in the end."""
    with ExitStack() as stack:

        def make(base_url: str = "http://127.0.0.1:9", **options: Any) -> AnyClient:
            client = AnyClient(kind, **{"base_url": base_url, "api_key": API_KEY, **options})
            stack.callback(client.close)
            return client

        yield make


class Waits(list[float]):
    """The seconds that clients would have waited between attempts. No test waits.

    Attributes:
        before_attempt: What is called instead.
    """

    before_attempt: Callable[[], None] | None = None

    def wait(self, seconds: float) -> None:
        self.append(seconds)
        if self.before_attempt:
            self.before_attempt()

    async def async_wait(self, seconds: float) -> None:
        self.wait(seconds)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    monkeypatch.setattr("sms_scheduler._sender.time", SimpleNamespace(sleep=waits.wait))
    monkeypatch.setattr("sms_scheduler._async_sender._sleep", waits.async_wait)
    return waits


@pytest.fixture
def server(waits: Waits) -> Iterator[FaultyServer]:
    """Succeeds until `server.script` says otherwise."""
    with FaultyServer() as server:
        waits.before_attempt = server.before_attempt
        yield server


@pytest.fixture(scope="module")
def running_mock() -> Iterator[MockServer]:
    with MockServer(now=datetime(2030, 1, 1, 12)) as server:
        yield server


@pytest.fixture
def mock(running_mock: MockServer) -> MockServer:
    """The mock server, reset for each test."""
    running_mock.reset()
    return running_mock


@pytest.fixture
def client(make_client: MakeClient, server: FaultyServer) -> AnyClient:
    """A client of the server, with the defaults."""
    return make_client(server.url)
