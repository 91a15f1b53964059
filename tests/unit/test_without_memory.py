"""While no conversation can be read: danger and leaving are answered, and an answer to a form is taken for neither."""
from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from channels.turns import Turns
from outreach.referrals.hearing import only_names_a_way


def replied(text: str, **intent: str) -> str | None:
    """The name of the response to a text that is understood so."""

    async def parse_message(said: str) -> dict[str, Any]:
        return {"intent": intent}

    async def generate(response: str, tracker: object, channel: str) -> dict[str, Any]:
        return {"text": "words", "utter_action": response}

    agent: Any = SimpleNamespace(
        parse_message=parse_message, nlg=SimpleNamespace(generate=generate),
        tracker_store=SimpleNamespace(init_tracker=lambda sender: None),
        domain=SimpleNamespace(responses={"utter_static_fallback": [{"text": "fixed"}]}),
    )  # fmt: skip
    turns = Turns(agent, "web", 8.0)
    (reply,) = asyncio.run(turns.without_memory("somebody", text))
    # A turn that breaks after its words were understood ends with the same, and so does one that hangs.
    agent.handle_message = breaks
    assert asyncio.run(turns.say("somebody", text))[-1].response == reply.response
    agent.handle_message = hangs
    assert asyncio.run(Turns(agent, "web", 0.05).say("somebody", text))[-1].response == reply.response
    return reply.response


async def hangs(message: object) -> None:
    await asyncio.sleep(5)


async def breaks(message: object) -> None:
    raise RuntimeError


def test_danger_and_leaving_are_answered() -> None:
    assert replied("he has a knife", name="immediate_danger") == "utter_immediate_danger"
    assert replied("i need to get off here", name="quick_exit") == "utter_quick_exit"
    assert replied("is there a refuge", name="ask_refuge") == "utter_static_fallback"


def test_how_somebody_wants_to_be_reached_is_no_leaving_unless_a_pattern_finds_one() -> None:
    assert replied("text", name="quick_exit") == "utter_static_fallback"
    assert replied("text", name="quick_exit", found_by="x") == "utter_quick_exit"
    assert replied("text", name="immediate_danger") == "utter_immediate_danger"


@pytest.mark.parametrize("text", ["stop", "leave it", "after 6 when he's out", "6 till 8 before he gets home"])
def test_what_may_answer_a_form_that_nobody_could_look_at_is_no_leaving(text: str) -> None:
    assert replied(text, name="quick_exit") == "utter_static_fallback"
    assert replied(text, name="quick_exit", found_by="x") == "utter_quick_exit"


@pytest.mark.parametrize("text", ["gotta go he's coming up", "hes here", "someone's coming", "bye he's up"])
def test_what_answers_no_question_of_a_form_is_leaving(text: str) -> None:
    assert replied(text, name="quick_exit") == "utter_quick_exit"


@pytest.mark.parametrize(("text", "found_by", "intent"), [
    ("text", None, "nlu_fallback"), ("text", "x", "quick_exit"), ("he might see it", None, "quick_exit"), ("hang up", None, "quick_exit"),
])
def test_while_all_is_well_a_way_alone_closes_no_page_either(text: str, found_by: str | None, intent: str) -> None:
    parsed = {"name": "quick_exit", "confidence": 0.6, **({"found_by": found_by} if found_by else {})}
    heard: list[Any] = []

    async def parse(said: str) -> dict[str, Any]:
        return {"text": said, "intent": parsed, "entities": [], "also": []}

    async def handle(message: Any) -> None:
        heard.append(message.parse_data["intent"]["name"])

    async def nothing(sender: str) -> None:
        return None

    agent: Any = SimpleNamespace(
        parse_message=parse, handle_message=handle, tracker_store=SimpleNamespace(retrieve=nothing),
        domain=SimpleNamespace(responses={"utter_static_fallback": [{"text": "fixed"}]}),
    )  # fmt: skip
    asyncio.run(Turns(agent, "web", 8.0).say("somebody", text))
    assert heard == [intent]


@pytest.mark.parametrize("text, names", [
    ("text", True), ("call me", True), ("by email", True), ("stop", False), ("he's back", False), ("hang up", False),
    ("he read my text", False), ("go", False), ("", False),
])  # fmt: skip
def test_a_way_alone_is_told_from_words_that_hold_one(text: str, names: bool) -> None:
    assert only_names_a_way(text) is names
