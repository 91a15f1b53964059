"""Staff change what the assistant says, over HTTP: in its next reply, checked first, never by two at once unseen, and back."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from consoles import Console, Staffer
from running import Person, Running
from sentences import EXAMPLES, is_reply, text_of

from outreach.adapters.database import content_changed, wording
from outreach.wording.replies import Replies
from outreach.wording.rules import Rules

KEY, WEB = "utter_thanks", "/wording/utter_thanks/web"
BUTTONS = {"title_1": "About pets", "leads_1": "ask_pets", "title_2": "", "leads_2": "", "title_3": "", "leads_3": ""}
RULES = Rules.load()


@pytest.fixture(scope="module")
def beside(product: Running) -> Iterator[Console]:
    """A console on the database of the running product."""
    started = Console.beside(product)
    yield started
    started.engine.dispose()


@pytest.fixture(autouse=True)
def afterwards_nothing_is_changed(beside: Console) -> Iterator[None]:
    yield
    with beside.engine.begin() as connection:
        connection.execute(sa.delete(wording))


@pytest.fixture(scope="module")
def editor(beside: Console) -> Staffer:
    return beside.signed_in("editor", name="Edie")


@pytest.fixture(scope="module")
def publisher(beside: Console) -> Staffer:
    return beside.signed_in("publisher", name="Pat")


def based_on(page: str) -> str:
    found = re.search(r'name="based_on"[^>]* value="(\d+)"', page)
    assert found, page[-3000:]
    return found[1]


def write(staffer: Staffer, text: str, do: str = "save", path: str = WEB, **changed: str) -> Any:
    """Open the form and send it changed."""
    number = based_on(staffer.get(f"{path}/edit").text)
    return staffer.post(f"{path}/edit", {"text": text, "do": do, "based_on": number, "note": "", **BUTTONS, **changed})


def thanked(person: Person) -> str:
    return str(person.say(EXAMPLES["thanks"])[0]["text"])


def test_a_published_wording_is_in_the_very_next_reply_and_so_is_the_way_back(publisher: Staffer, person: Person) -> None:
    assert is_reply(thanked(person), KEY)
    page = publisher.post_and_follow(f"{WEB}/edit", {
        "text": "Any time. You can ring {phone.herts-da-helpline}.", "do": "publish", "based_on": "0", "note": "Warmer", **BUTTONS,
    })  # fmt: skip
    assert "very next reply" in page.text and "Warmer" in page.text and "Pat" in page.text
    assert thanked(person) == "Any time. You can ring 08088 088 088." and person.offered() == ["About pets"]
    write(publisher, "Second. You can ask me.", "publish")
    assert thanked(person) == "Second. You can ask me."
    publisher.post_and_follow(f"{WEB}/restore", {"version": "1"})
    assert thanked(person) == "Any time. You can ring 08088 088 088."
    publisher.post_and_follow(f"{WEB}/original", {})
    assert is_reply(thanked(person), KEY)


def test_an_editors_draft_is_said_only_when_a_publisher_publishes_it(
    editor: Staffer, publisher: Staffer, person: Person, beside: Console
) -> None:
    assert write(editor, "A draft. You can ask me.", "review").status_code == 303
    assert is_reply(thanked(person), KEY)
    assert "1 reply waits" in publisher.get("/wording").text
    page = publisher.get(f"/wording/{KEY}").text
    assert "Waits for a check" in page and "Edie" in page
    for path in ("publish", "restore", "original", "back"):
        assert editor.post(f"{WEB}/{path}", {"version": "1"}).status_code == 403
    assert write(editor, "Now. You can ask me.", "publish").status_code == 403
    publisher.post_and_follow(f"{WEB}/publish", {"version": "1"})
    assert thanked(person) == "A draft. You can ask me."
    done = [(row.by, row.action) for row in beside.audit.page(_of(KEY), 0, 3)[0]]
    assert done == [
        (publisher.id, "wording.published"), (editor.id, "wording.submitted"), (editor.id, "wording.drafted"),
    ]  # fmt: skip
    assert beside.audit.verify().holds


def _of(subject: str) -> Any:
    from outreach.adapters.audit_log import Wanted

    return Wanted(subject=subject)


def test_a_draft_can_be_sent_back_with_a_note_and_given_up(editor: Staffer, publisher: Staffer) -> None:
    write(editor, "A draft. You can ask me.", "review")
    page = publisher.post_and_follow(f"{WEB}/back", {"version": "1", "note": "Too short, I think."})
    assert "Sent back" in page.text and "Too short, I think." in editor.get(f"/wording/{KEY}").text
    page = editor.post_and_follow(f"{WEB}/drop", {"version": "1"})
    assert "given up" in page.text and "Too short" in page.text


@pytest.mark.parametrize(("text", "says"), [
    ("<script>alert(1)</script>", "Tags"), ("You can ring 08088 088 088.", "typed out"), ("Ring {phone.nobody}.", "no service"),
    ("You should go.", "never said"), ("", "Write what it says"), ("See https://x.org", "Links"), ("Ring 09088 088 088.", "premium"),
])
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(editor: Staffer, text: str, says: str) -> None:
    response = write(editor, text, title_2="Hello there", leads_2="ask_cost", note="my note")
    page = response.text
    assert response.status_code == 422 and 'id="text-error"' in page and says in page and 'href="#text"' in page
    assert "<script>alert" not in page and 'value="Hello there"' in page and 'value="my note"' in page
    assert "Draft" not in editor.get(f"/wording/{KEY}").text.replace("a draft", "")


def test_a_text_message_of_three_segments_is_refused(editor: Staffer) -> None:
    path = "/wording/utter_thanks/sms"
    response = editor.post(f"{path}/edit", {"text": "word " * 80 + "You can.", "do": "save", "based_on": "0", "note": ""})
    assert response.status_code == 422 and "Two segments" in response.text


def test_looking_first_shows_it_as_people_would_see_it_and_keeps_nothing(editor: Staffer) -> None:
    response = write(editor, "“Ring” {phone.herts-da-helpline} now!\n\n- or ask", "look")
    page = response.text
    assert response.status_code == 200 and "<li>or ask</li>" in page and "shouting" in page
    assert '<span class="number">08088 088 088</span>' in page and "&#34;Ring&#34;" in page
    assert "Version 1" not in editor.get(f"/wording/{KEY}").text


def test_the_second_of_two_sees_both_and_loses_nothing(editor: Staffer, publisher: Staffer, person: Person) -> None:
    opened = based_on(publisher.get(f"{WEB}/edit").text)
    write(editor, "Edie's words. You can ask me.")
    mine = {"text": "Pat's words. You can ask me.", "do": "publish", "based_on": opened, "note": "", **BUTTONS}
    response = publisher.post(f"{WEB}/edit", mine)
    assert response.status_code == 409 and "Edie&#39;s words" in response.text and "Pat&#39;s words" in response.text
    assert "Edie" in response.text and is_reply(thanked(person), KEY), "nothing was published over the other"
    publisher.post_and_follow(f"{WEB}/edit", {**mine, "based_on": based_on(response.text)})
    assert thanked(person) == "Pat's words. You can ask me."
    page = publisher.get(f"/wording/{KEY}").text
    assert "Version 1" in page and "Edie&#39;s" in page, "what Edie wrote is in the history"


def test_a_publisher_publishes_what_they_read_and_not_what_came_in_between(editor: Staffer, publisher: Staffer, person: Person) -> None:
    write(editor, "What was read. You can ask me.", "review")
    publisher.get(f"/wording/{KEY}")
    write(editor, "What came in between. You can ask me.", "review")
    response = publisher.post(f"{WEB}/publish", {"version": "1"})
    assert response.status_code == 409 and "Somebody else" in response.text and is_reply(thanked(person), KEY)


@pytest.mark.parametrize("key", sorted(RULES.fixed))
def test_a_fixed_reply_is_shown_with_its_reason_and_cannot_be_changed(publisher: Staffer, key: str) -> None:
    page = publisher.get(f"/wording/{key}").text
    assert "This one is fixed" in page and "<textarea" not in page and f"/wording/{key}/web/" not in page
    assert publisher.get(f"/wording/{key}/web/edit").status_code == 404
    assert publisher.post(f"/wording/{key}/web/edit", {"text": "Stay calm.", "do": "publish", "based_on": "0"}).status_code == 404
    for path in ("publish", "restore", "review", "drop"):
        assert publisher.post(f"/wording/{key}/web/{path}", {"version": "1"}).status_code == 404


def test_danger_is_answered_as_ever_even_with_a_row_in_the_database(publisher: Staffer, beside: Console, person: Person) -> None:
    with beside.engine.begin() as connection:
        connection.execute(sa.insert(wording).values(
            key="utter_immediate_danger", channel="web", version=1, text="All is well.", status="published",
        ))  # fmt: skip
    assert person.say(EXAMPLES["immediate_danger"])[0]["text"].strip() == text_of("utter_immediate_danger")


@pytest.mark.parametrize("path", [
    "/wording/utter_nothing", "/wording/utter_thanks/fax/edit", "/wording/utter_nothing/web/edit", "/wording/..%2F..%2Fetc",
])
def test_what_there_is_not_is_not_found(publisher: Staffer, path: str) -> None:
    assert publisher.get(path).status_code == 404


@pytest.mark.parametrize("version", ["", "x", "-1", "1.5", "99", "9" * 40, "٣"])
def test_a_version_that_there_is_not_is_not_found(publisher: Staffer, version: str) -> None:
    assert publisher.post(f"{WEB}/publish", {"version": version}).status_code == 404
    assert publisher.post(f"{WEB}/restore", {"version": version}).status_code == 404


def test_all_replies_are_listed_by_topic_and_found_by_words(editor: Staffer) -> None:
    page = editor.get("/wording").text
    assert all(f'href="/wording/{reply.key}"' in page for reply in Replies.load().all)
    found = editor.get("/wording", params={"q": "greeting encrypted"}).text + editor.get("/wording", params={"q": "first words"}).text
    assert "utter_greeting" in found and "utter_ask_pets" not in found
    assert "No reply fits" in editor.get("/wording", params={"q": "zzzz<b>"}).text


def test_changed_waiting_and_flagged_replies_can_be_listed(editor: Staffer, publisher: Staffer) -> None:
    write(editor, "A draft. You can ask me.", "review")
    for show, there in (("changed", True), ("waiting", True), ("flagged", False)):
        assert ("/wording/utter_thanks" in editor.get("/wording", params={"show": show}).text) is there, show
    write(publisher, "He is fine! You can ask me.", "publish")
    assert "/wording/utter_thanks" in editor.get("/wording", params={"show": "flagged"}).text


def test_a_service_that_is_withdrawn_is_noticed_where_its_number_is_said(beside: Console, editor: Staffer) -> None:
    assert "Something is wrong" not in editor.get("/wording", params={"show": "flagged"}).text
    with beside.engine.begin() as connection:
        row = connection.execute(sa.text("SELECT document FROM service WHERE key = 'galop'")).scalar_one()
        held = json.dumps({**json.loads(row), "status": "hold"})
        connection.execute(sa.text("UPDATE service SET document = :d WHERE key = 'galop'"), {"d": held})
        content_changed(connection)
    try:
        page = editor.get("/wording", params={"show": "flagged"}).text
        assert "Something is wrong" in page and "utter_ask_lgbt_support" in page
    finally:
        with beside.engine.begin() as connection:
            connection.execute(sa.text("UPDATE service SET document = :d WHERE key = 'galop'"), {"d": row})
            content_changed(connection)


def test_nothing_of_a_wording_can_run_in_a_page(publisher: Staffer, beside: Console, tmp_path: Path) -> None:
    with beside.engine.begin() as connection:
        connection.execute(sa.insert(wording).values(
            key=KEY, channel="web", version=1, text="<img src=x onerror=alert(1)> {{ 7*7 }}", status="published", note="<b>n</b>",
        ))  # fmt: skip
    for path in ("/wording", f"/wording/{KEY}", f"{WEB}/edit"):
        page = publisher.get(path).text
        assert "<img src=x" not in page and "<b>n</b>" not in page
