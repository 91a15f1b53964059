"""Whether the process lives, and whether a message would be answered."""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from channels.startup import failing_parts
from outreach import bootstrap


class HealthChannel(InputChannel):
    """`GET /health/live` and `GET /health/ready`."""

    @classmethod
    def name(cls) -> str:
        """The name in credentials."""
        return "health"

    def url_prefix(self) -> str:
        """Where the blueprint hangs."""
        return "/health"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Both routes."""
        blueprint = Blueprint("health_channel")

        @blueprint.get("/live")
        async def live(request: Request) -> HTTPResponse:
            return json({"live": True})

        @blueprint.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            failing = await failing_parts(getattr(request.app.ctx, "agent", None), bootstrap.settings())
            return json({"ready": not failing, "failing": failing}, 503 if failing else 200)

        return blueprint
