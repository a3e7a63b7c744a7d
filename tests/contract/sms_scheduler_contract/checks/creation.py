"""Creating messages."""

import time

from .. import drafts
from ..contract_check import contract_check
from ..document import CODES
from ..errors import expect
from ..models import Draft, Sms
from ..server import Server

SCHEDULED, SENT, RECEIVED = (CODES[name] for name in ("SCHEDULED", "SENT", "RECEIVED"))
_RIGHT_AWAY = 10.0  # seconds


@contract_check(posts=1, draft=drafts.drafts(), first=[{"draft": Draft(as_string=True)}])
def test_one_number_may_be_a_string(server: Server, draft: Draft) -> None:
    """A single phone number may be sent as a string; `sms_ids` has the ids of its SMS."""
    server.create(draft)


@contract_check(posts=1, first=[{"count": count} for count in (4, 3, 2, 1)])
def test_numbers_may_be_a_list(server: Server, count: int) -> None:
    """One or more phone numbers may be sent as a list; `sms_ids` has each of them with at least one SMS, and no other."""
    server.create(Draft(numbers=tuple(range(count))))


@contract_check(
    posts=1,
    first=[{"stop": stop, "as_string": as_string} for stop in (True, False, None) for as_string in (False, True)],
)
def test_message_stop_is_optional(server: Server, stop: bool | None, as_string: bool) -> None:
    """`message_stop` may be true, false or left out."""
    server.create(Draft(message_stop=stop, as_string=as_string))


@contract_check(posts=1, first=[{"text": text} for text in drafts.SCRIPTS], text=drafts.texts)
def test_a_text_may_be_in_any_script(server: Server, text: str) -> None:
    """The text may be written in any script."""
    server.create(Draft(text=text))


@contract_check(posts=1, first=[{"text": text, "count": count} for text in drafts.LONG_TEXTS for count in (3, 1)])
def test_a_text_may_take_several_sms(server: Server, text: str, count: int) -> None:
    """The text may need several SMS; all of them are in `sms_ids` and in the report of the message."""
    created = server.create(Draft(text=text, numbers=tuple(range(count))))
    report = server.message(created.message_id)
    expect(
        report is not None and set(report) == set(created.ids),
        f"the report of the message has exactly the SMS of its creation: {sorted(created.ids)}",
        report,
    )


@contract_check(first=[{"date": date} for date in drafts.DATES], date=drafts.future_dates)
def test_a_future_date_is_accepted(server: Server, date: str) -> None:
    """The delivery date may be any date in the future; the message is not sent before it."""
    (created,) = server.messages(Draft(delivery_date=date, numbers=(0, 1, 2)))
    reports = {f"SMS {sms_id}": server.sms(sms_id) for sms_id in created.ids}
    for name, sms in reports.items():
        is_sent = sms is not None and sms.status in {SENT, RECEIVED}
        expect(not is_sent, f"{name} is not sent before {date}", f"it is reported as {sms}")


@contract_check(unsafe="it sends", first=[{"date": date, "as_string": True} for date in drafts.PAST_DATES])
def test_a_past_date_is_accepted(server: Server, date: str, as_string: bool) -> None:
    """A message with a past date is accepted and sent right away."""
    created = server.create(Draft(delivery_date=date, as_string=as_string))
    deadline = time.monotonic() + _RIGHT_AWAY
    while waiting := _scheduled(server, created.ids):
        expected = f"an SMS with a past date, {date}, is sent right away"
        expect(time.monotonic() < deadline, expected, f"after {_RIGHT_AWAY:.0f} s its report is still {waiting}")
        time.sleep(0.2)


def _scheduled(server: Server, sms_ids: list[int]) -> Sms | None:
    reports = map(server.sms, sms_ids)
    return next((sms for sms in reports if sms is not None and sms.status == SCHEDULED), None)


@contract_check(posts=2, first=[{"drafts": [Draft(), Draft()]}], drafts=drafts.several())
def test_ids_are_distinct(server: Server, drafts: list[Draft]) -> None:
    """Each message has its own id, and each SMS has its own id, whatever its phone number and message."""
    created = server.messages(*drafts)
    message_ids = [message.message_id for message in created]
    expect(len(set(message_ids)) == len(message_ids), "each message has its own id", message_ids)
    sms_ids = [sms_id for message in created for sms_id in message.ids]
    expect(len(set(sms_ids)) == len(sms_ids), "each SMS has its own id", [dict(m.sms_ids) for m in created])
