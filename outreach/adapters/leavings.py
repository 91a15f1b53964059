"""When somebody left by text, for as long as a text that they sent before may still be waiting for its turn.

Texts of one person come to several processes. With a Redis all of them know it: there stand a keyed hash and a time.
"""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from outreach.adapters.shared import Gone, Shared

# Clocks of machines differ by less.
CLOCKS_DIFFER_SECONDS = 5.0

_NOTE = "redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])"
_LAST = "return redis.call('get', KEYS[1])"


class Leavings:
    """Remembers leavings for `keep_seconds`. `clock` gives seconds since 1970, as the times that come in are."""

    def __init__(self, keep_seconds: float, shared: Shared | None = None, clock: Callable[[], float] = time.time) -> None:
        self._keep_seconds = keep_seconds
        self._shared = shared
        self._clock = clock
        self._left: dict[str, float] = {}

    def note(self, key: str, at: float) -> None:
        """Somebody left just now or a while ago; this process knows it at once."""
        self._left[key] = at

    async def tell(self, key: str, at: float) -> None:
        """Let every other process know it. Without its Redis they don't."""
        if self._shared is not None:
            with contextlib.suppress(Gone):
                await self._shared.run(_NOTE, [self._name(key)], repr(at), int(self._keep_seconds * 1000))

    async def left_since(self, key: str, moment: float) -> bool:
        """Whether they left after this moment, at which their text came.

        A leaving that the clock has not come to yet was before it was put back: whoever texts then is answered.
        """
        now = self._clock()
        latest = max(now, moment) + CLOCKS_DIFFER_SECONDS
        self._left = {known: when for known, when in self._left.items() if now - self._keep_seconds < when <= latest}
        if self._left.get(key, moment) > moment:
            return True
        if self._shared is not None:
            with contextlib.suppress(Gone):
                found = await self._shared.run(_LAST, [self._name(key)])
                return found is not None and moment < float(found) <= latest
        return False

    def _name(self, key: str) -> str:
        return f"outreach:left-at:{self._shared.hidden(key) if self._shared else key}"
