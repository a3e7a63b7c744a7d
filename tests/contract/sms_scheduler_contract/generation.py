"""What Schemathesis generates by the document, made valid where a schema cannot say what is."""

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from . import drafts

# Placeholders for the tester's sender and number, which are not known when the strategies are made.
_THE_SENDER, _THE_NUMBER = 987654321, "+33987654321"


@st.composite
def _valid_fields(draw: st.DrawFn) -> dict[str, Any]:
    """The fields whose rules a schema cannot express. Made up by the schema alone, hardly any request would be valid."""
    numbers = st.integers(10**7, 10**8 - 1).map(lambda digits: f"+336{digits}")
    return {
        "message_text": draw(drafts.texts),
        "delivery_date": draw(st.one_of(drafts.future_dates, st.sampled_from(drafts.PAST_DATES))),
        "sender_id": _THE_SENDER,
        "phone_numbers": draw(st.one_of(st.just(_THE_NUMBER), numbers, st.lists(numbers, min_size=1, max_size=4))),
    }


def flatmap_case(
    context: schemathesis.HookContext, case: schemathesis.Case[Any]
) -> st.SearchStrategy[schemathesis.Case[Any]]:
    """Make most of the positive bodies valid in all respects; leave the others unchanged. Schemathesis calls it by its name."""
    if not isinstance(case.body, dict) or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return st.just(case)
    body = case.body

    def complete(fields: dict[str, Any]) -> schemathesis.Case[Any]:
        case.body = {**body, **fields}
        return case

    return st.one_of(_valid_fields(), _valid_fields(), _valid_fields(), st.just({})).map(complete)


def fill_in(case: schemathesis.Case[Any], sender_id: int, number: str) -> None:
    """Put the tester's sender and number into a body."""
    body: Any = case.body
    if isinstance(body, dict):
        named: dict[Any, Any] = {_THE_SENDER: sender_id, _THE_NUMBER: number}
        case.body = {
            key: named.get(value, value) if isinstance(value, int | str) else value for key, value in body.items()
        }
