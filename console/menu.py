"""The menu: every section with its address, and who sees it."""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from outreach.staff import Role, Staff


class Item(NamedTuple):
    """A section as the menu shows it."""

    title: str
    path: str
    roles: frozenset[Role]
    help: str


def _item(title: str, path: str, help: str, *roles: Role) -> Item:
    return Item(title, path, frozenset(roles), help)


MENU: tuple[Item, ...] = (
    _item("Services", "/services", "Numbers, hours and everything else that the assistant says about a service.",
          Role.EDITOR, Role.PUBLISHER, Role.MANAGER),
    _item("What is offered", "/signposting", "Which services each answer offers, and in which order.",
          Role.EDITOR, Role.PUBLISHER, Role.MANAGER),
    _item("Wording", "/wording", "What the assistant says, on the web and by text.", Role.EDITOR, Role.PUBLISHER),
    _item("Not answered", "/unanswered", "What people ask, and what the assistant could not answer: counts, never words.",
          Role.EDITOR, Role.PUBLISHER, Role.MANAGER),
    _item("Referrals", "/referrals", "People who have asked to be contacted.", Role.CASEWORKER, Role.MANAGER),
    _item("Bring in and take out", "/exchange", "The whole directory as a file.", Role.PUBLISHER, Role.MANAGER),
    _item("People", "/people", "Who may come in, and what they may do.", Role.MANAGER),
    _item("Audit", "/audit", "Who did what, and when.", Role.AUDITOR, Role.MANAGER),
)


def menu_of(staff: Staff | None, built: Iterable[str]) -> list[Item]:
    """What somebody sees of the menu: sections that there are, and that one of their roles opens."""
    there = set(built)
    return [item for item in MENU if staff and not item.roles.isdisjoint(staff.roles) and item.path in there]
