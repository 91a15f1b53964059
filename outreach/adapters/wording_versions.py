"""Every version of staff's wording: reading them, and changing them in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters.database import take_turn, wording, writing
from outreach.model.wording import OPEN, PUBLISHED, WordingVersion

_ONE_PUBLISHED_OR_OPEN = (PUBLISHED, *OPEN)


class WordingVersions:
    """The versions as staff see them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def history(self, key: str) -> list[WordingVersion]:
        """All versions of a reply on all channels, newest first."""
        query = sa.select(wording).where(wording.c.key == key).order_by(wording.c.version.desc(), wording.c.channel)
        with self._engine.connect() as connection:
            return [_version(row) for row in connection.execute(query)]

    def current(self) -> list[WordingVersion]:
        """What is published and what is being worked on, of all replies; newest first."""
        query = sa.select(wording).where(wording.c.status.in_(_ONE_PUBLISHED_OR_OPEN)).order_by(wording.c.version.desc())
        with self._engine.connect() as connection:
            return [_version(row) for row in connection.execute(query)]

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """One transaction of changes; nobody else changes wording meanwhile."""
        with writing(self._engine) as connection:
            take_turn(connection)
            yield Change(connection)


class Change:
    """Changes within one transaction. `connection` is for what belongs into the same one."""

    def __init__(self, connection: Connection) -> None:
        self.connection: Any = connection

    def versions(self, key: str) -> list[WordingVersion]:
        """All versions of a reply, newest first."""
        query = sa.select(wording).where(wording.c.key == key).order_by(wording.c.version.desc(), wording.c.channel)
        return [_version(row) for row in self.connection.execute(query)]

    def add(self, version: WordingVersion) -> None:
        """Keep a new version."""
        values = {**version.__dict__, "buttons": None if version.buttons is None else list(version.buttons)}
        self.connection.execute(sa.insert(wording).values(**values))

    def mark(self, version: WordingVersion, **values: Any) -> None:
        """Change what became of a version: its status, who, when, note. Never its words."""
        self.connection.execute(
            sa.update(wording)
            .where(wording.c.key == version.key, wording.c.channel == version.channel, wording.c.version == version.version)
            .values(**values)
        )


def _version(row: Any) -> WordingVersion:
    buttons = None if row.buttons is None else tuple(row.buttons)
    return WordingVersion(
        row.key, row.channel, row.version, row.text, buttons, row.status, row.made_by, _utc(row.made_at), row.note,
        row.published_by, _utc(row.published_at), row.ended_by, _utc(row.ended_at),
    )  # fmt: skip


def _utc(moment: datetime | None) -> datetime | None:
    """SQLite gives back what it was given without its zone."""
    return moment.replace(tzinfo=timezone.utc) if moment is not None and moment.tzinfo is None else moment
