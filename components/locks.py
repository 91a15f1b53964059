"""One turn at a time for each conversation, without Rasa's wait of a whole second for whoever comes second."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore


class ConversationLocks(LockStore):
    """Locks in the memory of one process: first come, first served, and the next is woken at once."""

    def __init__(self, endpoint_config: Any = None, **_: Any) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock. Raises `LockError` after `lock_lifetime` seconds of waiting."""
        lock = self._locks.get(conversation_id)
        if lock is None:
            lock = self._locks[conversation_id] = asyncio.Lock()
        try:
            await asyncio.wait_for(lock.acquire(), lock_lifetime)
        except asyncio.TimeoutError:
            raise LockError("the turn before this one took too long") from None
        try:
            yield TicketLock(conversation_id)
        finally:
            lock.release()
