"""A PostgreSQL of its own, for benchmarks and tests, from the programs that are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs


@attrs.define
class Postgres:
    """A running PostgreSQL: `crash` ends all of its processes at once, as a power failure would."""

    binaries: Path
    folder: Path
    port: int
    network: str | None  # that is let in too, such as 10.1.0.0/16

    @property
    def url(self) -> str:
        """Its address; each database that `create` makes is below it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, for the first time or after a crash."""
        addresses = "127.0.0.1" if self.network is None else "*"
        options = f"-p {self.port} -c listen_addresses={addresses} -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def crash(self) -> None:
        """End it without a word."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def create(self) -> str:
        """Make an empty database. Returns its address."""
        name = f"c{uuid.uuid4().hex}"
        self._run("psql", "-q", "-c", f"CREATE DATABASE {name}", self.url + "postgres", is_server=False)
        return self.url + name

    def initialise(self) -> None:
        """Make its files."""
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8")
        if self.network is not None:
            with (self.folder / "data" / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {self.network} trust\n")

    def _run(self, command: str, *arguments: str, is_server: bool = True) -> None:
        # It refuses to run as root.
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        data = ["-D", str(self.folder / "data")] if is_server else []
        whole = [*as_user, str(self.binaries / command), *data, *arguments]
        with (self.folder / "commands").open("a") as log:
            subprocess.run(whole, check=True, stdout=log, stderr=log, timeout=60, cwd="/")


def find() -> Path | None:
    """The folder of the programs of PostgreSQL's newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("pg_ctl")
    return found[-1] if found else Path(on_path).resolve().parent if on_path else None


@contextmanager
def running(binaries: Path, network: str | None = None) -> Generator[Postgres]:
    """Run one in a temporary folder."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        database = Postgres(binaries, folder, port, network)
        database.initialise()
        database.start()
        try:
            yield database
        finally:
            database.crash()
