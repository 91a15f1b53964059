"""The words of a reply, as staff publish them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

ANY_CHANNEL = "any"

# What a version of wording is. `replaced` was a draft that somebody saved anew; `dropped` one that was given up.
DRAFT, IN_REVIEW, PUBLISHED, RETIRED = "draft", "in_review", "published", "retired"
REPLACED, DROPPED = "replaced", "dropped"
OPEN = (DRAFT, IN_REVIEW)


@dataclass(frozen=True)
class Wording:
    """One version of a reply's text for a channel ("any" serves all), with its buttons where it has its own."""

    key: str
    channel: str
    version: int
    text: str
    buttons: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True)
class WordingVersion:
    """A version with what became of it. People are ids of staff, times are UTC; None where nobody did that."""

    key: str
    channel: str
    version: int
    text: str
    buttons: tuple[dict[str, Any], ...] | None
    status: str
    made_by: str | None = None
    made_at: datetime | None = None
    note: str | None = None
    published_by: str | None = None
    published_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody is still working on it."""
        return self.status in OPEN
