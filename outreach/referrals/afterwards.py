"""After the hand-off, for the person: how it stands, and taking it back, by reference."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import Protocol

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from outreach.clock import utc_now
from outreach.referrals.records import NoSuchReferral, StoredReferral
from outreach.referrals.reference import References, find_in
from outreach.referrals.states import NotAllowed, State

PERSON = "person"
# Wrong guesses: one person may misread a reference a few times; everybody together seldom do.
WRONG_BY_ONE = RateLimitItemPerMinute(5, 10)
WRONG_BY_ALL = RateLimitItemPerMinute(120)


class Status(Enum):
    """All that is ever said of a referral."""

    RECEIVED = "received"
    BEING_DEALT_WITH = "being dealt with"
    CLOSED = "closed"


SAID = {State.ACKNOWLEDGED: Status.BEING_DEALT_WITH, State.CLOSED: Status.CLOSED, State.WITHDRAWN: Status.CLOSED}


class Store(Protocol):
    """Where referrals are kept."""

    def by_reference(self, reference_hash: str) -> StoredReferral | None:
        """The referral with this reference."""

    def change(
        self, referral_id: str, after: State, by: str, now: datetime, keep_for: timedelta | None = None,
        outcome: str | None = None,
    ) -> None:
        """Put it into another state."""


class Guesses:
    """How many wrong references are heard before nothing is answered any more. Kept in memory, under hashes."""

    def __init__(self) -> None:
        # The limiter keeps a weak reference only.
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def too_many(self, who: str) -> bool:
        """Whether this person, or everybody together, has guessed too often lately."""
        one = self._limiter.test(WRONG_BY_ONE, "one", _hashed(who))
        return not (one and self._limiter.test(WRONG_BY_ALL, "all"))

    def wrong(self, who: str) -> None:
        """Count a wrong one."""
        self._limiter.hit(WRONG_BY_ONE, "one", _hashed(who))
        self._limiter.hit(WRONG_BY_ALL, "all")


def _hashed(who: str) -> str:
    return blake2b(who.encode(), digest_size=16, person=b"guesses").hexdigest()


class Afterwards:
    """Answers by reference. A reference that does not exist and one guess too many are answered alike."""

    def __init__(
        self,
        store: Store,
        references: References,
        keep_for: timedelta,
        guesses: Guesses | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`keep_for` is how long what is left of a withdrawn referral is kept, so that staff see it was withdrawn."""
        self._store = store
        self._references = references
        self._keep_for = keep_for
        self._guesses = guesses or Guesses()
        self._clock = clock

    def status(self, text: object, who: str) -> Status | None:
        """How the referral stands whose reference is in these words; None where there is none, or after too many guesses."""
        found = self._find(text, who)
        return SAID.get(found.state, Status.RECEIVED) if found else None

    def withdraw(self, text: object, who: str) -> bool:
        """Take the referral back whose reference is in these words: what was sealed is deleted and the team will be told.

        True as well where that was done before; False where there is none, or after too many guesses.
        """
        found = self._find(text, who)
        if found is None:
            return False
        if found.state is State.WITHDRAWN:
            return True
        try:
            self._store.change(found.id, State.WITHDRAWN, PERSON, self._clock(), self._keep_for)
        except NotAllowed:
            pass  # withdrawn by somebody else in this moment
        except NoSuchReferral:
            return False
        return True

    def _find(self, text: object, who: str) -> StoredReferral | None:
        reference = find_in(text)
        if reference is None or self._guesses.too_many(who):
            return None
        wanted = self._references.hash(reference)
        found = self._store.by_reference(wanted)
        if found is None or not self._references.same(found.reference_hash, wanted):
            self._guesses.wrong(who)
            return None
        return found
