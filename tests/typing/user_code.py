"""All of the client as its users write it. Read by type checkers, never run: see test_typing.py."""

import datetime
from typing import assert_type
from zoneinfo import ZoneInfo

import httpx
from sms_scheduler import (
    ApiError,
    AsyncSmsScheduler,
    BadRequestError,
    CreatedMessage,
    InvalidResponseError,
    MessageDeletion,
    MessageReportRow,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    RawResponse,
    SmsDeletion,
    SmsReport,
    SmsScheduler,
    SmsSchedulerError,
    SmsStatus,
    TransportError,
    UnauthorizedError,
    UnexpectedStatusError,
    WaitTimeoutError,
    __version__,
)

assert_type(__version__, str)


def every_option() -> SmsScheduler:
    SmsScheduler()
    SmsScheduler("key")
    client = SmsScheduler(
        api_key="key",
        base_url="https://sms-scheduler.com/api/v1",
        timeout=2.5,
        deadline=10,
        max_retries=0,
        timezone=ZoneInfo("Europe/Paris"),
        transport=httpx.HTTPTransport(proxy="http://localhost:3128"),
        max_connections=10,
        max_response_bytes=1_000_000,
    )
    SmsScheduler(timeout=httpx.Timeout(5, connect=1))
    assert_type(client.with_options(api_key="other"), SmsScheduler)
    assert_type(client.with_options(timeout=1, max_retries=5, timezone=datetime.UTC), SmsScheduler)
    return client


def every_option_of_the_other() -> AsyncSmsScheduler:
    AsyncSmsScheduler()
    AsyncSmsScheduler("key")
    client = AsyncSmsScheduler(
        api_key="key",
        base_url="https://sms-scheduler.com/api/v1",
        timeout=2.5,
        max_retries=0,
        timezone=ZoneInfo("Europe/Paris"),
        transport=httpx.AsyncHTTPTransport(),
    )
    assert_type(client.with_options(timeout=1), AsyncSmsScheduler)
    return client


def every_method() -> None:
    with every_option() as client:
        assert_type(client, SmsScheduler)
        created = client.create_sms(
            message_text="Hello world",
            delivery_date=datetime.datetime(2030, 12, 25, 12, 45, 59),
            sender_id=123,
            phone_numbers=["+33612345678", "+33202020202"],
        )
        assert_type(created, CreatedMessage)
        client.create_sms(
            message_text="", delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers="+1", message_stop=True
        )
        client.create_sms(message_text="", delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers=("+1", "+2"))
        assert_type(client.get_sms(5000001), SmsReport)
        assert_type(client.get_sms(id=5000001), SmsReport)
        assert_type(client.delete_sms(5000001), SmsDeletion)
        assert_type(client.get_message(created.message_id), list[MessageReportRow])
        assert_type(client.delete_message(id=created.message_id), MessageDeletion)
        assert_type(client.wait_for_sms(5000001, timeout=60), SmsReport)
        assert_type(client.wait_for_message(id=created.message_id, timeout=60, poll=1.5), list[MessageReportRow])
        raw = client.with_raw_response
        assert_type(raw.get_sms(5000001), RawResponse[SmsReport])
        assert_type(raw.get_message(id=1).parsed, list[MessageReportRow])
        assert_type(raw.get_sms(id=5000001).status_code, int)
    assert_type(client.close(), None)


async def every_method_of_the_other() -> None:
    async with every_option_of_the_other() as client:
        assert_type(client, AsyncSmsScheduler)
        created = await client.create_sms(
            message_text="Hello world",
            delivery_date=datetime.datetime.now(datetime.UTC),
            sender_id=123,
            phone_numbers=["+33612345678", "+33202020202"],
        )
        assert_type(created, CreatedMessage)
        assert_type(await client.get_sms(5000001), SmsReport)
        assert_type(await client.delete_sms(id=5000001), SmsDeletion)
        assert_type(await client.get_message(created.message_id), list[MessageReportRow])
        assert_type(await client.delete_message(created.message_id), MessageDeletion)
        assert_type(await client.wait_for_message(created.message_id, timeout=60), list[MessageReportRow])
        assert_type(await client.with_raw_response.get_sms(id=5000001), RawResponse[SmsReport])
    assert_type(await client.aclose(), None)


def every_field(
    created: CreatedMessage, report: SmsReport, row: MessageReportRow, one: SmsDeletion, all_of_them: MessageDeletion
) -> None:
    assert_type(created.message_id, int)
    for phone_number, ids in created.sms_ids.items():
        assert_type(phone_number, str)
        assert_type(ids[0], int)
        assert_type(sum(ids), int)
    CreatedMessage(message_id=1, sms_ids={"+33612345678": [1, 2], "+33202020202": (3,)})
    assert_type(report.phone_number, str)
    assert_type(report.status, SmsStatus)
    assert_type(row.id, int)
    assert_type(row.phone_number, str)
    assert_type(row.status, SmsStatus)
    assert_type(one.success, bool)
    assert_type(all_of_them.success, int)


def every_status(status: SmsStatus) -> str:
    assert_type(status.description, str)
    assert_type(status.is_final, bool)
    # mypy says str and int here, pyright lists the members'
    name: str = status.name
    value: int = status.value
    names: list[str] = [member.name for member in SmsStatus]
    print(name, value, names)
    assert_type(SmsStatus(39), SmsStatus)
    code: int = status
    match status:
        case SmsStatus.SCHEDULED | SmsStatus.PENDING:
            return "wait"
        case SmsStatus.SENT | SmsStatus.RECEIVED:
            return "done"
        case _:
            return f"{code}: {status.description}"


def every_error(client: SmsScheduler) -> float | None:
    try:
        client.get_sms(1)
    except BadRequestError as error:
        for field, messages in error.errors.items():
            assert_type(field, str)
            assert_type(messages, list[str])
    except (UnauthorizedError, NotFoundError) as error:
        assert_type(error.retry_after, float | None)
    except RateLimitError as error:
        assert_type(error.is_safe_to_retry, bool)
    except WaitTimeoutError as error:
        assert_type(error.seconds, float)
    except UnexpectedStatusError as error:
        return error.retry_after
    except ApiError as error:
        assert_type(error.status_code, int)
        assert_type(error.headers.get("date"), str | None)
        assert_type(error.content, bytes)
    except InvalidResponseError as error:
        assert_type(error.status_code, int)
        assert_type(error.problem, str)
        assert_type(error.path, str)
        assert_type(error.content, bytes)
    except NotSentError as error:
        assert_type(error.problem, str)
    except OutcomeUnknownError as error:
        assert_type(error.problem, str)
    except TransportError as error:
        assert_type(error.problem, str)
    except SmsSchedulerError as error:
        assert_type(error.operation, str)
        assert_type(str(error), str)
    return None
