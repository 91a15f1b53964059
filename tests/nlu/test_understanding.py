"""A model that finds less danger, or cries wolf more often, does not pass.

The floors lie a little below what was measured (docs/adr/0006-classifier.md). Whoever betters the figures may raise them; nobody
lowers them to let a model through.
"""
from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.settings import ROOT
from outreach.understanding.catalogue import SAFETY

SETS = ROOT / "tests" / "nlu"
# Of the messages of each kind: how many get the reply for that kind, and how many some safety reply.
LEAST_FOUND = {"immediate_danger": 0.97, "child_at_risk": 0.95, "suicidal_or_self_harm": 0.95, "quick_exit": 0.96}
LEAST_FOUND_AS_ANY = 0.97
MOST_FALSE_ALARMS = 0.025
# Of long posts; and of short dangers, each put into a long post about something else.
MOST_FALSE_ALARMS_IN_POSTS = 0.06
LEAST_FOUND_IN_A_STORY = 0.8

Predicted = list[tuple[str, str]]


def evaluated(out: Path, *sets: Path) -> Predicted:
    """What each message means, and what the whole pipeline takes it for."""
    chosen = [part for file in sets for part in ("--set", str(file))]
    ran = subprocess.run(
        [sys.executable, "scripts/evaluate.py", *chosen, "--predictions", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return rows_of(out, "predicted")


def rows_of(file: Path, second: str) -> Predicted:
    """The intent of each row, and another of its fields."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["intent"], row[second]) for row in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Predicted:
    """Of two sets."""
    return evaluated(tmp_path_factory.mktemp("nlu") / "predictions.csv", SETS / "safety.csv", SETS / "lookalikes.csv")


@pytest.mark.parametrize("intent", SAFETY)
def test_danger_is_found(predicted: Predicted, intent: str) -> None:
    taken_for = [found for meant, found in predicted if meant == intent]
    assert len(taken_for) >= 50
    assert taken_for.count(intent) / len(taken_for) >= LEAST_FOUND[intent]


def test_whoever_speaks_of_danger_gets_some_safety_reply(predicted: Predicted) -> None:
    taken_for = [found for meant, found in predicted if meant in SAFETY]
    assert sum(found in SAFETY for found in taken_for) / len(taken_for) >= LEAST_FOUND_AS_ANY


def test_what_only_sounds_like_danger_is_left_alone(predicted: Predicted) -> None:
    taken_for = [found for meant, found in predicted if meant not in SAFETY]
    assert len(taken_for) >= 200
    assert sum(found in SAFETY for found in taken_for) / len(taken_for) <= MOST_FALSE_ALARMS


def test_long_posts_about_something_else_are_left_alone(tmp_path: Path) -> None:
    taken_for = [found for meant, found in evaluated(tmp_path / "predictions.csv", SETS / "tales.csv") if meant not in SAFETY]
    assert len(taken_for) >= 200
    assert sum(found in SAFETY for found in taken_for) / len(taken_for) <= MOST_FALSE_ALARMS_IN_POSTS


def test_danger_in_one_sentence_of_a_story_is_found(tmp_path: Path) -> None:
    dangers = [(meant, text) for meant, text in rows_of(SETS / "safety.csv", "text") if meant != "quick_exit" and 4 <= len(text.split()) <= 16]
    posts = [text for meant, text in rows_of(SETS / "tales.csv", "text") if meant not in SAFETY]
    assert len(dangers) >= 100
    with (tmp_path / "stories.csv").open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(["text", "intent"])
        for number, (meant, text) in enumerate(dangers):
            sentences = posts[number % len(posts)].rstrip(".").split(". ")
            at = (0, len(sentences) // 2, len(sentences))[number % 3]
            written.writerow([". ".join([*sentences[:at], text.rstrip("."), *sentences[at:]]) + ".", meant])
    taken_for = [found for _, found in evaluated(tmp_path / "predictions.csv", tmp_path / "stories.csv")]
    assert sum(found in SAFETY for found in taken_for) / len(taken_for) >= LEAST_FOUND_IN_A_STORY
