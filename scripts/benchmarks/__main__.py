"""Measure client, generator and stand-in against their peers: medians of interleaved rounds, given as ratios.

The client's peers are bare httpx with `.json()`, the stock output of openapi-python-client, made on the spot from the
same document, and the standard library's http.client and json as the floor; the generator's is openapi-python-client.
"""

import argparse
import asyncio
import contextlib
import http.client
import importlib
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from . import mock_server
import httpx
from .client_work import Work, timed
from sms_scheduler import AsyncSmsScheduler, SmsScheduler
from sms_scheduler.api.message.get_message import read_response
from sms_scheduler.types import Response

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "openapi.yaml"
GENERATE = (sys.executable, "-P", "-m", "generator")
TABLE = ROOT / "docs" / "benchmarks.md"
KEY = "benchmark"
ROWS = 100_000
CONCURRENT, BOUND = 2_000, 20
ARGUMENTS: dict[str, Any] = {
    "message_text": "Hello world",
    "message_stop": False,
    "delivery_date": "2030-12-25 12:45:59",
    "sender_id": 123,
    "phone_numbers": ["+33612345678", "+33202020202"],
}
# Run in a fresh interpreter each; the last two print how many bytes the decoded report holds.
IMPORT_OURS = "from sms_scheduler import SmsScheduler; SmsScheduler('key')"
IMPORT_HTTPX = "import httpx; httpx.Client()"
MEMORY = "import sys, tracemalloc; {imports}; data = open(sys.argv[1], 'rb').read(); {before}; tracemalloc.start(); report = {decode}; print(tracemalloc.get_traced_memory()[0])"
MEMORY_OURS = MEMORY.format(
    imports="from sms_scheduler.api.message.get_message import read_response; from sms_scheduler.types import Response",
    before="response = Response('getMessage', 200, {}, data)",
    decode="read_response(response)",
)
MEMORY_STOCK = MEMORY.format(
    imports="import httpx; from stock_client import Client; from stock_client.api.message.get_message import _parse_response",
    before="response = httpx.Response(200, content=data); client = Client(base_url='http://127.0.0.1')",
    decode="_parse_response(client=client, response=response)",
)


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure client, generator and stand-in against their peers."
    )
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds, and nothing written")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only the lines whose name has this text; nothing is written"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, _server() as url:
        folder = Path(name)
        with mock_server.works(folder) as of_the_stand_in:
            works = [*_works(folder, url), *of_the_stand_in]
            table = _table([(work, work.medians(quick=options.quick)) for work in works if options.only in work.name])
    print(table)
    if not (options.quick or options.only):
        TABLE.write_text(_HEAD.format(python=platform.python_version(), machine=_machine()) + table)
        print(f"Written to {TABLE.relative_to(ROOT)}.")
    return 0


@contextlib.contextmanager
def _server() -> Generator[str]:
    command = [sys.executable, "-P", "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/api/v1"
        finally:
            process.terminate()


def _works(folder: Path, url: str) -> list[Work]:
    stock = _stock_client(folder)
    report = folder / "report.json"
    report.write_bytes(_report())
    sends = {
        "ours": _sends_by_ours(url),
        "httpx": _sends_by_httpx(url),
        "stock": _sends_by_stock(url, stock),
        "floor": _sends_by_http_client(url),
    }
    return [
        Work("one typed create_sms over keep-alive", "httpx", 0.85, "µs", 40, sends),
        Work(f"decode and check a report of {ROWS:,} rows", "floor", 0.55, "ms", 15, _decodes(report.read_bytes(), stock)),
        Work(f"{CONCURRENT:,} async sends, {BOUND} at a time", "httpx", 0.90, "s", 7, {"ours": lambda: asyncio.run(_many_by_ours(url)), "httpx": lambda: asyncio.run(_many_by_httpx(url))}),
        Work("import, and the first client", "httpx", 1.30, "ms", 45, {"ours": lambda: _seconds(IMPORT_OURS), "httpx": lambda: _seconds(IMPORT_HTTPX)}),
        Work("memory held by that report", "stock", 0.50, "MB", 3, {"ours": lambda: _bytes(MEMORY_OURS, report, folder), "stock": lambda: _bytes(MEMORY_STOCK, report, folder)}),
        Work("a whole regeneration after a change", "stock", 1.50, "ms", 15, {"ours": _regenerations(folder), "stock": timed(lambda: _generate_stock(folder))}),
        Work("generate --check", "stock", 1.50, "ms", 15, {"ours": timed(lambda: _run([*GENERATE, "--check"])), "stock": timed(lambda: _generate_stock(folder))}),
    ]  # fmt: skip


def _stock_client(folder: Path) -> Any:
    """The package that openapi-python-client makes of the same document with its own templates."""
    _generate_stock(folder)
    sys.path.insert(0, str(folder))
    return importlib.import_module("stock_client")


def _generate_stock(folder: Path) -> None:
    stock = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"]
    _run([*stock, "--path", DOCUMENT, "--output-path", folder / "stock_client"])


def _regenerations(folder: Path) -> Callable[[], float]:
    """Regenerate over a client that differs by an enum's member, so that each run has a change to report and to write."""
    other = folder / "changed.yaml"
    other.write_text(DOCUMENT.read_text(encoding="utf-8").replace("- PENDING\n", "- WAITING\n"), encoding="utf-8")
    documents = itertools.cycle([other, DOCUMENT])
    return timed(lambda: _run([*GENERATE, "--document", next(documents), "--output", folder / "ours"]))


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _report() -> bytes:
    codes = [10, 11, 12, 13, 20, 30, 39]
    rows = [
        {"id": 5_000_000 + row, "phone_number": f"+336{row:08}", "status": codes[row % len(codes)]}
        for row in range(ROWS)
    ]
    return json.dumps(rows).encode()


# One send, fifty times a round


def _sends_by_ours(url: str) -> Callable[[], float]:
    client = SmsScheduler(KEY, base_url=url)
    return timed(lambda: client.create_sms(**ARGUMENTS), 50)


def _sends_by_httpx(url: str) -> Callable[[], float]:
    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    return timed(lambda: client.post(f"{url}/sms", json=ARGUMENTS).json(), 50)


def _sends_by_stock(url: str, stock: Any) -> Callable[[], float]:
    client = stock.AuthenticatedClient(base_url=url, token=KEY)
    operation = importlib.import_module("stock_client.api.sms.create_sms")
    body = importlib.import_module("stock_client.models").NewMessage(**ARGUMENTS)
    return timed(lambda: operation.sync(client=client, body=body), 50)


def _sends_by_http_client(url: str) -> Callable[[], float]:
    address = httpx.URL(url)
    connection = http.client.HTTPConnection(address.host, address.port)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def send() -> object:
        connection.request("POST", f"{address.path}/sms", json.dumps(ARGUMENTS), headers)
        return json.loads(connection.getresponse().read())

    return timed(send, 50)


# Many sends at once


async def _many(send: Callable[[], Awaitable[object]]) -> float:
    bound = asyncio.Semaphore(BOUND)

    async def one() -> None:
        async with bound:
            await send()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONCURRENT)))
    return time.perf_counter() - started


async def _many_by_ours(url: str) -> float:
    async with AsyncSmsScheduler(KEY, base_url=url) as client:
        return await _many(lambda: client.create_sms(**ARGUMENTS))


async def _many_by_httpx(url: str) -> float:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:

        async def send() -> object:
            return (await client.post(f"{url}/sms", json=ARGUMENTS)).json()

        return await _many(send)


# A long report


def _decodes(data: bytes, stock: Any) -> dict[str, Callable[[], float]]:
    operation = importlib.import_module("stock_client.api.message.get_message")
    client = stock.Client(base_url="http://127.0.0.1")
    response = Response("getMessage", 200, {}, data)
    return {
        "ours": timed(lambda: read_response(response)),
        "stock": timed(lambda: operation._parse_response(client=client, response=httpx.Response(200, content=data))),
        "floor": timed(lambda: json.loads(data)),
    }


# Fresh interpreters


def _seconds(code: str) -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", code], check=True))()


def _bytes(code: str, report: Path, folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    run = subprocess.run(
        [sys.executable, "-c", code, str(report)], check=True, capture_output=True, text=True, env=environment
    )
    return float(run.stdout)


# The table


_SCALE = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}
_HEAD = """# Benchmarks

Made by `scripts/bench`, with Python {python} on {machine}. Each line is measured in one run, side by side: medians of
interleaved rounds on one loopback server. Machines differ and are noisy, so look at the ratios. *httpx* is bare httpx
with `.json()`, which checks nothing; *stock* is openapi-python-client with its own templates for the same document;
*floor* is the standard library's http.client and json.

"""


def _table(measured: list[tuple[Work, dict[str, float]]]) -> str:
    lines = ["| work | ours | peers | ratio | to reach |", "|---|---|---|---|---|"]
    for work, medians in measured:
        amounts = {name: f"{value * _SCALE[work.unit]:.4g} {work.unit}" for name, value in medians.items()}
        peers = ", ".join(f"{name} {amount}" for name, amount in amounts.items() if name != "ours")
        ratio = medians["ours"] / medians[work.peer]
        lines.append(
            f"| {work.name} | {amounts['ours']} | {peers} | **{ratio:.2f}** of {work.peer} | {work.target:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _machine() -> str:
    return f"{os.cpu_count()} cores of {platform.machine()}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
