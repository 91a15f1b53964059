"""How many texts are answered: of one number in an hour, and of all in a minute. Kept in memory, under the senders' ids."""
from __future__ import annotations

from enum import Enum

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from outreach.privacy import capability


class May(Enum):
    """What becomes of a text."""

    ANSWER = "answer"
    EXPLAIN = "explain"
    KEEP_SILENT = "keep silent"


class TextLimits:
    """The limits of the text channel."""

    def __init__(self, per_number_per_hour: int, per_minute_in_all: int) -> None:
        # The limiter keeps a weak reference only.
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._per_number = RateLimitItemPerHour(per_number_per_hour)
        self._in_all = RateLimitItemPerMinute(per_minute_in_all)
        self._explained = RateLimitItemPerHour(1)

    def may(self, sender: str) -> May:
        """Whether a text of this sender is answered. Counts it. Too many are explained once in an hour, then met by silence."""
        who = capability.row_key(sender)
        # One number's flood does not use up what all have together.
        if self._limiter.hit(self._per_number, "number", who) and self._limiter.hit(self._in_all, "all"):
            return May.ANSWER
        return May.EXPLAIN if self._limiter.hit(self._explained, "explained", who) else May.KEEP_SILENT
