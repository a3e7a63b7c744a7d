"""Deletion.

The page does not say what a report answers after a deletion, so that is not checked.
"""

from hypothesis import strategies as st

from .. import drafts
from ..contract_check import contract_check
from ..errors import NotTestedError, expect
from ..models import Created, Draft, Sms
from ..server import Server
from .reports import LONG, expect_state, report_of

TWO = Draft(text="long " * 40, numbers=(0, 1))


def delete_one(server: Server, created: Created, sms_id: int) -> None:
    """Delete an SMS that is scheduled for the far future. That must succeed."""
    success = server.delete_sms(sms_id)
    expected = f"SMS {sms_id}, scheduled for the far future, is deleted: success is true"
    expect_state(server, created, success is True, expected, success)


def delete_all(server: Server, created: Created, remaining: int) -> None:
    """Delete the SMS left of a message that is scheduled for the far future. That must succeed and count them."""
    count = server.delete_message(created.message_id)
    if remaining == 0:  # the page does not say whether the message still exists
        expect(count in {0, None}, f"no SMS of message {created.message_id} is left: success is 0, or 404", count)
    else:
        expected = f"{remaining} of the {len(created.ids)} SMS of message {created.message_id} are deleted"
        expect_state(server, created, count == remaining, f"{expected}: success is {remaining}", count)


def expect_untouched(server: Server, before: dict[Created, dict[int, Sms]]) -> None:
    """Messages must be reported as they were before."""
    for created, report in before.items():
        now = report_of(server, created)
        expect_state(server, created, now == report, f"message {created.message_id} is unchanged: {report}", now)
        for sms_id, sms in report.items():
            own = server.sms(sms_id)
            expect_state(server, created, own == sms, f"SMS {sms_id} is unchanged: {sms}", own)


@contract_check(
    "integer success: The number of SMS deleted",
    posts=1,
    first=[{"draft": Draft(numbers=(0,))}, {"draft": TWO}, {"draft": LONG}],
    draft=drafts.drafts(),
)
def test_a_message_is_deleted(server: Server, draft: Draft) -> None:
    """Deleting a message deletes each of its SMS once, and answers how many it deleted."""
    (created,) = server.messages(draft)
    delete_all(server, created, len(created.ids))
    reports = {sms_id: server.sms(sms_id) for sms_id in created.ids}
    statuses = {sms and sms.status for sms in reports.values()}
    expected = f"all SMS of message {created.message_id} were deleted and have the same status"
    expect_state(server, created, len(statuses) == 1, expected, reports)
    delete_all(server, created, 0)


@contract_check(
    "DELETE /sms/{id}: Delete a SMS by its ID",
    posts=1,
    first=[{"draft": TWO, "which": 1}, {"draft": LONG, "which": 0}],
    draft=drafts.drafts(),
    which=st.integers(0, 20),
)
def test_other_sms_of_the_message_are_unchanged(server: Server, draft: Draft, which: int) -> None:
    """Deleting an SMS leaves the other SMS of its message unchanged."""
    (created,) = server.messages(draft)
    if server.safe_mode and len(created.ids) == 1:
        raise NotTestedError("it needs a message of several SMS: pass --phone-number twice")
    before = report_of(server, created)
    sms_id = created.ids[which % len(created.ids)]
    delete_one(server, created, sms_id)
    del before[sms_id]
    report = server.message(created.message_id)
    expect(
        report is not None or not before, f"message {created.message_id} still has SMS, and therefore a report", "404"
    )
    for other, sms in before.items():
        row = (report or {}).get(other)
        expected = f"SMS {other} is unchanged in the report of its message: {sms}"
        expect_state(server, created, row == sms, expected, row)
        own = server.sms(other)
        expect_state(server, created, own == sms, f"SMS {other} is unchanged: {sms}", own)


@contract_check(
    "boolean success: True if the SMS has been deleted",
    posts=1,
    first=[{"draft": TWO, "which": 0}, {"draft": LONG, "which": 1}],
    draft=drafts.drafts(),
    which=st.integers(0, 20),
)
def test_an_sms_is_deleted(server: Server, draft: Draft, which: int) -> None:
    """An SMS that was deleted is not counted when its message is deleted."""
    (created,) = server.messages(draft)
    sms_id = created.ids[which % len(created.ids)]
    delete_one(server, created, sms_id)
    delete_all(server, created, len(created.ids) - 1)


@contract_check(
    "DELETE /message/{id}: Delete multiple SMS by their message ID",
    posts=2,
    first=[{"drafts": [TWO] * count, "whole": whole} for count in (2, 3) for whole in (True, False)],
    drafts=drafts.several(),
    whole=st.booleans(),
)
def test_other_messages_are_unchanged(server: Server, drafts: list[Draft], whole: bool) -> None:
    """A deletion leaves other messages unchanged, even those to the same phone numbers."""
    messages = server.messages(*drafts)
    deleted = messages.pop(len(messages) // 2)  # one in between, so that there is a message before and one after
    before = {created: report_of(server, created) for created in messages}
    if whole:
        delete_all(server, deleted, len(deleted.ids))
    else:
        delete_one(server, deleted, deleted.ids[0])
    expect_untouched(server, before)


@contract_check(
    "boolean success: True if the SMS has been deleted",
    unsafe="it needs another message",
    first=[{"draft": TWO}],
    draft=drafts.drafts(),
)
def test_sms_are_deleted_one_by_one(server: Server, draft: Draft) -> None:
    """The SMS of a message can be deleted one by one; then no SMS of the message is left."""
    (created,) = server.messages(draft)
    for sms_id in created.ids:
        delete_one(server, created, sms_id)
    delete_all(server, created, 0)


@contract_check(
    "The unique ID of the corresponding SMS. message_id: The message id", alone=True, unsafe="it needs another message"
)
def test_ids_are_not_used_again(server: Server) -> None:
    """The ids of a message that was deleted, and of its SMS, are not those of a later one."""
    deleted = server.create(TWO)
    server.delete_message(deleted.message_id)
    later = server.create(TWO)
    expected = f"a message that is created after message {deleted.message_id} was deleted has another id"
    expect(later.message_id != deleted.message_id, expected, later.message_id)
    expected = f"its SMS have other ids than those that were deleted, {deleted.ids}"
    expect(not set(later.ids) & set(deleted.ids), expected, later.ids)
