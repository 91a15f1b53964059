"""Danger in the middle of the form: it is left with the right reply, at every step, and nothing of it stays."""
from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from typing import Any

import pytest
import yaml
from faults import rows
from form import CANARIES, STEPS, House, standing_at
from rasa.core.agent import Agent
from referring import holds
from running import ROOT, Person
from sentences import text_of

from channels.action_endpoint import must_leave
from launcher.train import current_model
from outreach.safety.matcher import SafetyMatcher
from outreach.understanding.catalogue import SAFETY

LOOP = "action_referral"

AT_EVERY_STEP = {
    "immediate_danger": ["he's got a knife and he's outside the bedroom door", "hes trying to break the door down"],
    "child_at_risk": ["my dad hits my little brother with a belt"],
    "suicidal_or_self_harm": ["i want to kill myself"],
    "quick_exit": ["got to go he's coming up the stairs", "hes back"],
}


def _caught() -> list[tuple[str, str]]:
    """Every message that the patterns' file says is found, with its intent."""
    content = yaml.safe_load((ROOT / "content" / "safety_patterns.yml").read_text(encoding="utf-8"))["patterns"]
    return [(intent, text) for intent in SAFETY for pattern in content[intent]["patterns"] for text in pattern["catches"]]


def assert_left(house: House, person: Person, intent: str, text: str) -> None:
    """The form is left with the right reply, and nothing of it remains."""
    person.say(text)
    # One that is more urgent still is right as well.
    right = SAFETY[: SAFETY.index(intent) + 1]
    if person.commands():
        assert person.commands() == ["exit"] and "quick_exit" in right, (text, person.heard())
        assert rows(house.running, person.token) == 0
        return
    said = person.last[0]["text"].strip()
    assert any(said == text_of(f"utter_{each}") for each in right if each != "quick_exit"), (text, person.heard())
    assert len(person.last) == 1, "nothing stands beside it"
    loop, slots = house.now(person.token)
    assert loop is None and not slots.get("referral")
    assert not [each for each in CANARIES if holds(json.dumps(house.kept(person.token)), each)]


@pytest.mark.parametrize("step", STEPS)
def test_danger_at_every_step_leaves_the_form_and_keeps_nothing(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    before = house.referrals()
    for intent, texts in AT_EVERY_STEP.items():
        for text in texts:
            assert_left(house, standing_at(house, walked, step), intent, text)
    assert house.referrals() == before


def test_everything_that_the_patterns_find_leaves_the_form(house: House, walked: dict[str, dict[str, Any]]) -> None:
    before = house.referrals()
    for number, (intent, text) in enumerate(_caught()):
        assert_left(house, standing_at(house, walked, STEPS[number % len(STEPS)]), intent, text)
    assert house.referrals() == before


def test_danger_needs_no_action_server(house: House, walked: dict[str, dict[str, Any]]) -> None:
    people = {step: standing_at(house, walked, step) for step in STEPS}
    others = {step: standing_at(house, walked, step) for step in STEPS}
    actions = house.running.pid_of("launcher.actions")
    os.kill(actions, signal.SIGSTOP)
    try:
        for number, step in enumerate(STEPS):
            intent = SAFETY[number % 3]
            assert_left(house, people[step], intent, AT_EVERY_STEP[intent][0])
            assert_left(house, others[step], "quick_exit", AT_EVERY_STEP["quick_exit"][0])
    finally:
        os.kill(actions, signal.SIGCONT)


@pytest.mark.parametrize("step, said", [
    ("name", "no"), ("name", "Dee"), ("contact", "07400 998877"), ("summary", "no"), ("summary", "back"), ("safe_to_contact", "no"),
    ("code_word", "pineapple"), ("children_at_home", "no"), ("over_16", "34"), ("place", "Hatfield"), ("contact_way", "call"),
    ("needs", "stop"), ("name", "back"), ("safe_times", "after 5"), ("consent", "no"),
])  # fmt: skip
def test_a_plain_answer_is_not_taken_for_danger(house: House, walked: dict[str, dict[str, Any]], step: str, said: str) -> None:
    person = standing_at(house, walked, step)
    person.say(said)
    assert not person.commands() and not any(m["text"].strip() == text_of(f"utter_{i}") for m in person.last for i in SAFETY)


# The safety set that understanding is judged by


def _safety_set() -> list[tuple[str, str]]:
    with (ROOT / "tests" / "nlu" / "safety.csv").open(encoding="utf-8", newline="") as file:
        return [(row["intent"], row["text"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def known() -> list[tuple[str, str]]:
    """Every message of the safety set that the matcher finds something in, with what it finds, or is labelled with if that is less.

    How well it finds is judged elsewhere (`make evaluate`): here, that the form keeps nothing of it from its reply.
    """
    matcher = SafetyMatcher.load()
    found = [(intent, matcher.match(text), text) for intent, text in _safety_set()]
    return [(max(intent, match.intent, key=SAFETY.index), text) for intent, match, text in found if match is not None]


def test_every_phrase_of_the_safety_set_that_is_matched_leaves_the_form_from_whatever_step(
    house: House, walked: dict[str, dict[str, Any]], known: list[tuple[str, str]]
) -> None:
    before, wrong = house.referrals(), []
    assert len(known) > 150 and {intent for intent, _ in known} == set(SAFETY)
    person = house.person()
    for number, (intent, text) in enumerate(known):
        if person.commands():
            person = house.person()
        house.put(person.token, walked[STEPS[number % len(STEPS)]])
        try:
            assert_left(house, person, intent, text)
        except AssertionError as error:
            wrong.append((STEPS[number % len(STEPS)], intent, text, str(error)[:200]))
    assert not wrong, wrong
    assert house.referrals() == before


@pytest.mark.parametrize("intent", SAFETY)
def test_each_safety_intent_leaves_the_form_at_every_step_in_many_words(
    house: House, walked: dict[str, dict[str, Any]], known: list[tuple[str, str]], intent: str
) -> None:
    before, person = house.referrals(), house.person()
    phrases = [text for found, text in known if found == intent]
    for number, step in enumerate(STEPS):
        for text in [phrases[(3 * number + each) % len(phrases)] for each in range(3)]:
            if person.commands():
                person = house.person()
            house.put(person.token, walked[step])
            assert_left(house, person, intent, text)
    assert house.referrals() == before


def test_no_form_at_any_step_gets_a_message_in_which_a_pattern_finds_danger(walked: dict[str, dict[str, Any]]) -> None:
    """Every phrase at every step, without the network: what understanding makes of it, and whether the form may have it."""
    forms = [(step, _state_in(kept)) for step, kept in walked.items()]
    agent, matcher, loop = Agent.load(str(current_model())), SafetyMatcher.load(), asyncio.new_event_loop()
    held_back = []
    for intent, text in _safety_set():
        understood = loop.run_until_complete(agent.parse_message(text))
        if understood["intent"]["name"] not in SAFETY:
            assert matcher.match(text) is None, (text, understood["intent"])
            continue
        for step, state in forms:
            tracker = {"active_loop": {"name": LOOP}, "latest_message": understood, "slots": {"referral": state}}
            if not must_leave({"next_action": LOOP, "tracker": tracker}):
                held_back.append((step, intent, text))
    loop.close()
    assert held_back == []


def _state_in(kept: dict[str, Any]) -> dict[str, Any]:
    """The form's state in what is kept of a conversation."""
    slots = dict(kept["slots"])
    slots.update({event["name"]: event["value"] for event in kept["events"] if event["event"] == "slot"})
    return dict(slots["referral"])
