"""Not answered: what people ask and what the assistant could not answer, as counts that point at nobody."""
from __future__ import annotations

from datetime import date

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from console.access import allow
from console.render import page
from console.threads import in_thread
from console.topic_names import topic_names
from outreach import bootstrap
from outreach.reporting.asked import FEWEST, Month, days_of, month_of, months_between
from outreach.reporting.counting import BROKEN, NOT_UNDERSTOOD, OUT_OF_SCOPE, OUTSIDE, keeps_area, today
from outreach.staff import Role
from outreach.wording.replies import CHANNEL_NAMES, CHANNELS

blueprint = Blueprint("unanswered")

# In the order in which they are shown.
REASONS = {
    NOT_UNDERSTOOD: ("Not understood", "By what came nearest. Often a word or a way of asking that it has never met."),
    OUT_OF_SCOPE: ("Nothing that it helps with", "It said so, and what it can do."),
    BROKEN: ("Something went wrong", "The fixed reply with the helplines went out instead."),
}


@blueprint.get("/unanswered")
@allow(Role.EDITOR, Role.PUBLISHER, Role.MANAGER)
async def listing(request: Request) -> HTTPResponse:
    """A month's counts."""
    months, first, found, areas, names = await in_thread(_month, request.args.get("month", ""))
    return page(
        request, "unanswered/month.html", months=months, first=first, found=found, areas=areas, names=names,
        reasons=REASONS, fewest=FEWEST, keeps_area=keeps_area, channels=CHANNEL_NAMES,
        writes=request.ctx.staff.is_any_of(Role.EDITOR, Role.PUBLISHER), days_kept=bootstrap.settings().counts_retention_days,
    )  # fmt: skip


def _month(wanted: str) -> tuple[list[date], date, Month, dict[str, str], dict[str, str]]:
    counts, now = bootstrap.question_counts(), today()
    months = months_between(counts.first_day() or now, now)
    first = next((month for month in months if f"{month:%Y-%m}" == wanted), months[0])
    areas = {area: area for area in bootstrap.outreach_areas()} | {OUTSIDE: "Outside the county"}
    found = month_of(counts.between(*days_of(first)), first, list(areas), CHANNELS)
    return months, first, found, areas, topic_names() | {"": "Nothing that it knows"}
