"""What a change touches, and whether somebody else has to look at it before people see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outreach.directory.publishing import EVERYTHING
from outreach.editing.versions import Document
from outreach.model.service import ACTIVE

# When a service was last checked is recorded by an action of its own, never typed in and never part of a draft.
ASSURANCE = ("assured_date", "assurer")
# What only staff read may name a person, so its words stay out of the audit.
FOR_STAFF = frozenset({"staff_notes", "source"})


def without_assurance(document: Document) -> dict[str, Any]:
    """Give a document without when it was checked and by whom."""
    return {name: value for name, value in document.items() if name not in ASSURANCE}


def with_assurance_of(document: Document, live: Document | None) -> dict[str, Any]:
    """Give a document with what is now known of when it was checked."""
    return {**document, **{name: live.get(name) if live else None for name in ASSURANCE}}


def in_order_of(before: Document, after: Document) -> dict[str, Any]:
    """Give the document with areas and unconfirmed fields in the order they had: a form's boxes have an order of their own."""

    def ordered(name: str) -> list[Any]:
        known = list(before.get(name) or ())
        return sorted(after[name], key=lambda each: known.index(each) if each in known else len(known))

    return {**after, **{name: ordered(name) for name in ("service_areas", "unconfirmed")}}


def same_words(one: Document, other: Document) -> bool:
    """Tell whether two versions say the same, whenever they were checked."""
    return without_assurance(one) == without_assurance(other)


def changed_fields(before: Document | None, after: Document) -> list[str]:
    """Name the fields that differ, in the order of the document."""
    return [name for name in after if before is None or before.get(name) != after.get(name)]


def sensitive(before: Document | None, after: Document) -> list[str]:
    """Say what a second person has to look at: numbers, and whether people see the service at all. Empty where nothing is."""
    found = []
    if _numbers(before) != _numbers(after):
        found.append("phone numbers")
    if _shown(before) != _shown(after) or (before is not None and before["status"] != after["status"]):
        found.append("whether people see this service")
    return found


def audited(before: Document | None, after: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what changed, before and after, as the audit may have it. Of who checked it has the account, and no name."""
    names = [name for name in changed_fields(before, after) if name != "assurer"]

    def picked(document: Document | None) -> dict[str, Any]:
        given = document or {}
        return {name: "(for staff)" if name in FOR_STAFF and given.get(name) else given.get(name) for name in names}

    return picked(before), picked(after)


def _numbers(document: Document | None) -> tuple[Sequence[Any], bool]:
    if document is None:
        return [], False
    return document["phones"], bool({"phones", EVERYTHING} & set(document["unconfirmed"])) and bool(document["phones"])


def _shown(document: Document | None) -> bool:
    return document is not None and document["status"] == ACTIVE and EVERYTHING not in document["unconfirmed"]
