"""What the pages about services show. All of it reads the database, so it is called in a thread."""

from __future__ import annotations

from datetime import date
from typing import Any

from outreach import bootstrap
from outreach.content.titles import Titles
from outreach.directory.publishing import EVERYTHING, PublishedService, publish
from outreach.editing.rules import sensitive, with_assurance_of
from outreach.editing.services import WAYS
from outreach.editing.versions import Document, Entry, State
from outreach.editing.words import differences
from outreach.model import Service, documents
from outreach.model.service import ACTIVE
from outreach.sms.alphabet import segments
from outreach.sms.rendering import service_line
from outreach.staff import Role, Staff

QUEUES = {
    "waiting": "Waiting for somebody",
    "due": "Due to be checked again",
    "never": "Never checked",
    "hold": "On hold",
}


def preview(document: Document) -> dict[str, Any]:
    """Give a service as people see it on the web and by text, and `hidden`: why they don't see it, empty where they do."""
    directory, service = bootstrap.directory(), documents.service(document)
    shown = directory.shown(service)
    hidden = "" if shown else _why_hidden(service)
    would_be = shown or publish(_as_if_shown(service), True) or PublishedService(service)
    card = would_be.as_card(directory.now())
    line, card["last_checked"] = service_line(card), service.assured_date
    return {
        "hidden": hidden,
        "card": card,
        "sms": line,
        "segments": segments(line),
        "usual": would_be.opening(directory.now()).usual,
    }


def entry_values(service_id: str, staff: Staff) -> dict[str, Any]:
    """Give everything for a service's page. Raises NoSuchService."""
    entry = bootstrap.service_editing().entry(service_id)
    live = entry.live.document if entry.live else None
    pending = entry.pending
    waiting = with_assurance_of(pending.document, live) if pending else None
    titles = Titles.load()
    topics = bootstrap.service_versions().topics_of(service_id)
    return {
        "entry": entry,
        "live": preview(live) if live else None,
        "waiting": preview(waiting) if waiting else None,
        "changes": differences(live, waiting) if waiting else [],
        "second_person": sensitive(live, waiting) if waiting else [],
        "may_write": staff.is_any_of(Role.EDITOR, Role.PUBLISHER),
        "may_publish": staff.is_any_of(Role.PUBLISHER),
        "is_author": pending is not None and staff.id in pending.authors,
        "ways": WAYS,
        "assured": _assured(entry),
        "due": _is_due(entry),
        "due_days": bootstrap.settings().check_due_days,
        "topics": [(topic, _title(titles, topic)) for topic in topics],
        "states": State,
    }


def queue_values(what: str, number: int) -> dict[str, Any]:
    """Give one of the queues: `what` is a key of QUEUES; anything else is the first of them."""
    what = what if what in QUEUES else "waiting"
    search, versions = bootstrap.service_search(), bootstrap.service_versions()
    last_good = bootstrap.freshness().last_good_day(bootstrap.directory().now().date())
    pages = {
        "due": lambda: search.due(last_good, number),
        "never": lambda: search.never_checked(number),
        "hold": lambda: search.on_hold(number),
    }
    found = pages[what]() if what in pages else None
    reasons = versions.withdrawal_reasons([each.id for each in found.services]) if found and what == "hold" else {}
    return {
        "queues": QUEUES,
        "what": what,
        "found": found,
        "reasons": reasons,
        "pending": versions.pending() if what == "waiting" else [],
        "due_days": bootstrap.settings().check_due_days,
        "hides": bootstrap.settings().stale_entries == "hide",
        "shows_unchecked": bootstrap.settings().show_unchecked,
    }


def _why_hidden(service: Service) -> str:
    if service.status != ACTIVE:
        return "It is on hold."
    if EVERYTHING in service.unconfirmed:
        return "Nobody has made sure of anything in it."
    if service.assured_date is None:
        return "Nobody has checked it, and services that nobody has checked are hidden (SHOW_UNCHECKED)."
    return "It was last checked too long ago, and such services are hidden (STALE_ENTRIES)."


def _as_if_shown(service: Service) -> Service:
    unconfirmed = [name for name in service.unconfirmed if name != EVERYTHING]
    return documents.service({**documents.to_document(service), "status": ACTIVE, "unconfirmed": unconfirmed})


def _assured(entry: Entry) -> date | None:
    return documents.service(entry.live.document).assured_date if entry.live else None


def _is_due(entry: Entry) -> bool:
    if entry.live is None:
        return False
    return bootstrap.freshness().is_stale(documents.service(entry.live.document), bootstrap.directory().now().date())


def _title(titles: Titles, topic: str) -> str:
    """A topic as a button names it; the safety topics have no button."""
    try:
        return titles.of(topic)
    except KeyError:
        return topic.replace("_", " ")
