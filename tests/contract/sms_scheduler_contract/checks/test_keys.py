"""The API key, and ids that lead nowhere."""

from typing import Any

from ..keys import WRONG_KEYS, wrong_header
from ..check import promise
from ..session import Draft, Server, expect
from .test_deletion import delete_all
from .test_refusals import expect_nothing_between
from .test_reports import report_of

BY_ID = ["getSms", "getMessage", "deleteSms", "deleteMessage"]


def unauthorised(server: Server, operation_id: str, identifier: object, what: str, body: bytes = b"") -> None:
    """Ask without the right key, which must be answered by 401 and tell nothing."""
    response = server.ask(operation_id, identifier, content=body, authorization=wrong_header(what, server))
    promised = f"{operation_id} with {what} in the place of the key is answered 401"
    expect(response.status_code == 401, promised, f"{response.status_code} {response.text[:300]}")


@promise(posts=1, first=[{"what": what} for what in WRONG_KEYS])
def test_nothing_is_told_without_the_key(server: Server, what: str) -> None:
    """Reports are answered 401 without the right key."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    unauthorised(server, "getMessage", created.message_id, what)
    unauthorised(server, "getSms", created.ids[0], what)


@promise(posts=1, first=[{"what": what} for what in WRONG_KEYS])
def test_nothing_is_deleted_without_the_key(server: Server, what: str) -> None:
    """Deletions are answered 401 without the right key, and delete nothing."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    report = report_of(server, created)
    unauthorised(server, "deleteSms", created.ids[-1], what)
    unauthorised(server, "deleteMessage", created.message_id, what)
    now = report_of(server, created)
    expect(now == report, f"what is asked for without the key is not done: {report}", now)
    delete_all(server, created, len(created.ids))


@promise(unsafe="it looks through ids that others may have", first=[{"what": what} for what in WRONG_KEYS])
def test_nothing_is_created_without_the_key(server: Server, what: str) -> None:
    """A message is not created without the right key, but answered 401."""
    before = server.create(Draft(numbers=(0,)))
    fields = server.fields(Draft(numbers=(1, 2)))
    unauthorised_post(server, fields, what)
    expect_nothing_between(server, before, server.create(Draft(numbers=(0,))), set(fields["phone_numbers"]))


def unauthorised_post(server: Server, fields: dict[str, Any], what: str) -> None:
    """Ask for a message without the right key, which must be answered by 401."""
    response = server.post(fields, authorization=wrong_header(what, server))
    promised = f"createSms with {what} in the place of the key is answered 401"
    expect(response.status_code == 401, promised, f"{response.status_code} {response.text[:300]}")


@promise(posts=1)
def test_an_empty_request_needs_the_key(server: Server) -> None:
    """A request for a message is answered 401 without the right key, whatever is wrong with it besides."""
    unauthorised_post(server, {}, "another key")


@promise(
    first=[{"what": what} for what in WRONG_KEYS], unsafe="it deletes what is not its own if the key is not looked at"
)
def test_the_key_comes_first(server: Server, what: str) -> None:
    """What has no such id is answered 401 too without the right key."""
    for operation_id in BY_ID:
        unauthorised(server, operation_id, 2**53 - 1, what)


@promise(
    unsafe="others may have the ids",
    # beyond what 32 and 64 bits hold too: an integer of JSON has no limit
    first=[{"distance": distance} for distance in (10_000, 10_000_019, 2**31, 2**32, 2**40, 2**63, 10**30)],
)
def test_an_unknown_id_is_not_found(server: Server, distance: int) -> None:
    """A report or a deletion of an id that nothing has is answered 404, and deletes nothing."""
    (created,) = server.messages(Draft(numbers=(0, 1)))
    report = report_of(server, created)
    for operation_id in BY_ID:
        known = created.message_id if "Message" in operation_id else created.ids[-1]
        response = server.ask(operation_id, known + distance)
        promised = f"{operation_id} of {known + distance}, an id that was not given out, is answered 404"
        expect(response.status_code == 404, promised, f"{response.status_code} {response.text[:300]}")
    now = report_of(server, created)
    expect(now == report, f"message {created.message_id} is untouched: {report}", now)


@promise(posts=1, first=[{"form": form} for form in ("{}abc", "{}.5", "-{}", "x{}")])
def test_what_is_no_id_is_not_found(server: Server, form: str) -> None:
    """An id is a whole number: what only begins like one, or looks like one, leads nowhere and deletes nothing."""
    (created,) = server.messages(Draft())
    report = report_of(server, created)
    for operation_id in BY_ID:
        known = created.message_id if "Message" in operation_id else created.ids[-1]
        response = server.request(operation_id, form.format(known))
        promised = f"{operation_id} of {form.format(known)}, which is no id, does not succeed"
        expect(not response.ok, promised, f"{response.status_code} {response.text[:300]}")
    now = report_of(server, created)
    expect(now == report, f"message {created.message_id} is untouched: {report}", now)


@promise(unsafe="others may have the ids", first=[{"draft": Draft()}])
def test_ids_of_messages_and_of_sms_are_told_apart(server: Server, draft: Draft) -> None:
    """The id of a message leads to no SMS, and the id of an SMS to no message, unless another one has it."""
    (created,) = server.messages(draft)
    report = report_of(server, created)
    for message_id in {created.message_id} - set(created.ids):
        sms = server.sms(message_id)
        is_ours = sms is not None and sms.phone_number in created.sms_ids
        expect(not is_ours, f"{message_id} is the id of a message, and leads to no SMS of it", sms)
        server.delete_sms(message_id)
    for sms_id in set(created.ids) - {created.message_id}:
        rows = server.message(sms_id) or {}
        expect(
            not rows.keys() & report.keys(), f"{sms_id} is the id of an SMS, and leads to no message that has it", rows
        )
        server.delete_message(sms_id)
    now = report_of(server, created)
    expect(now == report, f"message {created.message_id} is untouched: {report}", now)
