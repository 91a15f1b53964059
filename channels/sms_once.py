"""A text that the carrier sends twice is answered once: the repeat gets the same reply, and no second turn."""
from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b

from outreach.adapters.repeats import Claim, Repeats
from outreach.adapters.shared import Gone
from outreach.privacy import capability

logger = logging.getLogger(__name__)

# A reply can be repeated for so long. After that the text is still known, and gets none.
REPLY_SECONDS = 600.0
_MOST = 20_000
# How long a repeat waits for the reply of another process, and how often it looks.
_WAIT_SECONDS = 9.5
_LOOK_SECONDS = 0.05
_FORGET_AGAIN_SECONDS = 1.0

Make = Callable[[], Awaitable[list[str]]]


@dataclass
class _Answered:
    owner: str
    at: float
    turn: asyncio.Task[list[str]] | None
    sealed: bytes | None = None
    forgotten: bool = False
    # Whether Redis knows it: then nothing is kept here.
    shared: bool = False


class Once:
    """What was answered lately: texts by a hash of their id, replies sealed with the sender's secret.

    It is kept in memory, or, with `repeats`, in the Redis that several processes share.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, repeats: Repeats | None = None) -> None:
        self._clock = clock
        self._repeats = repeats
        self._answered: OrderedDict[str, _Answered] = OrderedDict()
        # Held so that they are not collected as garbage.
        self._forgetting: set[asyncio.Task[None]] = set()

    async def answer(self, message: str, sender: str, make: Make) -> list[str]:
        """What `make` gives for this message, which it is asked for once. Two at the same time wait for the same turn.

        The turn goes on when whoever asked hangs up.
        """
        self._clear_old()
        # With the sender: what one was answered is sealed with their own secret, and no concern of another.
        owner = capability.row_key(sender)
        name = blake2b(f"{owner} {message}".encode(), digest_size=16, person=b"sms-once").hexdigest()
        entry = self._answered.get(name)
        if entry is None:
            entry = self._answered[name] = _Answered(owner, self._clock(), None)
            entry.turn = asyncio.ensure_future(self._turn(entry, name, sender, make))
            entry.turn.add_done_callback(lambda done, kept=entry: self._over(kept, name, sender, done))  # type: ignore[misc]
        if entry.turn is not None:
            return list(await asyncio.shield(entry.turn))
        return _unsealed(sender, entry.sealed)

    def forget(self, sender: str) -> None:
        """Forget every reply to this sender; the texts are still known, so that a repeat begins nothing."""
        owner = capability.row_key(sender)
        for entry in self._answered.values():
            if entry.owner == owner:
                entry.forgotten, entry.sealed = True, None
        if self._repeats is not None:
            # Whoever leaves does not wait for this.
            task = asyncio.ensure_future(self._forget_shared(self._repeats, owner))
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    async def _forget_shared(self, repeats: Repeats, owner: str) -> None:
        """Tried until there is nothing left to forget."""
        for _ in range(int(REPLY_SECONDS / _FORGET_AGAIN_SECONDS)):
            try:
                await repeats.forget(owner)
                return
            except Gone:
                await asyncio.sleep(_FORGET_AGAIN_SECONDS)

    async def _turn(self, entry: _Answered, name: str, sender: str, make: Make) -> list[str]:
        """The reply: made here, or by the process that was first."""
        repeats = self._repeats
        if repeats is None:
            return await make()
        try:
            claim = await self._claimed(repeats, name, entry.owner)
        except Gone:
            return await make()
        if not claim.mine:
            entry.shared = True
            return _unsealed(sender, claim.sealed)
        reply: list[str] | None = None
        try:
            async with repeats.answering(name):
                reply = await make()
            return reply
        finally:
            sealed = b"" if reply is None or entry.forgotten else capability.seal(sender, json.dumps(reply).encode())
            try:
                await repeats.finish(name, entry.owner, claim, sealed)
                entry.shared = True
            except Gone:
                logger.warning("a reply is known to this process alone")

    async def _claimed(self, repeats: Repeats, name: str, owner: str) -> Claim:
        """The text as ours, or its reply; waits for whoever is answering it. One who takes too long has no reply to repeat."""
        until = asyncio.get_running_loop().time() + _WAIT_SECONDS
        while True:
            claim = await repeats.claim(name, owner)
            if claim.mine or claim.done or asyncio.get_running_loop().time() >= until:
                return claim
            await asyncio.sleep(_LOOK_SECONDS)

    def _over(self, entry: _Answered, name: str, sender: str, done: asyncio.Task[list[str]]) -> None:
        entry.turn = None
        if entry.shared:
            self._answered.pop(name, None)
        elif not done.cancelled() and done.exception() is None and not entry.forgotten:
            entry.sealed = capability.seal(sender, json.dumps(done.result()).encode())

    def _clear_old(self) -> None:
        now = self._clock()
        for entry in self._answered.values():
            if now - entry.at <= REPLY_SECONDS:
                break
            entry.sealed = None
        while len(self._answered) > _MOST:
            self._answered.popitem(last=False)


def _unsealed(sender: str, sealed: bytes | None) -> list[str]:
    return list(json.loads(capability.unseal(sender, sealed))) if sealed else []
