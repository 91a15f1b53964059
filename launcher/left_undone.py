"""Leaves undone what Rasa does in every turn and nobody here has anything of: by a profile, a twentieth of a turn.

Copies of what was said, of what followed from it and of the conversation's states, each for a line of debugging that is never
written; and a look at whether what was understood is in the domain, for which an empty domain is built each time. A model's
intents are checked against the domain in training.
"""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rasa.core import processor
from rasa.core.policies import rule_policy


def _itself(what: Any) -> Any:
    return what


def install() -> None:
    """Leave it undone from now on. `copy` stands in these modules for lines of debugging alone, which a test looks up."""
    processor.copy = rule_policy.copy = SimpleNamespace(deepcopy=_itself)
    rule_policy.RulePolicy.format_tracker_states = staticmethod(lambda _: "")
    processor.MessageProcessor._check_for_unseen_features = lambda *_: None
