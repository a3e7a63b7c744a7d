"""Messages that were sent."""

from ..contract_check import contract_check
from ..document import SENT_CODES, WAITING
from ..errors import NotTestedError, fail
from ..models import Draft
from ..server import Server
from .creation import from_now, is_a_week_sent
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
    "string delivery_date: The date the message will be send to", alone=True, unsafe="it needs another message"
)
def test_a_date_of_tomorrow_is_not_past(server: Server) -> None:
    """A message of tomorrow, in any time zone, is not sent before."""
    tomorrow = server.known.tomorrow or [server.create(Draft(delivery_date=from_now(16)))]
    reports = [server.sms(sms_id) for created in tomorrow for sms_id in created.ids]
    if any(sms is not None and sms.status in SENT_CODES for sms in reports):
        if is_a_week_sent(server):
            raise NotTestedError("its clock shows another day")
        fail("an SMS of tomorrow is not sent before", f"its report is {reports}")
