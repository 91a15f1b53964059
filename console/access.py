"""Who may do what. Every handler says it with `@allow` or `@everyone`; one that says nothing stops the start.

    @blueprint.get("/services")
    @allow(Role.EDITOR, Role.PUBLISHER)
    async def listing(request: Request) -> HTTPResponse: ...

The check itself is in `guard`, a middleware: no handler runs before it, and on a POST the form's token was checked too.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from sanic import Sanic
from sanic.exceptions import Forbidden, InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse, redirect

from console.forms import FIELD_LIMIT, form_data
from console.sessions import EXPIRED, load_session, token_holds
from outreach.settings import Settings
from outreach.staff import Role, Staff

Handler = TypeVar("Handler", bound=Callable[..., Any])

SAFE = ("GET", "HEAD", "OPTIONS")
# What a form may send, in bytes, where the handler does not say more.
BODY_LIMIT = 256 * 1024
# In an address, as no browser writes it by itself. PostgreSQL takes none, and forms refuse it too (`form_data`).
_NUL = "%00"


@dataclass(frozen=True)
class Access:
    """Who may call a handler. No roles and `anybody` false: whoever has come in."""

    roles: frozenset[Role]
    anybody: bool = False
    body_limit: int = BODY_LIMIT

    def lets(self, staff: Staff) -> bool:
        """Whether somebody who has come in may."""
        return self.anybody or not self.roles or not self.roles.isdisjoint(staff.roles)


def allow(*roles: Role, body_limit: int = BODY_LIMIT) -> Callable[[Handler], Handler]:
    """Only those with one of these roles; with none named, all who have come in. `body_limit` is in bytes."""

    def mark(handler: Handler) -> Handler:
        handler.access = Access(frozenset(roles), body_limit=body_limit)  # type: ignore[attr-defined]
        return handler

    return mark


def everyone(handler: Handler) -> Handler:
    """Whoever asks, without coming in."""
    handler.access = Access(frozenset(), anybody=True)  # type: ignore[attr-defined]
    return handler


def access_of(route: Any) -> Access:
    """What a route's handler says. Raises LookupError where it says nothing."""
    found = getattr(route.handler, "access", None)
    if not isinstance(found, Access):
        raise LookupError(f"{route.name} does not say who may call it: put @allow or @everyone right above the function")
    return found


def protect(app: Sanic) -> None:
    """Check that every handler says who may call it, and put the guard before them all. Raises LookupError."""
    for route in app.router.routes:
        access_of(route)
    app.register_middleware(guard, "request")
    app.add_signal(_limit_body, "http.routing.after")
    app.add_signal(_note_failure, "http.lifecycle.exception")


async def _limit_body(request: Request, route: Any, **_: Any) -> None:
    """Long bodies only where they belong, before they are read."""
    if request.stream is not None:
        request.stream.request_max_size = access_of(route).body_limit


async def _note_failure(request: Request, **_: Any) -> None:
    """What failed before the guard (a body that is too long) goes to its error page, and to no handler."""
    request.ctx.failed = True


async def guard(request: Request) -> HTTPResponse | None:
    """Let a request through to its handler, or say no."""
    await load_session(request)
    if request.route is None or getattr(request.ctx, "failed", False):
        return None
    if _NUL in request.url:
        raise InvalidUsage("not text")
    access = access_of(request.route)
    if request.method not in SAFE:
        _refuse_other_sites(request)
    if not access.anybody:
        staff = request.ctx.staff
        if staff is None:
            return _to_sign_in(request)
        if not access.lets(staff):
            raise Forbidden("not your role")
    if request.method not in SAFE and not token_holds(request, _token(request)):
        raise Forbidden(EXPIRED)
    return None


def _to_sign_in(request: Request) -> HTTPResponse:
    """Whoever was signed out in the middle of something comes back to where they were, at least."""
    there = request.path if request.method in SAFE else "/"
    if request.method in SAFE and request.query_string:
        there += f"?{request.query_string}"
    response = redirect(f"/sign-in?next={quote(there, safe='')}" if there != "/" else "/sign-in", status=303)
    return response


def _token(request: Request) -> str:
    return str(form_data(request).get("csrf", ""))[:FIELD_LIMIT]


def _refuse_other_sites(request: Request) -> None:
    """A form on another site must not act here, whoever is signed in. Browsers say where a form was."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden("another site")
        return
    origin = request.headers.get("origin")
    # A browser that says neither cannot be told from another site's form.
    if origin is None or origin not in _own_origins(request):
        raise Forbidden("another site")


def _own_origins(request: Request) -> tuple[str, ...]:
    settings: Settings = request.app.ctx.settings
    return (request.app.ctx.origin, f"{'https' if request.app.ctx.secure else 'http'}://{request.headers.get('host', '')}",
            f"http://{settings.host}:{settings.console_port}")


def address_of(request: Request) -> str:
    """The address that asks: the peer's, or what the proxies that `TRUSTED_PROXIES` counts say."""
    settings: Settings = request.app.ctx.settings
    # A proxy may add a line of its own behind the one that came in.
    lines = ",".join(request.headers.getall("x-forwarded-for", []))
    forwarded = [part.strip() for part in lines.split(",") if part.strip()]
    if settings.trusted_proxies and len(forwarded) >= settings.trusted_proxies:
        return str(forwarded[-settings.trusted_proxies])
    return str(request.ip)
