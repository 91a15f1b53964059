"""What is kept of staff, and where: the rows that the services of this package work on."""
from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from outreach.staff.roles import Role, Staff


@dataclass(frozen=True)
class Account:
    """Somebody who may come in, or is asked to. `factor` is sealed; `factor_step` the last step whose code was used.

    `changed_at` is when a manager last set name, roles and areas.
    """

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    areas: frozenset[str]
    created_at: datetime
    changed_at: datetime
    password_hash: str | None = None
    factor: bytes | None = None
    factor_step: int | None = None
    came_in_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def joined(self) -> bool:
        """Whether a password and a second factor are set."""
        return self.password_hash is not None and self.factor is not None

    @property
    def active(self) -> bool:
        """Whether this account can come in."""
        return self.joined and self.disabled_at is None

    @property
    def staff(self) -> Staff:
        """The person as the console's sections know them."""
        return Staff(self.id, self.name, self.roles, self.areas)


class LinkKind(str, Enum):
    """What a one-time link is for."""

    FIRST = "first"
    MANAGER = "manager"
    JOIN = "join"


@dataclass(frozen=True)
class Link:
    """A one-time link that is still good. `account` is whose it is; None for a manager who is not there yet."""

    kind: LinkKind
    account: Account | None


@dataclass(frozen=True)
class Session:
    """A session with the account behind it."""

    account: Account
    began_at: datetime
    seen_at: datetime


class Rows(Protocol):
    """The rows, within one transaction. Times are aware."""

    connection: Any

    def account(self, account_id: str) -> Account | None:
        """By id."""

    def by_login(self, login: str) -> Account | None:
        """By the name that is typed at sign-in."""

    def accounts(self) -> list[Account]:
        """All, by name."""

    def add_account(self, account: Account) -> None:
        """Add one. Raises LoginTaken."""

    def change_account(self, account_id: str, **values: Any) -> None:
        """Set columns."""

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the code of a step was used; False where it, or a later one, was used before."""

    def set_recovery(self, account_id: str, hashes: list[str]) -> None:
        """Put these codes in place of the earlier ones."""

    def use_recovery(self, account_id: str, code_hash: str) -> bool:
        """Use a code up; False where there is none such."""

    def recovery_left(self, account_id: str) -> int:
        """How many codes are left."""

    def add_link(self, token_hash: str, kind: LinkKind, account_id: str | None, expires_at: datetime) -> None:
        """Add a one-time link."""

    def link(self, token_hash: str, now: datetime) -> Link | None:
        """A link that is still good."""

    def drop_links(self, kind: LinkKind, account_id: str | None) -> None:
        """Earlier links of this kind for this account are no good any more."""

    def add_session(self, token_hash: str, account_id: str, now: datetime) -> None:
        """Begin one."""

    def session(self, token_hash: str) -> Session | None:
        """One with its account, whatever its age."""

    def seen(self, token_hash: str, now: datetime) -> None:
        """Something was done in it."""

    def end_session(self, token_hash: str) -> None:
        """End one."""

    def end_sessions(self, account_id: str, but: str | None = None) -> int:
        """End all of an account, but the one with the hash `but`; says how many."""

    def sessions_of(self, account_id: str) -> list[Session]:
        """The sessions of an account."""

    def drop_old_sessions(self, began_before: datetime, seen_before: datetime) -> None:
        """Forget those that are over."""

    def tries(self, who: str, now: datetime, window: Any) -> int:
        """How often this one has tried within the window."""

    def count_try(self, who: str, count: int, now: datetime, anew: bool) -> None:
        """Keep the number of tries; with `anew` the window begins now."""

    def forget_tries(self, who: str) -> None:
        """Begin at none."""


class Store(Protocol):
    """Where the rows are."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Rows to look at."""

    def writing(self) -> AbstractContextManager[Rows]:
        """Rows to change: all or nothing, kept when it ends."""


class LoginTaken(Exception):
    """Somebody has this sign-in name."""


class NoSuchAccount(Exception):
    """There is no account with this id."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the account since it was looked at."""


class NotPossible(Exception):
    """It must not be done. The message says why, for people."""
