"""Mutants whose answer to a creation names ids that do not fit what was created."""

import itertools
from collections.abc import Mapping
from typing import Any

from . import changes as do
from .mutant import CREATE, Exchange, Mutant


def _swapped(by_number: dict[str, object]) -> object:
    return dict(zip(by_number, reversed(by_number.values()), strict=True))


def _without_the_last(by_number: dict[str, object]) -> object:
    return dict(list(by_number.items())[:-1])


def _as_the_first(by_number: dict[str, object]) -> object:
    return dict.fromkeys(by_number, next(iter(by_number.values())))


def _parts_of_the_first_only(by_number: dict[str, Any]) -> object:
    first = next(iter(by_number))
    return {number: ids if number == first else do.as_list(ids)[:1] for number, ids in by_number.items()}


def _reuse_the_message_id(exchange: Exchange, created: dict[str, Any]) -> object:
    return created | {"message_id": exchange.server.messages[0].id}


def _reuse_the_sms_ids(exchange: Exchange, created: dict[str, Any]) -> object:
    if len(exchange.server.messages) < 2:
        return created
    earlier = exchange.server.api.sms_ids({sms.id: sms.phone_number for sms in exchange.server.messages[-2].sms})
    return created | {"sms_ids": dict(zip(created["sms_ids"], itertools.cycle(earlier.values()), strict=False))}


def _reuse_the_first_sms_id(exchange: Exchange, created: dict[str, Any]) -> object:
    if len(exchange.server.messages) < 2 or not created["sms_ids"]:
        return created
    number, ids = next(iter(created["sms_ids"].items()))
    again = next((sms.id for sms in exchange.server.messages[-2].sms), 0)
    return created | {"sms_ids": created["sms_ids"] | {number: [again, *ids[1:]] if isinstance(ids, list) else again}}


def _message_id_of_an_sms(_: Exchange, created: dict[str, Any]) -> object:
    return created | {"message_id": next(iter(do.all_ids(created["sms_ids"])), 0)}


MUTANTS: Mapping[str, Mutant] = {
    "message-id-zero": Mutant("message_id is 0", CREATE, do.becomes("message_id", 0)),
    "message-id-leads-nowhere": Mutant(
        "Nothing has message_id", CREATE, do.field_of("message_id", lambda i: i + do.FAR)
    ),
    "message-id-of-an-sms": Mutant("message_id is the id of an SMS", CREATE, do.body_by(_message_id_of_an_sms)),
    "message-id-reused": Mutant("Every message has the id of the first", CREATE, do.body_by(_reuse_the_message_id)),
    "number-left-out": Mutant("The last phone number is not in sms_ids", CREATE, do.numbers_ids(_without_the_last)),
    "fourth-number-left-out": Mutant(
        "Phone numbers from the fourth on are not in sms_ids",
        CREATE,
        do.numbers_ids(lambda ids: dict(list(ids.items())[:3])),
    ),
    "string-number-left-out": Mutant(
        "sms_ids is empty when one number is given as a string",
        CREATE,
        do.only(do.is_to_one_string, do.numbers_ids(lambda _: {})),
    ),
    "ids-swapped": Mutant("sms_ids gives phone numbers each other's ids", CREATE, do.numbers_ids(_swapped)),
    "same-ids-for-all-numbers": Mutant(
        "sms_ids has the ids of the first number for all", CREATE, do.numbers_ids(_as_the_first)
    ),
    "ids-lead-nowhere": Mutant("Nothing has the ids in sms_ids", CREATE, do.sms_ids(lambda sms_id: sms_id + do.FAR)),
    "ids-empty": Mutant(
        "sms_ids has no id for any number",
        CREATE,
        do.numbers_ids(lambda by_number: {number: list[int]() for number in by_number}),
    ),
    "sms-ids-reused": Mutant("A message has the SMS ids of the one before", CREATE, do.body_by(_reuse_the_sms_ids)),
    "first-sms-id-reused": Mutant(
        "The first SMS of a message has the id of that of the one before", CREATE, do.body_by(_reuse_the_first_sms_id)
    ),
    "parts-left-out": Mutant(
        "sms_ids has one id for each number of a long text", CREATE, do.several_ids(lambda ids: ids[:1])
    ),
    "parts-of-the-first-number-only": Mutant(
        "sms_ids has all ids of a long text for the first number only", CREATE, do.numbers_ids(_parts_of_the_first_only)
    ),
    "parts-with-one-id": Mutant(
        "The SMS of a long text have one id in sms_ids", CREATE, do.several_ids(lambda ids: [ids[0] for _ in ids])
    ),
}
