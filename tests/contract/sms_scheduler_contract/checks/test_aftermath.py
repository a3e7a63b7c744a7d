"""What becomes of messages that were sent."""

import time

from ..document import WAITING
from ..check import promise
from ..session import Server
from .test_reports import expect_agreement

# How long after its creation a message is followed, in seconds: the page says that it is sent right away, not how fast.
_FOLLOWED = 8.0


@promise(unsafe="nothing is sent")
def test_what_was_sent_is_reported(server: Server) -> None:
    """What was sent is reported like all else, and both reports agree on it."""
    for created, moment in server.sent:
        while any(sms.status in WAITING for sms in expect_agreement(server, created).values()):
            if time.monotonic() - moment > _FOLLOWED:
                break
            time.sleep(0.5)
