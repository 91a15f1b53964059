"""How long an open referral is kept that nobody does anything about. Staff are told first, and it is recorded."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from outreach.clock import utc_now

# How long staff see beforehand that one will be deleted.
NOTICE = timedelta(days=30)


class Store(Protocol):
    """Where referrals are kept."""

    def give_notice(self, quiet_since: datetime, delete_at: datetime) -> int:
        """Say of open ones left alone since then when they will be deleted."""

    def take_back_notice(self, quiet_since: datetime | None) -> int:
        """Open ones that were changed after that are not to be deleted; with None, none is."""

    def delete_left_alone(self, now: datetime) -> int:
        """Delete the open ones whose notice is over."""


class Keeping:
    """Deletes what was left alone for too long, never without notice."""

    def __init__(self, store: Store, days: int, clock: Callable[[], datetime] = utc_now) -> None:
        """`days` after the last change an open referral is deleted; 0 means never."""
        self._store = store
        self._quiet = timedelta(days=days) - NOTICE if days else None
        self._clock = clock

    def tidy(self) -> int:
        """Give notice where it is time to, take it back where it is not any more, and delete. Says how many are deleted."""
        now = self._clock()
        if self._quiet is None:
            self._store.take_back_notice(None)
            return 0
        self._store.take_back_notice(now - self._quiet)
        deleted = self._store.delete_left_alone(now)
        # Also one that has been left alone for years gets its whole notice.
        self._store.give_notice(now - self._quiet, now + NOTICE)
        return deleted
