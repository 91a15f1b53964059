"""A referral as those who work it see it before it is opened: whose it is, how it stands, what was done, by when."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreach.referrals.records import StoredReferral
from outreach.referrals.states import State
from outreach.referrals.working_days import AnswerBy, answer_by, working_days_since

# Why a referral may go to another team: it is within what the person agreed to.
LIVES_THERE, ASKED_FOR = "lives-there", "asked-for"
REASONS = (LIVES_THERE, ASKED_FOR)
WORKABLE = frozenset((State.DELIVERED, State.ACKNOWLEDGED))


class ChangedMeanwhile(Exception):
    """Somebody else changed it since it was looked at. Nothing was done."""


class NotOpen(Exception):
    """It has ended, or is on its way: nothing can be done with it."""


@dataclass(frozen=True)
class Done:
    """Something that was done about a referral. `by` is a staff id, "person", or what else did it.

    `what` is the state that it came to, "attempt" or "passed-on". For an attempt, `at` is when it was made, and `sealed` holds
    all else of it; for one passed on, `before` and `after` are teams and `reason` is one of REASONS.
    """

    what: str
    at: datetime
    by: str
    before: str = ""
    after: str = ""
    reason: str = ""
    sealed: bytes | None = None
    noted_at: datetime | None = None


@dataclass(frozen=True)
class Worked:
    """A referral with what was done about it. `revision` goes up with each change; `delete_at` is set where it is left alone.

    `handler` is who said last that they deal with it.
    """

    referral: StoredReferral
    revision: int
    attempts: int = 0
    last_attempt_at: datetime | None = None
    handler: str | None = None
    delete_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something can be done with it."""
        return self.referral.state in WORKABLE

    def due(self, working_days: int) -> AnswerBy:
        """By when the person was told that somebody would be in touch. Passing it on gives nobody more time."""
        return answer_by(self.referral.created_at, working_days)

    def overdue(self, working_days: int, now: datetime) -> int:
        """How many working days it is late: 0 once somebody has tried to be in touch, or it has ended."""
        if self.attempts or self.referral.state in (State.CLOSED, State.WITHDRAWN):
            return 0
        return working_days_since(self.due(working_days).day, now)

    def days_open(self, now: datetime) -> int:
        """How many days have passed since it came."""
        return (now - self.referral.created_at).days
