"""Working referrals: what waits for whom, what was done, and each change with its line of the audit in one transaction."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters.database import durably, writing
from outreach.adapters.referral_tables import (
    aware,
    outbox,
    referral,
    referral_attempt,
    referral_passing,
    state_change,
    stored,
)
from outreach.adapters.referrals import DELIVERER, change_state, hand_over, lock, read_row
from outreach.audit.recording import Audit
from outreach.referrals.desks import Desk
from outreach.referrals.records import REFERRAL, NoSuchReferral
from outreach.referrals.states import State
from outreach.referrals.worked import ChangedMeanwhile, Done, Worked

OPEN = (State.QUEUED, State.DELIVERED, State.ACKNOWLEDGED, State.FAILED)
# One that is queued is on its way to somebody, and is never left alone.
LEFT_ALONE = (State.DELIVERED, State.ACKNOWLEDGED, State.FAILED)


def _of_this(table: sa.Table, what: Any) -> Any:
    return sa.select(what).where(table.c.referral_id == referral.c.id).correlate(referral).scalar_subquery()


def _worked() -> Any:
    """Referrals with what was done about each, counted."""
    attempts, changes = (_of_this(table, sa.func.count()) for table in (referral_attempt, state_change))
    handlers = sa.select(state_change.c.by).where(
        state_change.c.referral_id == referral.c.id, state_change.c.after == State.ACKNOWLEDGED.value
    )
    handler = handlers.order_by(state_change.c.id.desc()).limit(1).correlate(referral).scalar_subquery()
    return sa.select(
        referral, attempts.label("attempts"), (attempts + changes).label("revision"), handler.label("handler"),
        _of_this(referral_attempt, sa.func.max(referral_attempt.c.at)).label("last_attempt_at"),
    )  # fmt: skip


class ReferralWork:
    """Keeps what is done about referrals. Times that go in and come out are aware."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    # Looking

    def open_ones(self, teams: Collection[str] | None) -> list[Worked]:
        """What is open for these teams (None: for all), oldest first."""
        return self._many(teams, OPEN)

    def closed_ones(self, teams: Collection[str] | None) -> list[Worked]:
        """What is closed and still kept, oldest first."""
        return self._many(teams, (State.CLOSED,))

    def one(self, referral_id: str) -> Worked:
        """The referral with this id. Raises NoSuchReferral."""
        with self._engine.connect() as connection:
            row = connection.execute(_worked().where(referral.c.id == referral_id)).first()
        if row is None:
            raise NoSuchReferral(referral_id)
        return _read(row)

    def id_of(self, reference_hash: str) -> str | None:
        """The id of the referral with this reference."""
        with self._engine.connect() as connection:
            found: str | None = connection.execute(
                sa.select(referral.c.id).where(referral.c.reference_hash == reference_hash)
            ).scalar()
            return found

    def done(self, referral_id: str) -> list[Done]:
        """What was done about it, in the order in which it was done."""
        with self._engine.connect() as connection:
            changes, attempts, passings = (
                connection.execute(sa.select(table).where(table.c.referral_id == referral_id).order_by(table.c.id)).all()
                for table in (state_change, referral_attempt, referral_passing)
            )
        found = [Done(row.after, aware(row.at), row.by) for row in changes]
        found += [
            Done("attempt", aware(row.at), row.by, sealed=row.sealed, noted_at=aware(row.noted_at)) for row in attempts
        ]
        found += [Done("passed-on", aware(row.at), row.by, row.before, row.after, row.reason) for row in passings]
        return sorted(found, key=lambda each: each.noted_at or each.at)

    # Doing

    def change(
        self, referral_id: str, seen: int, after: State, by: str, now: datetime, action: str,
        keep_for: timedelta | None = None, outcome: str | None = None,
    ) -> None:
        """Put it into another state. Raises NoSuchReferral, ChangedMeanwhile, NotAllowed."""
        with self._changing(referral_id, seen) as connection:
            before = change_state(connection, referral_id, after, by, now, keep_for, outcome)
            recorded = {"state": after.value, **({"outcome": outcome} if outcome else {})}
            self._audit.record(by, action, referral_id, {"state": before.value}, recorded, connection=connection)

    def pass_on(self, referral_id: str, seen: int, to: Desk, reason: str, by: str, now: datetime) -> None:
        """Make it another team's. Raises NoSuchReferral, ChangedMeanwhile, NotAllowed."""
        with self._changing(referral_id, seen) as connection:
            row = connection.execute(sa.select(referral).where(referral.c.id == referral_id)).one()
            hand_over(connection, referral_id, to.team, to.through, to.area or row.area, by, now)
            passing = {"referral_id": referral_id, "at": stored(now), "by": by[:80], "before": row.team, "after": to.team}
            connection.execute(sa.insert(referral_passing).values(**passing, reason=reason))
            before, after = {"team": row.team}, {"team": to.team, "reason": reason}
            self._audit.record(by, "referral.passed_on", referral_id, before, after, connection=connection)

    def add_attempt(self, referral_id: str, seen: int, at: datetime, sealed: bytes, by: str, now: datetime) -> None:
        """Note an attempt. Whoever tries deals with it: one that was new is acknowledged. Raises as `change` does."""
        with self._changing(referral_id, seen) as connection:
            attempt = {"referral_id": referral_id, "at": stored(at), "noted_at": stored(now), "by": by[:80], "sealed": sealed}
            connection.execute(sa.insert(referral_attempt).values(**attempt))
            touched = {"changed_at": stored(now), "purge_after": None}
            connection.execute(sa.update(referral).where(referral.c.id == referral_id).values(**touched))
            if lock(connection, referral_id) is State.DELIVERED:
                change_state(connection, referral_id, State.ACKNOWLEDGED, by, now)
            self._audit.record(by, "referral.attempted", referral_id, connection=connection)

    # What is left alone

    def give_notice(self, quiet_since: datetime, delete_at: datetime) -> int:
        """Say of open ones that nothing was done about since `quiet_since` when they will be deleted. Says how many are new."""
        left = [_left_alone(), referral.c.changed_at <= stored(quiet_since), referral.c.purge_after.is_(None)]
        return self._each(left, "referral.left_alone", {"delete_at": delete_at.date().isoformat()}, stored(delete_at))

    def take_back_notice(self, quiet_since: datetime | None) -> int:
        """Open ones are not to be deleted any more: those changed after `quiet_since`, or all. Says how many."""
        noticed = [_left_alone(), referral.c.purge_after.is_not(None)]
        if quiet_since is not None:
            noticed.append(referral.c.changed_at > stored(quiet_since))
        if not self._any(noticed):
            return 0
        with writing(self._engine) as connection:
            return int(connection.execute(sa.update(referral).where(*noticed).values(purge_after=None)).rowcount)

    def delete_left_alone(self, now: datetime) -> int:
        """Delete the open ones whose notice is over. Says how many. News that a team is still to be told goes first."""
        news = sa.select(outbox.c.id).where(
            outbox.c.referral_id == referral.c.id, outbox.c.kind != REFERRAL, outbox.c.delivered_at.is_(None),
            outbox.c.cancelled_at.is_(None),
        )  # fmt: skip
        over = [_left_alone(), referral.c.purge_after <= stored(now), ~news.exists()]
        return self._each(over, "referral.purged", {"reason": "left alone"}, None)

    def _each(self, wanted: list[Any], action: str, recorded: Mapping[str, object], purge_after: datetime | None) -> int:
        """Set when each is to be deleted, or delete each where that is None; and record it."""
        # A look without the right to write first: there is nothing to do most of the time.
        if not self._any(wanted):
            return 0
        with writing(self._engine) as connection:
            found = connection.execute(sa.select(referral.c.id, referral.c.state).where(*wanted).with_for_update()).all()
            for row in found:
                this = referral.c.id == row.id
                done = sa.delete(referral).where(this) if purge_after is None else (
                    sa.update(referral).where(this).values(purge_after=purge_after)
                )  # fmt: skip
                connection.execute(done)
                self._audit.record(DELIVERER, action, row.id, None, {"state": row.state, **recorded}, connection=connection)
            return len(found)

    def _any(self, wanted: list[Any]) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(referral.c.id).where(*wanted).limit(1)).first() is not None

    def _many(self, teams: Collection[str] | None, states: Collection[State]) -> list[Worked]:
        query = _worked().where(referral.c.state.in_([state.value for state in states]))
        if teams is not None:
            query = query.where(referral.c.team.in_(list(teams)))
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(query.order_by(referral.c.created_at, referral.c.id)).all()]

    @contextmanager
    def _changing(self, referral_id: str, seen: int) -> Iterator[Connection]:
        """A transaction in which the referral is as it was seen, and nobody else's until it ends."""
        with durably(self._engine) as connection:
            lock(connection, referral_id)
            row = connection.execute(_worked().where(referral.c.id == referral_id)).one()
            if row.revision != seen:
                raise ChangedMeanwhile
            yield connection


def _left_alone() -> Any:
    return referral.c.state.in_([state.value for state in LEFT_ALONE])


def _read(row: Any) -> Worked:
    found = read_row(row)
    delete_at = aware(row.purge_after) if row.purge_after and found.state in LEFT_ALONE else None
    last = aware(row.last_attempt_at) if row.last_attempt_at else None
    handler = row.handler if found.state is State.ACKNOWLEDGED else None
    return Worked(found, row.revision, row.attempts, last, handler, delete_at)
