"""Every version of every service, and putting one where the assistant reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters import database, service_search
from outreach.editing.versions import OPEN, Action, Document, State, Version

_TIME = sa.DateTime(timezone=False)

service_version = sa.Table(
    "service_version",
    database.metadata,
    sa.Column("service_id", sa.String(120), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("made_by", sa.String(80), nullable=False),
    sa.Column("made_by_name", sa.String(200), nullable=False),
    sa.Column("made_at", _TIME, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("made_from", sa.Integer),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("reviewed_by", sa.String(80)),
    sa.Column("reviewed_by_name", sa.String(200)),
    sa.Column("reviewed_at", _TIME),
    sa.Column("review_note", sa.Text, nullable=False),
    sa.Column("publish_at", _TIME),
    sa.Column("approved_against", sa.Integer),
    sa.Column("published_at", _TIME),
    sa.Index("ix_service_version_state", "state", "publish_at"),
)
_TIMES = ("made_at", "reviewed_at", "publish_at", "published_at")


class ServiceVersions:
    """The versions in the database; see `outreach.editing.versions.VersionStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def changing(self) -> Iterator[DatabaseChange]:
        """Give a transaction that no other change, import or migration runs beside."""
        with database.writing(self._engine) as connection:
            database.take_turn(connection)
            change = DatabaseChange(connection)
            yield change
            change.finish()

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first."""
        with self._engine.connect() as connection:
            return _versions(connection, service_id)

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""
        with self._engine.connect() as connection:
            return _live(connection, service_id)

    def anything_due(self, at: datetime) -> bool:
        """Tell whether a scheduled version's time has come."""
        with self._engine.connect() as connection:
            return connection.execute(_due(at).limit(1)).first() is not None

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        with self._engine.connect() as connection:
            return _areas(connection)

    def pending(self, states: Sequence[State] = OPEN, limit: int = 200) -> list[Version]:
        """Give what is being worked on, the longest waiting first."""
        table = service_version
        wanted = sa.select(table).where(table.c.state.in_([state.value for state in states]))
        with self._engine.connect() as connection:
            return [version_of(row) for row in connection.execute(wanted.order_by(table.c.made_at).limit(limit))]

    def states(self, service_ids: Sequence[str]) -> dict[str, State]:
        """Give, of these services, those that are being worked on, and how far that has come."""
        table = service_version
        wanted = sa.select(table.c.service_id, table.c.state).where(
            table.c.service_id.in_(list(service_ids)), table.c.state.in_([state.value for state in OPEN])
        )
        with self._engine.connect() as connection:
            return {row.service_id: State(row.state) for row in connection.execute(wanted)}

    def topics_of(self, service_id: str) -> list[str]:
        """Give the topics under which the assistant offers a service."""
        table = database.topic
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(table.c.key, table.c.document).order_by(table.c.position))
            return [row.key for row in rows if service_id in row.document["services"]]

    def withdrawal_reasons(self, service_ids: Sequence[str]) -> dict[str, str]:
        """Give, of these services, why those were withdrawn whose public version is a withdrawal."""
        table = service_version
        wanted = sa.select(table.c.service_id, table.c.note).where(
            table.c.service_id.in_(list(service_ids)),
            table.c.state == State.PUBLISHED.value,
            table.c.action == Action.WITHDRAWN.value,
        )
        with self._engine.connect() as connection:
            return {row.service_id: row.note for row in connection.execute(wanted)}


class DatabaseChange:
    """One transaction; see `outreach.editing.versions.Change`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next_position: int | None = None
        self._public_changed = False

    @property
    def connection(self) -> Connection:
        """The transaction's connection."""
        return self._connection

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first."""
        return _versions(self._connection, service_id)

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""
        return _live(self._connection, service_id)

    def add(self, version: Version) -> None:
        """Keep a new version."""
        self._connection.execute(sa.insert(service_version).values(**row_of(version)))

    def update(self, version: Version) -> None:
        """Keep a version's new state."""
        table = service_version
        where = sa.and_(table.c.service_id == version.service_id, table.c.number == version.number)
        self._connection.execute(sa.update(table).where(where).values(**row_of(version)))

    def put_live(self, service_id: str, document: Document, at: datetime) -> None:
        """Let the assistant read this from its next answer on. `edited_at` keeps the importer's hands off it."""
        table, values = database.service, live_row(document, at)
        done = self._connection.execute(sa.update(table).where(table.c.key == service_id).values(**values))
        if not done.rowcount:
            position = self._position()
            self._connection.execute(sa.insert(table).values(key=service_id, position=position, imported_digest=None, **values))
        service_search.index(self._connection, {service_id: document})
        self._public_changed = True

    def due(self, at: datetime) -> list[Version]:
        """Give the scheduled versions whose time has come."""
        return [version_of(row) for row in self._connection.execute(_due(at))]

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        return _areas(self._connection)

    def finish(self) -> None:
        """Say that content has changed, once for the whole transaction."""
        if self._public_changed:
            database.content_changed(self._connection)

    def _position(self) -> int:
        if self._next_position is None:
            last = self._connection.execute(sa.select(sa.func.max(database.service.c.position))).scalar()
            self._next_position = -1 if last is None else int(last)
        self._next_position += 1
        return self._next_position


def _versions(connection: Connection, service_id: str) -> list[Version]:
    table = service_version
    wanted = sa.select(table).where(table.c.service_id == service_id).order_by(table.c.number.desc())
    return [version_of(row) for row in connection.execute(wanted)]


def _live(connection: Connection, service_id: str) -> Document | None:
    table = database.service
    row = connection.execute(sa.select(table.c.document).where(table.c.key == service_id)).first()
    return None if row is None else dict(row.document)


def _areas(connection: Connection) -> frozenset[str]:
    names = sa.union(sa.select(database.area.c.key), sa.select(database.district.c.key))
    return frozenset(row[0] for row in connection.execute(names))


def _due(at: datetime) -> Any:
    table = service_version
    return sa.select(table).where(table.c.state == State.SCHEDULED.value, table.c.publish_at <= _stored(at))


def row_of(version: Version) -> dict[str, Any]:
    """Give a version as its row has it."""
    row = {column.name: getattr(version, column.name) for column in service_version.columns}
    return {
        **row,
        "document": dict(version.document),
        "state": version.state.value,
        "action": version.action.value,
        "authors": list(version.authors),
        **{name: _stored(row[name]) for name in _TIMES if row[name] is not None},
    }


def live_row(document: Document, at: datetime) -> dict[str, Any]:
    """Give what the row of a service holds of its public document, put there by staff at `at`."""
    assured = document.get("assured_date")
    return {
        "document": dict(document),
        "kind": document["kind"],
        "status": document["status"],
        "name": document["name"],
        "assured_date": date.fromisoformat(assured) if assured else None,
        "edited_at": at.astimezone(timezone.utc),
    }


def version_of(row: Any) -> Version:
    """Give a version from its row."""
    values = {column.name: getattr(row, column.name) for column in service_version.columns}
    return Version(
        **{
            **values,
            "state": State(values["state"]),
            "action": Action(values["action"]),
            "authors": tuple(values["authors"]),
            **{name: values[name].replace(tzinfo=timezone.utc) for name in _TIMES if values[name] is not None},
        }
    )


def _stored(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(tzinfo=None)
