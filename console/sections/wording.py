"""Wording: what the assistant says, as staff read, draft, check and publish it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import wtforms
from sanic import Blueprint
from sanic.exceptions import Forbidden, NotFound
from sanic.request import Request
from sanic.response import HTTPResponse
from wtforms.validators import Length

from console.access import allow
from console.forms import Form, FormData, form_data
from console.render import back_to, page
from console.threads import in_thread
from outreach import bootstrap
from outreach.content import placeholders
from outreach.model.wording import IN_REVIEW, WordingVersion
from outreach.staff import Role, Staff
from outreach.wording.checks import BUTTONS, TEXT, Checked, Finding
from outreach.wording.desk import LONGEST_NOTE, MovedOn, NoSuchReply, NotTheirs, Refused, Side
from outreach.wording.differences import Piece, differences
from outreach.wording.previews import Preview, Remembering, preview
from outreach.wording.replies import CHANNEL_NAMES, SMS, Button, Reply, Said

blueprint = Blueprint("wording")

FILTERS = {
    "": "All replies", "changed": "Changed by staff", "waiting": "Waiting for a check", "flagged": "With something to look at",
}  # fmt: skip
_SHOWN_VERSIONS = 30
_MOVED_ON = "Somebody else was here meanwhile. This is how it stands now; nothing of yours was published."


class WordingForm(Form):
    """A reply on one channel."""

    text = wtforms.TextAreaField("What it says", filters=[lambda text: text or ""])
    title_1 = wtforms.StringField("Button 1", validators=[Length(max=100)])
    leads_1 = wtforms.SelectField("Button 1 leads to", validate_choice=False)
    title_2 = wtforms.StringField("Button 2", validators=[Length(max=100)])
    leads_2 = wtforms.SelectField("Button 2 leads to", validate_choice=False)
    title_3 = wtforms.StringField("Button 3", validators=[Length(max=100)])
    leads_3 = wtforms.SelectField("Button 3 leads to", validate_choice=False)
    note = wtforms.StringField("Why you changed it", validators=[Length(max=LONGEST_NOTE)])
    based_on = wtforms.IntegerField("Version", widget=wtforms.widgets.HiddenInput())

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """Each button's words and where it leads."""
        return [(self.title_1, self.leads_1), (self.title_2, self.leads_2), (self.title_3, self.leads_3)]

    def buttons(self) -> list[Button]:
        """Those that were filled in, in order."""
        typed = [(title.data or "", leads.data or "") for title, leads in self.rows]
        return [Button(title, leads) for title, leads in typed if title or leads]

    def follow(self, latest: WordingVersion | None) -> None:
        """Build on what somebody else saved meanwhile."""
        self.based_on.data, self.based_on.raw_data = latest.version if latest else 0, None

    def point_out(self, findings: list[Finding]) -> None:
        """Put errors on the fields to which they belong."""
        for field in (self.text, self.title_1):
            where = TEXT if field is self.text else BUTTONS
            field.errors = [*field.errors, *(finding.says for finding in findings if finding.field == where)]


@dataclass(frozen=True)
class Shown:
    """A wording with how it is seen, what was found in it, and what it changes."""

    said: Said
    preview: Preview
    checked: Checked
    pieces: list[Piece]


@dataclass(frozen=True)
class Past:
    """A version in the history, and what changed with it against the version before."""

    version: WordingVersion
    pieces: list[Piece]
    can_return: bool


@dataclass(frozen=True)
class SidePage:
    """One channel on a reply's page."""

    channel: str
    name: str
    side: Side
    live: Shown
    open: Shown | None
    past: list[Past]


@blueprint.get("/wording")
@allow(Role.EDITOR, Role.PUBLISHER)
async def listing(request: Request) -> HTTPResponse:
    """Every reply by topic."""
    wanted, search = request.args.get("show", ""), request.args.get("q", "").strip()[:100]
    if wanted not in FILTERS:
        wanted = ""
    groups, waiting = await in_thread(_groups, wanted, search)
    return page(request, "wording/list.html", groups=groups, waiting=waiting, wanted=wanted, search=search, filters=FILTERS)


@blueprint.get("/wording/<key:str>")
@allow(Role.EDITOR, Role.PUBLISHER)
async def reply(request: Request, key: str) -> HTTPResponse:
    """A reply on both channels."""
    return await _reply_page(request, key)


@blueprint.get("/wording/<key:str>/<channel:str>/edit")
@allow(Role.EDITOR, Role.PUBLISHER)
async def edit(request: Request, key: str, channel: str) -> HTTPResponse:
    """The form, with what is being worked on or what is said now."""
    side = await in_thread(_editable, key, channel)
    said = side.words_of(side.open) if side.open else side.said
    form = _form(None, said, side.latest)
    return await _form_page(request, form, key, channel, said)


@blueprint.post("/wording/<key:str>/<channel:str>/edit")
@allow(Role.EDITOR, Role.PUBLISHER)
async def save(request: Request, key: str, channel: str) -> HTTPResponse:
    """Look at it first, keep it as a draft, ask for a check, or publish it."""
    desk, staff, side = bootstrap.wording_desk(), _staff(request), await in_thread(_editable, key, channel)
    form, do = _form(form_data(request), side.said, side.latest), form_data(request).get("do", "look")
    if do == "publish" and not staff.is_any_of(Role.PUBLISHER):
        raise Forbidden("publishing is for publishers")
    said, checked = await in_thread(desk.read, key, channel, form.text.data or "", form.buttons())
    form.text.data = said.text
    is_valid = form.validate()
    form.point_out(checked.errors)
    if not is_valid or checked.blocked or do == "look":
        return await _form_page(request, form, key, channel, said, status=200 if do == "look" else 422)
    try:
        draft = await in_thread(desk.save, staff.id, said, form.note.data or "", form.based_on.data or 0)
        if do == "review" and draft.status != IN_REVIEW:
            await in_thread(desk.submit, staff.id, key, channel, draft.version)
        if do == "publish":
            await in_thread(desk.publish, staff.id, key, channel, draft.version)
    except MovedOn as error:
        form.follow(error.latest)
        return await _form_page(request, form, key, channel, said, status=409, theirs=error.latest)
    except Refused as error:
        form.point_out(error.checked.errors)
        return await _form_page(request, form, key, channel, said, status=422)
    return back_to(request, f"/wording/{key}", _SAVED.get(do, _SAVED["save"]))


_SAVED = {
    "save": "Kept as a draft. People still read what they read before.",
    "review": "Kept, and waiting for a check by a publisher.",
    "publish": "Published. It is in the assistant's very next reply.",
}


@blueprint.post("/wording/<key:str>/<channel:str>/review")
@allow(Role.EDITOR, Role.PUBLISHER)
async def review(request: Request, key: str, channel: str) -> HTTPResponse:
    """Ask for a check of a draft."""
    desk = bootstrap.wording_desk()
    return await _done(request, key, "It waits for a check by a publisher.", desk.submit, key, channel, _version(request))


@blueprint.post("/wording/<key:str>/<channel:str>/back")
@allow(Role.PUBLISHER)
async def send_back(request: Request, key: str, channel: str) -> HTTPResponse:
    """Hand a draft back to its writer."""
    desk, note = bootstrap.wording_desk(), form_data(request).get("note", "")
    return await _done(request, key, "Sent back, with your note.", desk.send_back, key, channel, _version(request), note)


@blueprint.post("/wording/<key:str>/<channel:str>/drop")
@allow(Role.EDITOR, Role.PUBLISHER)
async def drop(request: Request, key: str, channel: str) -> HTTPResponse:
    """Give a draft up."""
    desk = bootstrap.wording_desk()
    said = "The draft was given up. It stays in the history."
    return await _done(request, key, said, desk.drop, key, channel, _version(request))


@blueprint.post("/wording/<key:str>/<channel:str>/publish")
@allow(Role.PUBLISHER)
async def publish(request: Request, key: str, channel: str) -> HTTPResponse:
    """Say a draft from the next reply on."""
    desk = bootstrap.wording_desk()
    return await _done(request, key, _SAVED["publish"], desk.publish, key, channel, _version(request))


@blueprint.post("/wording/<key:str>/<channel:str>/restore")
@allow(Role.PUBLISHER)
async def restore(request: Request, key: str, channel: str) -> HTTPResponse:
    """Say an earlier version again."""
    desk, version = bootstrap.wording_desk(), _version(request)
    said = f"Version {version} is said again, from the assistant's very next reply on."
    return await _done(request, key, said, desk.restore, key, channel, version)


@blueprint.post("/wording/<key:str>/<channel:str>/original")
@allow(Role.PUBLISHER)
async def original(request: Request, key: str, channel: str) -> HTTPResponse:
    """Say again what came with the product."""
    desk = bootstrap.wording_desk()
    said = "The product's own wording is said again, from the assistant's very next reply on."
    return await _done(request, key, said, desk.use_products_own, key, channel)


async def _done(request: Request, key: str, said: str, act: Callable[..., Any], *arguments: Any) -> HTTPResponse:
    """Do one thing and go back to the reply, or show there why it was not done."""
    try:
        await in_thread(act, _staff(request).id, *arguments)
    except (NoSuchReply, NotTheirs):
        raise NotFound("no such reply") from None
    except MovedOn:
        return await _reply_page(request, key, 409, [Finding(TEXT, _MOVED_ON)])
    except Refused as error:
        return await _reply_page(request, key, 422, error.checked.errors)
    return back_to(request, f"/wording/{key}", said)


async def _reply_page(request: Request, key: str, status: int = 200, problems: list[Finding] | None = None) -> HTTPResponse:
    found = await in_thread(_found, key)
    if found is None:
        raise NotFound("no such reply")
    shown, sides, names = found
    return page(
        request, "wording/reply.html", status=status, reply=shown, sides=sides, names=names, problems_found=problems or [],
        fixed=bootstrap.wording_rules().fixed.get(key), targets=bootstrap.wording_desk().replies.targets,
    )  # fmt: skip


async def _form_page(
    request: Request, form: WordingForm, key: str, channel: str, said: Said, status: int = 200,
    theirs: WordingVersion | None = None,
) -> HTTPResponse:
    shown, side, other, conflict = await in_thread(_beside, said, theirs)
    names, services = await in_thread(_names), await in_thread(_services)
    return page(
        request, "wording/edit.html", status=status, form=form, reply=bootstrap.wording_desk().replies.get(key),
        channel=channel, channel_name=CHANNEL_NAMES[channel], side=side, shown=shown, other=other, conflict=conflict,
        theirs=theirs, names=names, services=services, targets=bootstrap.wording_desk().replies.targets,
        has_buttons=channel != SMS and bootstrap.wording_rules().has_choices(key), holds=_may_hold(key),
    )  # fmt: skip


def _groups(wanted: str, search: str) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """The replies that were asked for, by group, and how many wait for a check in all."""
    desk, checker = bootstrap.wording_desk(), bootstrap.wording_checker()
    groups: dict[str, list[dict[str, Any]]] = {}
    waiting = 0
    for key, sides in desk.overview().items():
        found = desk.replies.get(key)
        assert found is not None
        row = _row(found, sides, {} if key in desk.fixed else {c: checker.check(side.said) for c, side in sides.items()})
        waiting += row["waiting"]
        words = " ".join([found.name, key, *(side.said.text for side in sides.values())]).lower()
        if (not wanted or row[wanted]) and all(part in words for part in search.lower().split()):
            groups.setdefault(found.group, []).append({**row, "fixed": key in desk.fixed})
    return groups, waiting


def _row(reply: Reply, sides: dict[str, Side], checked: dict[str, Checked]) -> dict[str, Any]:
    opened = [side.open for side in sides.values() if side.open]
    return {
        "reply": reply, "sides": sides, "checked": checked,
        "changed": any(side.live for side in sides.values()) or bool(opened),
        "waiting": any(version.status == IN_REVIEW for version in opened),
        "flagged": any(found.findings for found in checked.values()),
    }  # fmt: skip


def _found(key: str) -> tuple[Reply, list[SidePage], dict[str, str]] | None:
    desk = bootstrap.wording_desk()
    shown = desk.replies.get(key)
    if shown is None:
        return None
    sides = desk.sides(key)
    return shown, [_side_page(channel, side) for channel, side in sides.items()], _names()


def _side_page(channel: str, side: Side) -> SidePage:
    opened = _shown(side.words_of(side.open), side.said) if side.open else None
    return SidePage(channel, CHANNEL_NAMES[channel], side, _shown(side.said, side.original), opened, _past(side))


def _past(side: Side) -> list[Past]:
    """The versions, each against the one before it; the first against what came with the product."""
    targets = bootstrap.wording_desk().replies.targets
    words = [side.words_of(version) for version in side.versions] + [side.original]
    return [
        Past(version, differences(words[at + 1], words[at], targets), not version.is_open and words[at] != side.said)
        for at, version in enumerate(side.versions[:_SHOWN_VERSIONS])
    ]


def _shown(said: Said, before: Said) -> Shown:
    checker, desk = bootstrap.wording_checker(), bootstrap.wording_desk()
    seen = preview(said, bootstrap.directory(), bootstrap.wording_rules().examples)
    pieces = differences(before, said, desk.replies.targets) if before != said else []
    fixed = said.key in desk.fixed
    checked = checker.check(said)
    return Shown(said, seen, Checked((), checked.reading_age, checked.words, seen.segments) if fixed else checked, pieces)


def _beside(said: Said, theirs: WordingVersion | None) -> tuple[Shown, Side, Said | None, Shown | None]:
    """What stands beside the form: how it looks, what is said now, the other channel, and what somebody else saved."""
    sides = bootstrap.wording_desk().sides(said.key)
    side = sides[said.channel]
    other = next((each.said for channel, each in sides.items() if channel != said.channel), None)
    conflict = _shown(side.words_of(theirs), said) if theirs else None
    return _shown(said, side.said), side, other, conflict


def _editable(key: str, channel: str) -> Side:
    """A reply on a channel that may be changed. Raises NotFound."""
    desk = bootstrap.wording_desk()
    try:
        side = desk.sides(key).get(channel)
    except NoSuchReply:
        side = None
    if side is None or key in desk.fixed:
        raise NotFound("no such reply")
    return side


def _form(sent: FormData | None, said: Said, latest: int) -> WordingForm:
    given: dict[str, Any] = {"text": said.text, "based_on": latest}
    for number, button in enumerate(said.buttons[:3], 1):
        given.update({f"title_{number}": button.title, f"leads_{number}": button.intent})
    form = WordingForm(sent) if sent is not None else WordingForm(None, data=given)
    targets = sorted(bootstrap.wording_desk().replies.targets.items(), key=lambda item: item[1].lower())
    for _, leads in form.rows:
        leads.choices = [("", "No button"), *targets]
    return form


def _services() -> dict[str, str | None]:
    """The services whose numbers, hours or names replies hold now, by id, with the names under which the public knows them."""
    directory = Remembering(bootstrap.directory())
    texts = [side.said.text for sides in bootstrap.wording_desk().overview().values() for side in sides.values()]
    used = {name.partition(".")[2] for text in texts for name in placeholders.names(text)} - {""}
    return {service: directory.name(service) for service in sorted(used)}


def _may_hold(key: str) -> list[str]:
    return sorted(f"{{{name}}}" for name in bootstrap.wording_rules().holds(key))


def _names() -> dict[str, str]:
    """Staff by id, for "changed by"."""
    return {account.id: account.name for account in bootstrap.staff_accounts().all()}


def _staff(request: Request) -> Staff:
    staff: Staff = request.ctx.staff
    return staff


def _version(request: Request) -> int:
    """The version that a button belongs to. Raises NotFound."""
    given = form_data(request).get("version", "")
    if not (given.isascii() and given.isdigit()) or len(given) > 6:
        raise NotFound("no such version")
    return int(given)
