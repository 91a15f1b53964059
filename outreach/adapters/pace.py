"""How much somebody asks for: so many in a window that moves along, in one process or in several that share a Redis."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from outreach.adapters.shared import Gone, Shared

# Those who have not come for a while are dropped once in so many times.
_SWEEP_EVERY = 1_000

# Redis's own clock is asked, as those of the processes may differ. A time to come is one from before its clock was set back.
_MAY = """
local now, most, seconds = tonumber(redis.call('time')[1]), tonumber(ARGV[1]), tonumber(ARGV[2])
local newest = tonumber(redis.call('lindex', KEYS[1], 0) or '0')
if newest > now then redis.call('del', KEYS[1]) end
local oldest = redis.call('lindex', KEYS[1], most - 1)
if oldest and tonumber(oldest) > now - seconds then return 0 end
redis.call('lpush', KEYS[1], now)
redis.call('ltrim', KEYS[1], 0, most - 1)
redis.call('expire', KEYS[1], math.ceil(seconds) + 1)
return 1
"""


class Pace:
    """Counts, and says when it is too much. What is refused is not counted.

    While Redis is gone, each process counts for itself.
    """

    def __init__(self, shared: Shared | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        # For each name: when the window of its latest is over, and the times.
        self._times: dict[tuple[str, str], tuple[float, deque[float]]] = {}
        self._until_sweep = _SWEEP_EVERY

    async def may(self, what: str, who: str, most: int, seconds: float) -> bool:
        """Whether `who` may do this once more, when `most` in so many seconds are allowed. Counts it."""
        if self._shared is not None:
            try:
                name = f"outreach:pace:{what}:{self._shared.hidden(who)}"
                return bool(await self._shared.run(_MAY, [name], most, seconds))
            except Gone:
                pass
        return self._may_here((what, who), most, seconds)

    def _may_here(self, name: tuple[str, str], most: int, seconds: float) -> bool:
        now = self._clock()
        self._sweep(now)
        times = self._times.get(name, (0.0, deque[float]()))[1]
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        self._times[name] = (now + seconds, times)
        return True

    def _sweep(self, now: float) -> None:
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._times = {name: kept for name, kept in self._times.items() if kept[0] > now}
        self._until_sweep = max(_SWEEP_EVERY, len(self._times))
