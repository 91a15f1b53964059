"""The application: every section, behind one guard, with headers and error pages of its own."""
from __future__ import annotations

import importlib
import importlib.util
import logging
import mimetypes
from urllib.parse import urlsplit

from sanic import Blueprint, Sanic
from sanic.exceptions import NotFound, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, raw

from console.access import everyone, protect
from console.render import page, static_files
from console.sessions import EXPIRED
from outreach.privacy.key_files import secret_key
from outreach.settings import Settings, console_url
from outreach.staff.tries import TooManyTries

logger = logging.getLogger(__name__)

SECTIONS = (
    "signing_in", "home", "account", "people", "audit", "directory", "signposting", "wording", "unanswered", "referrals",
    "exchange", "open_referral",
)  # fmt: skip
LARGEST_BODY = 32 * 1024 * 1024

# No script at all, nothing from elsewhere. The referrer goes no further than this console: with none at all a browser
# says "null" for the origin of our own forms, and then they could not be told from another site's.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

_TITLES = {
    400: ("That could not be read", "What was sent is not what this page expects. Go back and try again."),
    403: ("This is not open to you", "Your role does not include this. If you need it, ask a manager."),
    404: ("There is nothing here", "The page may have moved, or it never was. The menu leads to everything that there is."),
    405: ("That can't be done here", "Go back and use the page's own buttons."),
    413: ("That is too much at once", "What you sent is too large for this page."),
    429: ("Too many tries", "No more are looked at for a quarter of an hour. Have a short break, then try again."),
    500: ("Something went wrong", "It is not your fault. Look whether it was saved, then try again. If it stays, tell "
          "whoever looks after the machine."),
    503: ("Something is not available", "Try again in a minute."),
}  # fmt: skip
_STALE_FORM = (
    "This page is no longer current", "You were signed out, or the page was open too long. Nothing was changed. Go back, "
    "reload the page, and send it again.",
)  # fmt: skip


def make_app(settings: Settings) -> Sanic:
    """The console. Raises LookupError where a handler does not say who may call it, KeyFileError for its key."""
    app = Sanic("console", configure_logging=False, register=False)
    app.ctx.settings = settings
    app.ctx.key = secret_key(settings.console_key_file)
    address = urlsplit(console_url(settings))
    app.ctx.origin, app.ctx.secure = f"{address.scheme}://{address.netloc}", address.scheme == "https"
    app.ctx.notices = {}
    app.config.FALLBACK_ERROR_FORMAT = "text"
    app.config.REQUEST_MAX_SIZE = LARGEST_BODY
    app.config.REQUEST_TIMEOUT = 30
    app.config.RESPONSE_TIMEOUT = 120
    app.config.KEEP_ALIVE_TIMEOUT = 15
    app.blueprint(_static())
    for name in SECTIONS:
        if importlib.util.find_spec(f"console.sections.{name}"):
            app.blueprint(_blueprint(name))
    app.ctx.sections = {f"/{route.path.strip('/')}" for route in app.router.routes}
    protect(app)
    app.error_handler.add(SanicException, _refused)
    app.error_handler.add(TooManyTries, _too_many_tries)
    app.error_handler.add(Exception, _broken)
    app.register_middleware(_add_headers, "response")
    return app


def _blueprint(name: str) -> Blueprint:
    blueprint: Blueprint = importlib.import_module(f"console.sections.{name}").blueprint
    assert blueprint.name == name, f"the blueprint of {name} has another name"
    return blueprint


def _static() -> Blueprint:
    blueprint = Blueprint("static")

    @blueprint.get("/static/<name:str>")
    @everyone
    async def file(request: Request, name: str) -> HTTPResponse:
        content = static_files().get(name)
        if content is None:
            raise NotFound("no such file")
        # Its address changes with its content.
        keep = {"Cache-Control": "public, max-age=31536000, immutable"}
        return raw(content, content_type=mimetypes.guess_type(name)[0] or "application/octet-stream", headers=keep)

    return blueprint


async def _add_headers(request: Request, response: HTTPResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


async def _refused(request: Request, error: SanicException) -> HTTPResponse:
    return await _error_page(request, error.status_code, stale=str(error) == EXPIRED)


async def _too_many_tries(request: Request, error: Exception) -> HTTPResponse:
    return await _error_page(request, 429)


async def _broken(request: Request, error: Exception) -> HTTPResponse:
    logger.error("a request failed: %s", type(error).__name__, exc_info=error)
    return await _error_page(request, 500)


async def _error_page(request: Request, status: int, stale: bool = False) -> HTTPResponse:
    """An error in our own words: nothing of what was sent, and nothing of what broke."""
    if not hasattr(request.ctx, "session"):
        request.ctx.staff = request.ctx.session = None
    title, words = _STALE_FORM if stale else _TITLES.get(status, _TITLES[500] if status >= 500 else _TITLES[400])
    return page(request, "error.html", status=status, title=title, words=words)
