"""The audit: who did what, and when; and whether anybody has tampered with it."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Optional, ValidationError

from console.access import allow
from console.forms import Form, FormData
from console.render import day, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.adapters.audit_log import Wanted
from outreach.audit.actions import ACTIONS
from outreach.audit.records import Entry
from outreach.staff import Role

blueprint = Blueprint("audit", url_prefix="/audit")

PAGE = 50
# Up to so many rows the chain is checked whenever the page is opened (a tenth of a second); beyond, when asked.
CHECKED_ALWAYS = 10_000
# No row is of another day, and the very last days that a calendar has leave no room for a next one.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
_DAYS = {"min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}


def within_reach(_form: Form, field: DateField) -> None:
    """Want a day that a row can be of."""
    if field.data and not FIRST_DAY <= field.data <= LAST_DAY:
        raise ValidationError(f"Choose a day between {day(FIRST_DAY)} and {day(LAST_DAY)}.")


class FilterForm(Form):
    """Which rows to show."""

    by = SelectField("Who", [Optional()])
    action = SelectField("What", [Optional()])
    subject = StringField("About (service, reply, referral or person)", [Optional()])
    since = DateField("From", [Optional(), within_reach], render_kw=_DAYS)
    until = DateField("To", [Optional(), within_reach], render_kw=_DAYS)


@dataclass(frozen=True)
class Row:
    """A row as people read it."""

    number: int
    at: datetime
    who: str
    what: str
    subject: str
    changes: list[tuple[str, str, str]]


@blueprint.get("/")
@allow(Role.AUDITOR, Role.MANAGER)
async def listing(request: Request) -> HTTPResponse:
    """The newest first, as filtered."""
    names = {account.id: account.name for account in await in_thread(bootstrap.staff_accounts().all)}
    form = _filter_form(request, names)
    fits = form.validate()
    wanted = _wanted(form) if fits else Wanted()
    number = _page_number(request)
    log = bootstrap.audit()
    entries, found = await in_thread(log.page, wanted, (number - 1) * PAGE, PAGE)
    total = found if wanted == Wanted() else await in_thread(log.count)
    checked = await in_thread(log.verify) if total <= CHECKED_ALWAYS or request.args.get("check") else None
    return page(
        request, "audit/list.html", form=form, rows=[_row(entry, names) for entry in entries], found=found, number=number,
        last=max(1, -(-found // PAGE)), total=total, checked=checked,
    )  # fmt: skip


def _filter_form(request: Request, names: dict[str, str]) -> FilterForm:
    form = FilterForm(FormData(request.get_query_args(keep_blank_values=True)))
    people = sorted(names.items(), key=lambda each: each[1].casefold())
    form.by.choices = [("", "Anybody"), *people, ("command line", "The command line"), ("console", "The console itself")]
    form.action.choices = [("", "Anything"), *((name, told.capitalize()) for name, (told, _) in ACTIONS.items())]
    return form


def _wanted(form: FilterForm) -> Wanted:
    since: date | None = form.since.data
    return Wanted(form.by.data or None, form.action.data or None, form.subject.data or None, since, form.until.data)


def _page_number(request: Request) -> int:
    asked = request.args.get("page", "1")
    return int(asked) if re.fullmatch(r"[1-9]\d{0,6}", asked) else 1


def _row(entry: Entry, names: dict[str, str]) -> Row:
    told = ACTIONS[entry.action][0] if entry.action in ACTIONS else entry.action
    subject = "" if entry.subject == entry.by else names.get(entry.subject, entry.subject)
    who = names.get(entry.by, entry.by)
    return Row(entry.number, datetime.fromisoformat(entry.at), who, told, subject, _changes(entry))


def _changes(entry: Entry) -> list[tuple[str, str, str]]:
    """What is different, by key: before and after."""
    before, after = _read(entry.before), _read(entry.after)
    keys = sorted({*before, *after})
    return [(key.replace("_", " "), _words(before.get(key)), _words(after.get(key))) for key in keys
            if before.get(key) != after.get(key)]


def _read(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        # A row that somebody has changed by hand.
        return {"unreadable": text}
    return found if isinstance(found, dict) else {"unreadable": text}


def _words(value: Any) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
