"""The tables, which are the truth about a campaign, and how to reach them on SQLite and PostgreSQL.

Every transaction writes first, which takes the lock that it needs, and may be repeated: each change names the state it expects.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeEngine

from .errors import CampaignError

log = logging.getLogger("sms_scheduler_campaign")
T = TypeVar("T")

SCHEMA_VERSION = 1
LONGEST_PAUSE = 10.0  # seconds between two attempts to reach the database
# A PostgreSQL that is not reached any more is noticed in half a minute, and not after the hours that TCP may wait.
_NETWORK: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
metadata = sa.MetaData()

_schema = sa.Table("sms_schema", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))

campaigns = sa.Table(
    "sms_campaign",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Double, nullable=False),
    # What is sent, and how.
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("stop", sa.Boolean, nullable=False),
    sa.Column("sender_id", sa.BigInteger, nullable=False),
    sa.Column("delivery_date", sa.Text, nullable=False),
    sa.Column("batch_size", sa.Integer, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),  # requests that a worker has under way
    sa.Column("requests_per_second", sa.Double),
    sa.Column("sms_per_second", sa.Double),
    sa.Column("hours", sa.Text),
    sa.Column("timezone", sa.Text),
    sa.Column("follow_for", sa.Double, nullable=False),
    # Where it stands.
    sa.Column("state", sa.Text, nullable=False),  # active, paused, cancelled
    sa.Column("reason", sa.Text),
    sa.Column("last_batch", sa.Integer, nullable=False, server_default="0"),
    sa.Column("duplicates", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("next_at", sa.Double, nullable=False, server_default="0"),  # when the next request may leave
    sa.Column("hold_until", sa.Double, nullable=False, server_default="0"),  # no request before that
)

batches = sa.Table(
    "sms_batch",
    metadata,
    sa.Column("campaign_id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # 0 holds the recipients whose phone numbers cannot be right
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("text", sa.Text),  # if it is not the campaign's
    sa.Column("fed_at", sa.Double),  # when the engine was given it, while it is queued
    # The intent: who sends it, since when, and from when on nobody can be sending it any more.
    sa.Column("token", sa.Text),
    sa.Column("worker", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("posted_at", sa.Double),
    sa.Column("free_at", sa.Double),
    # The answer, and what became of it.
    sa.Column("error", sa.Text),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("sms_ids", sa.Text),  # JSON: an id or several of each recipient, in their order
    sa.Column("statuses", sa.Text),  # JSON: status by id
    sa.Column("deleted", sa.Integer),  # how many SMS a cancellation deleted
    sa.Column("report_at", sa.Double),  # when to ask for the report
)


def in_state(name: str) -> sa.ColumnElement[bool]:
    """That a batch is in a state, as a literal: only so the databases see that a partial index holds all such rows."""
    return batches.c.state == sa.literal_column(f"'{name}'")


IS_WAITING = sa.and_(in_state("queued"), batches.c.fed_at.is_(None))
IS_FED = sa.and_(in_state("queued"), batches.c.fed_at.is_not(None))
# Partial indices stay as small as the work that is left, so that finding it costs the same at the end as at the start.
for _name, _column, _condition in (
    ("waiting", batches.c.number, IS_WAITING),
    ("fed", batches.c.fed_at, IS_FED),
    ("posting", batches.c.number, in_state("posting")),
    ("in_doubt", batches.c.number, in_state("in doubt")),
    ("accepted", batches.c.report_at, in_state("accepted")),
):
    sa.Index(f"sms_batch_{_name}", batches.c.campaign_id, _column, postgresql_where=_condition, sqlite_where=_condition)

# Rows are written once and read by batch: the table is its own index.
recipients = sa.Table(
    "sms_recipient",
    metadata,
    sa.Column("campaign_id", sa.Integer, primary_key=True),
    sa.Column("batch", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary(16), nullable=False),  # of the key, or of number and text
    sa.Column("phone_number", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("line", sa.BigInteger),
    sa.UniqueConstraint("campaign_id", "digest"),
    sqlite_with_rowid=False,
)

# How many SMS of a batch are in which status, so that counting does not read the reports.
outcomes = sa.Table(
    "sms_outcome",
    metadata,
    sa.Column("campaign_id", sa.Integer, primary_key=True),
    sa.Column("batch", sa.Integer, primary_key=True),
    sa.Column("status", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

workers = sa.Table(
    "sms_worker",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("campaign_id", sa.Integer, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
)


class now(FunctionElement[float]):  # noqa: N801  # it reads as the function of SQL that it is
    """The time of the database, in seconds since 1970: one clock for all machines."""

    type: TypeEngine[float] = sa.Double()
    inherit_cache = True


@compiles(now, "postgresql")
def _now_on_postgresql(*_: object, **__: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(now, "sqlite")
def _now_on_sqlite(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class Store:
    """A database that holds campaigns."""

    def __init__(self, url: str, *, is_new: bool = False, patience: float = 60.0) -> None:
        """Open a database.

        Args:
            url: `sqlite:///campaign.db` or `postgresql://user:password@host/database`.
            is_new: Whether the tables are made if they are missing.
            patience: After how many seconds PostgreSQL ends a transaction in which nothing happens, and frees its locks.

        Raises: CampaignError for another database, one without campaigns, or one of another version of this package.
        """
        self.url = url
        self.engine = _engine(url, patience)
        try:
            self._open(is_new=is_new)
        except CampaignError:
            self.close()
            raise

    def _open(self, *, is_new: bool) -> None:
        if not is_new and not self._has_tables():
            raise CampaignError("the store has no campaigns: create one first")
        with self.engine.begin() as connection:
            if self.is_sqlite:
                connection.execute(sa.text("BEGIN IMMEDIATE"))
            else:  # two that start at once would both find no tables
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7362001)"))
            if is_new:
                metadata.create_all(connection)
            version = connection.scalar(sa.select(_schema.c.version))
            if version is None:
                connection.execute(_schema.insert().values(version=SCHEMA_VERSION))
            elif version != SCHEMA_VERSION:
                raise CampaignError(f"the database is of version {version}, this package of version {SCHEMA_VERSION}")

    def _has_tables(self) -> bool:
        file = self.engine.url.database
        if self.is_sqlite and not Path(str(file)).exists():  # it would be made by looking
            return False
        return sa.inspect(self.engine).has_table(_schema.name)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def transaction(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some work in a transaction; once, and whatever is wrong is raised."""
        with self.engine.begin() as connection:
            return work(connection)

    def persistently(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some work in a transaction, again and again while the database is gone, busy or full.

        The work may be done twice, if the connection breaks while it is committed.
        """
        pause = 0.1
        while True:
            try:
                return self.transaction(work)
            except (exc.DBAPIError, exc.TimeoutError) as error:
                if not will_pass(error):
                    raise
                log.warning("database-unavailable: %s; next attempt in %.1f s", in_words(error), pause)
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)


def _engine(url: str, patience: float) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise CampaignError(
            "the store must be like sqlite:///campaign.db or postgresql://user@host/database"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise CampaignError(
                "the store must be a file: sqlite:///campaign.db, or with four slashes an absolute path"
            )
        # One connection for all threads: they wait in line for it, instead of polling for the lock of the file.
        engine = sa.create_engine(parsed, pool_size=1, max_overflow=0, pool_timeout=600)
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        # A process that is frozen within a transaction does not keep its locks.
        idle = {"options": f"-c idle_in_transaction_session_timeout={int(patience * 1000)}"}
        arguments = {name: value for name, value in (_NETWORK | idle).items() if name not in parsed.query}
        # The last connection first: one that has been used has its statements prepared.
        options: dict[str, Any] = {"pool_size": 20, "max_overflow": 0, "pool_use_lifo": True, "pool_pre_ping": True}
        return sa.create_engine(parsed, **options, connect_args=arguments)
    raise CampaignError(f"the store must be sqlite or postgresql, not {parsed.get_backend_name()}")


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # a transaction that reads and then writes cannot fail for another's write
    connection.execute("PRAGMA busy_timeout = 600000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # an intent is on the disk before its request leaves
    connection.execute("PRAGMA foreign_keys = ON")
    if sqlite3.sqlite_version_info < (3, 42):
        # DBOS asks for the time in this way from Python 3.12 on, and would get NULL
        connection.create_function("unixepoch", 1, _seconds)


def _seconds(_: object) -> float:
    return time.time()


def will_pass(error: exc.SQLAlchemyError) -> bool:
    """Whether the database is only gone, busy or full; PostgreSQL also ends the connection of who was frozen."""
    is_cut = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    return is_cut or isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)


def in_words(error: exc.SQLAlchemyError) -> str:
    """What went wrong in one line, without the statement, which has phone numbers."""
    cause = getattr(error, "orig", None) or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())
