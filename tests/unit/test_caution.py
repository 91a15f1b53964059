"""Where the classifier is in two minds: danger counts more than what else a message may be, and leaving does not."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.encoder import DIMENSIONS, Head
from components.intent_classifier import GUESSED, SentenceIntentClassifier
from outreach.settings import ROOT

NAMES = ["immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit", "express_distress", "ask_refuge"]
CONFIG = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
# What is less sure is not answered.
LEAST = next(part["threshold"] for part in CONFIG["pipeline"] if part["name"] == "FallbackClassifier")


def understood(**held: float) -> str:
    """The intent of a message of which the regression holds so much of each."""
    return str(intent(**held)["name"])


def intent(**held: float) -> dict[str, Any]:
    """The same with how sure it is."""
    made: Any = object.__new__(SentenceIntentClassifier)
    made._config = {**SentenceIntentClassifier.get_default_config(), "caution": 3.0}
    made._regression = SimpleNamespace(names=tuple(NAMES))
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


@pytest.mark.parametrize(("danger", "other"), [(0.13, 0.14), (0.13, 0.3), (0.19, 0.2)])
def test_what_is_guessed_at_is_not_taken_out_again_by_the_fallback(danger: float, other: float) -> None:
    found = intent(child_at_risk=danger, ask_refuge=other, express_distress=0.14)
    assert found["name"] == "child_at_risk" and found[GUESSED] and LEAST < found["confidence"] < 0.45


@pytest.mark.parametrize(("danger", "other"), [(0.08, 0.21), (0.072, 0.21), (0.1, 0.12)])
def test_what_is_merely_vague_is_asked_about(danger: float, other: float) -> None:
    assert intent(child_at_risk=danger, ask_refuge=other, express_distress=0.1)["confidence"] < LEAST


def test_what_is_likeliest_is_no_guess() -> None:
    assert GUESSED not in intent(child_at_risk=0.9)


def test_how_sure_a_guess_is_stays_below_one() -> None:
    assert intent(immediate_danger=0.3, child_at_risk=0.25, ask_refuge=0.45)["confidence"] < 0.8
    assert intent(immediate_danger=0.3, ask_refuge=0.45)["confidence"] == pytest.approx(0.9 / 1.6)


def test_the_head_and_the_regression_have_their_shares() -> None:
    made: Any = object.__new__(SentenceIntentClassifier)
    made._config = {**SentenceIntentClassifier.get_default_config(), "everyday": 1.0, "head_weight": 0.4}
    made._regression = SimpleNamespace(
        names=("child_at_risk", "ask_refuge"), of=lambda features: np.array([[0.8, 0.2]])
    )
    made._features = lambda texts: np.ones((1, DIMENSIONS + 3), np.float32) / np.float32(DIMENSIONS)
    weights = np.zeros((2, DIMENSIONS), np.float32)
    weights[1] = np.log(9)
    made._head = Head(weights, np.zeros(2, np.float32), ["child_at_risk", "ask_refuge"])
    harm, refuge = 0.8**0.6 * 0.1**0.4, 0.2**0.6 * 0.9**0.4
    assert made._probabilities(["anything"])[0] == pytest.approx([harm / (harm + refuge), refuge / (harm + refuge)], rel=1e-4)
