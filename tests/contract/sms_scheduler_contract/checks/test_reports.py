"""Reports."""

import time

from .. import drafts
from ..check import promise
from ..session import Created, Draft, Server, Sms, expect

LONG = Draft(text="long " * 40, numbers=(0, 1, 2))
BOTH = [{"draft": Draft()}, {"draft": Draft(numbers=(3, 2, 1, 0))}, {"draft": LONG}, {"draft": Draft(as_string=True)}]


def report_of(server: Server, created: Created) -> dict[int, Sms]:
    """The report of a message of which nothing was deleted: a row for each SMS, with its number."""
    report = server.message(created.message_id)
    expect(report is not None, f"message {created.message_id} was created, and has a report", "404")
    assert report is not None
    rows = {sms_id: sms.phone_number for sms_id, sms in report.items()}
    expect(
        rows == created.number_of,
        f"the report of message {created.message_id} has a row for each SMS in sms_ids and no other: {created.number_of}",
        rows,
    )
    return report


@promise(posts=1, first=BOTH, draft=drafts.drafts())
def test_each_id_leads_to_the_report_of_its_sms(server: Server, draft: Draft) -> None:
    """Each id in `sms_ids` leads to the report of an SMS to its phone number."""
    (created,) = server.messages(draft)
    for sms_id, number in created.number_of.items():
        sms = server.sms(sms_id)
        expect(sms is not None, f"SMS {sms_id} was created, and has a report", "404")
        assert sms is not None
        expect(sms.phone_number == number, f"SMS {sms_id} is to {number}", f"its report says {sms.phone_number}")


@promise(posts=1, first=BOTH, draft=drafts.drafts())
def test_the_report_of_a_message_has_its_sms(server: Server, draft: Draft) -> None:
    """The report of a message has a row for each of its SMS, with its id and phone number, and no other."""
    report_of(server, *server.messages(draft))


@promise(posts=2, first=[{"drafts": [Draft(numbers=(0, 1)), Draft(numbers=(1, 0))]}], drafts=drafts.several())
def test_messages_are_kept_apart(server: Server, drafts: list[Draft]) -> None:
    """Several messages to the same phone numbers are each reported with their own SMS."""
    for created in server.messages(*drafts):
        report_of(server, created)


def expect_agreement(server: Server, created: Created) -> dict[int, Sms]:
    """See that both reports agree; a status that changes meanwhile may be either."""
    before = {sms_id: server.sms(sms_id) for sms_id in created.ids}
    report = report_of(server, created)
    after = {sms_id: server.sms(sms_id) for sms_id in created.ids}
    for sms_id, sms in report.items():
        expect(
            sms == after[sms_id] or before[sms_id] != after[sms_id],
            f"the report of message {created.message_id} says of SMS {sms_id} what its own does, {after[sms_id]}",
            sms,
        )
    return report


@promise(posts=1, first=BOTH, draft=drafts.drafts())
def test_both_reports_agree(server: Server, draft: Draft) -> None:
    """The report of a message and those of its SMS agree on phone numbers and statuses."""
    expect_agreement(server, *server.messages(draft))


@promise(unsafe="it would send", first=[{"draft": Draft(delivery_date=drafts.PAST_DATES[0], numbers=(0, 1))}])
def test_both_reports_agree_on_what_is_sent(server: Server, draft: Draft) -> None:
    """The report of a message and those of its SMS agree while they are being sent."""
    created = server.create(draft)
    server.sent.append((created, time.monotonic()))
    expect_agreement(server, created)


@promise(posts=1, first=BOTH, draft=drafts.drafts())
def test_reading_changes_nothing(server: Server, draft: Draft) -> None:
    """Reading a report changes nothing: read again, it says the same."""
    (created,) = server.messages(draft)
    first = report_of(server, created)
    for _ in range(2):
        for sms_id in created.ids:
            sms = server.sms(sms_id)
            expect(sms == first[sms_id], f"the report of SMS {sms_id} says again {first[sms_id]}", sms)
        again = report_of(server, created)
        expect(again == first, f"the report of message {created.message_id} says again {first}", again)


@promise(unsafe="nobody names so many numbers", first=[{"count": count} for count in (8, 12, 25)])
def test_many_numbers_all_count(server: Server, count: int) -> None:
    """A message to many phone numbers, if it is accepted, has SMS to all of them, in `sms_ids` and in its report."""
    fields = server.fields(Draft(numbers=tuple(range(count))))
    if server.post(fields).status_code == 400:
        return  # how many numbers a request may have is left open
    report_of(server, *server.messages(Draft(numbers=tuple(range(count)))))
