"""What holds at every address, those included where there is nothing: headers, and errors that repeat nothing back."""
from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from sanic import Sanic
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, json, redirect

from outreach import bootstrap
from outreach.adapters.metrics import Metrics
from outreach.settings import Settings

logger = logging.getLogger(__name__)


def protect(app: Sanic, settings: Settings) -> None:
    """Put the headers and the errors in place. What a channel's own handlers catch never gets here."""
    app.error_handler.add(SanicException, _refused)
    app.error_handler.add(Exception, _broken)
    app.register_middleware(_headers(settings), "response")
    app.register_middleware(_counted(bootstrap.metrics()), "response")
    app.add_route(_to_the_page, "/", methods=["GET", "HEAD"])


async def _to_the_page(request: Request) -> HTTPResponse:
    return redirect("/chat", status=303)


async def _refused(request: Request, error: SanicException) -> HTTPResponse:
    too_large = isinstance(error, PayloadTooLarge)
    reason = "That is too much at once. Please send a shorter message." if too_large else "There is nothing here."
    return json({"error": reason}, error.status_code)


async def _broken(request: Request, error: Exception) -> HTTPResponse:
    logger.error("a request failed: %s", type(error).__name__, exc_info=error)
    return json({"error": "Something went wrong."}, 500)


def _counted(metrics: Metrics) -> Callable[[Request, HTTPResponse], Awaitable[None]]:
    async def count(request: Request, response: HTTPResponse) -> None:
        metrics.answered_request(request.path, response.status)

    return count


def _headers(settings: Settings) -> Callable[[Request, HTTPResponse], Awaitable[None]]:
    safe = urlsplit(settings.safe_site)
    # A form's redirect to the safe site has to be allowed as well as the form's own address.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self' {safe.scheme}://{safe.netloc}; base-uri 'none'; frame-ancestors {settings.frame_ancestors}"
    )

    async def add(request: Request, response: HTTPResponse) -> None:
        response.headers.update({
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), notifications=()",
            "Cross-Origin-Resource-Policy": "same-origin",
        })

    return add
