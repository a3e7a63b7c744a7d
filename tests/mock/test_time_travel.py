"""The server's clock is that of this machine, or its own, whatever a library makes of time in the process of the tests."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import freezegun
import httpx
import pytest
import time_machine
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]
FAR = datetime(2001, 2, 3, 4, 5, 6)

TRAVELS: dict[str, Callable[[], Any]] = {
    "freezegun": lambda: freezegun.freeze_time(FAR),
    "freezegun ticking": lambda: freezegun.freeze_time(FAR, tick=True),
    "time-machine": lambda: time_machine.travel(FAR, tick=False),
    "time-machine ticking": lambda: time_machine.travel(FAR, tick=True),
}


def is_now(moment: datetime) -> bool:
    return abs(moment - datetime.now()) < timedelta(seconds=30)


@pytest.mark.parametrize("travel", TRAVELS)
def test_the_clock_begins_and_runs_by_the_time_of_this_machine(travel: str, body: Body) -> None:
    before = datetime.now()
    with TRAVELS[travel](), MockServer(ticking=True) as server:
        start = server.now
        headers = {"Authorization": f"bearer {server.api_key}"}
        assert httpx.post(
            f"{server.url}/sms", json=body(delivery_date="2000-01-01 00:00:00"), headers=headers
        ).is_success
        server.fault("latency", seconds=0.2, times=1)
        httpx.get(f"{server.url}/sms/1")
        assert timedelta(seconds=0.2) <= server.now - start < timedelta(seconds=30)
        server.reset()
        assert abs(server.now - before) < timedelta(seconds=30)
    assert type(server.now) is datetime


@pytest.mark.parametrize("travel", TRAVELS)
def test_a_server_that_runs_is_undisturbed(server: MockServer, client: httpx.Client, body: Body, travel: str) -> None:
    with TRAVELS[travel]():
        assert str(server.now) == "2030-01-01 12:00:00"
        message_id = client.post("/sms", json=body()).json()["message_id"]
        server.advance(hours=1)
        assert {row["status"] for row in client.get(f"/message/{message_id}").json()} == {11}
        server.fault("rate_limit", rate="1/s")
        assert [client.get("/sms/1").status_code for _ in range(2)] == [404, 429]
    assert [message.delivery_date for message in server.messages] == [datetime(2030, 1, 1, 13)]


@pytest.mark.parametrize("travel", TRAVELS)
def test_a_state_is_kept_by_the_time_of_this_machine(tmp_path: Path, travel: str) -> None:
    path = tmp_path / "state.db"
    with TRAVELS[travel](), MockServer(state=path, ticking=True):
        pass
    again = MockServer(state=path)
    assert is_now(again.now)
    again.close()


# The library may also be there, and travel, before anything of the server is imported; and an event loop may not be uvloop's.
LATE = """
import sys
from datetime import datetime
{without}
import freezegun, time_machine
real = datetime.now()
with {travel}:
    from sms_scheduler_mock import MockServer
    import httpx
    with MockServer(ticking=True) as server:
        server.fault("latency", seconds=0.2, times=1)
        print(httpx.get(server.url + "/sms/1").status_code, abs((server.now - real).total_seconds()) < 30)
"""


@pytest.mark.parametrize("without", ["", "sys.modules['uvloop'] = None"])
@pytest.mark.parametrize(
    "travel", ["freezegun.freeze_time('2001-02-03')", "time_machine.travel('2001-02-03', tick=False)"]
)
def test_also_for_what_is_imported_meanwhile_with_and_without_uvloop(travel: str, without: str) -> None:
    code = LATE.format(without=without, travel=travel)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("401 True\n", "")
