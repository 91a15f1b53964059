"""How many texts are answered: of one number in an hour, and of all in a minute. Kept under hashes of the senders' ids."""
from __future__ import annotations

from enum import Enum

from outreach.adapters.pace import Limit, Pace
from outreach.privacy import capability

_MINUTE, _HOUR = 60.0, 3600.0


class May(Enum):
    """What becomes of a text."""

    ANSWER = "answer"
    EXPLAIN = "explain"
    KEEP_SILENT = "keep silent"


class TextLimits:
    """The limits of the text channel."""

    def __init__(self, per_number_per_hour: int, per_minute_in_all: int, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._per_number = per_number_per_hour
        self._in_all = per_minute_in_all

    async def may(self, sender: str) -> May:
        """Whether a text of this sender is answered. Counts it. Too many are explained once in an hour, then met by silence."""
        who = capability.row_key(sender)
        # One number's flood does not use up what all have together.
        if await self._pace.may_by_all(Limit("number", who, self._per_number, _HOUR), Limit("all", "", self._in_all, _MINUTE)):
            return May.ANSWER
        return May.EXPLAIN if await self._pace.may("explained", who, 1, _HOUR) else May.KEEP_SILENT
