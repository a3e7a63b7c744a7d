"""Reading recipients from files, rows and iterables, as streams; checking their numbers; counting the SMS of a text."""

import csv
import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import attrs

from .errors import RecipientsError

# E.164: a country prefix and at most 15 digits. Whether a number exists, only the service can tell.
_PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = set("\f^{}\\[~]|€")


@attrs.frozen
class Recipient:
    """Whom to send to.

    Attributes:
        phone_number: With its country prefix, without spaces and hyphens.
        key: What makes the recipient one and the same when it is added again; by default the number and the text.
        fields: Values for the fields of the text.
        line: Where it stands in its file.
    """

    phone_number: str
    key: str | None = None
    fields: Mapping[str, object] = attrs.field(factory=dict[str, object])
    line: int | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the phone number, or None."""
        return None if _PHONE_NUMBER.fullmatch(self.phone_number) else "not a phone number such as +33612345678"


class Text:
    """The text of a campaign, perhaps with fields such as {first_name}; {{ and }} stand for braces."""

    def __init__(self, template: str) -> None:
        """Raises: ValueError for braces that are no field."""
        self._parts = [(part, name) for part, name in _parse(template)]
        self.fields = {name for _, name in self._parts if name is not None}

    def render(self, recipient: Recipient) -> str:
        """The text for a recipient. Raises RecipientsError if it lacks a field."""
        filled: list[str] = []
        for part, name in self._parts:
            filled.append(part)
            if name is not None:
                value = recipient.fields.get(name)
                if value is None:
                    raise RecipientsError(f"{where(recipient.line)}the field {name!r} of the text is missing")
                filled.append(str(value))
        return "".join(filled)


def _parse(template: str) -> Iterator[tuple[str, str | None]]:
    try:
        for part, name, form, conversion in string.Formatter().parse(template):
            if name is not None and (not name.isidentifier() or form or conversion):
                raise ValueError(f"{{{name}}} is not a field such as {{first_name}}")  # noqa: TRY301
            yield part, name
    except ValueError as error:
        raise ValueError(f"the text cannot be used: {error}; write {{{{ and }}}} for braces") from None


def segments(text: str) -> int:
    """How many SMS a text takes: 160 characters of GSM 03.38 or 70 others, 153 or 67 each if it takes several.

    A STOP mention, which the service adds, is not counted.
    """
    if all(character in _GSM or character in _GSM_ESCAPED for character in text):
        length, single, joined = len(text) + sum(character in _GSM_ESCAPED for character in text), 160, 153
    else:
        length, single, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single else -(-length // joined)


def where(line: int | None) -> str:
    """How an error begins."""
    return "" if line is None else f"line {line}: "


def read_csv(
    path: Path,
    *,
    number: str = "phone_number",
    key: str | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8-sig",
) -> Iterator[Recipient]:
    """Read a CSV file whose first line names the columns.

    Args:
        path: The file.
        number: The column with the phone number.
        key: The column with the key, if there is one.
        delimiter: What stands between two columns.
        encoding: How the file is encoded.

    Raises: RecipientsError for a line that cannot be read, with its number.
    """
    if len(delimiter) != 1:
        raise RecipientsError(f"the delimiter must be one character, not {delimiter!r}")
    try:
        opened = path.open(newline="", encoding=encoding)
    except LookupError:
        raise RecipientsError(f"the encoding must be like utf-8 or latin-1, not {encoding!r}") from None
    with opened as file:
        reader = csv.DictReader(file, delimiter=delimiter, strict=True)
        try:
            _check_columns(reader.fieldnames or [], number, key)
            for row in reader:
                if None in row or None in row.values():
                    raise RecipientsError(
                        f"line {reader.line_num}: the header has {len(reader.fieldnames or [])} columns"
                    )
                yield _recipient(row, number, key, reader.line_num)
        except (csv.Error, UnicodeDecodeError) as error:
            raise RecipientsError(f"line {reader.line_num + 1}: {error}") from error


def read_json_lines(path: Path, *, number: str = "phone_number", key: str | None = None) -> Iterator[Recipient]:
    """Read a file with a JSON object in each line; empty lines are skipped.

    Args:
        path: The file.
        number: The member with the phone number.
        key: The member with the key, if there is one.

    Raises: RecipientsError for a line that cannot be read, with its number.
    """
    with path.open("rb") as file:
        for line, content in enumerate(file, 1):
            if not content.strip():
                continue
            try:
                row = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise RecipientsError(f"line {line}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise RecipientsError(f"line {line}: not an object")
            yield _recipient(cast("dict[str, object]", row), number, key, line)


def read_parquet(path: Path, *, number: str = "phone_number", key: str | None = None) -> Iterator[Recipient]:
    """Read a Parquet file; needs the extra `parquet`. `line` counts its rows.

    Args:
        path: The file.
        number: The column with the phone number.
        key: The column with the key, if there is one.

    Raises: RecipientsError for a row that cannot be read.
    """
    from .parquet import read_columns, stream_rows  # noqa: PLC0415  # an extra

    _check_columns(read_columns(path), number, key)
    yield from read_rows(stream_rows(path), number=number, key=key)


def read_rows(
    rows: Iterable[Mapping[Any, Any]], *, number: str = "phone_number", key: str | None = None
) -> Iterator[Recipient]:
    """Read rows, such as those of a database: `connection.execution_options(yield_per=1000).execute(query).mappings()`.

    Args:
        rows: Mappings from the names of columns to values.
        number: The column with the phone number.
        key: The column with the key, if there is one.

    Raises: RecipientsError for a row that cannot be read.
    """
    for line, row in enumerate(rows, 1):
        yield _recipient(row, number, key, line)


def _check_columns(columns: Iterable[str], number: str, key: str | None) -> None:
    missing = [name for name in (number, key) if name is not None and name not in set(columns)]
    if missing:
        there = ", ".join(map(repr, columns)) or "nothing"
        raise RecipientsError(f"line 1: there is no column {missing[0]!r}, only {there}")


def _recipient(row: Mapping[Any, Any], number: str, key: str | None, line: int) -> Recipient:
    phone_number = row.get(number)
    if not isinstance(phone_number, str):
        raise RecipientsError(f"line {line}: {number!r} must be a text such as '+33612345678', not {phone_number!r}")
    if key is None:
        return Recipient(phone_number.strip(), None, row, line)
    if row.get(key) in (None, ""):
        raise RecipientsError(f"line {line}: the key {key!r} is missing")
    return Recipient(phone_number.strip(), str(row[key]), row, line)
