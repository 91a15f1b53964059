"""What waits for people: referrals for teams, services for a check, drafts for a second person."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreach.referrals.states import State

# A referral is in the inbox within seconds: within this long, nothing of it can be seen here.
SOON = timedelta(minutes=5)
# What waits for staff waits for days.
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Backlog:
    """What the database held at one moment. Times are aware; None where nothing waits.

    `undelivered_since`: the oldest referral that is in no inbox yet. `untold_since`: the oldest notice that a team has not
    taken. `failing`: how many receivers did not take a notice of some age. `overdue`: as the console has it, nobody has tried
    to be in touch in the stated time. `oldest_check_days` is of the services that people see.
    """

    referrals: Mapping[State, int]
    undelivered_since: datetime | None
    untold_since: datetime | None
    failing: int
    unacknowledged_since: datetime | None
    overdue: int
    oldest_check_days: int
    checks_due: int
    never_checked: int
    drafts: Mapping[str, int]


def age(since: datetime | None, now: datetime, step: timedelta) -> int:
    """How many seconds something has waited, in whole steps, so that it shows no moment; 0 where nothing waits."""
    if since is None or since > now:
        return 0
    return int((now - since) / step) * int(step.total_seconds())
