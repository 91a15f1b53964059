"""The safety matcher as a part of the pipeline: when a pattern wins, and when it is only words that came together."""
from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import ALARM, ALSO
from components.safety_matcher import FOUND_BY, SafetyMatcher

STORY = (
    "We have been apart for two summers and I am putting a folder together for the court. In it are my bank letters, "
    "the school's letters, a diary, and the texts that I sent to my sister, one of which says he is going to kill me. "
    "Do I hand in the phone or only the pictures of the screen?"
)


@pytest.fixture(scope="module")
def safety() -> SafetyMatcher:
    return SafetyMatcher(SafetyMatcher.get_default_config())


def understood(safety: SafetyMatcher, text: str, thought: str, alarm: float | None) -> Message:
    ranking = [{"name": thought, "confidence": 0.9}]
    message = Message({TEXT: text, INTENT: ranking[0], INTENT_RANKING_KEY: ranking, ALSO: []})
    if alarm is not None:
        message.set(ALARM, alarm)
    safety.process([message])
    return message


def test_a_pattern_wins_in_a_short_message_however_calm_the_classifier_is(safety: SafetyMatcher) -> None:
    message = understood(safety, "he says he will kill me", "greet", 0.0)
    assert message.get(INTENT)["name"] == "immediate_danger" and message.get(INTENT)[FOUND_BY]


def test_a_pattern_alone_is_not_enough_in_a_long_story(safety: SafetyMatcher) -> None:
    assert understood(safety, STORY, "ask_evidence", 0.001).get(INTENT)["name"] == "ask_evidence"


def test_a_pattern_wins_in_a_long_story_that_may_be_danger(safety: SafetyMatcher) -> None:
    message = understood(safety, STORY, "ask_evidence", 0.2)
    assert message.get(INTENT)["name"] == "immediate_danger" and "ask_evidence" in message.get(ALSO)


def test_a_pattern_wins_where_nobody_said_how_alarming_a_message_is(safety: SafetyMatcher) -> None:
    assert understood(safety, STORY, "ask_evidence", None).get(INTENT)["name"] == "immediate_danger"


def test_a_more_urgent_thought_stays(safety: SafetyMatcher) -> None:
    message = understood(safety, "hes home gotta go", "immediate_danger", 0.9)
    assert message.get(INTENT)["name"] == "immediate_danger" and message.get(INTENT)[FOUND_BY]
