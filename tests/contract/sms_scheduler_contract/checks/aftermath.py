"""Messages that were sent."""

import time

from ..contract_check import contract_check
from ..document import WAITING
from ..server import Server
from .reports import expect_agreement

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
            time.sleep(0.5)
