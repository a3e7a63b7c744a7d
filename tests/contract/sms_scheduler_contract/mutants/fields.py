"""Mutants whose answers have fields of a wrong type, name or form, or lack one."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import changes as do
from .mutant import CREATE, DELETE_MESSAGE, DELETE_SMS, DELETIONS, GET_MESSAGE, GET_SMS, REPORTS, Handle, Mutant


def _digits(number: str) -> object:
    return int(re.sub("[^0-9]", "", number) or 0)


def _masked(number: str) -> object:
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def _spaced(number: str) -> object:
    return " ".join([number[:3], *re.findall("..?", number[3:])])


def _from_00(number: str) -> str:
    return re.sub("^[+]", "00", number)


def _keys(change: Callable[[str], str]) -> Handle:
    return do.numbers_ids(lambda by_number: {change(number): ids for number, ids in by_number.items()})


def _inverted(by_number: dict[str, object]) -> object:
    return {str(sms_id): number for number, ids in by_number.items() for sms_id in do.as_list(ids)}


def _mended_errors(change: Callable[[dict[str, Any]], object]) -> Handle:
    """The errors become something else."""
    return do.field_of("errors", change, 400)


MUTANTS: Mapping[str, Mutant] = {
    "rows-as-object": Mutant(
        "The rows of a report are an object by their position",
        GET_MESSAGE,
        do.rows(lambda rows: {str(position): row for position, row in enumerate(rows)}),
    ),
    "rows-by-id": Mutant(
        "The rows of a report are an object by their id",
        GET_MESSAGE,
        do.rows(lambda rows: {str(row["id"]): row for row in rows}),
    ),
    "rows-in-an-object": Mutant(
        "The rows of a report stand in `sms`", GET_MESSAGE, do.rows(lambda rows: {"sms": rows})
    ),
    "single-row-as-object": Mutant(
        "The report of a message with one SMS is no list",
        GET_MESSAGE,
        do.rows(lambda rows: rows[0] if len(rows) == 1 else rows),
    ),
    "message-id-as-string": Mutant("message_id is a string", CREATE, do.field_of("message_id", str)),
    "message-id-null": Mutant("message_id is null", CREATE, do.becomes("message_id", None)),
    "message-id-missing": Mutant("message_id is missing", CREATE, do.without("message_id")),
    "message-id-renamed": Mutant("message_id is called id", CREATE, do.renamed("message_id", "id")),
    "sms-ids-null": Mutant("sms_ids is null", CREATE, do.becomes("sms_ids", None)),
    "sms-ids-missing": Mutant("sms_ids is missing", CREATE, do.without("sms_ids")),
    "sms-ids-renamed": Mutant("sms_ids is called sms", CREATE, do.renamed("sms_ids", "sms")),
    "sms-ids-without-numbers": Mutant("sms_ids is a list of all ids", CREATE, do.numbers_ids(do.all_ids)),
    "sms-ids-as-list-for-one-number": Mutant(
        "sms_ids is a list of ids for one number",
        CREATE,
        do.numbers_ids(lambda ids: do.all_ids(ids) if len(ids) == 1 else ids),
    ),
    "sms-ids-as-list-of-objects": Mutant(
        "sms_ids is a list of objects",
        CREATE,
        do.numbers_ids(lambda ids: [{"phone_number": number, "id": value} for number, value in ids.items()]),
    ),
    "sms-ids-inverted": Mutant("sms_ids has numbers by id", CREATE, do.numbers_ids(_inverted)),
    "sms-ids-by-position": Mutant(
        "The keys of sms_ids are positions",
        CREATE,
        do.numbers_ids(lambda ids: {str(position): value for position, value in enumerate(ids.values())}),
    ),
    "sms-ids-without-plus": Mutant(
        "The keys of sms_ids have no plus", CREATE, _keys(lambda number: number.lstrip("+"))
    ),
    "sms-ids-with-00": Mutant("The keys of sms_ids begin with 00", CREATE, _keys(_from_00)),
    "sms-ids-national": Mutant(
        "The keys of sms_ids are national numbers for France", CREATE, _keys(lambda number: number.replace("+33", "0"))
    ),
    "sms-ids-as-strings": Mutant("The ids in sms_ids are strings", CREATE, do.sms_ids(str)),
    "sms-ids-as-objects": Mutant("The ids in sms_ids are objects", CREATE, do.sms_ids(lambda sms_id: {"id": sms_id})),
    "sms-ids-with-commas": Mutant(
        "The ids of several SMS are one string with commas", CREATE, do.several_ids(lambda ids: ",".join(map(str, ids)))
    ),
    "row-id-as-string": Mutant("id is a string in report rows", GET_MESSAGE, do.field_of("id", str)),
    "row-id-missing": Mutant("id is missing in report rows", GET_MESSAGE, do.without("id")),
    "row-id-renamed": Mutant("id is called sms_id in report rows", GET_MESSAGE, do.renamed("id", "sms_id")),
    "phone-number-as-integer": Mutant(
        "phone_number is an integer in reports", REPORTS, do.field_of("phone_number", _digits)
    ),
    "phone-number-missing": Mutant("phone_number is missing in reports", REPORTS, do.without("phone_number")),
    "phone-number-empty": Mutant("phone_number is empty in reports", REPORTS, do.becomes("phone_number", "")),
    "phone-number-without-plus": Mutant(
        "phone_number has no plus in reports", REPORTS, do.field_of("phone_number", lambda number: number.lstrip("+"))
    ),
    "phone-number-with-spaces": Mutant(
        "phone_number has spaces in reports", REPORTS, do.field_of("phone_number", _spaced)
    ),
    "phone-number-masked": Mutant(
        "phone_number has asterisks in reports", REPORTS, do.field_of("phone_number", _masked)
    ),
    "phone-number-renamed": Mutant("phone_number is called to in reports", REPORTS, do.renamed("phone_number", "to")),
    "status-as-string": Mutant("status is a string in reports", REPORTS, do.field_of("status", str)),
    "status-null": Mutant("status is null in reports", REPORTS, do.becomes("status", None)),
    "status-missing": Mutant("status is missing in reports", REPORTS, do.without("status")),
    "status-as-name": Mutant(
        "status is a word in reports",
        REPORTS,
        do.field_of("status", lambda code: "SCHEDULED" if code == 10 else "SENT"),
    ),
    "sms-report-status-as-string": Mutant(
        "status is a string in the report of an SMS", GET_SMS, do.field_of("status", str)
    ),
    "sent-status-as-string": Mutant(
        "status is a string once the SMS is sent",
        REPORTS,
        do.field_of("status", lambda code: str(code) if code in {12, 13} else code),
    ),
    "sms-deleted-as-string": Mutant(
        "success is a string for an SMS", DELETE_SMS, do.field_of("success", lambda done: str(done).lower())
    ),
    "sms-deleted-as-integer": Mutant("success is 1 or 0 for an SMS", DELETE_SMS, do.field_of("success", int)),
    "sms-deleted-null": Mutant("success is null for an SMS", DELETE_SMS, do.becomes("success", None)),
    "sms-deleted-bare": Mutant(
        "true without an object for an SMS", DELETE_SMS, do.body(lambda deletion: deletion["success"])
    ),
    "message-deleted-as-boolean": Mutant("success is true for a message", DELETE_MESSAGE, do.field_of("success", bool)),
    "message-deleted-as-string": Mutant(
        "success is a string for a message", DELETE_MESSAGE, do.field_of("success", str)
    ),
    "success-missing": Mutant("success is missing", DELETIONS, do.without("success")),
    "success-renamed": Mutant("success is called deleted", DELETIONS, do.renamed("success", "deleted")),
    "errors-as-list": Mutant("errors is a list of fields", CREATE, do.field_of("errors", list, status=400)),
    "errors-as-text": Mutant(
        "errors is one text", CREATE, do.field_of("errors", lambda errors: ", ".join(map(str, errors)), status=400)
    ),
    "errors-as-texts": Mutant(
        "errors has a text for each field, not a list",
        CREATE,
        _mended_errors(lambda errors: {field: messages[0] for field, messages in errors.items()}),
    ),
    "errors-as-objects": Mutant(
        "errors has objects for each field",
        CREATE,
        _mended_errors(
            lambda errors: {field: [{"message": text} for text in texts] for field, texts in errors.items()}
        ),
    ),
    "errors-missing": Mutant("errors is missing", CREATE, do.without("errors", status=400)),
    "errors-renamed": Mutant("errors is called error", CREATE, do.renamed("errors", "error", status=400)),
    "errors-by-index": Mutant(
        "errors names no field, but has numbers",
        CREATE,
        _mended_errors(lambda errors: {str(place): texts for place, texts in enumerate(errors.values())}),
    ),
    "errors-empty": Mutant("errors names no field", CREATE, do.becomes("errors", {}, status=400)),
    "errors-without-messages": Mutant(
        "errors has no message for a field",
        CREATE,
        _mended_errors(lambda errors: {field: list[str]() for field in errors}),
    ),
    "errors-name-another-field": Mutant(
        "errors names the text, whatever field is wrong",
        CREATE,
        _mended_errors(lambda errors: {"message_text": [text for texts in errors.values() for text in texts]}),
    ),
    "errors-misname-sender": Mutant(
        "errors calls sender_id `sender`",
        CREATE,
        _mended_errors(lambda errors: {"sender" if field == "sender_id" else field: errors[field] for field in errors}),
    ),
    "message-deleted-with-fraction": Mutant(
        "success is 2.0 for a message", DELETE_MESSAGE, do.field_of("success", float)
    ),
    "message-id-with-fraction": Mutant("message_id is 123456.0", CREATE, do.field_of("message_id", float)),
    "row-status-with-fraction": Mutant("status is 10.0 in report rows", GET_MESSAGE, do.field_of("status", float)),
}
