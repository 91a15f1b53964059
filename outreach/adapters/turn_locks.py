"""One at a time for each conversation, in one process or in several that share a Redis (docs/adr/0016-several-workers.md)."""
from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from outreach.adapters.shared import Gone, Shared
from outreach.privacy import capability

# A process that was killed holds up its conversations for so long; one that lives renews in time.
LEASE_SECONDS = 5.0
_RENEW_SECONDS = 1.5
# Whoever waits is woken by whoever lets go, and looks for itself so often.
_LOOK_SECONDS = 0.2
# So many wait for being woken, each on a connection of its own; more just look more often.
_WAITING = 12
_LOOK_OFTEN_SECONDS = 0.05

# What this process holds already it gets again: within a process there is a lock of its own before this one.
_TAKE = """
local held = redis.call('get', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LET_GO = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('del', KEYS[1])
redis.call('del', KEYS[2])
redis.call('rpush', KEYS[2], '1')
redis.call('pexpire', KEYS[2], 1000)
return 1
"""


class Busy(Exception):
    """Whoever was before took too long."""


class TurnLocks:
    """Locks by a conversation's secret. First come, first served within a process, and the next is woken at once.

    Without a Redis, or while it is gone, the lock is the process's own. In Redis stand a hash of the secret and who holds it.
    """

    def __init__(self, what: str, shared: Shared | None = None, lease: float = LEASE_SECONDS) -> None:
        self._what = what
        self._shared = shared
        self._lease = lease
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._me = secrets.token_hex(16)
        self._waiting = asyncio.Semaphore(_WAITING)
        # Held so that they are not collected as garbage.
        self._letting_go: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def hold(self, secret: str, seconds: float) -> AsyncGenerator[None, None]:
        """Hold the conversation's lock. Raises `Busy` after so many seconds of waiting."""
        until = asyncio.get_running_loop().time() + seconds
        lock = self._locks.get(secret)
        if lock is None:
            lock = self._locks[secret] = asyncio.Lock()
        try:
            await asyncio.wait_for(lock.acquire(), seconds)
        except asyncio.TimeoutError:
            raise Busy from None
        if self._shared is None:
            try:
                yield
            finally:
                lock.release()
            return
        name = f"outreach:{self._what}:{capability.row_key(secret)}"
        holding: asyncio.Task[None] | None = None
        try:
            await self._take(self._shared, name, until)
            holding = asyncio.ensure_future(self._go_on_holding(self._shared, name))
            yield
        finally:
            # Nobody's answer waits for this.
            task = asyncio.ensure_future(self._let_go(self._shared, name, lock, holding))
            self._letting_go.add(task)
            task.add_done_callback(self._letting_go.discard)

    async def _take(self, shared: Shared, name: str, until: float) -> None:
        with contextlib.suppress(Gone):
            while not await shared.run(_TAKE, [name], self._me, int(self._lease * 1000)):
                if asyncio.get_running_loop().time() >= until:
                    raise Busy
                await self._until_woken(shared, name)

    async def _until_woken(self, shared: Shared, name: str) -> None:
        if self._waiting.locked():
            await asyncio.sleep(_LOOK_OFTEN_SECONDS)
            return
        async with self._waiting:
            await shared.ask(lambda client: client.blpop([_free(name)], timeout=_LOOK_SECONDS), longer=_LOOK_SECONDS)

    async def _go_on_holding(self, shared: Shared, name: str) -> None:
        while True:
            await asyncio.sleep(self._lease * _RENEW_SECONDS / LEASE_SECONDS)
            with contextlib.suppress(Gone):
                await shared.run(_TAKE, [name], self._me, int(self._lease * 1000))

    async def _let_go(self, shared: Shared, name: str, lock: asyncio.Lock, holding: asyncio.Task[None] | None) -> None:
        try:
            if holding is not None:
                holding.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await holding
            with contextlib.suppress(Gone):
                await shared.run(_LET_GO, [name, _free(name)], self._me)
        finally:
            lock.release()


def _free(name: str) -> str:
    return f"{name}:free"
