"""Finds the rules that may fit a conversation without trying all of them.

Rasa's RulePolicy holds every rule against every state of a conversation, four times in a turn: a sixth of what a turn took. A
rule can only fit when its last state has the conversation's last action and last intent, so these are what rules are found by.
Which of the found ones fit, and which of those wins, Rasa decides as ever.
"""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rasa.core.policies.rule_policy import RULES, SHOULD_NOT_BE_SET, RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME

# An action and an intent. None stands for whatever it may be.
Key = tuple[Any, Any]
_rasas_possible_keys = RulePolicy._get_possible_keys
_rasas_find_action = RulePolicy._find_action_from_rules


class RuleIndex:
    """The rules of one lookup of RulePolicy's, which maps a rule's states, as JSON, to what follows."""

    def __init__(self, lookup: Mapping[str, str]) -> None:
        self.lookup = lookup
        self._rules: dict[Key, dict[str, str]] = defaultdict(dict)
        for rule, action in lookup.items():
            self._rules[_wanted(json.loads(rule)[-1])][rule] = action

    def likely(self, state: Mapping[str, Any]) -> dict[str, str]:
        """Every rule whose last state may match this one, and few others."""
        action, intent = _of(state, "prev_action", "action_name"), _of(state, "user", "intent")
        keys = {(known_action, known_intent) for known_action in (action, None) for known_intent in (intent, None)}
        return {rule: follows for key in keys if key in self._rules for rule, follows in self._rules[key].items()}


def _of(state: Mapping[str, Any], part: str, name: str) -> Any:
    return (state.get(part) or {}).get(name)


def _wanted(state: Mapping[str, Any]) -> Key:
    """What a conversation's state must have for this state of a rule, as `RulePolicy._is_rule_applicable` decides it."""
    action, intent = _of(state, "prev_action", "action_name"), _of(state, "user", "intent")
    # The beginning of a conversation fits the beginning of a rule, whatever else is in them.
    return _named(action), _named(intent) if state.get("prev_action") else None


def _named(value: Any) -> str | None:
    return value if isinstance(value, str) and value and value != SHOULD_NOT_BE_SET else None


def _index(policy: RulePolicy, lookup: Mapping[str, str]) -> RuleIndex:
    kept: dict[int, RuleIndex] = policy.__dict__.setdefault("_outreach_indexes", {})
    index = kept.get(id(lookup))
    if index is None or index.lookup is not lookup:
        index = kept[id(lookup)] = RuleIndex(lookup)
    return index


def possible_keys(policy: RulePolicy, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
    """What `RulePolicy._get_possible_keys` gives: the rules that fit these states."""
    likely = _index(policy, lookup).likely(states[-1]) if states else lookup
    found: set[str] = _rasas_possible_keys(policy, likely, states)
    return found


def find_action(policy: RulePolicy, tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
    """What `RulePolicy._find_action_from_rules` gives.

    Rasa asks it first with the person's words in the place of their intent, for rules that name words. Where there are none,
    no rule can be found by them.
    """
    if use_text_for_last_user_input and tracker.active_loop_name is None and not _names_words(policy):
        return None, None, False
    return _rasas_find_action(policy, tracker, domain, use_text_for_last_user_input)


def _names_words(policy: RulePolicy) -> bool:
    said = {"prev_action": {"action_name": ACTION_LISTEN_NAME}}
    return bool(_index(policy, policy.lookup.get(RULES, {})).likely(said))


def install() -> None:
    """Let every policy look so. It takes a model's rules for settled: nothing may be trained in this process."""
    RulePolicy._get_possible_keys = possible_keys
    RulePolicy._find_action_from_rules = find_action
