"""The stand-in server, for tests and for development."""

import secrets
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio.to_thread
from starlette.types import ASGIApp

from .http.api import DIALECTS, Api, DialectName
from .http.asgi import App
from .admin.api import PREFIX, Control
from .document import Document, default_path
from .http.hosts import is_loopback, origin
from .http.routing import Service
from .backend.ledger import Clock, Contents, Ledger, Message, Sms, later
from .backend.delivery import AllOutcomes, Recipients
from .http.serving import Serving
from ._shortcut import Shortcut
from .backend.state import Store, read_copy
from ._switches import SwitchedApi
from .faults import Trouble

if TYPE_CHECKING:
    from .http.transport import InProcessTransport


class MockServer:
    """A stand-in for the SMS Scheduler server that sends nothing.

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
        senders: The ids of the only senders that the account has; by default it has any.
        credits: How many SMS the account can pay for; see `credits`. By default it can pay for any number.
        faults: The names of faults to begin with; see `fault`.
        variants: The names of variants to begin with; see `variant`.
        document: Another openapi.yaml to serve from.
        state: A SQLite file that keeps what is accepted, deleted and set. What it holds already wins over the
            other arguments. An answer leaves when its change is in the file: a server that is killed and started
            again has lost nothing. Rules that are functions, faults, variants and troubles are not kept.
        seed: What the outcomes of `outcome_mix` are drawn from.
        capacity: How many messages are held at most. To make room, the one whose sending begins or began first is
            forgotten, and answered 404.
        max_body: How many bytes a request body may have; a longer one is answered 413 and not held.
        control: Whether to serve the control interface, for users of other languages, and a page to look at; see
            `control_url`. By default only for who asks at an address that nobody but this machine can reach: they ask for
            no key.

    Raises:
        ValueError: An argument, or the document, makes no sense.
        OSError: The state cannot be opened; on entering the block: it cannot listen there.
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
        senders: Collection[int] | None = None,
        credits: int | None = None,  # noqa: A002
        faults: Iterable[str] = (),
        variants: Iterable[str] = (),
        document: Path | None = None,
        state: Path | None = None,
        seed: int = 0,
        capacity: int = 1_000_000,
        max_body: int = 1_000_000,
        control: bool | None = None,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"there is no port {port}: ports are 0 to 65535")
        if not (api_key.isascii() and api_key.isprintable() and api_key.split() == [api_key]):
            raise ValueError("an API key is made of visible ASCII characters")
        if dialect not in DIALECTS:
            raise ValueError(f"there is no dialect {dialect!r}, only {', '.join(DIALECTS)}")
        if capacity < 1 or max_body < 1:
            raise ValueError("capacity and max_body are 1 or more")
        self.document = Document(document or default_path())
        self._host = host
        self._wanted_port = port
        self._initial_key = api_key
        self._initial_senders = None if senders is None else frozenset(senders)
        self._initial_credits = credits
        self._initial_outcomes = dict(outcomes or {})
        self._clock = Clock(now, ticking=ticking)
        self._outcomes = AllOutcomes(self.document.statuses, seed)
        self._ledger = Ledger(self.document.statuses, self._clock, self._outcomes, capacity=capacity)
        self._ledger.check_credits(credits)
        self._api = Api(self.document, self._ledger, api_key=api_key, dialect=DIALECTS[dialect])
        self._switched = SwitchedApi(self._api, faults, variants)
        self._service = Service(self.document, self._switched.answer, max_body)
        self._is_controlled = is_loopback(host) if control is None else control
        self._app = App(
            self.document, self._service, Control(self, everybody=control is True) if self._is_controlled else None
        )
        self._serving: Serving | None = None
        self._set_initial()
        self._store = Store(state) if state else None  # last: arguments that make no sense leave no file
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The base URL of the API. While the server does not listen and its port is not known, it has none: the
        `transport` takes any.
        """
        return f"{self._origin}{self.document.base_path}"

    @property
    def page_url(self) -> str | None:
        """Where to see what it accepted, and to try the API out, with a browser; None without the control interface."""
        return f"{self._origin}/" if self._is_controlled else None

    @property
    def control_url(self) -> str | None:
        """The base URL of the control interface, for users of other languages; None if it is not served.

        `control.json` below it is its OpenAPI document.
        """
        return f"{self._origin}{PREFIX}" if self._is_controlled else None

    @property
    def _origin(self) -> str:
        return origin(self._host, self._serving.port if self._serving else self._wanted_port)

    @property
    def api_key(self) -> str:
        """The key that clients must send."""
        return self._api.api_key

    def regenerate_key(self) -> str:
        """Make a new key, as the account page does; the old one is answered 401."""
        key = f"mock-{secrets.token_hex(16)}"
        self._keep(api_key=key)
        self._api.api_key = key
        return key

    @property
    def app(self) -> ASGIApp:
        """The ASGI application."""
        return self._app

    @cached_property
    def transport(self) -> "InProcessTransport":
        """An httpx transport, sync and async, that asks this server without a socket."""
        from .http.transport import InProcessTransport  # noqa: PLC0415  # a server that is started alone needs no httpx

        return InProcessTransport(self._service)

    @property
    def messages(self) -> list[Message]:
        """The messages accepted so far, the oldest first, as they stand now."""
        return self._ledger.messages()

    def latest_messages(self, count: int) -> list[Message]:
        """The latest so many of them, the latest first."""
        return self._ledger.messages(count)

    def sms_to(self, phone_number: str) -> list[Sms]:
        """All SMS to a phone number, the oldest first; the deleted ones too."""
        return [sms for message in self.messages for sms in message.sms if sms.phone_number == phone_number]

    def sent_to(self, phone_number: str) -> list[Message]:
        """The messages that really went to a phone number: their date has come, nobody deleted or cancelled the SMS."""
        return [
            message
            for message in self.messages
            if any(sms.sent and sms.phone_number == phone_number for sms in message.sms)
        ]

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that are on for all requests."""
        return self._switched.faults.on

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants that are on."""
        return self._switched.variants.on

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """The troubles that are on, each with the `times` that are left; the faults too."""
        return self._switched.troubles

    @property
    def now(self) -> datetime:
        """The time on the server's clock."""
        return self._clock()

    @property
    def ticking(self) -> bool:
        """Whether the clock runs by itself. It shows the same time after this is set."""
        return self._clock.ticking

    @ticking.setter
    def ticking(self, ticking: bool) -> None:
        self._clock.ticking = ticking
        self._keep_clock()

    def advance(self, delta: timedelta | None = None, /, **units: float) -> None:
        """Move the clock on, by a timedelta or by what makes one: `advance(hours=1)`.

        Raises:
            ValueError: It is not told by how much, or the calendar ends before that.
        """
        if delta is None and not units:
            raise ValueError("say how far the clock moves on: advance(hours=1)")
        if not isinstance(delta, timedelta | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"advance({delta!r}) does not say of what: advance(seconds={delta!r})")  # noqa: TRY004
        try:
            moment = self.now + (delta or timedelta()) + timedelta(**units)
        except OverflowError:
            raise ValueError("the calendar has the years 1 to 9999 only") from None
        except TypeError:
            raise ValueError("the clock moves by weeks, days, hours, minutes or seconds: advance(hours=1)") from None
        self.travel_to(moment)

    def travel_to(self, moment: datetime) -> None:
        """Set the clock. Raises ValueError for a datetime with a time zone."""
        self._clock.set(moment)
        self._keep_clock()

    def outcome(self, recipients: Recipients, *statuses: int | str) -> None:
        """Decide how SMS end, whether they exist already or not.

        Args:
            recipients: A phone number, or a function that says yes to some. Where several calls
                apply, the last one counts. A function must not call this server.
            statuses: A documented status, by its code or by its name. Several are a script: the first SMS that was
                accepted to these recipients ends in the first one, and so on; all further ones end in the last.

        Raises:
            ValueError: There is no such status.
        """
        with self._ledger.lock:  # no SMS may come between those that there are and those to come
            self._outcomes.add(recipients, statuses, self._ledger.numbers() if len(statuses) > 1 else {})
        self._keep_outcomes()

    def outcome_mix(self, mix: Mapping[str, float] | Mapping[int, float] | Mapping[int | str, float]) -> None:
        """Decide how the SMS end that no `outcome` is for: at random, by weight, the same again for the same `seed`.

            server.outcome_mix({"RECEIVED": 0.9, "MISSED_SENDING_FAILED": 0.1})

        Raises:
            ValueError: There is no such status, or the weights make no sense.
        """
        self._outcomes.set_mix(mix)
        self._keep_outcomes()

    @property
    def outcomes(self) -> dict[str, tuple[str, ...]]:
        """The names of the statuses that were decided for single phone numbers."""
        return self._outcomes.by_number

    @property
    def mix(self) -> dict[str, float]:
        """The weights that were given to `outcome_mix`, by the names of the statuses."""
        return dict(self._outcomes.mix)

    def clear_outcomes(self, recipients: Recipients | None = None) -> None:
        """Forget what was decided for some recipients, or all of it."""
        if recipients is None:
            self._outcomes.clear()
        else:
            self._outcomes.remove(recipients)
        self._keep_outcomes()

    @property
    def senders(self) -> frozenset[int] | None:
        """The ids of the only senders that the account has; None if it has any. Another is answered 400."""
        return self._api.senders

    @senders.setter
    def senders(self, senders: Collection[int] | None) -> None:
        ids = None if senders is None else frozenset(senders)
        self._keep(senders=None if ids is None else sorted(ids))
        self._api.senders = ids

    @property
    def credits(self) -> int | None:
        """How many SMS the account can still pay for; None for any number.

        The vendor's page has a status for SMS without credit, and does not say when they are paid. Here each SMS takes a
        credit when it is accepted, and gives it back when it is deleted; one without ends as cancelled for that.
        """
        return self._ledger.credits

    @credits.setter  # noqa: A003
    def credits(self, credits: int | None) -> None:  # noqa: A002
        self._ledger.credits = credits

    def refuse_number(self, recipients: Recipients) -> None:
        """From now on these are no valid phone numbers: a message to one of them is answered 400."""
        self._api.refused.append(recipients)
        self._keep(refused=list(self.refused_numbers))

    @property
    def refused_numbers(self) -> tuple[str, ...]:
        """The phone numbers that `refuse_number` was told. To set them is to forget its functions too."""
        return tuple(recipients for recipients in self._api.refused if isinstance(recipients, str))

    @refused_numbers.setter
    def refused_numbers(self, numbers: Iterable[str]) -> None:
        self._api.refused[:] = numbers
        self._keep(refused=list(self.refused_numbers))

    def trouble(
        self,
        kind: str,
        *,
        times: int | None = None,
        operation: str | None = None,
        seconds: float | None = None,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Make trouble for the requests that come.

        Args:
            kind: "latency": each answer takes so many seconds more. "refuse": the connection is closed instead of an
                answer, and nothing is done. "reset": what is asked is done, and the connection reset instead of an
                answer. "status": an error status is answered, and nothing is done. Or the name of a fault.
            times: For so many requests; by default until `clear_troubles` or `reset`.
            operation: For those to an operation of the document, such as "createSms"; by default for all.
            seconds: How much longer answers take.
            status: The error status, 400 to 599.
            retry_after: The seconds in its Retry-After header; by default it has none.

        Raises:
            ValueError: That makes no sense.
        """
        self.add_trouble(Trouble(kind, times, operation, seconds, status, retry_after))

    def add_trouble(self, trouble: Trouble | str) -> None:
        """Make trouble that is given whole, or as `Trouble.parse` reads it. Raises ValueError if it makes no sense."""
        trouble = Trouble.parse(trouble) if isinstance(trouble, str) else trouble
        known = sorted({name for operations in self.document.operations.values() for name in operations.values()})
        if trouble.operation is not None and trouble.operation not in known:
            raise ValueError(f"there is no operation {trouble.operation!r}, only {', '.join(known)}")
        self._switched.add_trouble(trouble)

    def fault(self, name: str, *, times: int | None = None, operation: str | None = None) -> None:
        """Break the contract from now on, in a way that `sms_scheduler_mock.FAULTS` names and describes.

        Args:
            name: The name of the fault.
            times: For so many of the requests that the fault is about; by default for all.
            operation: For those to one operation; by default for all.

        Raises:
            ValueError: There is no fault of that name, or no such operation.
        """
        self._switched.faults.check(name)
        self.trouble(name, times=times, operation=operation)

    def clear_troubles(self) -> None:
        """End all troubles and all faults."""
        self._switched.clear_troubles()

    def variant(self, name: str) -> None:
        """Keep the contract in another way from now on, one that `sms_scheduler_mock.VARIANTS` names and describes.

        Raises:
            ValueError: There is no variant of that name.
        """
        self._switched.switch_on(self._switched.variants, name)

    def reset(self) -> None:
        """Go back to how it all began: no messages, the first key, the clock and all else as the arguments have them.

        The state is forgotten too.
        """
        self._ledger.replace(Contents(paid={}, credits=self._initial_credits))  # first: it fails if it cannot be kept
        self._clock.reset()
        self._switched.reset()
        self._set_initial()
        self._keep(**self._settings())

    def save(self, path: Path | str) -> None:
        """Write the state as it is now into another file, in place of what is there.

        Raises:
            ValueError: It is the file that keeps the state of this server anyway.
            OSError: It cannot be written.
        """
        target = Path(path)
        if self._store and target.exists() and target.samefile(self._store.path):
            raise ValueError(f"{path} keeps the state of this server already")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
            store = Store(Path(folder) / "state")
            store.replaced(self._ledger.contents())
            store.set(self._settings())
            store.close()
            store.path.replace(target)

    def load(self, path: Path | str) -> None:
        """Go on from the state in a file that `save` or another server wrote. The file stays as it is.

        Raises:
            ValueError: The file holds no state.
            OSError: It cannot be opened.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"there is no state to load at {path}")
        contents, settings = read_copy(Path(path))
        self._check(settings, Path(path))
        self._ledger.replace(contents)  # first, since scripts of outcomes count the SMS that there are
        self._apply(settings)
        self._keep(**self._settings())

    # The state

    def _begin(self) -> None:
        if self._store:
            self._ledger.journal = self._store
        if self._store and not self._store.is_new:
            contents, settings = self._store.read()
            self._check(settings, self._store.path)
            self._ledger.restore(contents)
            self._apply(settings)
        else:
            self._keep_all(Contents(paid={}, credits=self._initial_credits))

    def _set_initial(self) -> None:
        self._api.api_key = self._initial_key
        self._api.senders = self._initial_senders
        self._api.refused.clear()
        self._outcomes.clear()
        for recipients, status in self._initial_outcomes.items():
            self._outcomes.add(recipients, [status], {})

    def _settings(self) -> dict[str, object]:
        regenerated = self._api.api_key != self._initial_key
        return {
            "api_key": self._api.api_key if regenerated else None,
            "senders": None if self.senders is None else sorted(self.senders),
            "refused": list(self.refused_numbers),
            "outcomes": self._outcomes.by_number,
            "mix": self._outcomes.mix,
            "clock": self._clock_setting(),
        }

    def _check(self, settings: Mapping[str, Any], path: Path) -> None:
        """Raise ValueError if `_apply` could not make sense of settings that were read from a file."""
        outcomes = AllOutcomes(self.document.statuses)
        clock: dict[str, Any] = settings.get("clock") or {"moment": str(self.now), "ticking": False, "set_at": 0.0}
        try:
            for number, statuses in settings.get("outcomes", {}).items():
                outcomes.add(number, statuses, {})
            outcomes.set_mix(settings.get("mix", {}))
            frozenset(settings.get("senders") or ())
            "".join([settings.get("api_key") or "", *settings.get("refused", [])])
            later(datetime.fromisoformat(clock["moment"]), time.time() - clock["set_at"])
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds what this server cannot make sense of: {error}") from error

    def _apply(self, settings: Mapping[str, Any]) -> None:
        self._api.api_key = settings.get("api_key", self._initial_key)
        senders = settings.get("senders")
        self._api.senders = None if senders is None else frozenset(senders)
        self._api.refused[:] = settings.get("refused", [])
        self._outcomes.clear()
        for number, statuses in settings.get("outcomes", {}).items():
            self._outcomes.add(number, statuses, self._ledger.numbers())
        self._outcomes.set_mix(settings.get("mix", {}))
        if clock := settings.get("clock"):
            # While nobody served, a running clock ran on.
            passed = max(0.0, time.time() - clock["set_at"]) if clock["ticking"] else 0
            self._clock.ticking = clock["ticking"]
            self._clock.set(later(datetime.fromisoformat(clock["moment"]), passed))

    def _keep(self, **settings: object) -> None:
        if self._store:
            self._store.set(settings)

    def _keep_clock(self) -> None:
        self._keep(clock=self._clock_setting())

    def _clock_setting(self) -> dict[str, object]:
        return {"moment": str(self._clock()), "ticking": self._clock.ticking, "set_at": time.time()}

    def _keep_outcomes(self) -> None:
        self._keep(outcomes=self._outcomes.by_number, mix=self._outcomes.mix)

    def _keep_all(self, contents: Contents) -> None:
        self._ledger.replace(contents)
        self._keep(**self._settings())

    def __enter__(self) -> Self:
        if self._serving:
            raise RuntimeError("this server is running already")
        plain = Service(self.document, self._api.answer, self._service.max_body)
        shortcut = Shortcut(plain, lambda: self._switched.is_plain)
        self._serving = Serving(self._app, shortcut, self._host, self._wanted_port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await anyio.to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await anyio.to_thread.run_sync(self.close)

    def close(self) -> None:
        """Stop serving, as the end of a `with` block does, and let go of the file that keeps the state."""
        if self._serving:
            self._serving.stop()
            self._serving = None
        if self._store:
            self._store.close()
