"""What a turn counts as, and the counts that wait to be written.

A count knows a topic, an area, a channel, a day and an outcome. It knows no words, no conversation and no time of day.
"""
from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from outreach.understanding.catalogue import CATALOGUE, SAFETY

LONDON = ZoneInfo("Europe/London")
ANSWERED, NOT_UNDERSTOOD, OUT_OF_SCOPE, BROKEN = "answered", "not_understood", "out_of_scope", "broken"
# Of these is asked what people wanted and did not get.
NOT_ANSWERED = (NOT_UNDERSTOOD, OUT_OF_SCOPE, BROKEN)
NO_AREA, OUTSIDE = "", "outside"
UNKNOWN_TOPIC = ""

_PREFIX = "utter_"
_LEAVING = "quick_exit"
_FORM = "utter_referral_"
# Replies that answer an intent under another name.
_OTHERWISE: Mapping[str, tuple[str, str]] = {
    "utter_not_understood": (UNKNOWN_TOPIC, NOT_UNDERSTOOD),
    "utter_not_understood_again": (UNKNOWN_TOPIC, NOT_UNDERSTOOD),
    "utter_static_fallback": (UNKNOWN_TOPIC, BROKEN),
    "utter_out_of_scope": ("out_of_scope", OUT_OF_SCOPE),
    "utter_place_unknown": ("give_location", NOT_UNDERSTOOD),
    "utter_area_found": ("give_location", ANSWERED),
    "utter_outside_county": ("give_location", ANSWERED),
    "utter_which_place": ("give_location", ANSWERED),
    "utter_place_suggested": ("give_location", ANSWERED),
    "utter_ask_place": ("give_location", ANSWERED),
    "utter_no_referral_now": ("request_referral", ANSWERED),
}
# Actions may answer these in words that are no reply of the domain's.
_IN_OTHER_WORDS = ("request_referral", "give_location")


@dataclass(frozen=True)
class Cell:
    """What is counted together. `area` is an outreach area, OUTSIDE, or NO_AREA where none is known or none is kept."""

    day: date
    channel: str
    topic: str
    area: str
    outcome: str


def counted(responses: Sequence[str | None], intent: str | None, guess: str | None) -> list[tuple[str, str]]:
    """The topics and outcomes of a turn, by what was said in it (`utter_...`; None for words of an action's own).

    `guess` is the intent that came nearest, for what was not understood. Leaving counts as nothing, nor do answers to a form.
    """
    if f"{_PREFIX}{_LEAVING}" in responses:
        return []
    found: dict[tuple[str, str], None] = {}
    for response in responses:
        pair = _pair(response)
        if pair is not None:
            topic, outcome = pair
            found[topic or _topic(guess), outcome] = None
    if not found and None in responses and intent in _IN_OTHER_WORDS and not _in_a_form(responses):
        found[str(intent), ANSWERED] = None
    return list(found)


def _pair(response: str | None) -> tuple[str, str] | None:
    if response is None:
        return None
    if response in _OTHERWISE:
        return _OTHERWISE[response]
    topic = response.removeprefix(_PREFIX)
    return (topic, ANSWERED) if topic in CATALOGUE else None


def _topic(guess: str | None) -> str:
    return guess if guess in CATALOGUE and guess not in SAFETY else UNKNOWN_TOPIC


def _in_a_form(responses: Sequence[str | None]) -> bool:
    return any(response is not None and response.startswith(_FORM) for response in responses)


def keeps_area(topic: str) -> bool:
    """Whether an area is counted with a topic: never with danger, a child at risk or self-harm, where few could be known."""
    return topic not in SAFETY


def today() -> date:
    """The day in Hertfordshire."""
    return datetime.now(LONDON).date()


class Tally:
    """Counts in memory, until they are written. What is lost with the process is lost."""

    def __init__(self, day: Callable[[], date] = today) -> None:
        self._day = day
        self._counts: Counter[Cell] = Counter()
        # Counted in the event loop, written in a thread.
        self._lock = threading.Lock()

    def add(self, channel: str, topic: str, outcome: str, area: str) -> None:
        """Count one."""
        cell = Cell(self._day(), channel, topic, area if keeps_area(topic) else NO_AREA, outcome)
        with self._lock:
            self._counts[cell] += 1

    def take(self) -> dict[Cell, int]:
        """What waits, which is then somebody else's to keep."""
        with self._lock:
            taken, self._counts = dict(self._counts), Counter()
        return taken

    def put_back(self, counts: Mapping[Cell, int]) -> None:
        """What could not be written waits on."""
        with self._lock:
            self._counts.update(counts)
