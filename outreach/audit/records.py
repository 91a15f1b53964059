"""A row of the audit, and how rows hang together."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the first row says of the one before it.
NOTHING_BEFORE = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One thing that was done. `at` is UTC in ISO 8601, to the microsecond; `by` a staff id, or what else did it."""

    number: int
    at: str
    by: str
    action: str
    subject: str
    before: str | None
    after: str | None
    previous: str
    hash: str = ""

    def digest(self) -> str:
        """The hash over everything in it and the hash of the one before."""
        fields = [self.number, self.at, self.by, self.action, self.subject, self.before, self.after, self.previous]
        return hashlib.sha256(canonical(fields).encode()).hexdigest()


@dataclass(frozen=True)
class Checked:
    """What a check of the whole chain found. `wrong_at` is the first number that does not fit, None where all holds."""

    rows: int
    last_hash: str
    wrong_at: int | None = None
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, taken out or put in."""
        return self.wrong_at is None


def canonical(value: Any) -> str:
    """JSON that is the same for the same value. Raises TypeError or ValueError for what JSON cannot hold."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def written(values: Mapping[str, object] | None) -> str | None:
    """How before or after is kept."""
    return None if values is None else canonical(dict(values))
