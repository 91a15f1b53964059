"""People: who may come in, what each may do, and what to do when somebody leaves or loses their phone."""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from typing import Any

from sanic import Blueprint
from sanic.exceptions import NotFound
from sanic.request import Request
from sanic.response import HTTPResponse
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from console.access import allow
from console.forms import CheckboxesField, Form, form_data
from console.render import back_to, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.settings import console_url
from outreach.staff import Role
from outreach.staff.accounts import JOIN_FOR, LOGIN
from outreach.staff.records import Account, ChangedMeanwhile, LoginTaken, NoSuchAccount, NotPossible

blueprint = Blueprint("people", url_prefix="/people")

CHANGED = "Somebody changed this while you had it open, so nothing of yours was saved. Below is how it stands now."

Handler = Callable[..., Awaitable[HTTPResponse]]


class PersonForm(Form):
    """What a manager says of somebody."""

    name = StringField("Name", [DataRequired("Type in a name."), Length(max=120, message="This is too long.")])
    roles = CheckboxesField("Roles")
    areas = CheckboxesField("Areas whose referrals they work")

    def __init__(self, sent: Any, areas: list[tuple[str, str]], **values: Any) -> None:
        super().__init__(sent, **values)
        self.roles.choices = [(role.value, f"{role.label}: {role.help}") for role in Role]
        self.areas.choices = areas

    def validate_roles(self, field: CheckboxesField) -> None:
        """Nobody without a role has anything to do here."""
        if not field.data:
            raise ValidationError("Choose at least one role.")

    def validate_areas(self, field: CheckboxesField) -> None:
        """A caseworker without an area sees nothing."""
        if Role.CASEWORKER.value in (self.roles.data or []) and not field.data:
            raise ValidationError("Choose at least one area for a caseworker.")

    @property
    def chosen_roles(self) -> set[Role]:
        """The roles that are ticked."""
        return {Role(value) for value in self.roles.data}

    @property
    def chosen_areas(self) -> set[str]:
        """The areas that are ticked. They mean nothing for somebody who is no caseworker."""
        return set(self.areas.data) if Role.CASEWORKER in self.chosen_roles else set()


class ChangeForm(PersonForm):
    """Somebody who is there. `seen` is when a manager last changed what the page showed."""

    seen = HiddenField()

    @property
    def seen_at(self) -> datetime | None:
        """That time; None, which no account has, where it was lost."""
        try:
            return datetime.fromisoformat(self.seen.data or "")
        except ValueError:
            return None


class InviteForm(PersonForm):
    """Somebody new."""

    login = StringField("Sign-in name", [
        DataRequired("Type in a sign-in name."), Length(max=80, message="This is too long."),
        Regexp(rf"(?i)^{LOGIN.pattern}$", message="Use letters, digits and . _ @ + - only."),
    ])  # fmt: skip


def kindly(handler: Handler) -> Handler:
    """Say in words why something was not done."""

    @wraps(handler)
    async def answer(request: Request, **values: Any) -> HTTPResponse:
        try:
            return await handler(request, **values)
        except NoSuchAccount:
            raise NotFound("no such account") from None
        except NotPossible as error:
            return await _person_page(request, values["account_id"], status=409, problem=str(error))

    return answer


@blueprint.get("/")
@allow(Role.MANAGER)
async def everybody(request: Request) -> HTTPResponse:
    """All accounts."""
    return page(request, "people/list.html", people=await in_thread(bootstrap.staff_accounts().all))


@blueprint.get("/invite")
@allow(Role.MANAGER)
async def invite_form(request: Request) -> HTTPResponse:
    """The form to ask somebody in."""
    return page(request, "people/invite.html", form=InviteForm(None, await _areas()))


@blueprint.post("/invite")
@allow(Role.MANAGER)
async def invite(request: Request) -> HTTPResponse:
    """Add somebody, and show the link that they come in by."""
    form = InviteForm(form_data(request), await _areas())
    if form.validate():
        try:
            account, token = await in_thread(
                bootstrap.staff_accounts().invite, request.ctx.staff.id, form.name.data, form.login.data,
                form.chosen_roles, form.chosen_areas,
            )  # fmt: skip
            return _link_page(request, account, token)
        except LoginTaken:
            form.login.errors = ["Somebody has this sign-in name. Choose another."]
    return page(request, "people/invite.html", status=422, form=form)


@blueprint.get("/<account_id:str>")
@allow(Role.MANAGER)
@kindly
async def person(request: Request, account_id: str) -> HTTPResponse:
    """One person, with everything that can be done."""
    return await _person_page(request, account_id)


@blueprint.post("/<account_id:str>")
@allow(Role.MANAGER)
@kindly
async def change(request: Request, account_id: str) -> HTTPResponse:
    """Set name, roles and areas."""
    form = ChangeForm(form_data(request), await _areas())
    if not form.validate():
        return await _person_page(request, account_id, form, 422)
    try:
        await in_thread(
            bootstrap.staff_accounts().change, request.ctx.staff.id, account_id, form.name.data, form.chosen_roles,
            form.chosen_areas, form.seen_at,
        )  # fmt: skip
    except ChangedMeanwhile:
        return await _person_page(request, account_id, status=409, problem=CHANGED, yours=form)
    return back_to(request, f"/people/{account_id}", "Saved.")


@blueprint.post("/<account_id:str>/turn-off")
@allow(Role.MANAGER)
@kindly
async def turn_off(request: Request, account_id: str) -> HTTPResponse:
    """Close an account."""
    await in_thread(bootstrap.staff_accounts().disable, request.ctx.staff.id, account_id)
    return back_to(request, f"/people/{account_id}", "This account is turned off. Nobody can come in with it.")


@blueprint.post("/<account_id:str>/turn-on")
@allow(Role.MANAGER)
@kindly
async def turn_on(request: Request, account_id: str) -> HTTPResponse:
    """Open an account again."""
    await in_thread(bootstrap.staff_accounts().enable, request.ctx.staff.id, account_id)
    return back_to(request, f"/people/{account_id}", "This account is turned on again.")


@blueprint.post("/<account_id:str>/sign-out")
@allow(Role.MANAGER)
@kindly
async def sign_out(request: Request, account_id: str) -> HTTPResponse:
    """End all sessions of somebody."""
    await in_thread(bootstrap.staff_accounts().end_sessions, request.ctx.staff.id, account_id)
    return back_to(request, f"/people/{account_id}", "Signed out everywhere.")


@blueprint.post("/<account_id:str>/new-link")
@allow(Role.MANAGER)
@kindly
async def new_link(request: Request, account_id: str) -> HTTPResponse:
    """Take password and codes away, and show a link by which new ones are set."""
    token = await in_thread(bootstrap.staff_accounts().reset, request.ctx.staff.id, account_id)
    return _link_page(request, await in_thread(bootstrap.staff_accounts().get, account_id), token)


def _link_page(request: Request, account: Account, token: str) -> HTTPResponse:
    link = f"{console_url(request.app.ctx.settings)}/welcome/{token}"
    return page(request, "people/link.html", account=account, link=link, hours=round(JOIN_FOR.total_seconds() / 3600))


async def _person_page(
    request: Request, account_id: str, form: ChangeForm | None = None, status: int = 200, problem: str = "",
    yours: ChangeForm | None = None,
) -> HTTPResponse:  # fmt: skip
    account: Account = await in_thread(bootstrap.staff_accounts().get, account_id)
    live = await in_thread(bootstrap.staff_sessions().live, account_id)
    now = {"name": account.name, "roles": [role.value for role in account.roles], "areas": sorted(account.areas),
           "seen": account.changed_at.isoformat()}  # fmt: skip
    form = form or ChangeForm(None, await _areas(), data=now)
    return page(
        request, "people/person.html", status=status, account=account, form=form, live=live, problem=problem, yours=yours
    )


async def _areas() -> list[tuple[str, str]]:
    """The outreach areas, and the other teams that referrals go to."""
    return [(desk.key, desk.title) for desk in (await in_thread(bootstrap.referral_desks)).all()]
