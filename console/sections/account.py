"""One's own account: password, codes, recovery codes, sessions."""
from __future__ import annotations

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, raw
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from console.access import allow
from console.forms import Form, form_data
from console.render import back_to, page
from console.sections.signing_in import WRONG_CODE
from console.threads import in_thread
from outreach import bootstrap
from outreach.staff.accounts import WrongCode, WrongPassword
from outreach.staff.passwords import SHORTEST, problem_with
from outreach.staff.second_factor import qr_svg, readable

blueprint = Blueprint("account", url_prefix="/account")

_WRONG_PASSWORD = "This is not your password."  # noqa: S105 - what is said of one


class PasswordForm(Form):
    """Another password."""

    password = PasswordField("Your password now", [InputRequired("Type in your password.")])
    new = PasswordField("New password", [InputRequired("Choose a new password.")])
    again = PasswordField("The new password again", [InputRequired("Type in the new password again.")])

    def validate_new(self, field: PasswordField) -> None:
        """Long enough, and not one of the first to be tried."""
        problem = problem_with(field.data or "")
        if problem:
            raise ValidationError(problem)

    def validate_again(self, field: PasswordField) -> None:
        """Typed in twice the same."""
        if field.data != self.new.data:
            raise ValidationError("The two passwords are not the same.")


class PhoneForm(Form):
    """Codes from another phone."""

    password = PasswordField("Your password", [InputRequired("Type in your password.")])
    code = StringField("The six digits that the app shows", [DataRequired("Type in the six digits.")])


class CodesForm(Form):
    """New recovery codes."""

    password = PasswordField("Your password", [InputRequired("Type in your password.")])


@blueprint.get("/")
@allow()
async def overview(request: Request) -> HTTPResponse:
    """What one's account is like."""
    staff = request.ctx.staff
    account = await in_thread(bootstrap.staff_accounts().get, staff.id)
    left = await in_thread(bootstrap.staff_accounts().recovery_left, staff.id)
    live = await in_thread(bootstrap.staff_sessions().live, staff.id)
    return page(request, "account/overview.html", account=account, recovery_left=left, live=live)


@blueprint.get("/password")
@allow()
async def password(request: Request) -> HTTPResponse:
    """The form for another password."""
    return page(request, "account/password.html", form=PasswordForm(None), shortest=SHORTEST)


@blueprint.post("/password")
@allow()
async def change_password(request: Request) -> HTTPResponse:
    """Take another password."""
    form = PasswordForm(form_data(request))
    if form.validate():
        try:
            await in_thread(
                bootstrap.staff_accounts().change_password, request.ctx.staff.id, form.password.data, form.new.data,
                request.ctx.session,
            )  # fmt: skip
            return back_to(request, "/account", "Your password is changed. You were signed out everywhere else.")
        except WrongPassword:
            form.password.errors = [_WRONG_PASSWORD]
    return page(request, "account/password.html", status=422, form=form, shortest=SHORTEST)


@blueprint.get("/phone")
@allow()
async def phone(request: Request) -> HTTPResponse:
    """The form for codes from another phone."""
    return _phone_page(request, PhoneForm(None))


@blueprint.get("/phone/picture.svg")
@allow()
async def picture(request: Request) -> HTTPResponse:
    """The new secret as a picture."""
    account = await in_thread(bootstrap.staff_accounts().get, request.ctx.staff.id)
    secret = bootstrap.staff_accounts().own_secret(request.ctx.session)
    return raw(qr_svg(secret, account.login), content_type="image/svg+xml")


@blueprint.post("/phone")
@allow()
async def change_phone(request: Request) -> HTTPResponse:
    """Take codes from another phone."""
    form = PhoneForm(form_data(request))
    if form.validate():
        try:
            codes = await in_thread(
                bootstrap.staff_accounts().change_factor, request.ctx.staff.id, form.password.data, form.code.data,
                request.ctx.session,
            )  # fmt: skip
            return page(request, "signing_in/recovery_codes.html", codes=codes, first=False)
        except WrongPassword:
            form.password.errors = [_WRONG_PASSWORD]
        except WrongCode:
            form.code.errors = [WRONG_CODE]
    return _phone_page(request, form, 422)


@blueprint.get("/recovery-codes")
@allow()
async def recovery_codes(request: Request) -> HTTPResponse:
    """The form for new recovery codes."""
    return page(request, "account/recovery_codes.html", form=CodesForm(None))


@blueprint.post("/recovery-codes")
@allow()
async def new_recovery_codes(request: Request) -> HTTPResponse:
    """Make new recovery codes, and show them this once."""
    form = CodesForm(form_data(request))
    if form.validate():
        try:
            codes = await in_thread(
                bootstrap.staff_accounts().renew_recovery_codes, request.ctx.staff.id, form.password.data
            )
            return page(request, "signing_in/recovery_codes.html", codes=codes, first=False)
        except WrongPassword:
            form.password.errors = [_WRONG_PASSWORD]
    return page(request, "account/recovery_codes.html", status=422, form=form)


@blueprint.post("/sign-out-elsewhere")
@allow()
async def sign_out_elsewhere(request: Request) -> HTTPResponse:
    """End every other session of one's own."""
    me = request.ctx.staff.id
    await in_thread(bootstrap.staff_accounts().end_sessions, me, me, request.ctx.session)
    return back_to(request, "/account", "You are signed out everywhere but here.")


def _phone_page(request: Request, form: PhoneForm, status: int = 200) -> HTTPResponse:
    secret = bootstrap.staff_accounts().own_secret(request.ctx.session)
    return page(request, "account/phone.html", status=status, form=form, secret=readable(secret))
