"""What becomes of a referral. Each change is timed and says who made it; no other change is possible."""
from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """Where a referral stands. A draft is in the conversation alone and never stored."""

    DRAFT = "draft"
    CONSENTED = "consented"
    QUEUED = "queued"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


ALLOWED: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset((State.CONSENTED,)),
    State.CONSENTED: frozenset((State.QUEUED,)),
    State.QUEUED: frozenset((State.DELIVERED, State.FAILED, State.WITHDRAWN)),
    # A person has acted on it, though a notice may still be on its way. Passed on to another team, it is queued again.
    State.DELIVERED: frozenset((State.ACKNOWLEDGED, State.QUEUED, State.CLOSED, State.WITHDRAWN)),
    State.ACKNOWLEDGED: frozenset((State.QUEUED, State.CLOSED, State.WITHDRAWN)),
    State.CLOSED: frozenset((State.WITHDRAWN,)),
    State.FAILED: frozenset((State.QUEUED, State.CLOSED, State.WITHDRAWN)),
    State.WITHDRAWN: frozenset(),
}
ENDED = frozenset((State.CLOSED, State.WITHDRAWN))


class NotAllowed(Exception):
    """A referral cannot go from the one state to the other."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"a referral that is {before.value} cannot become {after.value}")


def check(before: State, after: State) -> None:
    """Raise NotAllowed where a referral in the state `before` cannot become `after`."""
    if after not in ALLOWED[before]:
        raise NotAllowed(before, after)
