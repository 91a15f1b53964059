"""What a text message can hold: the GSM 7-bit alphabet, and segments."""
from __future__ import annotations

from outreach.directory.gsm7 import BASIC, to_gsm7

ONE_SEGMENT = 160
# Each part of a message in several spends seven of its characters on saying which part it is.
PART_OF_SEVERAL = 153
MOST_SEGMENTS = 2
LONGEST = MOST_SEGMENTS * PART_OF_SEVERAL
# These exist in the alphabet but cost two characters, or look strange once their accents are gone.
_SPELLED = str.maketrans({
    "[": "(", "]": ")", "{": "(", "}": ")", "~": "-", "|": "/", "\\": "/", "^": None, "€": "EUR ", "\t": " ", "\r": None,
    "″": '"', "′": "'", "−": "-", "‑": "-", "´": "'", "\u200b": None, "\u202f": " ", "\u2009": " ", "\u2028": "\n",
})


def clean(text: str) -> str:
    """The text in the basic alphabet, each character one septet, without spaces at the ends of lines."""
    plain = to_gsm7(text.translate(_SPELLED))
    return "\n".join(line.rstrip() for line in plain.strip().split("\n"))


def segments(text: str) -> int:
    """How many segments a clean text takes. Raises `ValueError` for a character outside the basic alphabet."""
    strange = set(text) - BASIC
    if strange:
        raise ValueError(f"not in the basic GSM-7 alphabet: {sorted(strange)}")
    return 1 if len(text) <= ONE_SEGMENT else -(-len(text) // PART_OF_SEVERAL)
