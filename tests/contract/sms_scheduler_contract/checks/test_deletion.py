"""Deletion.

What a report answers afterwards is left open, and so is not judged.
"""

from hypothesis import strategies as st

from .. import drafts
from ..check import promise
from ..session import Created, Draft, NotTestedError, Server, Sms, expect
from .test_reports import LONG, report_of

TWO = Draft(text="long " * 40, numbers=(0, 1))


def delete_one(server: Server, sms_id: int) -> None:
    """Delete an SMS that is scheduled for the far future, which must succeed."""
    success = server.delete_sms(sms_id)
    expect(
        success is True, f"SMS {sms_id}, which is scheduled for the far future, is deleted: success is true", success
    )


def delete_all(server: Server, created: Created, remaining: int) -> None:
    """Delete what remains of a message that is scheduled for the far future, which must succeed and be counted."""
    count = server.delete_message(created.message_id)
    if remaining == 0:  # whether the message still exists is left open
        expect(count in {0, None}, f"nothing remains of message {created.message_id}: success is 0, or 404", count)
    else:
        promised = f"{remaining} of the {len(created.ids)} SMS of message {created.message_id} are left to be deleted"
        expect(count == remaining, f"{promised}: success is {remaining}", count)


def expect_untouched(server: Server, before: dict[Created, dict[int, Sms]]) -> None:
    """See that messages are reported as they were before."""
    for created, report in before.items():
        now = report_of(server, created)
        expect(now == report, f"message {created.message_id} is untouched: {report}", now)
        for sms_id, sms in report.items():
            own = server.sms(sms_id)
            expect(own == sms, f"SMS {sms_id} is untouched: {sms}", own)


@promise(posts=1, first=[{"draft": Draft(numbers=(0,))}, {"draft": TWO}, {"draft": LONG}], draft=drafts.drafts())
def test_a_message_is_deleted(server: Server, draft: Draft) -> None:
    """Deleting a message deletes all its SMS and answers how many there were; they are deleted once, and all alike."""
    (created,) = server.messages(draft)
    delete_all(server, created, len(created.ids))
    reports = {sms_id: server.sms(sms_id) for sms_id in created.ids}
    statuses = {sms and sms.status for sms in reports.values()}
    expect(len(statuses) == 1, f"all SMS of message {created.message_id} were deleted, and are reported alike", reports)
    delete_all(server, created, 0)


@promise(
    posts=1,
    first=[{"draft": TWO, "which": 1}, {"draft": LONG, "which": 0}],
    draft=drafts.drafts(),
    which=st.integers(0, 20),
)
def test_other_sms_of_the_message_stay(server: Server, draft: Draft, which: int) -> None:
    """Deleting an SMS leaves the others of its message as they are."""
    (created,) = server.messages(draft)
    if server.limits.safe and len(created.ids) == 1:
        raise NotTestedError("needs a message of several SMS: give --phone-number twice")
    before = report_of(server, created)
    sms_id = created.ids[which % len(created.ids)]
    delete_one(server, sms_id)
    del before[sms_id]
    report = server.message(created.message_id)
    expect(report is not None or not before, f"message {created.message_id} still has SMS, and a report", "404")
    for other, sms in before.items():
        row = (report or {}).get(other)
        expect(row == sms, f"SMS {other} is untouched in the report of its message: {sms}", row)
        own = server.sms(other)
        expect(own == sms, f"SMS {other} is untouched: {sms}", own)


@promise(
    posts=1,
    first=[{"draft": TWO, "which": 0}, {"draft": LONG, "which": 1}],
    draft=drafts.drafts(),
    which=st.integers(0, 20),
)
def test_an_sms_is_deleted(server: Server, draft: Draft, which: int) -> None:
    """Deleting an SMS deletes that one: it is counted no more when its message is deleted."""
    (created,) = server.messages(draft)
    sms_id = created.ids[which % len(created.ids)]
    delete_one(server, sms_id)
    delete_all(server, created, len(created.ids) - 1)


@promise(
    posts=2,
    first=[{"drafts": [TWO] * count, "whole": whole} for count in (2, 3) for whole in (True, False)],
    drafts=drafts.several(),
    whole=st.booleans(),
)
def test_other_messages_stay(server: Server, drafts: list[Draft], whole: bool) -> None:
    """A deletion leaves other messages as they are, those to the same phone numbers too."""
    messages = server.messages(*drafts)
    deleted = messages.pop(len(messages) // 2)  # one in between: the one before stays, and the one after
    before = {created: report_of(server, created) for created in messages}
    if whole:
        delete_all(server, deleted, len(deleted.ids))
    else:
        delete_one(server, deleted.ids[0])
    expect_untouched(server, before)


@promise(unsafe="it takes a message more", first=[{"draft": TWO}], draft=drafts.drafts())
def test_sms_are_deleted_one_by_one(server: Server, draft: Draft) -> None:
    """The SMS of a message can be deleted one by one; then none of them is left to be counted."""
    (created,) = server.messages(draft)
    for sms_id in created.ids:
        delete_one(server, sms_id)
    delete_all(server, created, 0)
