"""Workers that have little in common: two machines, two versions of the package, two that start at the same moment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import attrs
import pytest
import sms_scheduler_campaign
import sqlalchemy as sa
from benchmarks.postgres import Postgres
from sms_scheduler_campaign import Campaign
from sms_scheduler_campaign.store import SCHEMA_VERSION, Store, batches
from sms_scheduler_mock import MockServer

from .conftest import numbers, wait_until
from .test_command_line import command, environment
from .test_kills import check, kill, start


def senders(store: str) -> set[str]:
    """The workers that have sent."""
    with closing(Store(store)) as opened, opened.engine.connect() as connection:
        return set(connection.scalars(sa.select(batches.c.worker).where(batches.c.message_id.is_not(None))))


@attrs.frozen
class Machine:
    """A network namespace, with a cable to this one."""

    name: str
    host: str  # the address of this namespace, as seen from there

    @property
    def before(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def plug_in(self, state: str) -> None:
        ip("link", "set", f"{self.name}-h", state)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def machines() -> Iterator[list[Machine]]:
    """Two machines, each on a network of its own with this one."""
    if not shutil.which("ip"):
        pytest.skip("iproute2 is not installed (apt-get install iproute2)")
    process = os.getpid() % 30_000
    made: list[Machine] = []
    try:
        for index in range(2):
            name, network = f"sms{process}{'ab'[index]}", f"10.213.{process % 128 * 2 + index}"
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no network namespace can be made: {error.stderr.decode().strip()}")
            made.append(Machine(name, f"{network}.1"))
            ip("link", "add", f"{name}-h", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("addr", "add", f"{network}.1/24", "dev", f"{name}-h")
            ip("link", "set", f"{name}-h", "up")
            ip("-n", name, "addr", "add", f"{network}.2/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        yield made
    finally:
        for machine in made:
            ip("netns", "delete", machine.name)  # the cable goes with it


def test_two_machines_and_one_postgresql(postgres: Postgres, machines: list[Machine]) -> None:
    """The cable of one machine is pulled out in the middle, and put in again after the other took it for dead."""
    store = postgres.create()
    with (
        MockServer(host="0.0.0.0", ticking=True) as server,
        Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10, concurrency=4) as campaign,
    ):
        campaign.add(numbers(6_000))
        server.fault("latency", seconds=0.1, operation="createSms")

        def join(machine: Machine) -> subprocess.Popen[bytes]:
            url = f"http://{machine.host}:{server.url.rpartition(':')[2]}"
            reached = store.replace("127.0.0.1", machine.host)
            return start(reached, server, before=machine.before, SMS_SCHEDULER_BASE_URL=url, PYTHONWARNINGS="ignore")

        running = [join(machine) for machine in machines]
        try:
            wait_until(lambda: len(senders(store)) == 2)
            machines[0].plug_in("down")
            wait_until(campaign.in_doubt)
            sent = len(server.messages)
            wait_until(lambda: len(server.messages) > sent + 20)
            machines[0].plug_in("up")
            assert [one.wait(120) for one in running] == [0, 0]
        finally:
            for one in running:
                kill(one)
        check(campaign, server, 6_000, most_in_doubt=4)


def test_two_versions_of_the_code(store: str, server: MockServer, tmp_path: Path) -> None:
    """Both work as long as the tables are the same. By itself, the engine gives work to the version alone that queued it."""
    other = tmp_path / "other" / "sms_scheduler_campaign"
    shutil.copytree(Path(sms_scheduler_campaign.__file__).parent, other)
    engine = other / "engine.py"
    changed = engine.read_text().replace("perform(campaign_id, numbers)", "perform(campaign_id, list(numbers))")
    assert changed != engine.read_text()
    engine.write_text(changed)
    server.fault("latency", seconds=0.2, operation="createSms")
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=2, concurrency=2) as campaign:
        campaign.add(numbers(300))
        running = [start(store, server), start(store, server, PYTHONPATH=str(other.parent))]
        assert [one.wait(120) for one in running] == [0, 0]
        for one in running:
            kill(one)
        assert len(senders(store)) == 2
        check(campaign, server, 300, most_in_doubt=0)


def test_tables_of_another_version_are_refused(store: str) -> None:
    Campaign.create(store, "c", text="Hello", sender_id=1).close()
    with closing(Store(store)) as opened:
        opened.transaction(lambda c: c.execute(sa.text(f"UPDATE sms_schema SET version = {SCHEMA_VERSION + 1}")))
    refused = command(store, "status", "c")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"of version {SCHEMA_VERSION + 1}, this package of version {SCHEMA_VERSION}" in refused.stderr


def test_all_at_once(store: str, server: MockServer) -> None:
    """Two operators make their campaigns in a new store at the same moment, and then start one of them twice."""
    begin = partial(subprocess.Popen, env=environment(store, server), stdout=subprocess.DEVNULL)
    run = [sys.executable, "-m", "sms_scheduler_campaign"]
    making = [begin([*run, "create", name, "--text", "Hi", "--sender-id", "1", "--batch-size", "5"]) for name in "ab"]
    assert [one.wait(60) for one in making] == [0, 0]
    with Campaign(store, "a") as campaign:
        campaign.add(numbers(500))
        server.advance(minutes=1)
        running = [start(store, server) for _ in range(2)]
        assert [one.wait(60) for one in running] == [0, 0]
        for one in running:
            kill(one)
        check(campaign, server, 500, most_in_doubt=0)
