"""Staff choose which services an answer offers: it is in the next answer, nobody is left with nothing, and all can be undone."""
from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from consoles import Console, Staffer
from webforms import fields_of

from outreach.adapters.audit_log import Wanted
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.content.importer import import_content
from outreach.directory.directory import Directory
from outreach.settings import ROOT

PETS = "/signposting/ask_pets"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console of these tests' own, because they change the directory."""
    console = Console(tmp_path_factory.mktemp("signposting")).start()
    yield console
    console.stop()


@pytest.fixture(scope="module")
def publisher(desk: Console) -> Staffer:
    return desk.signed_in("publisher", name="Pat")


def offered(desk: Console, topic: str, district: str | None = None) -> list[str]:
    """What the assistant's next answer shows."""
    return [each.id for each in Directory(DirectoryRepository(desk.engine), show_unchecked=True).signposts(topic, district)]


def listed(desk: Console, topic: str) -> list[str]:
    found = DirectoryRepository(desk.engine).topic(topic)
    assert found
    return list(found.services)


def send(staffer: Staffer, path: str, **changed: Any) -> httpx.Response:
    """Send the page's form as it stands, with some of it changed."""
    return staffer.post(path, {**fields_of(staffer.get(path).text, path), **changed})


def last(listed: list[str]) -> dict[str, str]:
    """The last service comes first."""
    return {f"place-{each}": str(number + 2) for number, each in enumerate(listed[:-1])} | {f"place-{listed[-1]}": "1"}


def test_another_order_is_in_the_next_answer_and_in_the_audit_and_can_be_put_back(desk: Console, publisher: Staffer) -> None:
    before = listed(desk, "ask_pets")
    assert len(before) > 1
    assert send(publisher, PETS, **last(before)).status_code == 303
    after = [before[-1], *before[:-1]]
    assert listed(desk, "ask_pets") == after and offered(desk, "ask_pets")[0] == after[0]
    page = publisher.get(PETS).text
    assert "Until" in page and "Pat changed it" in page
    assert publisher.post(f"{PETS}/put-back", fields_of(page, f"{PETS}/put-back")).status_code == 303
    assert listed(desk, "ask_pets") == before
    rows, count = desk.audit.page(Wanted(action="signposting.changed", subject="ask_pets"), 0, 10)
    assert count == 2 and all(row.by == publisher.id for row in rows)
    assert desk.audit.verify().problem == ""


def test_a_service_is_added_by_its_name_and_taken_off_again(desk: Console, publisher: Staffer) -> None:
    before = listed(desk, "ask_workplace")
    path = "/signposting/ask_workplace"
    assert "samaritans" not in before
    assert send(publisher, path, add="samaritans").status_code == 303
    assert listed(desk, "ask_workplace") == [*before, "samaritans"]
    assert 'href="/signposting/ask_workplace"' in publisher.get("/services/samaritans").text
    assert send(publisher, path, **{"place-samaritans": ""}).status_code == 303
    assert listed(desk, "ask_workplace") == before


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"add": "no such thing anywhere"}, "no service is found"), ({"add": "outreach"}, "several services fit"),
     ({"place-{first}": "soon"}, "a whole number"), ({"place-{first}": "-1"}, "a whole number"), ({"add": "{first}"}, "twice")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_lost(
    desk: Console, publisher: Staffer, changed: dict[str, str], says: str
) -> None:
    before = listed(desk, "ask_pets")
    filled = {name.format(first=before[0]): value.format(first=before[0]) for name, value in changed.items()}
    answer = send(publisher, PETS, **filled)
    assert answer.status_code == 422 and says in html.unescape(answer.text)
    again = fields_of(answer.text, PETS)
    assert {name: again[name] for name in filled} == filled, "what was typed is kept"
    assert listed(desk, "ask_pets") == before


def test_nobody_is_left_with_nothing(desk: Console, publisher: Staffer) -> None:
    path, before = "/signposting/ask_outreach", listed(desk, "ask_outreach")
    local = [each for each in before if each.startswith("outreach-")]
    assert local and offered(desk, "ask_outreach")
    kept = {f"place-{each}": "1" if each == local[0] else "" for each in before}
    answer = send(publisher, path, **kept)
    assert answer.status_code == 422 and "would be offered nothing" in answer.text
    assert send(publisher, path, **{f"place-{each}": "" for each in before}).status_code == 422
    assert listed(desk, "ask_outreach") == before


def test_help_for_people_who_harm_stands_alone(desk: Console, publisher: Staffer) -> None:
    perpetrators = listed(desk, "ask_perpetrator_help")
    answer = send(publisher, PETS, add=perpetrators[0])
    assert answer.status_code == 422 and "never stands beside" in answer.text
    answer = send(publisher, "/signposting/ask_perpetrator_help", add="samaritans")
    assert answer.status_code == 422 and "never stands beside" in answer.text
    assert listed(desk, "ask_perpetrator_help") == perpetrators


@pytest.mark.parametrize("topic", ["immediate_danger", "child_at_risk", "suicidal_or_self_harm"])
def test_what_is_offered_in_danger_cannot_be_changed(desk: Console, publisher: Staffer, topic: str) -> None:
    before, page = listed(desk, topic), publisher.get(f"/signposting/{topic}").text
    assert "This list is fixed" in page and f'action="/signposting/{topic}"' not in page
    assert publisher.post(f"/signposting/{topic}", {"seen": ",".join(before), "add": "galop"}).status_code == 403
    assert listed(desk, topic) == before


def test_two_who_change_the_same_list_see_both(desk: Console, publisher: Staffer) -> None:
    before, path = listed(desk, "ask_money_benefits"), "/signposting/ask_money_benefits"
    stale = fields_of(publisher.get(path).text, path)
    assert send(publisher, path, **last(before)).status_code == 303
    theirs = listed(desk, "ask_money_benefits")
    answer = publisher.post(path, {**stale, "add": "samaritans"})
    assert answer.status_code == 409
    assert "Somebody else changed this list" in answer.text and re.search(r"Your list was: .*Samaritans", answer.text)
    assert fields_of(answer.text, path)["seen"] == ",".join(theirs) and listed(desk, "ask_money_benefits") == theirs


def test_an_editor_reads_and_changes_nothing(desk: Console) -> None:
    editor, before = desk.signed_in("editor"), listed(desk, "ask_pets")
    page = editor.get(PETS).text
    assert 'name="add"' not in page and "Who is shown what now" in page
    assert editor.post(PETS, {"seen": ",".join(before), "add": "galop"}).status_code == 403
    assert listed(desk, "ask_pets") == before
    assert editor.get("/signposting/no-such-answer").status_code == 404


def test_the_files_do_not_take_back_what_staff_changed(desk: Console, publisher: Staffer) -> None:
    before = listed(desk, "ask_evidence")
    send(publisher, "/signposting/ask_evidence", **last(before))
    changed = listed(desk, "ask_evidence")
    import_content(ROOT / "content", desk.engine)
    assert listed(desk, "ask_evidence") == changed != before
