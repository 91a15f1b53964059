"""How a text is spelt, as numbers: what a fitted `TfidfVectorizer` and a projection give, with nothing but numpy.

Without what sklearn looks up, checks and copies for each message anew, and without sklearn.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# The n-grams of a word and the space to either side of it: sklearn's "char_wb".
SHORTEST, LONGEST = 2, 5


class Spelling:
    """Gives a row for a text."""

    def __init__(self, ngrams: Sequence[str], rarity: npt.NDArray[Any], rows: npt.NDArray[Any]) -> None:
        """For each n-gram that is known its inverse document frequency and the row that stands for it.

        The rows are kept at half precision, which is as exact as what they were learnt from and half of a model.
        """
        if not len(ngrams) == len(rarity) == len(rows):
            raise ValueError("each n-gram needs its rarity and its row")
        self._ngrams = list(ngrams)
        self._known = {ngram: index for index, ngram in enumerate(self._ngrams)}
        self._rarity = np.asarray(rarity, dtype=np.float32)
        self._rows = np.ascontiguousarray(rows, dtype=np.float16)

    @classmethod
    def fitted(cls, vectorizer: Any, projection: npt.NDArray[Any]) -> Spelling:
        """What sklearn's `TfidfVectorizer` has learnt; `projection` has a column for each n-gram that it knows."""
        return cls(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, projection.T)

    @classmethod
    def kept(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Spelling:
        """One that `arrays` gave. Raises `KeyError` or `ValueError` where something is missing."""
        return cls(arrays["ngrams"].tolist(), arrays["rarity"], arrays["rows"])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that it knows, to be kept."""
        return {"ngrams": np.array(self._ngrams), "rarity": self._rarity, "rows": self._rows}

    def of(self, text: str) -> npt.NDArray[np.float32]:
        """A row of length one, or of nothing where none of the text's n-grams is known."""
        known = self._known
        times = Counter(known[piece] for piece in pieces(text) if piece in known)
        at = np.fromiter(times, np.intp, len(times))
        weights = (1 + np.log(np.fromiter(times.values(), np.float32, len(times)))) * self._rarity[at]
        row = np.asarray(weights @ self._rows[at].astype(np.float32), dtype=np.float32)
        return row / np.float32(max(float(np.linalg.norm(row)), 1e-9))


def pieces(text: str) -> Iterator[str]:
    """Every n-gram of every word, as often as it is there. A word that is shorter than an n-gram counts once, whole."""
    for word in text.lower().split():
        spaced = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            if size >= len(spaced):
                yield spaced
                break
            for start in range(len(spaced) - size + 1):
                yield spaced[start : start + size]
