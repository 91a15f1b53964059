"""Runs Rasa's graph node after node, in this thread.

Rasa hands each turn's graph to Dask, which makes a schedule of it anew every time, for workers that a chat has no use for:
that is a good part of what a turn costs. The order depends on the targets alone, so it is worked out once.
"""
from __future__ import annotations

from functools import cache
from typing import Any

from rasa.core import processor
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event

# A node's name, the node, and the names of what it needs.
Step = tuple[str, GraphNode, tuple[str, ...]]


class InOrderGraphRunner(DaskGraphRunner):
    """Does what Rasa's own runner does, with the order of the nodes remembered."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._orders: dict[tuple[str, ...], list[Step]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Give each target's output by its name. Raises what a node raises; `GraphRunError` for a RuntimeError."""
        wanted = tuple(targets or self._graph_schema.target_names)
        if wanted not in self._orders:
            self._orders[wanted] = self._order(self._graph_schema.minimal_graph_schema(list(wanted)))
        outputs: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        try:
            for name, node, needs in self._orders[wanted]:
                # What is neither an input nor a node's output is left as its name: Rasa's nodes know it for missing.
                outputs[name] = node(*(outputs.get(need, need) for need in needs))
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return dict(outputs[name] for name in wanted)

    def _order(self, schema: GraphSchema) -> list[Step]:
        steps: list[Step] = []
        done: set[str] = set()

        def visit(name: str) -> None:
            if name in done or name not in schema.nodes:
                return
            done.add(name)
            needs = tuple(schema.nodes[name].needs.values())
            for need in needs:
                visit(need)
            steps.append((name, self._instantiated_nodes[name], needs))

        for name in schema.nodes:
            visit(name)
        return steps


def install() -> None:
    """Let every agent that is loaded from now on run its graph in order, and find an event's class without a search."""
    processor.DaskGraphRunner = InOrderGraphRunner
    # Asked for each event of a conversation whenever that is read. Rasa looks through all classes each time.
    Event.resolve_by_type = staticmethod(cache(Event.resolve_by_type))
