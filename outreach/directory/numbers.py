"""Phone numbers: what may be shown, and what a phone dials for it."""

from __future__ import annotations

import re

import phonenumbers

# Numbers and codes shorter than a phone number (999, 101, six digits, text codes). Longer ones must be valid UK numbers.
SHORT_CODE = re.compile(r"\d{3,6}")
# Childline's number is real, and shorter than any pattern for freephone numbers allows.
SHORT_FREEPHONE = re.compile(r"0800\d{4}")
# A number in a reply, which the page lets be tapped: a whole one, a freephone number of eight digits, or a short one.
# web/view.js has the same pattern.
TAPPABLE = re.compile(r"\b(?:0\d(?: ?\d){8,9}|0800 ?\d{4}|116 ?\d{3}|999|111|101)\b")
PREMIUM_IN_TEXT = re.compile(r"(?<!\d)(?:\+?44[ -]?\(?0?\)?[ -]?|0)9\d(?:[ -]?\d){6,}")


def digits(number: str) -> str:
    """The digits that are dialled, without spaces; +44 becomes 0."""
    bare = re.sub(r"[^\d+]", "", number)
    return re.sub(r"^(?:\+44|0044)0?", "0", bare)


def is_premium(number: str) -> bool:
    """Tell a premium-rate number (09), which is never accepted: a wrong copy of the helpline's begins so."""
    return digits(number).startswith("09")


def names_premium(text: str) -> bool:
    """Tell whether a text holds a premium-rate number."""
    return PREMIUM_IN_TEXT.search(text) is not None


def parted(text: str) -> list[tuple[str, bool]]:
    """A text in pieces, in their order, each with whether it is a number to tap; no piece is empty."""
    parts, end = [], 0
    for match in TAPPABLE.finditer(text):
        parts += [(text[end : match.start()], False), (match[0], True)]
        end = match.end()
    return [(words, is_number) for words, is_number in (*parts, (text[end:], False)) if words]


def problem(number: str) -> str | None:
    """Say what is wrong with a number, or None."""
    if not re.fullmatch(r"\+?[0-9 ()-]+", number):
        return "a phone number has digits and spaces only"
    if is_premium(number):
        return "numbers that begin 09 are premium rate and never accepted"
    bare = digits(number)
    if SHORT_FREEPHONE.fullmatch(bare) is not None or SHORT_CODE.fullmatch(bare):
        return None
    try:
        parsed = phonenumbers.parse(bare, "GB")
    except phonenumbers.NumberParseException:
        return "not a phone number"
    return None if phonenumbers.is_valid_number(parsed) else "not a valid UK phone number"


def href(number: str, kind: str) -> str:
    """What a link to ring or text it says. The relay's codes are dialled like any number."""
    return f"{'sms' if kind == 'sms' else 'tel'}:{digits(number)}"
