"""One linear layer and a softmax: what a fitted regression says, with nothing but numpy.

sklearn fits it. To ask it is one product of two matrices, for which a process that talks to people need not load sklearn.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class Linear:
    """Holds how likely each of several names is."""

    def __init__(self, weights: npt.NDArray[Any], bias: npt.NDArray[Any], names: Sequence[str]) -> None:
        """`weights` has a row for each name, `bias` one number."""
        self.weights = np.asarray(weights, dtype=np.float32)
        self.bias = np.asarray(bias, dtype=np.float32)
        self.names = tuple(str(name) for name in names)

    @classmethod
    def fitted(cls, regression: Any) -> Linear:
        """What sklearn's `LogisticRegression` has learnt."""
        weights, bias = regression.coef_, regression.intercept_
        if len(regression.classes_) == 2:
            # Of two classes sklearn keeps the second one's row alone.
            weights, bias = np.vstack([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])
        return cls(weights, bias, regression.classes_)

    @classmethod
    def kept(cls, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Linear:
        """One that `arrays` gave. Raises `KeyError` where it is not there."""
        return cls(arrays[f"{name}_weights"], arrays[f"{name}_bias"], arrays[f"{name}_names"].tolist())

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """All that it knows, to be kept under this name."""
        return {f"{name}_weights": self.weights, f"{name}_bias": self.bias, f"{name}_names": np.array(self.names)}

    def of(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """How likely each name is, a row for each row."""
        held = (rows @ self.weights.T + self.bias).astype(np.float64)
        likely = np.exp(held - held.max(axis=1, keepdims=True))
        scaled: npt.NDArray[np.float64] = likely / likely.sum(axis=1, keepdims=True)
        return scaled
