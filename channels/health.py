"""Whether the process lives, and whether a message would be answered."""
from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from channels.startup import failing_parts
from outreach import bootstrap

# Where files lie is nobody's business who can ask for the health.
_PATH = re.compile(r"\S*/\S+")


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
            # Without referrals everything else is still answered, so that is a note and no failure.
            why_not = bootstrap.referrals_offered()
            notes = {"notes": [f"no referral is offered: {_PATH.sub('…', why_not)}"]} if why_not else {}
            return json({"ready": not failing, "failing": failing, **notes}, 503 if failing else 200)

        return blueprint
