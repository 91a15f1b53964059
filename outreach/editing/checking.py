"""Whether a service that staff typed can be kept: the checks of the files, and those that only make sense here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from outreach.content.service_files import check_service
from outreach.editing.errors import Mistake, Mistakes
from outreach.editing.versions import Document
from outreach.model.service import PERPETRATOR

# As long as a card and the database take.
LONGEST = {"name": 200, "organization": 200, "description": 1000, "alert": 300, "eligibility": 300, "accessibility": 300,
           "cost": 200, "email": 200, "staff_notes": 4000, "source": 1000}  # fmt: skip
MOST_ROWS = 20


def checked(document: Document, live: Document | None, areas: Collection[str]) -> dict[str, Any]:
    """Give the document with every field there; `live` is what is public now. Raises Mistakes with all that is wrong."""
    found, problems = check_service(document, areas)
    mistakes = [Mistake(problem.field, problem.message) for problem in problems]
    mistakes += [
        Mistake(name, f"is too long: {most} characters at most")
        for name, most in LONGEST.items()
        if len(found[name] or "") > most
    ]
    mistakes += [
        Mistake(name, f"{MOST_ROWS} at most") for name in ("phones", "urls", "schedules") if len(found[name]) > MOST_ROWS
    ]
    mistakes += _given_twice(found)
    if live is not None and (live["kind"] == PERPETRATOR) != (found["kind"] == PERPETRATOR):
        mistakes.append(
            Mistake("kind", "services for people who harm and for people who are hurt stay apart: make a new entry instead")
        )
    if mistakes:
        raise Mistakes(mistakes)
    return found


def _given_twice(document: Document) -> list[Mistake]:
    seen: set[tuple[object, ...]] = set()
    mistakes = []
    for number, phone in enumerate(document["phones"]):
        same = (phone["number"], phone["kind"], phone["description"], phone["extension"])
        if same in seen:
            mistakes.append(Mistake(f"phones[{number}].number", "is given twice"))
        seen.add(same)
    return mistakes
