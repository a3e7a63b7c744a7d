"""Writes exchanges as lines of bash with curl. They create what they ask for, and do not show the key."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence

from .exchange import Exchange
from .keys import KEY_VARIABLE, in_shell
from .target import Target

# Below this a number is more likely a count or a status than an id.
_SMALLEST_ID = 100
_ID = re.compile("[0-9]{3,}")


def reproducer(exchanges: Sequence[Exchange], target: Target) -> str:
    """The lines that send the same again. Ids are read from the new responses; an unused id is the nearest one plus a number."""
    shown = list(_worth_showing(exchanges))
    return "\n".join([f"url={shlex.quote(target.url)}  # {KEY_VARIABLE} must be set", *_lines(shown, target)])


def _worth_showing(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """All but the requests for ids that the server did not give out, unless they found something."""
    given: set[int] = set()
    for exchange in exchanges:
        asked = {int(number) for number in _ID.findall(exchange.path)}
        is_probe = exchange.method == "GET" and exchange.status == 404 and not asked & given
        if not is_probe or exchange is exchanges[-1]:
            yield exchange
        given |= dict(_ids(exchange.json())).keys()


def _lines(exchanges: Sequence[Exchange], target: Target) -> Iterator[str]:
    names = _names(exchanges)
    known: dict[int, str] = {}
    for index, exchange in enumerate(exchanges, 1):
        command = f"curl -sS {_arguments(exchange, known, target)}"
        ids = {number: path for number, path in _ids(exchange.json()) if number in names and number not in known}
        if not ids:
            yield f"{command} -w '\\n%{{http_code}}\\n'"
            continue
        yield f'response{index}=$({command}); echo "$response{index}"'
        for number, path in ids.items():
            known[number] = names[number]
            code = shlex.quote(f"import json, sys; print(json.load(sys.stdin){path})")
            yield f'{names[number]}=$(python3 -c {code} <<<"$response{index}")'


def _names(exchanges: Sequence[Exchange]) -> dict[int, str]:
    """Names for the ids that later requests ask for, or are near to."""
    given: list[int] = []
    names: dict[int, str] = {}
    for exchange in exchanges:
        for number in _ID.findall(exchange.path):
            if given:
                names.setdefault(_nearest(int(number), given), f"id{len(names) + 1}")
        given += dict(_ids(exchange.json()))
    return names


def _nearest(number: int, given: Sequence[int]) -> int:
    return min(given, key=lambda other: abs(other - number))


def _arguments(exchange: Exchange, known: dict[int, str], target: Target) -> str:
    def named(match: re.Match[str]) -> str:
        number = int(match[0])
        if not known:
            return match[0]
        nearest = _nearest(number, list(known))
        return f"${known[nearest]}" if number == nearest else f"$(({known[nearest]} + {number - nearest}))"

    path = _ID.sub(named, exchange.path).replace("'", "%27").replace('"', "%22")
    arguments = [f'-X {exchange.method} "$url{path}"']
    if exchange.authorization is not None:
        arguments.append(f'-H "Authorization: {in_shell(exchange.authorization, target.api_key)}"')
    if exchange.body:
        arguments.append("-H 'Content-Type: application/json; charset=utf-8'")
        arguments.append(f"--data-binary {_quoted(exchange.body)}")
    return " ".join(arguments)


def _quoted(body: bytes) -> str:
    """A body as bash writes it."""
    if body.isascii():
        return shlex.quote(body.decode())
    return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"


def _ids(value: object, path: str = "") -> Iterator[tuple[int, str]]:
    """What may be an id in a JSON value, and how Python reads it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _ids(item, f"{path}[{json.dumps(key)}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _ids(item, f"{path}[{index}]")
    elif isinstance(value, int) and not isinstance(value, bool) and value >= _SMALLEST_ID:
        yield value, path
