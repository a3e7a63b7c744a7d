"""Creating messages."""

import time

from .. import drafts
from ..document import CODES
from ..check import promise
from ..session import Draft, Server, Sms, expect

SCHEDULED, SENT, RECEIVED = (CODES[name] for name in ("SCHEDULED", "SENT", "RECEIVED"))
_RIGHT_AWAY = 10.0  # seconds


@promise(posts=1, draft=drafts.drafts(), first=[{"draft": Draft(as_string=True)}])
def test_one_number_may_be_given_as_a_string(server: Server, draft: Draft) -> None:
    """A single phone number may be given as a string, and `sms_ids` has the ids of its SMS."""
    server.create(draft)


@promise(posts=1, first=[{"count": count} for count in (4, 3, 2, 1)])
def test_numbers_may_be_given_as_a_list(server: Server, count: int) -> None:
    """One or more phone numbers may be given as a list, and `sms_ids` has each of them, with an SMS at least, and no other."""
    server.create(Draft(numbers=tuple(range(count))))


@promise(
    posts=1,
    first=[{"stop": stop, "as_string": as_string} for stop in (True, False, None) for as_string in (False, True)],
)
def test_message_stop_is_optional(server: Server, stop: bool | None, as_string: bool) -> None:
    """`message_stop` may be true, false or left out."""
    server.create(Draft(message_stop=stop, as_string=as_string))


@promise(posts=1, first=[{"text": text} for text in drafts.SCRIPTS], text=drafts.texts)
def test_a_text_may_be_of_any_script(server: Server, text: str) -> None:
    """The text may be of any script."""
    server.create(Draft(text=text))


@promise(posts=1, first=[{"text": text, "count": count} for text in drafts.LONG_TEXTS for count in (3, 1)])
def test_a_text_may_take_several_sms(server: Server, text: str, count: int) -> None:
    """The text may be longer than one SMS holds; all its SMS are in `sms_ids` and in the report of the message."""
    created = server.create(Draft(text=text, numbers=tuple(range(count))))
    report = server.message(created.message_id)
    expect(
        report is not None and set(report) == set(created.ids),
        f"the report of a message has the SMS that were created with it, {sorted(created.ids)}",
        report,
    )


@promise(first=[{"date": date} for date in drafts.DATES], date=drafts.future_dates)
def test_a_date_to_come_is_accepted(server: Server, date: str) -> None:
    """The message may be sent at any date to come, and is not sent before it."""
    (created,) = server.messages(Draft(delivery_date=date, numbers=(0, 1, 2)))
    reports = {f"SMS {sms_id}": server.sms(sms_id) for sms_id in created.ids}
    for name, sms in reports.items():
        is_sent = sms is not None and sms.status in {SENT, RECEIVED}
        expect(not is_sent, f"{name} is sent on {date}, not before", f"it is reported as {sms}")


@promise(unsafe="it would send", first=[{"date": date, "as_string": True} for date in drafts.PAST_DATES])
def test_a_past_date_is_accepted(server: Server, date: str, as_string: bool) -> None:
    """If the date is past, the message is accepted and sent right away."""
    created = server.create(Draft(delivery_date=date, as_string=as_string))
    deadline = time.monotonic() + _RIGHT_AWAY
    while waiting := _scheduled(server, created.ids):
        promised = f"an SMS of {date}, which is past, is sent right away"
        expect(time.monotonic() < deadline, promised, f"after {_RIGHT_AWAY:.0f} s it is still reported as {waiting}")
        time.sleep(0.2)


def _scheduled(server: Server, sms_ids: list[int]) -> Sms | None:
    reports = map(server.sms, sms_ids)
    return next((sms for sms in reports if sms is not None and sms.status == SCHEDULED), None)


@promise(posts=2, first=[{"drafts": [Draft(), Draft()]}], drafts=drafts.several())
def test_ids_are_distinct(server: Server, drafts: list[Draft]) -> None:
    """Each message has an id of its own, and so has each SMS, whatever its number and message."""
    created = server.messages(*drafts)
    message_ids = [message.message_id for message in created]
    expect(len(set(message_ids)) == len(message_ids), "each message has an id of its own", message_ids)
    sms_ids = [sms_id for message in created for sms_id in message.ids]
    expect(len(set(sms_ids)) == len(sms_ids), "each SMS has an id of its own", [dict(m.sms_ids) for m in created])
