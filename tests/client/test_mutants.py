"""The clients with every mutant of the mock server: a value of the documented type or an error of their own."""

from typing import Any

import pytest
from sms_scheduler import (
    BadRequestError,
    CreatedMessage,
    InvalidResponseError,
    MessageDeletion,
    MessageReportRow,
    NotFoundError,
    SmsDeletion,
    SmsReport,
    SmsSchedulerError,
    SmsStatus,
    UnauthorizedError,
    UnexpectedStatusError,
)
from sms_scheduler_contract.mutants import MUTANTS
from sms_scheduler_mock import MockServer

from .any_client import ARGUMENTS, AnyClient
from .conftest import MakeClient

NUMBERS = ["+33612345678", "+33202020202"]
# What the server gives to the first message and to its SMS.
MESSAGE, SMS, OTHER_SMS = 123456, 5000001, 5000002


@pytest.fixture
def client(mock: MockServer, make_client: MakeClient) -> AnyClient:
    return make_client(mock.url, api_key=mock.api_key)


def results(client: AnyClient) -> list[tuple[str, object]]:
    """Calls of every operation, each with its value or its error; any exception that is not the client's goes on."""
    stranger = client.with_options(api_key="wrong")

    def result_of(by: AnyClient, operation: str, **arguments: Any) -> tuple[str, object]:
        try:
            return operation, by.call(operation, **arguments)
        except SmsSchedulerError as error:
            return operation, error

    message = ARGUMENTS["create_sms"] | {"phone_numbers": NUMBERS}
    return [
        result_of(client, "create_sms", **message),
        result_of(client, "create_sms", **message | {"phone_numbers": "0404-040-404"}),
        result_of(client, "get_sms", id=SMS),
        result_of(client, "get_message", id=MESSAGE),
        result_of(client, "delete_sms", id=SMS),
        result_of(client, "get_sms", id=SMS),
        result_of(stranger, "get_message", id=MESSAGE),
        result_of(client, "delete_message", id=MESSAGE),
        result_of(client, "get_message", id=MESSAGE),
        result_of(client, "delete_sms", id=OTHER_SMS),
        result_of(client, "delete_message", id=MESSAGE),
    ]


def is_report(value: Any) -> bool:
    return type(value.phone_number) is str and type(value.status) is SmsStatus


def is_id_list(value: object) -> bool:
    return isinstance(value, list) and all(type(sms_id) is int for sms_id in value)


def is_documented(operation: str, value: Any) -> bool:
    """Whether a value is all through of the types that the operation promises; True and False are no integers."""
    match operation, value:
        case "create_sms", CreatedMessage(message_id=message_id, sms_ids=dict(sms_ids)):
            ids_fit = all(type(number) is str and is_id_list(ids) for number, ids in sms_ids.items())
            return type(message_id) is int and ids_fit
        case "get_sms", SmsReport():
            return is_report(value)
        case "delete_sms", SmsDeletion(success=success):
            return type(success) is bool
        case "get_message", list(rows):
            return all(type(row) is MessageReportRow and type(row.id) is int and is_report(row) for row in rows)
        case "delete_message", MessageDeletion(success=success):
            return type(success) is int
        case _:
            return False


def test_without_a_mutant(client: AnyClient) -> None:
    assert [type(result) for _, result in results(client)] == [
        CreatedMessage,
        BadRequestError,
        SmsReport,
        list,
        SmsDeletion,
        NotFoundError,
        UnauthorizedError,
        MessageDeletion,
        NotFoundError,
        NotFoundError,
        NotFoundError,
    ]


@pytest.mark.parametrize("name", MUTANTS)
def test_values_are_as_documented_with(name: str, client: AnyClient, mock: MockServer) -> None:
    MUTANTS[name].apply(mock)
    for operation, result in results(client):
        assert isinstance(result, SmsSchedulerError) or is_documented(operation, result), (operation, result)


def test_the_catalogue_brings_out_what_clients_can_tell(client: AnyClient, mock: MockServer) -> None:
    succeeded: set[str] = set()
    failed: set[tuple[str, type]] = set()
    for mutant in MUTANTS.values():
        mock.reset()
        mutant.apply(mock)
        for operation, result in results(client):
            if isinstance(result, SmsSchedulerError):
                failed.add((operation, type(result)))
            else:
                succeeded.add(operation)
    assert succeeded == ARGUMENTS.keys()
    assert failed >= {
        (operation, error) for operation in ARGUMENTS for error in (InvalidResponseError, UnexpectedStatusError)
    }
