"""Several things in one message: cut it into parts, and weigh what they ask by the labelling guide's order."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from outreach.understanding.catalogue import ANSWERABLE, SAFETY

# More parts than this are a story, and a story is understood as a whole.
_MOST_PARTS = 4
_FEWEST_WORDS = 2
_BOUNDARY = re.compile(r"(?:[.!?;\n]+\s+|\s+(?:and also|also|plus|as well as|another thing)\s+)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
# Enough of a text to know what it is about; the rest of ten thousand characters costs time and adds nothing.
_LONGEST = 2000


def tidy(text: str) -> str:
    """The text as the classifier sees it: one form of each character, plain quotes, single spaces, no control characters."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).translate(_QUOTES)
    return _SPACE.sub(" ", "".join(c for c in plain if c.isspace() or unicodedata.category(c)[0] != "C")).strip()


def split(text: str) -> list[str]:
    """The parts of a message that may each ask something; none when it is one part, or too many to be questions."""
    parts = [part.strip() for part in _BOUNDARY.split(text)]
    parts = [part for part in parts if len(part.split()) >= _FEWEST_WORDS]
    return parts if 2 <= len(parts) <= _MOST_PARTS else []


def weigh(
    whole: dict[str, Any], parts: Sequence[dict[str, Any]], sure: float
) -> tuple[dict[str, Any], list[str]]:
    """What to answer first, and the names of what to answer after it.

    `whole` and each of `parts` is an intent with `name` and `confidence`. Danger in any part comes first; otherwise the
    message as a whole decides, and parts that surely ask something else follow in the order in which they were asked.
    """
    for urgent in SAFETY:
        for part in parts:
            if part["name"] == urgent and part["confidence"] >= sure and whole["name"] not in SAFETY:
                return part, _others(urgent, [whole, *parts], sure)
    return whole, _others(whole["name"], parts, sure)


def _others(first: str, parts: Sequence[dict[str, Any]], sure: float) -> list[str]:
    names = [p["name"] for p in parts if p["confidence"] >= sure and p["name"] in ANSWERABLE and p["name"] != first]
    return list(dict.fromkeys(names))
