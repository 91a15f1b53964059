"""Referrals at rest: sealed answers, their states, and the notices still to be given.

What several processes do at once is decided by the database: rows are claimed under a lease, with SKIP LOCKED on PostgreSQL
and the one writer of SQLite.
"""
from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from outreach.adapters.database import durably, writing
from outreach.adapters.referral_tables import (
    aware,
    outbox,
    referral,
    referral_attempt,
    state_change,
    stored,
)
from outreach.referrals.records import (
    INBOX,
    PASSED_ON,
    REFERRAL,
    WITHDRAWN,
    NewReferral,
    NoSuchReferral,
    Notice,
    ReferenceTaken,
    StoredReferral,
)
from outreach.referrals.states import ENDED, State, check

PERSON = "person"
DELIVERER = "deliverer"

_WAITING = sa.and_(outbox.c.delivered_at.is_(None), outbox.c.cancelled_at.is_(None))


class ReferralStore:
    """Keeps referrals. Times that go in and come out are aware; what is stored is UTC."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # The hand-off

    def reference_of_form(self, form_hash: str) -> str | None:
        """The hash of the reference that this filling-in of the form was given; None where it was not submitted."""
        with self._engine.connect() as connection:
            return _reference_of_form(connection, form_hash)

    def save(self, new: NewReferral, now: datetime) -> str:
        """Save and queue in one transaction; give the hash of the reference that the form has, from earlier perhaps.

        Raises ReferenceTaken, and then nothing was saved.
        """
        try:
            with durably(self._engine) as connection:
                known = _reference_of_form(connection, new.form_hash)
                if known is None:
                    _insert(connection, new, stored(now))
                return known or new.reference_hash
        except IntegrityError:
            # Two at once, or a reference that exists.
            known = self.reference_of_form(new.form_hash)
            if known is None:
                raise ReferenceTaken from None
            return known

    # Afterwards

    def by_reference(self, reference_hash: str) -> StoredReferral | None:
        """The referral with this reference."""
        return next(iter(self._referrals(referral.c.reference_hash == reference_hash)), None)

    def get(self, referral_id: str) -> StoredReferral:
        """The referral with this id. Raises NoSuchReferral."""
        for found in self._referrals(referral.c.id == referral_id):
            return found
        raise NoSuchReferral(referral_id)

    def all(self, ended: bool = False) -> list[StoredReferral]:
        """Every referral, oldest first; those closed and withdrawn only with `ended`."""
        return self._referrals(sa.true() if ended else referral.c.state.not_in([state.value for state in ENDED]))

    def change(
        self, referral_id: str, after: State, by: str, now: datetime, keep_for: timedelta | None = None,
        outcome: str | None = None,
    ) -> None:
        """Put a referral into another state. `keep_for` is how long one that has ended is kept.

        Closing cancels what was not yet told. Withdrawing deletes the sealed part as well, and queues the news for everybody
        who may have been told. Raises NoSuchReferral, and NotAllowed where the state does not lead there.
        """
        with durably(self._engine) as connection:
            change_state(connection, referral_id, after, by, now, keep_for, outcome)

    def purge(self, now: datetime) -> int:
        """Delete the ended ones whose time is over, but none of which somebody is still to be told. Says how many."""
        untold = sa.select(outbox.c.id).where(outbox.c.referral_id == referral.c.id, _WAITING).exists()
        over = sa.and_(
            referral.c.state.in_([state.value for state in ENDED]), referral.c.purge_after <= stored(now), ~untold
        )
        with writing(self._engine) as connection:
            return int(connection.execute(sa.delete(referral).where(over)).rowcount)

    # Delivery. It keeps nobody waiting, so it waits for others as long as it takes.

    def claim(self, now: datetime, lease_for: timedelta, leave_out: Collection[tuple[str, str]] = ()) -> Notice | None:
        """Take the next notice that is due, for this worker alone until the lease is over. The inbox comes first.

        `leave_out`: receivers, as (target, recipient), that are not to be tried now.
        """
        at, lease = stored(now), secrets.token_hex(16)
        due = [_WAITING, outbox.c.next_at <= at, sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= at)]
        due += [sa.not_(sa.and_(outbox.c.target == target, outbox.c.recipient == to)) for target, to in leave_out]
        first = (
            sa.select(outbox)
            .where(*due)
            .order_by((outbox.c.target == INBOX).desc(), outbox.c.next_at, outbox.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        # A look without the right to write first: there is nothing to do most of the time.
        if not self._any(sa.select(outbox.c.id).where(*due).limit(1)):
            return None
        with writing(self._engine, patient=True) as connection:
            row = connection.execute(first).first()
            if row is None:
                return None
            values = {"lease": lease, "leased_until": at + lease_for, "attempts": row.attempts + 1}
            connection.execute(sa.update(outbox).where(outbox.c.id == row.id).values(**values))
        return Notice(
            row.id, row.key, row.referral_id, row.kind, row.target, row.recipient, row.attempts + 1,
            aware(row.created_at), lease,
        )  # fmt: skip

    def put_in_inbox(self, notice: Notice, tell: Iterable[tuple[str, str]], now: datetime) -> bool:
        """Deliver to the staff's inbox: the state says so, and each of `tell` (target, recipient) gets a notice of its own.

        False, and nothing is done, where the referral is no longer queued.
        """
        at = stored(now)
        with durably(self._engine, patient=True) as connection:
            before = lock(connection, notice.referral_id)
            if before is not State.QUEUED or not _finish(connection, notice, at):
                return False
            _record(connection, notice.referral_id, before, State.DELIVERED, DELIVERER, at, {})
            for target, recipient in tell:
                connection.execute(sa.insert(outbox).values(**_notice(notice.referral_id, REFERRAL, target, recipient, at)))
        return True

    def told(self, notice: Notice, now: datetime) -> bool:
        """The receiver has it. False where the lease was lost to another worker meanwhile."""
        with writing(self._engine, patient=True) as connection:
            return _finish(connection, notice, stored(now))

    def not_told(self, notice: Notice, next_at: datetime, error: str) -> None:
        """The receiver could not be told: to be tried again. `error` is a class's name."""
        values = {"lease": None, "leased_until": None, "next_at": stored(next_at), "last_error": error[:80]}
        with writing(self._engine, patient=True) as connection:
            connection.execute(_of_lease(notice).values(**values))

    def cancel(self, notice: Notice, now: datetime) -> None:
        """There is nothing to tell any more."""
        with writing(self._engine, patient=True) as connection:
            connection.execute(_of_lease(notice).values(cancelled_at=stored(now)))

    def waiting(self) -> tuple[int, datetime | None]:
        """How many notices are still to be given, and since when the oldest waits."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(sa.func.count(), sa.func.min(outbox.c.created_at)).where(_WAITING)).one()
        return int(row[0]), aware(row[1]) if row[1] else None

    def _referrals(self, wanted: Any) -> list[StoredReferral]:
        query = sa.select(referral).where(wanted).order_by(referral.c.created_at, referral.c.id)
        with self._engine.connect() as connection:
            return [read_row(row) for row in connection.execute(query).all()]

    def _any(self, query: Any) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None


def read_row(row: Any) -> StoredReferral:
    """A row of the table as the inside has it."""
    return StoredReferral(
        row.id, row.reference_hash, row.area, row.team, row.through, row.rule, State(row.state), row.sealed, row.key_id,
        aware(row.created_at), aware(row.changed_at), row.outcome,
    )  # fmt: skip


def _reference_of_form(connection: Connection, form_hash: str) -> str | None:
    query = sa.select(referral.c.reference_hash).where(referral.c.form_hash == form_hash)
    found: str | None = connection.execute(query).scalar()
    return found


def _insert(connection: Connection, new: NewReferral, at: datetime) -> None:
    consented = stored(new.consented_at)
    values = {
        "id": new.id, "reference_hash": new.reference_hash, "form_hash": new.form_hash, "area": new.area, "team": new.team,
        "through": new.through, "rule": new.rule, "sealed": new.sealed, "key_id": new.key_id,
        "consent_version": new.consent_version, "consented_at": consented,
    }  # fmt: skip
    times = {"created_at": at, "queued_at": at, "changed_at": at}
    connection.execute(sa.insert(referral).values(**values, **times, state=State.QUEUED.value))
    for before, after, when in ((State.DRAFT, State.CONSENTED, consented), (State.CONSENTED, State.QUEUED, at)):
        _log_change(connection, new.id, before, after, PERSON, when)
    connection.execute(sa.insert(outbox).values(**_notice(new.id, REFERRAL, INBOX, "", at)))


def _notice(
    referral_id: str, kind: str, target: str, recipient: str, at: datetime, due: datetime | None = None
) -> dict[str, Any]:
    return {
        "key": f"msg_{secrets.token_hex(16)}", "referral_id": referral_id, "kind": kind, "target": target,
        "recipient": recipient, "attempts": 0, "created_at": at, "next_at": due or at,
    }  # fmt: skip


def lock(connection: Connection, referral_id: str) -> State:
    """The state of a referral that nobody else can change until the transaction ends."""
    query = sa.select(referral.c.state).where(referral.c.id == referral_id).with_for_update()
    state = connection.execute(query).scalar()
    if state is None:
        raise NoSuchReferral(referral_id)
    return State(state)


def change_state(
    connection: Connection, referral_id: str, after: State, by: str, now: datetime, keep_for: timedelta | None = None,
    outcome: str | None = None,
) -> State:
    """As `ReferralStore.change`, in a transaction of the caller's; give the state before. Raises the same."""
    at = stored(now)
    before = lock(connection, referral_id)
    check(before, after)
    values: dict[str, Any] = {}
    if after in ENDED:
        values["purge_after"] = at + (keep_for or timedelta())
        if after is State.WITHDRAWN:
            values["sealed"] = None
            connection.execute(sa.delete(referral_attempt).where(referral_attempt.c.referral_id == referral_id))
            _queue_news(connection, referral_id, WITHDRAWN, at)
        _cancel(connection, referral_id, at)
    if outcome is not None:
        values["outcome"] = outcome
    if after is State.QUEUED:
        connection.execute(sa.insert(outbox).values(**_notice(referral_id, REFERRAL, INBOX, "", at)))
    _record(connection, referral_id, before, after, by, at, values)
    return before


def hand_over(
    connection: Connection, referral_id: str, team: str, through: str | None, area: str | None, by: str, now: datetime
) -> None:
    """Make it another team's: queued for the new one, and news for whoever was told and is not told again."""
    at, stay = stored(now), {recipient for recipient in (team, through) if recipient}
    _cancel(connection, referral_id, at)
    again = sa.and_(outbox.c.referral_id == referral_id, outbox.c.kind == PASSED_ON, outbox.c.recipient.in_(stay), _WAITING)
    connection.execute(sa.update(outbox).where(again).values(cancelled_at=at))
    _queue_news(connection, referral_id, PASSED_ON, at, leave_out=stay)
    change_state(connection, referral_id, State.QUEUED, by, now)
    values = {"team": team, "through": through, "area": area}
    connection.execute(sa.update(referral).where(referral.c.id == referral_id).values(**values))


def _record(
    connection: Connection, referral_id: str, before: State, after: State, by: str, at: datetime, values: dict[str, Any]
) -> None:
    times = {f"{after.value}_at": at, "changed_at": at}
    # Something has been done about it: if it was due to be deleted for being left alone, it is not any more.
    changes = {"purge_after": None, **values, **times, "state": after.value}
    connection.execute(sa.update(referral).where(referral.c.id == referral_id).values(**changes))
    _log_change(connection, referral_id, before, after, by, at)


def _log_change(connection: Connection, referral_id: str, before: State, after: State, by: str, at: datetime) -> None:
    values = {"referral_id": referral_id, "before": before.value, "after": after.value, "at": at, "by": by[:80]}
    connection.execute(sa.insert(state_change).values(**values))


def _of_lease(notice: Notice) -> Any:
    return sa.update(outbox).where(outbox.c.id == notice.id, outbox.c.lease == notice.lease, outbox.c.delivered_at.is_(None))


def _finish(connection: Connection, notice: Notice, at: datetime) -> bool:
    values = {"delivered_at": at, "lease": None, "leased_until": None, "last_error": None}
    return bool(connection.execute(_of_lease(notice).values(**values)).rowcount)


def _cancel(connection: Connection, referral_id: str, at: datetime) -> None:
    """Whatever still says that one waits. A claim that is under way keeps its lease, so that its end is noted."""
    mine = sa.and_(outbox.c.referral_id == referral_id, outbox.c.kind == REFERRAL, _WAITING)
    connection.execute(sa.update(outbox).where(mine).values(cancelled_at=at))


def _queue_news(
    connection: Connection, referral_id: str, kind: str, at: datetime, leave_out: Collection[str] = ()
) -> None:
    """The news for every receiver that was told, or was tried and may have heard, once each. The inbox shows it itself."""
    told = sa.select(outbox).where(
        outbox.c.referral_id == referral_id, outbox.c.kind == REFERRAL, outbox.c.target != INBOX, outbox.c.attempts > 0
    )
    dues: dict[tuple[str, str], datetime] = {}
    for row in connection.execute(told).all():
        if row.recipient not in leave_out:
            # Not before a telling that is under way has ended.
            receiver = (row.target, row.recipient)
            dues[receiver] = max(dues.get(receiver, at), row.leased_until or at)
    for (target, recipient), due in dues.items():
        connection.execute(sa.insert(outbox).values(**_notice(referral_id, kind, target, recipient, at, due)))
