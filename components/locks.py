"""One turn at a time for each conversation, without Rasa's wait of a whole second for whoever comes second."""
from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore

from outreach import bootstrap
from outreach.adapters.turn_locks import Busy, TurnLocks


class ConversationLocks(LockStore):
    """Rasa's lock store: what `TurnLocks` does, under Rasa's names."""

    def __init__(self, endpoint_config: Any = None, locks: TurnLocks | None = None, **_: Any) -> None:
        self._locks = locks or bootstrap.turn_locks("turn")

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock. Raises `LockError` after `lock_lifetime` seconds of waiting."""
        try:
            async with self._locks.hold(conversation_id, lock_lifetime):
                yield TicketLock(conversation_id)
        except Busy:
            raise LockError("the turn before this one took too long") from None
