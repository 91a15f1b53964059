"""Changes to very many services at once: worked out while others go on writing, and written in one short transaction.

A conversation waits a second and a half for the database at most. Working out a thousand changes takes longer than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters import database, service_search
from outreach.adapters.audit_log import AuditLog, Record
from outreach.adapters.service_versions import ServiceVersions, live_row, row_of, service_version, version_of
from outreach.editing.errors import EditingError
from outreach.editing.versions import Document, Version

AT_ONCE = 500


class ManyVersions:
    """A store for `ServiceEditing.take_in` that is its audit too; see `outreach.editing.versions` for both."""

    def __init__(self, engine: Engine, audit: AuditLog, service_ids: Sequence[str]) -> None:
        """`service_ids` are those that will be changed: they are read together."""
        self._engine = engine
        self._audit = audit
        self._service_ids = service_ids
        self._store = ServiceVersions(engine)

    @contextmanager
    def changing(self) -> Iterator[ManyChanges]:
        """Give changes that are written when nothing was raised. Raises `EditingError` where others changed the same."""
        with self._engine.connect() as connection:
            changes = ManyChanges(self._store, connection, self._service_ids)
        yield changes
        with database.writing(self._engine) as connection:
            database.take_turn(connection)
            changes.write(connection)
            self._audit.record_many(connection, changes.records)

    def record(
        self,
        by: str,
        action: str,
        subject: str,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        connection: Any = None,
    ) -> None:
        """Keep a row of the audit until the changes are written; `connection` is theirs."""
        connection.append(Record(by, action, subject, before, after))

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first."""
        return self._store.versions(service_id)

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""
        return self._store.live(service_id)

    def anything_due(self, at: datetime) -> bool:
        """Tell whether a scheduled version's time has come."""
        return self._store.anything_due(at)

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        return self._store.areas()


class ManyChanges:
    """Changes that are not written yet; see `outreach.editing.versions.Change`."""

    def __init__(self, store: ServiceVersions, connection: Connection, service_ids: Sequence[str]) -> None:
        self._store = store
        self._read_live = _live(connection, service_ids)
        self._read_versions: dict[str, list[Version]] = {service_id: [] for service_id in service_ids}
        for some in _slices(service_ids):
            rows = sa.select(service_version).where(service_version.c.service_id.in_(some))
            for row in connection.execute(rows.order_by(service_version.c.number.desc())):
                self._read_versions[row.service_id].append(version_of(row))
        self._rows: dict[tuple[str, int], dict[str, Any]] = {}
        self._new: set[tuple[str, int]] = set()
        self._live: dict[str, tuple[Document, datetime]] = {}
        self.records: list[Record] = []

    @property
    def connection(self) -> list[Record]:
        """Where the audit's rows are kept until then."""
        return self.records

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first."""
        return self._read_versions[service_id]

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""
        return self._read_live[service_id]

    def add(self, version: Version) -> None:
        """Keep a new version."""
        self._new.add((version.service_id, version.number))
        self.update(version)

    def update(self, version: Version) -> None:
        """Keep a version's new state."""
        self._rows[version.service_id, version.number] = row_of(version)

    def put_live(self, service_id: str, document: Document, at: datetime) -> None:
        """Let the assistant read this from its next answer on."""
        self._live[service_id] = (document, at)

    def due(self, at: datetime) -> list[Version]:
        """Nothing is published by the clock here."""
        return []

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        return self._store.areas()

    def write(self, connection: Connection) -> None:
        """Write all of it. Raises `EditingError` where what was read is no longer so."""
        self._check_still_so(connection)
        table = service_version
        known = [row for key, row in self._rows.items() if key not in self._new]
        for row in known:
            where = sa.and_(table.c.service_id == row["service_id"], table.c.number == row["number"])
            connection.execute(sa.update(table).where(where).values(**row))
        _insert(connection, table, [self._rows[key] for key in self._rows if key in self._new])
        self._write_live(connection)

    def _write_live(self, connection: Connection) -> None:
        if not self._live:
            return
        table = database.service
        last = connection.execute(sa.select(sa.func.max(table.c.position))).scalar()
        position, new = -1 if last is None else int(last), []
        for service_id, (document, at) in self._live.items():
            values = live_row(document, at)
            if self._read_live[service_id] is not None:
                connection.execute(sa.update(table).where(table.c.key == service_id).values(**values))
            else:
                position += 1
                new.append({"key": service_id, "position": position, "imported_digest": None, **values})
        _insert(connection, table, new)
        service_search.index(connection, {service_id: document for service_id, (document, _) in self._live.items()})
        database.content_changed(connection)

    def _check_still_so(self, connection: Connection) -> None:
        versions, live = service_version, _live(connection, list(self._read_live))
        states: dict[str, set[tuple[int, str]]] = {service_id: set() for service_id in self._read_versions}
        for some in _slices(list(states)):
            columns = (versions.c.service_id, versions.c.number, versions.c.state)
            for row in connection.execute(sa.select(*columns).where(versions.c.service_id.in_(some))):
                states[row.service_id].add((row.number, row.state))
        for service_id, seen in self._read_versions.items():
            then = {(each.number, each.state.value) for each in seen}
            if self._read_live[service_id] != live[service_id] or then != states[service_id]:
                raise EditingError(f"{service_id} was changed by somebody else meanwhile. Bring the file in again.")


def _live(connection: Connection, service_ids: Sequence[str]) -> dict[str, Document | None]:
    table = database.service
    found: dict[str, Document | None] = dict.fromkeys(service_ids)
    for some in _slices(service_ids):
        rows = connection.execute(sa.select(table.c.key, table.c.document).where(table.c.key.in_(some)))
        found.update({row.key: row.document for row in rows})
    return found


def _insert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), list(rows))


def _slices(listed: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(listed), AT_ONCE):
        yield list(listed[start : start + AT_ONCE])
