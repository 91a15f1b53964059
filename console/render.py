"""Pages: templates with what every page has.

    return page(request, "directory/list.html", services=found)
    return back_to(request, "/services/x", message="Saved.")
"""
from __future__ import annotations

import hashlib
from datetime import date, datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sanic.request import Request
from sanic.response import HTTPResponse, html, redirect

from console import sessions
from console.forms import problems
from console.menu import menu_of

HERE = Path(__file__).resolve().parent
LONDON = ZoneInfo("Europe/London")


@cache
def environment() -> Environment:
    """The templates, with their filters: `{{ at | when }}`, `{{ at | day }}`."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(when=when, day=day)
    made.globals.update(asset=asset, problems=problems)
    return made


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTTPResponse:
    """A page. Templates extend `base.html` and find there: staff, menu, path, notice, csrf(), query(**changes)."""
    staff = getattr(request.ctx, "staff", None)
    given = {
        "staff": staff, "menu": menu_of(staff, request.app.ctx.sections), "path": request.path,
        "notice": sessions.taken_notice(request) if status < 400 else None,
        "csrf": lambda: Markup('<input type="hidden" name="csrf" value="{}">').format(sessions.form_token(request)),
        "query": lambda **changes: _query(request, changes),
    }  # fmt: skip
    response = html(environment().get_template(template).render({**given, **values}), status=status)
    sessions.add_visitor_cookie(request, response)
    return response


def back_to(request: Request, path: str, message: str | None = None) -> HTTPResponse:
    """After something was done: on to `path` (of this console), where `message` is shown once."""
    if message:
        sessions.notice(request, message)
    return redirect(path, status=303)


def when(moment: datetime | None) -> str:
    """A time as people in Hertfordshire read it: 21 November 2026, 23:11. A time without a zone is UTC."""
    if moment is None:
        return ""
    local = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(LONDON)
    return f"{day(local)}, {local:%H:%M}"


def day(moment: date | None) -> str:
    """A day: 21 November 2026."""
    return f"{moment.day} {moment:%B %Y}" if moment else ""


@cache
def static_files() -> dict[str, bytes]:
    """Every file of `console/static` by name."""
    return {file.name: file.read_bytes() for file in sorted((HERE / "static").iterdir()) if file.is_file()}


def asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name]).hexdigest()[:12]}"


def _query(request: Request, changes: dict[str, Any]) -> str:
    """This page's address with some of its query changed; None takes a name away. For paging and filters."""
    kept = {name: value for name, value in request.get_query_args(keep_blank_values=False) if name not in changes}
    kept.update({name: value for name, value in changes.items() if value is not None})
    return f"{request.path}?{urlencode(kept)}" if kept else str(request.path)
