"""Counts that could tell on somebody, held back until they can't (docs/adr/0019-watching.md)."""
from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from outreach.reporting.asked import FEWEST

# The values of a metric's labels, in their order.
Labels = tuple[str, ...]


class Held:
    """Counts that come out together, once in a while and in fives: neither a moment nor a single message can be seen.

    `every` is how long they are held: they come out when a stretch of that length, counted from the epoch, is over.
    """

    def __init__(self, cells: Iterable[Labels], every: timedelta, clock: Callable[[], float] = time.time) -> None:
        self._seconds = every.total_seconds()
        self._clock = clock
        self._counts: Counter[Labels] = Counter()
        self._out: dict[Labels, int] = dict.fromkeys(cells, 0)
        self._stretch = self._now()
        # Counted in the event loop, asked for in the thread that serves.
        self._lock = threading.Lock()

    def add(self, cell: Labels) -> None:
        """Count one. Raises KeyError for a cell that was not named at the beginning."""
        with self._lock:
            if cell not in self._out:
                raise KeyError(cell)
            self._let_out()
            self._counts[cell] += 1

    def shown(self) -> Mapping[Labels, int]:
        """What may be seen of each count: it never goes down."""
        with self._lock:
            self._let_out()
            return dict(self._out)

    def _now(self) -> int:
        return int(self._clock() // self._seconds)

    def _let_out(self) -> None:
        if self._now() != self._stretch:
            self._stretch = self._now()
            for cell, number in self._counts.items():
                self._out[cell] = number - number % FEWEST
