"""How much the web channel takes: from one conversation, from one address, from all together, and at once."""
from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from channels.limits import Limits
from channels.turns import Reply
from channels.web import MOST_AT_ONCE, Chat, Said
from outreach.adapters.pace import Pace
from outreach.network import network_of
from outreach.privacy import capability
from outreach.settings import load


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def limits(messages: int = 3, sessions: int = 2) -> tuple[Limits, Clock]:
    clock = Clock()
    return Limits(messages, sessions, Pace(clock=clock)), clock


def test_a_conversation_that_asks_too_much_waits_and_others_of_its_address_go_on() -> None:
    async def talk() -> None:
        made, clock = limits()
        assert [await made.may_speak("a", "192.0.2.1") for _ in range(5)] == [True] * 3 + [False] * 2
        assert await made.may_speak("b", "192.0.2.1")
        clock.now = 61
        assert await made.may_speak("a", "192.0.2.1")

    asyncio.run(talk())


def test_an_address_cannot_speak_through_as_many_conversations_as_it_likes() -> None:
    async def talk() -> None:
        made, _ = limits(messages=3)
        said = [await made.may_speak(f"conversation {number}", "192.0.2.1") for number in range(40)]
        assert said.count(True) == 30
        assert await made.may_speak("somebody else", "192.0.2.2")

    asyncio.run(talk())


def test_what_a_conversation_asks_too_much_is_not_counted_against_its_address() -> None:
    async def talk() -> None:
        made, _ = limits(messages=3)
        for _ in range(200):
            await made.may_speak("flood", "192.0.2.1")
        assert [await made.may_speak(f"{number}", "192.0.2.1") for number in range(27)] == [True] * 27

    asyncio.run(talk())


def test_all_addresses_together_begin_so_many_conversations_and_no_more() -> None:
    async def begin() -> None:
        made, clock = limits(sessions=200)
        begun = [await made.may_begin(f"10.{number // 250}.{number % 250}.1") for number in range(2100)]
        assert begun.count(True) == 2000
        clock.now = 61
        assert await made.may_begin("10.0.0.1")

    asyncio.run(begin())


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("::ffff:192.0.2.1", "192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False), ("[2001:db8::1]", "2001:db8::2", True),
    ("not an address", "not an address", True), ("", "192.0.2.1", False),
])  # fmt: skip
def test_addresses_that_one_household_has_count_as_one(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


class SlowTurns:
    """Turns that wait until they are let go, and the fixed reply."""

    def __init__(self) -> None:
        self.go, self.begun = asyncio.Event(), 0

    async def say(self, token: str, text: str) -> list[Reply]:
        self.begun += 1
        await self.go.wait()
        return [Reply("understood", broken=True)]

    async def without_memory(self, token: str, text: str | None, choice: str | None, cause: str) -> list[Reply]:
        assert cause == "too_slow"
        return [Reply("call 999 now" if text == "he has a knife" else "ring 999", broken=True)]


def test_when_too_many_wait_whoever_comes_then_gets_the_fixed_reply_at_once_and_leaving_still_leaves() -> None:
    async def crowd() -> None:
        chat = Chat(load({}))
        turns: Any = SlowTurns()
        forgotten: list[str] = []
        conversations: Any = SimpleNamespace(find=lambda key: SimpleNamespace(sealed_choices=None), forget=forgotten.append)
        chat.turns, chat.conversations = turns, conversations
        chat.metrics = SimpleNamespace(left=lambda *_: None)  # type: ignore[assignment]
        waiting = [asyncio.ensure_future(chat.answer(capability.new_token(), Said("hello there"))) for _ in range(MOST_AT_ONCE)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert turns.begun == MOST_AT_ONCE
        late = await asyncio.wait_for(chat.answer(capability.new_token(), Said("hello there")), 2)
        assert [reply.text for reply in late] == ["ring 999"]
        danger = await asyncio.wait_for(chat.answer(capability.new_token(), Said("he has a knife")), 2)
        assert [reply.text for reply in danger] == ["call 999 now"], "what can be understood without a turn is"
        leaving = await asyncio.wait_for(chat.answer(capability.new_token(), Said("exit")), 2)
        assert leaving[0].command == "exit" and len(forgotten) == 1
        turns.go.set()
        assert {replies[0].text for replies in await asyncio.gather(*waiting)} == {"understood"}
        again = await chat.answer(capability.new_token(), Said("hello there"))
        assert again[0].text == "understood", "room again"

    asyncio.run(crowd())
