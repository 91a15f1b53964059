"""Connecting to the database, its content tables, and bringing it up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.pool import QueuePool, StaticPool

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
# How long a process waits for another one's write. A write takes milliseconds, and whoever waits keeps everybody else in its
# process waiting too.
BUSY_MS = 1_500
# Whoever migrates or imports answers nobody meanwhile, and one that starts beside it has a lot to wait for.
PATIENT_MS = 30_000
# A connection that answered so lately is used without asking whether it still does.
HEARD_OF_SECONDS = 0.1
# What a connection has among its options where it is going to write, and how SQLite calls that.
WRITING = "IMMEDIATE"
# Names this product's turn-taking among a PostgreSQL server's advisory locks.
TURN_LOCK = 712_023_001

# The network may be cut without a word, and a process stopped in the middle of a transaction: both are noticed.
_POSTGRES_WAITS = {
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000,
    "options": "-c statement_timeout=120s -c idle_in_transaction_session_timeout=60s",
}  # fmt: skip
# The rights of whoever is neither a file's owner nor in its group.
_OTHERS = 0o007

metadata = sa.MetaData()


def _documents(name: str, *more: sa.Column[Any]) -> sa.Table:
    """A table of content: a document under a key, and where it came from.

    `imported_digest` is the digest of the document as the files last had it, null for what staff made. `edited_at` is
    set by whoever changes a row, and keeps the importer's hands off it.
    """
    return sa.Table(
        name,
        metadata,
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("imported_digest", sa.String(64)),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
        *more,
    )


service = _documents(
    "service",
    sa.Column("kind", sa.String(40), nullable=False, index=True),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("assured_date", sa.Date),
)
topic = _documents("topic")
route = _documents("route")
outreach_area = _documents("outreach_area")
district = _documents("district")
area = _documents("area")
place = _documents("place")
outcode = _documents("outcode")
sector = _documents("sector")

CONTENT_TABLES = {
    table.name: table for table in (service, topic, route, outreach_area, district, area, place, outcode, sector)
}

wording = sa.Table(
    "wording",
    metadata,
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("channel", sa.String(20), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("buttons", sa.JSON(none_as_null=True)),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    sa.Column("made_by", sa.String(32)),
    sa.Column("made_at", sa.DateTime(timezone=True)),
    sa.Column("note", sa.String(500)),
    sa.Column("published_by", sa.String(32)),
    # When it was no longer said, or was given up as a draft, and who saw to that.
    sa.Column("ended_by", sa.String(32)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Index("ix_wording_published", "key", "status", "channel"),
)

# One row. Its number goes up with every change to content, so that whoever keeps content in memory knows to read again.
content_revision = sa.Table(
    "content_revision",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)


def connect(url: str) -> Engine:
    """Give an engine for a SQLite or PostgreSQL URL, safe for several processes at once; nothing is opened yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _connect_postgres(parsed)
    in_memory = parsed.database in (None, "", ":memory:")
    if not in_memory:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
    engine = sa.create_engine(
        parsed, future=True, poolclass=StaticPool if in_memory else QueuePool, connect_args=arguments
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _connect_postgres(url: URL) -> Engine:
    """An engine that finds out by itself that the server was away, and that never waits for long (`patience`).

    A transaction begins where several statements write (`writing`, `durably`), and nowhere else. What is read needs none, nor
    does a single statement (`writing_once`): its beginning and its end would be two more ways to the server and back.
    """
    from outreach.adapters import patience

    patience.install()
    arguments = {"application_name": "outreach", **_POSTGRES_WAITS}
    engine = sa.create_engine(
        url, future=True, isolation_level="AUTOCOMMIT", pool_size=5, max_overflow=5, connect_args=arguments
    )
    event.listen(engine, "connect", _was_heard_of)
    event.listen(engine, "checkin", _was_heard_of)
    event.listen(engine, "checkout", _is_still_there)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _was_heard_of(connection: Any, record: Any) -> None:
    # One that is broken comes back as nothing, and is made anew, which counts anew.
    record.info["heard_of"] = time.monotonic()


def _begin_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get("begin") == WRITING:
        # SQLAlchemy's own way to say so asks the server to change its mind each time.
        connection.connection.dbapi_connection.autocommit = False


def _is_still_there(connection: Any, record: Any, proxy: Any) -> None:
    """Ask the server, unless it answered a moment ago. Raises what makes the pool connect anew."""
    try:
        # It may have been written through.
        connection.autocommit = True
        if time.monotonic() - record.info["heard_of"] < HEARD_OF_SECONDS:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except connection.Error:
        raise sa.exc.InvalidatePoolError() from None


@contextmanager
def writing(engine: Engine, patient: bool = False) -> Iterator[Connection]:
    """Give a connection in a transaction that is going to write, committed at the end.

    On SQLite the right to write is taken at once: a transaction that reads first and then writes fails, without
    waiting, when another process wrote in between. `patient` waits long for that right, where nobody else is kept waiting.
    """
    with _to_write(engine) as connection, _waiting(connection, patient), connection.begin():
        yield connection


def _to_write(engine: Engine) -> Connection:
    return engine.connect().execution_options(begin=WRITING)


@contextmanager
def writing_once(engine: Engine) -> Iterator[Connection]:
    """Give a connection for one single statement that writes, which is whole or not at all by itself.

    PostgreSQL is then asked once instead of three times. Two statements belong into `writing`.
    """
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with engine.connect() as connection:
        yield connection


@contextmanager
def _waiting(connection: Connection, patient: bool) -> Iterator[None]:
    if not patient or connection.dialect.name != "sqlite":
        yield
        return
    connection.connection.execute(f"PRAGMA busy_timeout = {PATIENT_MS}")
    try:
        yield
    finally:
        connection.connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


@contextmanager
def durably(engine: Engine, patient: bool = False) -> Iterator[Connection]:
    """A writing transaction that is on the disk when it ends: somebody is told that it is saved.

    Elsewhere SQLite may lose the last moments to a power cut, though never to a killed process. `patient` as in `writing`.
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with _to_write(engine) as connection:
        connection.connection.execute("PRAGMA synchronous = FULL")
        try:
            with _waiting(connection, patient), connection.begin():
                yield connection
        finally:
            connection.connection.execute("PRAGMA synchronous = NORMAL")


def content_changed(connection: Connection) -> None:
    """Let everybody who keeps content in memory read it again, once this transaction is committed."""
    connection.execute(sa.update(content_revision).values(number=content_revision.c.number + 1))


def take_turn(connection: Connection) -> None:
    """Wait until no other process migrates or imports, to the end of the transaction. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TURN_LOCK)))


def migrate(engine: Engine) -> None:
    """Bring the database up to date. Processes that start at once wait for each other, and the later ones find it done."""
    # Only who prepares a start migrates; it is a tenth of a second in every other process's start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine, patient=True) as connection:
        take_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and leave DDL outside; `_begin_sqlite` begins them instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # What is deleted is overwritten: a forgotten conversation leaves nothing in the file.
    cursor.execute("PRAGMA secure_delete = ON")
    _close_to_others(str(cursor.execute("PRAGMA database_list").fetchone()[2]))
    _use_wal(cursor)
    cursor.close()


def _close_to_others(file: str) -> None:
    """Nobody else on the machine may read it: who on the staff did what, and exact counts, stand there in the clear.

    SQLite gives the same rights to the files that it puts beside it.
    """
    if file and os.stat(file).st_mode & _OTHERS:
        # Where the file is another user's, that user's process does it.
        with suppress(PermissionError):
            os.chmod(file, os.stat(file).st_mode & ~_OTHERS)


def _use_wal(cursor: Any) -> None:
    """Switch to write-ahead logging, once for each file. SQLite does not wait for this lock, so we do."""
    for attempt in range(50):
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
                cursor.execute("PRAGMA journal_mode = WAL")
            return
        except Exception as error:
            if "locked" not in str(error) or attempt == 49:
                raise
            time.sleep(0.1)


def _begin_sqlite(connection: Connection) -> None:
    # What is read needs no transaction, as on PostgreSQL.
    mode = connection.get_execution_options().get("begin")
    if mode is not None:
        connection.exec_driver_sql(f"BEGIN {mode}")
