"""Mistakes of users, which the type checkers must find. Read by them, never run: see test_typing.py.

Each line is told to be wrong to both checkers, which complain of a line that they find to be right after all.
"""

import datetime

import httpx
from sms_scheduler import (
    ApiError,
    AsyncSmsScheduler,
    CreatedMessage,
    SmsReport,
    SmsScheduler,
    SmsSchedulerError,
    SmsStatus,
)


def options() -> None:
    SmsScheduler(123)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SmsScheduler("key", "https://localhost")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SmsScheduler(timeout="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SmsScheduler(timezone="UTC")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SmsScheduler(retries=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SmsScheduler(transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncSmsScheduler(transport=httpx.HTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SmsScheduler().with_options(base_url="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def methods(client: SmsScheduler, when: datetime.datetime) -> None:
    client.send_sms()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.create_sms()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.create_sms("Hi", when, 1, "+1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.create_sms(message_text="Hi", delivery_date=when, sender_id=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.create_sms(
        message_text=b"Hi",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        delivery_date=when.date(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        sender_id="123",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        phone_numbers=[33612345678],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        message_stop="no",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )
    client.create_sms(
        message_text="Hi",
        delivery_date=when,
        sender_id=1,
        phone_numbers=None,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )
    client.get_sms("123")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.get_sms()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_raw_response.get_sms("123")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.with_raw_response.get_sms(1).parsed.state  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.wait_for_sms(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.get_message(1).status  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


async def methods_of_the_other(client: AsyncSmsScheduler) -> None:
    client.get_sms(1).status  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    await client.get_sms("123")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with client:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def values(report: SmsReport, error: ApiError, root: SmsSchedulerError) -> None:
    report.state  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    report.status = SmsStatus.SENT  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    CreatedMessage(message_id=1, sms_ids={"+1": ["2"]})  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    SmsStatus.DELIVERED  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    error.errors  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    root.status_code  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
