"""Counts what each turn was about, after its answer has gone: the topic, never the words (docs/adr/0014-counts.md).

Nothing here may hold up a turn or break one. Counts wait in memory and are written every so often, in a thread.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rasa.core.agent import Agent

from channels.turns import NOT_UNDERSTOOD, Reply
from outreach.adapters.question_counts import QuestionCounts
from outreach.reporting.counting import BROKEN, NO_AREA, OUTSIDE, Tally, counted, keeps_area, today

logger = logging.getLogger(__name__)

WRITE_EVERY = timedelta(seconds=60)
# Long enough for the answer to be on its way first.
_AFTERWARDS = 0.2


class Counting:
    """Counts the turns of one channel."""

    def __init__(self, agent: Agent, channel: str, tally: Tally) -> None:
        self._agent = agent
        self._channel = channel
        self._tally = tally
        # Held so that they are not collected as garbage.
        self._running: set[asyncio.Task[None]] = set()

    def turn_over(self, sender_id: str, replies: Sequence[Reply], parsed: Mapping[str, Any] | None) -> None:
        """Have a turn counted in a moment. Never raises."""
        try:
            intent, guess = _understood(parsed or {})
            found = counted([reply.response for reply in replies], intent, guess)
            if found:
                task = asyncio.ensure_future(self._count(sender_id, found))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        except Exception as error:  # noqa: BLE001 - a count is worth nobody's answer
            logger.error("a turn could not be counted: %s", type(error).__name__)

    async def _count(self, sender_id: str, found: list[tuple[str, str]]) -> None:
        await asyncio.sleep(_AFTERWARDS)
        area = NO_AREA
        try:
            # After something broke, what may be broken is not asked again.
            if any(keeps_area(topic) for topic, _ in found) and all(outcome != BROKEN for _, outcome in found):
                area = self._area(sender_id)
        except Exception as error:  # noqa: BLE001 - the area is then not known
            logger.error("an area could not be counted: %s", type(error).__name__)
        for topic, outcome in found:
            self._tally.add(self._channel, topic, outcome, area)

    def _area(self, sender_id: str) -> str:
        kept = self._agent.tracker_store.slot_values(sender_id, ("area", "district"))
        if "area" in kept:
            return str(kept["area"])
        return OUTSIDE if "district" in kept else NO_AREA


def _understood(parsed: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The intent, and the one that came nearest where nothing was understood."""
    intent = (parsed.get("intent") or {}).get("name")
    ranking = [each.get("name") for each in parsed.get("intent_ranking") or []]
    nearest = next((name for name in ranking if name and name != NOT_UNDERSTOOD), None)
    return intent, nearest if intent == NOT_UNDERSTOOD else intent


class Writing:
    """Writes the counts every so often, and forgets old ones once a day."""

    def __init__(self, tally: Tally, counts: QuestionCounts, keep: timedelta, day: Callable[[], date] = today) -> None:
        self._tally = tally
        self._counts = counts
        self._keep = keep
        self._day = day
        self._forgot: date | None = None

    async def go_on(self) -> None:
        """Write until the server stops."""
        while True:
            await asyncio.sleep(WRITE_EVERY.total_seconds())
            await asyncio.get_running_loop().run_in_executor(None, self.write)

    def write(self) -> None:
        """Write what waits. Never raises: what could not be written waits for the next time."""
        taken = self._tally.take()
        try:
            if taken:
                self._counts.add(taken)
                taken = {}
            if self._forgot != self._day():
                self._counts.forget_before(self._day() - self._keep)
                self._forgot = self._day()
        except Exception as error:  # noqa: BLE001 - tried again in a minute
            logger.error("counts could not be written: %s", type(error).__name__)
            self._tally.put_back(taken)
