"""The table of the audit. The database itself refuses to change or delete a row (migration 0004)."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters.database import durably, metadata
from outreach.audit.actions import check
from outreach.audit.records import NOTHING_BEFORE, Checked, Entry, written
from outreach.clock import utc_now

LONDON = ZoneInfo("Europe/London")
_BATCH = 2_000

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False, index=True),
    sa.Column("by", sa.String(80), nullable=False, index=True),
    sa.Column("action", sa.String(60), nullable=False, index=True),
    sa.Column("subject", sa.String(200), nullable=False, index=True),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

# One row: the last number and its hash. It takes appends one after the other, and shows when the end was cut off.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)


@dataclass(frozen=True)
class Wanted:
    """Which rows to show. Days are days in London, both included."""

    by: str | None = None
    action: str | None = None
    subject: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Record:
    """One of many rows to add; the fields are those of `AuditLog.record`."""

    by: str
    action: str
    subject: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


class AuditLog:
    """Adds to the audit, reads it, and checks that the chain holds."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def record(
        self, by: str, action: str, subject: str, before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None, connection: Connection | None = None,
    ) -> None:
        """Add a row. With `connection` it becomes part of that writing transaction, else it is on the disk at once.

        `by` is a staff id, or "command line" or "console". Raises NotDeclared for an action or key that is not declared, and
        ValueError or TypeError for a value that JSON cannot hold.
        """
        one = [Record(by, action, subject, before, after)]
        if connection is not None:
            self.record_many(connection, one)
            return
        with durably(self._engine) as own:
            self.record_many(own, one)

    def record_many(self, connection: Connection, records: Sequence[Record]) -> None:
        """Add many rows to a writing transaction, as `record` adds one. Raises as `record` does."""
        # The lock on the head lets one append in at a time; SQLite has one writer anyway.
        head = connection.execute(sa.select(audit_head).where(audit_head.c.id == 1).with_for_update()).one()
        number, digest, rows = head.number, head.hash, []
        at = self._clock().astimezone(timezone.utc).isoformat(timespec="microseconds")
        for each in records:
            check(each.action, each.before, each.after)
            number += 1
            before, after = written(each.before), written(each.after)
            new = Entry(number, at, each.by[:80], each.action, each.subject[:200], before, after, digest)
            digest = new.digest()
            rows.append({**new.__dict__, "hash": digest})
        if rows:
            connection.execute(sa.insert(audit), rows)
            connection.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(number=number, hash=digest))

    def verify(self) -> Checked:
        """Go through the whole chain and find the first row that was changed, removed or put in."""
        number, previous = 0, NOTHING_BEFORE
        with self._engine.connect() as connection:
            head = connection.execute(sa.select(audit_head).where(audit_head.c.id == 1)).first()
            for entry in _rows(connection):
                number += 1
                problem = _misfit(entry, number, previous)
                if problem:
                    return Checked(number, previous, number, problem)
                previous = entry.hash
        if head is None or head.number > number:
            return Checked(number, previous, number + 1, "rows are missing at the end")
        if head.number == number and head.hash != previous:
            return Checked(number, previous, number, "the last row is not the one that was written last")
        if head.number < number:
            return Checked(number, previous, head.number + 1, "a row was put in")
        return Checked(number, previous)

    def page(self, wanted: Wanted, offset: int, limit: int) -> tuple[list[Entry], int]:
        """Rows of a page, newest first, and how many there are in all."""
        conditions = _conditions(wanted)
        query = sa.select(audit).where(*conditions).order_by(audit.c.number.desc()).offset(offset).limit(limit)
        with self._engine.connect() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(audit).where(*conditions)).scalar()
            return [_entry(row) for row in connection.execute(query)], int(count or 0)

    def count(self) -> int:
        """How many rows there are."""
        with self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(audit)).scalar() or 0)


def _misfit(entry: Entry, number: int, previous: str) -> str:
    if entry.number > number:
        return "a row was taken out"
    if entry.number < number or entry.previous != previous:
        return "a row was taken out, put in, or changed before this one"
    return "" if entry.hash == entry.digest() else "the row was changed, or put in"


def _rows(connection: Connection) -> Iterator[Entry]:
    """All rows in order, a batch at a time."""
    last = -1 << 40
    while True:
        query = sa.select(audit).where(audit.c.number > last).order_by(audit.c.number).limit(_BATCH)
        batch = connection.execute(query).all()
        yield from (_entry(row) for row in batch)
        if len(batch) < _BATCH:
            return
        last = batch[-1].number


def _entry(row: Any) -> Entry:
    return Entry(row.number, row.at, row.by, row.action, row.subject, row.before, row.after, row.previous, row.hash)


def _conditions(wanted: Wanted) -> list[Any]:
    conditions = []
    if wanted.by:
        conditions.append(audit.c.by == wanted.by)
    if wanted.action:
        conditions.append(audit.c.action == wanted.action)
    if wanted.subject:
        conditions.append(audit.c.subject == wanted.subject)
    if wanted.since:
        conditions.append(audit.c.at >= _midnight(wanted.since))
    if wanted.until:
        conditions.append(audit.c.at < _midnight(wanted.until + timedelta(days=1)))
    return conditions


def _midnight(day: date) -> str:
    began = datetime.combine(day, time(), LONDON).astimezone(timezone.utc)
    return began.isoformat(timespec="microseconds")
