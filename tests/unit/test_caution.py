"""Where the classifier is in two minds: danger counts more than what else a message may be, and leaving does not."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import SentenceIntentClassifier

NAMES = ["immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit", "express_distress", "ask_refuge"]


# As the fallback in config.yml has it: what is less sure is not answered.
LEAST = 0.2


def understood(**held: float) -> str:
    """The intent of a message of which the regression holds so much of each."""
    return str(intent(**held)["name"])


def intent(**held: float) -> dict[str, Any]:
    """The same with how sure it is."""
    made: Any = object.__new__(SentenceIntentClassifier)
    made._config = {**SentenceIntentClassifier.get_default_config(), "caution": 3.0}
    made._regression = SimpleNamespace(classes_=np.array(NAMES))
    made._probabilities = lambda texts: np.array([[held.get(name, 0.0) for name in NAMES] for _ in texts])
    message = Message(data={TEXT: "one thing and nothing else"})
    made._understand(message)
    found: dict[str, Any] = message.get(INTENT)
    return found


@pytest.mark.parametrize(("held", "expected"), [
    ({"immediate_danger": 0.3, "ask_refuge": 0.7}, "immediate_danger"),
    ({"immediate_danger": 0.2, "ask_refuge": 0.8}, "ask_refuge"),
    ({"immediate_danger": 0.1, "child_at_risk": 0.12, "suicidal_or_self_harm": 0.1, "ask_refuge": 0.6}, "child_at_risk"),
    ({"quick_exit": 0.45, "express_distress": 0.5}, "express_distress"),
    ({"quick_exit": 0.55, "express_distress": 0.45}, "quick_exit"),
    ({"quick_exit": 0.25, "immediate_danger": 0.2, "ask_refuge": 0.5}, "immediate_danger"),
])
def test_danger_is_guessed_at_and_leaving_is_not(held: dict[str, float], expected: str) -> None:
    assert understood(**held) == expected


def test_what_is_guessed_at_is_not_taken_out_again_by_the_fallback() -> None:
    found = intent(child_at_risk=0.13, ask_refuge=0.14, express_distress=0.14)
    assert found["name"] == "child_at_risk" and LEAST < found["confidence"] < 0.39


def test_how_sure_a_guess_is_stays_below_one() -> None:
    assert intent(immediate_danger=0.3, child_at_risk=0.25, ask_refuge=0.45)["confidence"] < 0.8
    assert intent(immediate_danger=0.3, ask_refuge=0.45)["confidence"] == pytest.approx(0.9 / 1.6)
