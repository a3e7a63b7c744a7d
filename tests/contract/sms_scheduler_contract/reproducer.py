"""Writes exchanges as lines of bash with curl. They create what they ask for, and do not show the key.

What a server said is data there: nothing of it is run, and an id that is read from a response is a whole number or nothing.
"""

import itertools
import json
import math
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .exchange import Exchange
from .keys import KEY_VARIABLE, in_shell
from .models import as_list
from .shown import Shown
from .target import Target

_BY_ID = re.compile(r"/(sms|message)/([0-9]{1,100})")
_ID_AND_MORE = re.compile(r"/(sms|message)/([^0-9%]*)([0-9]{1,100})([^0-9].*)?")
# An id: whether it is one of a message or of an SMS, and its number. The two kinds may have the same numbers.
Id = tuple[str, int]


def reproducer(exchanges: Sequence[Exchange], target: Target, history: Sequence[Exchange] = ()) -> str:
    """The lines that send the same again. Ids are read from the new responses; an unused id is the nearest one plus a number.

    `history` has all that was sent in the run: messages that earlier checks created are created first.
    """
    shown = list(_worth_showing(_with_creations(exchanges, history)))
    lines = [f"url={shlex.quote(target.url)}  # {KEY_VARIABLE} must be set"]
    if others := _others_meanwhile(exchanges, history):
        lines.append(
            f"# {others} other requests were answered meanwhile: if these show no failure, it depends on those."
        )
    return "\n".join([*lines, *_in_loops(list(_steps(shown, target)))])


def _with_creations(exchanges: Sequence[Exchange], history: Sequence[Exchange]) -> Sequence[Exchange]:
    """The exchanges behind the earlier creations of the messages that they ask for, as long after them as they were."""
    asked: set[Id] = set()
    given: set[int] = set()
    for exchange in exchanges:
        if (found := _BY_ID.fullmatch(exchange.path)) and int(found[2]) not in given:
            asked.add((found[1], int(found[2])))
        given |= {number for (_, number), _ in _ids(exchange)}
    before = itertools.takewhile(lambda exchange: exchange is not exchanges[0], history if asked else ())
    creations = [exchange for exchange in before if exchange.method == "POST" and asked & dict(_ids(exchange)).keys()]
    if not creations:
        return exchanges
    first, *others = exchanges
    waited = math.ceil(first.at - creations[-1].at)
    alone = [attrs.evolve(creation, waited=0.0, group=0) for creation in creations]
    return [*alone, attrs.evolve(first, waited=float(waited)), *others]


def _others_meanwhile(exchanges: Sequence[Exchange], history: Sequence[Exchange]) -> int:
    """How many requests of other checks the server answered between the first and the last of these."""
    own = set(map(id, exchanges))
    places = [place for place, exchange in enumerate(history) if id(exchange) in own]
    return places[-1] - places[0] + 1 - len(places) if places else 0


def _worth_showing(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """All but the requests for ids that the server did not give out, unless they found something."""
    given: set[Id] = set()
    for exchange in exchanges:
        asked = _BY_ID.fullmatch(exchange.path)
        is_given = asked is not None and (asked[1], int(asked[2])) in given
        is_probe = exchange.method == "GET" and exchange.status == 404 and not is_given
        if not is_probe or exchange is exchanges[-1]:
            yield exchange
        given |= dict(_ids(exchange)).keys()


def _steps(exchanges: Sequence[Exchange], target: Target) -> Iterator[str]:
    """The lines of each exchange, or of those that were sent at once."""
    names = _names(exchanges)
    known: dict[Id, str] = {}
    numbered = enumerate(exchanges, 1)
    for _, group in itertools.groupby(numbered, lambda item: (item[1].group, item[1].group or item[0])):
        together = list(group)
        lines = [f"sleep {together[0][1].waited:g}"] if together[0][1].waited else []
        commands = {}
        for descriptor, (index, exchange) in enumerate(together, 3):
            command = commands[index] = _command(exchange, known, target, names)
            if len(together) > 1:
                lines.append(f"exec {descriptor}< <({command})")
                commands[index] = f"cat <&{descriptor}"
        for index, exchange in together:
            lines += _answered(index, exchange, commands[index], names, known)
        yield "\n".join(lines)


def _command(exchange: Exchange, known: dict[Id, str], target: Target, names: dict[Id, str]) -> str:
    command = f"curl -gsS {_arguments(exchange, known, target)}"
    if body := _body(exchange, target):
        command = f"{body} | {command} --data-binary @-"
    return command if _new_ids(exchange, names, known) else f"{command} -w '\\n%{{http_code}}\\n'"


def _answered(
    index: int, exchange: Exchange, command: str, names: dict[Id, str], known: dict[Id, str]
) -> Iterator[str]:
    """The lines that show a response, and read the ids in it that are asked for later."""
    ids = _new_ids(exchange, names, known)
    yield f"response{index}=$({command}); printf '%s\\n' \"$response{index}\"" if ids else command
    for key, path in ids.items():
        known[key] = names[key]
        code = shlex.quote(f"import json, sys; print(int(json.load(sys.stdin){path}))")
        yield f'{names[key]}=$(python3 -c {code} <<<"$response{index}")'


def _new_ids(exchange: Exchange, names: dict[Id, str], known: dict[Id, str]) -> dict[Id, str]:
    return {key: path for key, path in _ids(exchange) if key in names and key not in known}


def _in_loops(steps: list[str]) -> Iterator[str]:
    """The steps, those that are repeated, alone or in turns, as a loop."""
    place = 0
    while place < len(steps):
        counts = {length: _repetitions(steps[place:], length) for length in (1, 2, 3, 4)}
        length = next((length for length, count in counts.items() if count > 2), 0)
        if not length:
            yield steps[place]
            place += 1
            continue
        block = "; ".join(steps[place : place + length]).replace("\n", "; ")
        yield f"for _ in {{1..{counts[length]}}}; do {block}; done"
        place += length * counts[length]


def _repetitions(steps: list[str], length: int) -> int:
    """How often the first of some steps come one after the other."""
    block = steps[:length]
    blocks = (steps[place : place + length] for place in range(0, len(steps), length))
    return sum(1 for _ in itertools.takewhile(lambda other: other == block, blocks))


def _names(exchanges: Sequence[Exchange]) -> dict[Id, str]:
    """Names for the ids that later requests ask for, or are near to."""
    given: list[Id] = []
    names: dict[Id, str] = {}
    for exchange in exchanges:
        asked = _ID_AND_MORE.fullmatch(exchange.path)
        if asked and given:
            names.setdefault(_nearest((asked[1], int(asked[3])), given), f"id{len(names) + 1}")
        given += dict(_ids(exchange))
    return names


def _nearest(asked: Id, given: Sequence[Id]) -> Id:
    """The id that is meant: of the same kind with that number, of the other kind with it, or the next of the same kind."""
    kind, number = asked
    return min(given, key=lambda id_: (id_ != asked, id_[1] != number, id_[0] != kind, abs(id_[1] - number)))


def _arguments(exchange: Exchange, known: dict[Id, str], target: Target) -> str:
    arguments = [f'-X {shlex.quote(exchange.method)} "$url"{_path(exchange.path, known)}']
    if exchange.authorization is not None:
        arguments.append(f'-H "Authorization: {in_shell(exchange.authorization, target.api_key)}"')
    if exchange.body or exchange.sent_type:
        arguments.append(f"-H {shlex.quote('Content-Type: ' + (exchange.sent_type or ''))}")
    return " ".join(arguments)


def _path(path: str, known: dict[Id, str]) -> str:
    asked = _ID_AND_MORE.fullmatch(path)
    if not (asked and known):
        return shlex.quote(path)
    kind, before, digits, behind = asked.groups()
    nearest = _nearest((kind, int(digits)), list(known))
    name, distance = known[nearest], int(digits) - nearest[1]
    if distance and (before or behind):  # no id, and none with something around it
        return shlex.quote(path)
    # bash does not count beyond 64 bits, and would run what is no number
    value = f'"${{{name}}}"' if distance == 0 else f'"$(python3 -c "print(${{{name}}} + {distance})")"'
    return f"{shlex.quote(f'/{kind}/{before}')}{value}{shlex.quote(behind) if behind else ''}"


def _body(exchange: Exchange, target: Target) -> str:
    """What writes the body, byte by byte."""
    if not exchange.body:
        return ""
    body = Shown.without(target.api_key).secret(exchange.body.decode("latin-1")).encode("latin-1")
    if body.isascii() and body.decode().isprintable():
        return f"printf %s {shlex.quote(body.decode())}"
    return f"printf {shlex.quote(''.join(map(_escaped, body)))}"


def _escaped(byte: int) -> str:
    """A byte in a format of printf."""
    letter = chr(byte)
    if letter in "%\\":
        return letter * 2
    return letter if 32 <= byte < 127 else f"\\{byte:03o}"


def _ids(exchange: Exchange) -> Iterator[tuple[Id, str]]:
    """The ids in a response, and how Python reads them in its JSON."""
    answer = exchange.json()
    if exchange.method == "POST" and isinstance(answer, dict):
        yield from _id("message", answer.get("message_id"), '["message_id"]')
        by_number = answer.get("sms_ids")
        for number, ids in by_number.items() if isinstance(by_number, dict) else []:
            place = f'["sms_ids"][{json.dumps(number)}]'
            for index, sms_id in enumerate(as_list(ids)):
                yield from _id("sms", sms_id, f"{place}[{index}]" if isinstance(ids, list) else place)
    elif exchange.method == "GET" and isinstance(answer, list):
        for index, row in enumerate(answer):
            yield from _id("sms", row.get("id") if isinstance(row, dict) else None, f'[{index}]["id"]')


def _id(kind: str, value: Any, place: str) -> Iterator[tuple[Id, str]]:
    """An id, also one that is written as a string."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if re.fullmatch("[0-9]{1,100}", text):
        yield (kind, int(text)), place
