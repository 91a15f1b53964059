"""What a message right after the reply to danger is taken for, without a model or a server."""
from __future__ import annotations

from typing import Any

import pytest
import yaml

from outreach.content import fixed_replies
from outreach.safety.after_danger import FILE, TOLD, AfterDanger, Answer

AFTER = AfterDanger.load()
DANGER, CHILD, SELF_HARM = TOLD


def told(*intents: str) -> list[dict[str, Any]]:
    return [{"name": intent} for intent in intents]


def heard(intent: str | None, found_by: str | None = None) -> dict[str, Any]:
    return {"intent": {"name": intent, "confidence": 0.9, **({"found_by": found_by} if found_by else {})}}


@pytest.mark.parametrize("about", TOLD)
@pytest.mark.parametrize("text", [
    "what do i do", "What should I do?", "help", "i dont know what to do", "I don't know what to do!!", "omg what do i do now please",
    "please what do i do", "what",
])  # fmt: skip
def test_whoever_asks_what_to_do_is_told_it_again(about: str, text: str) -> None:
    assert AFTER.answer(text, heard("affirm"), told(about)) == Answer(about, f"{about}_again", about)
    assert AFTER.answer(text, heard("ask_capabilities"), told(about)) == Answer(about, f"{about}_again", about)


def test_a_turn_between_does_not_take_it_away_and_two_do() -> None:
    assert AFTER.answer("what do i do", heard("ask_capabilities"), told(DANGER, "ask_health_injury")) == Answer(DANGER, f"{DANGER}_again")
    assert AFTER.answer("what do i do", heard("ask_capabilities"), told(DANGER, "ask_pets", "ask_housing")) is None
    assert AFTER.answer("what do i do", heard("ask_capabilities"), told("ask_pets")) is None
    assert AFTER.answer("what do i do", heard("ask_capabilities"), told()) is None


@pytest.mark.parametrize("intent", ["affirm", "deny", "greet", "out_of_scope", "nlu_fallback", "talk_to_human", "ask_capabilities"])
def test_what_says_too_little_belongs_to_the_danger_just_spoken_of(intent: str) -> None:
    assert AFTER.answer("hm ya whatever", heard(intent), told(DANGER)) == Answer(DANGER, f"{DANGER}_again", guessed=True)
    assert AFTER.answer("hm ya whatever", heard(intent), told(DANGER, "ask_pets")) is None


def test_a_guess_is_made_once_and_a_cry_is_always_heard() -> None:
    guessed = AFTER.answer("hm", heard("affirm"), told(DANGER))
    assert guessed is not None and guessed.guessed
    before = [*told(DANGER), guessed.as_intent()]
    assert AFTER.answer("hm", heard("affirm"), before) is None
    cried = AFTER.answer("what do i do", heard("ask_capabilities"), before)
    assert cried == Answer(DANGER, f"{DANGER}_again")
    assert AFTER.answer("what do i do", heard("ask_capabilities"), [*before, cried.as_intent()]) == cried


def test_what_came_of_the_danger_is_still_about_it() -> None:
    turns = told(DANGER)
    for text, answer in [
        ("i cant talk", Answer("ask_silent_999")), ("im calling them", Answer("express_fear", "danger_called")),
        ("hes gone", Answer("express_fear", "danger_calmer")), ("hes back what do i do", None),
    ]:  # fmt: skip
        found = AFTER.answer(text, heard("quick_exit"), turns)
        assert found == answer
        turns = [*turns, found.as_intent()] if found else turns


@pytest.mark.parametrize("came", ["hes gone out", "i called them"])
def test_who_asks_what_is_next_after_it_is_told_how_to_be_safer_and_a_cry_for_help_gets_999_again(came: str) -> None:
    first = AFTER.answer(came, heard("quick_exit"), told(DANGER))
    assert first is not None
    turns = [*told(DANGER), first.as_intent()]
    for text in ("ok what next", "what do i do next", "so what happens next now"):
        assert AFTER.answer(text, heard("ask_capabilities"), turns) == Answer("ask_safety_planning")
        assert AFTER.answer(text, heard("ask_capabilities"), told(DANGER)) == Answer(DANGER, f"{DANGER}_again")
    for text in ("help me", "what do i do"):
        assert AFTER.answer(text, heard("ask_capabilities"), turns) == Answer(DANGER, f"{DANGER}_again")


def test_who_cannot_speak_is_still_in_danger_whatever_they_ask_next() -> None:
    silent = AFTER.answer("i cant call", heard("quick_exit"), told(DANGER))
    assert silent == Answer("ask_silent_999")
    turns = [*told(DANGER), silent.as_intent()]
    for text in ("what next", "ok what next", "what do i do next", "what do i do"):
        assert AFTER.answer(text, heard("ask_capabilities"), turns) == Answer(DANGER, f"{DANGER}_again")
    assert AFTER.answer("yes", heard("affirm"), turns) != Answer("ask_safety_planning")


@pytest.mark.parametrize("intent", ["ask_pets", "thanks", "goodbye", "ask_refuge", "give_location", "quick_exit", "immediate_danger", None])
def test_what_asks_for_something_else_is_left_alone(intent: str | None) -> None:
    assert AFTER.answer("something of its own", heard(intent), told(DANGER)) is None


def test_a_long_message_is_left_to_what_it_was_understood_as() -> None:
    assert AFTER.answer("what else can you tell me about all of the other things", heard("ask_capabilities"), told(DANGER)) is None


@pytest.mark.parametrize("text", ["what do i do", "hes stopped", "i cant talk", "im hiding", "i called them"])
def test_what_a_safety_pattern_found_comes_first(text: str) -> None:
    for intent in (CHILD, SELF_HARM, "quick_exit"):
        assert AFTER.answer(text, heard(intent, "a_pattern"), told(DANGER)) is None


@pytest.mark.parametrize(("text", "answer"), [
    ("i can't talk", Answer("ask_silent_999")),
    ("he'll hear me", Answer("ask_silent_999")),
    ("i called them", Answer("express_fear", "danger_called")),
    ("the police are here now", Answer("express_fear", "danger_called")),
    ("he's stopped", Answer("express_fear", "danger_calmer")),
    ("ok hes gone out now", Answer("express_fear", "danger_calmer")),
    ("im hiding", Answer(DANGER, f"{DANGER}_again")),
    ("no signal", Answer(DANGER, f"{DANGER}_again")),
])
def test_what_is_told_of_the_danger_is_heard_and_does_not_send_anybody_away(text: str, answer: Answer) -> None:
    assert AFTER.answer(text, heard("quick_exit"), told(DANGER)) == answer
    assert AFTER.answer(text, heard("quick_exit"), told("ask_pets")) is None


def test_of_a_child_or_of_self_harm_he_has_stopped_means_what_it_was_understood_as() -> None:
    for about in (CHILD, SELF_HARM):
        assert AFTER.answer("hes stopped", heard("quick_exit"), told(about)) is None


def test_no_phrase_stands_in_two_groups_and_each_has_its_reply() -> None:
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    groups.pop("around")
    assert set(groups.pop("next")) <= set(groups["again"])
    phrases = [phrase for group in groups.values() for phrase in group]
    assert len(phrases) == len(set(phrases)) and all(phrase == phrase.lower() and "'" not in phrase for phrase in phrases)
    for name in [*(f"{each}_again" for each in TOLD), "danger_called", "danger_calmer"]:
        assert fixed_replies.fixed_reply(name, "web") != fixed_replies.fixed_reply(name, "sms")


@pytest.mark.parametrize("said", ["called", "calmer"])
def test_after_it_has_stopped_ok_is_no_danger_and_yes_is_what_comes_next(said: str) -> None:
    before = [*told(DANGER), Answer("express_fear", f"danger_{said}").as_intent()]
    assert AFTER.answer("hm right", heard("deny"), before) is None
    assert AFTER.answer("yes", heard("affirm"), before) == Answer("ask_safety_planning")
    assert AFTER.answer("what do i do", heard("ask_capabilities"), before) == Answer(DANGER, f"{DANGER}_again")
