"""The stand-in server, for tests and for development."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from ._app import DIALECTS, Api, DialectName, create_app
from ._document import Document, default_path
from ._ledger import Clock, Ledger, Message
from ._switches import SwitchedApi
from ._transport import InProcessTransport

# A phone number, or a rule that picks phone numbers.
Recipients = str | Callable[[str], bool]

# Of a host that means "every address of this machine", one by which to reach it.
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class MockServer:
    """A stand-in for the SMS Scheduler server that keeps everything in memory and sends nothing.

        with MockServer() as server:
            client = SmsScheduler(api_key=server.api_key, base_url=server.url)
            ...
            server.advance(hours=1)    # its clock, not yours
            server.messages            # what it accepted

    In a `with` or `async with` block it serves real HTTP. `transport` and `app` work in process,
    with or without such a block.

    SMS are sent on their delivery date by the server's own clock: pending at once, sent after 5
    seconds, received after 15. `outcomes` says for which recipients it ends differently.

    Args:
        host: Where to listen.
        port: 0 takes one that is free.
        api_key: The key that clients must send, of visible ASCII characters.
        dialect: How `sms_ids` reads: "lists" (a list of ids for each phone number, and several of
            them for a long text) or "integers" (one id for each).
        now: Start of the server's clock, without a time zone; by default the local time.
        ticking: Whether the clock runs by itself. By default it stands still until `advance` or
            `travel_to` is called.
        outcomes: By phone number, the status that SMS to it end in; see `outcome`.
        faults: The names of faults to begin with; see `fault`.
        variants: The names of variants to begin with; see `variant`.
        document: Another openapi.yaml to serve from.

    Raises:
        ValueError: An argument, or the document, makes no sense.
        OSError: On entering the block: it cannot listen there.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "mock-api-key",
        dialect: DialectName = "lists",
        now: datetime | None = None,
        ticking: bool = False,
        outcomes: Mapping[str, int | str] | None = None,
        faults: Iterable[str] = (),
        variants: Iterable[str] = (),
        document: Path | None = None,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"there is no port {port}: ports are 0 to 65535")
        if not (api_key.isascii() and api_key.isprintable() and api_key.split() == [api_key]):
            raise ValueError("an API key is made of visible ASCII characters")
        if dialect not in DIALECTS:
            raise ValueError(f"there is no dialect {dialect!r}, only {', '.join(DIALECTS)}")
        source = Document(document or default_path())
        self.api_key = api_key
        self._host = host
        self._wanted_port = self._port = port
        self._base_path = source.base_path
        self._statuses = source.statuses
        self._initial_outcomes = dict(outcomes or {})
        self._set_initial_outcomes()
        self._clock = Clock(now, ticking=ticking)
        self._ledger = Ledger(self._statuses, self._clock, self._ended_as)
        api = Api(source, self._ledger, api_key=api_key, dialect=DIALECTS[dialect])
        self._api = SwitchedApi(api, faults, variants)
        self._app = create_app(source, self._api.answer)
        self._running: tuple[uvicorn.Server, Thread] | None = None

    @property
    def url(self) -> str:
        """The base URL of the API. Until the server listens, the port may still be 0."""
        host = _REACHABLE.get(self._host, self._host)
        return f"http://{_bracketed(host)}:{self._port}{self._base_path}"

    @property
    def app(self) -> ASGIApp:
        """The ASGI application."""
        return self._app

    @cached_property
    def transport(self) -> InProcessTransport:
        """An httpx transport, sync and async, that asks this server without a socket."""
        return InProcessTransport(self._app)

    @property
    def messages(self) -> list[Message]:
        """The messages accepted so far, the oldest first, as they stand now."""
        return self._ledger.messages()

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that are on."""
        return self._api.faults.on

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants that are on."""
        return self._api.variants.on

    @property
    def now(self) -> datetime:
        """The time on the server's clock."""
        return self._clock()

    def advance(self, delta: timedelta | None = None, /, **units: float) -> None:
        """Move the clock on, by a timedelta or by what makes one: `advance(hours=1)`."""
        self.travel_to(self.now + (delta or timedelta()) + timedelta(**units))

    def travel_to(self, moment: datetime) -> None:
        """Set the clock. Raises ValueError for a datetime with a time zone."""
        self._clock.set(moment)

    def outcome(self, recipients: Recipients, status: int | str) -> None:
        """Decide how SMS end, whether they exist already or not.

        Args:
            recipients: A phone number, or a function that says yes to some. Where several calls
                apply, the last one counts. A function must not call this server.
            status: A documented status, by its code or by its name.

        Raises:
            ValueError: There is no such status.
        """
        for name, code in self._statuses.items():
            if status in {name, code}:
                self._outcomes.insert(0, (recipients, name))
                return
        raise ValueError(f"{status!r} is not a documented status, by code or by name")

    def fault(self, name: str) -> None:
        """Break the contract from now on, in a way that `sms_scheduler_mock.FAULTS` names and describes.

        Raises:
            ValueError: There is no fault of that name.
        """
        self._api.switch_on(self._api.faults, name)

    def variant(self, name: str) -> None:
        """Keep the contract in another way from now on, one that `sms_scheduler_mock.VARIANTS` names and describes.

        Raises:
            ValueError: There is no variant of that name.
        """
        self._api.switch_on(self._api.variants, name)

    def reset(self) -> None:
        """Forget all messages, set the clock, the outcomes, the faults and the variants back to where they began."""
        self._ledger.clear()
        self._clock.reset()
        self._api.reset()
        self._set_initial_outcomes()

    def _set_initial_outcomes(self) -> None:
        self._outcomes: list[tuple[Recipients, str]] = []
        for recipients, status in self._initial_outcomes.items():
            self.outcome(recipients, status)

    def _ended_as(self, phone_number: str) -> str:
        for recipients, status in self._outcomes:
            if recipients(phone_number) if callable(recipients) else recipients == phone_number:
                return status
        return "RECEIVED"

    def __enter__(self) -> Self:
        if self._running:
            raise RuntimeError("this server is running already")
        listener = _listen(self._host, self._wanted_port)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,  # the logging of the process is its owner's
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Uvicorn(config)
        thread = Thread(
            target=server.run,
            kwargs={"sockets": [listener]},
            name=f"MockServer {self.url}",
            daemon=True,
        )
        thread.start()
        self._running = server, thread
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its error is on standard error")
            time.sleep(0.001)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    async def __aenter__(self) -> Self:
        return await anyio.to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await anyio.to_thread.run_sync(self._stop)

    def _stop(self) -> None:
        if self._running:
            server, thread = self._running
            server.should_exit = True
            thread.join()
            self._running = None
            self._port = self._wanted_port


class _Uvicorn(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everyone, then stop: whoever is in the middle of a request is not waited for."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the connections notice
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        where = f"{_bracketed(host)}:{port}"
        raise OSError(error.errno, f"cannot listen on {where}: {reason}") from None
    # Connections inherit this. asyncio would set it only on sockets made with an explicit protocol
    # number, and each answer would wait 40 ms for the client's acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
