"""Raw responses, copies of a client, options from the environment, and what is logged of each attempt."""

import json
import logging
from typing import Any

import pytest
from sms_scheduler import (
    AsyncSmsScheduler,
    InvalidResponseError,
    NotFoundError,
    NotSentError,
    RawResponse,
    SmsReport,
    SmsScheduler,
    SmsStatus,
)

from .any_client import ARGUMENTS, OPERATIONS, AnyClient, Kind
from .conftest import API_KEY, MakeClient
from .faulty_server import SUCCESSES, FaultyServer, answer, close_after_reading


def raw(client: AnyClient, operation: str, **arguments: Any) -> RawResponse[Any]:
    call = getattr(client.client.with_raw_response, operation)
    response: RawResponse[Any] = client._result(call(**(arguments or ARGUMENTS[operation])))
    return response


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_raw_response_is_what_came_and_what_it_was_read_as(
    client: AnyClient, server: FaultyServer, operation: str
) -> None:
    response = raw(client, operation)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(response.content) == SUCCESSES[server.received[0].kind]
    assert response.parsed == client.try_out(operation)
    assert server.calls[0] == server.calls[1]


def test_a_raw_response_is_that_of_the_last_attempt(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(503, headers={"X-Trace": "1"}), answer(200, SUCCESSES["GET", "sms"], {"X-Trace": "2"}))
    response = raw(client, "get_sms")
    assert response.headers["x-trace"] == "2"
    assert response.parsed == SmsReport(phone_number="+33612345678", status=SmsStatus.RECEIVED)


def test_errors_are_raised_as_without(client: AnyClient, server: FaultyServer) -> None:
    server.script(answer(404), answer(200, b"{"))
    with pytest.raises(NotFoundError):
        raw(client, "get_sms")
    with pytest.raises(InvalidResponseError):
        raw(client, "get_sms")


def test_arguments_are_checked_as_without(client: AnyClient) -> None:
    with pytest.raises(TypeError):
        raw(client, "get_sms", id="7")


# Copies


def test_a_copy_that_is_closed_closes_nothing(client: AnyClient, server: FaultyServer) -> None:
    client.try_out("get_sms")
    copy = client.with_options(timeout=5)
    copy.try_out("get_sms")
    copy.close_client()
    with pytest.raises(NotSentError, match="closed"):
        copy.try_out("get_sms")
    client.try_out("get_sms")
    copy.with_options(max_retries=0)
    assert server.connections == 1
    assert copy.client.with_raw_response is not client.client.with_raw_response


class Tenant(SmsScheduler):
    """A client with an attribute of its own, set before and after the client's."""

    __slots__ = ("region",)

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(API_KEY, **options)
        self.region = "eu"

    def get_sms(self, id: int) -> SmsReport:  # noqa: A002
        self.asked = id
        return super().get_sms(id)


def test_a_copy_keeps_what_a_subclass_adds(server: FaultyServer) -> None:
    with Tenant("acme", base_url=server.url) as tenant:
        copy = tenant.with_options(timeout=5)
        assert type(copy) is Tenant
        assert (copy.name, copy.region) == ("acme", "eu")
        copy.name = "other"
        assert tenant.name == "acme"
        assert copy.with_raw_response.get_sms(7).parsed == copy.get_sms(7)


class DryRun(SmsScheduler):
    """Sends nothing."""

    def get_sms(self, id: int) -> SmsReport:  # noqa: A002
        return SmsReport(phone_number="+1", status=SmsStatus(13))


def test_a_method_that_sends_nothing_has_no_raw_response(server: FaultyServer) -> None:
    with DryRun(API_KEY, base_url=server.url) as client, pytest.raises(RuntimeError, match=r"DryRun\.get_sms sent no"):
        client.with_raw_response.get_sms(7)


# The environment


def test_the_base_url_of_the_environment(kind: Kind, server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_SCHEDULER_BASE_URL", f"{server.url}/from/environment")
    server.script(answer(404))
    client = AnyClient(kind, api_key=API_KEY)
    with pytest.raises(NotFoundError):
        client.try_out("get_sms")
    assert server.calls[0].startswith("GET /from/environment/")
    client.close()
    given = AnyClient(kind, api_key=API_KEY, base_url=server.url)
    given.try_out("get_sms")
    assert server.calls[1].startswith("GET /sms/")
    given.close()
    monkeypatch.setenv("SMS_SCHEDULER_BASE_URL", "https://a.example/#b")
    with pytest.raises(ValueError, match="base_url"):
        AnyClient(kind, api_key=API_KEY)


def test_an_empty_variable_is_none(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_SCHEDULER_BASE_URL", "")
    client = AnyClient(kind, api_key=API_KEY)
    assert "https://sms-scheduler.com/api/v1" in repr(client.client)
    client.close()


# What is logged


def test_each_attempt_is_logged(
    make_client: MakeClient, server: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sms_scheduler")
    server.script(close_after_reading, answer(503, b"\x1b[31m"))
    make_client(server.url).try_out("get_sms")
    records = [record for record in caplog.records if record.name == "sms_scheduler"]
    seen = [(record.levelname, vars(record)["attempt"], vars(record)["status_code"]) for record in records]
    assert seen == [
        ("DEBUG", 1, None),
        ("WARNING", 1, None),
        ("DEBUG", 2, 503),
        ("WARNING", 2, 503),
        ("DEBUG", 3, 200),
    ]
    assert all(vars(record)["operation"] == "getSms" and record.getMessage().isprintable() for record in records)
    assert "again in" in records[1].getMessage()


# Both kinds do the same


def test_the_methods_of_both_clients_are_documented_alike() -> None:
    for operation in OPERATIONS:
        documentation = getattr(SmsScheduler, operation).__doc__
        assert "Raises:" in documentation
        assert getattr(AsyncSmsScheduler, operation).__doc__ == documentation
