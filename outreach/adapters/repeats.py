"""Texts that were answered, for several processes that share a Redis: one of them answers a text, all know the reply.

Texts and senders are known by hashes, and a reply is sealed before it comes here. Everything expires.
"""
from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outreach.adapters.shared import Gone, Shared

# A process that died while it answered leaves the text to another one after so long; one that lives renews in time.
LEASE_SECONDS = 5.0
_RENEW_SECONDS = 1.5
# For so long a text is known, and for so long how often somebody has left.
_KNOWN_SECONDS = 24 * 3600
_LEFT_SECONDS = 3600

_CLAIM = """
local state = redis.call('get', KEYS[1])
if not state then
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {'mine', redis.call('get', KEYS[3]) or '0'}
end
if state == 'done' then return {'done', redis.call('get', KEYS[2]) or ''} end
return {'running', ''}
"""
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('pexpire', KEYS[1], ARGV[2]) end"
# A reply to somebody who has left since is not kept.
_FINISH = """
redis.call('set', KEYS[1], 'done', 'EX', ARGV[1])
if ARGV[3] ~= '' and (redis.call('get', KEYS[3]) or '0') == ARGV[4] then
  redis.call('set', KEYS[2], ARGV[3], 'EX', ARGV[2])
  redis.call('sadd', KEYS[4], KEYS[2])
  redis.call('expire', KEYS[4], ARGV[2])
end
"""
_FORGET = """
for _, reply in ipairs(redis.call('smembers', KEYS[1])) do redis.call('del', reply) end
redis.call('del', KEYS[1])
redis.call('incr', KEYS[2])
redis.call('expire', KEYS[2], ARGV[1])
"""


@dataclass(frozen=True)
class Claim:
    """What is known of a text: it is this process's to answer (`mine`), or another's, or it has been answered.

    `left` is how often the sender had left by then; `sealed` the reply, if there is one to repeat.
    """

    state: str
    left: bytes = b"0"
    sealed: bytes = b""

    @property
    def mine(self) -> bool:
        """Whether this process is to answer."""
        return self.state == "mine"

    @property
    def done(self) -> bool:
        """Whether it has been answered."""
        return self.state == "done"


class Repeats:
    """The texts that were answered. Everything raises `Gone` while Redis is gone."""

    def __init__(self, shared: Shared, keep_seconds: float) -> None:
        self._shared = shared
        self._keep_seconds = int(keep_seconds)
        self._me = f"running:{secrets.token_hex(16)}"

    async def claim(self, name: str, owner: str) -> Claim:
        """Whose this text is to answer. What nobody answers is this process's from now on."""
        keys = [_text(name), _reply(name), _left(owner)]
        state, more = await self._shared.run(_CLAIM, keys, self._me, int(LEASE_SECONDS * 1000))
        return Claim("mine", left=more) if state == b"mine" else Claim(state.decode(), sealed=more)

    @asynccontextmanager
    async def answering(self, name: str) -> AsyncGenerator[None, None]:
        """Keep a claim while the text is being answered."""
        renewing = asyncio.ensure_future(self._renew(name))
        try:
            yield
        finally:
            renewing.cancel()

    async def finish(self, name: str, owner: str, claim: Claim, sealed: bytes) -> None:
        """The text is answered, and this is the reply to repeat; none where it is empty or the sender has left since."""
        keys = [_text(name), _reply(name), _left(owner), _replies(owner)]
        await self._shared.run(_FINISH, keys, _KNOWN_SECONDS, self._keep_seconds, sealed, claim.left)

    async def forget(self, owner: str) -> None:
        """Forget every reply to this sender; the texts are still known."""
        await self._shared.run(_FORGET, [_replies(owner), _left(owner)], _LEFT_SECONDS)

    async def _renew(self, name: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            with contextlib.suppress(Gone):
                await self._shared.run(_RENEW, [_text(name)], self._me, int(LEASE_SECONDS * 1000))


def _text(name: str) -> str:
    return f"outreach:text:{name}"


def _reply(name: str) -> str:
    return f"outreach:reply:{name}"


def _replies(owner: str) -> str:
    return f"outreach:replies:{owner}"


def _left(owner: str) -> str:
    return f"outreach:left:{owner}"
