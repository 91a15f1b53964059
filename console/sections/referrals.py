"""Referrals: what waits, opening one, and what becomes of it. Nothing that was opened is kept anywhere."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any
from urllib.parse import quote

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, redirect

from console.access import allow
from console.forms import Form, form_data
from console.referral_forms import AttemptForm, CloseForm, FindForm, PassOnForm, SeenForm, WithdrawForm
from console.referral_words import (
    ATTEMPTS,
    OUTCOMES,
    STATES,
    WAYS,
    answers_told,
    safe_lines,
    short_id,
    steps,
    unsafe_lines,
)
from console.render import LONDON, back_to, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.privacy.key_files import KeyFileError
from outreach.privacy.sealing import CannotOpen, SealingError
from outreach.referrals.casework import NotASafeWay, Opened, OutsideSafeTimes, VoicemailNotSafe, WrongTime
from outreach.referrals.desks import Desk, Desks
from outreach.referrals.inbox import Withdrawn
from outreach.referrals.reach import windows_in_words
from outreach.referrals.records import NoSuchReferral
from outreach.referrals.states import NotAllowed, State
from outreach.referrals.worked import ChangedMeanwhile, NotOpen, Worked
from outreach.referrals.working_days import WEEKDAYS
from outreach.staff import Role, Staff

blueprint = Blueprint("referrals")

WORKERS = (Role.CASEWORKER, Role.MANAGER)
ONE = "/referrals/<referral_id:str>"
SHOWN = {"open": "All that are open", "overdue": "Overdue", "long": "Open for a long time", "closed": "Closed"}


# The list

@dataclass(frozen=True)
class Row:
    """A referral as the list and its own page tell it before it is opened."""

    id: str
    short: str
    desk: Desk
    state: str
    is_new: bool
    came: datetime
    due: date
    overdue: int
    attempts: int
    last_attempt_at: datetime | None
    handler: str
    days_open: int
    delete_at: datetime | None
    outcome: str


def _row(each: Worked, desks: Desks, names: dict[str, str], now: datetime) -> Row:
    found, days = each.referral, bootstrap.settings().referral_response_days
    return Row(
        found.id, short_id(each), desks.of_team(found.team), STATES[found.state], found.state is State.DELIVERED,
        found.created_at, each.due(days).day, each.overdue(days, now), each.attempts, each.last_attempt_at,
        names.get(each.handler or "", each.handler or ""), each.days_open(now), each.delete_at,
        OUTCOMES.get(found.outcome or "", ""),
    )  # fmt: skip


def _names() -> dict[str, str]:
    """Who did it, by id: staff, and the person and the deliverer as people would say it."""
    return {"person": "The person", "deliverer": "The console", **{a.id: a.name for a in bootstrap.staff_accounts().all()}}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _listing(staff: Staff, show: str, key: str) -> dict[str, Any]:
    work, desks, names, now = bootstrap.casework(), bootstrap.referral_desks(), _names(), _now()
    long_days = bootstrap.settings().referral_long_open_days
    rows = [_row(each, desks, names, now) for each in (work.closed(staff) if show == "closed" else work.waiting(staff))]
    of_desk = [row for row in rows if not key or row.desk.key == key]
    wanted: dict[str, Callable[[Row], bool]] = {
        "overdue": lambda row: row.overdue > 0, "long": lambda row: row.days_open > long_days,
    }  # fmt: skip
    shown = [row for row in of_desk if show not in wanted or wanted[show](row)]
    places = work.desks(staff)
    groups = [(desk, [row for row in shown if row.desk == desk]) for desk in dict.fromkeys((*places, *(r.desk for r in rows)))]
    return {
        "groups": [(desk, found) for desk, found in groups if found], "desks": places, "show": show, "key": key,
        "choices": SHOWN, "leaving": [row for row in rows if row.delete_at], "long_days": long_days, "count": len(shown),
    }  # fmt: skip


@blueprint.get("/referrals")
@allow(*WORKERS)
async def listing(request: Request) -> HTTPResponse:
    """What waits, by team, oldest first. Of the person, nothing."""
    return await _list_page(request, FindForm(None))


async def _list_page(request: Request, form: FindForm, status: int = 200) -> HTTPResponse:
    show = request.args.get("show", "open")
    found = await in_thread(
        _listing, request.ctx.staff, show if show in SHOWN else "open", request.args.get("team", "")
    )
    return page(request, "referrals/list.html", status=status, form=form, **found)


@blueprint.post("/referrals/find")
@allow(*WORKERS)
async def find(request: Request) -> HTTPResponse:
    """To the referral whose reference somebody reads out. It stands in no address."""
    form = FindForm(form_data(request))
    if form.validate():
        try:
            found = await in_thread(_with_reference, request.ctx.staff, form.reference.data)
        except Withdrawn:
            return _taken_back(request)
        except KeyFileError as error:
            return _cannot(request, str(error))
        if found:
            return redirect(f"/referrals/{found}", status=303)
        form.reference.errors = ["There is no referral with this reference that you can see. Check each character."]
    return await _list_page(request, form, status=422)


def _with_reference(staff: Staff, text: str) -> str | None:
    return bootstrap.casework().with_reference(staff, bootstrap.references(), text)


# One, before it is opened

def _detail(staff: Staff, referral_id: str, seen: int | None = None) -> dict[str, Any]:
    work, desks, names = bootstrap.casework(), bootstrap.referral_desks(), _names()
    found = work.find(staff, referral_id)
    return {
        "row": _row(found, desks, names, _now()), "worked": found, "reason": desks.reason_of(found.referral.rule),
        "steps": steps(work.done(found), names, desks, seen), "others": work.others(found),
    }  # fmt: skip


@blueprint.get(ONE)
@allow(*WORKERS)
async def one(request: Request, referral_id: str) -> HTTPResponse:
    """How it stands and what was done, and the forms to do something. Of the person, nothing."""
    return await _guarded(request, referral_id, lambda: _one_page(request, referral_id))


async def _one_page(
    request: Request, referral_id: str, status: int = 200, problem: str = "", seen: int | None = None, **forms: Form
) -> HTTPResponse:
    found = await in_thread(_detail, request.ctx.staff, referral_id, seen)
    now = {"seen": str(found["worked"].revision)}
    made: dict[str, Any] = {
        name: forms.get(name) or kind(None, data=now, prefix=f"{name}-") for name, kind in FORMS.items()
    }
    made["pass_on"].offer(found["others"])
    return page(request, "referrals/one.html", status=status, problem=problem, forms=made, wrong=list(forms.values()), **found)


FORMS: dict[str, type[SeenForm]] = {
    "acknowledge": SeenForm, "pass_on": PassOnForm, "close": CloseForm, "withdraw": WithdrawForm,
}  # fmt: skip


# Opened

def _open(staff: Staff, referral_id: str) -> tuple[Opened, dict[str, Any]]:
    return bootstrap.casework().open(staff, referral_id), _detail(staff, referral_id)


@allow(*WORKERS)
async def again(request: Request, referral_id: str) -> HTTPResponse:
    """Whoever comes here by the address alone, after signing in again for example, has done nothing yet."""
    return redirect(f"/referrals/{quote(referral_id, safe='')}", status=303)


for what in ("open", "acknowledge", "attempt", "pass-on", "close", "withdraw"):
    blueprint.add_route(again, f"{ONE}/{what}", name=f"again-{what}")


@blueprint.post(f"{ONE}/open")
@allow(*WORKERS)
async def opened(request: Request, referral_id: str) -> HTTPResponse:
    """All that was answered. A page that can't be come back to without being recorded again."""
    return await _guarded(request, referral_id, lambda: _opened_page(request, referral_id))


async def _opened_page(
    request: Request, referral_id: str, form: AttemptForm | None = None, status: int = 200, **values: Any
) -> HTTPResponse:
    found, detail = await in_thread(_open, request.ctx.staff, referral_id)
    local = _now().astimezone(LONDON)
    if form is None:
        form = AttemptForm(None, data={"day": local.date(), "time": local.time().replace(second=0, microsecond=0)})
    form.offer(found.reach)
    form.seen.data = str(found.worked.revision)
    shown = {
        "opened": found, "reach": found.reach, "safe": safe_lines(found.reach), "unsafe": unsafe_lines(found.reach),
        "windows": windows_in_words(found.reach.times), "answers": answers_told(found.letter.answers),
        "now_in_words": f"{WEEKDAYS[local.weekday()]}, {local:%H:%M}", "ways": WAYS, "outcomes": ATTEMPTS, "form": form,
        "late": False, "problem": "", "changed": [],
    }  # fmt: skip
    return page(request, "referrals/opened.html", status=status, **{**detail, **shown, **values})


# What becomes of it

@blueprint.post(f"{ONE}/acknowledge")
@allow(*WORKERS)
async def acknowledge(request: Request, referral_id: str) -> HTTPResponse:
    """Somebody deals with it."""
    form = SeenForm(form_data(request), prefix="acknowledge-")
    return await _do(request, referral_id, form, "acknowledge", "It is yours. Their status says that it is being dealt with.",
                     lambda staff: bootstrap.casework().acknowledge(staff, referral_id, form.revision))


@blueprint.post(f"{ONE}/pass-on")
@allow(*WORKERS)
async def pass_on(request: Request, referral_id: str) -> HTTPResponse:
    """Make it another team's. Whoever did it may not see it any more."""
    form = PassOnForm(form_data(request), prefix="pass_on-")
    return await _do(request, referral_id, form, "pass_on", "Passed on. It is in the other team's inbox now.",
                     lambda staff: bootstrap.casework().pass_on(
                         staff, referral_id, form.revision, form.team.data, form.reason.data), to="/referrals")


@blueprint.post(f"{ONE}/close")
@allow(*WORKERS)
async def close(request: Request, referral_id: str) -> HTTPResponse:
    """It is done."""
    form = CloseForm(form_data(request), prefix="close-")
    return await _do(request, referral_id, form, "close", "Closed.",
                     lambda staff: bootstrap.casework().close(staff, referral_id, form.revision, form.outcome.data))


@blueprint.post(f"{ONE}/withdraw")
@allow(*WORKERS)
async def withdraw(request: Request, referral_id: str) -> HTTPResponse:
    """The person takes it back: what they answered is deleted."""
    form = WithdrawForm(form_data(request), prefix="withdraw-")
    return await _do(request, referral_id, form, "withdraw", "Taken back. What they told us is deleted. Do not contact them.",
                     lambda staff: bootstrap.casework().withdraw(staff, referral_id, form.revision), to="/referrals")


async def _do(
    request: Request, referral_id: str, form: SeenForm, name: str, message: str, call: Callable[[Staff], None], to: str = ""
) -> HTTPResponse:
    """Do it and say so, or show the page again with what is wrong, or with what somebody else did meanwhile."""

    async def doing() -> HTTPResponse:
        if not form.validate():
            return await _one_page(request, referral_id, 422, **{name: form})
        try:
            await in_thread(call, request.ctx.staff)
        except (ChangedMeanwhile, NotAllowed, NotOpen):
            return await _one_page(request, referral_id, 409, CHANGED, seen=form.revision)
        except ValueError:
            return await _one_page(request, referral_id, 422, "That is not one of the choices. Nothing was changed.")
        return back_to(request, to or f"/referrals/{referral_id}", message=message)

    return await _guarded(request, referral_id, doing)


CHANGED = "Somebody changed this while you had it open, so nothing of yours was done. What is new is marked below."


@blueprint.post(f"{ONE}/attempt")
@allow(*WORKERS)
async def attempt(request: Request, referral_id: str) -> HTTPResponse:
    """Note an attempt to be in touch. Outside the safe times it is asked once more."""
    return await _guarded(request, referral_id, lambda: _attempted(request, referral_id))


async def _attempted(request: Request, referral_id: str) -> HTTPResponse:
    form = AttemptForm(form_data(request))
    seen = form.revision
    if not form.validate():
        return await _opened_page(request, referral_id, form, 422)
    try:
        await in_thread(
            bootstrap.casework().attempt, request.ctx.staff, referral_id, seen, form.made(), bool(form.sure.data)
        )
    except OutsideSafeTimes:
        form.time.errors = ["This is outside the times that they called safe."]
        return await _opened_page(request, referral_id, form, 422, late=True)
    except VoicemailNotSafe:
        form.outcome.errors = ["They did not say that a voicemail is safe."]
        return await _opened_page(request, referral_id, form, 422, late=True)
    except NotASafeWay:
        form.way.errors = ["They did not call this way safe. If it was used all the same, tell your manager."]
    except WrongTime:
        form.time.errors = ["Choose a time between the referral's arrival and now."]
    except NotOpen:
        return await _one_page(request, referral_id, 409, CHANGED, seen=seen)
    except ChangedMeanwhile:
        changed = [step for step in (await in_thread(_detail, request.ctx.staff, referral_id, seen))["steps"] if step.new]
        return await _opened_page(request, referral_id, form, 409, problem=CHANGED, changed=changed)
    else:
        return back_to(request, f"/referrals/{referral_id}", message="Noted. It is sealed, and opens with the answers.")
    return await _opened_page(request, referral_id, form, 422)


# What stands in the way

async def _guarded(request: Request, referral_id: str, call: Callable[[], Any]) -> HTTPResponse:
    """Call, and say in plain words why it could not be."""
    try:
        response: HTTPResponse = await call()
        return response
    except NoSuchReferral:
        return page(request, "referrals/gone.html", status=404, taken_back=False)
    except Withdrawn:
        return _taken_back(request)
    except (CannotOpen, SealingError, KeyFileError) as error:
        return _cannot(request, str(error))
    except ValueError:
        return _cannot(request, "it was written by a later version of this product")


def _taken_back(request: Request) -> HTTPResponse:
    return page(request, "referrals/gone.html", status=410, taken_back=True)


def _cannot(request: Request, why: str) -> HTTPResponse:
    return page(request, "referrals/cannot_open.html", status=503, why=why)
