"""Sequences of operations."""

import sys
from contextlib import ExitStack
from typing import Any

from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from .. import drafts
from ..contract_check import contract_check, hypothesis_settings
from ..errors import expect
from ..models import Created, Draft
from ..server import Server
from .deletion import delete_all, delete_one
from .keys import unauthorised
from .refusals import but, refused


def _machine(server: Server) -> type[RuleBasedStateMachine]:
    class Sequence(RuleBasedStateMachine):
        """Knows which SMS of each message are left, and compares the reports with that."""

        messages = Bundle("messages")

        def __init__(self) -> None:
            super().__init__()
            self.scenario = server.scenario()
            self.scenario.__enter__()
            self.left: dict[Created, set[int]] = {}

        @initialize(target=messages, some=drafts.several())
        def begin(self, some: list[Draft]) -> Any:
            return multiple(*map(self._create, some))

        @rule(target=messages, draft=drafts.drafts())
        def create(self, draft: Draft) -> Created:
            return self._create(draft)

        def _create(self, draft: Draft) -> Created:
            created = server.create(draft)
            self.left[created] = set(created.ids)
            return created

        @rule(created=messages)
        def read_report(self, created: Created) -> None:
            report = server.message(created.message_id) or {}
            left = self.left[created]
            numbers = {sms_id: sms.phone_number for sms_id, sms in report.items() if sms_id in left}
            expected = {sms_id: created.number_of[sms_id] for sms_id in left}
            expect(numbers == expected, f"message {created.message_id} still has the SMS {expected}", report)
            others = report.keys() - created.ids
            expect(not others, f"the report of message {created.message_id} has only its own SMS", report)

        @rule(created=messages, which=st.integers(0, 20))
        def read_sms(self, created: Created, which: int) -> None:
            sms_id = created.ids[which % len(created.ids)]
            if sms_id in self.left[created]:
                sms = server.sms(sms_id)
                number = created.number_of[sms_id]
                expect(sms is not None and sms.phone_number == number, f"SMS {sms_id} is to {number}", sms)

        @rule(created=messages, which=st.integers(0, 20))
        def delete_sms(self, created: Created, which: int) -> None:
            left = self.left[created]
            if left:
                sms_id = sorted(left)[which % len(left)]
                delete_one(server, created, sms_id)
                left.remove(sms_id)

        @rule(created=consumes(messages))
        def delete_message(self, created: Created) -> None:
            delete_all(server, created, len(self.left[created]))
            self.left[created] = set()

        @rule(field=st.sampled_from(["sender_id", "message_text", "delivery_date"]))
        def send_an_invalid_request(self, field: str) -> None:
            refused(server, but(server.fields(Draft()), field, [[]]), field, f'with [[]] as "{field}"')

        @rule(created=messages, what=st.sampled_from(["another key", "no header"]))
        def delete_with_a_wrong_key(self, created: Created, what: str) -> None:
            unauthorised(server, "deleteMessage", created.message_id, what)

        def teardown(self) -> None:
            """Hypothesis calls this also when a step has failed: what is left says nothing then, and would hide that."""
            with ExitStack() as stack:
                stack.push(self.scenario)
                error = sys.exc_info()[1]
                if isinstance(error, Exception):
                    raise error
                for created, left in self.left.items():
                    self.read_report(created)
                    delete_all(server, created, len(left))

    return Sequence


@contract_check(
    "GET /message/{id}: Get sending report of all SMS sent with a particular message",
    unsafe="it creates and deletes at random",
)
def test_any_sequence_is_consistent(server: Server) -> None:
    """Reports and deletions are right after any sequence of creations, readings, refusals and deletions."""
    machine = _machine(server)
    run_state_machine_as_test(
        seed(server.effort.seed)(machine), settings=hypothesis_settings(server, 4, stateful_step_count=12)
    )
