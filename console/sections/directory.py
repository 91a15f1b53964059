"""Services: finding them, correcting them, the second look, publishing, and what is due to be checked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from functools import wraps
from typing import Any

from sanic import Blueprint, Sanic
from sanic.exceptions import Forbidden, NotFound
from sanic.request import Request
from sanic.response import HTTPResponse

from console.access import allow
from console.forms import form_data
from console.render import LONDON, back_to, page
from console.service_form import KIND_WORDS, ServiceForm, make_form
from console.service_pages import entry_values, preview, queue_values
from console.threads import in_thread
from outreach import bootstrap
from outreach.adapters.service_search import COUNTED, Wanted
from outreach.editing.checking import checked
from outreach.editing.errors import EditingError, Mistake, Mistakes, MovedOn, NeedsSecondPerson, NoSuchService, NothingChanged
from outreach.editing.versions import Document, Version
from outreach.editing.words import STATUSES, differences, in_words
from outreach.staff import Role

logger = logging.getLogger(__name__)
blueprint = Blueprint("directory")

Handler = Callable[..., Awaitable[HTTPResponse]]
READERS = (Role.EDITOR, Role.PUBLISHER, Role.MANAGER)
WRITERS = (Role.EDITOR, Role.PUBLISHER)
PUBLIC_NOW = "Published. The assistant says so from its next answer on."
FOR_A_SECOND_PERSON = "Saved. It changes {}, so a second person has to look at it before people see it."
NOT_WHAT_WAS_CHECKED = (
    "it was not noted as checked: what people see changed while you had this page open, by {}. It now stands above, "
    "for you to make sure of"
)
NEW = "new"
# Addresses of pages that are no services.
RESERVED = (NEW, "queue")
_LAST_PAGE = 40
# Seconds between two looks at what is scheduled.
_LOOK_EVERY = 5.0


def kindly(handler: Handler) -> Handler:
    """Say in words why something could not be done, on the page of the service."""

    @wraps(handler)
    async def answer(request: Request, **values: Any) -> HTTPResponse:
        try:
            return await handler(request, **values)
        except NoSuchService:
            raise NotFound("no such service") from None
        except Mistakes as error:
            return await _page_with_mistakes(request, values["service_id"], error)
        except (NeedsSecondPerson, MovedOn, NothingChanged) as error:
            return back_to(request, f"/services/{values['service_id']}", str(error))
        except EditingError:
            raise Forbidden("not this person") from None

    return answer


@blueprint.get("/services")
@allow(*READERS)
async def listing(request: Request) -> HTTPResponse:
    """Every service, or those that are looked for."""
    wanted = Wanted(**{name: str(request.args.get(name, ""))[:200] for name in ("text", "area", "kind", "status")})
    number = _page_number(request)
    found = await in_thread(bootstrap.service_search().find, wanted, number)
    states = await in_thread(bootstrap.service_versions().states, [each.id for each in found.services])
    areas = sorted(await in_thread(bootstrap.service_editing().areas))
    return page(request, "directory/list.html", wanted=wanted, found=found, states=states, areas=areas, kinds=KIND_WORDS,
                statuses=STATUSES, counted=COUNTED, last_page=_LAST_PAGE, may_write=_may_write(request))  # fmt: skip


@blueprint.get("/services/queue")
@allow(*READERS)
async def queue(request: Request) -> HTTPResponse:
    """What waits for somebody: reviews, checks that are due, what was never checked, what is on hold."""
    values = await in_thread(queue_values, str(request.args.get("what", "waiting")), _page_number(request))
    return page(request, "directory/queue.html", counted=COUNTED, kinds=KIND_WORDS, **values)


@blueprint.get("/services/new")
@allow(*WRITERS)
async def new(request: Request) -> HTTPResponse:
    """An empty form."""
    return await _form_page(request, make_form(None, {"status": "hold", "kind": "helpline"}, await _areas()), None)


@blueprint.post("/services/new")
@allow(*WRITERS)
async def create(request: Request) -> HTTPResponse:
    """Keep a new service as a draft."""
    form = make_form(form_data(request), None, await _areas())
    if _pressed_row_button(request, form):
        return await _form_page(request, form, None)
    try:
        document = _typed(form)
        if document["id"] in RESERVED:
            raise Mistakes([Mistake("id", "choose another: the console needs this one itself")])
        if _do(request) == "look":
            return await _form_page(request, form, None, look=await _looked_at(document, None))
        version = await in_thread(bootstrap.service_editing().create, request.ctx.staff, document, form.note.data or "")
    except Mistakes as error:
        form.show(error.mistakes)
        return await _form_page(request, form, None, status=422)
    return await _after_saving(request, version, None)


@blueprint.get("/services/<service_id:str>")
@allow(*READERS)
@kindly
async def entry(request: Request, service_id: str) -> HTTPResponse:
    """One service: what people see, what is being worked on, and everything before."""
    return await _entry_page(request, service_id)


@blueprint.get("/services/<service_id:str>/edit")
@allow(*WRITERS)
@kindly
async def edit(request: Request, service_id: str) -> HTTPResponse:
    """The form with the latest version."""
    found = await in_thread(bootstrap.service_editing().entry, service_id)
    form = make_form(None, found.head.document, await _areas())
    form.made_from.data, form.seen_live.data = str(found.head.number), str(found.live.number) if found.live else ""
    return await _form_page(request, form, found.head)


@blueprint.post("/services/<service_id:str>/edit")
@allow(*WRITERS)
@kindly
async def save(request: Request, service_id: str) -> HTTPResponse:
    """Keep what was typed as a draft, and go on with it as the button says."""
    editing = bootstrap.service_editing()
    form = make_form(form_data(request), None, await _areas())
    found = await in_thread(editing.entry, service_id)
    if _pressed_row_button(request, form):
        return await _form_page(request, form, found.head)
    try:
        document = {**_typed(form), "id": service_id}
        if _do(request) == "look":
            return await _form_page(request, form, found.head, look=await _looked_at(document, found.live))
        made_from = _number(form.made_from.data) or 0
        version = await in_thread(editing.save, request.ctx.staff, service_id, document, made_from, form.note.data or "")
    except Mistakes as error:
        form.show(error.mistakes)
        return await _form_page(request, form, found.head, status=422)
    except NothingChanged as error:
        form.form_errors.append(str(error))
        return await _form_page(request, form, found.head, status=422)
    except MovedOn as error:
        return await _conflict_page(request, form, document, error.theirs)
    return await _after_saving(request, version, _number(form.seen_live.data))


@blueprint.get("/services/<service_id:str>/versions/<number:int>")
@allow(*READERS)
@kindly
async def version(request: Request, service_id: str, number: int) -> HTTPResponse:
    """A version in words, and how it differs from the one before it and from what people see."""
    found = await in_thread(bootstrap.service_editing().entry, service_id)
    wanted = found.version(number)
    if wanted is None:
        raise NotFound("no such version")
    base = found.version(wanted.made_from) if wanted.made_from is not None else None
    return page(
        request, "directory/version.html", entry=found, version=wanted, words=in_words(wanted.document), base=base,
        from_base=differences(base.document if base else None, wanted.document), may_write=_may_write(request),
        from_live=differences(found.live.document, wanted.document) if found.live and found.live != wanted else [],
        may_publish=_may_publish(request),
    )  # fmt: skip


@blueprint.post("/services/<service_id:str>/submit")
@allow(*WRITERS)
@kindly
async def submit(request: Request, service_id: str) -> HTTPResponse:
    """Ask a second person."""
    await in_thread(bootstrap.service_editing().submit, request.ctx.staff, service_id, _posted(request, "number"))
    return back_to(request, f"/services/{service_id}", "It now waits for a second person.")


@blueprint.post("/services/<service_id:str>/publish")
@allow(Role.PUBLISHER)
@kindly
async def publish(request: Request, service_id: str) -> HTTPResponse:
    """Make the waiting version public, now."""
    number, seen = _posted(request, "number"), _number(form_data(request).get("seen_live"))
    await in_thread(bootstrap.service_editing().publish, request.ctx.staff, service_id, number, seen)
    return back_to(request, f"/services/{service_id}", PUBLIC_NOW)


@blueprint.post("/services/<service_id:str>/schedule")
@allow(Role.PUBLISHER)
@kindly
async def schedule(request: Request, service_id: str) -> HTTPResponse:
    """Approve the waiting version for a time to come."""
    number, seen = _posted(request, "number"), _number(form_data(request).get("seen_live"))
    at = _time(str(form_data(request).get("publish_at", "")))
    await in_thread(bootstrap.service_editing().schedule, request.ctx.staff, service_id, number, seen, at)
    return back_to(request, f"/services/{service_id}", "Approved. It will be published at that time.")


@blueprint.post("/services/<service_id:str>/put-aside")
@allow(*WRITERS)
@kindly
async def put_aside(request: Request, service_id: str) -> HTTPResponse:
    """Not publish what is being worked on."""
    number, note = _posted(request, "number"), str(form_data(request).get("note", ""))[:1000]
    await in_thread(bootstrap.service_editing().reject, request.ctx.staff, service_id, number, note)
    return back_to(request, f"/services/{service_id}", "Put aside. It is kept in the history.")


@blueprint.post("/services/<service_id:str>/withdraw")
@allow(Role.PUBLISHER)
@kindly
async def withdraw(request: Request, service_id: str) -> HTTPResponse:
    """Take the service off the public list, now."""
    reason = str(form_data(request).get("reason", ""))[:1000]
    await in_thread(bootstrap.service_editing().withdraw, request.ctx.staff, service_id, reason)
    return back_to(request, f"/services/{service_id}", "Withdrawn. The assistant no longer shows it.")


@blueprint.post("/services/<service_id:str>/check")
@allow(*WRITERS)
@kindly
async def check(request: Request, service_id: str) -> HTTPResponse:
    """Record that somebody made sure of the entry today."""
    way, note = str(form_data(request).get("way", "")), str(form_data(request).get("check_note", ""))[:1000]
    seen = _number(form_data(request).get("seen_live"))
    try:
        await in_thread(bootstrap.service_editing().assure, request.ctx.staff, service_id, way, seen, note)
    except MovedOn as error:
        moved_on = Mistakes([Mistake("way", NOT_WHAT_WAS_CHECKED.format(error.theirs.made_by_name))])
        return await _entry_page(request, service_id, moved_on, status=409)
    return back_to(request, f"/services/{service_id}", "Thank you. The entry now says that it was checked today.")


@blueprint.post("/services/<service_id:str>/roll-back")
@allow(*WRITERS)
@kindly
async def roll_back(request: Request, service_id: str) -> HTTPResponse:
    """Go back to an earlier version."""
    number = _posted(request, "number")
    made = await in_thread(bootstrap.service_editing().roll_back, request.ctx.staff, service_id, number)
    said = PUBLIC_NOW if made.was_public else "It is a draft now, for a second person to look at."
    return back_to(request, f"/services/{service_id}", f"Back to version {number}. {said}")


@blueprint.listener("after_server_start")
async def begin_publishing(app: Sanic, _loop: Any = None) -> None:
    """Publish what was scheduled, from now on. Where several consoles run, the database lets one do it."""
    app.ctx.publishing = app.loop.create_task(publish_when_due())


@blueprint.listener("before_server_stop")
async def end_publishing(app: Sanic, _loop: Any = None) -> None:
    """Stop it."""
    app.ctx.publishing.cancel()


async def publish_when_due() -> None:
    """Look every few seconds for what is due."""
    while True:
        try:
            await in_thread(bootstrap.service_editing().publish_due)
        except Exception as error:  # noqa: BLE001 - nothing may end it: what is scheduled must come out
            logger.error("scheduled services could not be published: %s", type(error).__name__)
        await asyncio.sleep(_LOOK_EVERY)


async def _page_with_mistakes(request: Request, service_id: str, error: Mistakes) -> HTTPResponse:
    try:
        return await _entry_page(request, service_id, error, status=422)
    except NoSuchService:
        raise NotFound("no such service") from None


async def _entry_page(request: Request, service_id: str, error: Mistakes | None = None, status: int = 200) -> HTTPResponse:
    values = await in_thread(entry_values, service_id, request.ctx.staff)
    typed = form_data(request) if error else {}
    wrong = {each.field: each.message for each in error.mistakes} if error else {}
    return page(request, "directory/entry.html", status=status, kinds=KIND_WORDS, wrong=wrong, typed=typed, **values)


async def _form_page(
    request: Request,
    form: ServiceForm,
    head: Version | None,
    status: int = 200,
    look: Mapping[str, Any] | None = None,
    **more: Any,
) -> HTTPResponse:
    values = {"form": form, "head": head, "look": look, "theirs": None, "both": [], **more}
    action = f"/services/{head.service_id}/edit" if head else "/services/new"
    return page(request, "directory/form.html", status=status, action=action, may_publish=_may_publish(request), **values)


async def _conflict_page(request: Request, form: ServiceForm, typed: Document, theirs: Version) -> HTTPResponse:
    """Both versions side by side, and the form with everything that was typed. Saving it again is a choice made knowingly."""
    found = await in_thread(bootstrap.service_editing().entry, theirs.service_id)
    both = [each for each in differences(theirs.document, {**theirs.document, **typed}) if each.gone or each.new]
    form.made_from.data, form.seen_live.data = str(theirs.number), str(found.live.number) if found.live else ""
    return await _form_page(request, form, theirs, status=409, theirs=theirs, both=both)


async def _looked_at(document: Document, live: Version | None) -> dict[str, Any]:
    """What the form would make of a service, without keeping it. Raises Mistakes."""
    before = live.document if live else None
    found = await in_thread(lambda: checked(document, before, bootstrap.service_editing().areas()))
    return {"preview": await in_thread(preview, {**found, "assured_date": (before or {}).get("assured_date")}),
            "changes": differences(before, {**(before or {}), **_without_assurance(found)})}  # fmt: skip


def _without_assurance(document: Document) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("assured_date", "assurer")}


async def _after_saving(request: Request, version: Version, seen_live: int | None) -> HTTPResponse:
    """Go on with a draft as the button says; what needs a second person is handed to one."""
    editing, staff, there = bootstrap.service_editing(), request.ctx.staff, f"/services/{version.service_id}"
    if _do(request) == "submit":
        await in_thread(editing.submit, staff, version.service_id, version.number)
        return back_to(request, there, "Saved. It now waits for a second person.")
    if _do(request) != "publish" or not _may_publish(request):
        return back_to(request, there, "Saved as a draft. People don't see it yet.")
    try:
        await in_thread(editing.publish, staff, version.service_id, version.number, seen_live)
    except NeedsSecondPerson as error:
        await in_thread(editing.submit, staff, version.service_id, version.number)
        return back_to(request, there, FOR_A_SECOND_PERSON.format(" and ".join(error.because)))
    except EditingError as error:
        return back_to(request, there, f"Saved as a draft, but not published. {error}")
    return back_to(request, there, PUBLIC_NOW)


def _typed(form: ServiceForm) -> dict[str, Any]:
    """What was typed, where every choice is one that the form offers. Raises Mistakes."""
    if not form.validate():
        raise Mistakes([])
    return form.document()


def _pressed_row_button(request: Request, form: ServiceForm) -> bool:
    """Do what a button beside the rows says, without keeping anything."""
    what, _, rest = _do(request).partition("-")
    if what == "add" and rest in ("phones", "urls", "schedules"):
        form.add_row(rest)
    elif what == "first" and rest.isdigit():
        form.first_phone(int(rest))
    else:
        return False
    return True


async def _areas() -> list[str]:
    return sorted(await in_thread(bootstrap.service_editing().areas))


def _do(request: Request) -> str:
    return str(form_data(request).get("do", "save"))


def _may_write(request: Request) -> bool:
    return bool(request.ctx.staff.is_any_of(*WRITERS))


def _may_publish(request: Request) -> bool:
    return bool(request.ctx.staff.is_any_of(Role.PUBLISHER))


def _page_number(request: Request) -> int:
    return min(max(_number(request.args.get("page")) or 1, 1), _LAST_PAGE)


def _posted(request: Request, name: str) -> int:
    return _number(form_data(request).get(name)) or 0


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else None


def _time(text: str) -> datetime:
    """A time as the field gives it, in London. Raises Mistakes."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(timezone.utc)
    except ValueError:
        raise Mistakes([Mistake("publish_at", "give a day and a time")]) from None
