"""The staff's side from the command line: what waits, and what becomes of it. Whoever opens one is in the audit first."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from outreach.clock import utc_now
from outreach.privacy.sealing import Opener
from outreach.referrals.handoff import Letter
from outreach.referrals.records import AuditEntry, StoredReferral
from outreach.referrals.states import State

OUTCOMES = ("supported", "passed-on", "declined", "no-contact", "other")


class Withdrawn(Exception):
    """The person has taken it back: there is nothing to open."""


class Log(Protocol):
    """Where it is recorded who did what."""

    def record(self, entry: AuditEntry) -> None:
        """Add to the audit."""

    def audit(self) -> list[AuditEntry]:
        """The audit, oldest first."""


class Store(Protocol):
    """Where referrals are kept."""

    def get(self, referral_id: str) -> StoredReferral:
        """The referral with this id. Raises NoSuchReferral."""

    def all(self, ended: bool = False) -> list[StoredReferral]:
        """Every referral, oldest first."""

    def change(
        self, referral_id: str, after: State, by: str, now: datetime, keep_for: timedelta | None = None,
        outcome: str | None = None,
    ) -> None:
        """Put it into another state. Raises NotAllowed."""

    def waiting(self) -> tuple[int, datetime | None]:
        """How many notices are still to be given, and since when the oldest waits."""


class Inbox:
    """What staff do with referrals. `by` is always who does it."""

    def __init__(self, store: Store, log: Log, keep_for: timedelta, clock: Callable[[], datetime] = utc_now) -> None:
        """`keep_for` is how long a closed or withdrawn one is kept."""
        self._store = store
        self._log = log
        self._keep_for = keep_for
        self._clock = clock

    def listing(self, by: str, ended: bool = False) -> list[StoredReferral]:
        """What there is, oldest first; those closed and withdrawn only with `ended`."""
        self._audit(by, "list", None, "all" if ended else "open")
        return self._store.all(ended)

    def open(self, referral_id: str, by: str, opener: Opener) -> Letter:
        """Read one. Raises NoSuchReferral, Withdrawn, CannotOpen."""
        found = self._store.get(referral_id)
        self._audit(by, "open", referral_id, found.state.value)
        if found.sealed is None:
            raise Withdrawn
        return Letter.opened(found.sealed, opener)

    def acknowledge(self, referral_id: str, by: str) -> None:
        """Somebody is dealing with it. Raises NoSuchReferral, NotAllowed."""
        self._change(referral_id, State.ACKNOWLEDGED, by, "acknowledge")

    def close(self, referral_id: str, by: str, outcome: str) -> None:
        """It is done, with one of OUTCOMES. Raises NoSuchReferral, NotAllowed, ValueError."""
        if outcome not in OUTCOMES:
            raise ValueError(f"an outcome is one of {', '.join(OUTCOMES)}")
        self._change(referral_id, State.CLOSED, by, "close", outcome)

    def withdraw(self, referral_id: str, by: str) -> None:
        """The person took it back by telling somebody. What was sealed is deleted. Raises NoSuchReferral, NotAllowed."""
        self._change(referral_id, State.WITHDRAWN, by, "withdraw")

    def audit(self) -> list[AuditEntry]:
        """Who did what, oldest first."""
        return self._log.audit()

    def waiting(self) -> tuple[int, datetime | None]:
        """How many notices are still to be given, and since when the oldest waits."""
        return self._store.waiting()

    def _change(self, referral_id: str, after: State, by: str, action: str, outcome: str | None = None) -> None:
        self._store.get(referral_id)
        self._audit(by, action, referral_id, outcome or "")
        self._store.change(referral_id, after, by, self._clock(), self._keep_for, outcome)

    def _audit(self, by: str, action: str, referral_id: str | None, detail: str) -> None:
        self._log.record(AuditEntry(self._clock(), by, action, referral_id, detail))
