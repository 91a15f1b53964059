"""Staff correct services over HTTP: what is typed is kept, what is wrong is named, and nothing goes out unseen."""
from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from consoles import Console, Staffer
from webforms import fields_of

from outreach.adapters import database
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.adapters.service_versions import service_version
from outreach.editing.versions import State

LONDON = ZoneInfo("Europe/London")
OTHER_NUMBER = "0808 801 0327"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console of these tests' own, because they change the directory."""
    console = Console(tmp_path_factory.mktemp("directory")).start()
    yield console
    console.stop()


@pytest.fixture(scope="module")
def editor(desk: Console) -> Staffer:
    return desk.signed_in("editor", name="Edith")


@pytest.fixture(scope="module")
def publisher(desk: Console) -> Staffer:
    return desk.signed_in("publisher", name="Pat")


@pytest.fixture(scope="module")
def other(desk: Console) -> Staffer:
    return desk.signed_in("publisher", "editor", name="Priya")


def live(desk: Console, service_id: str) -> dict[str, Any]:
    with desk.engine.connect() as connection:
        table = database.service
        return dict(connection.execute(sa.select(table.c.document).where(table.c.key == service_id)).one().document)


def form(staffer: Staffer, service_id: str) -> dict[str, Any]:
    """The form as it stands when it is opened."""
    path = f"/services/{service_id}/edit"
    return fields_of(staffer.get(path).text, path)


def send(staffer: Staffer, service_id: str, fields: dict[str, Any], do: str) -> httpx.Response:
    return staffer.post(f"/services/{service_id}/edit", {**fields, "do": do})


def notice(response: httpx.Response) -> str:
    found = re.search(r'role="status"><p>(.*?)</p>', response.text)
    return html.unescape(found[1]) if found else ""


def waiting(staffer: Staffer, service_id: str, action: str) -> dict[str, Any]:
    path = f"/services/{service_id}/{action}"
    return fields_of(staffer.get(f"/services/{service_id}").text, path)


def do(staffer: Staffer, service_id: str, action: str, **more: Any) -> httpx.Response:
    """Press a button on the service's page, with what its form holds."""
    return staffer.post(f"/services/{service_id}/{action}", {**waiting(staffer, service_id, action), **more})


def said(staffer: Staffer, response: httpx.Response) -> str:
    assert response.status_code == 303, (response.status_code, response.text[-2000:])
    return notice(staffer.get(response.headers["location"]))


def test_a_publisher_corrects_hours_and_they_are_public_at_once(desk: Console, publisher: Staffer) -> None:
    fields = {**form(publisher, "ndah"), "schedules-0-su_closes": "10pm", "schedules-0-su_opens": "8"}
    assert "next answer" in said(publisher, send(publisher, "ndah", fields, "publish"))
    service = DirectoryRepository(desk.engine).service("ndah")
    assert service is not None
    assert ("FREQ=WEEKLY;BYDAY=SU", "08:00", "22:00") in [(each.rrule, each.opens, each.closes) for each in service.schedules]
    assert "Sunday, 8am to 10pm" in publisher.get("/services/ndah").text


def test_an_editor_drafts_and_a_publisher_publishes(desk: Console, editor: Staffer, publisher: Staffer) -> None:
    fields = {**form(editor, "galop"), "description": "New words for this."}
    assert "waits for a second person" in said(editor, send(editor, "galop", fields, "submit"))
    assert live(desk, "galop")["description"] != "New words for this."
    assert 'action="/services/galop/publish"' not in editor.get("/services/galop").text
    page = publisher.get("/services/galop").text
    assert "<ins>New words for this.</ins>" in page and "Edith" in page
    assert "Galop" in publisher.get("/services/queue").text
    assert "next answer" in said(publisher, do(publisher, "galop", "publish"))
    assert live(desk, "galop")["description"] == "New words for this."


def test_the_button_to_publish_is_of_no_use_to_an_editor(desk: Console, editor: Staffer) -> None:
    fields = {**form(editor, "childline"), "description": "By an editor."}
    assert "draft" in said(editor, send(editor, "childline", fields, "publish"))
    number = waiting(editor, "childline", "submit")["number"]
    assert editor.post("/services/childline/publish", {"number": number, "seen_live": "1"}).status_code == 403
    assert live(desk, "childline")["description"] != "By an editor."


def test_a_publishers_own_number_waits_for_somebody_else(desk: Console, publisher: Staffer, other: Staffer) -> None:
    fields = {**form(publisher, "mankind"), "phones-0-number": OTHER_NUMBER}
    assert "a second person has to look at it" in said(publisher, send(publisher, "mankind", fields, "publish"))
    page = publisher.get("/services/mankind").text
    assert "You had a hand in it" in page and 'action="/services/mankind/publish"' not in page
    number = re.search(r'name="number" value="(\d+)"', page)
    assert number
    answer = publisher.post("/services/mankind/publish", {"number": number[1], "seen_live": "1"})
    assert "second person" in said(publisher, answer)
    assert live(desk, "mankind")["phones"][0]["number"] != OTHER_NUMBER
    do(other, "mankind", "publish")
    assert live(desk, "mankind")["phones"][0]["number"] == OTHER_NUMBER


@pytest.mark.parametrize(
    ("number", "says"),
    [("09088 088 088", "premium rate"), ("0808 808 808", "misprint"), ("0808 808 8808", "misprint"), ("12", "ot a valid"),
     ("ring us", "digits")],
)  # fmt: skip
def test_a_wrong_number_is_refused_beside_its_field_with_what_was_typed(publisher: Staffer, number: str, says: str) -> None:
    fields = {**form(publisher, "herts-da-helpline"), "phones-0-number": number, "description": "Typed as well."}
    answer = send(publisher, "herts-da-helpline", fields, "publish")
    assert answer.status_code == 422
    assert f'value="{number}"' in answer.text and "Typed as well." in answer.text
    summary, error = (re.search(pattern, answer.text) for pattern in (r'href="#phones-0-number">(.*?)</a>',
                                                                      r'id="phones-0-number-error">(.*?)</p>'))  # fmt: skip
    assert summary and error and says in summary[1] and says in error[1]
    assert 'aria-describedby="phones-0-number-error"' in answer.text


def test_two_editors_in_conflict_see_both_and_lose_nothing(desk: Console, editor: Staffer, other: Staffer) -> None:
    first, second = form(editor, "respect-phoneline"), form(other, "respect-phoneline")
    send(editor, "respect-phoneline", {**first, "description": "What Edith wrote."}, "save")
    answer = send(other, "respect-phoneline", {**second, "description": "What Priya wrote.", "alert": "Also typed."}, "save")
    assert answer.status_code == 409
    assert "<del>What Edith wrote.</del>" in answer.text and "<ins>What Priya wrote.</ins>" in answer.text
    again = fields_of(answer.text, "/services/respect-phoneline/edit")
    assert (again["description"], again["alert"]) == ("What Priya wrote.", "Also typed.")
    assert send(other, "respect-phoneline", again, "save").status_code == 303
    page = html.unescape(editor.get("/services/respect-phoneline").text)
    assert "What Priya wrote." in page
    assert "What Edith wrote." in editor.get("/services/respect-phoneline/versions/2").text


def test_going_back_is_one_click(desk: Console, publisher: Staffer) -> None:
    before = live(desk, "samaritans")
    send(publisher, "samaritans", {**form(publisher, "samaritans"), "description": "A mistake."}, "publish")
    assert live(desk, "samaritans")["description"] == "A mistake."
    assert "Back to version 1" in said(publisher, do(publisher, "samaritans", "roll-back"))
    assert live(desk, "samaritans") == before


def test_withdrawing_wants_a_reason_and_is_at_once(desk: Console, publisher: Staffer, editor: Staffer) -> None:
    empty = publisher.post("/services/safer-places/withdraw", {"reason": " "})
    assert empty.status_code == 422 and 'id="reason-error"' in empty.text
    assert editor.post("/services/safer-places/withdraw", {"reason": "because"}).status_code == 403
    assert "no longer shows it" in said(publisher, publisher.post("/services/safer-places/withdraw", {"reason": "Number taken over."}))
    assert live(desk, "safer-places")["status"] == "hold"
    assert any("Number taken over." in publisher.get(f"/services/queue?what=hold&page={page}").text for page in (1, 2))
    assert "Number taken over." in editor.get("/services/safer-places").text
    # Whoever withdrew it does not put it back alone.
    back = said(publisher, publisher.post("/services/safer-places/roll-back", {"number": "1"}))
    assert "second person" in back and live(desk, "safer-places")["status"] == "hold"


def test_a_check_is_recorded_with_who_and_when(desk: Console, editor: Staffer) -> None:
    assert 'aria-current="page"' in editor.get("/services/queue?what=never").text
    assert "Thank you" in said(editor, do(editor, "rights-of-women", "check", way="phone", check_note="the duty worker"))
    today = datetime.now(LONDON).date().isoformat()
    document = live(desk, "rights-of-women")
    assert (document["assured_date"], document["assurer"]) == (today, "Edith")
    assert "Checked by phone. the duty worker" in editor.get("/services/rights-of-women").text
    missing = editor.post("/services/rights-of-women/check", {})
    assert missing.status_code == 422 and "say how you checked" in missing.text


def test_what_changed_while_somebody_rang_is_not_said_to_be_checked(desk: Console, editor: Staffer, publisher: Staffer) -> None:
    before = waiting(editor, "mens-advice-line", "check")
    send(publisher, "mens-advice-line", {**form(publisher, "mens-advice-line"), "description": "A new number from Monday."}, "publish")
    typed = {**before, "way": "phone", "check_note": "the duty worker"}
    answer = editor.post("/services/mens-advice-line/check", typed)
    assert answer.status_code == 409 and "changed while you had this page open" in html.unescape(answer.text)
    assert "A new number from Monday." in answer.text and 'value="the duty worker"' in answer.text
    assert live(desk, "mens-advice-line")["assured_date"] is None
    # Whoever has seen it now, and made sure of it, says so with the same button.
    again = fields_of(answer.text, "/services/mens-advice-line/check")
    assert again["way"] == "phone" and "Thank you" in said(editor, editor.post("/services/mens-advice-line/check", again))


def test_what_is_due_is_listed_oldest_first(desk: Console, editor: Staffer) -> None:
    with database.writing(desk.engine) as connection:
        table = database.service
        for key, day in (("shelter", "2020-01-01"), ("nspcc", "2019-01-01")):
            row = connection.execute(sa.select(table.c.document).where(table.c.key == key)).first()
            if row:
                document = {**row.document, "assured_date": day, "assurer": "Somebody"}
                values = {"document": document, "assured_date": datetime.fromisoformat(day).date()}
                connection.execute(sa.update(table).where(table.c.key == key).values(**values))
        database.content_changed(connection)
    page = editor.get("/services/queue?what=due").text
    listed = re.findall(r'<th scope="row"><a href="/services/([\w-]+)"', page)
    assert listed == [key for key in ("nspcc", "shelter") if key in listed] and listed
    assert "Due to be checked" in editor.get(f"/services/{listed[0]}").text


def test_scheduling_is_for_a_time_to_come_and_the_console_publishes_it(desk: Console, editor: Staffer, publisher: Staffer) -> None:
    send(editor, "sea-financial-support-line", {**form(editor, "sea-financial-support-line"), "description": "For later."}, "submit")
    past = do(publisher, "sea-financial-support-line", "schedule", publish_at="2020-01-01T09:00")
    assert past.status_code == 422 and "still to come" in past.text and "2020-01-01T09:00" in past.text
    garbage = do(publisher, "sea-financial-support-line", "schedule", publish_at="soon")
    assert garbage.status_code == 422 and 'id="publish_at-error"' in garbage.text
    later = f"{datetime.now(LONDON) + timedelta(days=2):%Y-%m-%d}T12:00"
    assert "Approved" in said(publisher, do(publisher, "sea-financial-support-line", "schedule", publish_at=later))
    assert live(desk, "sea-financial-support-line")["description"] != "For later."
    # Two days go by.
    scheduled = service_version.c.state == State.SCHEDULED.value
    with desk.engine.begin() as connection:
        at = connection.execute(sa.select(service_version.c.publish_at).where(scheduled)).scalar_one()
        connection.execute(sa.update(service_version).where(scheduled).values(publish_at=at - timedelta(days=3)))
    until = time.monotonic() + 60
    while live(desk, "sea-financial-support-line")["description"] != "For later.":
        assert time.monotonic() < until, "it was never published"
        time.sleep(0.3)


def test_looking_keeps_nothing_and_shows_web_text_and_segments(desk: Console, editor: Staffer) -> None:
    before = live(desk, "galop")
    answer = send(editor, "galop", {**form(editor, "galop"), "name": "Galop with another name"}, "look")
    assert answer.status_code == 200
    assert "Nothing is saved yet" in answer.text and answer.text.count("Galop with another name") >= 3
    assert re.search(r"By text, [12] segments?", answer.text)
    assert live(desk, "galop") == before


def test_rows_are_added_and_moved_without_script(editor: Staffer) -> None:
    added = send(editor, "galop", form(editor, "galop"), "add-phones")
    fields = fields_of(added.text, "/services/galop/edit")
    last = max(int(name.split("-")[1]) for name in fields if name.startswith("phones-"))
    fields[f"phones-{last}-number"] = OTHER_NUMBER
    moved = fields_of(send(editor, "galop", fields, f"first-{last}").text, "/services/galop/edit")
    assert moved["phones-0-number"] == OTHER_NUMBER


def test_a_new_service_is_drafted_reviewed_and_found(desk: Console, editor: Staffer, publisher: Staffer) -> None:
    fields = fields_of(editor.get("/services/new").text, "/services/new")
    wrong = editor.post("/services/new", {**fields, "do": "submit", "id": "New Line!", "name": "A new line"})
    assert wrong.status_code == 422 and 'id="id-error"' in wrong.text and 'id="service_areas-error"' in wrong.text
    fields |= {"id": "a-new-line", "name": "A new line", "organization": "New", "description": "Listens.", "status": "active",
               "service_areas": ["Watford"], "phones-0-number": OTHER_NUMBER, "phones-0-confirmed": "y"}  # fmt: skip
    assert "waits" in said(editor, editor.post("/services/new", {**fields, "do": "submit"}))
    assert "A new line" not in publisher.get("/services?text=new+line").text.split("<table")[-1]
    do(publisher, "a-new-line", "publish")
    assert "A new line" in publisher.get("/services?text=08088010327&area=Watford&status=active").text
    taken = editor.post("/services/new", {**fields, "do": "save"})
    assert taken.status_code == 422 and "already" in taken.text
    for reserved in ("new", "queue"):
        assert editor.post("/services/new", {**fields, "id": reserved, "do": "save"}).status_code == 422


def test_putting_aside_keeps_it_in_the_history(editor: Staffer, publisher: Staffer) -> None:
    send(editor, "citizens-advice", {**form(editor, "citizens-advice"), "description": "Not good enough."}, "submit")
    assert "Put aside" in said(publisher, do(publisher, "citizens-advice", "put-aside", note="Too long."))
    page = html.unescape(editor.get("/services/citizens-advice").text)
    assert "“Too long.”" in page and "Not used" in page
    again = editor.post("/services/citizens-advice/roll-back", {"number": "2"})
    assert "draft" in said(editor, again)


def test_every_step_is_in_the_audit_by_id_and_without_notes(desk: Console, editor: Staffer, publisher: Staffer) -> None:
    send(editor, "crimestoppers", {**form(editor, "crimestoppers"), "description": "Said anew.", "note": "Mrs Example rang"}, "submit")
    do(publisher, "crimestoppers", "publish")
    with desk.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT action, subject, before, after, \"by\" FROM audit WHERE subject = 'crimestoppers'")).all()
    assert [(row.action, row.by) for row in rows] == [
        ("service.drafted", editor.id), ("service.submitted", editor.id), ("service.published", publisher.id),
    ]  # fmt: skip
    assert json.loads(rows[-1].after)["changes"] == {"description": "Said anew."}
    assert "Mrs Example" not in str(rows)


@pytest.mark.parametrize("role", ["caseworker", "auditor"])
def test_other_roles_see_no_directory(desk: Console, role: str) -> None:
    staffer = desk.signed_in(role, areas=["Watford and Three Rivers"])
    assert staffer.get("/services").status_code == 403
    assert staffer.get("/services/galop/edit").status_code == 403


def test_a_manager_reads_and_changes_nothing(desk: Console) -> None:
    manager = desk.signed_in("manager")
    page = manager.get("/services/galop")
    assert page.status_code == 200 and "/services/galop/edit" not in page.text and "<form" not in page.text.split("<main")[1]
    assert manager.get("/services/galop/edit").status_code == 403
    assert manager.post("/services/galop/check", {"way": "phone"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/services/nothing", "/services/nothing/edit", "/services/galop/versions/99", "/services/..%2f", "/services/%00"]
)
def test_what_is_not_there_is_404(editor: Staffer, path: str) -> None:
    assert editor.get(path).status_code in (400, 404)


@pytest.mark.parametrize("action", ["submit", "publish", "schedule", "put-aside", "withdraw", "check", "roll-back", "edit"])
def test_nothing_can_be_done_to_what_is_not_there(other: Staffer, action: str) -> None:
    for fields in ({}, {"number": "1", "reason": "because", "way": "phone", "publish_at": "2099-01-01T09:00"}):
        assert other.post(f"/services/nothing/{action}", fields).status_code == 404


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=abc", "page=999999999999", "text=%00", "kind=%FF", "text=" + "x" * 5000, "status='--"]
)
def test_an_odd_address_gets_a_page(editor: Staffer, query: str) -> None:
    assert editor.get(f"/services?{query}").status_code in (200, 400)
    assert editor.get(f"/services/queue?what=hold&{query}").status_code in (200, 400)


def test_odd_forms_break_nothing(publisher: Staffer) -> None:
    fields = form(publisher, "herts-da-helpline")
    for change in (
        {"made_from": "abc"}, {"made_from": "999"}, {"kind": "castle"}, {"phones-0-kind": "pigeon"}, {"phones-99999-number": "1"},
        {"schedules-0-mo_opens": "x" * 10_000}, {"do": "first-999999"}, {"service_areas": ["Narnia"]}, {"status": ""},
        {"schedules-0-rule": "FREQ=SECONDLY"}, {"schedules-0-rule": "nonsense;;="}, {"description": "\x07\x1b[31m"},
    ):  # fmt: skip
        answer = publisher.post("/services/herts-da-helpline/edit", {**fields, "do": "look", **change})
        assert answer.status_code in (200, 409, 422), (change, answer.status_code)
    assert publisher.post("/services/herts-da-helpline/edit", {}).status_code == 422
    assert publisher.post("/services/herts-da-helpline/publish", {}).status_code in (303, 422)
