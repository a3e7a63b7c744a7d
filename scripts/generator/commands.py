"""The command line of a client: a command for each method, and an option for each of its arguments."""

import itertools
from collections.abc import Iterable, Sequence

import attrs

from .context import Field, Operation, Waiter

# What every command takes beside its arguments.
COMMON = ("help", "dry-run", "format", "deadline", "timezone")


@attrs.frozen
class Option:
    """An argument on the command line: how it is called there, without dashes, and what it is."""

    name: str
    field: Field


@attrs.frozen
class Command:
    """A method on the command line.

    Attributes:
        name: What is typed.
        method: The clients' method.
        operation: The operation that it calls.
        summary: What it does, in a line.
        description: All that is said of it.
        positional: The arguments that are given by their place.
        options: The arguments that are given by name.
    """

    name: str
    method: str
    operation: Operation
    summary: str
    description: str
    positional: Sequence[Option]
    options: Sequence[Option]


def commands(operations: Iterable[Operation], waiters: Iterable[Waiter]) -> list[Command]:
    """The commands of all operations, and of the methods that wait for a report."""
    found = [_command(each.name, each, each.summary, [each.description], each.keywords) for each in operations]
    for waiter in waiters:
        keywords = [*waiter.operation.keywords, *waiter.keywords]
        summary = waiter.summary(_typed(waiter.operation.name))
        found.append(_command(waiter.name, waiter.operation, summary, [waiter.more], keywords))
    return found


def _command(
    method: str, operation: Operation, summary: str, more: Iterable[str], keywords: Sequence[Field]
) -> Command:
    deprecated = ["Deprecated."] if operation.is_deprecated else []
    description = "\n\n".join(part for part in [summary, *deprecated, *more] if part)
    places = operation.path_parameters
    options = _options([*places, *keywords])
    return Command(
        _typed(method), method, operation, summary, description, options[: len(places)], options[len(places) :]
    )


def _typed(name: str) -> str:
    return name.strip("_").replace("_", "-")


def _options(fields: Iterable[Field]) -> list[Option]:
    """Options that differ from each other and from what every command takes, also by the `--no-` of a switch."""
    taken = {f"{no}{name}" for name in COMMON for no in ("", "no-")}
    found: list[Option] = []
    for field in fields:
        wanted = _typed(field.name)
        candidates = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
        name = next(each for each in candidates if taken.isdisjoint({each, f"no-{each}"}))
        taken |= {name, f"no-{name}"}
        found.append(Option(name, field))
    return found
