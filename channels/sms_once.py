"""A text that the carrier sends twice is answered once: the repeat gets the same reply, and no second turn."""
from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b

from outreach.privacy import capability

# A reply can be repeated for so long. After that the text is still known, and gets none.
REPLY_SECONDS = 600.0
_MOST = 20_000


@dataclass
class _Answered:
    owner: str
    at: float
    turn: asyncio.Task[list[str]] | None
    sealed: bytes | None = None
    forgotten: bool = False


class Once:
    """What was answered lately, in memory: texts by a hash of their id, replies sealed with the sender's secret."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered: OrderedDict[str, _Answered] = OrderedDict()

    async def answer(self, message: str, sender: str, make: Callable[[], Awaitable[list[str]]]) -> list[str]:
        """What `make` gives for this message, which it is asked for once. Two at the same time wait for the same turn.

        The turn goes on when whoever asked hangs up.
        """
        self._clear_old()
        # With the sender: what one was answered is sealed with their own secret, and no concern of another.
        owner = capability.row_key(sender)
        name = blake2b(f"{owner} {message}".encode(), digest_size=16, person=b"sms-once").hexdigest()
        entry = self._answered.get(name)
        if entry is None:
            turn = asyncio.ensure_future(_awaited(make))
            entry = self._answered[name] = _Answered(owner, self._clock(), turn)
            turn.add_done_callback(lambda done, kept=entry: _seal(kept, sender, done))  # type: ignore[misc]
        if entry.turn is not None:
            return list(await asyncio.shield(entry.turn))
        return list(json.loads(capability.unseal(sender, entry.sealed))) if entry.sealed else []

    def forget(self, sender: str) -> None:
        """Forget every reply to this sender; the texts are still known, so that a repeat begins nothing."""
        owner = capability.row_key(sender)
        for entry in self._answered.values():
            if entry.owner == owner:
                entry.forgotten, entry.sealed = True, None

    def _clear_old(self) -> None:
        now = self._clock()
        for entry in self._answered.values():
            if now - entry.at <= REPLY_SECONDS:
                break
            entry.sealed = None
        while len(self._answered) > _MOST:
            self._answered.popitem(last=False)


async def _awaited(make: Callable[[], Awaitable[list[str]]]) -> list[str]:
    return await make()


def _seal(entry: _Answered, sender: str, done: asyncio.Task[list[str]]) -> None:
    entry.turn = None
    if not done.cancelled() and done.exception() is None and not entry.forgotten:
        entry.sealed = capability.seal(sender, json.dumps(done.result()).encode())
