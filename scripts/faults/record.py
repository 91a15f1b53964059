"""What was said and what came of it, moment by moment."""
from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from scripts.faults.hearing import SILENCE_SECONDS, Came


@dataclass(frozen=True)
class Said:
    """One thing that somebody said. `at` is when the answer was there, `took` the seconds that it took to come.

    `about` is `danger`, `exit`, `services`, `form` and the like: never what was said.
    """

    at: float
    took: float
    door: str
    about: str
    came: Came
    status: int = 200
    note: str = ""


@dataclass(frozen=True)
class Filled:
    """A form that somebody filled in. `name` is in no other; `reference` is what they were told, if they were."""

    name: str
    said_yes: bool
    reference: str | None


@dataclass
class Record:
    """Everything that was heard. Written by the crowd's thread, read by the one that breaks things."""

    said: list[Said] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, said: Said) -> None:
        """Take note of what came."""
        with self._lock:
            self.said.append(said)

    def add_form(self, filled: Filled) -> None:
        """Take note of a form."""
        with self._lock:
            self.filled.append(filled)

    def between(self, start: float, end: float) -> list[Said]:
        """What was answered in this time, by `time.monotonic`."""
        with self._lock:
            return [each for each in self.said if start <= each.at < end]

    def forms(self) -> list[Filled]:
        """The forms so far."""
        with self._lock:
            return list(self.filled)


def now() -> float:
    """The clock of the record: nobody can set it back."""
    return time.monotonic()


def counted(said: list[Said]) -> Counter[Came]:
    """How often each came."""
    return Counter(Came.SILENCE if each.took > SILENCE_SECONDS else each.came for each in said)


def longest(said: list[Said]) -> float:
    """The longest that anybody waited, in seconds."""
    return max((each.took for each in said), default=0.0)


def percentile(said: list[Said], of_a_hundred: float) -> float:
    """The wait that so many of a hundred did not exceed, in seconds."""
    ordered = sorted(each.took for each in said)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of_a_hundred / 100))] if ordered else 0.0
