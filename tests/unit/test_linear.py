"""A linear layer says what sklearn's regression says."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from components.linear import Linear

ROWS = np.random.default_rng(7).normal(size=(60, 5)).astype(np.float32)


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c"], list("abcdefg")])
def test_it_is_as_sure_as_what_was_fitted(names: list[str]) -> None:
    regression = LogisticRegression(C=3.0).fit(ROWS, [names[i % len(names)] for i in range(len(ROWS))])
    made = Linear.fitted(regression)
    assert list(made.names) == names
    assert np.allclose(made.of(ROWS), regression.predict_proba(ROWS), atol=1e-5)


def test_it_is_kept_and_brought_back_without_running_anything(tmp_path: Path) -> None:
    made = Linear(np.eye(2, 5), np.array([0.0, 1.0]), ["one", "two"])
    np.savez(tmp_path / "kept.npz", **made.arrays("it"))
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as arrays:
        again = Linear.kept(arrays, "it")
        with pytest.raises(KeyError):
            Linear.kept(arrays, "another")
    assert again.names == made.names and again.of(ROWS).tolist() == made.of(ROWS).tolist()


def test_whatever_it_is_asked_its_shares_add_up_to_one() -> None:
    found = Linear(np.eye(2, 5) * 1e4, np.zeros(2), ["one", "two"]).of(ROWS * 1e4)
    assert np.isfinite(found).all() and np.allclose(found.sum(axis=1), 1)
