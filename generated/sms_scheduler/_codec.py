# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""Between Python values and bytes: checks and encodes arguments, decodes and checks responses. No I/O."""

import datetime
import functools
import gc
import re
from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin
from urllib.parse import quote

import attrs
import msgspec

from ._types import DictOfJsonObject, ListOfOneOrMany, Response
from .errors import ApiError, InvalidResponseError, RateLimitError, UnexpectedStatusError

T = TypeVar("T")
Errors: TypeAlias = "Mapping[int, tuple[type[ApiError], msgspec.json.Decoder[Any] | None]]"
"""The errors that an operation documents, by status, with the decoders of their bodies."""


def encode(arguments: Mapping[str, Any], model: type) -> bytes:
    """Encode arguments as JSON; raises TypeError for one that its model's field cannot hold, ValueError for bad text."""
    _check(arguments, model)
    return _json(arguments)


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=_plain)  # for subclasses, which pass the check
    except UnicodeEncodeError as error:  # which itself would carry the text along
        reason = f"a text cannot be sent as UTF-8: {error.reason} (character {error.start})"
    raise ValueError(reason)


def _plain(value: object) -> object:
    """The text or the number that an object of a subclass is, whatever it says of itself: that of an enum is a name."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else value


def path_segment(name: str, value: Any, expected: type) -> str:
    """Percent-encode a path parameter; raises TypeError for one of another type."""
    _check({name: value}, GenericAlias(dict, (str, expected)))
    segment = quote(str(_plain(value)), safe="")
    if segment in {"", ".", ".."}:
        raise ValueError(f"{name} must not be {segment!r}, which would name another path")
    return segment


def _check(arguments: Mapping[str, Any], model: Any) -> None:
    try:
        msgspec.convert(arguments, model, dec_hook=_decode_container)
    except msgspec.ValidationError as error:
        problem, path = _problem(error)
        place = path.replace("$[...]", next(iter(arguments)), 1).removeprefix("$.")
        problem = problem.replace("`null`", "`None`").replace("array", "list").replace("object", "dict")
        reason = f"{place}: {problem}"
    else:
        return
    raise TypeError(reason)


def as_list(value: object) -> object:
    """Turn any sequence but a string into a list, the one sequence that is checked and encoded as an array."""
    is_text = isinstance(value, str | bytes | bytearray)
    return list(cast("Sequence[object]", value)) if isinstance(value, Sequence) and not is_text else value


def wire_datetime(value: datetime.datetime | str, wire_format: str, zone: datetime.tzinfo | None) -> str:
    """Write a date and time by a strftime format, without a time zone: the API takes none.

    A naive datetime stays as it reads, an aware one is read in `zone` (ValueError if None), a string stays as it is.
    """
    if not isinstance(value, datetime.datetime):
        return value
    if value.utcoffset() is not None:
        if zone is None:
            raise ValueError(
                f"{value.isoformat()} has a time zone, and the API takes none. Say which zone the server reads dates "
                "in, as in timezone=ZoneInfo('Europe/Paris') for the client, or pass a datetime without a zone."
            )
        try:
            value = value.astimezone(datetime.UTC).astimezone(zone)  # by UTC, which has no hour that clocks leave out
        except OverflowError:
            raise ValueError(f"{value.isoformat()} is out of the range of dates in {zone}") from None
    # strftime leaves out the leading zeros of early years on some platforms
    return value.strftime(wire_format.replace("%Y", f"{value.year:04}"))


def decoder(result: type[T]) -> "msgspec.json.Decoder[T]":
    """Make the decoder of a response's body."""
    return msgspec.json.Decoder(result, dec_hook=_decode_container)


def decode(response: Response, body_decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode the body of a response; raises InvalidResponseError for one that is not what the document says."""
    encoding = response.headers.get("content-encoding", "")
    if set(re.split(r"[\s,]+", encoding.lower())) - {"", "identity"}:
        raise InvalidResponseError(*_whole(response), f"encoded as {encoding}, which was not asked for")
    # While a long list grows, the garbage collector would look it through again and again: half of the time.
    is_paused = len(response.content) > 100_000 and gc.isenabled()
    if is_paused:
        gc.disable()
    try:
        return body_decoder.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem, path = _problem(error)
    finally:
        if is_paused:
            gc.enable()
    raise InvalidResponseError(*_whole(response), problem, path)


def api_error(response: Response, documented: Errors) -> ApiError:
    """Make the error that a response stands for, with the fields of its body if it is documented to have one."""
    undocumented = RateLimitError if response.status_code == 429 else UnexpectedStatusError, None
    error, body_decoder = documented.get(response.status_code, undocumented)
    fields = attrs.asdict(decode(response, body_decoder), recurse=False) if body_decoder else {}
    return error(*_whole(response), **fields)


def _whole(response: Response) -> tuple[str, bool, int, dict[str, str], bytes]:
    """What errors take over from a response; the headers as plain data, so that the error can be pickled."""
    headers = dict(response.headers)
    return response.operation, response.is_safe_to_retry, response.status_code, headers, response.content


def _decode_container(kind: Any, value: object) -> Any:
    """Decode the containers that msgspec does not know, whichever of their shapes the server chose."""
    container, plain = _container(kind)
    if container is ListOfOneOrMany:
        return ListOfOneOrMany(_convert(cast("list[object]", value) if isinstance(value, list) else [value], plain))
    return DictOfJsonObject(_convert({} if value == [] else value, plain))


@functools.cache  # looking at a type takes longer than decoding a value of it
def _container(kind: Any) -> tuple[Any, Any]:
    """The class of a container, and the type that msgspec knows it as."""
    container, (item,) = get_origin(kind), get_args(kind)
    return container, GenericAlias(list, (item,)) if container is ListOfOneOrMany else GenericAlias(dict, (str, item))


def _convert(value: object, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind, dec_hook=_decode_container)
    except msgspec.ValidationError as error:
        # msgspec adds the outer part of the path to a ValueError, and leaves its own exception as it is
        raise ValueError(str(error)) from None


def _problem(error: Exception) -> tuple[str, str]:
    """Split a msgspec message into what is wrong and where; nested containers leave one ` - at` for each level."""
    problem, *places = re.split(r" - at (?:key in )?`\$(.*?)`", str(error))
    return problem, "$" + "".join(place for place in reversed(places) if place)
