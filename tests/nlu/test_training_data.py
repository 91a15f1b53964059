"""What the assistant learns from, and what it is judged by, are kept apart and are wide enough."""
from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer

from outreach.settings import ROOT
from outreach.understanding.catalogue import CATALOGUE, SAFETY

HELD_OUT = (
    "heldout.csv", "safety.csv", "lookalikes.csv", "forum.csv", "fresh.csv", "heard.csv", "month.csv", "tales.csv", "chats.csv",
    "texts.csv", "voices.csv", "sideways.csv",
)
# Two messages whose three-letter pieces overlap so much differ by a word or so.
NEAR = 0.9


def normal(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", re.sub(r"\s+", " ", text.lower())).strip()


@pytest.fixture(scope="module")
def training() -> list[tuple[str, str]]:
    rows = []
    for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            lines = [line.strip() for line in block["examples"].splitlines() if line.strip()]
            assert all(line.startswith("- ") for line in lines), file.name
            rows += [(line[2:].strip(), block["intent"]) for line in lines]
    return rows


@pytest.fixture(scope="module")
def held_out() -> list[tuple[str, str]]:
    rows = []
    for name in HELD_OUT:
        with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
            rows += [(row["text"], row["intent"]) for row in csv.DictReader(lines)]
    return rows


def test_every_intent_has_enough_examples(training: list[tuple[str, str]]) -> None:
    count = Counter(intent for _, intent in training)
    assert set(count) == set(CATALOGUE)
    wanted = {intent: 250 if intent in SAFETY else 400 if intent == "out_of_scope" else 80 for intent in CATALOGUE}
    assert {i: n for i, n in count.items() if n < wanted[i]} == {}


def test_no_example_stands_twice(training: list[tuple[str, str]]) -> None:
    twice = [text for text, n in Counter(normal(text) for text, _ in training).items() if n > 1 and text]
    assert twice == []


def test_held_out_sets_are_large_enough(held_out: list[tuple[str, str]]) -> None:
    with (Path(__file__).parent / "lookalikes.csv").open(encoding="utf-8", newline="") as lines:
        alike = [row["intent"] for row in csv.DictReader(lines)]
    assert len(held_out) - len(alike) >= 1200 and len(alike) >= 200
    assert not set(alike) & set(SAFETY)
    assert {intent for _, intent in held_out} == set(CATALOGUE)


def test_nothing_held_out_is_trained_on(training: list[tuple[str, str]], held_out: list[tuple[str, str]]) -> None:
    learnt = {normal(text) for text, _ in training}
    # A message of one or two words ("exit", "thank you") is what everybody types.
    leaked = [text for text, _ in held_out if normal(text) in learnt and len(text.split()) > 3]
    assert leaked == []


def test_nothing_held_out_is_nearly_trained_on(training: list[tuple[str, str]], held_out: list[tuple[str, str]]) -> None:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
    learnt = vectorizer.fit_transform([normal(text) for text, _ in training])
    judged = [text for text, _ in held_out if len(text.split()) > 4]
    nearest = (vectorizer.transform([normal(text) for text in judged]) @ learnt.T).max(axis=1).toarray().ravel()
    assert [text for text, near in zip(judged, nearest, strict=True) if near > NEAR] == []
