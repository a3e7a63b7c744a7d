"""The mock server, for tests and for development."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio.to_thread
from starlette.types import ASGIApp

from .admin.api import PREFIX, Admin
from .admin.app import AdminApp
from .backend import checks
from .backend.checks import ArgumentError
from .backend.simulation import Simulation
from .document import OPENAPI, Document
from .faults import Fault, Faults, Hook
from .http.api import Api, SmsIds
from .http.app import App, Nothing
from .http.guard import DEFAULT_KEY, Guard
from .http.hosts import Hosts, is_loopback, origin
from .http.routing import Service
from .http.uvicorn_server import Address, Tls, UvicornServer

if TYPE_CHECKING:
    from .http.transport import InProcessTransport


class MockServer(Simulation):
    """A mock of the SMS Scheduler server, which sends nothing.

        with MockServer() as server:
            client = SmsScheduler(api_key=server.api_key, base_url=server.url)
            ...
            server.advance(hours=1)    # its clock, not yours
            server.messages            # what it accepted

    In a `with` or `async with` block it serves real HTTP. `transport` and `app` work in process,
    with or without such a block.

    SMS are sent on their delivery date by the server's own clock: pending at once, sent after 5
    seconds, received after 15. `delivery_result` says for which recipients it ends differently.

    Args:
        host: Where to listen.
        port: 0 takes one that is free.
        api_key: The key that clients must send, of visible ASCII characters. By default it is "mock-api-key", and on a host
            that others can reach it is made up.
        sms_ids: How `sms_ids` reads: "lists" (a list of ids for each phone number, and several of
            them for a long text) or "integers" (one id for each).
        now: Start of the server's clock, without a time zone, as a datetime or as "2030-01-01 12:00:00"; by default the
            local time.
        ticking: Whether the clock runs by itself. By default it stands still until `advance` or
            `travel_to` is called.
        delivery_results: By phone number, the status that SMS to it end in; see `delivery_result`.
        senders: The ids of the only senders that the account has; by default it has any.
        credits: How many SMS the account can pay for; see `credits`. By default it can pay for any number.
        faults: The faults that are on at first, each a `Fault` or as on the command line: "status:status=503,times=1".
        document: Another OpenAPI document to serve from, in JSON.
        state: A SQLite file that keeps what is accepted, deleted and set. What it holds already wins over the
            other arguments. An answer leaves when its change is in the file: a server that is killed and started
            again has lost nothing. Functions and faults are not kept.
        seed: What the results of `delivery_mix` are drawn from.
        capacity: How many messages are held at most. To make room, the one whose sending begins or began first is
            forgotten, and answered 404.
        max_held: How many bytes of memory they take at most, about. Room is made in the same way.
        max_body: How many bytes a request body may have; a longer one is answered 413 and not held.
        max_sms: How many SMS one message may make; more are answered 400.
        max_errors: How many errors of one field are told in an answer; of the others only how many there are.
        max_answer: How many bytes an answer of the admin API has, about; more comes in pages, or is refused.
        request_timeout: How many seconds a request may take to arrive; then the connection is closed.
        admin: Whether to serve the admin API, for users of other languages, and a page to look at; see `admin_url`.
            By default only for who asks at an address that nobody but this machine can reach: they ask for no key.
        allowed_hosts: More names by which the admin API may be asked, and the API while its key is the default one, such
            as "host.docker.internal", or "*.local" for all that end so. Without them it goes by addresses, by localhost
            and by names without a dot.
        cors_origins: The origins of pages whose scripts may ask this server, such as "http://localhost:5173"; "*" for
            all, which may not ask the admin API.
        path_prefix: What stands before every path, such as "/sms", for a server behind a proxy. It makes no difference
            whether the proxy takes it away.
        tls_cert: A file with the certificate to serve https with, in PEM.
        tls_key: The file with its key, if that is in another one.

    Attributes:
        document: The OpenAPI document that it serves from.
        api: Answers requests without any fault.

    Raises:
        ValueError: An argument, or the document, makes no sense.
        OSError: The state cannot be opened; on entering the block: it cannot listen there, or with that certificate.
    """

    @checks.typed
    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        sms_ids: SmsIds = "lists",
        now: datetime | str | None = None,
        ticking: bool = False,
        delivery_results: Mapping[str, int | str] | None = None,
        senders: Collection[int] | None = None,
        credits: int | None = None,  # noqa: A002
        faults: Collection[Fault | str] = (),
        document: Path | str | None = None,
        state: Path | str | None = None,
        seed: int = 0,
        capacity: int = 1_000_000,
        max_held: int = 500_000_000,
        max_body: int = 1_000_000,
        max_sms: int = 100_000,
        max_errors: int = 100,
        max_answer: int = 1_000_000,
        request_timeout: float = 30,
        admin: bool | None = None,
        allowed_hosts: Collection[str] = (),
        cors_origins: Collection[str] = (),
        path_prefix: str = "",
        tls_cert: Path | str | None = None,
        tls_key: Path | str | None = None,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ArgumentError("port", f"is 0 to 65535, not {port}")
        checks.at_least(
            1,
            capacity=capacity,
            max_held=max_held,
            max_body=max_body,
            max_sms=max_sms,
            max_errors=max_errors,
            max_answer=max_answer,
            request_timeout=request_timeout,
        )
        if not re.fullmatch(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*", path_prefix):
            words = "has letters, digits and -._~ after a slash, as in /sms or /a/b, and no slash at its end"
            raise ArgumentError("path_prefix", f"{words}; not {path_prefix!r}")
        if tls_key and not tls_cert:
            raise ArgumentError("tls_cert", "is needed too: what was given is the key of a certificate")
        initial = [fault if isinstance(fault, Fault) else Fault.parse(fault) for fault in faults]
        self.document = Document(Path(document or OPENAPI))
        super().__init__(
            self.document.statuses,
            api_key=DEFAULT_KEY if api_key is None and is_loopback(host) else api_key,
            now=now,
            ticking=ticking,
            delivery_results=delivery_results,
            senders=senders,
            credits=credits,
            state=state,
            seed=seed,
            capacity=capacity,
            max_held=max_held,
        )
        tls = Tls(Path(tls_cert), Path(tls_key) if tls_key else None) if tls_cert else None
        self._address = Address(host=host, port=port, tls=tls, request_timeout=request_timeout)
        self._wanted_port = port
        self._prefix = path_prefix
        self.api = Api(
            self.document, self.ledger, self.account, sms_ids=sms_ids, max_sms=max_sms, max_errors=max_errors
        )
        operations = self.document.operation_names
        self._faults = Faults(self.api.answer, operations, initial, has_tls=tls is not None)
        self._service = Service(self.document, self._faults.answer, max_body)
        self._has_admin = is_loopback(host) if admin is None else admin
        guard = Guard(Hosts(allowed_hosts), cors_origins, self.account)
        other: ASGIApp = Nothing(path_prefix + self.document.base_path)
        if self._has_admin:
            admin_api = Admin(self, self._faults, max_answer)
            other = AdminApp(self.document, admin_api, guard, other, everybody=admin is True)
        self._app = guard.around(App(self._service, other, guard.is_stranger, path_prefix))
        self._running: UvicornServer | None = None
        self._blocks = 0  # that it is in

    @property
    def url(self) -> str:
        """The base URL of the API. While the server never listened and its port is not known, it has none: the
        `transport` takes any.
        """
        return f"{self._root}{self.document.base_path}"

    @property
    def page_url(self) -> str | None:
        """Where to see what it accepted, and to try the API out, with a browser; None without the admin API."""
        return f"{self._root}/" if self._has_admin else None

    @property
    def admin_url(self) -> str | None:
        """The base URL of the admin API, for users of other languages; None if it is not served.

        `openapi.json` below it is the document of the API, `admin.json` its own.
        """
        return f"{self._root}{PREFIX}" if self._has_admin else None

    @property
    def _root(self) -> str:
        address = self._address
        return origin(address.host, address.port, "https" if address.tls else "http") + self._prefix

    @property
    def app(self) -> ASGIApp:
        """The ASGI application."""
        return self._app

    @cached_property
    def transport(self) -> "InProcessTransport[Self]":
        """An httpx transport, sync and async, that asks this server without a socket."""
        from .http.transport import InProcessTransport  # noqa: PLC0415  # a server that is started alone needs no httpx

        return InProcessTransport(self._service, self)

    def fault(
        self,
        kind: str,
        *,
        times: int | None = None,
        operation: str | None = None,
        seconds: float | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        retry_after: int | None = None,
        hook: Hook | None = None,
        length: int | None = None,
        location: str | None = None,
        rate: str | None = None,
        done: bool | None = None,
    ) -> None:
        """Let something go wrong with the requests that come.

        Several faults act in the order in which they are added: a request goes to the first, and from there to the next if
        the first asks what would be answered. Latencies add up, and come before all others.

        Args:
            kind: "latency": each answer takes so many `seconds` more. "refuse": the connection is closed instead of an
                answer, and nothing is done. "close": what is asked is done, and the connection closed instead of an
                answer. "reset": what is asked is done, and the connection reset instead of an answer. "tls": the
                connection ends by an error of TLS instead of an answer, and nothing is done. "slow": the answer comes
                byte by byte, and takes so many `seconds`. "half": half of the body comes, then the connection is closed.
                "length": the answer says that its body has another `length`. "twice": the answer comes once more, which
                nobody asked for. "status": a status is answered, and nothing is done. "redirect": a redirect to a
                `location` is answered, and nothing is done. "gateway": a page of HTML is answered, such as a gateway has
                for a server that is down, and nothing is done. "rate_limit": more requests than the `rate` are
                answered 429, with the seconds to wait in Retry-After. "hook": a function answers.
            times: For so many requests; by default until `clear_faults` or `reset`.
            operation: For those to an operation of the document, such as "createSms"; by default for all.
            seconds: How much longer answers take, 0 to 86400.
            status: The status, 200 to 599. That of a redirect is 302 unless given, that of a gateway 502.
            headers: The headers that come with it.
            body: What comes with it: bytes as they are, a string as plain text, anything else as JSON.
            retry_after: The seconds in its Retry-After header; by default it has none.
            hook: Called as `hook(request, answer)` with a `Request` and what answers it, it returns a `Response`:
                that of `answer(request)`, another that it makes of it with `dataclasses.replace`, or one of its own. Over
                HTTP it is called in the server's thread, for one request at a time.
            length: The Content-Length that is not that of the body.
            location: Where a redirect leads.
            rate: How many requests pass, as in "5/s", "100/min" or "1000/h", by the time of this machine.
            done: Whether what is asked is done, and the status or the gateway answers all the same.

        Raises:
            ValueError: That makes no sense.
        """
        self.add_fault(
            Fault(
                kind, times, operation, seconds, status, headers, body, retry_after, hook, length, location, rate, done
            )
        )

    def add_fault(self, fault: Fault) -> None:
        """Turn on a fault that is given whole, such as `Fault.parse` reads it. Raises ValueError if it makes no sense."""
        self._faults.add(fault)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are on, in the order in which they act, each with the `times` that are left."""
        return self._faults.on

    def clear_faults(self) -> None:
        """End all faults."""
        self._faults.clear()

    def reset(self) -> None:
        """Go back to how it all began: no messages, the first key, the faults, the clock and all else as the arguments have it.

        The state is forgotten too. A server that was closed within its block listens again, at the same address.

        Raises:
            OSError: Something else listens there by now.
        """
        super().reset()
        self._faults.reset()
        if self._blocks and not self._running:
            self._listen()

    def __enter__(self) -> Self:
        if self._running:
            raise RuntimeError("this server is running already")
        try:
            self._listen()
        except OSError:
            if self._wanted_port == self._address.port:
                raise
            # It was closed, and something else has taken the port that it had found.
            self._address = self._address._replace(port=self._wanted_port)
            self._listen()
        self._blocks += 1
        return self

    def _listen(self) -> None:
        self._running = UvicornServer(self._app, self._address)
        self._address = self._address._replace(port=self._running.port)  # which it keeps, should it be closed

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._blocks -= 1
        self.close()

    async def __aenter__(self) -> Self:
        return await anyio.to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await anyio.to_thread.run_sync(self.__exit__, kind, error, traceback)

    def close(self) -> None:
        """Stop serving, as the end of a `with` block does, and let go of the file that keeps the state."""
        if self._running:
            self._running.stop()
            self._running = None
        self._let_go()
