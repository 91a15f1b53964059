"""What people hear, and whether it is what they should hear: the right replies are known from the project's own files."""
from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import Any

import yaml

from outreach.referrals.consent_wording import CurrentConsent
from outreach.settings import ROOT

STATIC = "utter_static_fallback"
# Somebody who waits longer has met silence.
SILENCE_SECONDS = 10.0


class Came(Enum):
    """What came of something that was said."""

    RIGHT = "right"
    # The fixed reply with 999 and the helplines: right while something is broken, and counted.
    FIXED = "fixed reply"
    # The door refused the connection or closed it. The page then shows its own words, the carrier those of its fallback.
    UNREACHED = "not reached"
    REFUSED = "refused as too much"
    FORGOTTEN = "told that it was forgotten"
    ERROR = "error without words"
    SILENCE = "silence"
    WRONG = "wrong"


@cache
def _responses() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((ROOT / "data" / "responses").glob("*.yml")):
        found |= yaml.safe_load(file.read_text(encoding="utf-8"))["responses"]
    return found


@cache
def _begins(response: str, channel: str) -> re.Pattern[str]:
    variants = _responses()[response]
    text = next((v["text"] for v in variants if v.get("channel") == channel), None) or variants[0]["text"]
    line = text.strip().splitlines()[0].strip()
    return re.compile(".+?".join(re.escape(part) for part in re.split(r"\{[a-z_.0-9-]+\}", line)))


def is_reply(text: str, response: str, channel: str = "web") -> bool:
    """Whether a message begins as this response does. `consent` is the consent's own wording."""
    if response == "consent":
        return text.strip().startswith(CurrentConsent.load(channel).text.splitlines()[0])
    return _begins(response, channel).match(text.strip()) is not None


def is_fixed(texts: list[str], channel: str = "web") -> bool:
    """Whether the fixed reply is among these."""
    return any(is_reply(text, STATIC, channel) for text in texts)
