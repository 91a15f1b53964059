"""The starter content as it stands: nothing that should be hidden can be seen, and every promise has its service."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest

from outreach.content import importer
from outreach.directory import numbers
from outreach.directory.hours import opening
from outreach.directory.publishing import publish
from outreach.model import documents
from outreach.settings import ROOT
from outreach.understanding.catalogue import FEELINGS, PEOPLE, SAFETY, TOPICS

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
CONTENT = importer.read(ROOT / "content")
SERVICES = {key: documents.service(document) for key, document in CONTENT["service"].items()}
SHOWN = {key: shown for key, service in SERVICES.items() if (shown := publish(service, True))}


def test_everything_is_there() -> None:
    assert len(SERVICES) == 107
    assert sum(service.status == "hold" for service in SERVICES.values()) == 28
    assert len(CONTENT["district"]) == 10
    assert len(CONTENT["outreach_area"]) == 5
    assert len(CONTENT["place"]) >= 307


@pytest.mark.parametrize("key", ["outreach-countywide", "beacon", "herts-sarc", "sahwr", "chrysalis-centre", "herts-idva"])
def test_what_is_on_hold_is_not_shown(key: str) -> None:
    assert key in SERVICES
    assert key not in SHOWN


def test_nothing_is_marked_as_checked_before_anybody_has() -> None:
    assert not [key for key, service in SERVICES.items() if service.assured_date]


def test_no_premium_number_is_anywhere() -> None:
    for table, rows in CONTENT.items():
        for key, document in rows.items():
            assert not numbers.names_premium(str(document)), (table, key)
    for service in SERVICES.values():
        assert [numbers.problem(phone.number) for phone in service.phones] == [None] * len(service.phones)


def test_the_helpline_is_written_one_way() -> None:
    assert SHOWN["herts-da-helpline"].phone == "08088 088 088"
    same = {phone.number for service in SERVICES.values() for phone in service.phones
            if numbers.digits(phone.number) == "08088088088"}  # fmt: skip
    assert same == {"08088 088 088"}


def test_numbers_that_show_on_a_bill_say_so() -> None:
    for service in SERVICES.values():
        for phone in service.phones:
            if re.match(r"0[123]", numbers.digits(phone.number)):
                assert phone.on_bill is True, service.id


def test_the_public_fields_hold_no_words_for_staff() -> None:
    hint = re.compile(r"\bmemory\b|\bcheck\b|CONFLICT|\bsource\b|\bTODO\b", re.IGNORECASE)
    for service in SHOWN.values():
        shown = service.service
        words = [shown.name, shown.description, shown.eligibility, shown.accessibility, shown.cost, shown.alert]
        words += [schedule.description for schedule in shown.schedules] + [phone.description for phone in shown.phones]
        assert not [each for each in words if each and hint.search(each)], service.id


def test_hours_from_memory_are_not_shown() -> None:
    for key in ("mens-advice-line", "respect-phoneline", "shelter", "police-101", "civil-legal-advice"):
        assert opening(SHOWN[key].service.schedules, NOON).text == "", key
        assert SERVICES[key].schedules, f"{key}: kept for staff to confirm"


def test_what_reads_as_always_open_was_seen_to_be() -> None:
    always = {key for key, service in SHOWN.items() if service.opening(NOON).text.startswith("Open 24")}
    assert {"emergency-999", "ndah", "samaritans", "childline", "rape-crisis-247", "safer-places", "hpft-crisis"} <= always
    assert "herts-da-helpline" not in always
    assert "hourglass" not in always


def test_every_topic_of_the_catalogue_that_needs_services_has_some() -> None:
    wanted = {*SAFETY, *TOPICS, *PEOPLE, *FEELINGS} - {"quick_exit"}
    assert wanted <= set(CONTENT["topic"])


def test_each_outreach_area_has_two_districts_and_a_team() -> None:
    areas = [district["outreach_area"] for district in CONTENT["district"].values()]
    assert {areas.count(area) for area in CONTENT["outreach_area"]} == {2}
    assert all(area["team"] in SERVICES for area in CONTENT["outreach_area"].values())
