"""How much one conversation, one address, and all together may ask for in a minute. Kept under hashes."""
from __future__ import annotations

from hashlib import blake2b

from outreach.adapters.pace import Limit, Pace
from outreach.network import network_of

_MINUTE = 60.0
# An office or a mobile network may stand behind one address: it may send as much as ten conversations, and not as much as
# all that it could begin.
_CONVERSATIONS_OF_AN_ADDRESS = 10
# All together may begin as many conversations as ten addresses, and never fewer than a thousand a minute.
_ADDRESSES, _LEAST_IN_ALL = 10, 1000


class Limits:
    """The limits of the web channel."""

    def __init__(self, messages_per_minute: int, sessions_per_minute: int, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._messages = messages_per_minute
        self._sessions = sessions_per_minute

    async def may_speak(self, token: str, address: str) -> bool:
        """Whether this conversation, and this address, may send another message now. Counts it."""
        # What one conversation sends too much is not counted against others behind the same address.
        return await self._pace.may_by_all(
            Limit("speak", _hashed(token), self._messages, _MINUTE),
            Limit("speak from", _hashed(network_of(address)), self._messages * _CONVERSATIONS_OF_AN_ADDRESS, _MINUTE),
        )

    async def may_begin(self, address: str) -> bool:
        """Whether this address may begin another conversation now. Counts it."""
        most = max(_LEAST_IN_ALL, self._sessions * _ADDRESSES)
        return await self._pace.may_by_all(
            Limit("begin", _hashed(network_of(address)), self._sessions, _MINUTE), Limit("begin", "all", most, _MINUTE)
        )


def _hashed(who: str) -> str:
    return blake2b(who.encode(), digest_size=16, person=b"limits").hexdigest()
