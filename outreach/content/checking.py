"""Small checks that add what they find to a list, so that one run names everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any

from outreach.content.misprints import misprints
from outreach.content.reading import Located, Problem
from outreach.directory import numbers

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Hours that count are counted from their first day: from a mistyped year 26 on, each answer would wait for that.
EARLIEST_YEAR = 1970
# Where staff may write down a wrong number in order to warn of it, and a number has checks of its own.
FOR_STAFF = frozenset({"staff_notes", "source", "number"})
NO_ADDRESS = frozenset({"address", "addresses", "physical_address", "location", "locations", "postcode"})


class Checker:
    """Collects problems. Every check gives the value, or None where it is missing or wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, at: Located, message: str) -> None:
        """Note a problem."""
        self.problems.append(at.problem(message))

    def mapping(self, at: Located, allowed: Collection[str]) -> dict[str, Located]:
        """Want a mapping with no other names than these."""
        if not isinstance(at.value, dict):
            self.wrong(at, "a list of named fields is wanted here")
            return {}
        for name, value in at.value.items():
            if name not in allowed:
                says = "addresses are never kept here" if name in NO_ADDRESS else "is not a field that is known here"
                self.wrong(value, says)
        return at.value

    def items(self, entry: dict[str, Located], name: str) -> list[Located]:
        """Want a list, which may be missing."""
        at = entry.get(name)
        if at is None or at.value is None:
            return []
        if not isinstance(at.value, list):
            self.wrong(at, "a list is wanted")
            return []
        return at.value

    def text(self, owner: Located, entry: dict[str, Located], name: str, required: bool = False) -> str | None:
        """Want words, without a premium-rate number in them."""
        at = entry.get(name)
        if at is None or at.value is None or at.value == "":
            if required:
                self.wrong(at or self._inside(owner, name), "is missing")
            return None
        if not isinstance(at.value, str):
            self.wrong(at, "text is wanted (put it in quotes)")
            return None
        if name == "id":
            return at.value.strip()  # nobody dials it, and one made from a UUID may look like a number
        if name != "number" and numbers.names_premium(at.value):
            self.wrong(at, "holds a number that begins 09: premium rate, never accepted")
        elif name not in FOR_STAFF and (misprint := misprints().in_text(at.value)):
            self.wrong(at, f"holds a wrong number: {misprint}")
        return at.value.strip()

    def id(self, owner: Located, entry: dict[str, Located], name: str = "id") -> str | None:
        """Want a short name in small letters, digits and hyphens."""
        value = self.text(owner, entry, name, required=True)
        if value is not None and not ID.fullmatch(value):
            self.wrong(entry[name], "small letters, digits and hyphens only")
            return None
        return value

    def choice(
        self, owner: Located, entry: dict[str, Located], name: str, choices: Collection[str], default: str | None = None
    ) -> str | None:
        """Want one of some words."""
        if default is not None and (name not in entry or entry[name].value is None):
            return default
        value = self.text(owner, entry, name, required=True)
        if value is not None and value not in choices:
            self.wrong(entry[name], f"must be one of: {', '.join(sorted(choices))}")
            return None
        return value

    def flag(self, entry: dict[str, Located], name: str, default: bool | None) -> bool | None:
        """Want true or false; null and a missing field give the default."""
        at = entry.get(name)
        if at is None or at.value is None:
            return default
        if not isinstance(at.value, bool):
            self.wrong(at, "true or false is wanted")
            return default
        return at.value

    def day(self, entry: dict[str, Located], name: str) -> date | None:
        """Want a date, which may be missing."""
        at = entry.get(name)
        if at is None or at.value is None:
            return None
        if not isinstance(at.value, date):
            self.wrong(at, "a date is wanted, as 2026-11-21")
            return None
        if at.value.year < EARLIEST_YEAR:
            self.wrong(at, f"a date from {EARLIEST_YEAR} on is wanted")
            return None
        return at.value

    def clock(self, owner: Located, entry: dict[str, Located], name: str) -> str | None:
        """Want a time of day, as "09:00"; "24:00" is the end of the day."""
        value = self.text(owner, entry, name, required=True)
        if value is not None and not TIME.fullmatch(value):
            self.wrong(entry[name], 'a time is wanted, as "09:00"')
            return None
        return value

    def known(self, at: Located, what: str, names: Collection[str]) -> str | None:
        """Want one of the names that other files define."""
        if not isinstance(at.value, str) or at.value not in names:
            self.wrong(at, f"there is no {what} {at.value!r}")
            return None
        return at.value

    def email(self, entry: dict[str, Located], name: str) -> str | None:
        """Want an e-mail address, which may be missing."""
        at = entry.get(name)
        if at is None or at.value is None:
            return None
        if not isinstance(at.value, str) or not EMAIL.fullmatch(at.value):
            self.wrong(at, "an e-mail address is wanted")
            return None
        return at.value

    def unique(self, at: Located, value: Any, seen: set[Any], what: str) -> None:
        """Want something not seen before."""
        if value in seen:
            self.wrong(at, f"{what} {value!r} is given twice")
        seen.add(value)

    @staticmethod
    def _inside(owner: Located, name: str) -> Located:
        return Located(None, owner.file, owner.line, f"{owner.field}.{name}" if owner.field else name)
