"""Which part of a message speaks of danger, whatever the rest of it is about.

A regression learns it from parts and not from messages. Every part of a message in which nothing is dangerous is an example of
nothing, in its own odd words without what stood around it ("I've been thinking how I would do it"); a short dangerous message
is an example of its danger. Which part of a long one is the dangerous one nobody has said: nothing is learnt from those.
Figures: docs/adr/0006-classifier.md.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rasa.shared.nlu.constants import INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY

from components.linear import Linear
from outreach.understanding.catalogue import SAFETY

NOTHING = "nothing"
LEAVING = "quick_exit"


class PartAlarm:
    """What the parts of a message alone would be taken for."""

    def __init__(self, regression: Linear) -> None:
        """`regression` names the safety intents and NOTHING."""
        self.regression = regression

    @classmethod
    def learn(cls, features: npt.NDArray[np.float32], intents: Sequence[str], C: float) -> PartAlarm:  # noqa: N803
        """From a row for each part and its intent, or NOTHING. `C` is the inverse regularisation."""
        from sklearn.linear_model import LogisticRegression

        return cls(Linear.fitted(LogisticRegression(C=C, max_iter=200, tol=1e-3, random_state=42).fit(features, intents)))

    def of(self, features: npt.NDArray[np.float32], sure: float, sure_of_leaving: float) -> list[dict[str, Any]]:
        """An intent, with `name` and `confidence`, for each part that is surely dangerous, or says that somebody must go.

        How sure a danger is counts all kinds together: of which kind it is may be less certain.
        """
        found = []
        for row in self.regression.of(features):
            each = {name: float(share) for name, share in zip(self.regression.names, row) if name in SAFETY}
            leaving = each.pop(LEAVING, 0.0)
            harm, worst = sum(each.values()), max(each, key=lambda name: each[name])
            if harm >= sure:
                found.append({INTENT_NAME_KEY: worst, PREDICTED_CONFIDENCE_KEY: harm})
            elif leaving >= sure_of_leaving:
                found.append({INTENT_NAME_KEY: LEAVING, PREDICTED_CONFIDENCE_KEY: leaving})
        return found
