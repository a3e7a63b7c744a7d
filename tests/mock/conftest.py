from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def running_server() -> Iterator[MockServer]:
    with MockServer(now=datetime(2030, 1, 1, 12)) as server:
        yield server


@pytest.fixture(scope="session")
def stranger(running_server: MockServer) -> Iterator[httpx.Client]:
    """A client that has no key."""
    with httpx.Client(base_url=running_server.url) as client:
        yield client


@pytest.fixture(scope="session")
def client(running_server: MockServer) -> Iterator[httpx.Client]:
    """A client with the key; over real HTTP."""
    headers = {"Authorization": f"bearer {running_server.api_key}"}
    with httpx.Client(base_url=running_server.url, headers=headers) as client:
        yield client


@pytest.fixture(autouse=True)
def server(running_server: MockServer) -> MockServer:
    """The server that these clients ask; as reset for each test."""
    running_server.reset()
    return running_server


@pytest.fixture
def body() -> Body:
    """Makes the body of a request that is fine, but for what the test wants otherwise."""

    def make(**changes: object) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "message_text": "Hello world",
            "delivery_date": "2030-01-01 13:00:00",  # an hour after the server's clock
            "sender_id": 123,
            "phone_numbers": ["+33612345678", "+33202020202"],
        }
        return fields | changes

    return make
