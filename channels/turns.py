"""One turn of a conversation: a message in, replies out, and never silence (docs/adr/0007-nobody-meets-silence.md)."""
from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Protocol

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.events import UserUttered

from channels.lasting import Lasting
from outreach import bootstrap
from outreach.adapters.metrics import Metrics
from outreach.content.fixed_replies import fixed_reply
from outreach.referrals import sent
from outreach.referrals.hearing import is_only_a_reference, may_answer, only_names_a_way, plainly_answers
from outreach.safety.after_danger import AfterDanger
from outreach.understanding.catalogue import SAFETY
from outreach.watching import labels

logger = logging.getLogger(__name__)

STATIC_FALLBACK = "utter_static_fallback"
QUICK_EXIT = "utter_quick_exit"
RESTART = "restart"
NOT_UNDERSTOOD = "nlu_fallback"
REFER = "/request_referral"
_PAYLOAD = re.compile(r"^/(?P<intent>[a-z0-9_]+)(?P<entities>\{.*\})?$", re.DOTALL)


def _may_answer_a_form(text: str, parsed: Mapping[str, Any], form_unknown: bool = False) -> bool:
    """Whether what sounds like leaving is an answer that a form asks for: nobody's page is closed on them for that.

    What a safety pattern found is a leaving all the same. `form_unknown`: nobody has looked whether a form asks anything.
    """
    intent = parsed.get("intent") or {}
    if intent.get("name") != "quick_exit" or intent.get("found_by"):
        return False
    return only_names_a_way(text) or (form_unknown and may_answer(text))


@dataclass
class Reply:
    """One message of the assistant, free of any channel's form. `choices` maps a choice's id to its title and payload.

    `broken` marks the fixed reply of a turn that failed. `response` names what was said (`utter_...`), where it was a
    response of the domain's.
    """

    text: str
    choices: dict[str, tuple[str, str]] = field(default_factory=dict)
    services: list[dict[str, Any]] = field(default_factory=list)
    command: str | None = None
    broken: bool = False
    response: str | None = None


class Collector(OutputChannel):
    """Gathers what Rasa sends in one turn."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.replies: list[Reply] = []
        # The words that take the place of a response's own in this turn.
        self.instead: dict[str, str] = {}

    def name(self) -> str:
        """The channel's name, by which the wording is chosen."""
        return self._channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Take one of Rasa's messages. Services without words belong to the words before them."""
        custom = message.get("custom") or {}
        services = list(custom.get("services", []))
        text = message.get("text") or ""
        if not text and services and self.replies:
            self.replies[-1].services.extend(services)
            return
        if text or services:
            response = message.get("utter_action")
            text = self.instead.get(str(response), text)
            command = "exit" if response == QUICK_EXIT else None
            self.replies.append(Reply(text, _choices(message.get("buttons") or []), services, command, response=response))


def _choices(buttons: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {choice_id(b["payload"]): (b["title"], b["payload"]) for b in buttons if _can_be_had(b["payload"])}


def _can_be_had(payload: str) -> bool:
    """Whether a button leads anywhere: a referral is not offered while none can be taken."""
    return payload != REFER or bootstrap.referrals_offered() is None


def choice_id(payload: str) -> str:
    """A choice's id, made from its payload so that the same choice always has the same one."""
    return re.sub(r"[^a-z0-9]+", "-", payload.lower()).strip("-")


# By their ids. These mean the same whenever they are pressed, also while no conversation can be read.
SAFETY_CHOICES = {choice_id(f"/{intent}"): f"/{intent}" for intent in SAFETY}


def chosen(payload: str, title: str) -> dict[str, Any]:
    """What Rasa would have understood, for a button that the assistant itself offered: no text is parsed."""
    if payload.startswith("="):
        # An answer in words, for the form that asked: nothing is understood from it but by that form.
        nothing = {"name": None, "confidence": 0.0}
        return {"text": payload[1:], "intent": nothing, "intent_ranking": [], "entities": [], "also": []}
    match = _PAYLOAD.match(payload)
    if match is None:
        raise ValueError("a button's payload is not an intent")
    entities = json.loads(match.group("entities") or "{}")
    intent = {"name": match.group("intent"), "confidence": 1.0}
    return {
        "text": title,
        "intent": intent,
        "intent_ranking": [intent],
        "entities": [{"entity": name, "value": value, "extractor": "choice"} for name, value in entities.items()],
        "also": [],
    }


def as_plain_text(text: str) -> str:
    """Typed text never becomes a payload of Rasa's: what makes one, a slash at the beginning, is taken away."""
    plain = text.replace("\x00", " ").strip()
    while plain.startswith("/"):
        plain = plain[1:].lstrip()
    return plain or "?"


class Counts(Protocol):
    """Counts what a turn was about."""

    def turn_over(self, sender_id: str, replies: Sequence[Reply], parsed: Mapping[str, Any] | None) -> None:
        """Take note of a turn that is over. It neither waits nor raises."""


class Turns:
    """Runs turns on Rasa's agent within a time limit."""

    def __init__(
        self, agent: Agent, channel: str, seconds: float, counts: Counts | None = None, metrics: Metrics | None = None
    ) -> None:
        self._agent = agent
        self._channel = channel
        self._seconds = seconds
        self._counts = counts
        self._metrics = metrics or Metrics()
        self._after_danger = AfterDanger.load()
        self._lasting = Lasting("a turn")

    async def say(self, sender_id: str, text: str, metadata: dict[str, Any] | None = None) -> list[Reply]:
        """The replies to typed text."""
        return await self._run(sender_id, as_plain_text(text), None, metadata)

    async def choose(
        self, sender_id: str, title: str, payload: str, metadata: dict[str, Any] | None = None
    ) -> list[Reply]:
        """The replies to a button."""
        return await self._run(sender_id, title, chosen(payload, title), metadata)

    async def _run(
        self, sender_id: str, text: str, parsed: dict[str, Any] | None, metadata: dict[str, Any] | None
    ) -> list[Reply]:
        collector = Collector(self._channel)
        message = UserMessage(
            text, collector, sender_id, parse_data=parsed, input_channel=self._channel, metadata=metadata or {}
        )
        began = time.perf_counter()
        replies = await self._replies(message, collector)
        self._metrics.turn_over(self._channel, [reply.response for reply in replies], time.perf_counter() - began)
        self._metrics.understood(message.parse_data, pressed=parsed is not None)
        if self._counts is not None:
            self._counts.turn_over(sender_id, replies, message.parse_data)
        return replies

    async def _replies(self, message: UserMessage, collector: Collector) -> list[Reply]:
        try:
            await self._lasting.within(self._seconds, self._handle(message))
        except asyncio.TimeoutError:
            logger.error("a turn took longer than %s s", self._seconds)
            return [*collector.replies, await self._last_words(message, collector, labels.TOO_SLOW)]
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.error("a turn failed: %s", type(error).__name__, exc_info=True)
            return [*collector.replies, await self._last_words(message, collector, labels.FAILED)]
        if any(reply.response == STATIC_FALLBACK for reply in collector.replies):
            self._metrics.fixed_reply(self._channel, labels.ACTION)
        return collector.replies or [self.static(labels.NO_WORDS)]

    async def _handle(self, message: UserMessage) -> None:
        """Have a message answered. Rasa starts again at once on `restart`, but to a form "go back" and "change" are answers."""
        if message.parse_data is None:
            # Kept at once: when the turn breaks later, what was understood still decides what is said.
            understood = message.parse_data = await self._agent.parse_message(message.text)
            if understood["intent"].get("name") == RESTART and await self._answers_a_form(message):
                understood["intent"] = {"name": None, "confidence": 0.0}
            elif is_only_a_reference(message.text):
                # It means nothing to the model, which took some for postcodes. The action asks what it is for.
                understood.update(intent={"name": "ask_referral_status", "confidence": 1.0}, entities=[], also=[])
            elif _may_answer_a_form(message.text, understood):
                understood["intent"] = {**understood["intent"], "name": NOT_UNDERSTOOD}
        if sent.is_the_yes(message.text) and await self._was_just_sent(message):
            message.parse_data["intent"] = {"name": "request_referral", "confidence": 1.0}
        await self._stay_with_danger(message, message.parse_data)
        await self._agent.handle_message(message)

    async def _stay_with_danger(self, message: UserMessage, understood: dict[str, Any]) -> None:
        """Somebody who was just told to call 999, and asks what to do, is told that again and not what else there is."""
        said = str(message.text)
        if not self._after_danger.may_be_about_it(said, understood):
            return
        tracker = await self._agent.tracker_store.retrieve(message.sender_id)
        if tracker is None or tracker.active_loop_name is not None:
            return
        told = [event.intent for event in tracker.events if isinstance(event, UserUttered)]
        answer = self._after_danger.answer(said, understood, told)
        if answer is None:
            return
        understood.update(intent=answer.as_intent(), entities=[], also=[])
        if answer.reply and isinstance(message.output_channel, Collector):
            message.output_channel.instead[f"utter_{answer.intent}"] = fixed_reply(answer.reply, self._channel)

    async def without_memory(
        self, sender_id: str, text: str | None, choice: str | None = None, cause: str = labels.STORE
    ) -> list[Reply]:
        """The reply while no conversation can be read, or none may be waited for: words for danger and leaving, else the fixed
        reply, counted with its `cause`.
        """
        parsed: Mapping[str, Any] = {}
        try:
            if choice is not None:
                parsed = chosen(SAFETY_CHOICES[choice], "") if choice in SAFETY_CHOICES else {}
            else:
                parsed = await self._agent.parse_message(as_plain_text(text or ""))
                if _may_answer_a_form(text or "", parsed, form_unknown=True):
                    parsed = {}
        except Exception as error:  # noqa: BLE001 - then it is the fixed reply
            logger.error("a message could not be understood: %s", type(error).__name__)
        return [await self._safe_or_static(sender_id, parsed, cause)]

    async def _last_words(self, message: UserMessage, collector: Collector, cause: str) -> Reply:
        """What is said when a turn broke, or took too long: where it is about safety, what was understood is answered without
        whatever failed. `cause` is one of `labels.CAUSES`.
        """
        parsed = message.parse_data or {}
        said = {reply.response for reply in collector.replies}
        again = f"utter_{(parsed.get('intent') or {}).get('name')}" in said
        if again or _may_answer_a_form(message.text or "", parsed, form_unknown=True):
            return self.static(cause)
        return await self._safe_or_static(message.sender_id, parsed, cause)

    async def _safe_or_static(self, sender_id: str, parsed: Mapping[str, Any], cause: str) -> Reply:
        intent = (parsed.get("intent") or {}).get("name")
        if intent not in SAFETY:
            return self.static(cause)
        reply = await self.utter(f"utter_{intent}", sender_id)
        reply.broken = True
        return reply

    async def _was_just_sent(self, message: UserMessage) -> bool:
        tracker = await self._agent.tracker_store.retrieve(message.sender_id)
        if tracker is None or tracker.active_loop_name is not None:
            return False
        return sent.form_sent(tracker.get_slot("reference_for"), message.text, datetime.now(timezone.utc)) is not None

    async def _answers_a_form(self, message: UserMessage) -> bool:
        tracker = await self._agent.tracker_store.retrieve(message.sender_id)
        in_a_form = tracker is not None and tracker.active_loop_name is not None
        return in_a_form and plainly_answers(tracker.get_slot("referral"), message.text)

    async def utter(self, response: str, sender_id: str) -> Reply:
        """A response outside any turn: the greeting, which nobody asked for."""
        collector = Collector(self._channel)
        tracker = self._agent.tracker_store.init_tracker(sender_id)
        draft = await self._agent.nlg.generate(response, tracker, self._channel)
        if draft:
            await collector.send_response(sender_id, draft)
        return collector.replies[0] if collector.replies else self.static()

    def static(self, cause: str = labels.FAILED) -> Reply:
        """The fixed reply with the helpline, out of the trained model's own domain: it needs nothing that can be gone.

        Each goes out to somebody, and is counted with its cause, one of `labels.CAUSES`.
        """
        self._metrics.fixed_reply(self._channel, cause)
        variations = self._agent.domain.responses[STATIC_FALLBACK]
        own = [v for v in variations if v.get("channel") == self._channel]
        fixed = (own or [v for v in variations if not v.get("channel")])[0]
        return Reply(str(fixed["text"]), _choices(fixed.get("buttons") or []), broken=True, response=STATIC_FALLBACK)
