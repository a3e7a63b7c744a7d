"""Mutants that delete or count something else than they were asked to."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from sms_scheduler_mock import Message, Response

from . import changes as do
from .mutant import DELETE_MESSAGE, DELETE_SMS, DELETIONS, GET_MESSAGE, GET_SMS, Condition, Exchange, Handle, Mutant


def _and(effect: Callable[[Exchange], object], condition: Condition = lambda _: True) -> Handle:
    """When something succeeded, something else happens as well."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        if response.status == 200 and condition(exchange):
            effect(exchange)
        return response

    return handle


def _delete_its_message(exchange: Exchange) -> None:
    if exchange.message:
        exchange.server.ledger.delete_message(exchange.message.id)


def _delete_it(exchange: Exchange) -> None:
    exchange.server.ledger.delete_sms(int(exchange.request.id))


def _delete_the_previous(exchange: Exchange) -> None:
    if exchange.previous:
        exchange.server.ledger.delete_message(exchange.previous.id)


def _delete_everything(exchange: Exchange) -> None:
    for message in exchange.server.messages:
        exchange.server.ledger.delete_message(message.id)


def _delete_all_like_it(exchange: Exchange) -> Response:
    """What SQL does with `id LIKE '12%'`."""
    if not exchange.has_the_key:
        return exchange.answer()
    ledger, of_sms = exchange.server.ledger, exchange.request.operation == "deleteSms"
    count = 0
    for message in exchange.server.messages:
        for sms in message.sms:
            if str(sms.id if of_sms else message.id).startswith(exchange.request.id):
                count += bool(ledger.delete_sms(sms.id))
    return Response(200, {"success": bool(count) if of_sms else count}) if count else exchange.answer()


def _delete_the_number_elsewhere(exchange: Exchange) -> None:
    every_sms = [sms for message in exchange.server.messages for sms in message.sms]
    numbers = {sms.phone_number for sms in every_sms if str(sms.id) == exchange.request.id}
    for sms in every_sms:
        if sms.phone_number in numbers:
            exchange.server.ledger.delete_sms(sms.id)


def _delete_the_last_sms(exchange: Exchange) -> None:
    exchange.server.ledger.delete_sms(exchange.sms_ids[-1])


def _delete_the_next_instead(exchange: Exchange) -> Response:
    later = [sms_id for sms_id in exchange.sms_ids if sms_id > int(exchange.request.id)]
    return exchange.answer(id=str(later[0])) if later else exchange.answer()


def _pretend_to_delete(exchange: Exchange) -> Response:
    report = exchange.answer(method="GET")
    if report.status != 200:
        return report
    of_message = exchange.request.operation == "deleteMessage"
    return Response(200, {"success": len(cast("list[object]", report.body)) if of_message else True})


def _delete_only(chosen: Callable[[Message], list[int]], *, counts_all: bool = False) -> Handle:
    """Some SMS of a message are deleted, and the others stay."""

    def handle(exchange: Exchange) -> Response:
        report = exchange.answer(method="GET")
        if report.status != 200 or exchange.message is None:
            return report
        count = sum(bool(exchange.server.ledger.delete_sms(sms_id)) for sms_id in chosen(exchange.message))
        return Response(200, {"success": len(cast("list[Any]", report.body)) if counts_all else count})

    return handle


def _all_but_the_last(message: Message) -> list[int]:
    return [sms.id for sms in message.sms[:-1]] if len(message.sms) > 1 else [sms.id for sms in message.sms]


def _of_the_first_number(message: Message) -> list[int]:
    return [sms.id for sms in message.sms if sms.phone_number == message.sms[0].phone_number]


def _one_of_each_number(message: Message) -> list[int]:
    return list({sms.phone_number: sms.id for sms in reversed(message.sms)}.values())


def _counted(count: Callable[[Message, int], int]) -> Handle:
    """The SMS deleted with a message are counted in another way."""

    def change(exchange: Exchange, deletion: dict[str, Any]) -> object:
        return deletion | {"success": count(exchange.message, deletion["success"])} if exchange.message else deletion

    return do.body_by(change)


def _with_those_deleted_before(exchange: Exchange) -> Response:
    before = sum(sms.deleted for sms in exchange.message.sms) if exchange.message else 0
    response = exchange.answer()
    if response.status != 200:
        return response
    return Response(200, {"success": cast("dict[str, int]", response.body)["success"] + before})


def _count_again(exchange: Exchange) -> Response:
    if not (exchange.has_the_key and exchange.message and all(sms.deleted for sms in exchange.message.sms)):
        return exchange.answer()
    return Response(200, {"success": len(exchange.message.sms)})


def _number_count(message: Message, count: int) -> int:
    return min(count, len({sms.phone_number for sms in message.sms}))


MUTANTS: Mapping[str, Mutant] = {
    "reading-deletes": Mutant("An SMS whose report was read is deleted", GET_SMS, _and(_delete_it, do.is_known)),
    "reading-deletes-the-last": Mutant(
        "Reading the report of a message deletes its last SMS", GET_MESSAGE, _and(_delete_the_last_sms, do.is_known)
    ),
    "deletes-the-others-too": Mutant(
        "With one SMS, its whole message is deleted", DELETE_SMS, _and(_delete_its_message)
    ),
    "deletes-the-number-elsewhere": Mutant(
        "With one SMS, those to its number in other messages are deleted",
        DELETE_SMS,
        _and(_delete_the_number_elsewhere),
    ),
    "deletes-the-next-sms": Mutant(
        "Instead of an SMS, the next one of its message is deleted", DELETE_SMS, _delete_the_next_instead
    ),
    "deletes-the-previous-message-too": Mutant(
        "With a message, the one before is deleted", DELETE_MESSAGE, _and(_delete_the_previous)
    ),
    "deletes-everything": Mutant("With a message, all others are deleted", DELETE_MESSAGE, _and(_delete_everything)),
    "deletes-message-by-sms-id": Mutant(
        "Where a message is to be deleted, the id of an SMS does as well", DELETE_MESSAGE, do.sms_of_another_kind_of_id
    ),
    "deletes-sms-by-message-id": Mutant(
        "Where an SMS is to be deleted, the id of its message does as well", DELETE_SMS, do.sms_of_another_kind_of_id
    ),
    "deletes-messages-by-the-first-digits": Mutant(
        "With a message, those whose ids begin with its digits are deleted", DELETE_MESSAGE, _delete_all_like_it
    ),
    "deletes-sms-by-the-first-digits": Mutant(
        "With an SMS, those whose ids begin with its digits are deleted", DELETE_SMS, _delete_all_like_it
    ),
    "deletes-nothing": Mutant("Deletions succeed and delete nothing", DELETIONS, _pretend_to_delete),
    "deletes-no-sms": Mutant("The deletion of an SMS succeeds and deletes nothing", DELETE_SMS, _pretend_to_delete),
    "deletes-no-message": Mutant(
        "The deletion of a message counts and deletes nothing", DELETE_MESSAGE, _pretend_to_delete
    ),
    "last-sms-not-deleted": Mutant(
        "The deletion of the last SMS of a message succeeds and deletes nothing",
        DELETE_SMS,
        do.only(do.is_the_last_of_several, _pretend_to_delete),
    ),
    "deletes-all-but-the-last": Mutant(
        "The last SMS of a message is counted, but not deleted",
        DELETE_MESSAGE,
        _delete_only(_all_but_the_last, counts_all=True),
    ),
    "deletes-the-first-number-only": Mutant(
        "Only the SMS to the first number of a message are deleted and counted",
        DELETE_MESSAGE,
        _delete_only(_of_the_first_number),
    ),
    "deletes-one-part-only": Mutant(
        "Of the SMS of a long text, one for each number is deleted and counted",
        DELETE_MESSAGE,
        _delete_only(_one_of_each_number),
    ),
    "deleted-though-not-successful": Mutant(
        "success is false for an SMS that was deleted", DELETE_SMS, do.becomes("success", False)
    ),
    "one-too-many-deleted": Mutant(
        "One SMS too many is counted", DELETE_MESSAGE, do.field_of("success", lambda count: int(count) + 1)
    ),
    "one-too-few-deleted": Mutant(
        "One SMS too few is counted", DELETE_MESSAGE, do.field_of("success", lambda count: max(0, int(count) - 1))
    ),
    "counts-0": Mutant("Deletions of messages count 0", DELETE_MESSAGE, do.becomes("success", 0)),
    "counts-1": Mutant("Deletions of messages count 1", DELETE_MESSAGE, do.becomes("success", 1)),
    "counts-numbers": Mutant("Deletions count the numbers of a long text", DELETE_MESSAGE, _counted(_number_count)),
    "counts-what-was-deleted-before": Mutant(
        "SMS that were deleted before are counted with their message", DELETE_MESSAGE, _with_those_deleted_before
    ),
    "counts-again": Mutant("A repeated deletion counts again", DELETE_MESSAGE, _count_again),
}
