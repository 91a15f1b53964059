"""Serves the assistant's metrics, and looks every so often whether its parts work (docs/watching.md)."""
from __future__ import annotations

import asyncio
import logging

from rasa.core.agent import Agent
from sanic import Sanic

from channels.startup import failing_parts
from outreach import bootstrap
from outreach.adapters.metrics import ErrorCounter, Metrics
from outreach.adapters.metrics_server import serve
from outreach.settings import Settings

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 30.0
# A pattern has to find it, whatever the classifier thinks: nobody has to be in danger for us to learn that none does.
KNOWN_DANGER = "He's got a knife and he's outside the door"


def watch(app: Sanic, settings: Settings, version: str, model: str) -> None:
    """Have metrics served when the server has started, where a port is set for them. Nothing else depends on them."""
    if not settings.metrics_port:
        return
    metrics = bootstrap.metrics()
    metrics.built_from(version, model)
    logging.getLogger().addHandler(ErrorCounter(metrics))

    async def start(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
        try:
            serve(metrics.registry, settings.metrics_host, settings.metrics_port)
        except OSError as error:
            # Whoever writes is answered all the same.
            logger.error("metrics can't be served: %s", type(error).__name__)
            return
        app.add_task(_look_forever(app.ctx.agent, settings, metrics))

    app.register_listener(start, "after_server_start")


async def _look_forever(agent: Agent | None, settings: Settings, metrics: Metrics) -> None:
    while True:
        try:
            metrics.looked_at([*await failing_parts(agent, settings), *await failing_safety(agent)])
        except Exception as error:  # noqa: BLE001 - the time of the last look then says so
            logger.error("the parts could not be looked at: %s", type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def failing_safety(agent: Agent | None) -> list[str]:
    """`safety`, unless a pattern finds danger in a known sentence."""
    try:
        intent = (await agent.parse_message(KNOWN_DANGER) if agent else {}).get("intent") or {}
    except Exception:  # noqa: BLE001 - any failure means the same
        intent = {}
    return [] if intent.get("name") == "immediate_danger" and intent.get("found_by") else ["safety"]
