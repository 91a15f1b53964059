"""The safety matcher as a part of the pipeline: when a pattern wins, and when the classifier alone does not end it."""
from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import ALSO, GUESSED
from components.safety_matcher import FOUND_BY, SafetyMatcher

STORY = (
    "We have been apart for two summers and I am putting a folder together for the court. In it are my bank letters, "
    "the school's letters, a diary, and the texts that I sent to my sister, one of which says he is going to kill me. "
    "Do I hand in the phone or only the pictures of the screen?"
)


@pytest.fixture(scope="module")
def safety() -> SafetyMatcher:
    return SafetyMatcher()


def understood(safety: SafetyMatcher, text: str, *ranking: tuple[str, float]) -> Message:
    thought = [{"name": name, "confidence": confidence} for name, confidence in ranking]
    message = Message({TEXT: text, INTENT: thought[0], INTENT_RANKING_KEY: thought, ALSO: []})
    safety.process([message])
    return message


def test_a_pattern_wins_however_calm_the_classifier_is(safety: SafetyMatcher) -> None:
    message = understood(safety, "he says he will kill me", ("greet", 0.9))
    assert message.get(INTENT)["name"] == "immediate_danger" and message.get(INTENT)[FOUND_BY]


def test_a_pattern_wins_in_a_long_story_too_and_the_question_is_kept(safety: SafetyMatcher) -> None:
    message = understood(safety, STORY, ("ask_evidence", 0.9))
    assert message.get(INTENT)["name"] == "immediate_danger" and "ask_evidence" in message.get(ALSO)


def test_somebody_who_is_alone_stays_and_is_answered(safety: SafetyMatcher) -> None:
    ranking = ("quick_exit", 0.8), ("immediate_danger", 0.1), ("ask_tech_abuse", 0.06), ("greet", 0.02)
    message = understood(safety, "he went through my phone and now hes gone to the shop", *ranking)
    assert message.get(INTENT)["name"] == "ask_tech_abuse" and message.get(INTENT)["confidence"] == pytest.approx(0.75)
    message = understood(safety, "hes gone out for petrol", ("quick_exit", 0.5), ("immediate_danger", 0.45), ("greet", 0.02))
    assert message.get(INTENT)["name"] == "immediate_danger", "a likely danger is not set aside"
    assert understood(safety, "hes gone out", ("quick_exit", 1.0)).get(INTENT)["name"] == "nlu_fallback"


def test_somebody_who_has_to_leave_leaves(safety: SafetyMatcher) -> None:
    assert understood(safety, "close this please", ("quick_exit", 0.6), ("greet", 0.3)).get(INTENT)["name"] == "quick_exit"
    message = understood(safety, "he was asleep but hes awake now", ("quick_exit", 0.6), ("greet", 0.3))
    assert message.get(INTENT)["name"] == "quick_exit"


def test_a_more_urgent_thought_stays(safety: SafetyMatcher) -> None:
    message = understood(safety, "hes home gotta go", ("immediate_danger", 0.9))
    assert message.get(INTENT)["name"] == "immediate_danger" and message.get(INTENT)[FOUND_BY]


@pytest.mark.parametrize(("sure", "answered"), [(0.6, "suicidal_or_self_harm"), (0.7, "immediate_danger")])
def test_what_is_only_half_thought_gives_way_to_what_is_said(safety: SafetyMatcher, sure: float, answered: str) -> None:
    message = understood(safety, "my mate found me trying to hang myself and made me text you", ("immediate_danger", sure))
    assert message.get(INTENT)["name"] == answered and message.get(INTENT)[FOUND_BY]


@pytest.mark.parametrize("sure", [0.21, 0.6])
def test_a_danger_that_is_only_half_thought_does_not_give_way_to_leaving(safety: SafetyMatcher, sure: float) -> None:
    assert understood(safety, "hes home gotta go", ("immediate_danger", sure)).get(INTENT)["name"] == "immediate_danger"


def test_a_guess_gives_way_to_what_is_said_however_sure_it_looks(safety: SafetyMatcher) -> None:
    thought = {"name": "immediate_danger", "confidence": 0.67, GUESSED: True}
    message = Message({TEXT: "my mate found me trying to hang myself", INTENT: thought, INTENT_RANKING_KEY: [thought], ALSO: []})
    safety.process([message])
    assert message.get(INTENT)["name"] == "suicidal_or_self_harm"
