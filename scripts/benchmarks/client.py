"""The client's benchmarks.

The peers are bare httpx with `.json()`, the stock output of openapi-python-client, made on the spot from the same document,
and the standard library's http.client and json as the floor.
"""

import asyncio
import contextlib
import http.client
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import httpx
import httpx_aiohttp
from sms_scheduler import AsyncSmsScheduler, SmsScheduler
from sms_scheduler._api.message.get_message import read_response
from sms_scheduler._types import Response

from .generator import make_stock_client
from .work import Work, timed

KEY = "benchmark"
ROWS = 100_000
CONCURRENT, BOUND, THREADS = 2_000, 20, 50
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
    imports="from sms_scheduler._api.message.get_message import read_response; from sms_scheduler._types import Response",
    before="response = Response('getMessage', 200, {}, data)",
    decode="read_response(response)",
)
MEMORY_STOCK = MEMORY.format(
    imports="import httpx; from stock_client import Client; from stock_client.api.message.get_message import _parse_response",
    before="response = httpx.Response(200, content=data); client = Client(base_url='http://127.0.0.1')",
    decode="_parse_response(client=client, response=response)",
)


@contextlib.contextmanager
def works(folder: Path) -> Generator[list[Work]]:
    """What is measured; the server runs meanwhile, and files are written below `folder`."""
    with _server() as url:
        yield _works(folder, url)


@contextlib.contextmanager
def _server() -> Generator[str]:
    command = [sys.executable, "-P", "-m", "benchmarks.bare_server"]
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
        Work("one typed create_sms over keep-alive", "httpx", 0.70, "µs", 40, sends),
        Work(f"decode and check a report of {ROWS:,} rows", "floor", 0.45, "ms", 15, _decodes(report.read_bytes(), stock)),
        Work(f"{CONCURRENT:,} async sends, {BOUND} at a time", "httpx", 0.25, "s", 7, _async_sends(url)),
        Work(f"CPU of {CONCURRENT:,} async sends in one gather", "80 at a time", 1.30, "s", 7, {"ours": lambda: asyncio.run(_many_by_ours(url, CONCURRENT)).cpu, "80 at a time": lambda: asyncio.run(_many_by_ours(url, 80)).cpu}),
        Work(f"{CONCURRENT:,} sends by {THREADS} threads", "httpx", 0.70, "s", 7, {"ours": lambda: _threads(_sender(url)), "httpx": lambda: _threads(_httpx_sender(url))}),
        Work("import, and the first client", "httpx", 1.10, "ms", 45, {"ours": lambda: _seconds(IMPORT_OURS), "httpx": lambda: _seconds(IMPORT_HTTPX)}),
        Work("memory held by that report", "stock", 0.46, "MB", 3, {"ours": lambda: _bytes(MEMORY_OURS, report, folder), "stock": lambda: _bytes(MEMORY_STOCK, report, folder)}),
    ]  # fmt: skip


def _stock_client(folder: Path) -> Any:
    """The package that openapi-python-client makes of the same document with its own templates, imported."""
    make_stock_client(folder)
    name, package = "stock_client", folder / "stock_client"
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None  # noqa: S101
    assert spec.loader is not None  # noqa: S101
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _report() -> bytes:
    codes = [10, 11, 12, 13, 20, 30, 39]
    rows = [
        {"id": 5_000_000 + row, "phone_number": f"+336{row:08}", "status": codes[row % len(codes)]}
        for row in range(ROWS)
    ]
    return json.dumps(rows).encode()


# One send, fifty times a round


def _sends_by_ours(url: str) -> Callable[[], float]:
    return timed(_sender(url), 50)


def _sends_by_httpx(url: str) -> Callable[[], float]:
    return timed(_httpx_sender(url), 50)


def _sender(url: str) -> Callable[[], object]:
    client = SmsScheduler(KEY, base_url=url)
    return lambda: client.create_sms(**ARGUMENTS)


def _httpx_sender(url: str) -> Callable[[], object]:
    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    return lambda: client.post(f"{url}/sms", json=ARGUMENTS).json()


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


class Cost(NamedTuple):
    """Seconds by the clock, and of the processor."""

    clock: float
    cpu: float


async def _many(send: Callable[[], Awaitable[object]], bound: int = BOUND) -> Cost:
    places = asyncio.Semaphore(bound)

    async def one() -> None:
        async with places:
            await send()

    started, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(CONCURRENT)))
    return Cost(time.perf_counter() - started, time.process_time() - worked)


def _async_sends(url: str) -> dict[str, Callable[[], float]]:
    return {
        "ours": lambda: asyncio.run(_many_by_ours(url)).clock,
        "httpx": lambda: asyncio.run(_many_by_httpx(url)).clock,
        "aiohttp": lambda: asyncio.run(_many_by_aiohttp(url)).clock,
        "ours over httpx-aiohttp": lambda: asyncio.run(_many_by_ours_over_aiohttp(url)).clock,
    }


async def _many_by_ours(url: str, bound: int = BOUND) -> Cost:
    async with AsyncSmsScheduler(KEY, base_url=url) as client:
        return await _many(lambda: client.create_sms(**ARGUMENTS), bound)


async def _many_by_ours_over_aiohttp(url: str) -> Cost:
    async with AsyncSmsScheduler(KEY, base_url=url, transport=httpx_aiohttp.AiohttpTransport()) as client:
        return await _many(lambda: client.create_sms(**ARGUMENTS))


async def _many_by_httpx(url: str) -> Cost:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:

        async def send() -> object:
            return (await client.post(f"{url}/sms", json=ARGUMENTS)).json()

        return await _many(send)


async def _many_by_aiohttp(url: str) -> Cost:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:

        async def send() -> object:
            async with session.post(f"{url}/sms", json=ARGUMENTS) as response:
                return await response.json()

        return await _many(send)


def _threads(send: Callable[[], object]) -> float:
    with ThreadPoolExecutor(THREADS) as pool:
        started = time.perf_counter()
        list(pool.map(lambda _: send(), range(CONCURRENT)))
        return time.perf_counter() - started


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
