"""Checks what the action server answers as Rasa does, without checking Rasa's own description of it again each time.

That description never changes, and checking it costs several times what all the rest of a turn does.
"""
from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction


@cache
def _validator() -> Validator:
    spec = RemoteAction.action_response_format_spec()
    kind = validator_for(spec)
    kind.check_schema(spec)
    return kind(spec)


def check(_: RemoteAction, result: Any) -> bool:
    """True for an answer of the right form. Raises `jsonschema.ValidationError` for any other."""
    error = next(_validator().iter_errors(result), None)
    if error is not None:
        # Without what was wrong: it may hold somebody's words.
        raise ValidationError("the action server's answer has a wrong form")
    return True


def install() -> None:
    """Let every action that is called from now on have its answer checked so."""
    RemoteAction._validate_action_result = check
