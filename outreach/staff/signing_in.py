"""Signing in: name, password and code together, so that no answer tells which of them was wrong."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.staff.passwords import Passwords
from outreach.staff.records import Account, Rows, Store
from outreach.staff.second_factor import Factors
from outreach.staff.sessions import Sessions
from outreach.staff.tries import Tries

CODE, RECOVERY = "code", "recovery code"


class Refused(Exception):
    """Name, password and code do not go together."""


@dataclass(frozen=True)
class CameIn:
    """A new session's token. `recovery_left` is how many recovery codes are left, where one was used."""

    token: str
    recovery_left: int | None = None


class SignIn:
    """Lets people in."""

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

    def come_in(self, login: str, password: str, code: str, address: str, earlier: str | None = None) -> CameIn:
        """Begin a session. `earlier` is the token that the browser had before. Raises Refused, TooManyTries."""
        login = plain_login(login)
        account = self._count(login, address)
        # Compared always, whether or not there is such an account, so that the time taken tells nothing.
        right = self._passwords.matches(account.password_hash if account else None, password)
        with self._store.writing() as rows:
            used = self._use_code(rows, account, code) if account and right else None
            if account and used:
                self._tries.forget(rows, self._tries.of_name(login))
                rows.change_account(account.id, came_in_at=self._clock())
                left = rows.recovery_left(account.id) if used == RECOVERY else None
                self._audit.record(account.id, "staff.signed_in", account.id, None, {"with": used}, rows.connection)
                return CameIn(self._sessions.begin(rows, account.id, earlier), left)
        raise Refused

    def _use_code(self, rows: Rows, known: Account, code: str) -> str | None:
        """Use a code up, and say which kind it was; None where it is no code, was used before, or the account is closed.

        The account is looked at again: it may have been turned off or reset while its password was compared.
        """
        account = rows.account(known.id)
        if account is None or not account.active or account.password_hash != known.password_hash:
            return None
        step = self._factors.step(account.factor, code, self._clock())
        if step is not None:
            return CODE if rows.use_step(account.id, step) else None
        return RECOVERY if rows.use_recovery(account.id, self._factors.recovery_hash(code)) else None

    def _count(self, login: str, address: str) -> Account | None:
        """Count the try, and give the account of that name. Raises TooManyTries."""
        name = self._tries.of_name(login)
        with self._store.writing() as rows:
            account = rows.by_login(login)
            last = self._tries.count(rows, name, self._tries.from_address(address))
            if account and name in last:
                self._audit.record("console", "staff.tries_used_up", account.id, connection=rows.connection)
        return account


def plain_login(login: str) -> str:
    """A sign-in name as it is kept."""
    return login.strip().casefold()
