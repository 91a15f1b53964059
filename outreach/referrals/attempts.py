"""An attempt to be in touch: which way, when, and what came of it. Sealed as the answers are, for it tells of them."""
from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from outreach.privacy.sealing import Opener, Sealer

VERSION = 1
# Every attempt is filled up to this many bytes, so that its length tells nothing.
BLOCK = 2048
MOST_NOTE = 400
# They got in touch themselves, or came by.
THEY_CAME = "they-came"
REACHED, NO_ANSWER, MESSAGE_LEFT = "reached", "no-answer", "message-left"
ATTEMPT_OUTCOMES = (REACHED, NO_ANSWER, MESSAGE_LEFT, "someone-else", "not-theirs")


@dataclass(frozen=True)
class Attempt:
    """What somebody did. `way` is call, text, email or THEY_CAME; `outcome` one of ATTEMPT_OUTCOMES; `at` is aware.

    `outside_safe_times` is None where the person's times are not certain enough to tell.
    """

    way: str
    outcome: str
    at: datetime
    note: str = ""
    outside_safe_times: bool | None = None

    def sealed(self, sealer: Sealer) -> bytes:
        """All of it but the time, for the database. Raises ValueError for a note that is too long."""
        if len(self.note) > MOST_NOTE:
            raise ValueError(f"a note has at most {MOST_NOTE} characters")
        found = {
            "version": VERSION, "way": self.way, "outcome": self.outcome, "note": self.note,
            "outside_safe_times": self.outside_safe_times,
        }  # fmt: skip
        return sealer.seal(json.dumps(found, ensure_ascii=False).encode().ljust(BLOCK))

    @classmethod
    def opened(cls, sealed: bytes, at: datetime, opener: Opener) -> Attempt:
        """What was sealed. Raises CannotOpen, ValueError."""
        found = json.loads(opener.open(sealed))
        if found.get("version") != VERSION:
            raise ValueError("this was written by a later version")
        return cls(found["way"], found["outcome"], at, found["note"], found["outside_safe_times"])
