"""A turn's graph run in order gives what Rasa's own runner gives."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

MESSAGES = (
    "is there a refuge near hitchin", "he is going to kill me tonight", "my dog. and what does it cost", "🙂", "weather tomorrow",
)


@pytest.fixture()
def rasas_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from rasa.core import processor

    monkeypatch.setenv("ACTIONS_PORT", "5055")
    own = processor.DaskGraphRunner
    yield own
    processor.DaskGraphRunner = own  # type: ignore[misc]


def parsed(message: str, agent: Any) -> dict[str, Any]:
    understood: dict[str, Any] = asyncio.run(agent.parse_message(message))
    return {key: understood.get(key) for key in ("text", "intent", "entities", "also")}


def test_in_order_gives_what_rasas_runner_gives(rasas_own: Any) -> None:
    from rasa.core.agent import Agent

    from launcher import graph_runner
    from launcher.train import current_model

    model = str(current_model())
    before = Agent.load(model)
    graph_runner.install()
    after = Agent.load(model)
    assert isinstance(after.processor.graph_runner, graph_runner.InOrderGraphRunner)
    assert type(before.processor.graph_runner) is rasas_own
    for message in MESSAGES:
        ours, theirs = parsed(message, after), parsed(message, before)
        assert ours["intent"]["confidence"] == pytest.approx(theirs["intent"]["confidence"], abs=1e-6)
        del ours["intent"]["confidence"], theirs["intent"]["confidence"]
        assert ours == theirs


def test_a_target_that_is_not_there_is_an_error(rasas_own: Any) -> None:
    from rasa.core.agent import Agent

    from launcher import graph_runner
    from launcher.train import current_model

    graph_runner.install()
    agent = Agent.load(str(current_model()))
    with pytest.raises(Exception, match="no such node"):
        agent.processor.graph_runner.run(targets=["no such node"])


def test_an_events_class_is_found_as_before(rasas_own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from rasa.shared.core.events import Event
    from rasa.shared.utils.common import all_subclasses

    from launcher import graph_runner

    monkeypatch.setattr(Event, "resolve_by_type", Event.resolve_by_type)
    searching = Event.resolve_by_type
    graph_runner.install()
    for name in {each.type_name for each in all_subclasses(Event)}:
        assert Event.resolve_by_type(name) is Event.resolve_by_type(name) is searching(name)
    with pytest.raises(ValueError, match="no such event"):
        Event.resolve_by_type("no such event")
