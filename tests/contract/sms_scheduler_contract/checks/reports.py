"""Reports."""

from collections.abc import Mapping, Sequence

from .. import drafts
from ..contract_check import contract_check
from ..errors import expect, fail
from ..models import Created, Draft, Sms
from ..server import Server

_SHOWN = 10  # of what is wrong, at most
LONG = Draft(text="long " * 40, numbers=(0, 1, 2))
BOTH = [{"draft": Draft()}, {"draft": Draft(numbers=(3, 2, 1, 0))}, {"draft": LONG}, {"draft": Draft(as_string=True)}]


def expect_state(server: Server, created: Created, condition: bool, expected: str, received: object) -> None:
    """Fail the check unless the condition is true, or the server cancels or sends such messages by itself.

    An account without credits, or a phone number on a blacklist, is cancelled when it was just created.
    """
    if not condition:
        server.must_stay_scheduled(created)
        fail(expected, received)


def report_of(server: Server, created: Created) -> dict[int, Sms]:
    """The report of a message of which nothing was deleted: it must have a row for each SMS, with its number."""
    report = server.message(created.message_id)
    expect(report is not None, f"message {created.message_id} has a report, since it was created", "404")
    assert report is not None
    rows = {sms_id: sms.phone_number for sms_id, sms in report.items()}
    expect(
        rows == created.number_of,
        f"the report of message {created.message_id} has a row for each SMS in sms_ids, and no other",
        _differences(created.number_of, rows),
    )
    return report


def _differences(wanted: Mapping[int, str], rows: Mapping[int, str]) -> str:
    """What is wrong with the rows of a report, by the ids of the SMS."""
    missing = [sms_id for sms_id in wanted if sms_id not in rows]
    wrong = [
        f"{sms_id} to {number} instead of {wanted.get(sms_id, 'none')}"
        for sms_id, number in rows.items()
        if number != wanted.get(sms_id)
    ]
    kinds: dict[str, Sequence[object]] = {
        f"{len(missing)} of {len(wanted)} missing": missing,
        f"{len(wrong)} wrong": wrong,
    }
    return "; ".join(f"{kind}: {_listed(items)}" for kind, items in kinds.items() if items)


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items[:_SHOWN])) + (", ..." if len(items) > _SHOWN else "")


@contract_check("GET /sms/{id}: Get sending report of a particular SMS", posts=1, first=BOTH, draft=drafts.drafts())
def test_each_id_leads_to_the_report_of_its_sms(server: Server, draft: Draft) -> None:
    """Each id in `sms_ids` leads to the report of an SMS to its phone number."""
    (created,) = server.messages(draft)
    for sms_id, number in created.number_of.items():
        sms = server.sms(sms_id)
        expect(sms is not None, f"SMS {sms_id} has a report, since it was created", "404")
        assert sms is not None
        expect(sms.phone_number == number, f"SMS {sms_id} is to {number}", f"its report says {sms.phone_number}")


@contract_check(
    "GET /message/{id}: Get sending report of all SMS sent with a particular message",
    posts=1,
    first=BOTH,
    draft=drafts.drafts(),
)
def test_the_report_of_a_message_has_its_sms(server: Server, draft: Draft) -> None:
    """The report of a message has a row for each of its SMS, with its id and phone number, and no other row."""
    report_of(server, *server.messages(draft))


@contract_check(
    "GET /message/{id}: Get sending report of all SMS sent with a particular message",
    posts=2,
    first=[{"drafts": [Draft(numbers=(0, 1)), Draft(numbers=(1, 0))]}],
    drafts=drafts.several(),
)
def test_each_message_has_its_own_report(server: Server, drafts: list[Draft]) -> None:
    """Each of several messages to the same phone numbers is reported with its own SMS."""
    for created in server.messages(*drafts):
        report_of(server, created)


def expect_agreement(server: Server, created: Created) -> dict[int, Sms]:
    """Both reports must agree. A status that changes meanwhile may be either."""
    before = {sms_id: server.sms(sms_id) for sms_id in created.ids}
    report = report_of(server, created)
    for sms_id, sms in report.items():
        if sms == before[sms_id]:
            continue
        after = server.sms(sms_id)
        expected = f"the report of message {created.message_id} describes SMS {sms_id} as its own report does: {after}"
        expect(sms == after or before[sms_id] != after, expected, sms)
    return report


@contract_check("integer status: The sending status of the SMS", posts=1, first=BOTH, draft=drafts.drafts())
def test_both_reports_agree(server: Server, draft: Draft) -> None:
    """The report of a message and those of its SMS agree on phone numbers and statuses."""
    expect_agreement(server, *server.messages(draft))


@contract_check(
    "integer status: The sending status of the SMS",
    unsafe="it sends",
    first=[{"draft": Draft(delivery_date=drafts.PAST_DATES[0], numbers=(0, 1))}],
)
def test_both_reports_agree_while_sending(server: Server, draft: Draft) -> None:
    """The report of a message and those of its SMS agree while the SMS are sent."""
    created = server.create(draft)
    server.known.sent.append((created, server.now()))
    expect_agreement(server, created)


@contract_check("GET /sms/{id}: Get sending report of a particular SMS", posts=1, first=BOTH, draft=drafts.drafts())
def test_reading_changes_nothing(server: Server, draft: Draft) -> None:
    """Reading a report changes nothing: a second reading gives the same."""
    (created,) = server.messages(draft)
    first = report_of(server, created)
    for _ in range(2):
        for sms_id in created.ids:
            sms = server.sms(sms_id)
            expected = f"the second report of SMS {sms_id} is the same: {first[sms_id]}"
            expect_state(server, created, sms == first[sms_id], expected, sms)
        again = report_of(server, created)
        expected = f"the second report of message {created.message_id} is the same: {first}"
        expect_state(server, created, again == first, expected, again)


@contract_check(
    "sms_ids: List of sms ids indexed by phone numbers. [...] Get sending report of all SMS sent with a particular message",
    unsafe="it needs more phone numbers than a tester names",
)
def test_many_numbers_all_get_sms(server: Server) -> None:
    """A message to many phone numbers has SMS to all of them in `sms_ids` and in its report.

    How many a request may have is left open: it is refused with 400, and tried with fewer.
    """
    for count in (101, 51, 31, 26, 12):
        draft = Draft(numbers=tuple(range(count)))
        if server.post(server.fields(draft)).status_code == 200:
            report_of(server, server.create(draft))
            return
