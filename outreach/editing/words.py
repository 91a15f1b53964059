"""A service in words, field by field, and how two versions differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from outreach.directory import hours
from outreach.editing.versions import Document
from outreach.model import documents
from outreach.model.service import ACTIVE

LABELS = {
    "name": "Name",
    "organization": "Organisation",
    "kind": "Kind",
    "description": "What it does",
    "status": "Shown to people",
    "alert": "Alert",
    "eligibility": "Who it is for",
    "service_areas": "Areas",
    "languages": "Languages",
    "accessibility": "Access",
    "cost": "Cost",
    "phones": "Phone numbers",
    "urls": "Web addresses",
    "email": "E-mail",
    "schedules": "Opening hours",
    "assured_date": "Last checked",
    "assurer": "Checked by",
    "unconfirmed": "Not made sure of, so not shown",
    "staff_notes": "Notes for staff",
    "source": "Where this came from",
}
STATUSES = {ACTIVE: "Yes, people see it", "hold": "No, it is on hold"}
FIELD_WORDS = {
    "service_areas": "areas",
    "languages": "languages",
    "accessibility": "access",
    "cost": "cost",
    "phones": "phone numbers",
    "email": "e-mail",
    "schedules": "opening hours",
    "eligibility": "who it is for",
    "website": "website",
    "webchat": "live chat",
    "all": "everything: nobody sees this entry",
}
_BILL = {True: "can show on a phone bill", False: "does not show on most phone bills", None: "not known if it shows on a bill"}
_KINDS = {"voice": "to ring", "sms": "to text", "relay": "by relay"}
_ATTENDING = {"phone": "By phone: ", "online": "Live chat: ", "in_person": "In person: "}
_HOLIDAYS = {
    "closed": "closed on bank holidays",
    "as_usual": "bank holidays too",
    "open": "open on bank holidays at these times",
}


@dataclass(frozen=True)
class Difference:
    """A field that differs, with what stood there and what stands there now, a line each."""

    field: str
    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def gone(self) -> tuple[str, ...]:
        """Lines that are no longer there."""
        return tuple(line for line in self.before if line not in self.after)

    @property
    def new(self) -> tuple[str, ...]:
        """Lines that were not there."""
        return tuple(line for line in self.after if line not in self.before)

    @property
    def kept(self) -> tuple[str, ...]:
        """Lines that stay."""
        return tuple(line for line in self.after if line in self.before)


def in_words(document: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    """Give each field that says something: its name, its label, and its lines."""
    return [(name, label, found) for name, label in LABELS.items() if (found := lines(name, document.get(name)))]


def differences(before: Document | None, after: Document) -> list[Difference]:
    """Give the fields that differ, in words; everything where there was nothing before."""
    given = before or {}
    return [
        Difference(name, label, lines(name, given.get(name)), lines(name, after.get(name)))
        for name, label in LABELS.items()
        if given.get(name) != after.get(name) and (lines(name, given.get(name)) or lines(name, after.get(name)))
    ]


def lines(name: str, value: Any) -> tuple[str, ...]:
    """Give a field's value as people read it, a line each."""
    if value in (None, "", [], ()):
        return ()
    if name == "phones":
        return tuple(_phone(each) for each in value)
    if name == "urls":
        return tuple(f"{each['kind']}: {each['url']}{_sure(each)}" for each in value)
    if name == "schedules":
        return tuple(_schedule(each) for each in value)
    if name == "unconfirmed":
        return tuple(FIELD_WORDS.get(each, each) for each in value)
    if name == "status":
        return (STATUSES.get(value, value),)
    if name == "assured_date":
        return (_day(value),)
    if isinstance(value, (list, tuple)):
        return tuple(str(each) for each in value)
    return tuple(str(value).splitlines())


def _phone(phone: Mapping[str, Any]) -> str:
    parts = [
        phone["number"],
        f"extension {phone['extension']}" if phone.get("extension") else None,
        _KINDS.get(phone["kind"], phone["kind"]),
        phone.get("description"),
        phone.get("cost") or "cost not known",
        _BILL[phone.get("on_bill")],
    ]
    return ", ".join(str(part) for part in parts if part) + _sure(phone)


def _schedule(document: Mapping[str, Any]) -> str:
    schedule = documents.service({**_EMPTY, "schedules": [document]}).schedules[0]
    said = hours.usual([schedule]) or (f"{schedule.rrule}, {schedule.opens} to {schedule.closes}" if schedule.rrule else None)
    parts = [said, schedule.description]
    if schedule.rrule:
        parts.append(_holidays(document))
    for word, day in (("from", document.get("valid_from")), ("until", document.get("valid_to"))):
        parts.append(f"{word} {_day(day)}" if day else None)
    words = "; ".join(part for part in parts if part)
    return f"{_ATTENDING.get(schedule.attending_type or '', '')}{words}{_sure(document)}"


_EMPTY: dict[str, Any] = {"id": "", "organization": "", "name": "", "kind": "", "description": ""}


def _holidays(document: Mapping[str, Any]) -> str:
    kind = str(document.get("bank_holidays") or "closed")
    if kind == "hours":
        return f"{document.get('holiday_opens')} to {document.get('holiday_closes')} on bank holidays"
    return _HOLIDAYS.get(kind, kind)


def _sure(part: Mapping[str, Any]) -> str:
    return "" if part.get("confirmed") else " (not made sure of, so not shown)"


def _day(value: str) -> str:
    day = date.fromisoformat(value)
    return f"{day.day} {day:%B %Y}"
