"""How a text is spelt is worked out as sklearn does, without sklearn."""
from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from components.spelling import Spelling, pieces

LEARNT = [
    "he hits me", "hes strangeling me", "is there a refuge in Hitchin", "my mum shouts and shouts and shouts", "wd18", "thank you",
    "can i bring my dog", "what happens to the kids", "i dont know what to do any more", "he took my phone",
]  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> tuple[TfidfVectorizer, TruncatedSVD]:
    ngrams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
    return ngrams, TruncatedSVD(6, random_state=1).fit(ngrams.fit_transform(LEARNT))


@pytest.mark.parametrize("text", [*LEARNT, "he he he he hits", "shouts, SHOUTS!", "is the dog in hitchin wd18?", "x" * 10_000])
def test_it_is_what_sklearn_makes_of_it(fitted: tuple[TfidfVectorizer, TruncatedSVD], text: str) -> None:
    ngrams, reduced = fitted
    expected = reduced.transform(ngrams.transform([text]))[0]
    expected = expected / max(float(np.linalg.norm(expected)), 1e-9)
    assert np.allclose(Spelling.fitted(ngrams, reduced.components_).of(text), expected, atol=1e-3)


@pytest.mark.parametrize("text", ["", " ", "ž", "日本"])
def test_what_holds_nothing_that_is_known_is_a_row_of_nothing(fitted: tuple[TfidfVectorizer, TruncatedSVD], text: str) -> None:
    ngrams, reduced = fitted
    assert Spelling.fitted(ngrams, reduced.components_).of(text).tolist() == [0.0] * 6


@given(st.text(max_size=60))
def test_a_text_has_the_pieces_that_sklearn_sees(text: str) -> None:
    sees = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()
    assert Counter(pieces(text)) == Counter(sees(text))


def test_what_is_kept_is_brought_back(fitted: tuple[TfidfVectorizer, TruncatedSVD], tmp_path: Path) -> None:
    ngrams, reduced = fitted
    made = Spelling.fitted(ngrams, reduced.components_)
    np.savez(tmp_path / "kept.npz", **made.arrays())
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as arrays:
        again = Spelling.kept(arrays)
    assert [again.of(text).tolist() for text in LEARNT] == [made.of(text).tolist() for text in LEARNT]


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="its rarity and its row"):
        Spelling(["ab", "bc"], np.ones(2), np.ones((1, 6)))
