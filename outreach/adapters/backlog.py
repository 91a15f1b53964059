"""Reads what waits out of the database: numbers and times, nothing of anybody."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters.database import service, wording
from outreach.adapters.referral_tables import aware, outbox, referral, referral_attempt, stored
from outreach.adapters.referral_work import OPEN as OPEN_REFERRALS
from outreach.adapters.service_versions import service_version
from outreach.clock import utc_now
from outreach.directory.publishing import Freshness
from outreach.editing.versions import OPEN as OPEN_SERVICES
from outreach.model.service import ACTIVE
from outreach.model.wording import OPEN as OPEN_WORDING
from outreach.referrals.records import INBOX
from outreach.referrals.states import State
from outreach.referrals.working_days import answer_by, working_days_since
from outreach.watching.backlog import SOON, Backlog


class Backlogs:
    """Reads the backlog afresh. `response_days` is the stated time in working days, `due_days` how long a check counts."""

    def __init__(
        self, engine: Engine, response_days: int, due_days: int, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._engine = engine
        self._response_days = response_days
        self._due_days = due_days
        self._clock = clock

    def now(self) -> Backlog:
        """What waits at this moment. Raises what the database raises."""
        now = self._clock()
        with self._engine.connect() as connection:
            oldest, due, never = _checks(connection, Freshness(self._due_days).last_good_day(now.date()))
            return Backlog(
                referrals=_by_state(connection),
                undelivered_since=_oldest(connection, referral.c.queued_at, referral.c.state == State.QUEUED.value),
                untold_since=_oldest(connection, outbox.c.created_at, _untold()),
                failing=_failing(connection, stored(now - SOON)),
                unacknowledged_since=_oldest(
                    connection, referral.c.delivered_at, referral.c.state == State.DELIVERED.value
                ),
                overdue=self._overdue(connection, now),
                oldest_check_days=(now.date() - oldest).days if oldest else 0,
                checks_due=due,
                never_checked=never,
                drafts={
                    "service": _number(connection, service_version.c.state.in_([each.value for each in OPEN_SERVICES])),
                    "wording": _number(connection, wording.c.status.in_(OPEN_WORDING)),
                },
            )

    def _overdue(self, connection: Connection, now: datetime) -> int:
        """As `Worked.overdue` has it. What came lately enough is not fetched at all."""
        tried = sa.select(referral_attempt.c.id).where(referral_attempt.c.referral_id == referral.c.id).exists()
        untouched = sa.select(referral.c.created_at).where(
            referral.c.state.in_([state.value for state in OPEN_REFERRALS]), ~tried,
            referral.c.created_at < stored(now - timedelta(days=self._response_days)),
        )  # fmt: skip
        due = (answer_by(aware(row.created_at), self._response_days).day for row in connection.execute(untouched))
        return sum(working_days_since(day, now) > 0 for day in due)


def _by_state(connection: Connection) -> dict[State, int]:
    rows = connection.execute(sa.select(referral.c.state, sa.func.count()).group_by(referral.c.state)).all()
    return {State(state): int(number) for state, number in rows}


def _untold() -> Any:
    return sa.and_(outbox.c.target != INBOX, outbox.c.delivered_at.is_(None), outbox.c.cancelled_at.is_(None))


def _failing(connection: Connection, before: datetime) -> int:
    tried = sa.and_(_untold(), outbox.c.attempts > 0, outbox.c.last_error.is_not(None), outbox.c.created_at < before)
    receivers = sa.select(outbox.c.target, outbox.c.recipient).where(tried).distinct().subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(receivers)).scalar() or 0)


def _oldest(connection: Connection, column: Any, where: Any) -> datetime | None:
    found = connection.execute(sa.select(sa.func.min(column)).where(where)).scalar()
    return aware(found) if found else None


def _checks(connection: Connection, last_good_day: date) -> tuple[date | None, int, int]:
    """The oldest check of a service that people see, how many checks are due, and how many were never made."""
    day, count = service.c.assured_date, sa.func.count()
    row = connection.execute(
        sa.select(
            sa.func.min(day).label("oldest"),
            count.filter(day < last_good_day).label("due"),
            count.filter(day.is_(None)).label("never"),
        ).where(service.c.status == ACTIVE)
    ).one()
    return row.oldest, int(row.due), int(row.never)


def _number(connection: Connection, where: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(where)).scalar() or 0)
