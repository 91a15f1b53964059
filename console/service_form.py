"""The form for a service: out of its document, and back into one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import wtforms
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)

from console.forms import CheckboxesField, Form, FormData
from console.service_hours import CODES, DAYS, SHARED, is_blank, to_schedules, to_sets
from outreach.content.service_files import KINDS
from outreach.editing.errors import Mistake
from outreach.editing.words import FIELD_WORDS, STATUSES

KIND_WORDS = {
    "app": "App",
    "children": "Children and young people",
    "emergency": "Emergency",
    "employer": "Employers and work",
    "health": "Health",
    "helpline": "Helpline",
    "housing": "Housing",
    "immigration": "Immigration",
    "information": "Information",
    "legal": "Legal",
    "money": "Money",
    "national": "National organisation",
    "outreach": "Outreach",
    "perpetrator": "For people who harm",
    "pets": "Pets",
    "place": "Place to go",
    "police": "Police",
    "refuge": "Refuge",
    "safeguarding": "Safeguarding",
    "webchat": "Live chat",
}
_ON_BILL = (("", "Not known"), ("yes", "It can show on a phone bill"), ("no", "It does not show on most phone bills"))
_BILL_VALUES = {"yes": True, "no": False, "": None}
_TEXTS = (
    "name",
    "organization",
    "description",
    "alert",
    "eligibility",
    "accessibility",
    "cost",
    "email",
    "staff_notes",
    "source",
)
_SURE = "We have made sure of this: show it"


class PhoneForm(wtforms.Form):
    """A row for a number."""

    number = StringField("Number")
    kind = SelectField("For", choices=[("voice", "Calls"), ("sms", "Text messages"), ("relay", "Relay (text to voice)")])
    description = StringField("What is it for")
    extension = StringField("Extension")
    cost = StringField("What a call costs")
    on_bill = SelectField("On a phone bill", choices=_ON_BILL)
    confirmed = BooleanField(_SURE)


class UrlForm(wtforms.Form):
    """A row for a web address."""

    kind = SelectField("What it is", choices=[("website", "Website"), ("webchat", "Live chat")])
    url = StringField("Address")
    confirmed = BooleanField(_SURE)


class HoursForm(wtforms.Form):
    """A set of opening hours. The fields for each day are added below."""

    attending_type = SelectField(
        "Hours of",
        choices=[("", "The service"), ("phone", "The phone line"), ("online", "The live chat"), ("in_person", "Visits")],
    )
    bank_holidays = SelectField(
        "On bank holidays",
        choices=[("closed", "Closed"), ("as_usual", "As on any other day"), ("hours", "At other times"),
                 ("open", "Open at the times above, whatever the day")],
    )  # fmt: skip
    holiday_opens = StringField("Bank holidays, opens")
    holiday_closes = StringField("Bank holidays, closes")
    valid_from = StringField("Only from")
    valid_to = StringField("Only until")
    description = StringField("In words")
    rule = StringField("Rule")
    rule_opens = StringField("Opens")
    rule_closes = StringField("Closes")
    confirmed = BooleanField(_SURE)

    def day_fields(self) -> list[tuple[str, Any, Any]]:
        """Give each weekday with its two fields."""
        return [(name, self[f"{code}_opens"], self[f"{code}_closes"]) for code, name in DAYS]


for _code, _name in DAYS:
    setattr(HoursForm, f"{_code}_opens", StringField(f"{_name}, opens"))
    setattr(HoursForm, f"{_code}_closes", StringField(f"{_name}, closes"))


class ServiceForm(Form):
    """All that staff can say of a service. What it says is checked where it is saved; `show` puts mistakes at their fields."""

    id = StringField("Short name")
    name = StringField("Name")
    organization = StringField("Organisation")
    kind = SelectField("Kind", choices=sorted(((kind, KIND_WORDS.get(kind, kind)) for kind in KINDS), key=lambda each: each[1]))
    description = TextAreaField("What it does")
    status = RadioField("Do people see it?", choices=list(STATUSES.items()))
    alert = StringField("Alert")
    eligibility = StringField("Who it is for")
    service_areas = CheckboxesField("Areas", validate_choice=False)
    languages = TextAreaField("Languages")
    accessibility = StringField("Access")
    cost = StringField("Cost")
    phones = FieldList(FormField(PhoneForm), "Phone numbers", max_entries=30)
    urls = FieldList(FormField(UrlForm), "Web addresses", max_entries=30)
    email = StringField("E-mail")
    schedules = FieldList(FormField(HoursForm), "Opening hours", max_entries=30)
    unconfirmed = CheckboxesField("Nobody has made sure of these: keep them from people", choices=list(FIELD_WORDS.items()))
    staff_notes = TextAreaField("Notes for staff")
    source = StringField("Where this came from")
    note = StringField("What did you change, and why?")
    made_from = HiddenField()
    seen_live = HiddenField()

    def document(self) -> dict[str, Any]:
        """Give what was typed as a document; it is not checked yet."""
        return {
            "id": self.id.data or "",
            "kind": self.kind.data,
            "status": self.status.data,
            **{name: self[name].data or None for name in _TEXTS},
            "service_areas": list(self.service_areas.data or ()),
            "languages": [line.strip() for line in (self.languages.data or "").splitlines() if line.strip()],
            "phones": [_phone(self.phones[at].data) for at in self._kept_phones()],
            "urls": [_url(self.urls[at].data) for at in self._kept_urls()],
            "schedules": to_schedules([_plain(self.schedules[at].data) for at in self._kept_sets()])[0],
            "unconfirmed": list(self.unconfirmed.data or ()),
        }

    def show(self, mistakes: Sequence[Mistake]) -> None:
        """Put each mistake at its field, and at the top of the form where it has none."""
        for mistake in mistakes:
            field = self._field_of(mistake.field)
            if field is None:
                self.form_errors.append(mistake.message)
            else:
                field.errors = [*field.errors, _sentence(mistake.message)]

    def add_row(self, name: str) -> None:
        """Give one more blank row."""
        rows = self[name]
        if len(rows) < 30:
            rows.append_entry(_BLANK_ROWS[name])

    def first_phone(self, at: int) -> None:
        """Move a number to the front: the first one is the first to be rung."""
        rows = [entry.data for entry in self.phones]
        if 0 <= at < len(rows):
            rows.insert(0, rows.pop(at))
            for entry, data in zip(self.phones, rows):
                for name, value in data.items():
                    entry.form[name].data = value

    def _kept_phones(self) -> list[int]:
        return [at for at, entry in enumerate(self.phones) if (entry.form.number.data or "").strip()]

    def _kept_urls(self) -> list[int]:
        return [at for at, entry in enumerate(self.urls) if (entry.form.url.data or "").strip()]

    def _kept_sets(self) -> list[int]:
        return [at for at, entry in enumerate(self.schedules) if not is_blank(_plain(entry.data))]

    def _field_of(self, path: str) -> Any:
        found = re.fullmatch(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?", path)
        if found is None or found.group(1) not in self:
            return None
        name, at, inner = found.groups()
        if at is None or name not in ("phones", "urls", "schedules"):
            return self[name]
        row, inner = self._row_of(name, int(at), inner or "")
        form = self[name][row].form
        return form[inner] if inner in form else self[name]

    def _row_of(self, name: str, at: int, inner: str) -> tuple[int, str]:
        """Which row of the form, and which field in it, a row of the document came from."""
        if name != "schedules":
            return (self._kept_phones() if name == "phones" else self._kept_urls())[at], inner
        kept = self._kept_sets()
        number, origin = to_schedules([_plain(self.schedules[each].data) for each in kept])[1][at]
        if inner in ("opens", "closes", "rrule"):
            inner = "rule" if inner == "rrule" else f"{origin}_{inner}"
        return kept[number], inner


_BLANK_ROWS: dict[str, dict[str, Any]] = {
    "phones": {"kind": "voice"},
    "urls": {"kind": "website"},
    "schedules": {"bank_holidays": "closed"},
}


def make_form(typed: FormData | None, document: Mapping[str, Any] | None, areas: Sequence[str]) -> ServiceForm:
    """Give the form with what was typed, or else with what a document says; `areas` are those to choose from."""
    form = ServiceForm(typed, data=None if document is None else _data(document))
    chosen = [area for area in form.service_areas.data or () if area not in areas]
    form.service_areas.choices = [(area, area) for area in (*areas, *chosen)]
    if typed is None:
        for name in _BLANK_ROWS:
            if not len(form[name]):
                form.add_row(name)
    return form


def _data(document: Mapping[str, Any]) -> dict[str, Any]:
    bill = {value: key for key, value in _BILL_VALUES.items()}
    return {
        **{name: document.get(name) for name in ("id", "kind", "status", "service_areas", "unconfirmed", "urls", *_TEXTS)},
        "languages": "\n".join(document.get("languages") or ()),
        "phones": [{**phone, "on_bill": bill[phone.get("on_bill")]} for phone in document.get("phones") or ()],
        "schedules": to_sets(document.get("schedules") or ()),
    }


def _phone(row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: (row[name] or "").strip() or None for name in ("number", "description", "extension", "cost")}
    return {**texts, "kind": row["kind"], "on_bill": _BILL_VALUES.get(row["on_bill"]), "confirmed": bool(row["confirmed"])}


def _url(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": row["kind"], "url": (row["url"] or "").strip(), "confirmed": bool(row["confirmed"])}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        *SHARED,
        "rule",
        "rule_opens",
        "rule_closes",
        *(f"{code}_{part}" for code in CODES for part in ("opens", "closes")),
    )
    found = {name: row.get(name) for name in names}
    return {name: _clock(name, value.strip()) if isinstance(value, str) else value for name, value in found.items()}


def _clock(name: str, text: str) -> str:
    """Take a time as people write it: 9, 9am, 9.30, 9:30pm, midnight. What is none of these is left for the check."""
    if not name.endswith(("_opens", "_closes")):
        return text
    plain = text.lower().replace(" ", "")
    if plain in ("midday", "noon"):
        return "12:00"
    if plain == "midnight":
        return "24:00" if name.endswith("_closes") else "00:00"
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?(am|pm)?", plain)
    if not found:
        return text
    hour, minute, half = int(found.group(1)), int(found.group(2) or 0), found.group(3)
    if half and not 1 <= hour <= 12:
        return text
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{minute:02}"


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?")) else ".")
