"""What happens when connections fail: what is sent again, what never is, and what the caller is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sms_scheduler import (
    AsyncSmsScheduler,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    SmsSchedulerError,
    UnexpectedStatusError,
)
from sms_scheduler._about import httpx

from .any_client import ARGUMENTS, DELETES, GETS, OPERATIONS, AnyClient, Kind
from .conftest import API_KEY, MakeClient, Waits
from .faulty_server import (
    BREAKS,
    SILENCES,
    FaultyServer,
    Step,
    answer,
    close_after_reading,
    hang_up,
    never_answer,
    refuse,
    reset_halfway,
    succeed,
    succeed_and_close,
)

UNAVAILABLE: dict[str, Step] = {str(status): answer(status) for status in (502, 503, 504)}
NOT_POST = [*GETS, *DELETES]


def steps(*groups: dict[str, Step]) -> pytest.MarkDecorator:
    faults = {name: step for group in groups for name, step in group.items()}
    return pytest.mark.parametrize("fault", faults.values(), ids=faults.keys())


# A connection that was never made


@pytest.mark.parametrize("operation", OPERATIONS)
def test_refused_to_the_end(client: AnyClient, server: FaultyServer, waits: Waits, operation: str) -> None:
    server.script(*[refuse] * 3)
    with pytest.raises(NotSentError) as caught:
        client.try_out(operation)
    assert caught.value.problem
    assert caught.value.is_safe_to_retry
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert isinstance(caught.value.__cause__.__cause__, ConnectionRefusedError)
    assert len(waits) == 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_refused_and_then_accepted(client: AnyClient, server: FaultyServer, operation: str) -> None:
    server.script(refuse, refuse)
    client.try_out(operation)
    assert len(server.received) == 1


# A POST


@steps(BREAKS)
def test_a_post_is_not_sent_again_when_the_connection_breaks(
    client: AnyClient, server: FaultyServer, waits: Waits, fault: Step
) -> None:
    server.script(fault)
    with pytest.raises(OutcomeUnknownError):
        client.try_out("create_sms")
    assert server.connections == 1
    assert len(server.received) <= 1
    assert waits == []


def test_a_long_post_is_not_sent_again_when_the_connection_breaks_within(
    client: AnyClient, server: FaultyServer
) -> None:
    server.script(reset_halfway)
    with pytest.raises(OutcomeUnknownError):
        client.call("create_sms", **{**ARGUMENTS["create_sms"], "message_text": "x" * 8_000_000})
    assert server.connections == 1


@steps(SILENCES)
def test_a_post_is_not_sent_again_when_the_answer_does_not_come(
    make_client: MakeClient, server: FaultyServer, fault: Step
) -> None:
    server.script(fault)
    with pytest.raises(OutcomeUnknownError):
        make_client(server.url, timeout=0.1).try_out("create_sms")
    assert server.calls == ["POST /sms"]


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
def test_a_post_is_not_sent_again_after_an_error(
    client: AnyClient, server: FaultyServer, status: int, headers: dict[str, str]
) -> None:
    server.script(answer(status, headers=headers))
    with pytest.raises(UnexpectedStatusError) as caught:
        client.try_out("create_sms")
    assert caught.value.status_code == status
    assert server.calls == ["POST /sms"]


def test_a_post_goes_out_on_a_new_connection_when_the_idle_one_was_closed(
    client: AnyClient, server: FaultyServer
) -> None:
    server.script(succeed_and_close)
    client.try_out("create_sms")
    assert server.closed.acquire(timeout=10)
    client.try_out("create_sms")
    assert server.connections == 2


# What was refused for now


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "later"}])
def test_too_many_requests(
    client: AnyClient, server: FaultyServer, waits: Waits, operation: str, headers: dict[str, str]
) -> None:
    server.script(answer(429, headers=headers))
    client.try_out(operation)
    first, second = server.calls
    assert first == second
    assert len(waits) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_too_many_requests_to_the_end(client: AnyClient, server: FaultyServer, operation: str) -> None:
    server.script(*[answer(429, headers={"Retry-After": "1"})] * 3)
    with pytest.raises(UnexpectedStatusError) as caught:
        client.try_out(operation)
    assert (caught.value.status_code, caught.value.retry_after) == (429, 1.0)
    assert len(server.received) == 3


def test_retry_after_is_honoured(client: AnyClient, server: FaultyServer, waits: Waits) -> None:
    server.script(answer(429, headers={"Retry-After": "1"}), answer(429, headers={"Retry-After": "17"}))
    client.try_out("create_sms")
    assert waits == [1.0, 17.0]


@pytest.mark.parametrize("wait", ["31", "86400", "tomorrow", "9" * 400])
def test_a_longer_wait_than_half_a_minute_is_the_callers(
    client: AnyClient, server: FaultyServer, waits: Waits, wait: str
) -> None:
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    server.script(answer(429, headers={"Retry-After": tomorrow if wait == "tomorrow" else wait}))
    with pytest.raises(UnexpectedStatusError) as caught:
        client.try_out("create_sms")
    assert (caught.value.retry_after or 0) > 30
    assert (len(server.received), waits) == (1, [])


def test_all_waits_of_a_call_are_a_minute_at_most_and_none_is_cut_short(
    make_client: MakeClient, server: FaultyServer, waits: Waits
) -> None:
    server.script(*[answer(429, headers={"Retry-After": "25"})] * 11)
    with pytest.raises(UnexpectedStatusError):
        make_client(server.url, max_retries=10).try_out("create_sms")
    assert waits == [25.0, 25.0]
    assert len(server.received) == 3


def test_waits_grow(make_client: MakeClient, server: FaultyServer, waits: Waits) -> None:
    server.script(*[close_after_reading] * 6)
    make_client(server.url, max_retries=6).try_out("get_sms")
    # the first is half a second, each is twice the one before, and half of each is chance
    assert all(0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits))
    assert len(waits) == 6


# All but POST


@pytest.mark.parametrize("operation", NOT_POST)
@steps(BREAKS, UNAVAILABLE)
def test_a_get_and_a_delete_are_sent_again(
    client: AnyClient, server: FaultyServer, operation: str, fault: Step
) -> None:
    server.script(fault)
    client.try_out(operation)
    assert server.received[-1].status == 200


@pytest.mark.parametrize("operation", NOT_POST)
@steps(SILENCES)
def test_a_get_and_a_delete_are_sent_again_after_silence(
    make_client: MakeClient, server: FaultyServer, operation: str, fault: Step
) -> None:
    server.script(fault)
    make_client(server.url, timeout=0.4).try_out(operation)
    assert [received.status for received in server.received] == [None, 200]


@pytest.mark.parametrize("operation", NOT_POST)
@steps(BREAKS)
def test_broken_to_the_end(client: AnyClient, server: FaultyServer, operation: str, fault: Step) -> None:
    server.script(*[fault] * 3)
    with pytest.raises(OutcomeUnknownError):
        client.try_out(operation)
    assert server.connections == 3


@pytest.mark.parametrize("operation", NOT_POST)
def test_unavailable_to_the_end(client: AnyClient, server: FaultyServer, operation: str) -> None:
    server.script(*UNAVAILABLE.values())
    with pytest.raises(UnexpectedStatusError) as caught:
        client.try_out(operation)
    assert caught.value.status_code == 504
    assert len(server.received) == 3


@pytest.mark.parametrize("operation", NOT_POST)
@pytest.mark.parametrize(
    "first", [close_after_reading, answer(429, headers={"Connection": "close"})], ids=["broken", "429"]
)
def test_refused_after_it_arrived(client: AnyClient, server: FaultyServer, operation: str, first: Step) -> None:
    server.script(first, refuse, refuse)
    with pytest.raises(OutcomeUnknownError, match="ConnectError"):
        client.try_out(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 520])
def test_other_errors_are_not_worth_another_attempt(
    client: AnyClient, server: FaultyServer, operation: str, status: int
) -> None:
    server.script(answer(status, {"errors": {}}))
    with pytest.raises(SmsSchedulerError):
        client.try_out(operation)
    assert len(server.received) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [answer(429), refuse, close_after_reading], ids=["429", "refused", "broken"])
def test_no_retries(make_client: MakeClient, server: FaultyServer, waits: Waits, operation: str, fault: Step) -> None:
    server.script(fault)
    with pytest.raises(SmsSchedulerError):
        make_client(server.url, max_retries=0).try_out(operation)
    assert waits == []
    assert len(server.received) <= 1


@pytest.mark.parametrize("max_retries", [1, 5])
def test_number_of_retries(make_client: MakeClient, server: FaultyServer, max_retries: int) -> None:
    server.script(*[answer(503)] * (max_retries + 1))
    with pytest.raises(UnexpectedStatusError):
        make_client(server.url, max_retries=max_retries).try_out("get_sms")
    assert len(server.received) == max_retries + 1


# A DELETE that finds nothing


@pytest.mark.parametrize("operation", DELETES)
@steps(BREAKS, UNAVAILABLE)
def test_nothing_to_delete_after_an_attempt_that_may_have_deleted_it(
    client: AnyClient, server: FaultyServer, operation: str, fault: Step
) -> None:
    server.script(fault, answer(404))
    with pytest.raises(OutcomeUnknownError, match="404"):
        client.try_out(operation)


@pytest.mark.parametrize("operation", DELETES)
@pytest.mark.parametrize(
    "script", [[], [refuse], [answer(429)], [refuse, answer(429)]], ids=["at once", "refused", "429", "both"]
)
def test_nothing_to_delete(client: AnyClient, server: FaultyServer, operation: str, script: list[Step]) -> None:
    server.script(*script, answer(404))
    with pytest.raises(NotFoundError):
        client.try_out(operation)


@pytest.mark.parametrize("operation", GETS)
def test_nothing_to_get_after_a_broken_attempt(client: AnyClient, server: FaultyServer, operation: str) -> None:
    server.script(close_after_reading, answer(404))
    with pytest.raises(NotFoundError):
        client.try_out(operation)


# A client that is closed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_closed_client(client: AnyClient, server: FaultyServer, operation: str) -> None:
    client.try_out("get_sms")
    copy = client.with_options(timeout=5)
    client.close_client()
    client.close_client()
    for closed in (client, copy):
        with pytest.raises(NotSentError, match="closed"):
            closed.try_out(operation)
    assert len(server.received) == 1


def test_a_block_closes_the_client(client: AnyClient, server: FaultyServer) -> None:
    client.try_out_in_a_block("get_sms")
    with pytest.raises(NotSentError, match="closed"):
        client.try_out("get_sms")
    assert len(server.received) == 1


def test_a_call_can_be_cancelled(server: FaultyServer) -> None:
    async def cancel() -> None:
        async with AsyncSmsScheduler(API_KEY, base_url=server.url) as client:
            call = asyncio.create_task(client.get_sms(1))
            assert await asyncio.to_thread(server.arrived.acquire, timeout=10)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await client.get_sms(1)).status == 13

    server.script(never_answer)
    asyncio.run(cancel())
    assert len(server.received) == 2


# Anything in any order

ANYTHING: dict[str, Step] = {
    **BREAKS,
    **UNAVAILABLE,
    "refused": refuse,
    "closed at once": hang_up,
    "no answer": never_answer,
    "success": succeed,
    "closed after success": succeed_and_close,
    "invalid": answer(200, b"{"),
    **{str(status): answer(status, {"errors": {}}) for status in (400, 401, 404, 429, 500, 520)},
}


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operations=st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3),
    script=st.lists(st.sampled_from(list(ANYTHING)), max_size=6),
    max_retries=st.integers(0, 3),
)
def test_any_sequence_of_faults(
    kind: Kind, waits: Waits, operations: list[str], script: list[str], max_retries: int
) -> None:
    with FaultyServer() as server:
        waits.before_attempt = server.before_attempt
        server.script(*(ANYTHING[name] for name in script))
        client = AnyClient(
            kind,
            api_key=API_KEY,
            base_url=server.url,
            timeout=0.05 if "no answer" in script else 5,
            max_retries=max_retries,
        )
        try:
            for operation in operations:
                server.received.clear()
                waits.clear()
                server.before_attempt()
                check_promises(client, server, operation)
                assert len(waits) <= max_retries
        finally:
            client.close()


def check_promises(client: AnyClient, server: FaultyServer, operation: str) -> None:
    error = None
    try:
        client.try_out(operation)
    except SmsSchedulerError as raised:  # and nothing else
        error = raised
    statuses = [received.status for received in server.received]
    if operation == "create_sms":
        assert len([status for status in statuses if status != 429]) <= 1, "it may have been carried out twice"
    if error is None:
        assert statuses[-1] == 200
    if isinstance(error, NotSentError):
        assert statuses == []
    if operation == "create_sms" and error and error.is_safe_to_retry:
        assert not {200, None, 500, 502, 503, 504, 520} & set(statuses), "it may have been carried out"
    if isinstance(error, NotFoundError) and operation in DELETES:
        assert set(statuses) <= {404, 429}
