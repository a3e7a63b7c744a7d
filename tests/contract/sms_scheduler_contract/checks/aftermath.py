"""Messages that were sent."""

from collections.abc import Mapping

from ..contract_check import contract_check
from ..document import SENT_CODES, WAITING
from ..errors import NotTestedError, fail
from ..models import Sms
from ..server import SCHEDULED, Server
from .creation import create_ahead, is_another_day
from .reports import expect_agreement

# For so many seconds after its creation a message is followed. The page says that it is sent right away, not how fast.
_FOLLOWED = 8.0


@contract_check(
    "GET /message/{id}: Get sending report of all SMS sent with a particular message",
    alone=True,
    unsafe="it needs messages that are sent",
)
def test_sent_messages_are_reported(server: Server) -> None:
    """Messages that were sent have reports, and both reports agree."""
    for created, moment in server.known.sent:
        while any(sms.status in WAITING for sms in expect_agreement(server, created).values()):
            if server.now() - moment > _FOLLOWED:
                break
            server.wait(0.5)


@contract_check(
    "string delivery_date: The date the message will be send to", alone=True, unsafe="it needs other messages"
)
def test_a_date_of_tomorrow_is_not_past(server: Server) -> None:
    """A message of tomorrow, in any time zone, is not sent before; neither is one of next month or of a later year."""
    if not server.known.ahead:
        create_ahead(server)
    reports = {date: server.sms(created.ids[0]) for date, created in server.known.ahead.items()}
    for date, sms in reports.items():
        if sms is not None and sms.status in SENT_CODES:
            # a clock that is later has passed the dates before this one too
            if not _is_one_scheduled(reports, date) and is_another_day(server):
                raise NotTestedError("its clock shows another day")
            fail(f"an SMS with the date {date} is not sent before", f"its report is {sms}")


def _is_one_scheduled(reports: Mapping[str, Sms | None], before: str) -> bool:
    return any(sms is not None and sms.status == SCHEDULED for date, sms in reports.items() if date < before)
