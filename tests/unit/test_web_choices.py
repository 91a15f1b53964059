"""A choice is answered once for each time that it is offered, and whoever presses twice gets the reply."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from channels.offers import Offer
from channels.turns import Reply
from channels.web import Chat, Refusal, Said
from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect, migrate
from outreach.privacy import capability
from outreach.settings import load

YES = {"affirm": ("Yes", "/affirm")}


class Questions:
    """Turns of a form that asks one question after the other, each to be answered by the same yes."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.broken = False

    async def utter(self, response: str, token: str) -> Reply:
        return Reply("question 0", dict(YES))

    async def say(self, token: str, text: str) -> list[Reply]:
        return await self._turn(text)

    async def choose(self, token: str, title: str, payload: str) -> list[Reply]:
        return await self._turn(payload)

    async def _turn(self, said: str) -> list[Reply]:
        self.answered.append(said)
        number = len(self.answered)
        self.begun.set()
        await self.go.wait()
        return [Reply("fixed", broken=True)] if self.broken else [Reply(f"question {number}", dict(YES))]

    async def without_memory(self, token: str, text: str | None, choice: str | None, cause: str) -> list[Reply]:
        return [Reply("fixed", command="exit" if choice == "quick-exit" else None, broken=True)]


class Page:
    """Somebody's page, at one worker or at several."""

    def __init__(self, conversations: Conversations, workers: int = 1) -> None:
        self.turns = Questions()
        self.workers = [self._worker(conversations) for _ in range(workers)]

    def _worker(self, conversations: Conversations) -> Chat:
        chat: Any = Chat(load({"TURN_SECONDS": "2"}))
        chat.turns, chat.conversations = self.turns, conversations
        chat.metrics = SimpleNamespace(left=lambda *_: None, begun=lambda *_: None)
        return chat  # type: ignore[no-any-return]

    async def open(self) -> Page:
        token, greeting = await self.workers[0].begin()
        assert token is not None
        self.token, (self.choice,) = token, greeting[0].choices
        return self

    async def press(self, choice: str | None = None, worker: int = 0) -> list[Reply]:
        return await self.workers[worker].answer(self.token, Said(choice=choice or self.choice))

    async def write(self, text: str, mark: str = "", worker: int = 0) -> list[Reply]:
        return await self.workers[worker].answer(self.token, Said(text, mark=mark))


@pytest.fixture
def conversations(database_url: str) -> Iterator[Conversations]:
    engine = connect(database_url)
    migrate(engine)
    yield Conversations(engine, timedelta(minutes=30))
    engine.dispose()


def texts(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies]


def test_a_choice_pressed_twice_at_once_is_answered_once_and_both_presses_get_the_reply(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        both = await asyncio.gather(page.press(), page.press())
        assert page.turns.answered == ["/affirm"]
        assert [texts(each) for each in both] == [["question 1"]] * 2
        assert both[0][0].choices.keys() == both[1][0].choices.keys()

    asyncio.run(scene())


def test_a_choice_pressed_again_after_its_reply_answers_no_question_that_came_since(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        (first,) = await page.press()
        assert texts(await page.press()) == ["question 1"], "a reply that was lost comes again"
        assert page.turns.answered == ["/affirm"]
        (now,) = first.choices
        assert texts(await page.press(now)) == ["question 2"]
        for old in (page.choice, "affirm", "affirm.9"):
            with pytest.raises(Refusal) as refused:
                await page.press(old)
            assert refused.value.status == 422 and "999" in refused.value.reason and "type" in refused.value.reason
        assert page.turns.answered == ["/affirm"] * 2

    asyncio.run(scene())


def test_a_choice_that_a_text_came_before_is_refused(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.go.clear()
        text = asyncio.ensure_future(page.write("something else"))
        await page.turns.begun.wait()
        press = asyncio.ensure_future(page.press())
        await asyncio.sleep(0.05)
        page.turns.go.set()
        assert texts(await text) == ["question 1"]
        with pytest.raises(Refusal):
            await press
        assert page.turns.answered == ["something else"]

    asyncio.run(scene())


def test_the_second_press_gets_the_reply_though_the_browser_hung_up_on_the_first(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.go.clear()
        first = asyncio.ensure_future(page.press())
        await page.turns.begun.wait()
        second = asyncio.ensure_future(page.press())
        first.cancel()
        await asyncio.sleep(0.05)
        page.turns.go.set()
        (reply,) = await second
        assert reply.text == "question 1" and page.turns.answered == ["/affirm"]
        assert texts(await page.press(next(iter(reply.choices)))) == ["question 2"]

    asyncio.run(scene())


def test_a_choice_whose_turn_broke_is_not_taken_a_second_time(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.broken = True
        assert texts(await page.press()) == ["fixed"]
        with pytest.raises(Refusal):
            await page.press()
        assert page.turns.answered == ["/affirm"], "the turn that broke may have been taken all the same"

    asyncio.run(scene())


def test_a_text_that_is_sent_again_because_its_reply_was_lost_answers_no_question_that_came_since(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations, 2).open()
        both = await asyncio.gather(page.write("yes", "m1"), page.write("yes", "m1"))
        assert [texts(each) for each in both] == [["question 1"]] * 2 and page.turns.answered == ["yes"]
        assert both[0][0].choices.keys() == both[1][0].choices.keys()
        assert texts(await page.write("yes", "m1", worker=1)) == ["question 1"], "at another worker as well"
        assert page.turns.answered == ["yes"]
        (now,) = both[1][0].choices
        assert texts(await page.press(now)) == ["question 2"], "what its reply offers can be pressed"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("yes", "m1"), ("yes", "m2")),
        (("yes", "m1"), ("hes got a knife", "m1")),
        (("yes", ""), ("yes", "")),
        (("yes", ""), ("yes", "m1")),
    ],
    ids=["another mark", "other words under the same mark", "no marks", "a mark only now"],
)
def test_what_is_not_the_same_message_counts(
    conversations: Conversations, first: tuple[str, str], then: tuple[str, str]
) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        assert texts(await page.write(*first)) == ["question 1"]
        assert texts(await page.write(*then)) == ["question 2"]
        assert page.turns.answered == [first[0], then[0]]

    asyncio.run(scene())


def test_the_text_before_the_last_one_counts_where_it_comes_again(conversations: Conversations) -> None:
    # Nobody waits for the reply to it any more: it was typed anew, or sent from a page that was gone back to.
    async def scene() -> None:
        page = await Page(conversations).open()
        for text, mark in (("yes", "m1"), ("no", "m2"), ("yes", "m1")):
            await page.write(text, mark)
        assert page.turns.answered == ["yes", "no", "yes"]

    asyncio.run(scene())


def test_a_text_whose_turn_broke_is_heard_when_it_is_sent_again(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.broken = True
        assert texts(await page.write("hes outside", "m1")) == ["fixed"]
        page.turns.broken = False
        assert texts(await page.write("hes outside", "m1")) == ["question 2"]

    asyncio.run(scene())


def test_who_presses_twice_during_a_turn_that_hangs_has_words_in_time(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.go.clear()
        both = asyncio.gather(page.press(), page.press())
        assert [texts(each) for each in await asyncio.wait_for(both, 4)] == [["fixed"]] * 2
        page.turns.go.set()

    asyncio.run(scene())


def test_of_two_presses_at_two_workers_one_is_answered_and_the_other_told_what_can_be_done(conversations: Conversations) -> None:
    async def scene() -> None:
        page = await Page(conversations, 2).open()
        page.turns.go.clear()
        first = asyncio.ensure_future(page.press())
        await page.turns.begun.wait()
        with pytest.raises(Refusal) as refused:
            await page.press(worker=1)
        assert refused.value.status == 422 and "999" in refused.value.reason
        page.turns.go.set()
        assert texts(await first) == ["question 1"] and page.turns.answered == ["/affirm"]
        assert texts(await page.press(worker=1)) == ["question 1"], "tried again, it gets the reply there too"

    asyncio.run(scene())


def test_when_the_database_goes_between_look_and_use_there_are_words(conversations: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> bool:
        raise OSError

    async def scene() -> None:
        page = await Page(conversations).open()
        monkeypatch.setattr(conversations, "use_choices", gone)
        assert texts(await page.press()) == ["fixed"] and page.turns.answered == []

    asyncio.run(scene())


def test_what_leads_to_danger_or_out_keeps_its_name_and_an_answer_does_not() -> None:
    replies = [Reply("", {"affirm": ("Yes", "/affirm"), "quick-exit": ("Not now", "/quick_exit")})]
    names = [list(Offer().followed_by(replies).choices)]
    names.append(list(Offer(times={"affirm": 1}).followed_by([Reply("", {"affirm": ("Yes", "/affirm"), "quick-exit": ("x", "/quick_exit")})]).choices))
    assert names == [["affirm", "quick-exit"], ["affirm.2", "quick-exit"]]


def test_an_offer_is_stored_sealed_and_what_cannot_be_read_offers_nothing() -> None:
    token = capability.new_token()
    offer = Offer({"a": ("Yes", "/affirm")}, {"a": 1}, ("b", "No"), [Reply("words", {"a": ("Yes", "/affirm")}, [{"id": "x"}])])
    sealed = offer.sealed(token)
    assert b"Yes" not in sealed and Offer.read(token, sealed).choices == offer.choices
    again = Offer.read(token, sealed).again("b")
    assert again[0].services == [{"id": "x"}] and Offer.read(token, sealed).title_of("b") == "No"
    for unreadable in (None, b"\x00", capability.seal(token, b'{"affirm": ["Yes", "/affirm"]}')):
        assert Offer.read(token, unreadable) == Offer()


def test_the_way_out_below_a_reply_of_a_broken_turn_is_a_way_out(conversations: Conversations) -> None:
    # What such a reply offers is kept nowhere, and nobody who leaves may be told that they can't.
    async def scene() -> None:
        page = await Page(conversations).open()
        page.turns.broken = True
        assert texts(await page.press()) == ["fixed"]
        (reply,) = await page.press("quick-exit")
        assert reply.command == "exit"
        with pytest.raises(Refusal) as gone:
            await page.press()
        assert gone.value.status == 401, "and it is forgotten"

    asyncio.run(scene())
