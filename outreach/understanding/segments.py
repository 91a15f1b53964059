"""Several things in one message: cut it into parts, and weigh what they ask by the labelling guide's order."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from outreach.understanding.catalogue import ANSWERABLE, SAFETY

# So many of a long message's last parts are looked at one by one: each costs time.
_MOST_PARTS = 12
# More parts than this are a story, and a story is understood as a whole.
MOST_QUESTIONS = 4
_FEWEST_WORDS = 2
_LONGEST_SENTENCE = 36
_WINDOW = 24
_OVERLAP = 6
_BOUNDARY = re.compile(r"(?:[.!?;\n]+\s+|\s+(?:and also|also|plus|as well as|another thing)\s+)", re.IGNORECASE)
# "He is nine", beside a question, asks nothing of its own.
_AGE_ALONE = re.compile(
    r"(?:and )?(?:i|he|she|it|we|they)(?: is| am| are|'s|'m|'re|s|m|re)?(?: (?:only|just|nearly|almost|now))* "
    r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty)(?: (?:days?|weeks?|months?|years?|yrs?))?(?: old)?(?: (?:now|today|next|in) ?\w*)?[.!?]?",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
# Of an emoji, what says which skin it has and that it is one.
_SHADES = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])
_QUOTES = _SHADES | str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
# Enough of a text to know what it is about; the rest of ten thousand characters costs time and adds nothing.
_LONGEST = 2000


def tidy(text: str) -> str:
    """The text as the classifier sees it: one form of each character, plain quotes, yellow emoji, single spaces, no control
    characters.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).translate(_QUOTES)
    return _SPACE.sub(" ", "".join(c for c in plain if c.isspace() or unicodedata.category(c)[0] != "C")).strip()


def sentences(text: str) -> list[str]:
    """The parts of a message that may each say something of their own; none when it is a single one."""
    parts = [window for part in _BOUNDARY.split(text) for window in _windows(part.split())]
    parts = [part for part in parts if len(part.split()) >= _FEWEST_WORDS and not _AGE_ALONE.fullmatch(part)]
    # Of a very long message the end counts most: people come to the point there.
    return parts[-_MOST_PARTS:] if len(parts) >= 2 else []


def _windows(words: list[str]) -> list[str]:
    """A sentence as it is; where somebody wrote on without a full stop, pieces of it that overlap."""
    if len(words) <= _LONGEST_SENTENCE:
        return [" ".join(words)]
    starts = range(0, len(words) - _OVERLAP, _WINDOW - _OVERLAP)
    return [" ".join(words[start : start + _WINDOW]) for start in starts]


def weigh(
    whole: dict[str, Any], parts: Sequence[dict[str, Any]], alarms: Sequence[dict[str, Any]], sure: float
) -> tuple[dict[str, Any], list[str]]:
    """What to answer first, and the names of what to answer after it.

    `whole`, each of `parts` and each of `alarms` is an intent with `name` and `confidence`. The most urgent alarm comes first;
    otherwise the message as a whole decides, and parts that surely ask something else follow in the order in which they were
    asked. A message of many parts is a story, not a list of questions: nothing but danger is taken out of it.
    """
    if alarms:
        urgent = min(alarms, key=lambda each: SAFETY.index(each["name"]))
        return urgent, _others(urgent["name"], [whole, *parts], sure)
    return whole, _others(whole["name"], parts, sure) if len(parts) <= MOST_QUESTIONS else []


def _others(first: str, parts: Sequence[dict[str, Any]], sure: float) -> list[str]:
    names = [p["name"] for p in parts if p["confidence"] >= sure and p["name"] in ANSWERABLE and p["name"] != first]
    return list(dict.fromkeys(names))
