"""The rows of conversations by text message: the same table as the web's, with their own idle time."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from outreach.adapters.conversations import Conversations
from outreach.clock import naive_utc_now


class TextConversations(Conversations):
    """Conversations that are forgotten after `idle`, in a table where all others are after `common_idle`.

    Their rows are dated earlier by the difference, so that whoever deletes idle rows deletes these in time and needs to
    know nothing about them.
    """

    def __init__(
        self, engine: Engine, idle: timedelta, common_idle: timedelta, now: Callable[[], datetime] = naive_utc_now
    ) -> None:
        super().__init__(engine, idle, lambda: now() - (common_idle - idle))

    def keep(self, key: str, generation: str, sealed: bytes) -> bool:
        """Store what is kept of the thread, and date the row. False when the conversation was forgotten meanwhile."""
        return self._update(key, generation, sealed_choices=sealed, touched_at=self._now())
