"""The session behind a request: who has come in, the token of its forms, and one-time notices.

The cookie holds a random token; the database holds its hash alone. Forms carry a token made from the cookie with the
console's key, so that another site, which cannot read the cookie, cannot make one.
"""
from __future__ import annotations

import hmac
import secrets

from sanic.request import Request
from sanic.response import HTTPResponse

from console.threads import in_thread
from outreach import bootstrap
from outreach.privacy.key_files import derived
from outreach.staff import Staff

# Why a form was refused; the error page has words for it.
EXPIRED = "form expired"
_BYTES = 32


async def load_session(request: Request) -> None:
    """Set `request.ctx.staff` (None before coming in) and what the forms' token is made from."""
    request.ctx.staff = None
    request.ctx.session = None
    token = request.cookies.get(cookie_name(request), "")
    if token:
        staff: Staff | None = await in_thread(bootstrap.staff_sessions().staff_of, token)
        if staff is not None:
            request.ctx.staff, request.ctx.session = staff, token


def cookie_name(request: Request, what: str = "session") -> str:
    """The name of a cookie. Over HTTPS the prefix makes browsers refuse it from anywhere but this very host."""
    return f"__Host-{what}" if request.app.ctx.secure else f"console-{what}"


def begin(request: Request, response: HTTPResponse, token: str) -> None:
    """Hand out a new session's cookie. What came in with the request is never taken over."""
    _set(request, response, "session", token)


def end(request: Request, response: HTTPResponse) -> None:
    """Take the session's cookie back."""
    _set(request, response, "session", "", max_age=0)


def form_token(request: Request) -> str:
    """The hidden field of every form. Before coming in, it hangs on a cookie of its own."""
    holder = request.ctx.session or _visitor(request, make=True)
    return _made_from(request, holder)


def token_holds(request: Request, token: str) -> bool:
    """Whether a form's token belongs to this session, or to this visitor."""
    holder = request.ctx.session or _visitor(request, make=False)
    return bool(holder) and hmac.compare_digest(_made_from(request, holder).encode(), token.encode())


def add_visitor_cookie(request: Request, response: HTTPResponse) -> None:
    """Give a visitor the cookie that the forms of this page hang on, where it is new."""
    made = getattr(request.ctx, "visitor_made", None)
    if made:
        _set(request, response, "visitor", made)


def notice(request: Request, message: str) -> None:
    """Keep a message for the next page that this person sees."""
    if request.ctx.session:
        request.app.ctx.notices[_made_from(request, request.ctx.session)] = message


def taken_notice(request: Request) -> str | None:
    """The message kept for this page, once."""
    session = getattr(request.ctx, "session", None)
    return request.app.ctx.notices.pop(_made_from(request, session), None) if session else None


def _visitor(request: Request, make: bool) -> str:
    made: str | None = getattr(request.ctx, "visitor_made", None)
    found = made or request.cookies.get(cookie_name(request, "visitor"), "")
    if not found and make:
        found = request.ctx.visitor_made = secrets.token_urlsafe(_BYTES)
    return str(found)


def _made_from(request: Request, holder: str) -> str:
    return derived(request.app.ctx.key, b"console-form", holder.encode()).hex()


def _set(request: Request, response: HTTPResponse, what: str, value: str, max_age: int | None = None) -> None:
    name = cookie_name(request, what)
    response.cookies[name] = value
    cookie = response.cookies[name]
    cookie["path"], cookie["httponly"], cookie["samesite"] = "/", True, "Strict"
    if request.app.ctx.secure:
        cookie["secure"] = True
    if max_age is not None:
        cookie["max-age"] = max_age
