"""The conversation of one phone: what a text means before anything is understood, and the answer in pages."""
from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from rasa.core.agent import Agent

from channels.turns import STATIC_FALLBACK, Reply, Turns
from outreach.adapters.leavings import CLOCKS_DIFFER_SECONDS, Leavings
from outreach.adapters.text_conversations import TextConversations
from outreach.adapters.turn_locks import TurnLocks
from outreach.privacy import capability
from outreach.referrals.answers import is_clear_yes
from outreach.referrals.hearing import SEND_IT
from outreach.sms import rendering
from outreach.sms.alphabet import clean
from outreach.sms.pages import Block, pages
from outreach.sms.texts import Texts
from outreach.sms.thread import Thread
from outreach.sms.words import Words, bare, offers_words
from outreach.understanding.catalogue import SAFETY
from outreach.watching import labels

logger = logging.getLogger(__name__)

# These go out alone: nothing may stand before 999, and the greeting comes with the next reply.
URGENT = frozenset({STATIC_FALLBACK, "utter_ask_silent_999", *(f"utter_{intent}" for intent in SAFETY)})
HELLO = "utter_greet"
FORGET_AGAIN_SECONDS = 1.0
# An exit that comes through later than this was kept waiting, by a process that hung.
LATE_SECONDS = CLOCKS_DIFFER_SECONDS
# Longer than a turn may take, with the wait for the one before it.
EMPTY_SECONDS = 15.0
# How long a text waits for those before it. Whoever sent it has had the fixed reply long before.
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Said:
    """What came: the words, and whether something came with them that isn't words."""

    text: str
    not_words: bool = False


class Threads:
    """Answers texts, one at a time for each sender. A sender's id is the secret of their conversation."""

    def __init__(
        self, agent: Agent, turns: Turns, conversations: TextConversations, texts: Texts, words: Words,
        idle_seconds: float, clock: Callable[[], float] = time.time, begun: Callable[[], None] = lambda: None,
        locks: TurnLocks | None = None, leavings: Leavings | None = None,
    ) -> None:
        self._agent = agent
        self._turns = turns
        self._conversations = conversations
        self._texts = texts
        self._words = words
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._begun = begun
        # What could not be deleted when it was to be: it counts as forgotten, and is tried again.
        self._still_to_forget: set[str] = set()
        self._forgetting: set[asyncio.Task[None]] = set()
        self._locks = locks or TurnLocks("thread")
        self._leavings = leavings or Leavings(MOST_SECONDS, clock=clock)

    async def answer(self, sender: str, said: Said, metadata: dict[str, Any]) -> list[str]:
        """The messages to send back; none when the conversation was left."""
        came_at = self._clock()
        async with self._locks.hold(sender, MOST_SECONDS):
            # One that had to wait may have been overtaken by an exit: it must not begin anew what was just forgotten.
            if await self._leavings.left_since(capability.row_key(sender), came_at):
                return []
            try:
                generation, thread, fresh = self._open(sender)
            except Exception as error:  # noqa: BLE001 - whatever the database raises, somebody is waiting for words
                logger.error("a conversation by text could not be read: %s", type(error).__name__)
                return await self.without_memory(sender, said)
            messages = await self._messages(sender, thread, said, fresh, metadata)
            if messages is None:
                self._left_by_meaning(sender)
                return []
            wanted = self._keep(sender, generation, thread) or self._left_before(sender, came_at)
            return (messages or self.static()) if wanted else []

    def static(self, cause: str = labels.FAILED) -> list[str]:
        """The fixed reply with the helpline, counted with its cause, one of `labels.CAUSES`."""
        return [clean(self._turns.static(cause).text)]

    async def without_memory(self, sender: str, said: Said, cause: str = labels.STORE) -> list[str]:
        """What can be said without the conversation: words for danger, none for leaving, else the fixed reply."""
        replies = await self._turns.without_memory(sender, said.text, cause=cause)
        if any(reply.command == "exit" for reply in replies):
            self._left_by_meaning(sender)
            return []
        return [clean(reply.text) for reply in replies]

    def _left_by_meaning(self, sender: str) -> None:
        """Forget, but silence nothing that waits: it came later, and whoever texts again after leaving is answered."""
        now = self._clock()
        self._forget(capability.row_key(sender), now, now)

    def forget(self, sender: str, left_at: float | None = None) -> None:
        """Forget at once. A turn that is running brings nothing back, and its reply isn't sent.

        `left_at` is when somebody left, where that may be a while ago. What they texted since is still answered.
        """
        key, now = capability.row_key(sender), self._clock()
        left_at = now if left_at is None or left_at > now - LATE_SECONDS else left_at
        self._leavings.note(key, left_at)
        self._soon(self._leavings.tell(key, left_at))
        self._forget(key, left_at, now)

    def _forget(self, key: str, left_at: float, now: float) -> None:
        try:
            if left_at == now:
                self._conversations.forget(key)
            else:
                self._soon(self._forget_emptied(key, self._conversations.empty(key, left_at)))
        except Exception as error:  # noqa: BLE001 - nobody who leaves is kept waiting
            logger.error("a conversation by text could not be forgotten at once: %s", type(error).__name__)
            self._still_to_forget.add(key)
            self._soon(self._forget_later(key, left_at))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _forget_later(self, key: str, left_at: float) -> None:
        """Try again until it is done, or the conversation has begun anew or idled out."""
        until = self._clock() + self._idle_seconds
        while key in self._still_to_forget and self._clock() < until:
            await asyncio.sleep(FORGET_AGAIN_SECONDS)
            try:
                if key in self._still_to_forget:
                    emptied = self._conversations.empty(key, left_at)
                    self._still_to_forget.discard(key)
                    await self._forget_emptied(key, emptied)
            except Exception as error:  # noqa: BLE001
                logger.error("a conversation by text could still not be forgotten: %s", type(error).__name__)

    async def _forget_emptied(self, key: str, generation: str) -> None:
        """Delete the empty row as well, once every turn is over that may have to know of it. At the latest it idles out."""
        await asyncio.sleep(EMPTY_SECONDS)
        try:
            self._conversations.forget_emptied(key, generation)
        except Exception as error:  # noqa: BLE001 - nothing is in it
            logger.error("an empty conversation by text could not be deleted: %s", type(error).__name__)

    def _left_before(self, sender: str, came_at: float) -> bool:
        """Whether the conversation is gone because of a leaving that this text came after: then somebody waits for words."""
        try:
            return self._conversations.left_before(capability.row_key(sender), came_at)
        except Exception as error:  # noqa: BLE001 - then nothing shows that anybody came back
            logger.error("a conversation by text could not be read: %s", type(error).__name__)
            return False

    def _open(self, sender: str) -> tuple[str, Thread, bool]:
        """The conversation's generation and thread, and whether it has just begun."""
        key, now = capability.row_key(sender), self._clock()
        row = self._conversations.find(key)
        if row is not None and row.sealed_choices is not None and key not in self._still_to_forget:
            try:
                thread = Thread.from_bytes(capability.unseal(sender, row.sealed_choices))
            except (capability.Unreadable, ValueError, TypeError, KeyError):
                thread = None
            # The row may be younger than the last text, when a turn ended long after it was given up.
            if thread is not None and now - thread.at < self._idle_seconds:
                thread.at = now
                return row.generation, thread, False
        generation = secrets.token_hex(8)
        self._conversations.begin(key, generation)
        self._begun()
        self._still_to_forget.discard(key)
        return generation, Thread(at=now), True

    def _keep(self, sender: str, generation: str, thread: Thread) -> bool:
        """Whether the conversation is still there, its thread kept."""
        try:
            sealed = capability.seal(sender, thread.to_bytes())
            return self._conversations.keep(capability.row_key(sender), generation, sealed)
        except Exception as error:  # noqa: BLE001 - the words still go out; MORE may then find nothing
            logger.error("a thread could not be kept: %s", type(error).__name__)
            return True

    async def _messages(
        self, sender: str, thread: Thread, said: Said, fresh: bool, metadata: dict[str, Any]
    ) -> list[str] | None:
        """The messages, and `thread` as it is after them; None when the person leaves."""
        if thread.rest and (self._words.is_more(said.text) or self._answers_the_unread(thread, said.text)):
            page = thread.rest.pop(0)
            thread.shown = thread.shown or rendering.shows_numbers(page, self._numbered(thread))
            return self._greeted(thread, [page])
        if self._words.is_link(said.text) and thread.addresses:
            blocks = [Block(self._texts.addresses), *(Block(address, whole=True) for address in thread.addresses)]
            return self._greeted(thread, self._paged(thread, blocks))
        # After an idle time, and perhaps by somebody else, what only answers an earlier text answers nothing.
        if fresh and self._words.means_nothing_alone(said.text):
            return self._greeted(thread, [])
        replies = await self._replies(sender, thread, said, metadata)
        if any(reply.command == "exit" for reply in replies):
            return None
        return self._composed(thread, replies)

    def _answers_the_unread(self, thread: Thread, text: str) -> bool:
        """Whether this answers a question that waits for MORE: nobody agrees to what they have not read."""
        asks = any(offers_words(page) for page in thread.rest)
        agrees = is_clear_yes(text) or bare(text) in SEND_IT
        return asks and (agrees or self._words.means_nothing_alone(text) or thread.chosen(text) is not None)

    async def _replies(self, sender: str, thread: Thread, said: Said, metadata: dict[str, Any]) -> list[Reply]:
        if not said.text:
            return [Reply(self._texts.cannot_open if said.not_words else self._texts.nothing_came)]
        replies = await self._turn(sender, thread, said.text, metadata)
        return [*replies, Reply(self._texts.cannot_open)] if said.not_words else replies

    async def _turn(self, sender: str, thread: Thread, text: str, metadata: dict[str, Any]) -> list[Reply]:
        choice = thread.chosen(text)
        if choice is not None:
            return await self._turns.choose(sender, *choice, metadata)
        intent = self._words.intent(text)
        asks_for_rest = self._words.is_more(text) or self._words.is_link(text)
        if (intent or asks_for_rest) and not await self._in_a_form(sender):
            if intent is None:
                return [Reply(self._texts.nothing_more)]
            return await self._turns.choose(sender, text.strip(), f"/{intent}", metadata)
        return await self._turns.say(sender, text, metadata)

    async def _in_a_form(self, sender: str) -> bool:
        """Whether a form is asking questions: there, a word is an answer first."""
        try:
            tracker = await self._agent.tracker_store.retrieve(sender)
        except Exception as error:  # noqa: BLE001 - the turn will say what has to be said
            logger.error("a tracker could not be read: %s", type(error).__name__)
            return False
        return tracker is not None and tracker.active_loop_name is not None

    def _composed(self, thread: Thread, replies: list[Reply]) -> list[str]:
        if not thread.greeted and all(reply.response == HELLO for reply in replies):
            return self._greeted(thread, [])
        # What is urgent is on the first page, whatever was said before it.
        replies = sorted(replies, key=lambda reply: reply.response not in URGENT)
        self._offer(thread, replies)
        cards = [card for reply in replies for card in reply.services]
        thread.addresses = rendering.addresses(cards)
        messages = self._paged(thread, self._blocks(thread, replies, cards))
        thread.shown = any(rendering.shows_numbers(message, self._numbered(thread)) for message in messages)
        urgent = any(reply.response in URGENT for reply in replies)
        return messages if urgent else self._greeted(thread, messages)

    @staticmethod
    def _offer(thread: Thread, replies: list[Reply]) -> None:
        """What can be chosen: numbered, but by its words alone where the reply itself says what to text."""
        by_words = [choice for reply in replies if offers_words(reply.text) for choice in reply.choices.values()]
        by_number = [choice for reply in replies if not offers_words(reply.text) for choice in reply.choices.values()]
        thread.offered, thread.numbered = [*by_number, *by_words], len(by_number)

    @staticmethod
    def _numbered(thread: Thread) -> str:
        return rendering.numbered([title for title, _ in thread.offered[:thread.numbered]])

    def _blocks(self, thread: Thread, replies: list[Reply], cards: list[dict[str, Any]]) -> list[Block]:
        said = "\n".join(reply.text for reply in replies)
        blocks = []
        for reply in replies:
            blocks.append(Block(reply.text))
            blocks += rendering.blocks(reply.services, said)
        if rendering.needs_address(cards):
            blocks.append(Block(self._texts.addresses_offered))
        return [*blocks, Block(self._numbered(thread), whole=True)]

    def _paged(self, thread: Thread, blocks: list[Block]) -> list[str]:
        """The first page; the rest waits for MORE."""
        found = pages(blocks, self._texts.more, self._texts.more_short, self._texts.opening)
        thread.rest = found[1:]
        return found[:1]

    def _greeted(self, thread: Thread, messages: list[str]) -> list[str]:
        """The messages, behind the greeting where it is still due."""
        if thread.greeted:
            return messages
        thread.greeted = True
        return [clean(self._texts.greeting), *messages]
