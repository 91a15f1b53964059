"""What is left undone in a turn is what nobody has anything of: the copies are for lines of debugging, and nothing else."""
from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import ModuleType

import pytest
from rasa.core import processor
from rasa.core.policies import rule_policy

from launcher import left_undone


@pytest.fixture()
def rasas_own() -> Iterator[None]:
    kept = processor.copy, rule_policy.copy, processor.MessageProcessor._check_for_unseen_features
    yield
    processor.copy, rule_policy.copy, processor.MessageProcessor._check_for_unseen_features = kept
    del rule_policy.RulePolicy.format_tracker_states


def uses(module: ModuleType, name: str) -> list[ast.AST]:
    """Each place in a module's source where a name is used."""
    return [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Name) and node.id == name]


def in_debugging(module: ModuleType, name: str) -> list[ast.AST]:
    """Those of them that are inside of a call of `structlogger.debug`."""
    calls = [
        node for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "structlogger.debug"
    ]
    return [node for call in calls for node in ast.walk(call) if isinstance(node, ast.Name) and node.id == name]


@pytest.mark.parametrize("module", [processor, rule_policy], ids=["processor", "rule_policy"])
def test_copies_are_made_for_debugging_alone(module: ModuleType) -> None:
    assert uses(module, "copy")
    assert len(in_debugging(module, "copy")) == len(uses(module, "copy"))


def test_states_are_formatted_for_debugging_alone() -> None:
    source = inspect.getsource(rule_policy)
    assert source.count("format_tracker_states") == 1
    assert uses(rule_policy, "current_states")[1:] and len(in_debugging(rule_policy, "current_states")) == 1
    assert len(uses(rule_policy, "current_states")) == 2, "made once, and used in a line of debugging"


def test_what_is_understood_is_only_warned_about() -> None:
    """It gives nothing back and changes nothing: it may be left out."""
    source = ast.parse(textwrap.dedent(inspect.getsource(processor.MessageProcessor._check_for_unseen_features)))
    assert not [node for node in ast.walk(source) if isinstance(node, ast.Return) and node.value is not None]
    changed = [ast.unparse(node) for node in ast.walk(source) if isinstance(node, ast.Assign)]
    assert changed == ["intent = parse_data['intent'][INTENT_NAME_KEY]", "entities = parse_data['entities'] or []",
                       "entity = element['entity']"]  # fmt: skip


@pytest.mark.usefixtures("rasas_own")
def test_it_is_left_undone() -> None:
    left_undone.install()
    said = {"text": ["a", {"b": "c"}]}
    assert processor.copy.deepcopy(said) is said and rule_policy.copy.deepcopy(said) is said
    assert rule_policy.RulePolicy.format_tracker_states([{}]) == ""
    assert processor.MessageProcessor._check_for_unseen_features(None, {}) is None
