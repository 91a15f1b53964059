"""The rows of conversations by text message: the same table as the web's, with their own idle time."""
from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.conversations import SAVE, Conversations, conversation
from outreach.adapters.database import writing
from outreach.clock import naive_utc_now

# The generation of what was emptied late, followed by when its person had left: milliseconds since 1970, in hexadecimal.
_EMPTIED, _DIGITS = "left", 12
_KEEP = SAVE.values(sealed_choices=sa.bindparam("sealed"), touched_at=sa.bindparam("now"))


class TextConversations(Conversations):
    """Conversations that are forgotten after `idle`, in a table where all others are after `common_idle`.

    Their rows are dated earlier by the difference, so that whoever deletes idle rows deletes these in time and needs to
    know nothing about them.
    """

    def __init__(
        self, engine: Engine, idle: timedelta, common_idle: timedelta, now: Callable[[], datetime] = naive_utc_now
    ) -> None:
        super().__init__(engine, idle, lambda: now() - (common_idle - idle))

    def empty(self, key: str, left_at: float) -> str:
        """Forget what is kept, long after its person left (in seconds since 1970), and leave word of that; a new generation.

        A turn that is running then, in whatever process, saves nothing, as when the row is deleted. But it can see that its
        text came after the leaving, and wants an answer. `forget_emptied` deletes the row when none can run any more.
        """
        generation = f"{_EMPTIED}{max(0, round(left_at * 1000)):0{_DIGITS}x}{secrets.token_hex(8)}"
        nothing = {"generation": generation, "sealed_state": None, "sealed_choices": None}
        with writing(self._engine) as connection:
            connection.execute(sa.update(conversation).where(conversation.c.row_key == key).values(nothing))
        return generation

    def forget_emptied(self, key: str, generation: str) -> None:
        """Delete what was emptied, unless it has begun anew since."""
        row = conversation.c
        with writing(self._engine) as connection:
            connection.execute(sa.delete(conversation).where(row.row_key == key, row.generation == generation))

    def left_before(self, key: str, moment: float) -> bool:
        """Whether this was emptied late, because its person had left before this moment."""
        row = self.find(key)
        if row is None or not row.generation.startswith(_EMPTIED):
            return False
        return int(row.generation[len(_EMPTIED):][:_DIGITS], 16) < moment * 1000

    def keep(self, key: str, generation: str, sealed: bytes) -> bool:
        """Store what is kept of the thread, and date the row. False when the conversation was forgotten meanwhile."""
        return self._save(_KEEP, key=key, of=generation, sealed=sealed, now=self._now())
