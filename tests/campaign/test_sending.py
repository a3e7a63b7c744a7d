"""What becomes of a batch by the server's answer, and of its recipients; with the engine left out."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sms_scheduler import AsyncSmsScheduler, SmsScheduler, SmsStatus
from sms_scheduler_campaign import AgainTooEarlyError, Campaign, CampaignError, following, sending
from sms_scheduler_campaign.following import Follower
from sms_scheduler_campaign.sending import Sender
from sms_scheduler_campaign.store import Store, batches, campaigns, in_state, now, workers
from sms_scheduler_mock import MockServer, Request, Response

from .conftest import numbers, received, wait_until


class Desk:
    """A campaign with a sender in this process."""

    def __init__(self, url: str, server: MockServer, **options: Any) -> None:
        self.server = server
        batch_size = options.pop("batch_size", 10)
        self.campaign = Campaign.create(url, "c", text="Hello", sender_id=1, batch_size=batch_size, **options)
        self.store = Store(url)
        self.client = SmsScheduler(server.api_key, base_url=server.url)
        self.senders: list[Sender] = []
        self.sender = self.another_sender("desk")
        self.follower = Follower(self.store, self.client, 1, threading.Event())

    def another_sender(self, name: str) -> Sender:
        client = AsyncSmsScheduler(self.server.api_key, base_url=self.server.url)
        self.senders.append(Sender(self.store, client, 1, name))
        return self.senders[-1]

    def close(self) -> None:
        for sender in self.senders:
            sender.close()
        self.campaign.close()
        self.store.close()
        self.client.close()

    def send_all(self) -> None:
        """Send what is queued, once each, and what becomes queued thereby."""
        seen = set[tuple[int, int]]()
        queued = sa.select(batches.c.number, batches.c.size).where(in_state("queued"))
        while left := {tuple(row) for row in self.store.transaction(lambda c: c.execute(queued).all())} - seen:
            for number, _ in sorted(left):
                self.sender.perform(1, [number])
            seen |= left

    def batch(self, number: int = 1) -> Any:
        return self.store.transaction(lambda c: c.execute(sa.select(batches).where(batches.c.number == number)).one())

    def change(self, number: int = 1, **values: Any) -> None:
        self.store.transaction(
            lambda c: c.execute(sa.update(batches).where(batches.c.number == number).values(**values))
        )


@pytest.fixture
def make(store: str, server: MockServer) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def one(**options: Any) -> Desk:
        made.append(Desk(store, server, **options))
        return made[-1]

    yield one
    for desk in made:
        desk.close()


def test_accepted_and_followed_to_the_end(make: Callable[..., Desk], server: MockServer) -> None:
    server.delivery_result(numbers(2)[1], "MISSED_INVALID_PHONE_NUMBER")
    desk = make()
    desk.campaign.add(numbers(2))
    desk.send_all()
    assert [one.state for one in desk.campaign.report()] == ["accepted", "accepted"]
    desk.change(report_at=0)
    assert desk.follower.follow() == 1
    assert desk.campaign.status().statuses == {SmsStatus.PENDING: 2}
    server.advance(minutes=1)
    desk.change(report_at=0)
    desk.follower.follow()
    ends = [(one.state, one.status, one.sms_ids) for one in desk.campaign.report()]
    sms = server.messages[0].sms
    assert ends == [
        ("final", SmsStatus.RECEIVED, [sms[0].id]),
        ("final", SmsStatus.MISSED_INVALID_PHONE_NUMBER, [sms[1].id]),
    ]
    assert desk.campaign.status().is_done


def test_a_status_that_is_not_final_in_time(make: Callable[..., Desk], server: MockServer) -> None:
    desk = make(follow_for=1.0)
    desk.campaign.add(numbers(1))
    desk.send_all()
    desk.change(report_at=0, posted_at=0)
    desk.follower.follow()
    assert [(one.state, one.status, one.error) for one in desk.campaign.report()] == [
        ("final", SmsStatus.PENDING, "not final in time")
    ]


def test_a_number_that_is_refused_stands_alone(make: Callable[..., Desk], server: MockServer) -> None:
    bad = numbers(25)[17]
    server.refuse_number(bad)
    desk = make()
    desk.campaign.add(numbers(25))
    desk.send_all()
    assert received(server) == dict.fromkeys(set(numbers(25)) - {bad}, 1)
    assert [one.phone_number for one in desk.campaign.report() if one.state == "refused"] == [bad]
    assert bad in next(str(one.error) for one in desk.campaign.report() if one.state == "refused")


def test_what_would_be_refused_again_pauses_the_campaign(make: Callable[..., Desk], server: MockServer) -> None:
    server.senders = [7]
    desk = make()
    desk.campaign.add(numbers(20))
    desk.send_all()
    status = desk.campaign.status()
    assert (status.state, status.recipients["queued"]) == ("paused", 20)
    assert "sender_id" in str(status.reason)
    with pytest.raises(CampaignError, match="resume it first"):
        desk.campaign.run(api_key=server.api_key, base_url=server.url)
    server.senders = [1]
    desk.campaign.resume()
    desk.send_all()
    assert len(received(server)) == 20


def test_429_holds_all_workers(make: Callable[..., Desk], server: MockServer) -> None:
    server.fault("status", status=429, retry_after=2, times=1, operation="createSms")
    desk = make()
    desk.campaign.add(numbers(20))
    began = time.monotonic()
    desk.sender.perform(1, [1])
    assert desk.batch().state == "queued"
    desk.another_sender("another").perform(1, [2])
    assert time.monotonic() - began > 1.9
    desk.send_all()
    assert max(received(server).values()) == 1
    assert len(received(server)) == 20


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 504, "done": True},
        {"kind": "reset"},
        {"kind": "close"},
        {"kind": "half"},
        {"kind": "status", "status": 500},
    ],
)
def test_unknown_is_in_doubt_and_never_sent_again(
    make: Callable[..., Desk], server: MockServer, fault: dict[str, Any]
) -> None:
    server.fault(**fault, times=1, operation="createSms")
    desk = make()
    desk.campaign.add(numbers(10))
    desk.send_all()
    (doubt,) = desk.campaign.in_doubt()
    assert (doubt.number, doubt.phone_numbers, doubt.text) == (1, numbers(10), "Hello")
    desk.sender.perform(1, [1])
    assert len(server.messages) <= 1


def test_many_doubts_in_a_row_pause_the_campaign(make: Callable[..., Desk], server: MockServer) -> None:
    server.fault("status", status=500)
    desk = make(batch_size=1)
    desk.campaign.add(numbers(30))
    desk.send_all()
    status = desk.campaign.status()
    assert (status.state, status.batches["in doubt"]) == ("paused", sending.DOUBTS_IN_A_ROW)


def in_doubt(desk: Desk) -> None:
    desk.server.fault("reset", times=1, operation="createSms")
    desk.campaign.add(numbers(10))
    desk.send_all()


def test_resolved_as_sent_with_its_id(make: Callable[..., Desk], server: MockServer) -> None:
    desk = make()
    in_doubt(desk)
    desk.campaign.resolve(1, sent=True, message_id=server.messages[0].id)
    server.advance(minutes=1)
    desk.follower.follow()
    assert desk.campaign.status().statuses == {SmsStatus.RECEIVED: 10}
    with pytest.raises(CampaignError, match="not in doubt"):
        desk.campaign.resolve(1, sent=True)


def test_resolved_as_dropped(make: Callable[..., Desk]) -> None:
    desk = make()
    in_doubt(desk)
    desk.campaign.resolve(1, sent=False, again=False)
    assert desk.campaign.status().recipients["cancelled"] == 10


def test_again_waits_until_no_worker_can_be_sending(make: Callable[..., Desk], server: MockServer) -> None:
    desk = make()
    in_doubt(desk)
    with pytest.raises(AgainTooEarlyError):
        desk.campaign.resolve(1, sent=False)
    desk.change(free_at=0)
    desk.campaign.resolve(1, sent=False)
    desk.send_all()
    assert desk.batch().state == "accepted"


def test_a_worker_that_wakes_too_late_does_not_send(
    make: Callable[..., Desk], server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make()
    desk.campaign.add(numbers(10))
    monkeypatch.setattr(sending, "START_WITHIN", -1.0)
    desk.sender.perform(1, [1])
    assert (desk.batch().state, server.messages) == ("queued", [])


def while_on_its_way(desk: Desk, act: Callable[[], object]) -> None:
    """Do something after the server has accepted a batch and before the worker has its answer."""
    accepted, acted = threading.Event(), threading.Event()

    def hook(request: Request, answer: Callable[[Request], Response]) -> Response:
        response = answer(request)
        accepted.set()
        acted.wait(10)
        return response

    desk.server.fault("hook", hook=hook, times=1, operation="createSms")
    sending_one = threading.Thread(target=desk.sender.perform, args=(1, [1]))
    sending_one.start()
    assert accepted.wait(10)
    act()
    acted.set()
    sending_one.join()


@pytest.mark.parametrize("decision", [{"sent": True}, {"sent": False, "again": False}])
def test_a_late_answer_is_the_truth(make: Callable[..., Desk], decision: dict[str, bool]) -> None:
    desk = make()
    desk.campaign.add(numbers(10))

    def decide() -> None:
        assert [doubt.number for doubt in desk.campaign.in_doubt()] == [1]  # its worker shows no sign of life
        desk.campaign.resolve(1, **decision)

    while_on_its_way(desk, decide)
    assert (desk.batch().state, desk.batch().message_id) == ("accepted", desk.server.messages[0].id)


def test_an_answer_after_the_batch_was_sent_again_is_told(
    make: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    desk = make()
    desk.campaign.add(numbers(10))

    def decide() -> None:
        assert [doubt.number for doubt in desk.campaign.in_doubt()] == [1]
        desk.change(free_at=0)
        desk.campaign.resolve(1, sent=False)

    while_on_its_way(desk, decide)
    message_id = desk.server.messages[0].id
    assert caplog.messages[-1] == f"late-answer: batch 1 was accepted as message {message_id} too"
    assert (desk.batch().state, desk.batch().message_id) == ("queued", None)


def test_cancelled_with_a_batch_on_its_way(make: Callable[..., Desk], server: MockServer) -> None:
    later = server.now.replace(microsecond=0, year=server.now.year + 1)
    desk = make(delivery_date=later)
    desk.campaign.add(numbers(30))
    while_on_its_way(desk, partial(desk.campaign.cancel, api_key=server.api_key, base_url=server.url))
    assert desk.batch().state == "accepted"
    assert {desk.batch(number).state for number in (2, 3)} == {"cancelled"}
    assert desk.follower.delete() == 1  # as a worker does
    assert desk.campaign.status().recipients["cancelled"] == 30
    assert all(sms.deleted for message in server.messages for sms in message.sms)


def test_cancelled_too_late(make: Callable[..., Desk], server: MockServer) -> None:
    desk = make()
    desk.campaign.add(numbers(30))
    desk.sender.perform(1, [1])
    assert desk.campaign.cancel(api_key=server.api_key, base_url=server.url) == 10
    assert desk.campaign.status().recipients["cancelled"] == 20
    with pytest.raises(CampaignError, match="cancelled"):
        desk.campaign.add(numbers(40))


def test_the_pace_of_the_requests(
    make: Callable[..., Desk], server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request is earlier than its turn, and no second has more turns than 1.15 times the rate; a slow machine is late."""
    turns, arrivals = list[float](), list[float]()

    def note(campaign_id: int, sizes: Sequence[int], connection: sa.Connection) -> list[float]:
        pauses = reserve(campaign_id, sizes, connection)
        last = connection.execute(sa.select(campaigns.c.next_at)).scalar_one()
        turns.extend(last - (left + 1) * sending.SLACK / 40 for left in range(len(sizes)))
        return pauses

    def hook(request: Request, answer: Callable[[Request], Response]) -> Response:
        arrivals.append(time.time())
        return answer(request)

    reserve = sending.reserve
    monkeypatch.setattr(sending, "reserve", note)
    server.fault("hook", hook=hook, operation="createSms")
    desk = make(batch_size=1, requests_per_second=40)
    desk.campaign.add(numbers(100))
    senders = [desk.another_sender(str(index)) for index in range(4)]

    threads = [
        threading.Thread(target=sender.perform, args=(1, range(index + 1, 101, 4)))
        for index, sender in enumerate(senders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == len(arrivals) == 100
    turns.sort()
    assert max(sum(start <= one < start + 1 for one in turns) for start in turns) <= 46
    # The clock of SQLite counts milliseconds.
    assert all(turn - 0.01 < arrival for turn, arrival in zip(turns, sorted(arrivals), strict=True))


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock of the database forwards, or back, by so many seconds."""

    def one(seconds: float) -> None:
        for module in (sending, following):
            monkeypatch.setattr(module, "now", lambda: now() + seconds)

    return one


DAY = 86_400.0


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_the_clock_jumps_while_a_batch_is_on_its_way(
    make: Callable[..., Desk], jump: Callable[[float], None], seconds: float
) -> None:
    """Its worker seems dead, and it in doubt; its answer heals that."""
    desk = make()
    desk.campaign.add(numbers(10))
    values = {"id": "desk", "campaign_id": 1, "seen_at": now()}
    desk.store.transaction(lambda c: c.execute(workers.insert().values(**values)))

    def look() -> None:
        assert desk.campaign.in_doubt() == []
        jump(seconds)
        assert len(desk.campaign.in_doubt()) == 1

    while_on_its_way(desk, look)
    assert desk.batch().state == "accepted"
    assert max(received(desk.server).values()) == 1


def test_after_the_clock_was_set_back_nothing_waits_for_a_day(
    make: Callable[..., Desk], server: MockServer, jump: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make(requests_per_second=1000)
    desk.campaign.add(numbers(30))
    desk.sender.perform(1, [1])
    server.fault("status", status=429, retry_after=1, times=1, operation="createSms")
    desk.sender.perform(1, [2])
    jump(-DAY)
    monkeypatch.setattr(sending, "FARTHEST_TURN", 2.0)
    desk.sender.perform(1, [3])  # neither its turn nor the pause is a day away
    assert desk.batch(3).state == "accepted"
    server.advance(minutes=1)
    desk.follower.follow()  # nor is the report
    assert desk.batch(1).state == "final"


def test_a_worker_that_ends_stores_the_answer_to_what_is_on_its_way(
    make: Callable[..., Desk], server: MockServer
) -> None:
    server.fault("latency", seconds=1, times=1)
    desk = make()
    desk.campaign.add(numbers(10))
    sender = desk.senders.pop()
    performing = threading.Thread(target=sender.perform, args=(1, [1]), daemon=True)
    performing.start()
    wait_until(lambda: desk.batch().state == "posting")
    sender.close()
    assert desk.batch().state == "accepted"
    performing.join(60)
    assert not performing.is_alive()


@pytest.mark.parametrize("is_closed_before", [False, True])
def test_a_worker_that_ends_leaves_to_others_what_has_not_begun(
    make: Callable[..., Desk], is_closed_before: bool
) -> None:
    desk = make(requests_per_second=0.01)
    desk.campaign.add(numbers(20))
    for number in (1, 2):
        desk.change(number, fed_at=1.0)
    sender = desk.senders.pop()
    performing = threading.Thread(target=sender.perform, args=(1, [1, 2]), daemon=True)
    if is_closed_before:
        sender.close()
    performing.start()
    if not is_closed_before:
        wait_until(lambda: desk.batch(1).state == "accepted")
        sender.close()
    performing.join(60)
    assert not performing.is_alive()
    assert [desk.batch(number).state for number in (1, 2)] == ["queued" if is_closed_before else "accepted", "queued"]
    assert desk.batch(2).fed_at is None


def test_outside_of_the_hours_nothing_leaves(make: Callable[..., Desk], server: MockServer) -> None:
    yesterday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(time.gmtime().tm_wday - 2) % 7]
    desk = make(hours=f"{yesterday} 09:00-10:00")
    desk.campaign.add(numbers(10))
    desk.sender.perform(1, [1])
    assert (desk.batch().state, server.messages) == ("queued", [])


def test_a_batch_of_sms_a_second_is_no_larger(make: Callable[..., Desk]) -> None:
    desk = make(sms_per_second=4)
    desk.campaign.add(numbers(10))
    assert desk.campaign.plan().batches == 3
    assert desk.campaign.plan().seconds == 2.5
