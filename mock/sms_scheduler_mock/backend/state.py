"""The state of a server in a SQLite file: what the ledger holds, and what was set."""

import json
import operator
import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from .messages import Contents, NewMessage, Record

_APPLICATION, _VERSION = 0x534D5353, 2
_SCHEMA = f"""
BEGIN;
CREATE TABLE message (
    ordinal INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, text TEXT NOT NULL, stop INTEGER NOT NULL,
    delivery_date TEXT NOT NULL, sender_id TEXT NOT NULL, sent_at TEXT NOT NULL
);
CREATE TABLE sms (
    ordinal INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, message INTEGER NOT NULL, phone_number TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0, paid INTEGER
);
CREATE INDEX sms_of_message ON sms (message);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class StateError(OSError):
    """The file could not be written: nothing was changed."""


class Store:
    """A SQLite file that is written as the journal of a ledger: each change is committed when its method returns.

    A process that is killed loses nothing of that. No other process can open the file meanwhile.
    Raises ValueError if the file is not one of these, OSError if it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._accepted = (0, 0)
        self._open()

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written to it."""
        return self._open().execute("SELECT 1 FROM setting").fetchone() is None

    def close(self) -> None:
        """Let go of the file until it is written again."""
        with self._lock:
            if self._connection:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _connect(self.path)
                weakref.finalize(self, self._connection.close)
            return self._connection

    @contextmanager
    def _change(self) -> Generator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing. Raises StateError if it cannot be kept."""
        with self._lock:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
                with connection:  # commits, or rolls back
                    yield connection
            except sqlite3.Error as error:
                raise StateError(f"the state cannot be kept in {self.path}: {error}") from error

    # What the ledger tells

    def created(self, record: Record, paid: Mapping[int, bool], credits: int | None) -> None:  # noqa: A002
        messages, sms = self._accepted
        after = (messages + 1, sms + len(record.numbers))
        with self._change() as connection:
            _insert(connection, [record], sms, (), paid)
            _set(connection, {"accepted": after, "credits": credits})
        self._accepted = after

    def deleted(self, sms_ids: Sequence[int], credits: int | None) -> None:  # noqa: A002
        with self._change() as connection:
            connection.executemany("UPDATE sms SET deleted = 1 WHERE id = ?", ((sms_id,) for sms_id in sms_ids))
            _set(connection, {"credits": credits})

    def evicted(self, record: Record) -> None:
        with self._change() as connection:
            connection.execute("DELETE FROM sms WHERE message = ?", (record.ordinal,))
            connection.execute("DELETE FROM message WHERE ordinal = ?", (record.ordinal,))

    def replace(self, contents: Contents, settings: Mapping[str, Any]) -> None:
        """Hold all this, and nothing else."""
        with self._change() as connection:
            connection.execute("DELETE FROM setting")
            connection.execute("DELETE FROM sms")
            connection.execute("DELETE FROM message")
            held = sum(len(record.numbers) for record in contents.records)
            # Those before the ones held were forgotten.
            _insert(connection, contents.records, contents.accepted[1] - held, contents.deleted, contents.paid)
            _set(connection, {"accepted": contents.accepted, **settings})
        self._accepted = contents.accepted

    def set(self, settings: Mapping[str, Any]) -> None:
        """Keep settings, each one a JSON value; None is forgotten."""
        with self._change() as connection:
            _set(connection, settings)

    def read(self) -> tuple[Contents, dict[str, Any]]:
        """All that the file holds: what is for the ledger, and the settings."""
        with self._lock:
            try:
                connection = self._open()
                _check_rows(connection)
            except (sqlite3.Error, ValueError) as error:
                raise ValueError(f"{self.path} is damaged: {error}") from error
            try:
                return self._read(connection)
            except (sqlite3.Error, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                raise ValueError(f"{self.path} is damaged: a message or a setting in it makes no sense") from error

    def _read(self, connection: sqlite3.Connection) -> tuple[Contents, dict[str, Any]]:
        settings = {name: json.loads(value) for name, value in connection.execute("SELECT name, value FROM setting")}
        numbers: dict[int, dict[int, str]] = {}
        deleted: set[int] = set()
        paid: dict[int, bool] = {}
        rows = connection.execute("SELECT id, message, phone_number, deleted, paid FROM sms ORDER BY ordinal")
        for sms_id, message, number, is_deleted, is_paid in rows:
            numbers.setdefault(message, {})[sms_id] = number
            if is_deleted:
                deleted.add(sms_id)
            if is_paid is not None:
                paid[sms_id] = bool(is_paid)
        messages = connection.execute(
            "SELECT ordinal, id, sent_at, text, stop, delivery_date, sender_id FROM message ORDER BY ordinal"
        )
        records = [_record(row, numbers.get(row[0], {})) for row in messages]
        messages_accepted, sms_accepted = settings.pop("accepted", (0, 0))
        self._accepted = operator.index(messages_accepted), operator.index(sms_accepted)
        contents = Contents(
            records=records,
            deleted=frozenset(deleted),
            paid=paid,
            accepted=self._accepted,
        )
        return contents, settings


def read_copy(path: Path) -> tuple[Contents, dict[str, Any]]:
    """What a file holds, which stays as it is; also what a server that was killed left in its log.

    Raises ValueError if the file holds no state, OSError if it cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for name in (path.name, f"{path.name}-wal"):
            if path.with_name(name).exists():
                shutil.copy(path.with_name(name), copy.with_name(name))
        try:
            with closing(Store(copy)) as store:
                contents, settings = store.read()
        except ValueError as error:
            raise ValueError(str(error).replace(str(copy), str(path))) from None
    if not settings:
        raise ValueError(f"{path} holds no state")
    return contents, settings


def _connect(path: Path) -> sqlite3.Connection:
    _touch(path)
    try:
        connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise OSError(f"cannot open {path}: {error}") from None
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _prepare(connection, path)
        # What is in the log survives the process, if not a loss of power.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN EXCLUSIVE").execute("COMMIT")  # takes the lock, which is kept
    except sqlite3.OperationalError as error:
        connection.close()
        reason = "another server has it open" if "locked" in str(error) else str(error)
        raise OSError(f"cannot open {path}: {reason}") from None
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"{path} is not the state of a server: {error}") from None
    except ValueError:
        connection.close()
        raise
    return connection


def _touch(path: Path) -> None:
    """See that the file can be written, and make it if it is not there. It holds a key and texts: others cannot read it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise OSError(error.errno, f"cannot open {path}: {error.strerror}") from None


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file. Raises ValueError if the file is one of something else."""
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        connection.executescript(_SCHEMA)
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADER)
    if application != _APPLICATION:
        raise ValueError(f"{path} is not the state of a server")
    if _made_of(connection) != _expected():
        raise ValueError(f"{path} is damaged: it has other tables, views or triggers than a state")
    if version == 1:
        connection.execute("UPDATE setting SET name = 'delivery_results' WHERE name = 'outcomes'")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif version != _VERSION:
        raise ValueError(f"{path} is the state of another version of the server")


def _made_of(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """The tables, indexes, views and triggers in a file, as they were written."""
    return set(connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema"))


@cache
def _expected() -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return _made_of(connection)


def _check_rows(connection: sqlite3.Connection) -> None:
    """Raise ValueError if a row has a value of another type than its column, which SQLite lets pass, or no message."""
    for table, columns in _TYPES.items():
        wrong = " OR ".join(f"typeof({column}) NOT IN ({kinds})" for column, kinds in columns.items())
        if connection.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1").fetchone():  # noqa: S608  # its own names
            raise ValueError(f"the table {table} has values of other types than a state")
    if connection.execute("SELECT 1 FROM sms WHERE message NOT IN (SELECT ordinal FROM message) LIMIT 1").fetchone():
        raise ValueError("it has an SMS of no message")


_INTEGER, _TEXT = "'integer'", "'text'"
_TYPES = {
    "message": {"ordinal": _INTEGER, "id": _INTEGER, "text": _TEXT, "stop": _INTEGER}
    | {"delivery_date": _TEXT, "sender_id": _TEXT, "sent_at": _TEXT},
    "sms": {"ordinal": _INTEGER, "id": _INTEGER, "message": _INTEGER, "phone_number": _TEXT}
    | {"deleted": _INTEGER, "paid": "'integer', 'null'"},
    "setting": {"name": _TEXT, "value": _TEXT},
}
_HEADER = ("application_id", "user_version")


def _insert(
    connection: sqlite3.Connection,
    records: Iterable[Record],
    sms_before: int,
    deleted: Iterable[int],
    paid: Mapping[int, bool],
) -> None:
    gone = frozenset(deleted)
    ordinal = sms_before
    for record in records:
        asked = record.asked
        dates = str(asked.delivery_date), str(record.sent_at)
        message = (record.ordinal, record.id, asked.text, asked.stop, dates[0], str(asked.sender_id), dates[1])
        connection.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", message)
        connection.executemany(
            "INSERT INTO sms VALUES (?, ?, ?, ?, ?, ?)",
            [
                (ordinal + place, sms_id, record.ordinal, number, sms_id in gone, paid.get(sms_id))
                for place, (sms_id, number) in enumerate(record.numbers.items())
            ],
        )
        ordinal += len(record.numbers)


def _set(connection: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if value is None:
            connection.execute("DELETE FROM setting WHERE name = ?", (name,))
        else:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))


def _record(row: tuple[Any, ...], numbers: Mapping[int, str]) -> Record:
    ordinal, message_id, sent_at, text, stop, delivery_date, sender_id = row
    asked = NewMessage(
        text=text,
        stop=bool(stop),
        delivery_date=datetime.fromisoformat(delivery_date),
        sender_id=int(sender_id),
        phone_numbers=tuple(dict.fromkeys(numbers.values())),
    )
    return Record(ordinal, message_id, asked, datetime.fromisoformat(sent_at), numbers)
