"""How a text is spelt is worked out as sklearn does, in less time."""
from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from components.intent_classifier import Spelling

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
    assert np.allclose(Spelling(ngrams, reduced.components_).of(text), expected, atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "ž", "日本"])
def test_what_holds_nothing_that_is_known_is_a_row_of_nothing(fitted: tuple[TfidfVectorizer, TruncatedSVD], text: str) -> None:
    ngrams, reduced = fitted
    assert Spelling(ngrams, reduced.components_).of(text).tolist() == [0.0] * 6
