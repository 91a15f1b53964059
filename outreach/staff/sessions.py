"""Sessions: a random token for the cookie, and only its hash where it is kept."""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from outreach.clock import utc_now
from outreach.staff.records import Rows, Session, Store
from outreach.staff.roles import Staff

_TOKEN_BYTES = 32
# Writing down that somebody is here costs a write; once in a while is enough.
_SEEN_EVERY = timedelta(minutes=1)
_LONGEST_TOKEN = 200


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a token. It is random, so a plain hash will do."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Begins, finds and ends sessions. One ends after `idle` without anything done, and `longest` after it began."""

    def __init__(self, store: Store, idle: timedelta, longest: timedelta, clock: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._idle = idle
        self._longest = longest
        self._clock = clock

    def staff_of(self, token: str) -> Staff | None:
        """Who is in this session; None where it is over, or never was. What is over is forgotten."""
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        hashed, now = token_hash(token), self._clock()
        with self._store.reading() as rows:
            found = rows.session(hashed)
        if found is None:
            return None
        if not self._lives(found, now):
            with self._store.writing() as rows:
                rows.end_session(hashed)
            return None
        if now - found.seen_at >= min(_SEEN_EVERY, self._idle / 10):
            with self._store.writing() as rows:
                rows.seen(hashed, now)
        return found.account.staff

    def _lives(self, session: Session, now: datetime) -> bool:
        return session.account.active and now < session.seen_at + self._idle and now < session.began_at + self._longest

    def begin(self, rows: Rows, account_id: str, earlier: str | None = None) -> str:
        """A new session in place of the browser's earlier one, with a token that nobody can have known before."""
        token, now = new_token(), self._clock()
        rows.drop_old_sessions(now - self._longest, now - self._idle)
        if earlier:
            rows.end_session(token_hash(earlier))
        rows.add_session(token_hash(token), account_id, now)
        return token

    def end(self, token: str) -> None:
        """Sign out."""
        with self._store.writing() as rows:
            rows.end_session(token_hash(token))

    def live(self, account_id: str) -> list[Session]:
        """The sessions in which somebody is now."""
        now = self._clock()
        with self._store.reading() as rows:
            return [session for session in rows.sessions_of(account_id) if self._lives(session, now)]
