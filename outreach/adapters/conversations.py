"""The rows of live conversations: sealed state under a hashed key, forgotten on demand and when idle."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.database import metadata, writing, writing_once
from outreach.clock import naive_utc_now

conversation = sa.Table(
    "conversation",
    metadata,
    sa.Column("row_key", sa.String(64), primary_key=True),
    # A new one for each beginning, so that a turn which started before a conversation was forgotten can't write into
    # the one that began after it.
    sa.Column("generation", sa.String(32), nullable=False),
    sa.Column("sealed_state", sa.LargeBinary, nullable=True),
    sa.Column("sealed_choices", sa.LargeBinary, nullable=True),
    sa.Column("touched_at", sa.DateTime(timezone=False), nullable=False, index=True),
)

# Made once: in a turn they are asked several times, and to put one together takes as long as to have it answered.
_FIND = sa.select(conversation.c.generation, conversation.c.sealed_state, conversation.c.sealed_choices).where(
    conversation.c.row_key == sa.bindparam("key"), conversation.c.touched_at > sa.bindparam("alive_since")
)
SAVE = sa.update(conversation).where(
    conversation.c.row_key == sa.bindparam("key"), conversation.c.generation == sa.bindparam("of")
)
_SAVE_STATE = SAVE.values(sealed_state=sa.bindparam("sealed"), touched_at=sa.bindparam("now"))
_SAVE_CHOICES = SAVE.values(sealed_choices=sa.bindparam("sealed"))
_USE_CHOICES = _SAVE_CHOICES.where(conversation.c.sealed_choices == sa.bindparam("seen"))


@dataclass(frozen=True)
class ConversationRow:
    """What is stored of one conversation. Both blobs are sealed; None until the first turn."""

    generation: str
    sealed_state: bytes | None
    sealed_choices: bytes | None


class Conversations:
    """The table of conversations. A row is made by `begin` alone: saving into a forgotten conversation does nothing,
    so no late turn can bring back what was forgotten."""

    def __init__(self, engine: Engine, idle: timedelta, now: Callable[[], datetime] = naive_utc_now) -> None:
        self._engine = engine
        self._idle = idle
        self._now = now

    def begin(self, key: str, generation: str) -> None:
        """Make an empty conversation, in place of any that has the same key."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(conversation).where(conversation.c.row_key == key))
            connection.execute(sa.insert(conversation).values(row_key=key, generation=generation, touched_at=self._now()))

    def find(self, key: str) -> ConversationRow | None:
        """The conversation with this key, or None when there is none, it was forgotten, or it has idled too long."""
        with self._engine.connect() as connection:
            row = connection.execute(_FIND, {"key": key, "alive_since": self._now() - self._idle}).first()
        return None if row is None else ConversationRow(*row)

    def save_state(self, key: str, generation: str, sealed: bytes) -> bool:
        """Store the state. False, and nothing stored, when the conversation was forgotten since it was read."""
        return self._save(_SAVE_STATE, key=key, of=generation, sealed=sealed, now=self._now())

    def save_choices(self, key: str, generation: str, sealed: bytes) -> bool:
        """Store the choices that the last reply offered. False when the conversation was forgotten."""
        return self._save(_SAVE_CHOICES, key=key, of=generation, sealed=sealed)

    def use_choices(self, key: str, generation: str, seen: bytes, sealed: bytes) -> bool:
        """Store what takes the place of the choices that were `seen`. False, and nothing stored, when they are not there any
        more: of those who come with the same at the same time, in whichever process, one is told True."""
        return self._save(_USE_CHOICES, key=key, of=generation, seen=seen, sealed=sealed)

    def _save(self, statement: sa.sql.Update, **values: object) -> bool:
        with writing_once(self._engine) as connection:
            return bool(connection.execute(statement, values).rowcount)

    def forget(self, key: str) -> None:
        """Delete the conversation; nothing happens when there is none."""
        with writing_once(self._engine) as connection:
            connection.execute(sa.delete(conversation).where(conversation.c.row_key == key))

    def purge_idle(self) -> int:
        """Delete every conversation that has idled too long, and say how many they were."""
        with writing(self._engine) as connection:
            done = connection.execute(sa.delete(conversation).where(conversation.c.touched_at <= self._now() - self._idle))
            return int(done.rowcount)
