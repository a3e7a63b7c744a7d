"""Creating messages."""

import datetime

from .. import drafts
from ..contract_check import contract_check
from ..document import SENT_CODES
from ..errors import NotTestedError, expect, fail
from ..models import WIRE_DATE, Created, Draft, Sms, read_created
from ..server import SCHEDULED, Server
from .reports import expect_state

# What databases and libraries choke on: NUL, half of a surrogate pair, the ends of integers and of the calendar.
_ODD: dict[str, list[object]] = {
    "message_text": ["a\0b", "\ud83d"],
    "sender_id": [0, -1, 2**31, 2**63, 10**30],
    "delivery_date": ["0000-00-00 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "10000-01-01 00:00:00"],
    "phone_numbers": ["", "+", f"+{'1' * 1_000}", ["+33612345678", ""]],
}
_RIGHT_AWAY = 10.0  # seconds
# In any time zone, in hours: the clock of a server that takes one for past, or the other for future, shows another day.
_LATER, _EARLIER = 40, 24 * 3
# Tomorrow in any time zone, more than the 25 days that 32 bits of milliseconds hold, and ten years.
_AHEAD = (16, 24 * 30, 24 * 3_650)  # hours
# If it is sent, and what is past since 2000 is not, the server's clock shows another century.
_OLDEST = "1970-01-02 00:00:00"


@contract_check(
    "It can be a String for a single number or an Array for multiple numbers.",
    posts=1,
    draft=drafts.drafts(),
    first=[{"draft": Draft(as_string=True)}],
)
def test_one_number_may_be_a_string(server: Server, draft: Draft) -> None:
    """A single phone number may be sent as a string; `sms_ids` has the ids of its SMS."""
    server.create(draft)


@contract_check(
    "It can be a String for a single number or an Array for multiple numbers.",
    posts=1,
    first=[{"count": count} for count in (4, 3, 2, 1)],
)
def test_numbers_may_be_a_list(server: Server, count: int) -> None:
    """One or more phone numbers may be sent as a list; `sms_ids` has each of them with at least one SMS, and no other."""
    server.create(Draft(numbers=tuple(range(count))))


@contract_check(
    "boolean message_stop, required: false. If set to true, STOP mention will be added to the end of the message (default to false)",
    posts=1,
    first=[{"stop": stop, "as_string": as_string} for stop in (True, False, None) for as_string in (False, True)],
)
def test_message_stop_is_optional(server: Server, stop: bool | None, as_string: bool) -> None:
    """`message_stop` may be true, false or left out."""
    server.create(Draft(message_stop=stop, as_string=as_string))


@contract_check(
    "string message_text: The content of the message",
    posts=1,
    first=[{"text": text} for text in drafts.SCRIPTS],
    text=drafts.texts,
)
def test_a_text_may_be_in_any_script(server: Server, text: str) -> None:
    """The text may be written in any script."""
    server.create(Draft(text=text))


@contract_check(
    "200 OK, 400 Bad Request", unsafe="it may make hundreds of SMS", first=[{"length": 1_001}, {"length": 70_001}]
)
def test_a_text_of_any_length_is_answered(server: Server, length: int) -> None:
    """A text of any length is accepted, or refused with 400: the page leaves the limit open, and knows no other answer."""
    server.post(server.fields(Draft(numbers=(0,))) | {"message_text": "a" * length})


@contract_check(
    "200 OK, 400 Bad Request",
    unsafe="the server may send what it accepts",
    first=[{"field": field, "value": value} for field, values in _ODD.items() for value in values],
)
def test_an_odd_value_is_answered(server: Server, field: str, value: object) -> None:
    """A value that no user has, such as a number beyond 64 bits, is accepted or refused with 400."""
    server.post(server.fields(Draft(numbers=(0,))) | {field: value})


@contract_check(
    "sms_ids: List of sms ids indexed by phone numbers",
    posts=1,
    first=[{"text": text, "count": count} for text in drafts.LONG_TEXTS for count in (3, 1)],
)
def test_a_text_may_take_several_sms(server: Server, text: str, count: int) -> None:
    """The text may need several SMS; all of them are in `sms_ids` and in the report of the message."""
    created = server.create(Draft(text=text, numbers=tuple(range(count))))
    if server.adaptation.lengths:
        raise NotTestedError("it limits the length of texts")
    report = server.message(created.message_id)
    expect(
        report is not None and set(report) == set(created.ids),
        f"the report of the message has exactly the SMS of its creation: {sorted(created.ids)}",
        report,
    )


@contract_check(
    "string delivery_date: The date the message will be send to",
    first=[{"date": date} for date in drafts.DATES],
    date=drafts.future_dates,
)
def test_a_future_date_is_accepted(server: Server, date: str) -> None:
    """The delivery date may be any date in the future; the message is not sent before it."""
    (created,) = server.messages(Draft(delivery_date=date, numbers=(0, 1, 2)))
    for sms_id in created.ids:
        sms = server.sms(sms_id)
        is_sent = sms is not None and sms.status in SENT_CODES
        expect_state(
            server, created, not is_sent, f"SMS {sms_id} is not sent before {date}", f"it is reported as {sms}"
        )


@contract_check(
    "If the date is equal or inferior to the current date, the SMS will be sent right away",
    unsafe="it sends",
    first=[{"date": date, "as_string": True} for date in drafts.PAST_DATES],
)
def test_a_past_date_is_accepted(server: Server, date: str, as_string: bool) -> None:
    """A message with a past date is accepted and sent right away."""
    created = server.known.past[date] = server.create(Draft(delivery_date=date, as_string=as_string))
    waiting = still_scheduled(server, created)
    if waiting and (date > min(drafts.PAST_DATES) or _is_sent(server, _OLDEST)):
        raise NotTestedError(f"its clock seems to be before {date}")  # what is older was sent, or the check had failed
    expected = f"an SMS with a past date, {date}, is sent right away"
    expect(waiting is None, expected, f"after {_RIGHT_AWAY:.0f} s its report is still {waiting}")


@contract_check("string delivery_date: The date the message will be send to", unsafe="it sends")
def test_a_date_of_yesterday_is_past(server: Server) -> None:
    """A message of yesterday, in any time zone, is sent right away.

    A clock that shows another day, which servers for tests have, is no fault.
    """
    create_ahead(server)
    yesterday = server.create(Draft(delivery_date=from_now(-15), numbers=(0,)))
    earlier = server.create(Draft(delivery_date=from_now(-_EARLIER), numbers=(2,)))
    if waiting := still_scheduled(server, yesterday):
        if still_scheduled(server, earlier, wait=1):
            raise NotTestedError("its clock shows another day")
        fail(f"an SMS of yesterday, {from_now(-15)}, is sent right away", f"its report is still {waiting}")


def create_ahead(server: Server) -> None:
    """Create messages of tomorrow, of next month and of a later year, to see at the end that they are not sent yet."""
    for hours in _AHEAD:
        draft = Draft(delivery_date=from_now(hours), numbers=(1,))
        created = server.create(draft)
        server.known.ahead[server.fields(draft)["delivery_date"]] = created


def from_now(hours: int) -> str:
    """A date so many hours from now in UTC. No time zone is more than 14 hours from it."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)).strftime(WIRE_DATE)


def _is_sent(server: Server, date: str) -> bool:
    """Whether an SMS with a date is accepted and sent right away."""
    response = server.post(server.fields(Draft(delivery_date=date)))
    return response.status_code == 200 and still_scheduled(server, read_created(response.json()), wait=1) is None


def is_another_day(server: Server) -> bool:
    """Whether an SMS of the day after tomorrow is sent right away: then the server's clock shows another day."""
    return _is_sent(server, from_now(_LATER))


def still_scheduled(server: Server, created: Created, wait: float = _RIGHT_AWAY) -> Sms | None:
    """The report of an SMS that is scheduled and stays so, None if there is none."""
    deadline = server.now() + wait
    while waiting := _scheduled(server, created.ids):
        if server.now() > deadline:
            return waiting
        server.wait(0.2)
    return None


def _scheduled(server: Server, sms_ids: list[int]) -> Sms | None:
    reports = map(server.sms, sms_ids)
    return next((sms for sms in reports if sms is not None and sms.status == SCHEDULED), None)


@contract_check(
    "The unique ID of the corresponding SMS", posts=2, first=[{"drafts": [Draft(), Draft()]}], drafts=drafts.several()
)
def test_ids_are_distinct(server: Server, drafts: list[Draft]) -> None:
    """Each message has its own id, and each SMS has its own id, whatever its phone number and message."""
    created = server.messages(*drafts)
    message_ids = [message.message_id for message in created]
    expect(len(set(message_ids)) == len(message_ids), "each message has its own id", message_ids)
    sms_ids = [sms_id for message in created for sms_id in message.ids]
    expect(len(set(sms_ids)) == len(sms_ids), "each SMS has its own id", [dict(m.sms_ids) for m in created])
