"""Writes exchanges as lines of curl, for bash, that create their own state and show no key."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence

from .keys import KEY_VARIABLE, in_shell
from .session import Exchange, Server

# Below this a number is more likely a count or a status than an id.
_SMALLEST_ID = 100
_ID = re.compile("[0-9]{3,}")


def reproducer(exchanges: Sequence[Exchange], server: Server) -> str:
    """The lines that send the same again. Ids are taken from the new answers, those that nothing has from the next ones."""
    shown = list(_worth_showing(exchanges))
    return "\n".join(
        [f"url={shlex.quote(server.target.url)}  # and {KEY_VARIABLE} has to be set", *_lines(shown, server)]
    )


def _worth_showing(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """All but the probing of ids that nothing has, unless it came to something."""
    given: set[int] = set()
    for exchange in exchanges:
        asked = {int(number) for number in _ID.findall(exchange.path)}
        is_probe = exchange.method == "GET" and exchange.status == 404 and not asked & given
        if not is_probe or exchange is exchanges[-1]:
            yield exchange
        given |= dict(_ids(exchange.parsed())).keys()


def _lines(exchanges: Sequence[Exchange], server: Server) -> Iterator[str]:
    names = _names(exchanges)
    known: dict[int, str] = {}
    for place, exchange in enumerate(exchanges, 1):
        command = f"curl -sS {_arguments(exchange, known, server)}"
        ids = {number: path for number, path in _ids(exchange.parsed()) if number in names and number not in known}
        if not ids:
            yield f"{command} -w '\\n%{{http_code}}\\n'"
            continue
        yield f'answer{place}=$({command}); echo "$answer{place}"'
        for number, path in ids.items():
            known[number] = names[number]
            code = shlex.quote(f"import json, sys; print(json.load(sys.stdin){path})")
            yield f'{names[number]}=$(python3 -c {code} <<<"$answer{place}")'


def _names(exchanges: Sequence[Exchange]) -> dict[int, str]:
    """Names for the ids that later requests ask for, or come close to."""
    given: list[int] = []
    names: dict[int, str] = {}
    for exchange in exchanges:
        for number in _ID.findall(exchange.path):
            if given:
                names.setdefault(_nearest(int(number), given), f"id{len(names) + 1}")
        given += dict(_ids(exchange.parsed()))
    return names


def _nearest(number: int, given: Sequence[int]) -> int:
    return min(given, key=lambda other: abs(other - number))


def _arguments(exchange: Exchange, known: dict[int, str], server: Server) -> str:
    def named(match: re.Match[str]) -> str:
        number = int(match[0])
        if not known:
            return match[0]
        nearest = _nearest(number, list(known))
        return f"${known[nearest]}" if number == nearest else f"$(({known[nearest]} + {number - nearest}))"

    path = _ID.sub(named, exchange.path).replace("'", "%27").replace('"', "%22")
    arguments = [f'-X {exchange.method} "$url{path}"']
    header = in_shell(exchange.authorization, server)
    if header is not None:
        arguments.append(f'-H "Authorization: {header}"')
    if exchange.content:
        arguments.append("-H 'Content-Type: application/json; charset=utf-8'")
        arguments.append(f"--data-binary {_quoted(exchange.content)}")
    return " ".join(arguments)


def _quoted(content: bytes) -> str:
    """The bytes of a body as bash writes them."""
    if content.isascii():
        return shlex.quote(content.decode())
    return "$'" + "".join(f"\\x{byte:02x}" for byte in content) + "'"


def _ids(value: object, path: str = "") -> Iterator[tuple[int, str]]:
    """What may be an id in a JSON value, and how Python gets at it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _ids(item, f"{path}[{json.dumps(key)}]")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _ids(item, f"{path}[{place}]")
    elif isinstance(value, int) and not isinstance(value, bool) and value >= _SMALLEST_ID:
        yield value, path
