# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""A client on the command line: reads arguments, calls a method, prints its result, and tells by the exit code how it went."""

import argparse
import contextlib
import datetime
import enum
import json
import os
import re
import sys
import textwrap
import types
import typing
import uuid
import warnings
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO, cast

import attrs
import msgspec

from ._about import API_KEY_VARIABLE, BASE_URL_VARIABLE, DEFAULT_BASE_URL, DISTRIBUTION, __version__, httpx
from ._base_client import raw
from ._types import RawResponse
from .errors import ApiError

DONE, WRONG_USE, REFUSED, SAFE_TO_RETRY, OUTCOME_UNKNOWN, INTERRUPTED = 0, 2, 3, 4, 5, 130
_NO_REFUSALS = {408, 429}  # they ask for another request
# Stands for the API key where a request is shown.
_HIDDEN = "***"
_WIDTH = 79
# What Python makes of bytes that are no text, and what no UTF-8 can be made of.
_UNREADABLE = re.compile("[\ud800-\udfff]")
# How much of what was typed is repeated in a message.
_SHOWN = 60
_NAMES: dict[Any, str] = {
    bool: "true|false", datetime.date: "DATE", datetime.datetime: "TIME", float: "NUMBER", int: "INTEGER", str: "TEXT",
    uuid.UUID: "UUID",
}  # fmt: skip
_EPILOG = f"""\
environment:
  {API_KEY_VARIABLE}   the API key
  {BASE_URL_VARIABLE}  where the API is, by default
  {"":{len(BASE_URL_VARIABLE)}}  {DEFAULT_BASE_URL}

exit codes:
  0    done; the result is on standard output
  2    wrong use, nothing was sent
  3    refused by the server, repeating it would not help
  4    failed, and safe to repeat
  5    the outcome is unknown: look before you repeat it
  130  interrupted, the outcome is unknown"""


@attrs.frozen
class Argument:
    """An argument of a method.

    Attributes:
        option: What is typed, without dashes.
        name: What the method calls it.
        type: What the method takes.
        default: What it takes by default.
        is_required: Whether it has to be given.
        is_positional: Whether it is given by its place.
        wire_format: How the server writes a time, without its zone, in strftime's words; of all other arguments, empty.
    """

    option: str
    name: str
    type: Any
    description: str
    default: Any = None
    is_required: bool = False
    is_positional: bool = False
    wire_format: str = ""

    @property
    def kinds(self) -> list[Any]:
        """What a value may be, apart from null and lists."""
        return [kind for kind in _members(self.type) if _origin(kind) is not Sequence]

    @property
    def item_kinds(self) -> list[Any]:
        """What each of several values may be; empty if there can be no list of them."""
        return [
            one for kind in _members(self.type) if _origin(kind) is Sequence for one in _members(*typing.get_args(kind))
        ]

    @property
    def shown(self) -> str:
        """What it is called in help and messages."""
        return self.option.upper() if self.is_positional else f"--{self.option}"

    @property
    def is_switch(self) -> bool:
        """Whether it is either on or off."""
        return _members(self.type) == [bool] and not self.is_positional

    def value(self, texts: Sequence[str], *, has_zone: bool) -> Any:
        """Read what was typed, once or several times; raises ValueError for what the argument cannot be."""
        if len(texts) > 1 and not self.item_kinds:
            raise ValueError("may be given once")
        if any(map(_UNREADABLE.search, texts)):
            raise ValueError(f"it is not in this locale's encoding, {sys.getfilesystemencoding()}")
        value = self._value(texts)
        if self.wire_format and getattr(value, "tzinfo", None) and not has_zone:
            raise ValueError("a TIME with an offset needs --timezone, the zone that the server reads dates in")
        return value

    def _value(self, texts: Sequence[str]) -> Any:
        if len(texts) == 1 and self.kinds:
            if texts[0] == "null" and type(None) in typing.get_args(self.type) and str not in self.kinds:
                return None
            if self.wire_format:
                with contextlib.suppress(ValueError):
                    return datetime.datetime.strptime(texts[0], self.wire_format)
            return _read(texts[0], self.kinds)
        return [_read(text, self.item_kinds) for text in texts]


@attrs.frozen
class Command:
    """A method of the client.

    Attributes:
        name: What is typed.
        method: The method.
        needs_key: Whether the API key is needed.
    """

    name: str
    method: Callable[..., Any]
    summary: str
    description: str
    arguments: Sequence[Argument]
    needs_key: bool


class _Shown(Exception):  # noqa: N818  # no error
    """Takes a request out of a client that would send it."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__()
        self.request = request


class _Showing(httpx.BaseTransport):
    """Sends nothing."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise _Shown(request)


def run(client: Any, root_error: Any, title: str, commands: Sequence[Command], texts: Sequence[str]) -> int:
    """Run the command that texts name, and return the exit code.

    Args:
        client: The class of the client.
        root_error: The class of all its errors.
        title: What the API is.
        commands: All commands.
        texts: What was typed.

    Raises: SystemExit for wrong use, and after help.
    """
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115  # None if it is closed
    parser, parsers = _parsers(title, commands)
    typed = vars(parser.parse_args(texts))
    command = next(command for command in commands if command.name == typed["COMMAND"])
    try:
        return _run(client, root_error, command, parsers[command.name], typed)
    except KeyboardInterrupt:
        _complain("interrupted; the request may have been carried out")
        return INTERRUPTED


def _run(
    client: Any, root_error: Any, command: Command, parser: argparse.ArgumentParser, typed: Mapping[str, Any]
) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = _complain_of_warning
            response = _response(client, command, typed)
    except _Shown as shown:
        return _output(_request(shown.request), SAFE_TO_RETRY, "the request could not be written")
    except root_error as error:
        return _failed(error)
    except (TypeError, ValueError) as error:
        parser.error(_as_typed(str(error), command))
    words = _table(response.parsed) if typed["format"] == "table" else _json(response)
    return _output(words, OUTCOME_UNKNOWN, "the server answered, but the result could not be written")


def _response(client: Any, command: Command, typed: Mapping[str, Any]) -> RawResponse[Any]:
    """Call the method; raises _Shown if the request is only to be shown."""
    options: dict[str, Any] = {name: typed[name] for name in ("deadline", "timezone") if name in typed}
    if typed["dry-run"]:
        has_key = command.needs_key or bool(os.environ.get(API_KEY_VARIABLE))
        options.update(api_key=_HIDDEN if has_key else "", transport=_Showing())
    elif command.needs_key and not os.environ.get(API_KEY_VARIABLE):
        raise ValueError(f"there is no API key: set the environment variable {API_KEY_VARIABLE}")
    arguments = _arguments(command, typed)
    with client(**options) as open_client:
        response: RawResponse[Any] = raw(open_client, command.method)(**arguments)
    return response


# What is typed


def _parsers(
    title: str, commands: Sequence[Command]
) -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser of everything, and those of the commands by their names."""
    shape: dict[str, Any] = {"formatter_class": _Formatter, "allow_abbrev": False}
    parser = argparse.ArgumentParser(
        DISTRIBUTION, f"{DISTRIBUTION} COMMAND [OPTION]...", _filled(title), _EPILOG, **shape
    )
    parser.add_argument("--version", action="version", version=f"{DISTRIBUTION} {__version__}")
    adding = parser.add_subparsers(
        title="commands", prog=DISTRIBUTION, metavar="COMMAND", dest="COMMAND", required=True
    )
    for command in commands:
        places = "".join(f" {each.option.upper()}" for each in command.arguments if each.is_positional)
        own = adding.add_parser(
            command.name,
            help=_escaped(command.summary),
            description=_filled(command.description),
            usage=f"{DISTRIBUTION} {command.name} [OPTION]...{places}",
            epilog="An option whose value begins with a dash is written as --option=VALUE.",
            add_help=False,
            **shape,
        )
        titles = ("arguments", "required options", "options")
        positional, required, optional = (own.add_argument_group(title) for title in titles)
        for argument in command.arguments:
            group = required if argument.is_required else optional
            _add(positional if argument.is_positional else group, argument)
        _add_common(optional, takes_zone=any(argument.wire_format for argument in command.arguments))
    return parser, adding.choices


def _add_common(group: Any, *, takes_zone: bool) -> None:
    """Add what every command takes."""
    if takes_zone:
        words = "the time zone that the server reads dates in, such as Europe/Paris; for a TIME with an offset"
        group.add_argument("--timezone", type=_zone, metavar="ZONE", default=argparse.SUPPRESS, help=words)
    words = "how many seconds a call may take, retries included (default: no limit)"
    group.add_argument("--deadline", type=_number, metavar="NUMBER", default=argparse.SUPPRESS, help=words)
    words = "how to print the result (default: json)"
    group.add_argument("--format", choices=["json", "table"], default="json", help=words)
    group.add_argument("--dry-run", dest="dry-run", action="store_true", help="show the request, and send nothing")
    group.add_argument("-h", "--help", action="help", help="show this help message and exit")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Lays out help in the same way on every terminal."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, **{**more, "width": _WIDTH, "max_help_position": 28})


def _add(group: Any, argument: Argument) -> None:
    """Add an argument; one that is not given is not passed on, so that the method's own default is taken."""
    words = argument.description
    if argument.item_kinds and not argument.is_positional:
        words = f"{words} May be given several times.".strip()
    if (default := _default(argument)) is not None:
        words = f"{words} (default: {default})".strip()
    if argument.is_positional:
        group.add_argument(argument.option, metavar=argument.shown, help=_escaped(words))
        return
    more: dict[str, Any] = {"action": "append", "metavar": _metavar(argument)}
    if argument.is_switch:
        more = {"action": argparse.BooleanOptionalAction}
    more.update(dest=argument.option, default=argparse.SUPPRESS, required=argument.is_required)
    group.add_argument(argument.shown, help=_escaped(words), **more)


def _arguments(command: Command, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the method; raises ValueError for what cannot be read."""
    found: dict[str, Any] = {}
    for argument in command.arguments:
        if argument.option not in typed:
            continue
        texts = typed[argument.option]
        if argument.is_switch:
            found[argument.name] = texts
            continue
        texts = [texts] if argument.is_positional else texts
        try:
            found[argument.name] = argument.value(texts, has_zone="timezone" in typed)
        except ValueError as error:
            raise ValueError(f"argument {argument.shown}: {error}") from None
    return found


def _as_typed(message: str, command: Command) -> str:
    """What the client says about an argument of its own, with the name that this has here."""
    names = {argument.name: argument.shown for argument in command.arguments}
    names |= {"deadline": "--deadline", "base_url": BASE_URL_VARIABLE}
    first, space, rest = message.partition(" ")
    return f"{names.get(first, first)}{space}{rest}"


def _read(text: str, kinds: Sequence[Any]) -> Any:
    """Read a text as the first kind that it can be; raises ValueError if there is none."""
    for kind in kinds:
        try:
            return _read_as(text, kind)
        except (ValueError, msgspec.MsgspecError):
            continue
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    example = ", such as 2030-12-25 12:45:59" if datetime.datetime in kinds else ""
    raise ValueError(f"expected {_kinds_in_words(kinds)}{example}, not {shown!r}")


def _read_as(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind is int and not re.fullmatch("-?[0-9]+", text):
        raise ValueError(text)  # such as 1e3, which JSON takes for a number without fraction
    if kind is datetime.datetime:
        return datetime.datetime.fromisoformat(text)
    if kind in _NAMES or _choices(kind):
        return msgspec.convert(text, kind, strict=False)
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        if kind is Any:
            return text
        raise


def _members(kind: Any) -> list[Any]:
    """What a union consists of, apart from null and what stands for nothing."""
    members = typing.get_args(kind) if _origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return [member for member in members if member not in (type(None), msgspec.UnsetType)]


def _origin(kind: Any) -> Any:
    return typing.get_origin(kind)


def _choices(kind: Any) -> list[Any]:
    """The values that a kind lists."""
    if _origin(kind) is Literal:
        return list(typing.get_args(kind))
    is_enum = isinstance(kind, type) and issubclass(kind, enum.Enum)
    return [member.value for member in cast("type[enum.Enum]", kind)] if is_enum else []


def _metavar(argument: Argument) -> str:
    return _kinds_in_words([*argument.kinds, *argument.item_kinds])


def _kinds_in_words(kinds: Iterable[Any]) -> str:
    named = [_NAMES.get(kind) or "|".join(map(str, _choices(kind))) or "JSON" for kind in kinds]
    return "|".join(dict.fromkeys(named))


def _default(argument: Argument) -> str | None:
    """What is taken by default, as it would be typed; None if nothing is."""
    default = argument.default
    if default is None or default is msgspec.UNSET:
        return None
    if argument.is_switch:
        return f"--{'' if default else 'no-'}{argument.option}"
    return str(default.value if isinstance(default, enum.Enum) else default)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected NUMBER, not {text!r}") from None


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"there is no time zone {name!r}") from None


def _escaped(words: str) -> str:
    """A text of the document in which argparse replaces nothing."""
    return _visible(words).replace("%", "%%")


def _filled(words: str) -> str:
    """The same for a description, where argparse replaces only if it finds its own name, laid out in paragraphs."""
    paragraphs = [textwrap.fill(" ".join(each.split()), _WIDTH) for each in _visible(words).split("\n\n")]
    return "\n\n".join(_escaped(each) if "%(prog)" in words else each for each in paragraphs)


# What is printed


def _output(words: str, code_if_it_fails: int, failure: str) -> int:
    """Print the result."""
    try:
        _write(sys.stdout, f"{words}\n".encode() if words else b"")  # JSON is UTF-8 on every platform
    except OSError as error:
        _complain(f"{failure}: {error}")
        return code_if_it_fails
    return DONE


def _write(stream: TextIO | None, content: bytes) -> None:
    """Write to an output of the process at once; raises OSError."""
    if stream is None:
        raise OSError("it is closed")
    try:
        stream.buffer.write(content)
        stream.flush()
    except (OSError, KeyboardInterrupt):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python would try again when it exits
        raise


def _json(response: RawResponse[Any]) -> str:
    """The body of a response, which has been read and found to be what the document says."""
    return "" if response.parsed is None else _json_text(response.content)


def _json_text(content: bytes) -> str:
    """JSON for people, and still JSON."""
    return _visible(msgspec.json.format(content, indent=2).decode())


def _table(value: Any) -> str:
    """Objects as rows with a column for each field; one object as rows with a field each."""
    if not isinstance(value, list):
        fields = _fields(value)
        return _columns([[name, _cell(item)] for name, item in fields.items()]) if fields else _cell(value)
    rows = [_fields(row) for row in cast("list[object]", value)]
    if not rows or not all(rows):
        return "\n".join(map(_cell, cast("list[object]", value)))
    names = dict.fromkeys(name for row in rows for name in row)
    table = [[_cell(row.get(name)) for name in names] for row in rows]
    return _columns([[name.upper() for name in names], *table])


def _fields(value: object) -> dict[str, Any]:
    """The fields of an object; of any other value, none."""
    names = [field.name for field in getattr(type(value), "__attrs_attrs__", ())]
    return {name: getattr(value, name) for name in names}


def _cell(value: Any) -> str:
    if value is None or value is msgspec.UNSET:
        return ""
    if isinstance(value, enum.Enum):
        return value.name
    words = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=_plain).decode().strip('"')
    return _visible(words).replace("\n", "\\n")


def _visible(words: str) -> str:
    """A text in which all that does not show on a screen is escaped as in JSON, line breaks aside."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in words)


def _plain(value: Any) -> Any:
    """What msgspec knows, for a subclass of it."""
    return dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else list(value)


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _request(request: httpx.Request) -> str:
    """A request as it would be sent."""
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in request.headers.raw]
    return "\n".join([*lines, *(["", _json_text(request.content)] if request.content else [])])


def _failed(error: Any) -> int:
    """Say what went wrong, and whether to repeat it."""
    _complain(str(error))
    if not error.is_safe_to_retry:
        _complain("it may have been carried out: look before you repeat it")
        return OUTCOME_UNKNOWN
    if isinstance(error, ApiError):
        if 400 <= error.status_code < 500 and error.status_code not in _NO_REFUSALS:
            return REFUSED
        if error.retry_after is not None:
            _complain(f"the server asks to wait {error.retry_after:g} seconds")
    _complain("it is safe to repeat it")
    return SAFE_TO_RETRY


def _complain_of_warning(message: Warning | str, *_: object, **__: object) -> None:
    _complain(f"warning: {message}")


def _complain(words: str) -> None:
    with contextlib.suppress(OSError):  # the exit code tells it too
        _write(sys.stderr, f"{DISTRIBUTION}: {words}\n".encode(sys.stderr.encoding, "backslashreplace"))
