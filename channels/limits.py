"""How much one conversation, and one address, may ask for in a minute. Kept under hashes."""
from __future__ import annotations

from hashlib import blake2b

from outreach.adapters.pace import Pace

_MINUTE = 60.0


class Limits:
    """The limits of the web channel."""

    def __init__(self, messages_per_minute: int, sessions_per_minute: int, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._messages = messages_per_minute
        self._sessions = sessions_per_minute

    async def may_speak(self, token: str) -> bool:
        """Whether this conversation may send another message now. Counts it."""
        return await self._pace.may("speak", _hashed(token), self._messages, _MINUTE)

    async def may_begin(self, address: str) -> bool:
        """Whether this address may begin another conversation now. Counts it."""
        return await self._pace.may("begin", _hashed(address), self._sessions, _MINUTE)


def _hashed(who: str) -> str:
    return blake2b(who.encode(), digest_size=16, person=b"limits").hexdigest()
