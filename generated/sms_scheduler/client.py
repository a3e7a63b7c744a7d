# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""The two clients: a method for each operation, synchronous and asynchronous."""

import datetime
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from ._about import httpx
from ._api.message import delete_message as _delete_message
from ._api.message import get_message as _get_message
from ._api.sms import create_sms as _create_sms
from ._api.sms import delete_sms as _delete_sms
from ._api.sms import get_sms as _get_sms
from ._base_client import BaseClient, async_raw, raw
from ._sender import Sender
from ._settings import Settings
from ._types import Request, Response
from ._waiting import Waiting
from .models import CreatedMessage, MessageDeletion, MessageReportRow, SmsDeletion, SmsReport

if TYPE_CHECKING:
    from ._async_sender import AsyncSender


class SmsScheduler(BaseClient[Sender, httpx.BaseTransport]):
    """SMS Scheduler: Send SMS now or later, follow them and cancel them.

    Args:
        api_key: The API key; by default that in the environment variable SMS_SCHEDULER_API_KEY.
        base_url: Where the API is; by default the URL in the environment variable SMS_SCHEDULER_BASE_URL, or
            else https://sms-scheduler.com/api/v1 (production, named by the vendor's en-us and fr pages). Or
            http://test.sms-scheduler.com/api/v1 (test, named by the page that this document is written from;
            clear text).
        timeout: How many seconds to wait for a connection, and then for each part of a response; or an
            `httpx.Timeout`.
        deadline: How many seconds a whole call may take, retries and waits included; by default without limit.
        max_retries: How often to send a request again that failed and may be repeated, 0 for never.
        timezone: The time zone that the server reads dates in. Aware datetimes are converted to it, and refused
            without it.
        transport: An `httpx.BaseTransport` to send with: for proxies, for TLS settings, for tests.
        max_connections: How many connections there are at most; more calls at once wait their turn.
        max_response_bytes: The largest body of a response that is read.

    Raises:
        ValueError: An option cannot work, or no API key is known.
        TypeError: An option has another type.
    """

    _make_sender = Sender

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; a client made by `with_options` closes none."""
        self._is_closed = True
        if self._is_owner:
            self._sender.close()

    @functools.cached_property
    def with_raw_response(self) -> "SmsSchedulerWithRawResponse":
        """The same methods, for the response too: its status, headers and body beside what it was read as."""
        return SmsSchedulerWithRawResponse(self)

    def _send(self, request: Request) -> Response:
        return self._keep(self._sender.send(self._call(request)))

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

        Returns:
            The ids of a new message and of its SMS.

        Raises:
            BadRequestError: Status 400.
            UnauthorizedError: Status 401.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _create_sms.build_request(
            message_text, delivery_date, sender_id, phone_numbers, message_stop, self._settings.timezone
        )
        return _create_sms.read_response(self._send(request))

    def get_sms(self, id: int) -> SmsReport:
        """Get the sending report of one SMS.

        Args:
            id: The id of the SMS.

        Returns:
            Where the sending of one SMS stands.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _get_sms.build_request(id)
        return _get_sms.read_response(self._send(request))

    def delete_sms(self, id: int) -> SmsDeletion:
        """Delete one SMS by its id; the other SMS of its message stay as they are.

        Args:
            id: The id of the SMS.

        Returns:
            What became of the deletion of one SMS.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _delete_sms.build_request(id)
        return _delete_sms.read_response(self._send(request))

    def get_message(self, id: int) -> list[MessageReportRow]:
        """Get the sending report of all SMS that were sent with a message.

        Args:
            id: The id of the message.

        Returns:
            The sending report, one row for each SMS.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _get_message.build_request(id)
        return _get_message.read_response(self._send(request))

    def delete_message(self, id: int) -> MessageDeletion:
        """Delete the SMS of a message by its id, and tell how many there were.

        Args:
            id: The id of the message.

        Returns:
            What became of the deletion of the SMS of a message.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _delete_message.build_request(id)
        return _delete_message.read_response(self._send(request))

    def wait_for_sms(self, id: int, *, timeout: float, poll: float = 2.0) -> SmsReport:
        """Call `get_sms` until `status` is final everywhere in the report.

        A value that is not known is not final. A report without rows is.

        Args:
            id: The id of the SMS.
            timeout: After how many seconds to give up.
            poll: How many seconds to wait before asking again; this grows up to eight times as much.

        Returns:
            Where the sending of one SMS stands.

        Raises:
            WaitTimeoutError: It holds the last report.
            SmsSchedulerError: What `get_sms` raises.
        """
        wait = Waiting("getSms", timeout, poll)
        while True:
            with wait.asking():
                client = self.with_options(deadline=wait.deadline(self._settings.deadline))
                report = client.get_sms(id)
            if report.status.is_final:
                return report
            self._sender.pause(wait.seconds_after(report))

    def wait_for_message(self, id: int, *, timeout: float, poll: float = 2.0) -> list[MessageReportRow]:
        """Call `get_message` until `status` is final everywhere in the report.

        A value that is not known is not final. A report without rows is.

        Args:
            id: The id of the message.
            timeout: After how many seconds to give up.
            poll: How many seconds to wait before asking again; this grows up to eight times as much.

        Returns:
            The sending report, one row for each SMS.

        Raises:
            WaitTimeoutError: It holds the last report.
            SmsSchedulerError: What `get_message` raises.
        """
        wait = Waiting("getMessage", timeout, poll)
        while True:
            with wait.asking():
                client = self.with_options(deadline=wait.deadline(self._settings.deadline))
                report = client.get_message(id)
            if all(row.status.is_final for row in report):
                return report
            self._sender.pause(wait.seconds_after(report))


class AsyncSmsScheduler(BaseClient["AsyncSender", httpx.AsyncBaseTransport]):
    """SMS Scheduler: Send SMS now or later, follow them and cancel them.

    As `SmsScheduler`, with methods to be awaited, in asyncio.

    Args:
        api_key: The API key; by default that in the environment variable SMS_SCHEDULER_API_KEY.
        base_url: Where the API is; by default the URL in the environment variable SMS_SCHEDULER_BASE_URL, or
            else https://sms-scheduler.com/api/v1 (production, named by the vendor's en-us and fr pages). Or
            http://test.sms-scheduler.com/api/v1 (test, named by the page that this document is written from;
            clear text).
        timeout: How many seconds to wait for a connection, and then for each part of a response; or an
            `httpx.Timeout`.
        deadline: How many seconds a whole call may take, retries and waits included; by default without limit.
        max_retries: How often to send a request again that failed and may be repeated, 0 for never.
        timezone: The time zone that the server reads dates in. Aware datetimes are converted to it, and refused
            without it.
        transport: An `httpx.AsyncBaseTransport` to send with: for proxies, for TLS settings, for tests.
        max_connections: How many connections there are at most; more calls at once wait their turn.
        max_response_bytes: The largest body of a response that is read.

    Raises:
        ValueError: An option cannot work, or no API key is known.
        TypeError: An option has another type.
    """

    @staticmethod
    def _make_sender(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> "AsyncSender":
        from ._async_sender import AsyncSender  # noqa: PLC0415  # asyncio takes as long to import as all else

        return AsyncSender(settings, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; a client made by `with_options` closes none."""
        self._is_closed = True
        if self._is_owner:
            await self._sender.close()

    @functools.cached_property
    def with_raw_response(self) -> "AsyncSmsSchedulerWithRawResponse":
        """The same methods, for the response too: its status, headers and body beside what it was read as."""
        return AsyncSmsSchedulerWithRawResponse(self)

    async def _send(self, request: Request) -> Response:
        return self._keep(await self._sender.send(self._call(request)))

    async def create_sms(
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

        Returns:
            The ids of a new message and of its SMS.

        Raises:
            BadRequestError: Status 400.
            UnauthorizedError: Status 401.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _create_sms.build_request(
            message_text, delivery_date, sender_id, phone_numbers, message_stop, self._settings.timezone
        )
        return _create_sms.read_response(await self._send(request))

    async def get_sms(self, id: int) -> SmsReport:
        """Get the sending report of one SMS.

        Args:
            id: The id of the SMS.

        Returns:
            Where the sending of one SMS stands.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _get_sms.build_request(id)
        return _get_sms.read_response(await self._send(request))

    async def delete_sms(self, id: int) -> SmsDeletion:
        """Delete one SMS by its id; the other SMS of its message stay as they are.

        Args:
            id: The id of the SMS.

        Returns:
            What became of the deletion of one SMS.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _delete_sms.build_request(id)
        return _delete_sms.read_response(await self._send(request))

    async def get_message(self, id: int) -> list[MessageReportRow]:
        """Get the sending report of all SMS that were sent with a message.

        Args:
            id: The id of the message.

        Returns:
            The sending report, one row for each SMS.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _get_message.build_request(id)
        return _get_message.read_response(await self._send(request))

    async def delete_message(self, id: int) -> MessageDeletion:
        """Delete the SMS of a message by its id, and tell how many there were.

        Args:
            id: The id of the message.

        Returns:
            What became of the deletion of the SMS of a message.

        Raises:
            UnauthorizedError: Status 401.
            NotFoundError: Status 404.
            SmsSchedulerError: Anything else, such as a `TransportError`.
        """
        request = _delete_message.build_request(id)
        return _delete_message.read_response(await self._send(request))

    async def wait_for_sms(self, id: int, *, timeout: float, poll: float = 2.0) -> SmsReport:
        """Call `get_sms` until `status` is final everywhere in the report.

        A value that is not known is not final. A report without rows is.

        Args:
            id: The id of the SMS.
            timeout: After how many seconds to give up.
            poll: How many seconds to wait before asking again; this grows up to eight times as much.

        Returns:
            Where the sending of one SMS stands.

        Raises:
            WaitTimeoutError: It holds the last report.
            SmsSchedulerError: What `get_sms` raises.
        """
        wait = Waiting("getSms", timeout, poll)
        while True:
            with wait.asking():
                client = self.with_options(deadline=wait.deadline(self._settings.deadline))
                report = await client.get_sms(id)
            if report.status.is_final:
                return report
            await self._sender.pause(wait.seconds_after(report))

    async def wait_for_message(self, id: int, *, timeout: float, poll: float = 2.0) -> list[MessageReportRow]:
        """Call `get_message` until `status` is final everywhere in the report.

        A value that is not known is not final. A report without rows is.

        Args:
            id: The id of the message.
            timeout: After how many seconds to give up.
            poll: How many seconds to wait before asking again; this grows up to eight times as much.

        Returns:
            The sending report, one row for each SMS.

        Raises:
            WaitTimeoutError: It holds the last report.
            SmsSchedulerError: What `get_message` raises.
        """
        wait = Waiting("getMessage", timeout, poll)
        while True:
            with wait.asking():
                client = self.with_options(deadline=wait.deadline(self._settings.deadline))
                report = await client.get_message(id)
            if all(row.status.is_final for row in report):
                return report
            await self._sender.pause(wait.seconds_after(report))


class SmsSchedulerWithRawResponse:
    """The methods of `SmsScheduler`, each of which returns a `RawResponse`."""

    def __init__(self, client: SmsScheduler) -> None:
        self.create_sms = raw(client, type(client).create_sms)
        self.get_sms = raw(client, type(client).get_sms)
        self.delete_sms = raw(client, type(client).delete_sms)
        self.get_message = raw(client, type(client).get_message)
        self.delete_message = raw(client, type(client).delete_message)


class AsyncSmsSchedulerWithRawResponse:
    """The methods of `AsyncSmsScheduler`, each of which returns a `RawResponse`."""

    def __init__(self, client: AsyncSmsScheduler) -> None:
        self.create_sms = async_raw(client, type(client).create_sms)
        self.get_sms = async_raw(client, type(client).get_sms)
        self.delete_sms = async_raw(client, type(client).delete_sms)
        self.get_message = async_raw(client, type(client).get_message)
        self.delete_message = async_raw(client, type(client).delete_message)
