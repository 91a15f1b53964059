"""How much somebody asks for: so many in a window that moves along, in one process or in several that share a Redis."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from outreach.adapters.shared import Gone, Shared

# Those who have not come for a while are dropped once in so many times.
_SWEEP_EVERY = 1_000

# Redis's own clock is asked, as those of the processes may differ. A time to come is one from before its clock was set back.
_MAY = """
local now = tonumber(redis.call('time')[1])
for i, name in ipairs(KEYS) do
  local most, seconds = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local newest = tonumber(redis.call('lindex', name, 0) or '0')
  if newest > now then redis.call('del', name) end
  local oldest = redis.call('lindex', name, most - 1)
  if oldest and tonumber(oldest) > now - seconds then return 0 end
  redis.call('lpush', name, now)
  redis.call('ltrim', name, 0, most - 1)
  redis.call('expire', name, math.ceil(seconds) + 1)
end
return 1
"""


class Limit(NamedTuple):
    """`who` may do `what` so many times at `most` in so many seconds."""

    what: str
    who: str
    most: int
    seconds: float


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
        return await self.may_by_all(Limit(what, who, most, seconds))

    async def may_by_all(self, *limits: Limit) -> bool:
        """Whether each of these limits lets this be done once more. What one refuses counts for those before it alone.

        Redis is asked once for all of them.
        """
        if self._shared is not None:
            try:
                names = [f"outreach:pace:{each.what}:{self._shared.hidden(each.who)}" for each in limits]
                bounds = [bound for each in limits for bound in (each.most, each.seconds)]
                return bool(await self._shared.run(_MAY, names, *bounds))
            except Gone:
                pass
        return all(self._may_here((each.what, each.who), each.most, each.seconds) for each in limits)

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
