# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""The two clients: the I/O of every operation, synchronous and asynchronous."""

import contextlib
import datetime
import logging
import time
from collections.abc import Sequence
from typing import Any, Generic, NoReturn, Self, cast

import attrs
import httpx

from ._api.message import delete_message as _delete_message
from ._api.message import get_message as _get_message
from ._api.sms import create_sms as _create_sms
from ._api.sms import delete_sms as _delete_sms
from ._api.sms import get_sms as _get_sms
from ._transport import DEFAULT_BASE_URL, Connections, Settings, TransportT, WaitTooLongError, answer, attempts, failure
from ._types import Request, Response
from .errors import NotSentError
from .models import CreatedMessage, MessageDeletion, MessageReportRow, SmsDeletion, SmsReport

_log = logging.getLogger("sms_scheduler")
_log.addHandler(logging.NullHandler())


class _Connections(Connections[httpx.BaseTransport], httpx.BaseTransport):
    kind, make = httpx.BaseTransport, httpx.HTTPTransport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.attempt(request) as transport, contextlib.closing(transport.handle_request(request)) as response:
            response.read()
        attempts(request).append(response.status_code)
        return response


class _AsyncConnections(Connections[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    kind, make = httpx.AsyncBaseTransport, httpx.AsyncHTTPTransport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with self.attempt(request) as transport:
            async with contextlib.aclosing(await transport.handle_async_request(request)) as response:
                await response.aread()
        attempts(request).append(response.status_code)
        return response


class _Client(Generic[TransportT]):
    """What both clients share, which is everything but the I/O."""

    _connect: type[Connections[TransportT]]

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = 30.0,
        max_retries: int = 2,
        timezone: datetime.tzinfo | None = None,
        transport: TransportT | None = None,
    ) -> None:
        self._settings = Settings(api_key, base_url, timeout, max_retries, timezone)
        self._settings.warn_of_clear_text()
        self._connections: Connections[TransportT] = self._connect(transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client holds connections and a key, and cannot be pickled or copied: use with_options().")

    def with_options(
        self,
        *,
        api_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        timezone: datetime.tzinfo | None = None,
    ) -> Self:
        """Make a client with other options, as in the constructor, that shares the connections of this one."""
        given = {"api_key": api_key, "timeout": timeout, "max_retries": max_retries, "timezone": timezone}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        client = object.__new__(type(self))
        client._settings = attrs.evolve(self._settings, **changes)
        client._connections = self._connections
        return client

    def _start(self, request: Request) -> tuple[httpx.Request, Any, float]:
        from ._retries import RetryTransport, retry  # noqa: PLC0415  (here, since it takes as long as all other imports)

        if self._connections.is_closed:
            raise NotSentError(request.operation, "the client is closed")
        transport = RetryTransport(cast("Any", self._connections), retry(request.method, self._settings.max_retries))
        return self._settings.http_request(request), transport, time.monotonic()

    def _finish(
        self, request: Request, sent: httpx.Request, started: float, end: httpx.Response | Exception
    ) -> Response:
        milliseconds = (time.monotonic() - started) * 1000
        end = end.args[0] if isinstance(end, WaitTooLongError) else end
        if isinstance(end, Exception):
            _log.debug("%s failed after %.0f ms: %s", request.operation, milliseconds, type(end).__name__)
            raise failure(request, sent, end)
        _log.debug("%s answered %d after %.0f ms", request.operation, end.status_code, milliseconds)
        return answer(request, sent, end)


class SmsScheduler(_Client[httpx.BaseTransport]):
    """SMS Scheduler: Send SMS now or later, follow them and cancel them.

    Args:
        api_key: The API key; by default that in the environment variable SMS_SCHEDULER_API_KEY.
        base_url: Where the API is, by default https://sms-scheduler.com/api/v1 (production, named by the
            vendor's en-us and fr pages). Or http://test.sms-scheduler.com/api/v1 (test, named by the page that
            this document is written from; clear text).
        timeout: How many seconds to wait for a connection, and then for each part of a response.
        max_retries: How often to send a request again that failed and may be repeated, 0 for never.
        timezone: The time zone that the server reads dates in. Aware datetimes are converted to it, and refused
            without it.
        transport: An `httpx.BaseTransport` to send with: for proxies, for TLS settings, for tests.

    Raises: ValueError if no API key is known, TypeError or ValueError for an option that cannot work.
    """

    _connect = _Connections

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections, also those of clients made by `with_options`."""
        self._connections.is_closed = True
        with contextlib.ExitStack() as stack:  # all of them, if one fails too
            for transport in self._connections.transports:
                stack.callback(transport.close)

    def _send(self, request: Request) -> Response:
        http_request, transport, started = self._start(request)
        end: httpx.Response | Exception
        try:
            end = transport.handle_request(http_request)
        except Exception as error:  # whatever it is, the caller gets an error of this package
            end = error
        return self._finish(request, http_request, started, end)

    def create_sms(
        self,
        *,
        message_text: str,
        delivery_date: datetime.datetime | str,
        sender_id: int,
        phone_numbers: str | Sequence[str],
        message_stop: bool = False,
    ) -> CreatedMessage:
        """Create an SMS to one or more phone numbers.

        Creates one message, and at least one SMS in it for each phone number.

        Args:
            message_text: The content of the message.
            delivery_date: When the message is sent, as `YYYY-MM-DD HH:MM:SS` (read from the page's example). If
                that is now or past, it is sent right away. A datetime with a zone is read in the client's
                `timezone`.
            sender_id: The id of the sender, as listed on the "Senders" page of SMS Scheduler once logged in.
            phone_numbers: Where the message is sent: one phone number as a string, or many as a list, each with its
                country prefix and without spaces or hyphens, such as `+33123456789`.
            message_stop: Whether a STOP mention is added to the end of the message.

        Returns: The ids of a new message and of its SMS.
        Raises: BadRequestError (400), UnauthorizedError (401), TransportError or another SmsSchedulerError.
        """
        request = _create_sms.build_request(
            message_text, delivery_date, sender_id, phone_numbers, message_stop, self._settings.timezone
        )
        return _create_sms.read_response(self._send(request))

    def get_sms(self, id: int) -> SmsReport:
        """Get the sending report of one SMS.

        Args:
            id: The id of the SMS.

        Returns: Where the sending of one SMS stands.
        Raises: UnauthorizedError (401), NotFoundError (404), TransportError or another SmsSchedulerError.
        """
        request = _get_sms.build_request(id)
        return _get_sms.read_response(self._send(request))

    def delete_sms(self, id: int) -> SmsDeletion:
        """Delete one SMS by its id; the other SMS of its message stay as they are.

        Args:
            id: The id of the SMS.

        Returns: What became of the deletion of one SMS.
        Raises: UnauthorizedError (401), NotFoundError (404), TransportError or another SmsSchedulerError.
        """
        request = _delete_sms.build_request(id)
        return _delete_sms.read_response(self._send(request))

    def get_message(self, id: int) -> list[MessageReportRow]:
        """Get the sending report of all SMS that were sent with a message.

        Args:
            id: The id of the message.

        Returns: The sending report, one row for each SMS.
        Raises: UnauthorizedError (401), NotFoundError (404), TransportError or another SmsSchedulerError.
        """
        request = _get_message.build_request(id)
        return _get_message.read_response(self._send(request))

    def delete_message(self, id: int) -> MessageDeletion:
        """Delete the SMS of a message by its id, and tell how many there were.

        Args:
            id: The id of the message.

        Returns: What became of the deletion of the SMS of a message.
        Raises: UnauthorizedError (401), NotFoundError (404), TransportError or another SmsSchedulerError.
        """
        request = _delete_message.build_request(id)
        return _delete_message.read_response(self._send(request))


class AsyncSmsScheduler(_Client[httpx.AsyncBaseTransport]):
    """As `SmsScheduler`, with methods to be awaited; the transport is an `httpx.AsyncBaseTransport`."""

    _connect = _AsyncConnections

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections, also those of clients made by `with_options`."""
        self._connections.is_closed = True
        async with contextlib.AsyncExitStack() as stack:
            for transport in self._connections.transports:
                stack.push_async_callback(transport.aclose)

    async def _send(self, request: Request) -> Response:
        http_request, transport, started = self._start(request)
        end: httpx.Response | Exception
        try:
            end = await transport.handle_async_request(http_request)
        except Exception as error:  # whatever it is, the caller gets an error of this package
            end = error
        return self._finish(request, http_request, started, end)

    async def create_sms(
        self,
        *,
        message_text: str,
        delivery_date: datetime.datetime | str,
        sender_id: int,
        phone_numbers: str | Sequence[str],
        message_stop: bool = False,
    ) -> CreatedMessage:
        """Create an SMS to one or more phone numbers. As `SmsScheduler.create_sms`."""
        request = _create_sms.build_request(
            message_text, delivery_date, sender_id, phone_numbers, message_stop, self._settings.timezone
        )
        return _create_sms.read_response(await self._send(request))

    async def get_sms(self, id: int) -> SmsReport:
        """Get the sending report of one SMS. As `SmsScheduler.get_sms`."""
        request = _get_sms.build_request(id)
        return _get_sms.read_response(await self._send(request))

    async def delete_sms(self, id: int) -> SmsDeletion:
        """Delete one SMS by its id; the other SMS of its message stay as they are. As `SmsScheduler.delete_sms`."""
        request = _delete_sms.build_request(id)
        return _delete_sms.read_response(await self._send(request))

    async def get_message(self, id: int) -> list[MessageReportRow]:
        """Get the sending report of all SMS that were sent with a message. As `SmsScheduler.get_message`."""
        request = _get_message.build_request(id)
        return _get_message.read_response(await self._send(request))

    async def delete_message(self, id: int) -> MessageDeletion:
        """Delete the SMS of a message by its id, and tell how many there were. As `SmsScheduler.delete_message`."""
        request = _delete_message.build_request(id)
        return _delete_message.read_response(await self._send(request))
