"""What is offered: which services each answer offers, and in which order."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sanic import Blueprint
from sanic.exceptions import Forbidden, NotFound
from sanic.request import Request
from sanic.response import HTTPResponse

from console.access import allow
from console.forms import FormData, form_data
from console.render import back_to, page
from console.threads import in_thread
from console.topic_names import topic_names
from outreach import bootstrap
from outreach.adapters.service_search import Wanted
from outreach.directory.directory import LIMIT
from outreach.editing.errors import Mistake, Mistakes, NotAllowed, NothingChanged
from outreach.editing.signposting import ListMovedOn, NoSuchList, is_fixed
from outreach.model import Service, Topic
from outreach.staff import Role, Staff

blueprint = Blueprint("signposting")

HOME = "/signposting"
ONE = f"{HOME}/<key:str>"
READERS = (Role.EDITOR, Role.PUBLISHER, Role.MANAGER)
# Lists that belong to no question of their own.
OTHERS = {
    "outside_county": "Somebody lives outside the county", "under_16": "A referral by somebody under 16",
    "not_understood": "Not understood twice",
}  # fmt: skip
_MOST_FOUND = 8


@blueprint.get(HOME)
@allow(*READERS)
async def listing(request: Request) -> HTTPResponse:
    """Every answer with what it offers."""
    return page(request, "signposting/list.html", **await in_thread(_all))


@blueprint.get(ONE)
@allow(*READERS)
async def look(request: Request, key: str) -> HTTPResponse:
    """One answer: its list, who is shown what, and what the list was before."""
    return await _page(request, key)


@blueprint.post(ONE)
@allow(Role.PUBLISHER)
async def change(request: Request, key: str) -> HTTPResponse:
    """Put the list that was typed in place of the one that was seen."""
    form = form_data(request)
    seen = _seen(form)
    try:
        wanted = await in_thread(_typed, form, seen)
    except Mistakes as error:
        return await _page(request, key, error.mistakes, form, status=422)
    return await _put(request, key, wanted, seen, form)


@blueprint.post(f"{ONE}/put-back")
@allow(Role.PUBLISHER)
async def put_back(request: Request, key: str) -> HTTPResponse:
    """Go back to what the list was before a change."""
    form = form_data(request)
    earlier = await in_thread(bootstrap.signposting().earlier, key)
    found = next((each for each in earlier if str(each.number) == form.get("number")), None)
    if found is None:
        raise NotFound("no such change")
    return await _put(request, key, found.services, _seen(form), None)


async def _put(request: Request, key: str, wanted: Sequence[str], seen: Sequence[str], form: FormData | None) -> HTTPResponse:
    try:
        await in_thread(bootstrap.signposting().change, request.ctx.staff, key, wanted, seen)
    except NoSuchList:
        raise NotFound("no such answer") from None
    except NotAllowed:
        raise Forbidden("not this list") from None
    except ListMovedOn as error:
        return await _page(request, key, [Mistake("services", str(error))], None, status=409, yours=wanted)
    except NothingChanged as error:
        return back_to(request, f"{HOME}/{key}", str(error))
    except Mistakes as error:
        return await _page(request, key, error.mistakes, form, status=422)
    return back_to(request, f"{HOME}/{key}", "Saved. The assistant offers it so from its next answer on.")


def _seen(form: FormData) -> tuple[str, ...]:
    return tuple(part for part in form.get("seen", "").split(",") if part)


def _typed(form: FormData, seen: Sequence[str]) -> tuple[str, ...]:
    """The list as it was typed: each service's place, nothing for one that goes, and one to add. Raises `Mistakes`."""
    mistakes, placed = [], []
    for number, service_id in enumerate(seen):
        place = form.get(f"place-{service_id}", "").strip()
        if place and not (place.isdecimal() and len(place) < 4):
            mistakes.append(Mistake(f"place-{service_id}", "a place is a whole number, or empty to take it away"))
        elif place and int(place):
            placed.append((int(place), number, service_id))
    listed = [service_id for _, _, service_id in sorted(placed)]
    added = " ".join(form.get("add", "").split())[:200]
    if added:
        found = _found(added)
        if len(found) == 1:
            listed.append(found[0].id)
        else:
            mistakes.append(Mistake("add", _which(found)))
    if mistakes:
        raise Mistakes(mistakes)
    return tuple(listed)


def _found(text: str) -> list[Any]:
    """The services that somebody may mean: the one of that short name or that very name, or else all that fit the words."""
    exact = bootstrap.signposting().services([text])
    if exact:
        return list(exact.values())
    fitting = bootstrap.service_search().find(Wanted(text=text)).services
    return [each for each in fitting if each.name.casefold() == text.casefold()] or fitting


def _which(found: Sequence[Any]) -> str:
    if not found:
        return "no service is found by these words"
    names = "; ".join(f"{each.name} ({each.id})" for each in found[:_MOST_FOUND])
    return f"several services fit, write the short name of one: {names}{'; and others' if len(found) > _MOST_FOUND else ''}"


def _all() -> dict[str, Any]:
    topics, names = bootstrap.signposting().all(), _names()
    services = _services(topics)
    rows = [(each.key, names(each.key), [_name(services, one) for one in each.services], is_fixed(each.key)) for each in topics]
    return {"rows": rows, "limit": LIMIT}


def _names() -> Any:
    names = topic_names() | OTHERS
    return lambda key: names.get(key) or key.replace("_", " ")


def _services(topics: Sequence[Topic], *more: Sequence[str]) -> dict[str, Service]:
    wanted = {each for topic in topics for each in topic.services} | {each for some in more for each in some}
    return bootstrap.signposting().services(sorted(wanted))


def _name(services: dict[str, Service], service_id: str) -> str:
    return services[service_id].name if service_id in services else service_id


async def _page(
    request: Request, key: str, mistakes: Sequence[Mistake] = (), form: FormData | None = None, status: int = 200,
    yours: Sequence[str] = (),
) -> HTTPResponse:  # fmt: skip
    try:
        values = await in_thread(_values, key, request.ctx.staff, yours)
    except NoSuchList:
        raise NotFound("no such answer") from None
    typed = {name: form[name] for name in form} if form else {}
    return page(
        request, "signposting/one.html", status=status, mistakes=mistakes, typed=typed,
        wrong={each.field: each.message for each in mistakes}, **values,
    )  # fmt: skip


def _values(key: str, staff: Staff, yours: Sequence[str]) -> dict[str, Any]:
    desk, directory = bootstrap.signposting(), bootstrap.directory()
    topic, earlier = desk.one(key), desk.earlier(key)
    services = _services([topic], yours, *(each.services for each in earlier))
    people = {each.id: each.name for each in bootstrap.staff_accounts().all()}
    places = (None, *sorted(directory.districts()))
    return {
        "topic": topic, "title": _names()(key), "fixed": is_fixed(key), "limit": LIMIT,
        "rows": [(each, services.get(each), directory.shown(services.get(each)) is not None) for each in topic.services],
        "reached": [(place or "Not said yet", [each.name for each in directory.offered(topic, place)]) for place in places],
        "earlier": [(each, people.get(each.by, each.by), [_name(services, one) for one in each.services]) for each in earlier],
        "yours": [_name(services, each) for each in yours],
        "may_write": staff.is_any_of(Role.PUBLISHER) and not is_fixed(key),
    }  # fmt: skip
