"""What a server with a state still knows when it is started again, stopped in order or killed."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]

ONE, OTHER = "+33612345678", "+33202020202"
NOW = datetime(2030, 1, 1, 12)


def client_of(server: MockServer) -> httpx.Client:
    headers = {"Authorization": f"bearer {server.api_key}"}
    return httpx.Client(base_url=server.url, transport=server.transport, headers=headers)


def post(server: MockServer, body: dict[str, Any]) -> dict[str, Any]:
    with client_of(server) as client:
        answer: dict[str, Any] = client.post("/sms", json=body).raise_for_status().json()
        return answer


def fill(server: MockServer, body: Body) -> None:
    """Leave something of everything that is kept."""
    server.credits = 5
    server.senders = frozenset({123, 10**30})
    server.refuse_number("+33699999999")
    server.delivery_result(ONE, "MISSED_ERROR", "SENT")
    server.delivery_mix({"RECEIVED": 1, "MISSED_ERROR": 1})
    server.advance(minutes=1)
    post(server, body(message_text="é\0🎉" + "x" * 200, message_stop=True, sender_id=10**30))
    first = post(server, body(phone_numbers=ONE))
    post(server, body(phone_numbers=OTHER))
    with client_of(server) as client:
        client.delete(f"/message/{first['message_id']}")
    server.regenerate_key()


def known(server: MockServer) -> list[object]:
    now = server.now
    server.travel_to(datetime(2031, 1, 1))
    ended = server.messages
    server.travel_to(now)
    account = [server.api_key, server.credits, server.senders, server.delivery_results]
    return [server.messages, ended, now, server.ticking, *account]


def test_a_server_that_is_started_again_knows_everything(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "state.db"
    with MockServer(now=NOW, state=path) as server:
        fill(server, body)
        before = known(server)
    again = MockServer(state=path, credits=77, ticking=True)
    assert known(again) == before
    with client_of(again) as client:
        assert client.post("/sms", json=body(phone_numbers="+33699999999")).status_code == 400
        assert client.post("/sms", json=body(sender_id=5)).status_code == 400
    ids = [message.id for message in again.messages]
    assert post(again, body())["message_id"] == ids[-1] + 1


def test_a_running_clock_runs_on_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with MockServer(now=NOW, ticking=True, state=path):
        pass
    again = MockServer(now=datetime(2040, 1, 1), state=path)
    assert again.ticking
    assert NOW < again.now < datetime(2030, 1, 1, 12, 1)


def test_reset_forgets_the_state(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "state.db"
    with MockServer(now=NOW, state=path) as server:
        fresh = known(server)
        fill(server, body)
        server.reset()
        assert known(server) == fresh
    assert known(MockServer(now=NOW, state=path)) == fresh


def test_what_makes_room_is_gone_from_the_file_and_ids_go_on(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "state.db"
    with MockServer(now=NOW, state=path, capacity=2) as server:
        last = [post(server, body())["message_id"] for _ in range(5)][-1]
        held = known(server)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM sms").fetchone() == (4,)
    connection.close()
    again = MockServer(state=path)
    assert known(again) == held
    assert post(again, body())["message_id"] == last + 1


def test_the_state_can_be_saved_and_loaded_at_any_time(tmp_path: Path, body: Body) -> None:
    server = MockServer(now=NOW)
    fill(server, body)
    before = known(server)
    server.save(tmp_path / "saved.db")
    assert [path.name for path in tmp_path.iterdir()] == ["saved.db"]
    post(server, body(phone_numbers=OTHER) | {"sender_id": 123})
    server.reset()
    server.load(tmp_path / "saved.db")
    assert known(server) == before

    with MockServer(now=NOW, state=tmp_path / "state.db") as other:
        other.load(tmp_path / "saved.db")
        assert known(other) == before
    assert known(MockServer(state=tmp_path / "state.db")) == before


def test_a_state_of_the_version_before_is_read(tmp_path: Path, body: Body) -> None:
    server = MockServer(now=NOW)
    fill(server, body)
    server.save(tmp_path / "saved.db")
    with sqlite3.connect(tmp_path / "saved.db") as connection:
        connection.execute("UPDATE setting SET name = 'outcomes' WHERE name = 'delivery_results'")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    other = MockServer(now=NOW)
    other.load(tmp_path / "saved.db")
    assert known(other) == known(server)
    assert known(MockServer(state=tmp_path / "saved.db")) == known(server)


def test_a_state_is_for_one_server_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with MockServer(state=path), pytest.raises(OSError, match="another server has it open"):
        MockServer(state=path)


def test_what_is_no_state_is_refused(tmp_path: Path, body: Body) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("remember the milk " * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE milk (id)")
    connection.close()
    server = MockServer(now=NOW)
    post(server, body())
    for path in (text, other):
        content = path.read_bytes()
        with pytest.raises(ValueError, match="not the state of a server"):
            MockServer(state=path)
        with pytest.raises(ValueError, match="not the state of a server"):
            server.load(path)
        assert path.read_bytes() == content
    with pytest.raises(OSError, match="no state to load"):
        server.load(tmp_path / "nothing.db")
    with pytest.raises(OSError, match="cannot open"):
        MockServer(state=tmp_path / "no folder" / "state.db")
    assert len(server.messages) == 1


def test_what_was_made_by_a_server_with_other_statuses_changes_nothing(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "saved.db"
    server = MockServer(now=NOW)
    fill(server, body)
    server.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            """UPDATE setting SET value = '{"+33612345678": ["GONE"]}' WHERE name = 'delivery_results'"""
        )
    connection.close()
    post(server, body(phone_numbers=OTHER) | {"sender_id": 123})
    before = known(server)
    with pytest.raises(ValueError, match="cannot make sense of: 'GONE' is not a documented status"):
        server.load(path)
    assert known(server) == before
    for _ in range(2):  # the first one has let go of the file
        with pytest.raises(ValueError, match="cannot make sense of") as caught:
            MockServer(state=path)
        assert caught.value.__traceback__  # which holds on to the server


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE setting",
        "DROP TABLE sms",
        *(
            f"INSERT OR REPLACE INTO setting VALUES ('{name}', '5')"
            for name in ("api_key", "refused", "senders", "mix", "clock")
        ),
        "UPDATE setting SET value = '[5]' WHERE name = 'refused'",
    ],
)
def test_a_damaged_state_is_refused(tmp_path: Path, body: Body, statement: str) -> None:
    path = tmp_path / "saved.db"
    server = MockServer(now=NOW)
    fill(server, body)
    server.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    before = known(server)
    with pytest.raises(ValueError, match=r"is damaged|cannot make sense of"):
        server.load(path)
    assert known(server) == before


def test_a_state_does_not_change_when_it_is_loaded(tmp_path: Path, body: Body) -> None:
    process, url = start(tmp_path / "state.db")
    headers = {"Authorization": "bearer mock-api-key"}
    assert httpx.post(f"{url}/sms", json=body(), headers=headers).status_code == 200
    process.kill()
    process.communicate(timeout=10)
    (tmp_path / "empty.db").touch()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "state.db-wal" in before  # what a server that was killed leaves
    server = MockServer(now=NOW)
    server.load(tmp_path / "state.db")
    assert len(server.messages) == 1
    with pytest.raises(ValueError, match=r"empty\.db holds no state"):
        server.load(tmp_path / "empty.db")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_server_does_not_save_over_its_own_state(tmp_path: Path, body: Body) -> None:
    with MockServer(now=NOW, state=tmp_path / "state.db") as server:
        post(server, body())
        with pytest.raises(ValueError, match="keeps the state of this server already"):
            server.save(tmp_path / "state.db")
        post(server, body())
    assert len(MockServer(state=tmp_path / "state.db").messages) == 2


def test_saves_at_the_same_time_do_not_meet(tmp_path: Path, body: Body) -> None:
    server = MockServer(now=NOW)
    post(server, body())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: server.save(tmp_path / "saved.db"), range(20)))
    assert [path.name for path in tmp_path.iterdir()] == ["saved.db"]


def test_a_state_that_is_larger_than_the_capacity_is_cut(tmp_path: Path, body: Body) -> None:
    server = MockServer(now=NOW)
    for hour in range(13, 18):
        post(server, body(delivery_date=f"2030-01-01 {hour}:00:00"))
    server.save(tmp_path / "saved.db")
    small = MockServer(now=NOW, capacity=2)
    small.load(tmp_path / "saved.db")
    assert small.messages == server.messages[-2:]
    for capacity in (2, 5):  # the first one has made room in the file
        with contextlib.closing(MockServer(state=tmp_path / "saved.db", capacity=capacity)) as started:
            assert started.messages == server.messages[-2:]


@pytest.mark.parametrize("wrong", [{"credits": -1}, {"sms_ids": "no-such"}, {"max_body": 0}, {"port": -1}])
def test_arguments_that_make_no_sense_leave_no_file(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"credits|sms_ids|max_body|port"):
        MockServer(state=tmp_path / "state.db", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_reset_that_cannot_be_kept_is_none(tmp_path: Path, body: Body) -> None:
    server = MockServer(now=NOW, state=tmp_path / "state.db")
    fill(server, body)
    before = known(server)
    store = server._store
    assert store is not None
    store._open().execute("PRAGMA query_only = 1")  # as if the disk were full
    with pytest.raises(OSError, match="cannot be kept"):
        server.reset()
    store._open().execute("PRAGMA query_only = 0")
    assert known(server) == before


def test_what_cannot_be_kept_is_not_accepted(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "state.db"
    server = MockServer(now=NOW, state=path)
    store = server._store
    assert store is not None
    store._open().execute("PRAGMA max_page_count = 1")  # as if the disk were full
    with client_of(server) as client:
        response = client.post("/sms", json=body(message_text="x" * 100_000))
        assert (response.status_code, "cannot be kept" in response.text) == (500, True)
    assert server.messages == []


# --- killed

SERVER = """
import sys, threading
from datetime import datetime
from pathlib import Path
from sms_scheduler_mock import MockServer
with MockServer(now=datetime(2030, 1, 1, 12), state=Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    threading.Event().wait()
"""


def start(path: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_kill_in_the_midst_of_requests_loses_and_doubles_nothing(tmp_path: Path, body: Body) -> None:
    path = tmp_path / "state.db"
    accepted: dict[str, int] = {}
    tried: set[str] = set()
    for turn in range(3):
        process, url = start(path)
        enough = threading.Event()

        def send(thread: int, turn: int = turn, url: str = url, enough: threading.Event = enough) -> None:
            with httpx.Client(base_url=url, headers={"Authorization": "bearer mock-api-key"}) as client:
                for count in range(10_000):
                    text = f"{turn}-{thread}-{count}"
                    tried.add(text)
                    try:
                        answer = client.post("/sms", json=body(message_text=text))
                    except httpx.TransportError:
                        return
                    accepted[text] = answer.raise_for_status().json()["message_id"]
                    if count == 20:
                        enough.set()

        threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
        for thread in threads:
            thread.join()
        assert process.stdout is not None
        process.stdout.close()

    held = MockServer(state=path)
    texts = Counter(message.text for message in held.messages)
    assert set(texts.values()) == {1}
    assert accepted.keys() <= texts.keys() <= tried
    assert len(accepted) > 3 * 20
    assert {message.text: message.id for message in held.messages if message.text in accepted} == accepted
    ids = [message.id for message in held.messages]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    sms_ids = [sms.id for message in held.messages for sms in message.sms]
    assert len(set(sms_ids)) == len(sms_ids) == 2 * len(ids)
    assert post(held, body())["message_id"] == ids[-1] + 1
