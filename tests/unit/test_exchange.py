"""The directory as files: nothing is lost on the way out and in, and no file, whatever it holds, breaks anything."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest
from hsds_files import hsds_file
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st

from outreach.content import importer
from outreach.content.service_files import KINDS
from outreach.directory.publishing import Freshness, publish
from outreach.editing.errors import NeedsSecondPerson
from outreach.exchange import csv_files, exports, hsds, ids, json_files, plan, schema
from outreach.exchange.entries import BadFileError
from outreach.exchange.feed import Feed, Row, Wanted
from outreach.exchange.imports import Import, Imports, NotNowError, Phase
from outreach.model import Phone, Schedule, Service, Url, documents
from outreach.settings import ROOT
from outreach.staff import Role, Staff


@cache
def starter() -> dict[str, dict[str, Any]]:
    return dict(importer.read(ROOT / "content")["service"])


def services() -> list[Service]:
    return [documents.service(document) for document in starter().values()]


def helpline() -> Service:
    return documents.service(starter()["herts-da-helpline"])


class Now:
    """The directory as it is, in memory."""

    def __init__(self, of: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.of = dict(starter() if of is None else of)

    def documents(self, service_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        return {each: self.of[each] for each in service_ids if each in self.of}

    def ids(self) -> list[str]:
        return list(self.of)

    def areas(self) -> set[str]:
        return {area for document in starter().values() for area in document["service_areas"]}


def whole(format: str, of: list[Service]) -> bytes:
    return b"".join(exports.as_json(of) if format == "json" else exports.as_csv(lambda: of))


def problems(data: bytes, format: str = "json", now: Now | None = None) -> str:
    with pytest.raises(BadFileError) as caught:
        plan.make(data, format, "information", now or Now())
    return str(caught.value)


# Out and in


@pytest.mark.parametrize("format", ["json", "csv"])
def test_every_service_of_the_directory_comes_back_as_it_went_out(format: str) -> None:
    _, entries = plan.READERS[format](whole(format, services()), "information")
    assert [documents.service(entry.given) for entry in entries] == services()
    made = plan.make(whole(format, services()), format, "information", Now())
    assert (made.changes, made.unchanged) == ((), 107)


def test_every_service_fits_the_standard() -> None:
    for service in services():
        document = json.loads(json.dumps(hsds.write(service)))
        assert list(schema.problems(document)) == [], service.id
        assert schema.validator().is_valid(document)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_empty_directory_gets_everything_from_a_file(format: str) -> None:
    made = plan.make(whole(format, services()), format, "information", Now({}))
    assert {change.service_id: dict(change.after) for change in made.changes} == starter()


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30).map(str.strip).filter(bool)
MAYBE = st.none() | WORDS
CLOCK = st.from_regex(r"([01][0-9]|2[0-3]):[0-5][0-9]", fullmatch=True)
DAY = st.dates(date(2000, 1, 1), date(2100, 1, 1))
RULE = st.sampled_from([
    "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE",
    "FREQ=MONTHLY;BYDAY=1TU", "FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=12", "FREQ=WEEKLY;COUNT=4;BYDAY=FR",
    "FREQ=WEEKLY;UNTIL=20270101;BYDAY=SA", "BYDAY=MO;FREQ=WEEKLY",
])  # fmt: skip
PHONES = st.builds(
    Phone, number=st.sampled_from(["01923 200000", "999", "0800 1111"]), kind=st.sampled_from(["voice", "sms", "relay"]),
    description=MAYBE, extension=st.none() | st.sampled_from(["12", "012", "x7"]), cost=MAYBE,
    on_bill=st.none() | st.booleans(), confirmed=st.booleans(),
)  # fmt: skip
URLS = st.builds(Url, kind=st.sampled_from(["website", "webchat"]), url=st.sampled_from(["https://a.example", "https://b.example/x"]),
                 confirmed=st.booleans())  # fmt: skip
TIMED = st.builds(
    Schedule, rrule=RULE, opens=CLOCK, closes=CLOCK | st.just("24:00"), valid_from=DAY, valid_to=st.none() | DAY,
    bank_holidays=st.sampled_from(["closed", "open", "as_usual"]), attending_type=st.none() | st.just("phone"),
    description=MAYBE, confirmed=st.booleans(),
)  # fmt: skip
SAID = st.builds(Schedule, description=WORDS, confirmed=st.booleans())
SERVICES = st.builds(
    Service, id=st.from_regex(r"[a-z]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True), organization=WORDS, name=WORDS,
    kind=st.sampled_from(sorted(KINDS)), description=WORDS, status=st.sampled_from(["active", "hold"]), alert=MAYBE,
    eligibility=MAYBE, service_areas=st.lists(WORDS, min_size=1, max_size=3).map(tuple), languages=st.lists(WORDS, max_size=2).map(tuple),
    accessibility=MAYBE, cost=MAYBE, phones=st.lists(PHONES, max_size=3).map(tuple), urls=st.lists(URLS, max_size=3).map(tuple),
    email=st.none() | st.just("a@example.org"), schedules=st.lists(TIMED | SAID, max_size=3).map(tuple), assured_date=st.none() | DAY,
    assurer=MAYBE, staff_notes=MAYBE, source=MAYBE, unconfirmed=st.lists(st.sampled_from(["cost", "email"]), unique=True).map(tuple),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None, phases=[Phase_.generate])
@given(st.lists(SERVICES, min_size=1, max_size=3, unique_by=lambda each: each.id))
def test_whatever_a_service_says_nothing_is_lost(made: list[Service]) -> None:
    _, entries = json_files.read(whole("json", made), "information")
    assert [documents.service(entry.given) for entry in entries] == made
    for service in made:
        assert list(schema.problems(json.loads(json.dumps(hsds.write(service))))) == []
    _, rows = csv_files.read(whole("csv", made), "information")
    back = [documents.service({**documents.to_document(was), **row.given}) for was, row in zip(made, rows)]
    assert [_tidy(each) for each in back] == [_tidy(each) for each in made]


def _tidy(service: Service) -> Service:
    """Where the two differ and mean the same: an empty cell for a default."""
    phones = tuple(replace(each, confirmed=bool(each.confirmed), kind=each.kind or "voice") for each in service.phones)
    schedules = tuple(replace(each, confirmed=bool(each.confirmed)) for each in service.schedules)
    return replace(service, phones=phones, schedules=schedules)


def test_what_is_changed_in_the_standards_own_fields_counts_whatever_an_attribute_remembers() -> None:
    service = replace(services()[0], schedules=(Schedule("FREQ=WEEKLY;BYDAY=MO", "18:00", "00:00", confirmed=True),))
    document = hsds.write(service)
    assert hsds.read(document, service.id, "x") == service
    document["schedules"][0] |= {"byday": "TU", "closes_at": "22:00"}
    read = hsds.read(document, service.id, "x").schedules[0]
    assert (read.rrule, read.closes, read.confirmed) == ("FREQ=WEEKLY;BYDAY=TU", "22:00", True)


def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_guarded_and_comes_back() -> None:
    service = replace(services()[0], description="=HYPERLINK(1)", staff_notes="'quoted", eligibility="-1")
    data = whole("csv", [service])
    assert b",=HYPERLINK" not in data and b"'=HYPERLINK(1)" in data
    _, entries = csv_files.read(data, "information")
    assert documents.service(next(entries).given) == service


def test_what_a_spreadsheet_makes_of_dates_times_and_yes_is_understood() -> None:
    now = Now()
    made = plan.make(
        b"id,assured_date,assurer,schedules.1.rrule,schedules.1.opens,schedules.1.closes,schedules.1.confirmed\r\n"
        b"galop,21/11/2026,Kim,FREQ=DAILY,9:00,17:30:00,TRUE\r\n# end,,,,,,\r\n", "csv", "information", now,
    )  # fmt: skip
    after = made.changes[0].after
    assert after["assured_date"] == "2026-11-21"
    assert (after["schedules"][0]["opens"], after["schedules"][0]["closes"]) == ("09:00", "17:30")
    assert after["schedules"][0]["confirmed"] is True


def test_a_number_that_lost_its_nought_is_named() -> None:
    assert "lost its leading 0" in problems(b"id,phones.1.number\ngalop,8009995428\n# end,\n", "csv")


# From elsewhere


def test_a_service_from_elsewhere_keeps_its_uuid_and_is_known_again() -> None:
    first = plan.make(hsds_file(3), "json", "housing", Now())
    assert (first.added, first.changed) == (3, 0)
    now = Now({**starter(), **{change.service_id: change.after for change in first.changes}})
    assert plan.make(hsds_file(3), "json", "housing", now).unchanged == 3
    given_ids = [each["id"] for each in json.loads(hsds_file(3))]
    assert [ids.service_uuid(change.service_id) for change in first.changes] == given_ids
    assert first.changes[0].after["kind"] == "housing"


def test_numbers_from_elsewhere_are_not_shown_before_somebody_has_confirmed_them() -> None:
    change = plan.make(hsds_file(1), "json", "information", Now()).changes[0]
    assert [phone["confirmed"] for phone in change.after["phones"]] == [False, False]
    assert "phone numbers" in change.because


def test_the_public_list_brought_in_again_takes_no_notes_away() -> None:
    shown = [found.service for service in services() if (found := publish(service, True))]
    data = json.dumps([hsds.write(service, hsds.PUBLIC) for service in shown]).encode()
    made = plan.make(data, "json", "information", Now())
    for change in made.changes:
        assert change.before is not None
        for field in ("staff_notes", "source", "unconfirmed", "kind", "email", "assured_date"):
            assert change.after[field] == change.before[field], (change.service_id, field)
    assert made.added == 0


def test_a_uuid_of_ours_means_our_service_even_without_its_short_name() -> None:
    entry = {"id": ids.service_uuid("galop"), "name": "Galop", "status": "active"}
    made = plan.make(json.dumps([entry]).encode(), "json", "information", Now())
    assert [(change.service_id, change.is_new) for change in made.changes] == [("galop", False)]
    assert [difference.label for difference in made.changes[0].differences] == ["Name"]


def test_an_address_is_left_out_and_that_is_said() -> None:
    entry = json.loads(hsds_file(1))[0]
    address = {"id": entry["id"], "address_1": "1 High Street", "city": "Ware", "state_province": "Herts", "postal_code": "SG12 9AA",
               "country": "GB", "address_type": "physical"}  # fmt: skip
    location = {"id": entry["id"], "location_type": "physical", "addresses": [address]}
    entry["service_at_locations"] = [{"id": entry["id"], "location": location}]
    change = plan.make(json.dumps([entry]).encode(), "json", "information", Now()).changes[0]
    assert change.notes == (json_files.ADDRESS_LEFT_OUT,)
    assert "High Street" not in json.dumps(change.after)


def test_closed_for_good_is_on_hold_here() -> None:
    for status in ("inactive", "defunct", "temporarily closed"):
        entry = {**json.loads(hsds_file(1))[0], "status": status}
        assert plan.make(json.dumps([entry]).encode(), "json", "information", Now()).changes[0].after["status"] == "hold"


def test_a_column_that_is_left_out_stays_and_an_empty_cell_empties() -> None:
    made = plan.make(b"id,alert,eligibility\ngalop,Closed today.,\n# end,,\n", "csv", "information", Now())
    before, after = made.changes[0].before, made.changes[0].after
    assert before is not None
    assert (after["alert"], after["eligibility"]) == ("Closed today.", None)
    assert after["phones"] == before["phones"] and made.changes[0].because == ()


# What is wrong with a file


def changed(change: Callable[[Any], object], services: int = 800, which: int = 699) -> bytes:
    document = json.loads(hsds_file(services))
    change(document[which])
    return json.dumps(document).encode()


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "a number for a text": (lambda each: each["phones"][0].update(number=1), "Entry 700 (Made-up service 699), phones 1, number: text is wanted"),
    "a text for a list": (lambda each: each.update(phones="01923 200000"), "Entry 700 (Made-up service 699), phones: a list is wanted"),
    "a status that is none": (lambda each: each.update(status="open"), "status: must be one of: active, inactive"),
    "no name": (lambda each: each.pop("name"), "Entry 700, name: is missing"),
    "no UUID": (lambda each: each.update(id="x"), "id: a UUID is wanted"),
    "a date that is none": (lambda each: each.update(assured_date="2026-02-30"), "assured_date: a date is wanted"),
    "a time that is none": (lambda each: each["schedules"][0].update(opens_at="9am"), "schedules 1, opens_at: a time is wanted"),
    "a premium number": (lambda each: each["phones"][0].update(number="0906 123 4567"), "begin 09"),
    "an area that is not known": (lambda each: each["service_areas"][0].update(name="Leeds"), "there is no area 'Leeds'"),
    "the same service twice": (lambda each: each.update(id=json.loads(hsds_file(1))[0]["id"]), "stands at Entry 1 already"),
    "a fax": (lambda each: each["phones"][0].update(type="fax"), "must be one of: relay, sms, voice"),
    "an address that is no web address": (lambda each: each.update(url="http://plain.example"), "begins https://"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_what_is_wrong_in_an_entry_is_named_with_its_place(name: str) -> None:
    change, said = WRONG[name]
    found = problems(changed(change))
    assert said in found and "Entry 700" in found


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "a file cut in half": (hsds_file(20)[:5000], "cut off"),
    "Latin-1": ('[{"name": "Réel"}]'.encode("latin-1"), "another encoding than UTF-8"),
    "UTF-16": ('[{"name": "x"}]'.encode("utf-16"), "UTF-16"),
    "a spreadsheet": (b"PK\x03\x04 and so on", "spreadsheet"),
    "words": (b"hello", "not good JSON"),
    "no list": (b"{}", "no list of services"),
    "an empty list": (b"[]", "no service"),
    "nested without end": (b"[" * 100_000, "nested too deeply"),
    "nested too far": (b"[" + b'{"a":' * 60 + b"1" + b"}" * 60 + b"]", "nested too deeply"),
    "not a number": (b'[{"id": NaN}]', "not good JSON"),
    "a number without end": (b'[{"minimum_age": 1e999}]', "not good JSON"),
    "half a character": (b'[{"name": "\\ud800"}]', "no text has"),
    "a page with fewer than it says": (b'{"total_items": 2, "total_pages": 1, "contents": [{}]}', "2 services, but 1"),
    "a name given twice": (b'[{"id": "a", "id": "b"}]', "given twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(UNREADABLE))
def test_a_file_that_cannot_be_read_says_why(name: str) -> None:
    data, said = UNREADABLE[name]
    assert said in problems(data)


TABLES: dict[str, tuple[bytes, str]] = {
    "cut off between two rows": (b"id,name\ngalop,Galop\n", "cut off"),
    "cut off in a row": (b'id,name\ngalop,"Gal', "cut off"),
    "a cell too few": (b"id,name,alert\ngalop,Galop\n# end,,\n", "Row 2: 2 cells where 3 are wanted"),
    "semicolons": (b"id;name\ngalop;Galop\n# end;\n", "separated by commas"),
    "a column that is not known": (b"id,colour\ngalop,red\n# end,\n", "colour"),
    "a column twice": (b"id,name,name\ngalop,a,b\n# end,,\n", "there twice"),
    "no id": (b"name\nGalop\n# end\n", "\u201cid\u201d is missing"),
    "neither true nor false": (b"id,phones.1.number,phones.1.confirmed\ngalop,999,perhaps\n# end,,\n", "Row 2, phones 1 confirmed: true or false"),
    "no services": (b"id\n# end\n", "no service"),
    "a row without an id": (b"id,name\n,Galop\n# end,\n", "Row 2, id: is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_that_cannot_be_read_says_why(name: str) -> None:
    data, said = TABLES[name]
    assert said in problems(data, "csv")


def test_all_that_is_wrong_is_said_at_once() -> None:
    document = json.loads(hsds_file(5))
    document[1]["status"] = "open"
    document[3]["phones"][0]["number"] = "0906 123 4567"
    found = problems(json.dumps(document).encode())
    assert "Entry 2" in found and "Entry 4" in found


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=12,
)  # fmt: skip
FIELDS = ("id", "name", "status", "phones", "schedules", "attributes", "organization", "service_at_locations", "url", "languages")


def _reads_or_refuses(data: bytes, format: str) -> None:
    try:
        plan.make(data, format, "information", Now())
    except BadFileError as error:
        assert error.findings and all(str(each) for each in error.findings)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    for format in plan.READERS:
        _reads_or_refuses(data, format)


@settings(max_examples=200, deadline=None)
@given(st.lists(JUNK | st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=6), max_size=4))
def test_no_json_breaks_the_reader(document: list[Any]) -> None:
    _reads_or_refuses(json.dumps(document).encode(), "json")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_change_to_a_good_file_breaks_the_reader(data: st.DataObject) -> None:
    document = json.loads(json.dumps(hsds.write(data.draw(st.sampled_from(services())))))
    for _ in range(data.draw(st.integers(1, 3))):
        where: Any = document
        while isinstance(where, (dict, list)) and where:
            key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else list(range(len(where)))))
            if not isinstance(where[key], (dict, list)) or not where[key] or data.draw(st.integers(0, 4)) == 0:
                where[key] = data.draw(JUNK)
                break
            where = where[key]
    _reads_or_refuses(json.dumps([document]).encode(), "json")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text(max_size=8) | st.sampled_from(["galop", "# end", "true"]), max_size=5), max_size=5))
def test_no_table_breaks_the_reader(cells: list[list[str]]) -> None:
    header = "id,name,phones.1.number,schedules.1.rrule,assured_date\n"
    rows = "\n".join(",".join(row) for row in cells)
    _reads_or_refuses(f"{header}{rows}\n# end,,,,\n".encode("utf-8", "replace"), "csv")


# Looked at, confirmed, done

PUBLISHER = Staff("p", "Pat", frozenset({Role.PUBLISHER}))
OTHER = Staff("o", "Oz", frozenset({Role.PUBLISHER}))
MANAGER = Staff("m", "Mo", frozenset({Role.MANAGER}))
EDITOR = Staff("e", "Ed", frozenset({Role.EDITOR}))
CHANGE = b"id,eligibility\ngalop,anybody\n# end,\n"


class Editing:
    """Takes documents into a directory in memory."""

    def __init__(self, now: Now) -> None:
        self.now = now
        self.breaks: Exception | None = None

    def take_in(self, by: Staff, confirmed_by: Staff | None, documents: Any, note: str, went_on: Any = lambda _: None) -> int:
        taken = {}
        for done, document in enumerate(documents, 1):
            taken[document["id"]] = document
            went_on(done)
        if self.breaks:
            raise self.breaks
        self.now.of.update(taken)
        return len(taken)


class Recorded(list):  # type: ignore[type-arg]
    def record(self, by: str, action: str, subject: str, before: Any = None, after: Any = None, *, connection: Any = None) -> None:
        self.append((by, action, after))


class Desk:
    def __init__(self, wait: bool = False) -> None:
        self.now, self.audit, self.works = Now(), Recorded(), []  # type: list[Any], Any, Any
        self.editing = Editing(self.now)
        self.time = datetime(2026, 11, 21, 9, tzinfo=timezone.utc)
        start = self.works.append if wait else lambda work: work()
        self.imports = Imports(self.now, lambda _: self.editing, self.audit, lambda: self.time, start)

    def begin(self, data: bytes = CHANGE, name: str = "services.csv", by: Staff = PUBLISHER) -> Import:
        return self.imports.begin(by, name, data, "information")


def test_what_is_small_is_put_in_place_by_whoever_brought_it() -> None:
    desk = Desk()
    job = desk.begin()
    assert job.phase is Phase.READY and not job.needs_second
    desk.imports.apply(job, PUBLISHER)
    assert job.phase is Phase.DONE and desk.now.of["galop"]["eligibility"] == "anybody"
    assert [(by, action) for by, action, _ in desk.audit] == [("p", "exchange.checked"), ("p", "exchange.imported")]


def test_numbers_need_somebody_else() -> None:
    desk = Desk()
    job = desk.begin(hsds_file(2), "many.json")
    for attempt in (PUBLISHER, OTHER, MANAGER):
        with pytest.raises(NotNowError):
            desk.imports.apply(job, attempt)
    desk.imports.ask(job, PUBLISHER)
    for attempt in (PUBLISHER, EDITOR):
        with pytest.raises(NotNowError):
            desk.imports.apply(job, attempt)
    desk.imports.apply(job, MANAGER)
    assert job.phase is Phase.DONE and job.confirmed_by is MANAGER


def test_an_import_is_seen_by_its_owner_and_once_asked_by_those_who_can_confirm_it() -> None:
    desk = Desk()
    job = desk.begin(hsds_file(2), "many.json")
    seen = {staff.id for staff in (PUBLISHER, OTHER, MANAGER, EDITOR) if desk.imports.find(job.id, staff)}
    assert seen == {"p"}
    desk.imports.ask(job, PUBLISHER)
    seen = {staff.id for staff in (PUBLISHER, OTHER, MANAGER, EDITOR) if desk.imports.find(job.id, staff)}
    assert seen == {"p", "o", "m"}


def test_only_a_publisher_brings_a_file_in() -> None:
    with pytest.raises(NotNowError):
        Desk().begin(by=MANAGER)


def test_what_changed_meanwhile_stops_it() -> None:
    desk = Desk()
    job = desk.begin()
    desk.now.of["galop"] = {**desk.now.of["galop"], "alert": "Closed today."}
    desk.imports.apply(job, PUBLISHER)
    assert job.phase is Phase.FAILED and "changed by somebody else" in job.message
    assert desk.now.of["galop"]["alert"] == "Closed today." and desk.now.of["galop"]["eligibility"] != "anybody"


@pytest.mark.parametrize("error", [NeedsSecondPerson(["phone numbers"]), RuntimeError("the database is gone")])
def test_what_fails_says_so_and_changes_nothing(error: Exception) -> None:
    desk = Desk()
    job = desk.begin()
    desk.editing.breaks = error
    desk.imports.apply(job, PUBLISHER)
    assert job.phase is Phase.FAILED and "changed" in job.message and "database" not in job.message
    assert [action for _, action, _ in desk.audit] == ["exchange.checked"]


def test_an_import_is_not_put_in_place_twice() -> None:
    desk = Desk()
    job = desk.begin()
    desk.imports.apply(job, PUBLISHER)
    with pytest.raises(NotNowError):
        desk.imports.apply(job, PUBLISHER)


def test_progress_is_told_while_it_reads() -> None:
    desk = Desk(wait=True)
    job = desk.begin(hsds_file(50), "many.json")
    assert job.is_under_way and job.total == 0
    desk.works.pop()()
    assert (job.done, job.total, job.phase) == (100, 100, Phase.READY)


def test_what_a_page_shows_of_an_import_does_not_change_while_it_is_drawn() -> None:
    job = Import("id", PUBLISHER, "json", datetime(2026, 3, 2, 9, tzinfo=timezone.utc))
    shown = job.as_it_is()
    job.phase, job.done = Phase.READY, 7
    assert (shown.phase, shown.done) == (Phase.READING, 0)


def test_a_file_that_waits_too_long_is_forgotten() -> None:
    desk = Desk()
    job = desk.begin()
    desk.time += timedelta(hours=25)
    assert desk.imports.find(job.id, PUBLISHER) is None


def test_there_is_an_end_to_how_many_wait() -> None:
    desk = Desk()
    jobs = [desk.begin() for _ in range(10)]
    with pytest.raises(NotNowError):
        desk.begin()
    desk.imports.drop(jobs[0])
    desk.begin()


def test_the_file_itself_is_not_kept() -> None:
    desk = Desk()
    job = desk.begin(b"id,eligibility\ngalop,anybody\n# end,\n")
    assert not [value for value in vars(job).values() if isinstance(value, (bytes, bytearray))]


# The public list


class InMemory:
    def __init__(self, of: list[Service]) -> None:
        self.of = {each.id: each for each in of}
        self.number = 1
        self.counted = 0

    def revision(self) -> int:
        return self.number

    def _fit(self, wanted: Wanted) -> list[Service]:
        return [each for each in self.of.values() if each.status == "active" and "all" not in each.unconfirmed]

    def count(self, wanted: Wanted) -> int:
        self.counted += 1
        return len(self._fit(wanted))

    def page(self, wanted: Wanted, offset: int, limit: int) -> list[Row]:
        return [Row(each, None) for each in self._fit(wanted)[offset : offset + limit]]

    def rows(self, service_ids: Iterable[str]) -> list[Row]:
        return [Row(self.of[each], None) for each in service_ids if each in self.of]

    def name_of(self, uuid: str) -> str | None:
        return next((name for name in self.of if ids.service_uuid(name) == uuid), None)


class Shown:
    def __init__(self, freshness: Freshness) -> None:
        self.freshness, self.today = freshness, datetime(2026, 11, 21, tzinfo=timezone.utc)

    def now(self) -> datetime:
        return self.today

    def shown(self, service: Service | None) -> Any:
        return publish(service, True, self.freshness, self.today.date())


def feed(*of: Service) -> Feed:
    freshness = Freshness(90)
    return Feed(InMemory(list(of) or services()), Shown(freshness), True, freshness)


def test_the_count_is_made_once_for_each_change() -> None:
    rows, freshness = InMemory(services()), Freshness(90)
    made = Feed(rows, Shown(freshness), True, freshness)
    assert made.page(1, 10)["total_items"] == made.page(2, 10)["total_items"]
    assert rows.counted == 1
    rows.number += 1
    made.page(1, 10)
    assert rows.counted == 2


def test_the_tag_changes_with_the_content_and_with_the_day() -> None:
    rows, freshness = InMemory(services()), Freshness(90)
    shown = Shown(freshness)
    made = Feed(rows, shown, True, freshness)
    first = made.tag("x")
    assert first == made.tag("x") != made.tag("y")
    rows.number += 1
    second = made.tag("x")
    shown.today += timedelta(days=1)
    assert len({first, second, made.tag("x")}) == 3


def test_an_old_check_is_marked_in_the_public_list() -> None:
    old = replace(helpline(), assured_date=date(2026, 1, 1), assurer="Kim")
    document = feed(old).service(old.id)
    assert document is not None and document["assured_date"] == "2026-01-01"
    assert "check_due" in [each["taxonomy_term"]["code"] for each in document["attributes"]]
    assert "Kim" not in json.dumps(document)


def test_what_nobody_confirmed_is_not_in_the_public_list() -> None:
    service = replace(
        helpline(), staff_notes="secret words", unconfirmed=("eligibility", "schedules"), eligibility="hidden words",
        phones=(Phone("01923 200000", confirmed=True), Phone("01923 200007", confirmed=False)),
    )  # fmt: skip
    text = json.dumps(feed(service).service(service.id))
    assert "01923 200000" in text
    for hidden in ("01923 200007", "secret words", "hidden words", "opens_at", "unconfirmed"):
        assert hidden not in text
