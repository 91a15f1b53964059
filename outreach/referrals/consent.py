"""Consent as a record: what for, to whom, on which words, and when."""
from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b


@dataclass(frozen=True)
class Consent:
    """A clear yes. `given_at` is aware; `wording_version` names the exact words that were agreed to."""

    purpose: str
    recipient: str
    wording_version: str
    given_at: datetime

    def __post_init__(self) -> None:
        if not (self.purpose and self.recipient and self.wording_version) or self.given_at.tzinfo is None:
            raise ValueError("consent needs a purpose, a recipient, the wording's version and an aware time")

    def to_dict(self) -> dict[str, str]:
        """As JSON takes it."""
        return {
            "purpose": self.purpose, "recipient": self.recipient, "wording_version": self.wording_version,
            "given_at": self.given_at.isoformat(),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, found: Mapping[str, str]) -> Consent:
        """What `to_dict` gave."""
        given_at = datetime.fromisoformat(found["given_at"])
        return cls(found["purpose"], found["recipient"], found["wording_version"], given_at)


def wording_version(text: str) -> str:
    """The version of a wording: 12 hexadecimal digits that change with its every character."""
    return blake2b(text.encode(), digest_size=6, person=b"consent-wording").hexdigest()


def new_form_key() -> str:
    """A random key for one filling-in of the form. Whatever is submitted under it twice is one referral."""
    return secrets.token_urlsafe(18)
