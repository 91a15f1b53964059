"""What the action server answers is checked as Rasa checks it, and a wrong answer's words go nowhere."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from launcher import action_replies

GOOD = (
    {}, {"events": [], "responses": []}, {"events": [{"event": "slot", "name": "area", "value": None}], "responses": [{"text": "hello"}]},
    {"events": [{"event": "active_loop", "name": None, "timestamp": None}]},
)  # fmt: skip
BAD = (
    [], "words", None, {"events": {}}, {"events": ["marmaladefox"]}, {"events": [{"event": "marmaladefox"}]},
    {"responses": "marmaladefox"}, {"responses": ["marmaladefox"]}, {"events": [{"event": "slot"}]},
)  # fmt: skip


@pytest.fixture()
def rasas_own() -> Iterator[Any]:
    own = RemoteAction._validate_action_result
    yield own
    RemoteAction._validate_action_result = own


@pytest.mark.parametrize("answer", GOOD)
def test_a_good_answer_is_good_to_both(answer: Any, rasas_own: Any) -> None:
    action = RemoteAction("action_signpost", None)
    assert rasas_own(action, answer) is True
    action_replies.install()
    assert action._validate_action_result(answer) is True


@pytest.mark.parametrize("answer", BAD)
def test_a_wrong_answer_is_wrong_to_both_and_is_not_repeated(answer: Any, rasas_own: Any) -> None:
    action = RemoteAction("action_signpost", None)
    with pytest.raises(ValidationError):
        rasas_own(action, answer)
    action_replies.install()
    with pytest.raises(ValidationError) as raised:
        action._validate_action_result(answer)
    assert "marmaladefox" not in str(raised.value)
