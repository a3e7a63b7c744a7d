"""The SMS Scheduler as it is simulated here: its clock, its account and its messages, and the file that keeps them."""

import tempfile
import textwrap
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import checks
from .account import Account, new_key
from .checks import Recipients
from .clock import Clock
from .delivery import DeliveryResults
from .ledger import WITHOUT_CREDIT, Ledger, Rules
from .messages import Contents, Message, Sms
from .state import StateError, Store, read_copy


class Simulation:
    """What the server knows, and how a test looks at it and changes it. `MockServer` describes the arguments.

    Attributes:
        account: The account that requests are made for.
        ledger: The messages that were accepted. Its `rules` settle what no page of the vendor does; `reset` takes them
            back.
    """

    def __init__(
        self,
        statuses: Mapping[str, int],
        *,
        api_key: str | None,
        now: datetime | str | None,
        ticking: bool,
        delivery_results: Mapping[str, int | str] | None,
        senders: Collection[int] | None,
        credits: int | None,  # noqa: A002
        state: Path | str | None,
        seed: int,
        capacity: int,
        max_held: int,
    ) -> None:
        self._statuses = statuses
        self._initial_results = {
            checks.phone_number("delivery_results", number): status
            for number, status in (delivery_results or {}).items()
        }
        self._clock = Clock(None if now is None else checks.moment("now", now), ticking=ticking)
        self._delivery = DeliveryResults(statuses, seed)
        self.account = Account(api_key=api_key, senders=senders, credits=credits)
        self.ledger = Ledger(statuses, self._clock, self.account, self._delivery, capacity=capacity, max_held=max_held)
        self._check_credits(credits)
        self._set_initial_results()
        self._store = Store(Path(state)) if state else None  # last: arguments that make no sense leave no file
        try:
            self._begin()
        except BaseException:
            self._let_go()
            raise

    # Messages

    @property
    def messages(self) -> list[Message]:
        """The messages accepted so far, the oldest first, as they stand now."""
        return self.ledger.messages()

    def sms_to(self, phone_number: str) -> list[Sms]:
        """All SMS to a phone number, the oldest first; the deleted ones too. Raises ValueError if it is none."""
        checks.phone_number("phone_number", phone_number)
        return [sms for message in self.messages for sms in message.sms if sms.phone_number == phone_number]

    def sent_to(self, phone_number: str) -> list[Message]:
        """The messages that really went to a phone number: their date has come, nobody deleted or cancelled the SMS.

        Raises:
            ValueError: It is no phone number.
        """
        checks.phone_number("phone_number", phone_number)
        return [
            message
            for message in self.messages
            if any(sms.sent and sms.phone_number == phone_number for sms in message.sms)
        ]

    # Time

    @property
    def now(self) -> datetime:
        """The time on the server's clock."""
        return self._clock()

    @property
    def ticking(self) -> bool:
        """Whether the clock runs by itself. It shows the same time after this is set."""
        return self._clock.ticking

    @ticking.setter
    @checks.typed
    def ticking(self, ticking: bool) -> None:
        self._clock.ticking = ticking
        self._keep(clock=self._clock.setting())

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
        except (TypeError, ValueError):
            raise ValueError("the clock moves by weeks, days, hours, minutes or seconds: advance(hours=1)") from None
        self.travel_to(moment)

    def travel_to(self, moment: datetime | str) -> None:
        """Set the clock, by a datetime or a text such as "2030-01-01 12:00:00". Raises ValueError if it has a time zone."""
        self._clock.set(checks.moment("moment", moment))
        self._keep(clock=self._clock.setting())

    # Delivery results

    def delivery_result(self, recipients: Recipients, *statuses: int | str) -> None:
        """Decide what SMS end in, whether they exist already or not.

        Args:
            recipients: A phone number, or a function that says yes to some. Where several calls
                apply, the last one counts. A function must not call this server.
            statuses: A documented status, by its code or by its name. Several are a script: the first SMS that was
                accepted to these recipients ends in the first one, and so on; all further ones end in the last.

        Raises:
            ValueError: There is no such status, or these are no recipients.
        """
        checks.recipients("recipients", recipients)
        with self.ledger.lock:  # no SMS may come between those that there are and those to come
            self._delivery.add(recipients, statuses, self.ledger.numbers() if len(statuses) > 1 else {})
        self._keep(**self._delivery.settings())

    def name_of_status(self, status: int | str) -> str:
        """The name of a documented status, given by its code or by its name. Raises ValueError if there is none."""
        return self._delivery.name_of(status)

    @checks.typed
    def delivery_mix(self, mix: Mapping[str, float] | Mapping[int, float] | Mapping[int | str, float]) -> None:
        """Decide what all other SMS end in: at random, by weight, the same again for the same `seed`.

            server.delivery_mix({"RECEIVED": 0.9, "MISSED_SENDING_FAILED": 0.1})

        Raises:
            ValueError: There is no such status, or the weights make no sense.
        """
        self._delivery.set_mix(mix)
        self._keep(**self._delivery.settings())

    @property
    def delivery_results(self) -> dict[str, tuple[str, ...]]:
        """The names of the statuses that were decided for single phone numbers."""
        return self._delivery.by_number

    @property
    def mix(self) -> dict[str, float]:
        """The weights that were given to `delivery_mix`, by the names of the statuses."""
        return dict(self._delivery.mix)

    def clear_delivery_results(self, recipients: Recipients | None = None) -> None:
        """Forget what was decided for some recipients, or all of it. Raises ValueError if these are none."""
        if recipients is None:
            self._delivery.clear()
        else:
            self._delivery.remove(checks.recipients("recipients", recipients))
        self._keep(**self._delivery.settings())

    # The account

    @property
    def api_key(self) -> str:
        """The key that clients must send."""
        return self.account.api_key

    def regenerate_key(self) -> str:
        """Make a new key, as the account page does; the old one is answered 401."""
        key = new_key()
        self._keep(api_key=key)
        self.account.api_key = key
        return key

    @property
    def senders(self) -> frozenset[int] | None:
        """The ids of the only senders that the account has; None if it has any. Another is answered 400."""
        return self.account.senders

    @senders.setter
    @checks.typed
    def senders(self, senders: Collection[int] | None) -> None:
        ids = None if senders is None else frozenset(senders)
        self._keep(senders=None if ids is None else sorted(ids))
        self.account.senders = ids

    @property
    def credits(self) -> int | None:
        """How many SMS the account can still pay for; None for any number.

        The vendor's page has a status for SMS without credit, and does not say when they are paid. Here each SMS takes a
        credit when it is accepted, and gives it back when it is deleted; one without ends as cancelled for that.
        """
        return self.account.credits

    @credits.setter  # noqa: A003
    @checks.typed
    def credits(self, credits: int | None) -> None:  # noqa: A002
        self._check_credits(credits)
        with self.ledger.lock:
            self._keep(credits=credits)
            self.account.credits = credits

    def refuse_number(self, recipients: Recipients) -> None:
        """From now on these are no valid phone numbers: a message to one of them is answered 400.

        Args:
            recipients: A phone number, or a function that says yes to some.

        Raises:
            ValueError: These are no recipients.
        """
        self.account.refused.append(checks.recipients("recipients", recipients))
        self._keep(refused=list(self.refused_numbers))

    @property
    def refused_numbers(self) -> tuple[str, ...]:
        """The phone numbers that `refuse_number` was told. To set them is to forget its functions too."""
        return self.account.refused_numbers

    @refused_numbers.setter
    def refused_numbers(self, numbers: Iterable[str]) -> None:
        self.account.refused[:] = [checks.phone_number("refused_numbers", number) for number in numbers]
        self._keep(refused=list(self.refused_numbers))

    # All of it

    def reset(self) -> None:
        """Go back to how it all began: no messages, the first key, the clock and all else as the arguments have them.

        The state is forgotten too.
        """
        with self.ledger.lock:
            if self._store:  # first: if it cannot be kept, nothing changes
                self._store.replace(Contents(), {})
            self.ledger.restore(Contents())
            self.ledger.rules = Rules()
            self._clock.reset()
            self.account.reset()
            self._set_initial_results()
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
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
                store = Store(Path(folder) / "state")
                store.replace(self.ledger.contents(), self._settings())
                store.close()
                store.path.replace(target)
        except StateError:
            raise
        except OSError as error:
            raise OSError(error.errno, f"cannot write {path}: {error.strerror}") from None

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
        with self.ledger.lock:
            if self._store:
                self._store.replace(contents, settings)
            self._restore(contents, settings)

    def _begin(self) -> None:
        self.ledger.journal = self._store
        if self._store and self._store.is_new:
            self._store.replace(Contents(), self._settings())
        elif self._store:
            contents, settings = self._store.read()
            self._check(settings, self._store.path)
            self._restore(contents, settings)

    def _set_initial_results(self) -> None:
        self._delivery.clear()
        for recipients, status in self._initial_results.items():
            self._delivery.add(recipients, [status], {})

    def _settings(self) -> dict[str, object]:
        return {**self.account.settings(), **self._delivery.settings(), "clock": self._clock.setting()}

    def _check(self, settings: Mapping[str, Any], path: Path) -> None:
        """Raise ValueError if `_restore` could not make sense of settings that were read from a file."""
        try:
            Account(api_key=self.api_key, senders=None, credits=None).restore(settings)
            DeliveryResults(self._statuses).restore(settings, {})
            Clock().restore(settings.get("clock") or self._clock.setting())
        except ValueError as error:
            reason = textwrap.shorten(str(error), 200, placeholder=" …")
            raise ValueError(f"{path} holds what this server cannot make sense of: {reason}") from error
        except (AttributeError, KeyError, OverflowError, TypeError) as error:
            raise ValueError(f"{path} holds settings that this server cannot make sense of") from error

    def _restore(self, contents: Contents, settings: Mapping[str, Any]) -> None:
        self.account.restore(settings)
        self.ledger.restore(contents)  # before the scripts of delivery results, which count the SMS that there are
        self._delivery.restore(settings, self.ledger.numbers())
        if clock := settings.get("clock"):
            self._clock.restore(clock)

    def _check_credits(self, credits: int | None) -> None:  # noqa: A002
        checks.at_least(0, credits=credits)
        if credits is not None and WITHOUT_CREDIT not in self._statuses:
            raise ValueError(f"the document names no status {WITHOUT_CREDIT}")

    def _keep(self, **settings: object) -> None:
        if self._store:
            self._store.set(settings)

    def _let_go(self) -> None:
        """Close the file that keeps the state, until something changes."""
        if self._store:
            self._store.close()
