"""What is kept of a thread beside the conversation's own state: what the last reply offered, and what is left of it."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from outreach.sms.words import bare, number


@dataclass
class Thread:
    """Kept sealed in the conversation's row, and forgotten with it.

    `offered` holds titles and payloads in order. The first `numbered` of them can be taken by number, once `shown`: a list
    that waits for MORE has not been chosen from.
    """

    at: float
    greeted: bool = False
    offered: list[tuple[str, str]] = field(default_factory=list)
    numbered: int = 0
    shown: bool = False
    rest: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """As it is sealed."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, clear: bytes) -> Thread:
        """What `to_bytes` made."""
        found = json.loads(clear)
        found["offered"] = [(title, payload) for title, payload in found["offered"]]
        return cls(**found)

    def chosen(self, text: str) -> tuple[str, str] | None:
        """The choice that a text takes, by its number or its words. Anything else is just text."""
        wanted = number(text)
        if wanted is not None:
            return self.offered[wanted - 1] if self.shown and 1 <= wanted <= self.numbered else None
        words = bare(text)
        return next((choice for choice in self.offered if words and bare(choice[0]) == words), None)
