"""Redis, as what several assistants share: asked within a moment or not at all, so that nobody waits because it is gone.

Nothing that is kept there outlives it by need: without it each process goes on with its own memory.
"""
from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, TypeVar

import redis.asyncio
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
# How long an answer may take, and for how long nobody asks again once one did not come.
SECONDS = 0.3
PAUSE = 1.0
# Connections that are in use at once; whoever comes later waits for one of them.
CONNECTIONS = 32
# An answer that has come is read even by a process that was busy all the time: only when several looks in a row find
# none, there is none.
_LOOKS = 3


class Gone(Exception):
    """Redis cannot be asked now."""


class Shared:
    """One Redis. After a failure nobody asks for a moment; then one does, and when that goes well, all do."""

    def __init__(
        self, url: str, seconds: float = SECONDS, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic,
        key: bytes = b"",
    ) -> None:
        """`key` hides who is named in Redis; every process that shares it has the same. At most 64 bytes."""
        self._client: Any = redis.asyncio.Redis.from_url(url)
        self._seconds = seconds
        self._pause = pause
        self._clock = clock
        self._key = key
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._scripts: dict[str, Any] = {}
        self._failed = False
        self._again_at = 0.0
        self._trying = False

    def hidden(self, who: str) -> str:
        """A keyed hash: an address could be found again from a plain one, by trying them all."""
        return blake2b(who.encode(), key=self._key, digest_size=16, person=b"shared-who").hexdigest()

    async def run(self, script: str, keys: list[str], *arguments: str | bytes | float) -> Any:
        """What a Lua script gives. Raises `Gone`."""
        if script not in self._scripts:
            self._scripts[script] = self._client.register_script(script)
        return await self.ask(lambda client: self._scripts[script](keys=keys, args=list(arguments)))

    async def ask(self, do: Callable[[Any], Awaitable[Result]], longer: float = 0.0) -> Result:
        """What `do` gives with the client. `longer`: for so many seconds more it may well take. Raises `Gone`."""
        if not self._may_ask():
            raise Gone
        async with self._room:
            trying = self._failed
            if not self._may_ask():
                raise Gone
            self._trying = trying
            try:
                result = await _within(asyncio.ensure_future(do(self._client)), self._seconds + longer)
            except (RedisError, OSError, asyncio.TimeoutError, ValueError) as error:
                self._failed_with(error)
                raise Gone from None
            finally:
                self._trying = False
        self._went_well()
        return result

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close(close_connection_pool=True)

    def _may_ask(self) -> bool:
        return not self._failed or (self._clock() >= self._again_at and not self._trying)

    def _failed_with(self, error: Exception) -> None:
        if not self._failed:
            logger.error("Redis is gone (%s); each process goes on with its own memory", type(error).__name__)
        self._failed, self._again_at = True, self._clock() + self._pause

    def _went_well(self) -> None:
        if self._failed:
            logger.warning("Redis is back")
        self._failed = False


async def _within(asked: asyncio.Future[Result], seconds: float) -> Result:
    """The result, unless it takes longer. Raises `asyncio.TimeoutError`; what was asked is then given up."""
    try:
        for _ in range(_LOOKS):
            done, _waiting = await asyncio.wait({asked}, timeout=seconds / _LOOKS)
            if done:
                return asked.result()
        raise asyncio.TimeoutError
    finally:
        asked.cancel()
