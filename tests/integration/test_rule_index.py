"""The rules found by what they need are those that Rasa finds by trying all of them, and the turn goes on the same way."""
from __future__ import annotations

import copy
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy

from launcher import rule_index
from launcher.train import current_model

MESSAGES = (
    "is there a refuge near hitchin", "he is going to kill me tonight", "can somebody contact me", "what does it cost", "no",
    "i want to kill myself", "thank you", "weather tomorrow", "start again", "Hitchin", "can somebody contact me", "sam", "he is here",
)
LISTEN = {"prev_action": {"action_name": "action_listen"}}
GONE = "should_not_be_set"


def trained_lookup() -> dict[str, Any]:
    with tarfile.open(current_model()) as model:
        name = next(each for each in model.getnames() if each.endswith("rule_policy.json"))
        file = model.extractfile(name)
        assert file is not None
        lookup: dict[str, Any] = json.load(file)["lookup"]
    return lookup


LOOKUP = trained_lookup()
STATES = [state for rule in (*LOOKUP[RULES], *LOOKUP[RULES_FOR_LOOP_UNHAPPY_PATH]) for state in json.loads(rule)]


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    """A state of a conversation that is like one of a rule: a part of it may be missing, or another's."""
    state: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(STATES)))
    state = {part: value for part, value in state.items() if GONE not in value.values()}
    if draw(st.booleans()):
        other = draw(st.sampled_from(STATES))
        part = draw(st.sampled_from(["prev_action", "user", "active_loop"]))
        state.pop(part, None)
        if part in other and draw(st.booleans()):
            state[part] = copy.deepcopy(other[part])
    return state


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Mostly a rule's own states, with what came before them, and what Rasa leaves out of a conversation's."""
    if draw(st.booleans()):
        return draw(st.lists(states(), max_size=4))
    rule = json.loads(draw(st.sampled_from([*LOOKUP[RULES], *LOOKUP[RULES_FOR_LOOP_UNHAPPY_PATH]])))
    own = [{part: value for part, value in state.items() if GONE not in value.values()} for state in rule]
    return draw(st.lists(states(), max_size=2)) + own


def policy(lookup: dict[str, Any]) -> RulePolicy:
    made = RulePolicy.__new__(RulePolicy)
    made.lookup = lookup
    return made


@given(conversations(), st.sampled_from([RULES, RULES_FOR_LOOP_UNHAPPY_PATH]))
def test_it_finds_what_rasa_finds(conversation: list[dict[str, Any]], of: str) -> None:
    found = rule_index.possible_keys(policy(LOOKUP), LOOKUP[of], conversation)
    assert found == rule_index._rasas_possible_keys(policy(LOOKUP), LOOKUP[of], conversation)


def test_each_rule_is_found_by_its_own_states() -> None:
    one = policy(LOOKUP)
    for rule in LOOKUP[RULES]:
        own = [{part: value for part, value in state.items() if GONE not in value.values()} for state in json.loads(rule)]
        assert rule in rule_index.possible_keys(one, LOOKUP[RULES], own), rule


@pytest.mark.parametrize(("rule", "conversation"), [
    ([{}], [{"user": {"intent": "greet"}}]),
    ([{"user": {"intent": "deny"}}], [{"user": {"intent": "greet"}}]),
    ([LISTEN], [{**LISTEN, "user": {"text": "hello"}}]),
    ([{**LISTEN, "user": {"text": "hello"}}], [{**LISTEN, "user": {"text": "hello"}}]),
    ([{**LISTEN, "user": {"intent": GONE}}], [LISTEN]),
    ([{"prev_action": {"action_text": "Hello."}}], [{"prev_action": {"action_text": "Hello."}}]),
    ([{**LISTEN, "user": {"intent": "deny", "entities": ["place"]}}], [{**LISTEN, "user": {"intent": "deny", "entities": ("place",)}}]),
])  # fmt: skip
def test_rules_of_other_kinds_than_ours_are_found_as_well(rule: list[Any], conversation: list[Any]) -> None:
    lookup = {json.dumps(rule): "action_listen"}
    one = policy({RULES: lookup})
    assert rule_index.possible_keys(one, lookup, conversation) == set(lookup)
    assert rule_index._rasas_possible_keys(one, lookup, conversation) == set(lookup)


def test_a_rule_that_names_words_is_asked_for_them() -> None:
    words, intents = [{**LISTEN, "user": {"text": "hello"}}], [{**LISTEN, "user": {"intent": "greet"}}]
    assert rule_index._names_words(policy({RULES: {json.dumps(words): "utter_greet"}}))
    assert not rule_index._names_words(policy({RULES: {json.dumps(intents): "utter_greet"}}))


def test_another_models_rules_are_not_found_by_the_index_of_the_one_before() -> None:
    one = policy({})
    before, after = {json.dumps([LISTEN]): "utter_greet"}, {json.dumps([{**LISTEN, "user": {"intent": "deny"}}]): "utter_deny"}
    assert rule_index.possible_keys(one, before, [LISTEN]) == set(before)
    assert rule_index.possible_keys(one, after, [{**LISTEN, "user": {"intent": "deny"}}]) == set(after)


@pytest.fixture()
def rasas_own() -> Iterator[None]:
    kept = {name: RulePolicy.__dict__[name] for name in ("_get_possible_keys", "_find_action_from_rules")}
    yield
    for name, each in kept.items():
        setattr(RulePolicy, name, each)


@pytest.mark.usefixtures("rasas_own")
def test_every_prediction_of_a_conversation_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = predictions(monkeypatch), []
    rule_index.install()
    after = predictions(monkeypatch)
    assert len(before) > 2 * len(MESSAGES)
    assert after == before


def predictions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Each action that is predicted in a conversation with danger, a form and a place in it, with how sure and why."""
    import asyncio

    from rasa.core.agent import Agent
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
    from rasa.core.tracker_store import InMemoryTrackerStore
    from rasa.utils.endpoints import EndpointConfig

    monkeypatch.setenv("ACTIONS_PORT", "5055")
    agent = Agent.load(str(current_model()), action_endpoint=EndpointConfig("http://127.0.0.1:9/webhook"))
    agent.tracker_store = agent.processor.tracker_store = InMemoryTrackerStore(agent.domain)
    found: list[tuple[Any, ...]] = []
    own = agent.processor._predict_next_with_tracker

    def noted(tracker: Any) -> Any:
        prediction = own(tracker)
        found.append((prediction.max_confidence_index, prediction.max_confidence, prediction.hide_rule_turn,
                      [event.as_dict().get("event") for event in prediction.events]))  # fmt: skip
        return prediction

    monkeypatch.setattr(agent.processor, "_predict_next_with_tracker", noted)

    async def talk() -> None:
        for text in MESSAGES:
            await agent.handle_message(UserMessage(text, CollectingOutputChannel(), "somebody"))

    asyncio.run(talk())
    return found
