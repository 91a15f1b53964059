"""What has to be true before the first message: the right conversation store, and an action server within reach in time."""
from __future__ import annotations

from rasa.core.agent import Agent
from sanic import Sanic

from channels.action_endpoint import ActionEndpoint
from outreach import bootstrap
from outreach.settings import Settings

KNOWN_SENTENCE = "Is there a refuge near me?"
KNOWN_INTENT = "ask_refuge"
_STORE = "ConversationStore"


class NotReady(Exception):
    """The assistant can't serve. The message says which part."""


def prepare(app: Sanic, settings: Settings) -> None:
    """Check the agent and put the pooled action endpoint in place. Called once by each channel; the second changes nothing.

    Raises `NotReady`: Rasa starts without a model, and replaces a store that it can't load by one in memory, without a word.
    """
    agent: Agent = app.ctx.agent
    if agent.processor is None:
        raise NotReady("no trained model could be loaded")
    store = agent.tracker_store
    store = getattr(store, "_tracker_store", store)
    if type(store).__name__ != _STORE:
        raise NotReady(f"the conversation store is {type(store).__name__}, not {_STORE}")
    # Rasa wraps it in one that, when a save fails, keeps the conversation in memory instead: in the clear, and for good.
    agent.tracker_store = agent.processor.tracker_store = store
    if not isinstance(agent.action_endpoint, ActionEndpoint):
        url = f"http://127.0.0.1:{settings.actions_port}/webhook"
        endpoint = ActionEndpoint(url, settings.action_seconds, bootstrap.metrics())
        agent.action_endpoint = agent.processor.action_endpoint = endpoint


async def failing_parts(agent: Agent | None, settings: Settings) -> list[str]:
    """The names of the parts that don't work now; none when a message would be answered in full."""
    import aiohttp

    failing = []
    try:
        parsed = await agent.parse_message(KNOWN_SENTENCE) if agent else {}
        if parsed.get("intent", {}).get("name") != KNOWN_INTENT:
            failing.append("understanding")
    except Exception:  # noqa: BLE001 - any failure means the same: it does not understand
        failing.append("understanding")
    try:
        bootstrap.conversations().find("0" * 64)
        if bootstrap.directory().service("herts-da-helpline") is None and settings.show_unchecked:
            failing.append("content")
    except Exception:  # noqa: BLE001
        failing.append("database")
    try:
        address = f"http://127.0.0.1:{settings.actions_port}/health"
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(address) as response:
            if response.status != 200:
                failing.append("actions")
    except Exception:  # noqa: BLE001
        failing.append("actions")
    return failing
