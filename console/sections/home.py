"""The first page after coming in."""
from __future__ import annotations

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from console.access import allow, everyone
from console.render import page

blueprint = Blueprint("home")


@blueprint.get("/")
@allow()
async def start(request: Request) -> HTTPResponse:
    """What there is for this person to do."""
    return page(request, "home/start.html")


@blueprint.get("/health/live")
@everyone
async def live(request: Request) -> HTTPResponse:
    """The process lives."""
    return HTTPResponse(status=200, body="ok", content_type="text/plain")
