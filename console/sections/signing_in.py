"""Coming in and leaving: signing in, the one-time links, signing out."""
from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sanic import Blueprint
from sanic.exceptions import NotFound
from sanic.request import Request
from sanic.response import HTTPResponse, raw, redirect
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Regexp, ValidationError

from console import sessions
from console.access import address_of, allow, everyone
from console.forms import Form, form_data
from console.render import back_to, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.staff.accounts import LOGIN, Joined, LinkOver, WrongCode
from outreach.staff.passwords import LONGEST, SHORTEST, problem_with
from outreach.staff.records import Link, LoginTaken
from outreach.staff.second_factor import qr_svg, readable
from outreach.staff.signing_in import CameIn, Refused, plain_login
from outreach.staff.tries import TooManyTries

blueprint = Blueprint("signing_in")

_LONG = Length(max=LONGEST, message="This is too long.")
WRONG_CODE = ("These are not the six digits that the app shows now. Wait for new ones and type them in. If they are refused "
              "again, check that the phone sets its clock by itself.")


class SignInForm(Form):
    """Name, password and code, all at once: so that no answer tells which of them was wrong."""

    login = StringField("Sign-in name", [DataRequired("Type in your sign-in name."), _LONG])
    password = PasswordField("Password", [InputRequired("Type in your password."), _LONG])
    code = StringField("Code", [DataRequired("Type in the six digits that your app shows."), _LONG])
    next = HiddenField()


class JoinForm(Form):
    """Sets a password and a second factor."""

    name = StringField("Your name", [DataRequired("Type in your name."), Length(max=120, message="This is too long.")])
    login = StringField("Sign-in name", [
        DataRequired("Choose a sign-in name."), Length(max=80, message="This is too long."),
        Regexp(rf"(?i)^\s*{LOGIN.pattern}\s*$", message="Use letters, digits and . _ @ + - only."),
    ])  # fmt: skip
    password = PasswordField("Password", [InputRequired("Choose a password.")])
    again = PasswordField("The same password again", [InputRequired("Type in the password again.")])
    code = StringField("The six digits that the app shows", [DataRequired("Type in the six digits.")])

    def validate_password(self, field: PasswordField) -> None:
        """Long enough, and not one of the first to be tried."""
        names = [each.data or "" for each in (self._fields.get("name"), self._fields.get("login")) if each is not None]
        problem = problem_with(field.data or "", *names)
        if problem:
            raise ValidationError(problem)

    def validate_again(self, field: PasswordField) -> None:
        """Typed in twice the same."""
        if field.data != self.password.data:
            raise ValidationError("The two passwords are not the same.")


@blueprint.get("/sign-in")
@everyone
async def sign_in(request: Request) -> HTTPResponse:
    """The page to sign in."""
    if request.ctx.staff:
        return redirect(_inside(request.args.get("next", "/")), status=303)
    form = SignInForm(None, data={"next": request.args.get("next", "")})
    return page(request, "signing_in/sign_in.html", form=form, refused=None)


@blueprint.post("/sign-in")
@everyone
async def come_in(request: Request) -> HTTPResponse:
    """Check name, password and code."""
    form = SignInForm(form_data(request))
    if not form.validate():
        return page(request, "signing_in/sign_in.html", status=422, form=form, refused=None)
    earlier = request.cookies.get(sessions.cookie_name(request))
    try:
        came: CameIn = await in_thread(
            bootstrap.sign_in().come_in, form.login.data, form.password.data, form.code.data, address_of(request), earlier
        )
    except Refused:
        return page(request, "signing_in/sign_in.html", status=422, form=form, refused="wrong")
    except TooManyTries as many:
        return page(request, "signing_in/sign_in.html", status=429, form=form, refused="many", minutes=many.minutes)
    request.ctx.session = came.token
    message = None
    if came.recovery_left is not None:
        message = (f"You used a recovery code. You have {came.recovery_left} left. If your phone is gone, move your codes to "
                   "another one: choose your name at the top.")
    response = back_to(request, _inside(form.next.data), message)
    sessions.begin(request, response, came.token)
    return response


@blueprint.post("/sign-out")
@allow()
async def sign_out(request: Request) -> HTTPResponse:
    """End this session."""
    await in_thread(bootstrap.staff_sessions().end, request.ctx.session)
    await in_thread(bootstrap.audit().record, request.ctx.staff.id, "staff.signed_out", request.ctx.staff.id)
    response = redirect("/sign-in", status=303)
    sessions.end(request, response)
    # Back must not show what was on the screen.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/welcome/<token:str>")
@everyone
async def welcome(request: Request, token: str) -> HTTPResponse:
    """Where a one-time link leads: choose a password, set up the second factor."""
    try:
        link: Link = await in_thread(bootstrap.staff_accounts().link, token)
    except LinkOver:
        return page(request, "signing_in/link_over.html", status=410)
    return await _join_page(request, token, link, _join_form(link))


@blueprint.get("/welcome/<token:str>/picture.svg")
@everyone
async def picture(request: Request, token: str) -> HTTPResponse:
    """The second factor's secret as a picture."""
    try:
        link: Link = await in_thread(bootstrap.staff_accounts().link, token)
        secret: str = await in_thread(bootstrap.staff_accounts().secret_of, token)
    except LinkOver:
        raise NotFound("no such link") from None
    return raw(qr_svg(secret, link.account.login if link.account else "manager"), content_type="image/svg+xml")


@blueprint.post("/welcome/<token:str>")
@everyone
async def join(request: Request, token: str) -> HTTPResponse:
    """Set password and second factor, and come in."""
    accounts = bootstrap.staff_accounts()
    try:
        link: Link = await in_thread(accounts.link, token)
        form = _join_form(link, form_data(request))
        if not form.validate():
            return await _join_page(request, token, link, form, 422)
        # The field is not there where the account is.
        name, login = ("", "") if link.account else (form.name.data, plain_login(form.login.data))
        joined: Joined = await in_thread(accounts.join, token, form.password.data, form.code.data, name, login)
    except LinkOver:
        return page(request, "signing_in/link_over.html", status=410)
    except WrongCode:
        form.code.errors = [WRONG_CODE]
        return await _join_page(request, token, link, form, 422)
    except LoginTaken:
        form.login.errors = ["Somebody has this sign-in name. Choose another."]
        return await _join_page(request, token, link, form, 422)
    request.ctx.session = joined.token
    request.ctx.staff = await in_thread(bootstrap.staff_sessions().staff_of, joined.token)
    response = page(request, "signing_in/recovery_codes.html", codes=joined.recovery_codes, first=True)
    sessions.begin(request, response, joined.token)
    return response


def _join_form(link: Link, data: Any = None) -> JoinForm:
    form = JoinForm(data)
    if link.account:
        del form.name, form.login
    return form


async def _join_page(request: Request, token: str, link: Link, form: JoinForm, status: int = 200) -> HTTPResponse:
    secret: str = await in_thread(bootstrap.staff_accounts().secret_of, token)
    return page(
        request, "signing_in/welcome.html", status=status, form=form, account=link.account, token=token,
        secret=readable(secret), shortest=SHORTEST,
    )  # fmt: skip


def _inside(path: str | None) -> str:
    """A page of this console to go on to; the start for anything else."""
    there = path or "/"
    parts = urlsplit(there)
    strange = parts.scheme or parts.netloc or not there.startswith("/") or there.startswith(("//", "/\\"))
    return "/" if strange or any(each <= " " or each == "\\" for each in there) else there
