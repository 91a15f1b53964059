"""What the encoder's own head holds of the intents, and what becomes of it where it can have no say."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components import encoder
from components.encoder import DIMENSIONS, EncoderError, Head
from outreach.understanding.catalogue import CATALOGUE


def head(*intents: str) -> Head:
    dice = np.random.default_rng(1)
    rows = dice.normal(size=(len(intents), DIMENSIONS)).astype(np.float32)
    return Head(rows, np.zeros(len(intents), np.float32), intents)


def test_the_committed_head_knows_every_intent() -> None:
    found = Head.load()
    assert found is not None
    assert set(found.names) == set(CATALOGUE)


def test_each_row_adds_up_to_one_however_sure_it_is() -> None:
    vectors = np.random.default_rng(2).normal(size=(5, DIMENSIONS)).astype(np.float32)
    found = head("greet", "thanks", "goodbye").of(vectors * 1e6)
    assert found.shape == (5, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.isfinite(found).all()


def test_it_says_the_same_in_any_order() -> None:
    one = head("greet", "thanks", "goodbye")
    other = one.ordered(["goodbye", "greet", "thanks"])
    assert other is not None
    vectors = np.random.default_rng(3).normal(size=(4, DIMENSIONS)).astype(np.float32)
    assert np.allclose(other.of(vectors), one.of(vectors)[:, [2, 0, 1]])


def test_it_has_no_say_about_intents_that_it_does_not_know() -> None:
    assert head("greet", "thanks").ordered(["greet", "something_new"]) is None


def test_another_encoder_need_not_have_one(tmp_path: Path) -> None:
    assert Head.load(tmp_path) is None


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_ASSETS", tmp_path)
    (tmp_path / "head.npz").write_bytes(b"not the one that was tested")
    with pytest.raises(EncoderError, match="SHA-256"):
        Head.load()
