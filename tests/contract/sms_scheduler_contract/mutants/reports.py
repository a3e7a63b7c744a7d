"""Mutants whose reports do not agree with what was created, with each other or with the time."""

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, cast

from sms_scheduler_mock import Message, Response

from . import changes as do
from .mutant import BY_ID, GET_MESSAGE, GET_SMS, REPORTS, Condition, Exchange, Handle, Mutant


def _one_for_each_number(rows: list[Any]) -> object:
    return list({row["phone_number"]: row for row in reversed(rows)}.values())[::-1]


def _with_each_others_numbers(rows: list[Any]) -> object:
    return [row | {"phone_number": other["phone_number"]} for row, other in zip(rows, reversed(rows), strict=True)]


def _of_the_first_sms(exchange: Exchange) -> Response:
    return exchange.answer(id=str(exchange.sms_ids[0])) if exchange.sms_ids else exchange.answer()


def _of_the_previous_message(exchange: Exchange) -> Response:
    known = exchange.previous if do.is_known(exchange) else None
    return exchange.answer(id=str(known.id)) if known else exchange.answer()


def _rows_of_other_messages_too(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.status != 200 or not exchange.message:
        return response
    numbers = {sms.phone_number for sms in exchange.message.sms}
    responses = [exchange.answer(id=str(message.id)) for message in exchange.server.messages]
    rows = [row for other in responses if other.status == 200 for row in cast("list[Any]", other.body)]
    return Response(200, [row for row in rows if row["phone_number"] in numbers])


def _rows_of_all_messages_like_it(exchange: Exchange) -> Response:
    """What SQL does with `id LIKE '%12'`."""
    ids = [str(message.id) for message in exchange.server.messages if str(message.id).endswith(exchange.request.id)]
    answers = [exchange.answer(id=id_) for id_ in ids or [exchange.request.id]]
    rows = [row for answer in answers if answer.status == 200 for row in cast("list[Any]", answer.body)]
    return Response(200, rows) if rows else exchange.answer()


def _read_id(change: Callable[[str], object]) -> Handle:
    """The id is read in another way."""
    return lambda exchange: exchange.answer(id=str(change(exchange.request.id)))


def _modulo(text: str) -> object:
    return int(text) % 2**32 if re.fullmatch("[0-9]{1,18}", text) else text


def _status_if(condition: Callable[[Exchange, Message], bool], status: int) -> Handle:
    """Reports of messages like that have one status."""
    is_so: Condition = lambda exchange: exchange.message is not None and condition(exchange, exchange.message)  # noqa: E731
    return do.only(is_so, do.becomes("status", status))


def _is_to_come(exchange: Exchange, message: Message) -> bool:
    return message.delivery_date > exchange.server.now


def _shrink(exchange: Exchange, rows: Any) -> object:
    exchange.memory[exchange.request.id] += 1
    return rows[: max(1, len(rows) - exchange.memory[exchange.request.id] + 1)]


def _read_twice(exchange: Exchange, sms: Any) -> object:
    exchange.memory[exchange.request.id] += 1
    return sms if exchange.memory[exchange.request.id] == 1 else sms | {"status": 13}


MUTANTS: Mapping[str, Mutant] = {
    "messages-by-the-last-digits": Mutant(
        "The report of a message has the SMS of those whose ids end with its digits",
        GET_MESSAGE,
        _rows_of_all_messages_like_it,
    ),
    "row-left-out": Mutant("The last SMS has no row in a report", GET_MESSAGE, do.rows(lambda rows: rows[:-1])),
    "last-of-several-rows-left-out": Mutant(
        "The last of several SMS has no row in a report",
        GET_MESSAGE,
        do.rows(lambda rows: rows[: max(1, len(rows) - 1)]),
    ),
    "rows-without-parts": Mutant(
        "A report has one row for each number of a long text", GET_MESSAGE, do.rows(_one_for_each_number)
    ),
    "report-empty": Mutant("The report of a message is empty", GET_MESSAGE, do.rows(lambda _: [])),
    "row-twice": Mutant("A report has its first row twice", GET_MESSAGE, do.rows(lambda rows: [*rows[:1], *rows])),
    "rows-of-other-messages-too": Mutant(
        "A report has the SMS of other messages to its numbers too", GET_MESSAGE, _rows_of_other_messages_too
    ),
    "report-of-previous-message": Mutant(
        "The report of a message is that of the one before", GET_MESSAGE, _of_the_previous_message
    ),
    "row-ids-by-position": Mutant(
        "The ids in report rows are positions",
        GET_MESSAGE,
        do.rows(lambda rows: [row | {"id": place} for place, row in enumerate(rows)]),
    ),
    "row-ids-differ": Mutant(
        "The ids in report rows lead nowhere", GET_MESSAGE, do.field_of("id", lambda i: i + do.FAR)
    ),
    "row-ids-of-the-message": Mutant(
        "The ids in report rows are that of the message",
        GET_MESSAGE,
        lambda exchange: do.becomes("id", exchange.message.id if exchange.message else 0)(exchange),
    ),
    "row-numbers-swapped": Mutant(
        "Report rows have each other's numbers", GET_MESSAGE, do.rows(_with_each_others_numbers)
    ),
    "row-numbers-all-the-first": Mutant(
        "Report rows have the number of the first",
        GET_MESSAGE,
        do.rows(lambda rows: [row | {"phone_number": rows[0]["phone_number"]} for row in rows]),
    ),
    "reports-disagree": Mutant(
        "The report on a message gives its SMS another status than their own reports do",
        GET_MESSAGE,
        do.field_of("status", lambda status: 10 if status == 13 else 13),
    ),
    "last-row-disagrees": Mutant(
        "The last of several rows has another status than the report of its SMS",
        GET_MESSAGE,
        do.last_row(lambda row: row | {"status": 25 if row["status"] != 25 else 10}),
    ),
    "sms-reported-as-the-first": Mutant(
        "Every SMS has the report of the first of its message", GET_SMS, _of_the_first_sms
    ),
    "last-sms-not-found": Mutant(
        "404 for the last of the SMS of a message",
        GET_SMS,
        do.only(do.is_the_last_of_several, do.at_once(Response(404))),
    ),
    "later-message-not-found": Mutant(
        "404 for the report of a message that is not the first",
        GET_MESSAGE,
        do.only(lambda e: do.is_known(e) and do.is_not_the_first(e), do.at_once(Response(404))),
    ),
    "sms-by-message-id": Mutant(
        "The report of an SMS is found by the id of its message", GET_SMS, do.sms_of_another_kind_of_id
    ),
    "message-by-sms-id": Mutant(
        "The report of a message is found by the id of an SMS", GET_MESSAGE, do.sms_of_another_kind_of_id
    ),
    "id-modulo-2-32": Mutant("Ids are cut to 32 bits", BY_ID, _read_id(_modulo)),
    "id-sign-ignored": Mutant("A minus before an id is ignored", BY_ID, _read_id(lambda text: text.removeprefix("-"))),
    "sent-at-once": Mutant("What is scheduled is reported as received", REPORTS, _status_if(_is_to_come, 13)),
    "sent-from-2038": Mutant(
        "What is scheduled for 2038 or later is reported as sent",
        REPORTS,
        _status_if(lambda _, message: message.delivery_date.year >= 2038, 12),
    ),
    "past-stays-scheduled": Mutant(
        "What is of the past is reported as scheduled forever",
        REPORTS,
        _status_if(lambda exchange, message: not _is_to_come(exchange, message), 10),
    ),
    "reading-sends": Mutant("An SMS whose report was read is reported as received", GET_SMS, do.body_by(_read_twice)),
    "reading-loses-rows": Mutant("A report has one row less each time it is read", GET_MESSAGE, do.body_by(_shrink)),
    **{
        f"report-ends-after-{count}-rows": Mutant(
            f"A report ends after {count} rows", GET_MESSAGE, do.rows(itemgetter(slice(count)))
        )
        for count in (25, 30, 50, 100)
    },
}
