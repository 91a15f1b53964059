"""The form for a service keeps every field of every service, and puts each mistake at its field."""

from __future__ import annotations

import json
from typing import Any

import pytest
import wtforms

from console.forms import FormData
from console.service_form import ServiceForm, make_form
from console.service_hours import to_schedules, to_sets
from outreach.content import importer
from outreach.content.service_files import check_service
from outreach.editing.errors import Mistake
from outreach.settings import ROOT

CONTENT = importer.read(ROOT / "content")
SERVICES = CONTENT["service"]
AREAS = sorted({*CONTENT["area"], *CONTENT["district"]})
LINE = SERVICES["herts-da-helpline"]


def sent(form: ServiceForm) -> list[tuple[str, str]]:
    """What a browser would send of a form."""
    pairs: list[tuple[str, str]] = []

    def walk(field: Any) -> None:
        if isinstance(field, (wtforms.FieldList, wtforms.FormField)):
            for inner in field if isinstance(field, wtforms.FieldList) else field.form:
                walk(inner)
        elif isinstance(field, wtforms.BooleanField):
            pairs.extend([(field.name, "y")] if field.data else [])
        elif isinstance(field, wtforms.SelectMultipleField):
            pairs.extend((field.name, value) for value in field.data or ())
        else:
            pairs.append((field.name, "" if field.data is None else str(field.data)))

    for field in form:
        walk(field)
    return pairs


def typed(**changes: str) -> ServiceForm:
    """The helpline's form with something else typed into some fields."""
    pairs = [(name, changes.get(name.replace("-", "__"), value)) for name, value in sent(make_form(None, LINE, AREAS))]
    known = {name for name, _ in pairs}
    more = [(name.replace("__", "-"), value) for name, value in changes.items() if name.replace("__", "-") not in known]
    return make_form(FormData(pairs + more), None, AREAS)


@pytest.mark.parametrize("key", sorted(SERVICES))
def test_opening_and_saving_changes_nothing(key: str) -> None:
    form = make_form(FormData(sent(make_form(None, SERVICES[key], AREAS))), None, AREAS)
    assert form.validate(), form.errors
    found, problems = check_service(form.document(), AREAS)
    assert problems == []
    assert found == {**SERVICES[key], "assured_date": None, "assurer": None}


UNUSUAL = [
    {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "opens": "10:00", "closes": "12:00", "valid_from": "2026-01-06"},
    {"rrule": "FREQ=MONTHLY;BYDAY=1MO", "opens": "10:00", "closes": "12:00"},
    {"rrule": "FREQ=WEEKLY;BYDAY=MO", "opens": "09:00", "closes": "12:00"},
    {"rrule": "FREQ=WEEKLY;BYDAY=MO", "opens": "13:00", "closes": "17:00"},
    {"rrule": "FREQ=WEEKLY;BYDAY=SA,SU", "opens": "13:00", "closes": "17:00", "attending_type": "online"},
    {"rrule": "FREQ=DAILY", "opens": "22:00", "closes": "02:00", "bank_holidays": "hours", "holiday_opens": "20:00",
     "holiday_closes": "24:00"},
    {"description": "Mornings, as volunteers can"},
    {"rrule": "FREQ=WEEKLY;BYDAY=FR,MO", "opens": "09:00", "closes": "17:00", "bank_holidays": "open", "confirmed": True,
     "valid_from": "2026-12-01", "valid_to": "2027-01-31", "description": "over the winter"},
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(UNUSUAL)))
def test_hours_of_every_shape_come_back_as_they_were(first: int) -> None:
    for schedules in (UNUSUAL[first : first + 1], UNUSUAL[first:], UNUSUAL[:first]):
        before, problems = check_service({**LINE, "schedules": json.loads(json.dumps(schedules))}, AREAS)
        assert problems == []
        again, problems = check_service({**before, "schedules": to_schedules(to_sets(before["schedules"]))[0]}, AREAS)
        assert problems == []
        expected = [{**each, "rrule": "FREQ=WEEKLY;BYDAY=MO,FR"} if each.get("rrule") == "FREQ=WEEKLY;BYDAY=FR,MO" else each
                    for each in before["schedules"]]  # fmt: skip
        assert again["schedules"] == expected


def test_a_day_with_other_hours_becomes_a_rule_of_its_own() -> None:
    schedules = typed(schedules__0__fr_closes="10pm").document()["schedules"]
    assert [(each["rrule"], each["opens"], each["closes"]) for each in schedules] == [
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "09:00", "21:00"),
        ("FREQ=WEEKLY;BYDAY=FR", "09:00", "22:00"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "09:00", "16:00"),
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [("9", "09:00"), ("9am", "09:00"), ("9.30 pm", "21:30"), ("12am", "00:00"), ("12pm", "12:00"), ("midday", "12:00"),
     ("midnight", "24:00"), ("24:00", "24:00"), ("9:05", "09:05"), ("13pm", "13pm"), ("nine", "nine")],
)  # fmt: skip
def test_times_are_taken_as_people_write_them(said: str, meant: str) -> None:
    closes = [each["closes"] for each in typed(schedules__0__mo_closes=said).document()["schedules"]]
    assert meant in closes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phones__0__number": "12345 67"}, "phones-0-number"),
        ({"phones__0__number": "09088 088 088"}, "phones-0-number"),
        (
            {"phones__1__number": "nonsense", "phones__1__kind": "voice", "phones__1__on_bill": "", "phones__0__number": ""},
            "phones-1-number",
        ),
        ({"schedules__0__we_opens": "25:99"}, "schedules-0-we_opens"),
        ({"schedules__0__su_closes": ""}, "schedules-0-su_closes"),
        ({"schedules__0__valid_from": "soon"}, "schedules-0-valid_from"),
        ({"schedules__0__bank_holidays": "hours"}, "schedules-0-holiday_opens"),
        ({"urls__0__url": "www.example.org"}, "urls-0-url"),
        ({"name": ""}, "name"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_mistake_stands_at_its_field_with_what_was_typed(changes: dict[str, str], field: str) -> None:
    form = typed(**changes)
    assert form.validate()
    _, problems = check_service(form.document(), AREAS)
    form.show([Mistake(problem.field, problem.message) for problem in problems])
    assert field in _fields_with_errors(form)
    for name, value in changes.items():
        assert (name.replace("__", "-"), value) in sent(form)


def _fields_with_errors(form: Any) -> set[str]:
    found: set[str] = set()
    for field in form:
        if isinstance(field, wtforms.FieldList):
            for entry in field:
                found |= _fields_with_errors(entry.form)
        elif field.errors:
            found.add(field.id)
    return found


def test_a_number_is_taken_away_by_emptying_it_and_moved_to_the_front_by_a_button() -> None:
    assert typed(phones__0__number="").document()["phones"] == []
    form = typed(phones__1__number="0808 801 0327", phones__1__kind="sms", phones__1__confirmed="y")
    form.first_phone(1)
    assert [(each["number"], each["kind"]) for each in form.document()["phones"]] == [
        ("0808 801 0327", "sms"), ("08088 088 088", "voice"),
    ]  # fmt: skip
    form.first_phone(99)


def test_another_row_is_blank_and_leaves_the_rest() -> None:
    form = typed()
    before = form.document()
    for name in ("phones", "urls", "schedules"):
        form.add_row(name)
    assert form.document() == before
    assert len(form.phones) == 2


def test_a_choice_that_is_not_on_offer_is_refused() -> None:
    assert not typed(kind="castle").validate()
    assert not typed(phones__0__kind="pigeon").validate()
    assert not typed(unconfirmed="the weather").validate()
