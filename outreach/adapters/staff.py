"""The tables of staff: accounts, recovery codes, one-time links, sessions and tries."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from outreach.adapters.database import durably, metadata
from outreach.staff.records import Account, Link, LinkKind, LoginTaken, Rows, Session
from outreach.staff.roles import Role

_TIME = sa.DateTime(timezone=False)
# Names the writing of these tables among a PostgreSQL server's advisory locks.
_LOCK = 712_023_004

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("login", sa.String(80), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("factor", sa.LargeBinary),
    sa.Column("factor_step", sa.Integer),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("areas", sa.JSON, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("changed_at", _TIME, nullable=False),
    sa.Column("came_in_at", _TIME),
    sa.Column("disabled_at", _TIME),
)


def _of_staff(**options: Any) -> sa.Column[Any]:
    return sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.id", ondelete="CASCADE"), index=True, **options)


recovery = sa.Table(
    "staff_recovery", metadata, sa.Column("code_hash", sa.String(64), primary_key=True), _of_staff(nullable=False)
)

links = sa.Table(
    "staff_link",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    _of_staff(),
    sa.Column("expires_at", _TIME, nullable=False),
)

sessions = sa.Table(
    "staff_session",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    _of_staff(nullable=False),
    sa.Column("began_at", _TIME, nullable=False),
    sa.Column("seen_at", _TIME, nullable=False),
)

tries = sa.Table(
    "sign_in_try",
    metadata,
    sa.Column("who", sa.String(64), primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("since", _TIME, nullable=False),
)


class StaffStore:
    """Gives rows within a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Rows to look at."""
        with self._engine.connect() as connection:
            yield StaffRows(connection)

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        """Rows to change: all or nothing, on the disk when it ends. One at a time, so that what is counted stays true."""
        with durably(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield StaffRows(connection)


class StaffRows:
    """The rows, within one transaction. Times that go in and come out are aware; what is stored is UTC."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def account(self, account_id: str) -> Account | None:
        """By id. In a transaction that writes, nobody else changes it until the end."""
        row = self.connection.execute(sa.select(staff).where(staff.c.id == account_id)).first()
        return _account(row) if row else None

    def by_login(self, login: str) -> Account | None:
        """By the name that is typed at sign-in."""
        row = self.connection.execute(sa.select(staff).where(staff.c.login == login)).first()
        return _account(row) if row else None

    def accounts(self) -> list[Account]:
        """All, by name."""
        return [_account(row) for row in self.connection.execute(sa.select(staff).order_by(staff.c.name, staff.c.id))]

    def add_account(self, account: Account) -> None:
        """Add one. Raises LoginTaken."""
        values = {
            "id": account.id, "login": account.login, "name": account.name, "roles": sorted(r.value for r in account.roles),
            "areas": sorted(account.areas), "password_hash": account.password_hash, "factor": account.factor,
            "factor_step": account.factor_step, "created_at": _stored(account.created_at),
            "changed_at": _stored(account.changed_at),
        }  # fmt: skip
        try:
            with self.connection.begin_nested():
                self.connection.execute(sa.insert(staff).values(**values))
        except IntegrityError:
            raise LoginTaken from None

    def change_account(self, account_id: str, **values: Any) -> None:
        """Set columns."""
        given = {name: _stored(value) if isinstance(value, datetime) else value for name, value in values.items()}
        self.connection.execute(sa.update(staff).where(staff.c.id == account_id).values(**given))

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the code of a step was used; False where it, or a later one, was used before."""
        unused = sa.or_(staff.c.factor_step.is_(None), staff.c.factor_step < step)
        changed = sa.update(staff).where(staff.c.id == account_id, unused).values(factor_step=step)
        return bool(self.connection.execute(changed).rowcount)

    def set_recovery(self, account_id: str, hashes: list[str]) -> None:
        """Put these codes in place of the earlier ones."""
        self.connection.execute(sa.delete(recovery).where(recovery.c.staff_id == account_id))
        for each in hashes:
            self.connection.execute(sa.insert(recovery).values(code_hash=each, staff_id=account_id))

    def use_recovery(self, account_id: str, code_hash: str) -> bool:
        """Use a code up; False where there is none such."""
        mine = sa.and_(recovery.c.staff_id == account_id, recovery.c.code_hash == code_hash)
        return bool(self.connection.execute(sa.delete(recovery).where(mine)).rowcount)

    def recovery_left(self, account_id: str) -> int:
        """How many codes are left."""
        query = sa.select(sa.func.count()).select_from(recovery).where(recovery.c.staff_id == account_id)
        return int(self.connection.execute(query).scalar() or 0)

    def add_link(self, token_hash: str, kind: LinkKind, account_id: str | None, expires_at: datetime) -> None:
        """Add a one-time link."""
        values = {"token_hash": token_hash, "kind": kind.value, "staff_id": account_id, "expires_at": _stored(expires_at)}
        self.connection.execute(sa.insert(links).values(**values))

    def link(self, token_hash: str, now: datetime) -> Link | None:
        """A link that is still good."""
        good = sa.and_(links.c.token_hash == token_hash, links.c.expires_at > _stored(now))
        row = self.connection.execute(sa.select(links).where(good)).first()
        return Link(LinkKind(row.kind), self.account(row.staff_id) if row.staff_id else None) if row else None

    def drop_links(self, kind: LinkKind, account_id: str | None) -> None:
        """Earlier links of this kind for this account are no good any more."""
        whose = links.c.staff_id.is_(None) if account_id is None else links.c.staff_id == account_id
        self.connection.execute(sa.delete(links).where(links.c.kind == kind.value, whose))

    def add_session(self, token_hash: str, account_id: str, now: datetime) -> None:
        """Begin one."""
        at = _stored(now)
        self.connection.execute(
            sa.insert(sessions).values(token_hash=token_hash, staff_id=account_id, began_at=at, seen_at=at)
        )

    def session(self, token_hash: str) -> Session | None:
        """One with its account, whatever its age."""
        return next(iter(self._sessions(sessions.c.token_hash == token_hash)), None)

    def sessions_of(self, account_id: str) -> list[Session]:
        """The sessions of an account."""
        return self._sessions(sessions.c.staff_id == account_id)

    def _sessions(self, wanted: Any) -> list[Session]:
        joined = sa.select(staff, sessions.c.began_at, sessions.c.seen_at).join(sessions, sessions.c.staff_id == staff.c.id)
        rows = self.connection.execute(joined.where(wanted).order_by(sessions.c.began_at))
        return [Session(_account(row), _aware(row.began_at), _aware(row.seen_at)) for row in rows]

    def seen(self, token_hash: str, now: datetime) -> None:
        """Something was done in it."""
        self.connection.execute(
            sa.update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=_stored(now))
        )

    def end_session(self, token_hash: str) -> None:
        """End one."""
        self.connection.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash))

    def end_sessions(self, account_id: str, but: str | None = None) -> int:
        """End all of an account, but the one with the hash `but`; says how many."""
        wanted = sa.and_(sessions.c.staff_id == account_id, sessions.c.token_hash != (but or ""))
        return int(self.connection.execute(sa.delete(sessions).where(wanted)).rowcount)

    def drop_old_sessions(self, began_before: datetime, seen_before: datetime) -> None:
        """Forget those that are over."""
        over = sa.or_(sessions.c.began_at <= _stored(began_before), sessions.c.seen_at <= _stored(seen_before))
        self.connection.execute(sa.delete(sessions).where(over))

    def tries(self, who: str, now: datetime, window: timedelta) -> int:
        """How often this one has tried within the window. What is older is forgotten."""
        self.connection.execute(sa.delete(tries).where(tries.c.since <= _stored(now - window)))
        query = sa.select(tries.c.tries).where(tries.c.who == who)
        return int(self.connection.execute(query).scalar() or 0)

    def count_try(self, who: str, count: int, now: datetime, anew: bool) -> None:
        """Keep the number of tries; with `anew` the window begins now."""
        values: dict[str, Any] = {"tries": count, **({"since": _stored(now)} if anew else {})}
        if not self.connection.execute(sa.update(tries).where(tries.c.who == who).values(**values)).rowcount:
            self.connection.execute(sa.insert(tries).values(who=who, tries=count, since=_stored(now)))

    def forget_tries(self, who: str) -> None:
        """Begin at none."""
        self.connection.execute(sa.delete(tries).where(tries.c.who == who))


def _account(row: Any) -> Account:
    return Account(
        row.id, row.login, row.name, frozenset(Role(each) for each in row.roles), frozenset(row.areas),
        _aware(row.created_at), _aware(row.changed_at), row.password_hash, row.factor, row.factor_step,
        _aware(row.came_in_at) if row.came_in_at else None, _aware(row.disabled_at) if row.disabled_at else None,
    )  # fmt: skip


def _stored(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)
