"""Mutants that answer with a wrong status code."""

from collections.abc import Mapping
from dataclasses import replace

from sms_scheduler_mock import Response

from . import changes as do
from .mutant import (
    ALL,
    BY_ID,
    CREATE,
    DELETE_MESSAGE,
    DELETE_SMS,
    DELETIONS,
    GET_MESSAGE,
    GET_SMS,
    Condition,
    Exchange,
    Handle,
    Mutant,
)


def _crash_when_refused(condition: Condition) -> Handle:
    """What should be refused crashes, under a condition."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        crashes = response.status == 400 and condition(exchange)
        return Response(500, "Internal Server Error") if crashes else response

    return handle


def _misses_a_field(exchange: Exchange) -> bool:
    required = {"message_text", "delivery_date", "sender_id", "phone_numbers"}
    return bool(exchange.fields) and not required <= exchange.fields.keys()


def _is_no_object(exchange: Exchange) -> bool:
    return not exchange.fields


MUTANTS: Mapping[str, Mutant] = {
    "not-found-as-204": Mutant("204 for what is not there", BY_ID, do.status(404, 204)),
    "not-found-as-400": Mutant("400 for what is not there", BY_ID, do.instead_of(404, Response(400, {"errors": {}}))),
    "not-found-as-500": Mutant("500 for what is not there", BY_ID, do.instead_of(404, Response(500, "Server Error"))),
    "error-500": Mutant("500 for every request", ALL, do.always(Response(500, "Internal Server Error"))),
    "created-as-201": Mutant("201 for a message that was created", CREATE, do.status(200, 201)),
    "created-as-204": Mutant("204 with no body for a creation", CREATE, do.instead_of(200, Response(204))),
    "many-created-as-207": Mutant(
        "207 for a message to several numbers", CREATE, do.only(do.has_numbers(lambda n: n > 1), do.status(200, 207))
    ),
    "sms-report-as-206": Mutant("206 for the report of an SMS", GET_SMS, do.status(200, 206)),
    "message-report-as-203": Mutant("203 for the report of a message", GET_MESSAGE, do.status(200, 203)),
    "deleted-as-204": Mutant("204 with no body for a deletion", DELETIONS, do.instead_of(200, Response(204))),
    "refused-as-200": Mutant("200 with the errors of a request that is refused", CREATE, do.status(400, 200)),
    "refused-as-302": Mutant(
        "302 to the form for a request that is refused",
        CREATE,
        do.instead_of(400, Response(302, headers={"Location": "/"})),
    ),
    "refused-as-422": Mutant("422 for a request that is refused", CREATE, do.status(400, 422)),
    "refused-as-500": Mutant("500 for a request that is refused", CREATE, do.instead_of(400, Response(500))),
    "refused-number-as-422": Mutant(
        "422 for an invalid phone number",
        CREATE,
        do.response(
            lambda response: replace(response, status=422) if do.refused_for("phone_numbers", response) else response
        ),
    ),
    "missing-field-as-500": Mutant("500 for a missing field", CREATE, _crash_when_refused(_misses_a_field)),
    "list-as-500": Mutant(
        "500 for a list where a text or a number belongs",
        CREATE,
        _crash_when_refused(lambda exchange: isinstance(exchange.fields.get("message_text"), list)),
    ),
    "null-as-500": Mutant(
        "500 for a field that is null",
        CREATE,
        _crash_when_refused(lambda exchange: None in exchange.fields.values()),
    ),
    "not-json-as-500": Mutant("500 for what is no JSON object", CREATE, _crash_when_refused(_is_no_object)),
    "huge-id-as-500": Mutant(
        "500 for an id beyond 64 bits", BY_ID, do.only(lambda e: len(e.request.id) > 19, do.crash)
    ),
    "unknown-sms-as-null": Mutant(
        "A report of nulls for an SMS that never was",
        GET_SMS,
        do.only(do.is_unknown, do.instead_of(404, Response(200, {"phone_number": None, "status": None}))),
    ),
    "unknown-sms-deleted": Mutant(
        "The deletion of an SMS that never was succeeds",
        DELETE_SMS,
        do.only(do.is_unknown, do.instead_of(404, Response(200, {"success": True}))),
    ),
    "unknown-message-reported": Mutant(
        "An empty report for a message that never was",
        GET_MESSAGE,
        do.only(do.is_unknown, do.instead_of(404, Response(200, []))),
    ),
    "unknown-message-deleted": Mutant(
        "0 for the deletion of a message that never was",
        DELETE_MESSAGE,
        do.only(do.is_unknown, do.instead_of(404, Response(200, {"success": 0}))),
    ),
}
