"""The API key, and unknown ids."""

from typing import Any

import requests

from ..contract_check import contract_check
from ..errors import NotTestedError, expect
from ..keys import WRONG_KEYS, wrong_header
from ..models import Draft
from ..server import Server
from .deletion import delete_all
from .refusals import expect_nothing_between
from .reports import expect_state, report_of

BY_ID = ["getSms", "getMessage", "deleteSms", "deleteMessage"]


def _shown(response: requests.Response) -> str:
    return f"{response.status_code} {response.text[:300]}"


def unauthorised(server: Server, operation_id: str, identifier: object, what: str, body: bytes = b"") -> None:
    """Send a request without the right key. The response must be 401."""
    response = server.ask(operation_id, identifier, body=body, authorization=wrong_header(what, server.target.api_key))
    expected = f"{operation_id} with {what} instead of the key is answered 401"
    expect(response.status_code == 401, expected, _shown(response))


@contract_check(
    "Need authentication with a bearer token in the Authorization header. [...] 401 Unauthorized",
    posts=1,
    first=[{"what": what} for what in WRONG_KEYS],
)
def test_reports_need_the_key(server: Server, what: str) -> None:
    """A report is answered 401 without the right key, also after it was read with that."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    server.message(created.message_id)
    server.sms(created.ids[0])
    unauthorised(server, "getMessage", created.message_id, what)
    unauthorised(server, "getSms", created.ids[0], what)


@contract_check(
    "Need authentication with a bearer token in the Authorization header. [...] 401 Unauthorized",
    posts=1,
    first=[{"what": what} for what in WRONG_KEYS],
)
def test_deletions_need_the_key(server: Server, what: str) -> None:
    """A deletion is answered 401 without the right key, and deletes nothing."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    report = report_of(server, created)
    unauthorised(server, "deleteSms", created.ids[-1], what)
    unauthorised(server, "deleteMessage", created.message_id, what)
    now = report_of(server, created)
    expect_state(server, created, now == report, f"nothing is deleted without the key: {report}", now)
    delete_all(server, created, len(created.ids))


@contract_check(
    "Need authentication with a bearer token in the Authorization header. [...] 401 Unauthorized",
    alone=True,
    unsafe="it reads ids that others may have",
    first=[{"what": what} for what in WRONG_KEYS],
)
def test_creations_need_the_key(server: Server, what: str) -> None:
    """A request for a message is answered 401 without the right key, and creates nothing."""
    before = server.create(Draft(numbers=(0,)))
    fields = server.fields(Draft(numbers=(1, 2)))
    unauthorised_post(server, fields, what)
    expect_nothing_between(server, before, server.create(Draft(numbers=(0,))), set(fields["phone_numbers"]))


def unauthorised_post(server: Server, fields: dict[str, Any], what: str) -> None:
    """Ask for a message without the right key. The response must be 401."""
    response = server.post(fields, authorization=wrong_header(what, server.target.api_key))
    expected = f"createSms with {what} instead of the key is answered 401"
    expect(response.status_code == 401, expected, _shown(response))


@contract_check("Need authentication with a bearer token in the Authorization header. [...] 401 Unauthorized", posts=1)
def test_an_empty_request_needs_the_key(server: Server) -> None:
    """An invalid request for a message is answered 401 too without the right key."""
    unauthorised_post(server, {}, "another key")


@contract_check("Authorization: bearer [YourApiKey]")
def test_the_scheme_may_be_written_as_on_the_page(server: Server) -> None:
    """The scheme before the key may be written as the page writes it: bearer."""
    response = server.request("getMessage", 2**53 - 1, authorization=f"bearer {server.target.api_key}")
    expect(response.status_code != 401, "the right key after `bearer` is not answered 401", _shown(response))


@contract_check(
    "Need authentication with a bearer token in the Authorization header. [...] 401 Unauthorized",
    first=[{"what": what} for what in WRONG_KEYS],
    unsafe="it deletes an SMS of somebody else if the server ignores the key",
)
def test_the_key_comes_first(server: Server, what: str) -> None:
    """A request with an unknown id is answered 401 too without the right key."""
    for operation_id in BY_ID:
        unauthorised(server, operation_id, 2**53 - 1, what)


@contract_check(
    "404 Not Found",
    unsafe="others may have the ids",
    # also beyond 32 and 64 bits: an integer of JSON has no limit
    first=[{"distance": distance} for distance in (10_000_019, 2**32, 2**63, 10**30)],
)
def test_an_unknown_id_is_not_found(server: Server, distance: int) -> None:
    """A report or a deletion of an unknown id is answered 404, and deletes nothing."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    report = report_of(server, created)
    for operation_id in BY_ID:
        known = created.message_id if "Message" in operation_id else created.ids[-1]
        response = server.request(operation_id, known + distance)
        # a number that no integer of the server holds is none to it, and may be answered 400
        bits = 31 if known < 2**31 else 63
        allowed = {404} if known + distance < 2**bits else {400, 404}
        expected = f"{operation_id} of {known + distance}, an unknown id, is answered 404"
        expect(response.status_code in allowed, expected, _shown(response))
    now = report_of(server, created)
    expect_state(server, created, now == report, f"message {created.message_id} is unchanged: {report}", now)


@contract_check("integer id: The id of the SMS", posts=1)
def test_a_negative_id_is_not_found(server: Server) -> None:
    """A number with a minus is another number: it is no SMS and no message, and deletes nothing."""
    (created,) = server.messages(Draft())
    report = report_of(server, created)
    for operation_id in BY_ID:
        known = created.message_id if "Message" in operation_id else created.ids[-1]
        response = server.request(operation_id, -known)
        expected = f"{operation_id} of {-known}, which is not an id, is answered 404 or 400"
        expect(response.status_code in {400, 404}, expected, _shown(response))
    now = report_of(server, created)
    expect_state(server, created, now == report, f"message {created.message_id} is unchanged: {report}", now)


@contract_check("integer id: The id of the message", alone=True, unsafe="others may have the ids")
def test_a_part_of_an_id_is_another_id(server: Server) -> None:
    """What an id begins or ends with is another id: it leads to no report of that message or SMS, and its deletion spares them."""
    created = server.create(Draft(numbers=(0,)))
    report = report_of(server, created)
    message_parts, sms_parts = (_parts(id_) - server.known.needed for id_ in (created.message_id, created.ids[0]))
    if not (message_parts or sms_parts):
        raise NotTestedError("its ids have one digit, or begin with those of messages that are needed later")
    for part in sorted(message_parts):
        rows = server.message(part) or {}
        expected = f"{part} is another id than {created.message_id}, that of a message to {', '.join(created.sms_ids)}"
        expect(not rows.keys() & report.keys(), expected, rows)
        server.delete_message(part)
    for part in sorted(sms_parts):
        sms = server.sms(part)
        expected = (
            f"{part} is another id than {created.ids[0]}, that of an SMS to {report[created.ids[0]].phone_number}"
        )
        expect(sms is None or sms.phone_number not in created.sms_ids, expected, sms)
        server.delete_sms(part)
    now = report_of(server, created)
    expect_state(server, created, now == report, f"message {created.message_id} is unchanged: {report}", now)


def _parts(identifier: int) -> set[int]:
    """What is left of an id without its first or its last digit. It may be the id of an earlier message, or none."""
    digits = str(identifier)
    return {int(part) for part in (digits[:-1], digits[1:]) if part.strip("0")}


@contract_check(
    "integer id: The id of the message", alone=True, unsafe="others may have the ids", first=[{"draft": Draft()}]
)
def test_ids_of_messages_and_of_sms_differ(server: Server, draft: Draft) -> None:
    """The id of a message is not the id of one of its SMS, and the id of an SMS is not the id of its message."""
    (created,) = server.messages(draft)
    report = report_of(server, created)
    for message_id in {created.message_id} - set(created.ids):
        sms = server.sms(message_id)
        is_ours = sms is not None and sms.phone_number in created.sms_ids
        expect(not is_ours, f"{message_id} is the id of a message, not of one of its SMS", sms)
        server.delete_sms(message_id)
    for sms_id in set(created.ids) - {created.message_id}:
        rows = server.message(sms_id) or {}
        expect(not rows.keys() & report.keys(), f"{sms_id} is the id of an SMS, not of its message", rows)
        server.delete_message(sms_id)
    now = report_of(server, created)
    expect_state(server, created, now == report, f"message {created.message_id} is unchanged: {report}", now)
