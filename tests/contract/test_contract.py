"""What openapi.yaml promises, judged by Schemathesis: documented statuses, content types, schemas, auth and links."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from document import read
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from target import Target

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)


def judged() -> dict[str, Any]:
    """The document, without what the vendor leaves open: codes not listed yet, and `[]` for an empty object."""
    data = copy.deepcopy(read(ROOT / "openapi.yaml").data)
    schemas: dict[str, Any] = data["components"]["schemas"]
    del schemas["SmsStatus"]["enum"]
    for name, field in (("CreatedMessage", "sms_ids"), ("RequestErrors", "errors")):
        properties = schemas[name]["properties"]
        properties[field] = {"anyOf": [properties[field], {"type": "array", "maxItems": 0}]}
    return data


schema = schemathesis.openapi.from_dict(judged(), config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"))

OPERATIONS: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
Case = schemathesis.Case[Any]
# Stand for the tester's sender and number, which are not known when the strategies are made.
THE_SENDER, THE_NUMBER = 987654321, "+33987654321"


@st.composite
def valid_fields(draw: st.DrawFn) -> dict[str, Any]:
    """The fields for which a schema cannot say what is valid: without them no request passes the server's own rules."""
    numbers = st.integers(10**8, 10**9 - 1).map(lambda digits: f"+33{digits}")
    date = draw(st.datetimes().filter(lambda value: value.year >= 1000))
    return {
        "delivery_date": date.strftime("%Y-%m-%d %H:%M:%S"),
        "sender_id": THE_SENDER,
        "phone_numbers": draw(st.one_of(st.just(THE_NUMBER), numbers, st.lists(numbers, min_size=1, max_size=4))),
    }


@schema.hook
def flatmap_case(context: schemathesis.HookContext, case: Case) -> st.SearchStrategy[Case]:
    """Make most of the positive bodies valid in all respects; leave the rest and the negative ones as they are."""
    if not isinstance(case.body, dict) or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return st.just(case)
    body = case.body

    def complete(fields: dict[str, Any]) -> Case:
        case.body = {**body, **fields}
        return case

    return st.one_of(valid_fields(), valid_fields(), valid_fields(), st.just({})).map(complete)


def address(case: Case, target: Target) -> dict[str, Any]:
    """Put the tester's sender and number in, and say where to send the case."""
    body: Any = case.body
    if isinstance(body, dict):
        named: dict[Any, Any] = {THE_SENDER: target.sender_id, THE_NUMBER: target.phone_number}
        case.body = {
            key: named.get(value, value) if isinstance(value, int | str) else value for key, value in body.items()
        }
    return {"base_url": target.url, "headers": target.headers}


@contextmanager
def judgeable(target: Target) -> Iterator[None]:
    """End the run without a verdict if the server goes away; the traceback would show the key."""
    try:
        yield
    except requests.RequestException as error:
        reason = f"{target.url} stopped answering: {type(error).__name__}"
    else:
        return
    pytest.exit(reason, returncode=2)


def call_and_validate(case: Case, target: Target) -> None:
    with judgeable(target):
        case.call_and_validate(**address(case, target))


@schema.parametrize()
@SETTINGS
def test_operation_keeps_the_document(case: Case, may_send: Target) -> None:
    call_and_validate(case, may_send)


@schema.include(method="GET").parametrize()
@SETTINGS
def test_reading_keeps_the_document(case: Case, target: Target) -> None:
    call_and_validate(case, target)


def test_links_lead_where_the_document_says(may_send: Target) -> None:
    followed: set[str] = set()

    class Links(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return address(case, may_send)

        def validate_response(self, response: Any, case: Case, *args: Any, **kwargs: Any) -> None:
            if response.status_code == 200:
                followed.add(case.operation.label)
            super().validate_response(response, case, *args, **kwargs)

    with judgeable(may_send):
        Links.run(settings=settings(SETTINGS, max_examples=80, stateful_step_count=8))

    every = {operation.label for operation in OPERATIONS}
    assert followed == every, f"no request was ever accepted by {', '.join(sorted(every - followed))}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_nothing_is_told_or_done_without_the_key(operation: Any, target: Target) -> None:
    # an id that nothing has: a server that does not look at the key may delete what it is asked to
    parameters = {"id": 2**53 - 1} if "{id}" in operation.path else {}
    case = operation.Case(path_parameters=parameters, body={}, media_type="application/json")
    for header in (None, "", "Bearer", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="):
        with judgeable(target):
            response = case.call(base_url=target.url, headers={} if header is None else {"Authorization": header})
        assert response.status_code == 401, f"promised: 401 with the header {header!r}; came: {response.status_code}"
