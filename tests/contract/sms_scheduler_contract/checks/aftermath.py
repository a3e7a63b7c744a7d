"""Messages that were sent."""

import time

from ..contract_check import contract_check
from ..document import CODES, WAITING
from ..errors import NotTestedError, fail
from ..models import Draft
from ..server import Server
from .creation import from_now, still_scheduled
from .reports import expect_agreement

SENT_CODES = {CODES["SENT"], CODES["RECEIVED"]}

# For so many seconds after its creation a message is followed. The page says that it is sent right away, not how fast.
_FOLLOWED = 8.0


@contract_check(
    "GET /message/{id}: Get sending report of all SMS sent with a particular message",
    unsafe="it needs messages that are sent",
)
def test_sent_messages_are_reported(server: Server) -> None:
    """Messages that were sent have reports, and both reports agree."""
    for created, moment in server.sent:
        while any(sms.status in WAITING for sms in expect_agreement(server, created).values()):
            if time.monotonic() - moment > _FOLLOWED:
                break
            time.sleep(1)


@contract_check("string delivery_date: The date the message will be send to", unsafe="it needs another message")
def test_a_date_of_tomorrow_is_not_past(server: Server) -> None:
    """A message of tomorrow, in any time zone, is not sent before."""
    tomorrow = server.tomorrow or server.create(Draft(delivery_date=from_now(16)))
    reports = [server.sms(sms_id) for sms_id in tomorrow.ids]
    if any(sms is not None and sms.status in SENT_CODES for sms in reports):
        if still_scheduled(server, server.create(Draft(delivery_date=from_now(24 * 370))), wait=1) is None:
            raise NotTestedError("its clock is in another year")
        fail("an SMS of tomorrow is not sent before", f"its report is {reports}")
