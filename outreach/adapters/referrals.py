"""The tables of referrals: sealed answers, their states, the notices still to be given, and the audit.

What several processes do at once is decided by the database: rows are claimed under a lease, with SKIP LOCKED on PostgreSQL
and the one writer of SQLite.
"""
from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from outreach.adapters.database import metadata, writing
from outreach.referrals.records import (
    INBOX,
    REFERRAL,
    WITHDRAWN,
    AuditEntry,
    NewReferral,
    NoSuchReferral,
    Notice,
    ReferenceTaken,
    StoredReferral,
)
from outreach.referrals.states import ENDED, State, check

_TIME = sa.DateTime(timezone=False)
PERSON = "person"
DELIVERER = "deliverer"

referral = sa.Table(
    "referral",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("reference_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("form_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("area", sa.String(120)),
    sa.Column("team", sa.String(120), nullable=False),
    sa.Column("through", sa.String(120)),
    sa.Column("rule", sa.String(120), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("consent_version", sa.String(80), nullable=False),
    sa.Column("outcome", sa.String(40)),
    sa.Column("consented_at", _TIME, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("queued_at", _TIME),
    sa.Column("delivered_at", _TIME),
    sa.Column("acknowledged_at", _TIME),
    sa.Column("closed_at", _TIME),
    sa.Column("withdrawn_at", _TIME),
    sa.Column("failed_at", _TIME),
    sa.Column("changed_at", _TIME, nullable=False),
    sa.Column("purge_after", _TIME, index=True),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("target", sa.String(20), nullable=False),
    sa.Column("recipient", sa.String(120), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("next_at", _TIME, nullable=False),
    sa.Column("lease", sa.String(32)),
    sa.Column("leased_until", _TIME),
    sa.Column("delivered_at", _TIME),
    sa.Column("cancelled_at", _TIME),
    sa.Column("last_error", sa.String(80)),
    sa.Index("ix_outbox_due", "delivered_at", "cancelled_at", "next_at"),
)

state_change = sa.Table(
    "state_change",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("before", sa.String(20), nullable=False),
    sa.Column("after", sa.String(20), nullable=False),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
)

# Append-only: the database itself refuses to change or delete a row (migration 0003).
referral_audit = sa.Table(
    "referral_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("referral_id", sa.String(32), index=True),
    sa.Column("detail", sa.String(200), nullable=False),
)

_WAITING = sa.and_(outbox.c.delivered_at.is_(None), outbox.c.cancelled_at.is_(None))


def _stored(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)


@contextmanager
def _durably(engine: Engine) -> Iterator[Connection]:
    """A writing transaction that is on the disk when it ends: somebody is told that it is saved.

    Elsewhere SQLite may lose the last moments to a power cut, though never to a killed process.
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with engine.connect().execution_options(begin="IMMEDIATE") as connection:
        connection.connection.execute("PRAGMA synchronous = FULL")
        try:
            with connection.begin():
                yield connection
        finally:
            connection.connection.execute("PRAGMA synchronous = NORMAL")


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
            with _durably(self._engine) as connection:
                known = _reference_of_form(connection, new.form_hash)
                if known is None:
                    _insert(connection, new, _stored(now))
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
        at = _stored(now)
        with _durably(self._engine) as connection:
            before = _lock(connection, referral_id)
            check(before, after)
            values: dict[str, Any] = {}
            if after in ENDED:
                values["purge_after"] = at + (keep_for or timedelta())
                if after is State.WITHDRAWN:
                    values["sealed"] = None
                    _queue_withdrawn(connection, referral_id, at)
                _cancel(connection, referral_id, at)
            if outcome is not None:
                values["outcome"] = outcome
            if after is State.QUEUED:
                connection.execute(sa.insert(outbox).values(**_notice(referral_id, REFERRAL, INBOX, "", at)))
            _record(connection, referral_id, before, after, by, at, values)

    def purge(self, now: datetime) -> int:
        """Delete the ended ones whose time is over, but none of which somebody is still to be told. Says how many."""
        untold = sa.select(outbox.c.id).where(outbox.c.referral_id == referral.c.id, _WAITING).exists()
        over = sa.and_(
            referral.c.state.in_([state.value for state in ENDED]), referral.c.purge_after <= _stored(now), ~untold
        )
        with writing(self._engine) as connection:
            return int(connection.execute(sa.delete(referral).where(over)).rowcount)

    # Delivery

    def claim(self, now: datetime, lease_for: timedelta, leave_out: Collection[tuple[str, str]] = ()) -> Notice | None:
        """Take the next notice that is due, for this worker alone until the lease is over. The inbox comes first.

        `leave_out`: receivers, as (target, recipient), that are not to be tried now.
        """
        at, lease = _stored(now), secrets.token_hex(16)
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
        with writing(self._engine) as connection:
            row = connection.execute(first).first()
            if row is None:
                return None
            values = {"lease": lease, "leased_until": at + lease_for, "attempts": row.attempts + 1}
            connection.execute(sa.update(outbox).where(outbox.c.id == row.id).values(**values))
        return Notice(
            row.id, row.key, row.referral_id, row.kind, row.target, row.recipient, row.attempts + 1,
            _aware(row.created_at), lease,
        )  # fmt: skip

    def put_in_inbox(self, notice: Notice, tell: Iterable[tuple[str, str]], now: datetime) -> bool:
        """Deliver to the staff's inbox: the state says so, and each of `tell` (target, recipient) gets a notice of its own.

        False, and nothing is done, where the referral is no longer queued.
        """
        at = _stored(now)
        with _durably(self._engine) as connection:
            before = _lock(connection, notice.referral_id)
            if before is not State.QUEUED or not _finish(connection, notice, at):
                return False
            _record(connection, notice.referral_id, before, State.DELIVERED, DELIVERER, at, {})
            for target, recipient in tell:
                connection.execute(sa.insert(outbox).values(**_notice(notice.referral_id, REFERRAL, target, recipient, at)))
        return True

    def told(self, notice: Notice, now: datetime) -> bool:
        """The receiver has it. False where the lease was lost to another worker meanwhile."""
        with writing(self._engine) as connection:
            return _finish(connection, notice, _stored(now))

    def not_told(self, notice: Notice, next_at: datetime, error: str) -> None:
        """The receiver could not be told: to be tried again. `error` is a class's name."""
        values = {"lease": None, "leased_until": None, "next_at": _stored(next_at), "last_error": error[:80]}
        with writing(self._engine) as connection:
            connection.execute(_of_lease(notice).values(**values))

    def cancel(self, notice: Notice, now: datetime) -> None:
        """There is nothing to tell any more."""
        with writing(self._engine) as connection:
            connection.execute(_of_lease(notice).values(cancelled_at=_stored(now)))

    def waiting(self) -> tuple[int, datetime | None]:
        """How many notices are still to be given, and since when the oldest waits."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(sa.func.count(), sa.func.min(outbox.c.created_at)).where(_WAITING)).one()
        return int(row[0]), _aware(row[1]) if row[1] else None

    # Audit

    def record(self, entry: AuditEntry) -> None:
        """Add to the audit."""
        values = {"at": _stored(entry.at), "by": entry.by[:80], "action": entry.action, "referral_id": entry.referral_id}
        with _durably(self._engine) as connection:
            connection.execute(sa.insert(referral_audit).values(**values, detail=entry.detail[:200]))

    def audit(self) -> list[AuditEntry]:
        """The audit, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(referral_audit).order_by(referral_audit.c.id)).all()
        return [AuditEntry(_aware(row.at), row.by, row.action, row.referral_id, row.detail) for row in rows]

    def _referrals(self, wanted: Any) -> list[StoredReferral]:
        query = sa.select(referral).where(wanted).order_by(referral.c.created_at, referral.c.id)
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(query).all()]

    def _any(self, query: Any) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None


def _read(row: Any) -> StoredReferral:
    return StoredReferral(
        row.id, row.reference_hash, row.area, row.team, row.through, row.rule, State(row.state), row.sealed, row.key_id,
        _aware(row.created_at), _aware(row.changed_at), row.outcome,
    )  # fmt: skip


def _reference_of_form(connection: Connection, form_hash: str) -> str | None:
    query = sa.select(referral.c.reference_hash).where(referral.c.form_hash == form_hash)
    found: str | None = connection.execute(query).scalar()
    return found


def _insert(connection: Connection, new: NewReferral, at: datetime) -> None:
    consented = _stored(new.consented_at)
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


def _lock(connection: Connection, referral_id: str) -> State:
    """The state of a referral that nobody else can change until the transaction ends."""
    query = sa.select(referral.c.state).where(referral.c.id == referral_id).with_for_update()
    state = connection.execute(query).scalar()
    if state is None:
        raise NoSuchReferral(referral_id)
    return State(state)


def _record(
    connection: Connection, referral_id: str, before: State, after: State, by: str, at: datetime, values: dict[str, Any]
) -> None:
    times = {f"{after.value}_at": at, "changed_at": at}
    changed = sa.update(referral).where(referral.c.id == referral_id).values(state=after.value, **times, **values)
    connection.execute(changed)
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


def _queue_withdrawn(connection: Connection, referral_id: str, at: datetime) -> None:
    """The news for every receiver that was told, or was tried and may have heard. The inbox shows the state itself."""
    told = sa.select(outbox).where(
        outbox.c.referral_id == referral_id, outbox.c.kind == REFERRAL, outbox.c.target != INBOX, outbox.c.attempts > 0
    )
    for row in connection.execute(told).all():
        # Not before a telling that is under way has ended.
        due = max(at, row.leased_until) if row.leased_until else at
        notice = _notice(referral_id, WITHDRAWN, row.target, row.recipient, at, due)
        connection.execute(sa.insert(outbox).values(**notice))
