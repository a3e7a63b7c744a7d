"""What replaces or watches httpx's transports does so for this client too."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import respx
from sms_scheduler import AsyncSmsScheduler, OutcomeUnknownError, SmsScheduler, SmsStatus
from sms_scheduler._about import httpx

from .any_client import ARGUMENTS
from .conftest import API_KEY, MakeClient

URL = "https://sms-scheduler.com/api/v1"


of_httpx = pytest.mark.skipif(httpx.__name__ != "httpx", reason="respx knows httpx alone")


@of_httpx
def test_respx_replaces_the_network() -> None:
    with respx.mock(base_url=URL) as router, SmsScheduler(API_KEY) as client:
        router.get("/sms/7").respond(json={"phone_number": "+1", "status": 13})
        assert client.get_sms(7).status is SmsStatus.RECEIVED
        assert router.calls.last.request.headers["Authorization"] == f"Bearer {API_KEY}"


@of_httpx
def test_respx_replaces_it_for_the_asynchronous_client() -> None:
    async def call() -> SmsStatus:
        async with AsyncSmsScheduler(API_KEY) as client:
            return (await client.get_sms(7)).status

    with respx.mock(base_url=URL) as router:
        router.get("/sms/7").respond(json={"phone_number": "+1", "status": 13})
        assert asyncio.run(call()) is SmsStatus.RECEIVED


@of_httpx
def test_what_is_not_mocked_says_so() -> None:
    with respx.mock(base_url=URL), SmsScheduler(API_KEY) as client, pytest.raises(AssertionError, match="not mocked"):
        client.create_sms(**ARGUMENTS["create_sms"])


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in pieces, and breaks off if it is told to."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces, self.error = pieces, error

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.error:
            raise self.error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def test_a_transport_that_streams(make_client: MakeClient) -> None:
    stream = Pieces(b'{"phone_number": ', b'"+1", "status": 13}')
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    assert make_client(transport=transport).call("get_sms", 1).status == 13


def test_a_transport_that_breaks_off(make_client: MakeClient) -> None:
    stream = Pieces(b'{"message_id": 1', error=httpx.ReadError("gone"))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    with pytest.raises(OutcomeUnknownError, match="gone"):
        make_client(transport=transport).try_out("create_sms")
