"""Bring in and take out: the whole directory as a file, and a file looked at before anything changes."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from sanic import Blueprint
from sanic.exceptions import NotFound
from sanic.request import Request
from sanic.response import HTTPResponse

from console.access import allow
from console.forms import form_data
from console.render import back_to, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.content.service_files import KINDS
from outreach.exchange import exports
from outreach.exchange.imports import KEPT, MOST_BYTES, Import, Imports, NotNowError, Phase
from outreach.staff import Role

blueprint = Blueprint("exchange")

HOME = "/exchange"
CHANGES_A_PAGE = 50
# What a service is that does not say what kind of help it is.
USUAL_KIND = "information"
# Beside the file a form holds a few short fields.
BODY_LIMIT = MOST_BYTES + 64 * 1024


@blueprint.get(HOME)
@allow(Role.PUBLISHER, Role.MANAGER)
async def start(request: Request) -> HTTPResponse:
    """Taking out, bringing in, and what is on its way."""
    return _start(request)


@blueprint.post(HOME)
@allow(Role.PUBLISHER, body_limit=BODY_LIMIT)
async def bring_in(request: Request) -> HTTPResponse:
    """Begin to read a file; nothing is changed by it."""
    kind = str(form_data(request).get("kind", USUAL_KIND))
    given = request.files.get("file") if request.files else None
    if given is None or not given.body:
        return _start(request, "Choose a file first.", kind, status=422)
    if kind not in KINDS:
        return _start(request, "Choose a kind of help from the list.", USUAL_KIND, status=422)
    if len(given.body) > MOST_BYTES:
        return _start(request, f"The file is larger than {MOST_BYTES // 2**20} MB. Divide it.", kind, status=413)
    try:
        job = await in_thread(_imports().begin, request.ctx.staff, given.name or "", given.body, kind)
    except NotNowError as error:
        return _start(request, str(error), kind, status=409)
    return back_to(request, _address(job))


@blueprint.get(f"{HOME}/services.json")
@allow(Role.PUBLISHER, Role.MANAGER)
async def take_out_json(request: Request) -> None:
    """The whole directory as HSDS 3, with what only staff may see."""
    await _send(request, "json", "application/json", lambda: exports.as_json(bootstrap.whole_directory().services()))


@blueprint.get(f"{HOME}/services.csv")
@allow(Role.PUBLISHER, Role.MANAGER)
async def take_out_csv(request: Request) -> None:
    """The whole directory as a table."""
    await _send(request, "csv", "text/csv; charset=utf-8", lambda: exports.as_csv(bootstrap.whole_directory().services))


@blueprint.get(f"{HOME}/<job_id:str>")
@allow(Role.PUBLISHER, Role.MANAGER)
async def look(request: Request, job_id: str) -> HTTPResponse:
    """One file: how far it is, what it would change, or what is wrong with it."""
    job = _job(request, job_id)
    if job is None:
        return page(request, "exchange/gone.html", status=404, hours=int(KEPT.total_seconds() // 3600))
    return _look(request, job)


@blueprint.post(f"{HOME}/<job_id:str>/ask")
@allow(Role.PUBLISHER)
async def ask(request: Request, job_id: str) -> HTTPResponse:
    """Let a second person see it and confirm it."""
    job = _there(request, job_id)
    return await _do(request, job, lambda: _imports().ask(job, request.ctx.staff), "Others can see it now, and confirm it.")


@blueprint.post(f"{HOME}/<job_id:str>/apply")
@allow(Role.PUBLISHER, Role.MANAGER)
async def apply(request: Request, job_id: str) -> HTTPResponse:
    """Put it in place."""
    job = _there(request, job_id)
    return await _do(request, job, lambda: _imports().apply(job, request.ctx.staff))


@blueprint.post(f"{HOME}/<job_id:str>/drop")
@allow(Role.PUBLISHER, Role.MANAGER)
async def drop(request: Request, job_id: str) -> HTTPResponse:
    """Give it up."""
    job = _there(request, job_id)
    return await _do(request, job, lambda: _imports().drop(job), "The file was dropped. Nothing was changed.", HOME)


def _imports() -> Imports:
    return bootstrap.imports()


def _address(job: Import) -> str:
    return f"{HOME}/{job.id}"


def _job(request: Request, job_id: str) -> Import | None:
    return _imports().find(job_id, request.ctx.staff)


def _there(request: Request, job_id: str) -> Import:
    job = _job(request, job_id)
    if job is None:
        raise NotFound("no such import")
    return job


async def _do(
    request: Request, job: Import, act: Callable[[], None], said: str | None = None, to: str | None = None
) -> HTTPResponse:
    try:
        await in_thread(act)
    except NotNowError as error:
        return _look(request, job, str(error), status=409)
    return back_to(request, to or _address(job), said)


def _start(request: Request, error: str = "", kind: str = USUAL_KIND, status: int = 200) -> HTTPResponse:
    values = {
        "error": error, "kind": kind, "kinds": sorted(KINDS), "jobs": _imports().seen_by(request.ctx.staff),
        "megabytes": MOST_BYTES // 2**20, "may_bring": request.ctx.staff.is_any_of(Role.PUBLISHER),
    }  # fmt: skip
    return page(request, "exchange/start.html", status=status, **values)


def _look(request: Request, job: Import, error: str = "", status: int = 200) -> HTTPResponse:
    job = job.as_it_is()
    changes = job.plan.changes if job.plan else ()
    last = max(1, -(-len(changes) // CHANGES_A_PAGE))
    number = min(last, max(1, _number(request.args.get("page"))))
    values = {
        "job": job, "error": error, "number": number, "last": last, "mine": job.by.id == request.ctx.staff.id,
        "shown": changes[(number - 1) * CHANGES_A_PAGE : number * CHANGES_A_PAGE], "Phase": Phase,
    }  # fmt: skip
    response = page(request, "exchange/import.html", status=status, **values)
    if job.is_under_way:
        # Works without script, and leaves the page as soon as there is something to read.
        response.headers["Refresh"] = "1"
    return response


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 1


async def _send(request: Request, format: str, content_type: str, write: Callable[[], Iterator[bytes]]) -> None:
    """Send a file piece by piece; it is recorded who took it."""
    counted = await in_thread(lambda: len(bootstrap.whole_directory().ids()))
    after = {"format": format, "profile": "full", "count": counted}
    await in_thread(bootstrap.audit().record, request.ctx.staff.id, "exchange.exported", "directory", None, after)
    name = f"services-{datetime.now(timezone.utc):%Y-%m-%d}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = write()
    first = await in_thread(_some, pieces)
    response = await request.respond(content_type=content_type, headers=headers)
    while first:
        await response.send(first)
        first = await in_thread(_some, pieces)
    await response.eof()


def _some(pieces: Iterator[bytes], enough: int = 256 * 1024) -> bytes:
    """The next pieces, about as many as are worth sending at once; none at the end."""
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if len(taken) >= enough:
            break
    return bytes(taken)
