"""A referral as it is stored, and the notices that tell of it. Nothing here says who the person is."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreach.referrals.states import State

# Kinds of notice: one waits, one was taken back, or one is another team's now.
REFERRAL = "referral"
WITHDRAWN = "withdrawn"
PASSED_ON = "passed-on"
# Where a notice goes. The inbox is the product's own, and always first.
INBOX = "inbox"
WEBHOOK = "webhook"
EMAIL = "email"


@dataclass(frozen=True)
class NewReferral:
    """What is saved at the hand-off. Times are aware."""

    id: str
    reference_hash: str
    form_hash: str
    area: str | None
    team: str
    through: str | None
    rule: str
    sealed: bytes
    key_id: str
    consent_version: str
    consented_at: datetime


@dataclass(frozen=True)
class StoredReferral:
    """A referral as everybody on the staff's side may see it. `sealed` is None once it was withdrawn."""

    id: str
    reference_hash: str
    area: str | None
    team: str
    through: str | None
    rule: str
    state: State
    sealed: bytes | None
    key_id: str
    created_at: datetime
    changed_at: datetime
    outcome: str | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """The services that are told: the gateway, where there is one, and the team."""
        return (self.through, self.team) if self.through else (self.team,)


@dataclass(frozen=True)
class Notice:
    """One thing to tell one receiver. Whatever is tried again has the same `key`. `lease` is the worker's claim on it."""

    id: int
    key: str
    referral_id: str
    kind: str
    target: str
    recipient: str
    attempts: int
    created_at: datetime
    lease: str


@dataclass(frozen=True)
class AuditEntry:
    """Who did what to which referral, and when."""

    at: datetime
    by: str
    action: str
    referral_id: str | None
    detail: str


class ReferenceTaken(Exception):
    """Another referral has this reference."""


class NoSuchReferral(LookupError):
    """There is no referral with this id."""
