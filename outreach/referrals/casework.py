"""What staff do with referrals: see what waits for their teams, open one, and say what becomes of it.

Whoever opens one is in the audit first. Somebody else's referral is as good as not there, and asking for it is recorded.
Nothing that was opened is written anywhere.
"""
from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.privacy.sealing import CannotOpen, Opener, Sealer
from outreach.referrals.attempts import ATTEMPT_OUTCOMES, MESSAGE_LEFT, THEY_CAME, Attempt
from outreach.referrals.desks import Desk, Desks
from outreach.referrals.handoff import Letter
from outreach.referrals.inbox import OUTCOMES, Withdrawn
from outreach.referrals.reach import Reach, reach_of
from outreach.referrals.records import NoSuchReferral
from outreach.referrals.reference import References, find_in
from outreach.referrals.states import State
from outreach.referrals.worked import REASONS, Done, NotOpen, Worked
from outreach.staff import Staff

# A clock that is a little ahead is no reason to refuse what somebody did just now.
FAST_CLOCK = timedelta(minutes=5)


class NotASafeWay(ValueError):
    """The person did not call this way safe."""


class OutsideSafeTimes(ValueError):
    """The time is outside those that the person called safe; whoever is sure may note it all the same."""


class VoicemailNotSafe(ValueError):
    """They did not say that a voicemail is safe; whoever left one all the same may note it, to be sure."""


class WrongTime(ValueError):
    """The time is in the future, or before the referral came."""


class Store(Protocol):
    """Where it is kept what is done about referrals."""

    def open_ones(self, teams: Collection[str] | None) -> list[Worked]:
        """What is open for these teams, oldest first; None means for all."""

    def closed_ones(self, teams: Collection[str] | None) -> list[Worked]:
        """What is closed and still kept."""

    def one(self, referral_id: str) -> Worked:
        """The referral with this id. Raises NoSuchReferral."""

    def id_of(self, reference_hash: str) -> str | None:
        """The id of the referral with this reference."""

    def done(self, referral_id: str) -> list[Done]:
        """What was done about it."""

    def change(
        self, referral_id: str, seen: int, after: State, by: str, now: datetime, action: str,
        keep_for: timedelta | None = None, outcome: str | None = None,
    ) -> None:
        """Put it into another state. Raises NoSuchReferral, ChangedMeanwhile, NotAllowed."""

    def pass_on(self, referral_id: str, seen: int, to: Desk, reason: str, by: str, now: datetime) -> None:
        """Make it another team's."""

    def add_attempt(self, referral_id: str, seen: int, at: datetime, sealed: bytes, by: str, now: datetime) -> None:
        """Note an attempt."""


@dataclass(frozen=True)
class Opened:
    """A referral that was unsealed, to be shown once. `attempts` go with the ones among `Casework.done`, oldest first.

    An attempt is None where it was sealed for a key that is no longer kept.
    """

    worked: Worked
    letter: Letter
    reach: Reach
    attempts: tuple[Attempt | None, ...]
    safe_now: bool | None


class Casework:
    """Works referrals. In each call `staff` is who does it, and `seen` the revision of the referral that they looked at."""

    def __init__(
        self, store: Store, desks: Callable[[], Desks], audit: Audit, sealer: Callable[[], Sealer | None],
        opener: Callable[[], Opener], keep_for: timedelta, clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`opener` reads the private key, each time; `keep_for` is how long a closed or withdrawn one is kept."""
        self._store = store
        self._desks = desks
        self._audit = audit
        self._sealer = sealer
        self._opener = opener
        self._keep_for = keep_for
        self._clock = clock

    # Looking

    def desks(self, staff: Staff) -> tuple[Desk, ...]:
        """The desks whose referrals somebody sees."""
        desks = self._desks()
        teams = desks.teams_of(staff)
        return tuple(desk for desk in desks.all() if teams is None or desk.team in teams)

    def waiting(self, staff: Staff) -> list[Worked]:
        """What is open for somebody, oldest first."""
        return self._store.open_ones(self._desks().teams_of(staff))

    def closed(self, staff: Staff) -> list[Worked]:
        """What is closed and still kept, oldest first."""
        return self._store.closed_ones(self._desks().teams_of(staff))

    def find(self, staff: Staff, referral_id: str) -> Worked:
        """A referral of theirs. Raises Withdrawn; NoSuchReferral, for another team's as well, and then that is recorded."""
        found = self._store.one(referral_id)
        teams = self._desks().teams_of(staff)
        if teams is not None and found.referral.team not in teams:
            self._audit.record(staff.id, "referral.refused", referral_id)
            raise NoSuchReferral(referral_id)
        if found.referral.state is State.WITHDRAWN:
            raise Withdrawn
        return found

    def with_reference(self, staff: Staff, references: References, text: str) -> str | None:
        """The id of the referral of theirs whose reference is in these words, or None."""
        reference = find_in(text)
        found = self._store.id_of(references.hash(reference)) if reference else None
        try:
            return self.find(staff, found).referral.id if found else None
        except NoSuchReferral:
            return None

    def done(self, worked: Worked) -> list[Done]:
        """What was done about it, in order."""
        return self._store.done(worked.referral.id)

    def open(self, staff: Staff, referral_id: str) -> Opened:
        """Unseal one. Raises NoSuchReferral, Withdrawn, CannotOpen, ValueError for a later version, and the opener's own."""
        found = self.find(staff, referral_id)
        self._audit.record(staff.id, "referral.opened", referral_id, None, {"state": found.referral.state.value})
        opener = self._opener()
        letter = _letter(found, opener)
        attempts = tuple(_attempt(each, opener) for each in self.done(found) if each.what == "attempt")
        reach = reach_of(letter.answers)
        return Opened(found, letter, reach, attempts, reach.is_safe_at(self._clock()))

    # Doing. All of these raise NoSuchReferral, Withdrawn, ChangedMeanwhile and NotAllowed.

    def acknowledge(self, staff: Staff, referral_id: str, seen: int) -> None:
        """Somebody deals with it."""
        self.find(staff, referral_id)
        self._store.change(referral_id, seen, State.ACKNOWLEDGED, staff.id, self._clock(), "referral.acknowledged")

    def attempt(self, staff: Staff, referral_id: str, seen: int, made: Attempt, sure: bool = False) -> None:
        """Note an attempt to be in touch. `sure`: also where it went against what they called safe.

        Raises NotOpen, NotASafeWay, OutsideSafeTimes, VoicemailNotSafe, WrongTime, ValueError for another outcome or too long
        a note, and what `open` raises.
        """
        found = self.find(staff, referral_id)
        if not found.is_open:
            raise NotOpen
        now = self._clock()
        if not found.referral.created_at - FAST_CLOCK <= made.at <= now + FAST_CLOCK:
            raise WrongTime
        if made.outcome not in ATTEMPT_OUTCOMES:
            raise ValueError("an attempt has one of the fixed outcomes")
        made = self._weighed(reach_of(_letter(found, self._opener()).answers), made, sure)
        sealer = self._sealer()
        if sealer is None:
            raise CannotOpen("there is no public key to seal what was done")
        self._store.add_attempt(referral_id, seen, made.at, made.sealed(sealer), staff.id, now)

    def pass_on(self, staff: Staff, referral_id: str, seen: int, team: str, reason: str) -> None:
        """Make it another team's, for one of REASONS. Raises ValueError for a team without a desk, or its own."""
        found = self.find(staff, referral_id)
        to = next((desk for desk in self.others(found) if desk.team == team), None)
        if to is None or reason not in REASONS:
            raise ValueError("a team with a desk and one of the reasons are wanted")
        if not found.is_open:
            raise NotOpen
        self._store.pass_on(referral_id, seen, to, reason, staff.id, self._clock())

    def others(self, worked: Worked) -> tuple[Desk, ...]:
        """The desks that it could be passed on to."""
        return tuple(desk for desk in self._desks().all() if desk.team != worked.referral.team)

    def close(self, staff: Staff, referral_id: str, seen: int, outcome: str) -> None:
        """It is done, with one of OUTCOMES. Raises ValueError for another."""
        if outcome not in OUTCOMES:
            raise ValueError(f"an outcome is one of {', '.join(OUTCOMES)}")
        self._end(staff, referral_id, seen, State.CLOSED, "referral.closed", outcome)

    def withdraw(self, staff: Staff, referral_id: str, seen: int) -> None:
        """The person asked for it: what was sealed is deleted at once, and whoever was told is told."""
        self._end(staff, referral_id, seen, State.WITHDRAWN, "referral.withdrawn")

    def _end(
        self, staff: Staff, referral_id: str, seen: int, after: State, action: str, outcome: str | None = None
    ) -> None:
        self.find(staff, referral_id)
        self._store.change(referral_id, seen, after, staff.id, self._clock(), action, self._keep_for, outcome)

    @staticmethod
    def _weighed(reach: Reach, made: Attempt, sure: bool) -> Attempt:
        """The attempt, held against what the person called safe. That they came by themselves is always fine."""
        if made.way == THEY_CAME:
            return made
        if made.way not in reach.safe:
            raise NotASafeWay
        if made.way == "call" and made.outcome == MESSAGE_LEFT and not reach.voicemail and not sure:
            raise VoicemailNotSafe
        safe = reach.is_safe_at(made.at)
        if safe is False and not sure:
            raise OutsideSafeTimes
        return replace(made, outside_safe_times=None if safe is None else not safe)


def _letter(found: Worked, opener: Opener) -> Letter:
    if found.referral.sealed is None:
        raise Withdrawn
    return Letter.opened(found.referral.sealed, opener)


def _attempt(done: Done, opener: Opener) -> Attempt | None:
    try:
        return Attempt.opened(done.sealed or b"", done.at, opener)
    except (CannotOpen, ValueError):
        return None
