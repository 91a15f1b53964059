"""The public list of services, as Open Referral UK has it: read-only, without coming in, only what anybody may see."""
from __future__ import annotations

from hashlib import blake2b

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, empty, json

from console.access import address_of, everyone
from console.threads import in_thread
from outreach import bootstrap
from outreach.exchange import feed
from outreach.exchange.feed import PER_PAGE, BadQueryError, Feed
from outreach.network import network_of

blueprint = Blueprint("open_referral")

HOME = "/open-referral"
KNOWN = frozenset({"page", "per_page", "search", "taxonomy_term_id"})
# Public data, for any site to read; nothing here depends on who asks.
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-cache",
}


@blueprint.get(HOME)
@everyone
async def about(request: Request) -> HTTPResponse:
    """What this feed is."""
    return _too_many(request) or json(feed.metadata(), headers=OPEN)


@blueprint.get(f"{HOME}/services")
@everyone
async def services(request: Request) -> HTTPResponse:
    """A page of services."""
    refused = _too_many(request)
    if refused is not None:
        return refused
    unknown = sorted(set(request.args) - KNOWN)
    if unknown:
        return _refused(400, f"not known here: {', '.join(unknown)[:100]}; known are {', '.join(sorted(KNOWN))}")
    asked = {name: str(request.args.get(name, "")) for name in KNOWN}
    tag = await in_thread(_feed().tag, *sorted(asked.items()))
    if _has_it(request, tag):
        return empty(304, headers={**OPEN, "ETag": f'"{tag}"'})
    try:
        number, per_page = _number(asked["page"], 1), _number(asked["per_page"], PER_PAGE)
        found = await in_thread(_feed().page, number, per_page, asked["taxonomy_term_id"], asked["search"][:200])
    except BadQueryError as error:
        return _refused(400, str(error))
    return json(found, headers={**OPEN, "ETag": f'"{tag}"'}, ensure_ascii=False)


@blueprint.get(f"{HOME}/services/<name:str>")
@everyone
async def service(request: Request, name: str) -> HTTPResponse:
    """One service, by its UUID or short name."""
    refused = _too_many(request)
    if refused is not None:
        return refused
    tag = await in_thread(_feed().tag, "service", name)
    found = await in_thread(_feed().service, name[:120])
    if found is None:
        return _refused(404, "there is no such service")
    if _has_it(request, tag):
        return empty(304, headers={**OPEN, "ETag": f'"{tag}"'})
    return json(found, headers={**OPEN, "ETag": f'"{tag}"'}, ensure_ascii=False)


def _feed() -> Feed:
    return bootstrap.feed()


def _number(text: str, usual: int) -> int:
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise BadQueryError("page and per_page are whole numbers")
    return int(text)


def _has_it(request: Request, tag: str) -> bool:
    known = str(request.headers.get("if-none-match", ""))
    return known == "*" or tag in {each.strip().removeprefix("W/").strip('"') for each in known.split(",")}


def _refused(status: int, why: str) -> HTTPResponse:
    return json({"error": why}, status=status, headers=OPEN)


def _too_many(request: Request) -> HTTPResponse | None:
    """So that nobody who takes everything in a loop keeps staff from working."""
    ctx = request.app.ctx
    if not hasattr(ctx, "feed_limits"):
        # The limiter keeps a weak reference to its storage only.
        ctx.feed_storage = MemoryStorage()
        ctx.feed_limits = MovingWindowRateLimiter(ctx.feed_storage)
    asks = blake2b(network_of(address_of(request)).encode(), digest_size=16, person=b"feed").hexdigest()
    if ctx.feed_limits.hit(RateLimitItemPerMinute(ctx.settings.feed_per_minute), "feed", asks):
        return None
    response = _refused(429, "too many requests: wait a minute")
    response.headers["Retry-After"] = "60"
    return response
