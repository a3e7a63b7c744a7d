"""What an argument must be, checked where it comes in: from Python, from the command line and over the admin API alike."""

import functools
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast, get_args, get_origin

P = ParamSpec("P")
T = TypeVar("T")

# A country prefix, no spaces or hyphens; the lengths agree with every example of the vendor's page.
PHONE_NUMBER = re.compile(r"\+[0-9]{10,15}")

# A phone number, or a rule that picks phone numbers.
Recipients = str | Callable[[str], bool]

_LONGEST = 100  # characters of a value that are told
_WORDS: Mapping[object, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


class ArgumentError(ValueError):
    """An argument makes no sense.

    Attributes:
        name: The name of the argument, which users of other ways in know by another one.
        reason: What is wrong with it; goes on from its name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.name, self.reason)


def typed(function: Callable[P, T]) -> Callable[P, T]:
    """Have the arguments of a function checked by its annotations. It raises ArgumentError then."""
    parameters = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = parameters.bind(*args, **kwargs).arguments
        except TypeError:  # of which Python itself tells more
            return function(*args, **kwargs)
        for name, value in given.items():
            check_type(name, value, parameters.parameters[name].annotation)
        return function(*args, **kwargs)

    return checked


def check_type(name: str, value: object, kind: Any) -> None:
    """Raise ArgumentError if a value is not of a type, written as an annotation."""
    if not _fits(value, kind):
        raise ArgumentError(name, f"is {_in_words(kind)}, not {_shown(value)}")


def moment(name: str, value: datetime | str) -> datetime:
    """A time of the server's clock, given as such or as a text in ISO 8601. Raises ArgumentError."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        time = None
    if not isinstance(time, datetime) or time.tzinfo:
        raise ArgumentError(name, f"is a time without a zone, such as 2030-01-01 12:00:00, not {_shown(value)}")
    return time


def phone_number(name: str, value: str) -> str:
    """A phone number. Raises ArgumentError."""
    if not (isinstance(value, str) and PHONE_NUMBER.fullmatch(value)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            name, f"is a phone number with its country prefix, such as +33612345678, not {_shown(value)}"
        )
    return value


def recipients(name: str, value: Recipients) -> Recipients:
    """A phone number or a function that picks some. Raises ArgumentError."""
    if callable(value) or (isinstance(value, str) and PHONE_NUMBER.fullmatch(value)):  # pyright: ignore
        return value
    words = "is a phone number such as +33612345678, or a function that picks some, as lambda number: number in several"
    raise ArgumentError(name, f"{words}; not {_shown(value)}")


def at_least(least: float, **values: float | None) -> None:
    """Raise ArgumentError if one of some arguments, which may be None, is less than that."""
    for name, value in values.items():
        if value is not None and not value >= least:  # a float may be none of both
            raise ArgumentError(name, f"is {least} or more, not {value}")


def _fits(value: object, kind: Any) -> bool:
    """Whether a value is of a type, as an annotation has it."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in inner
    if origin is Callable:
        return callable(value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _fits(key, inner[0]) and _fits(one, inner[1]) for key, one in cast("Mapping[object, object]", value).items()
        )
    if origin is Collection:
        if isinstance(value, str) or not isinstance(value, Collection):  # of a text, each character would be one
            return False
        return all(_fits(one, inner[0]) for one in cast("Collection[object]", value))
    if inner:  # of a union
        return any(_fits(value, one) for one in inner)
    if kind in {int, float}:
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return kind in {object, inspect.Parameter.empty} or isinstance(value, NoneType if kind is None else kind)


def _in_words(kind: Any) -> str:
    """What a value may be; nobody needs to be told that an argument may be None."""
    inner = get_args(kind)
    if get_origin(kind) is Literal:
        return " or ".join(map(str, inner))
    if isinstance(kind, UnionType):
        return " or ".join(_in_words(one) for one in inner if one is not NoneType)
    return _WORDS.get(kind) or re.sub(r"\b([a-z_]+\.)+", "", inspect.formatannotation(kind))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
