"""Danger in one part of a message, whatever the rest of it is about."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import ALSO, GUESSED, SentenceIntentClassifier
from components.part_alarm import NOTHING, PartAlarm

CLASSES = ["child_at_risk", "immediate_danger", NOTHING, "quick_exit", "suicidal_or_self_harm"]
WHOLES = ["immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit", "ask_refuge", "ask_housing"]


def alarm(*rows: dict[str, float]) -> PartAlarm:
    """One that holds these of the parts, in their order."""
    held = np.array([[row.get(name, 0.0) for name in CLASSES] for row in rows])
    held_by: Any = SimpleNamespace(names=tuple(CLASSES), of=lambda features: held)
    return PartAlarm(held_by)


def understood(whole: dict[str, float], *parts: dict[str, float], text: str = "one thing. another thing") -> Message:
    """A message of which the regression holds so much of each, and of whose parts the alarm does."""
    made: Any = object.__new__(SentenceIntentClassifier)
    made._config = SentenceIntentClassifier.get_default_config()
    made._regression = SimpleNamespace(names=tuple(WHOLES))
    made._features = lambda texts: np.zeros((len(texts), 1), np.float32)
    made._weighed = lambda features: np.array([[whole.get(name, 0.0) for name in WHOLES] for _ in features])
    made._part_alarm = alarm(*parts)
    message = Message(data={TEXT: text})
    made._understand(message)
    return message


@pytest.mark.parametrize(("held", "expected"), [
    ({"immediate_danger": 0.85}, ["immediate_danger"]),
    ({"immediate_danger": 0.45, "child_at_risk": 0.4}, ["immediate_danger"]),
    ({"immediate_danger": 0.7}, []),
    ({"quick_exit": 0.85}, []),
    ({"quick_exit": 0.95}, ["quick_exit"]),
    ({NOTHING: 0.9, "suicidal_or_self_harm": 0.1}, []),
])
def test_a_part_counts_when_it_is_surely_dangerous(held: dict[str, float], expected: list[str]) -> None:
    assert [each["name"] for each in alarm(held).of(np.zeros((1, 1), np.float32), 0.8, 0.9)] == expected


def test_danger_in_one_part_comes_first_and_what_the_rest_is_about_is_kept() -> None:
    found = understood({"ask_housing": 0.97}, {NOTHING: 1.0}, {"immediate_danger": 0.92})
    assert found.get(INTENT)["name"] == "immediate_danger" and found.get(ALSO) == ["ask_housing"]


def test_of_several_dangers_the_most_urgent_comes_first() -> None:
    found = understood({"ask_housing": 0.97}, {"suicidal_or_self_harm": 0.99}, {"child_at_risk": 0.9})
    assert found.get(INTENT)["name"] == "child_at_risk"


def test_what_the_whole_is_sure_of_stays() -> None:
    found = understood({"child_at_risk": 0.9}, {NOTHING: 1.0}, {"immediate_danger": 0.92})
    assert found.get(INTENT)["name"] == "child_at_risk"


def test_a_guess_gives_way_to_a_danger_that_is_said_and_not_to_leaving() -> None:
    guess = {"suicidal_or_self_harm": 0.3, "ask_housing": 0.5}
    assert understood(guess, {"child_at_risk": 0.9}, {NOTHING: 1.0}).get(INTENT) == {"name": "child_at_risk", "confidence": 0.9}
    stays = understood(guess, {"quick_exit": 0.99}, {NOTHING: 1.0}).get(INTENT)
    assert stays["name"] == "suicidal_or_self_harm" and stays[GUESSED]


def test_leaving_that_is_not_certain_gives_way_to_a_danger_that_is_said() -> None:
    part = {"immediate_danger": 0.95}
    assert understood({"quick_exit": 0.5, "ask_housing": 0.4}, {NOTHING: 1.0}, part).get(INTENT)["name"] == "immediate_danger"
    assert understood({"quick_exit": 0.9}, {NOTHING: 1.0}, part).get(INTENT)["name"] == "quick_exit"


def test_danger_is_looked_for_in_a_story_as_well_where_nothing_else_is() -> None:
    story = ". ".join(f"this is part number {n} of it" for n in "abcdefgh")
    found = understood({"ask_housing": 0.97}, *[{NOTHING: 1.0}] * 6, {"immediate_danger": 0.92}, {NOTHING: 1.0}, text=story)
    assert found.get(INTENT)["name"] == "immediate_danger" and found.get(ALSO) == ["ask_housing"]


def test_it_learns_what_is_no_danger_from_the_parts_of_what_is_none() -> None:
    made: Any = object.__new__(SentenceIntentClassifier)
    made._config = {**SentenceIntentClassifier.get_default_config(), "part_C": 100.0}
    rows = {"help he has a knife": 0, "i thought how i would do it": 1, "the weather is fine": 1, "where can i live": 1}
    made._features = lambda texts: np.array([np.eye(2)[rows[text]] for text in texts], np.float32)
    texts = ["help he has a knife", "i thought how i would do it. the weather is fine", "where can i live", "he has a knife. come"]
    intents = ["immediate_danger", "ask_housing", "ask_housing", "immediate_danger"]
    whole = np.array([[1, 0], [9, 9], [0, 1], [7, 7]], np.float32)
    learned = made._learn_parts(texts, intents, whole)
    assert list(learned.regression.names) == ["immediate_danger", NOTHING]
    assert [each["name"] for each in learned.of(np.array([[1, 0], [0, 1]], np.float32), 0.6, 0.6)] == ["immediate_danger"]
