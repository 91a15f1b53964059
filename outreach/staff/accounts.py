"""Accounts: who is asked in, by whom, with what roles, and how somebody sets a password and a second factor."""
from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.staff.passwords import Passwords
from outreach.staff.records import Account, ChangedMeanwhile, Link, LinkKind, NoSuchAccount, NotPossible, Rows, Store
from outreach.staff.roles import Role
from outreach.staff.second_factor import Factors, new_recovery_codes, step_of
from outreach.staff.sessions import Sessions, new_token, token_hash
from outreach.staff.signing_in import plain_login
from outreach.staff.tries import Tries

FIRST_MANAGER_FOR = timedelta(hours=24)
JOIN_FOR = timedelta(hours=72)
COMMAND_LINE = "command line"
LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,78}[a-z0-9])")
_ID_BYTES = 8


class LinkOver(Exception):
    """A one-time link is used up, replaced or too old."""


class WrongCode(Exception):
    """The six digits are not those of the new second factor."""


class WrongPassword(Exception):
    """The password, or the code beside it, is not the right one."""


@dataclass(frozen=True)
class Joined:
    """Somebody who has set password and second factor: their session, and recovery codes that are shown this once."""

    token: str
    recovery_codes: list[str]


class Accounts:
    """What managers do with accounts, and what people do with their own. `by` is always the id of who does it."""

    def __init__(
        self, store: Store, sessions: Sessions, passwords: Passwords, factors: Factors, tries: Tries, audit: Audit,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._factors = factors
        self._tries = tries
        self._audit = audit
        self._clock = clock

    # Looking

    def all(self) -> list[Account]:
        """Everybody, by name."""
        with self._store.reading() as rows:
            return rows.accounts()

    def get(self, account_id: str) -> Account:
        """One. Raises NoSuchAccount."""
        with self._store.reading() as rows:
            return _there(rows, account_id)

    def recovery_left(self, account_id: str) -> int:
        """How many recovery codes somebody has left."""
        with self._store.reading() as rows:
            return rows.recovery_left(account_id)

    # One-time links

    def first_manager_link(self) -> str | None:
        """The token of a new link for the first manager, in place of any earlier; None where there is a manager."""
        with self._store.writing() as rows:
            if _managers(rows):
                return None
            return self._new_link(rows, LinkKind.FIRST, None, FIRST_MANAGER_FOR)

    def manager_link(self) -> str:
        """The token of a link for a further manager, for whoever may use the machine's command line."""
        with self._store.writing() as rows:
            return self._new_link(rows, LinkKind.MANAGER, None, FIRST_MANAGER_FOR)

    def link(self, token: str) -> Link:
        """What a link is for. Raises LinkOver."""
        with self._store.reading() as rows:
            return self._good(rows, token)

    def secret_of(self, token: str) -> str:
        """The second factor's secret that goes with a link. Raises LinkOver."""
        self.link(token)
        return self._factors.secret_for(token)

    def join(self, token: str, password: str, code: str, name: str = "", login: str = "") -> Joined:
        """Use a link: set a password and second factor, and come in. A manager's link makes the account, with name and login.

        Raises LinkOver, WrongCode, LoginTaken.
        """
        secret = self._factors.secret_for(token)
        step = step_of(secret, code, self._clock())
        if step is None:
            self.link(token)
            raise WrongCode
        hashed, codes = self._passwords.hash(password), new_recovery_codes()
        with self._store.writing() as rows:
            link = self._good(rows, token)
            account = link.account or self._add_manager(rows, link.kind, name, login)
            rows.drop_links(link.kind, link.account.id if link.account else None)
            rows.end_sessions(account.id)
            rows.change_account(account.id, password_hash=hashed, factor=self._factors.seal(secret), factor_step=step)
            rows.set_recovery(account.id, [self._factors.recovery_hash(each) for each in codes])
            rows.change_account(account.id, came_in_at=self._clock())
            session = self._sessions.begin(rows, account.id)
            if link.account:
                self._audit.record(account.id, "staff.joined", account.id, connection=rows.connection)
        return Joined(session, codes)

    def _good(self, rows: Rows, token: str) -> Link:
        link = rows.link(token_hash(token), self._clock()) if len(token) < 200 else None
        if link is None or (link.kind is LinkKind.FIRST and _managers(rows)):
            raise LinkOver
        if link.account is not None and link.account.disabled_at is not None:
            raise LinkOver
        return link

    def _new_link(self, rows: Rows, kind: LinkKind, account_id: str | None, good_for: timedelta) -> str:
        token = new_token()
        rows.drop_links(kind, account_id)
        rows.add_link(token_hash(token), kind, account_id, self._clock() + good_for)
        return token

    def _add_manager(self, rows: Rows, kind: LinkKind, name: str, login: str) -> Account:
        account = self._new_account(rows, name, login, {Role.MANAGER}, ())
        action = "staff.first_manager" if kind is LinkKind.FIRST else "staff.manager_added"
        self._audit.record(account.id, action, account.id, None, _rights(account), rows.connection)
        return account

    # What managers do

    def invite(self, by: str, name: str, login: str, roles: Collection[Role], areas: Collection[str]) -> tuple[Account, str]:
        """Add somebody, with the token of the link that they come in by. Raises LoginTaken."""
        with self._store.writing() as rows:
            account = self._new_account(rows, name, login, roles, areas)
            self._audit.record(by, "staff.invited", account.id, None, _rights(account), rows.connection)
            return account, self._new_link(rows, LinkKind.JOIN, account.id, JOIN_FOR)

    def change(
        self, by: str, account_id: str, name: str, roles: Collection[Role], areas: Collection[str], seen: datetime | None
    ) -> None:
        """Set name, roles and areas. Where roles or areas change, the person's sessions end. `seen` is the account's
        `changed_at` as whoever does it had it before them.

        Raises NoSuchAccount, ChangedMeanwhile, and NotPossible for the last manager.
        """
        with self._store.writing() as rows:
            before = _there(rows, account_id)
            if before.changed_at != seen:
                raise ChangedMeanwhile
            if Role.MANAGER not in roles:
                _not_the_last_manager(rows, before)
            if (name, frozenset(roles), frozenset(areas)) == (before.name, before.roles, before.areas):
                return
            rows.change_account(account_id, name=name, roles=_sorted(roles), areas=sorted(areas), changed_at=self._clock())
            after = _there(rows, account_id)
            if (after.roles, after.areas) != (before.roles, before.areas):
                rows.end_sessions(account_id)
            told = {**_rights(after), "renamed": after.name != before.name}
            self._audit.record(by, "staff.changed", account_id, _rights(before), told, rows.connection)

    def disable(self, by: str, account_id: str) -> None:
        """Turn an account off: its sessions and links end at once. Raises NoSuchAccount, NotPossible for the last manager."""
        with self._store.writing() as rows:
            account = _there(rows, account_id)
            _not_the_last_manager(rows, account)
            if account.disabled_at is None:
                rows.change_account(account_id, disabled_at=self._clock())
                rows.end_sessions(account_id)
                rows.drop_links(LinkKind.JOIN, account_id)
                change = ({"disabled": False}, {"disabled": True})
                self._audit.record(by, "staff.disabled", account_id, *change, connection=rows.connection)

    def enable(self, by: str, account_id: str) -> None:
        """Turn an account on again. Raises NoSuchAccount."""
        with self._store.writing() as rows:
            if _there(rows, account_id).disabled_at is not None:
                rows.change_account(account_id, disabled_at=None)
                change = ({"disabled": True}, {"disabled": False})
                self._audit.record(by, "staff.enabled", account_id, *change, connection=rows.connection)

    def reset(self, by: str, account_id: str) -> str:
        """Take password and second factor away, and give the token of a link by which the person sets new ones.

        Raises NoSuchAccount, and NotPossible for one's own account or one that is turned off.
        """
        with self._store.writing() as rows:
            account = _there(rows, account_id)
            if by == account_id:
                raise NotPossible("You can't reset your own sign-in. Ask another manager.")
            if account.disabled_at is not None:
                raise NotPossible("This account is turned off. Turn it on first.")
            if by != COMMAND_LINE:
                _not_the_last_manager(rows, account)
            if not account.joined:
                self._audit.record(by, "staff.link_made", account_id, connection=rows.connection)
            else:
                rows.change_account(account_id, password_hash=None, factor=None, factor_step=None)
                rows.set_recovery(account_id, [])
                rows.end_sessions(account_id)
                self._audit.record(by, "staff.sign_in_reset", account_id, connection=rows.connection)
            return self._new_link(rows, LinkKind.JOIN, account_id, JOIN_FOR)

    def end_sessions(self, by: str, account_id: str, but: str | None = None) -> int:
        """Sign somebody out everywhere, but for the session with the token `but`. Raises NoSuchAccount."""
        with self._store.writing() as rows:
            _there(rows, account_id)
            ended = rows.end_sessions(account_id, token_hash(but) if but else None)
            if ended:
                self._audit.record(by, "staff.sessions_ended", account_id, connection=rows.connection)
            return ended

    # What people do with their own

    def change_password(self, account_id: str, password: str, new: str, but: str) -> None:
        """Set another password; all sessions but the one with the token `but` end. Raises WrongPassword, TooManyTries."""
        account = self._checked(account_id, password)
        hashed = self._passwords.hash(new)
        with self._store.writing() as rows:
            if _there(rows, account_id).password_hash != account.password_hash:
                raise WrongPassword
            rows.change_account(account_id, password_hash=hashed)
            rows.end_sessions(account_id, token_hash(but))
            self._audit.record(account_id, "staff.password_changed", account_id, connection=rows.connection)

    def own_secret(self, session: str) -> str:
        """The secret for moving one's codes to another phone; the same throughout a session."""
        return self._factors.secret_for(session)

    def change_factor(self, account_id: str, password: str, code: str, session: str) -> list[str]:
        """Take the codes of the secret in `own_secret` from now on. Gives new recovery codes.

        Raises WrongPassword, TooManyTries, WrongCode.
        """
        self._checked(account_id, password)
        secret = self._factors.secret_for(session)
        step = step_of(secret, code, self._clock())
        if step is None:
            raise WrongCode
        codes = new_recovery_codes()
        with self._store.writing() as rows:
            rows.change_account(account_id, factor=self._factors.seal(secret), factor_step=step)
            rows.set_recovery(account_id, [self._factors.recovery_hash(each) for each in codes])
            rows.end_sessions(account_id, token_hash(session))
            self._audit.record(account_id, "staff.factor_changed", account_id, connection=rows.connection)
        return codes

    def renew_recovery_codes(self, account_id: str, password: str) -> list[str]:
        """New recovery codes in place of all earlier ones. Raises WrongPassword, TooManyTries."""
        self._checked(account_id, password)
        codes = new_recovery_codes()
        with self._store.writing() as rows:
            rows.set_recovery(account_id, [self._factors.recovery_hash(each) for each in codes])
            self._audit.record(account_id, "staff.recovery_codes_made", account_id, connection=rows.connection)
        return codes

    def _checked(self, account_id: str, password: str) -> Account:
        """Whose password it is. Whoever found a screen open gets no more tries than at the door."""
        tried = self._tries.of_session(account_id)
        with self._store.writing() as rows:
            account = _there(rows, account_id)
            self._tries.count(rows, tried)
        if not self._passwords.matches(account.password_hash, password):
            raise WrongPassword
        with self._store.writing() as rows:
            self._tries.forget(rows, tried)
        return account

    def _new_account(
        self, rows: Rows, name: str, login: str, roles: Collection[Role], areas: Collection[str]
    ) -> Account:
        now = self._clock()
        account = Account(
            secrets.token_hex(_ID_BYTES), plain_login(login), name, frozenset(roles), frozenset(areas), now, now
        )
        rows.add_account(account)
        return account


def _there(rows: Rows, account_id: str) -> Account:
    account = rows.account(account_id)
    if account is None:
        raise NoSuchAccount
    return account


def _managers(rows: Rows) -> list[str]:
    """Those who can come in as a manager now."""
    return [account.id for account in rows.accounts() if account.active and Role.MANAGER in account.roles]


def _not_the_last_manager(rows: Rows, account: Account) -> None:
    if _managers(rows) == [account.id]:
        raise NotPossible("This is the only manager. Make somebody else a manager first.")


def _rights(account: Account) -> dict[str, object]:
    return {"roles": _sorted(account.roles), "areas": sorted(account.areas)}


def _sorted(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)
