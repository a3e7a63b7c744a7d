"""A mock server whose clock is far ahead of what is sent, so that SMS are final at once; stores on SQLite and PostgreSQL."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from sms_scheduler_mock import MockServer

KILLS = int(os.environ.get("SMS_SCHEDULER_CAMPAIGN_KILLS", "20"))
MACHINES = "10.213.0.0/16"  # the addresses of the network namespaces that stand for machines


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(ticking=True) as server:
        yield server


@attrs.define
class Postgres:
    """A PostgreSQL of its own: `crash` ends all of its processes at once, as a power failure would."""

    binaries: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=* -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def crash(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate")

    def create(self) -> str:
        name = f"c{uuid.uuid4().hex}"
        self._run("psql", "-q", "-c", f"CREATE DATABASE {name}", self.url + "postgres", is_server=False)
        return self.url + name

    def initialise(self) -> None:
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8")
        with (self.folder / "data" / "pg_hba.conf").open("a") as file:  # else it lets in this machine alone
            file.write(f"host all all {MACHINES} trust\n")

    def _run(self, command: str, *arguments: str, is_server: bool = True) -> None:
        # It refuses to run as root.
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        data = ["-D", str(self.folder / "data")] if is_server else []
        whole = [*as_user, str(self.binaries / command), *data, *arguments]
        with (self.folder / "commands").open("a") as log:
            subprocess.run(whole, check=True, stdout=log, stderr=log, timeout=60, cwd="/")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("pg_ctl")
    if not (found or on_path):
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    binaries = found[-1] if found else Path(str(on_path)).resolve().parent
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        database = Postgres(binaries, folder, port)
        database.initialise()
        database.start()
        yield database
        database.crash()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/campaign.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> str:
    """Each test runs on both."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_store"))
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create()


def numbers(count: int) -> list[str]:
    return [f"+336{index:08}" for index in range(count)]


def received(server: MockServer) -> Counter[str]:
    """How often each phone number was sent to, as counted at the mock server."""
    return Counter(number for message in server.messages for number in message.phone_numbers)


@contextmanager
def hurrying(server: MockServer) -> Iterator[None]:
    """Let a minute pass at the mock server each half second, so that SMS are final when the first report is asked for."""
    is_over = threading.Event()

    def hurry() -> None:
        while not is_over.wait(0.5):
            server.advance(minutes=1)

    thread = threading.Thread(target=hurry)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen in time"
        time.sleep(0.02)
