"""Mutants that do not look at the key as they should."""

from collections.abc import Mapping

from sms_scheduler_mock import Response
from sms_scheduler_mock.backend.validation import BadRequestError

from . import changes as do
from .mutant import (
    ALL,
    BY_ID,
    CREATE,
    DELETE_MESSAGE,
    DELETIONS,
    GET_MESSAGE,
    GET_SMS,
    REPORTS,
    Exchange,
    Handle,
    Mutant,
)


def _without_key(exchange: Exchange) -> Response:
    return exchange.answer_with_the_right_key()


def _cached(exchange: Exchange) -> Response:
    response, place = exchange.answer(), f"{exchange.request.operation} {exchange.request.id}"
    if response.status == 200:
        exchange.memory[place] += 1
    return exchange.answer_with_the_right_key() if response.status == 401 and exchange.memory[place] else response


def _look_at_the_key_last(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.status == 401:
        exchange.answer_with_the_right_key()
    return response


def _told_before_the_key(status: int) -> Handle:
    """Without the key, what would be answered with a status is answered so all the same."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        if response.status != 401 or (status == 404 and do.is_known(exchange)):
            return response
        try:
            exchange.server.api.read(exchange.request.body)
        except BadRequestError as error:
            return Response(404) if status == 404 else Response(400, {"errors": error.errors})
        return response

    return handle


MUTANTS: Mapping[str, Mutant] = {
    "any-key-accepted": Mutant("Any key is accepted, and so is none", ALL, _without_key),
    "wrong-key-as-403": Mutant("403 for a wrong key", ALL, do.status(401, 403)),
    "wrong-key-as-200": Mutant("200 with no body for a wrong key", ALL, do.instead_of(401, Response(200))),
    "wrong-key-as-302": Mutant(
        "302 to the login page for a wrong key", ALL, do.instead_of(401, Response(302, headers={"Location": "/login"}))
    ),
    "wrong-key-as-404": Mutant("404 for a wrong key", BY_ID, do.status(401, 404)),
    "missing-key-as-500": Mutant(
        "500 without the Authorization header",
        ALL,
        do.only(lambda exchange: "Authorization" not in exchange.request.headers, do.always(Response(500))),
    ),
    "wrong-key-but-created": Mutant("401 for a wrong key, but the message is created", CREATE, _look_at_the_key_last),
    "wrong-key-but-deleted": Mutant("401 for a wrong key, but it is deleted", DELETIONS, _look_at_the_key_last),
    "creation-without-key": Mutant("Nothing looks at the key of a creation", CREATE, _without_key),
    "cached-report-without-key": Mutant("Nothing looks at the key of a report that was read before", REPORTS, _cached),
    "sms-report-without-key": Mutant("Nothing looks at the key of an SMS report", GET_SMS, _without_key),
    "message-report-without-key": Mutant("Nothing looks at the key of a message report", GET_MESSAGE, _without_key),
    "deletions-without-key": Mutant("Nothing looks at the key of a deletion", DELETIONS, _without_key),
    "message-deletion-without-key": Mutant(
        "Nothing looks at the key of a message's deletion", DELETE_MESSAGE, _without_key
    ),
    "empty-key-accepted": Mutant(
        "A scheme without a key, and no header, is accepted", ALL, do.accept_key(lambda given, _: not given)
    ),
    "key-prefix-accepted": Mutant(
        "The beginning of the key is accepted",
        ALL,
        do.accept_key(lambda given, key: bool(given) and key.startswith(given)),
    ),
    "key-with-more-accepted": Mutant(
        "A key with something after it is accepted", ALL, do.accept_key(lambda given, key: given.startswith(key))
    ),
    "key-in-any-case": Mutant(
        "The key in capitals is accepted", ALL, do.accept_key(lambda given, key: given.lower() == key.lower())
    ),
    "unknown-id-before-key": Mutant("404 without the key for what is not there", BY_ID, _told_before_the_key(404)),
    "errors-before-key": Mutant("400 without the key for a bad request", CREATE, _told_before_the_key(400)),
    "deletion-forbidden": Mutant(
        "401 with the right key for a message's deletion", DELETE_MESSAGE, do.always(Response(401))
    ),
    "upper-case-bearer-only": Mutant("The scheme must be written Bearer", ALL, do.only_scheme("Bearer")),
}
