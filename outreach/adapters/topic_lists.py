"""Which services each answer offers, in the database. What a list was before stands in the audit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters import database
from outreach.adapters.audit_log import audit
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.editing.signposting import CHANGED, Earlier
from outreach.model import Service, Topic, documents

# As many as anybody would want to go back.
SHOWN = 20


class TopicLists:
    """Reads and changes the lists."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Topic]:
        """Give every list, in the order of the answers."""
        table = database.topic
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(table.c.document).order_by(table.c.position)).all()
        return [documents.topic(row.document) for row in rows]

    def services(self, ids: Sequence[str]) -> Mapping[str, Service]:
        """Give services by id; those that do not exist are left out."""
        return DirectoryRepository(self._engine).services(ids)

    def earlier(self, key: str) -> list[Earlier]:
        """Give what a list was before, the latest change first."""
        changes = sa.select(audit).where(audit.c.action == CHANGED, audit.c.subject == key)
        with self._engine.connect() as connection:
            rows = connection.execute(changes.order_by(audit.c.number.desc()).limit(SHOWN)).all()
        return [Earlier(row.number, datetime.fromisoformat(row.at), row.by, _listed(row.before)) for row in rows]

    @contextmanager
    def changing(self) -> Iterator[TopicChange]:
        """Begin a transaction; it ends with the block, and is undone by an exception."""
        with database.durably(self._engine) as connection:
            yield TopicChange(connection)


def _listed(before: str) -> tuple[str, ...]:
    return tuple(json.loads(before)["services"])


class TopicChange:
    """A transaction that is going to change lists."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def topic(self, key: str) -> Topic | None:
        """Give a list as it is now; nobody else changes it before the transaction ends."""
        table = database.topic
        row = self.connection.execute(sa.select(table.c.document).where(table.c.key == key).with_for_update()).first()
        return documents.topic(row.document) if row else None

    def put(self, topic: Topic, at: datetime) -> None:
        """Let the assistant offer this from its next answer on. `edited_at` keeps the importer's hands off it."""
        table = database.topic
        document = {**asdict(topic), "services": list(topic.services)}
        values = {"document": document, "edited_at": at.astimezone(timezone.utc)}
        self.connection.execute(sa.update(table).where(table.c.key == topic.key).values(**values))
        database.content_changed(self.connection)
