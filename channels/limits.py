"""How much one conversation, and one address, may ask for in a minute. Kept in memory, under hashes."""
from __future__ import annotations

from hashlib import blake2b

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Limits:
    """The limits of the web channel."""

    def __init__(self, messages_per_minute: int, sessions_per_minute: int) -> None:
        # The limiter keeps a weak reference only.
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._messages = RateLimitItemPerMinute(messages_per_minute)
        self._sessions = RateLimitItemPerMinute(sessions_per_minute)

    def may_speak(self, token: str) -> bool:
        """Whether this conversation may send another message now. Counts it."""
        return bool(self._limiter.hit(self._messages, "speak", _hashed(token)))

    def may_begin(self, address: str) -> bool:
        """Whether this address may begin another conversation now. Counts it."""
        return bool(self._limiter.hit(self._sessions, "begin", _hashed(address)))


def _hashed(who: str) -> str:
    return blake2b(who.encode(), digest_size=16, person=b"limits").hexdigest()
