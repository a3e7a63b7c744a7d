"""How the bodies of responses are written."""

import json
from collections.abc import Iterator
from typing import NoReturn

from .errors import fail
from .models import as_list

# The fields that the page describes as integers, or that hold them.
_INTEGERS = {"message_id", "sms_ids", "id", "status", "success"}


def check_encoding(operation_id: str, body: bytes) -> None:
    """Fail the check unless a body is JSON in UTF-8, with whole numbers where the page has integers."""
    try:
        answer = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        fail(f"{operation_id} answers JSON in UTF-8", f"{error}: {body[:100]!r}")
    for row in as_list(answer):
        for name in _INTEGERS & row.keys():
            if any(isinstance(value, float) for value in _values(row[name])):
                fail(f"{operation_id} answers `{name}` as an integer, without a fraction", body[:500].decode())


def _values(value: object) -> Iterator[object]:
    """The values in a JSON value that are neither objects nor lists."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _values(item)
    else:
        yield value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
