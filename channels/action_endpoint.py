"""The way to the action server: one pooled client, bounded in time, and words when it fails.

Rasa's own opens a connection for each call, waits 300 seconds, and on failure says nothing.
"""
from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from outreach.adapters.metrics import Metrics
from outreach.referrals.dialogue import plainly_answers
from outreach.understanding.catalogue import SAFETY

logger = logging.getLogger(__name__)


def must_leave(body: Any) -> bool:
    """Whether a loop must not have this message, because it is danger or leaving: decided here, so that it needs no network.

    A plain answer to the question that was asked ("stop", a number, a name) is not taken for danger, unless a safety
    pattern found it.
    """
    tracker = body.get("tracker") or {}
    loop = (tracker.get("active_loop") or {}).get("name")
    message = tracker.get("latest_message") or {}
    intent = message.get("intent") or {}
    if not loop or loop != body.get("next_action") or intent.get("name") not in SAFETY:
        return False
    state, text = (tracker.get("slots") or {}).get("referral"), str(message.get("text") or "")
    return bool(intent.get("found_by")) or not plainly_answers(state, text)


class ActionEndpoint(EndpointConfig):
    """Calls actions on loopback. A failed call utters the fixed reply with the helpline instead of raising."""

    def __init__(self, url: str, seconds: float, metrics: Metrics | None = None) -> None:
        # No action looks at the domain, which is a hundred times longer than all the rest of a call.
        super().__init__(url=url, enable_selective_domain=True)
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._client: aiohttp.ClientSession | None = None
        self._metrics = metrics or Metrics()

    async def request(self, method: str = "post", subpath: str | None = None, content_type: str | None = None,
                      compress: bool = False, **kwargs: Any) -> Any:
        """Rasa's entry. Raises `ClientResponseError` alone, with which a form declines a message and passes it on."""
        body = kwargs.get("json")
        if body is not None and must_leave(body):
            raise ClientResponseError(400, "left", json.dumps({"action_name": body["next_action"], "error": "left"}))
        for attempt in (1, 2):
            try:
                with self._metrics.action_call():
                    return await self._post(body)
            except ClientResponseError:
                raise
            except (aiohttp.ClientError, asyncio.TimeoutError, ValueError, OSError) as error:
                # Mostly a pooled connection that the server was just closing. Actions bear being run twice.
                lost = isinstance(error, aiohttp.ClientConnectionError) and not isinstance(error, asyncio.TimeoutError)
                if attempt == 2 or not lost:
                    return self._gave_up(body, type(error).__name__)

    async def _post(self, body: Any) -> Any:
        if self._client is None or self._client.closed:
            self._client = aiohttp.ClientSession(timeout=self._timeout)
        async with self._client.post(self.url, json=body) as response:
            if response.status == 400:
                raise ClientResponseError(400, response.reason, await response.text())
            if response.status != 200:
                raise ValueError(response.status)
            return await response.json()

    @staticmethod
    def _gave_up(body: Any, why: str) -> dict[str, Any]:
        logger.error("action %s failed: %s", (body or {}).get("next_action"), why)
        return {"events": [], "responses": [{"response": "utter_static_fallback"}]}

    async def close(self) -> None:
        """Close the pool."""
        if self._client is not None:
            await self._client.close()
