"""Staff correct a wording in a real browser, and the chat's very next answer has it; on every kind of screen."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from console_pages import LOOKS, assert_everybody_can_use, press
from consoles import Console
from playwright.sync_api import Browser, Locator, Page, expect
from running import Person, Running

from outreach.adapters.database import wording
from outreach.adapters.question_counts import QuestionCounts, question_count
from outreach.reporting.counting import ANSWERED, NOT_UNDERSTOOD, Cell, today

PATIENCE_MS = 30_000
COMING_IN = 1  # the click on "Sign in"
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def beside(product: Running) -> Iterator[Console]:
    """A console on the database of the running product."""
    started = Console.beside(product)
    yield started
    with started.engine.begin() as connection:
        connection.execute(sa.delete(wording))
        connection.execute(sa.delete(question_count))
    started.engine.dispose()


@pytest.fixture
def come_in(browser: Browser, beside: Console) -> Iterator[OpenPage]:
    """`come_in("publisher")`: a page of somebody who has signed in, without script unless it is asked for."""
    contexts = []

    def new(*roles: str, name: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"java_script_enabled": False, "reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page, somebody = context.new_page(), beside.add(*roles, name=name)
        page.goto(f"{beside.url}/sign-in")
        page.get_by_label("Sign-in name").fill(somebody.login)
        page.get_by_label("Password").fill(somebody.password)
        page.get_by_label("Code").fill(somebody.code())
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile("/sign-in"))
        return page

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def clicks() -> Callable[[Locator], int]:
    """Presses something and says how often that was done, coming in included."""
    made = [COMING_IN]

    def press(target: Locator) -> int:
        target.click()
        made[0] += 1
        return made[0]

    return press


def said(person: Person) -> str:
    return str(person.say("thank you so much for your help")[0]["text"])


def test_from_coming_in_to_the_chats_very_next_answer_and_back(
    come_in: OpenPage, person: Person, clicks: Callable[[Locator], int]
) -> None:
    before = said(person)
    began = time.monotonic()
    page = come_in("publisher", name="Pat")
    clicks(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Wording"))
    clicks(page.get_by_role("link", name="Thank you", exact=True))
    clicks(page.get_by_role("link", name="Change it (web page)"))
    page.get_by_label("What it says").fill("You're very welcome. You can ring {phone.ndah} at any hour.")
    clicks(page.get_by_role("button", name="Check and look at it"))
    expect(page.get_by_role("region", name="As people would see it")).to_contain_text("0808 2000 247")
    made = clicks(page.get_by_role("button", name="Publish now"))
    expect(page.get_by_role("status")).to_contain_text("very next reply")
    assert said(person) == "You're very welcome. You can ring 0808 2000 247 at any hour."
    assert made <= 12 and time.monotonic() - began < 180, made
    # A second version, and the first again with one click.
    page.get_by_role("link", name="Change it (web page)").click()
    page.get_by_label("What it says").fill("Second. You can ask me more.")
    press(page, "Publish now")
    assert said(person) == "Second. You can ask me more."
    press(page, "Say this again (version 1, web page)")
    assert said(person) == "You're very welcome. You can ring 0808 2000 247 at any hour."
    press(page, "Go back to the product's own (web page)")
    assert said(person) == before


def test_two_people_at_one_reply_lose_nothing(come_in: OpenPage, beside: Console) -> None:
    first, second = come_in("editor", name="Edie"), come_in("editor", name="Olu")
    for page in (first, second):
        page.goto(f"{beside.url}/wording/utter_ask_pets/sms/edit")
    first.get_by_label("What it says").fill("Edie was here. Text SUPPORT.")
    first.get_by_role("button", name="Keep as a draft").click()
    expect(first.get_by_role("status")).to_contain_text("Kept as a draft")
    second.get_by_label("What it says").fill("Olu was here. Text SUPPORT.")
    second.get_by_role("button", name="Keep as a draft").click()
    expect(second.get_by_role("alert")).to_contain_text("Edie saved version 1")
    expect(second.get_by_role("region", name="Theirs")).to_contain_text("Edie was here.")
    expect(second.get_by_label("What it says")).to_have_value("Olu was here. Text SUPPORT.")


def test_a_mistake_is_named_beside_the_field_with_what_was_typed(come_in: OpenPage, beside: Console) -> None:
    page = come_in("editor")
    page.goto(f"{beside.url}/wording/utter_thanks/web/edit")
    page.get_by_label("What it says").fill("You should ring 09088 088 088.")
    page.get_by_label("Why you changed it").fill("A note")
    page.get_by_label("Why you changed it").press("Enter")
    page.get_by_role("button", name="Keep as a draft").click()
    field = page.get_by_label("What it says")
    expect(field).to_have_value("You should ring 09088 088 088.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#text-error")).to_contain_text("premium-rate")
    expect(page.get_by_label("Why you changed it")).to_have_value("A note")
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(field).to_be_in_viewport()


PAGES = (
    "/wording", "/wording?q=pets", "/wording?q=nothing-like-this", "/wording?show=flagged", "/wording/utter_immediate_danger",
    "/wording/utter_affirm", "/wording/utter_affirm/web/edit", "/wording/utter_affirm/sms/edit", "/wording/utter_referral_sent",
    "/unanswered", "/unanswered?month=2020-01",
)  # fmt: skip


@pytest.fixture(scope="module")
def busy(beside: Console) -> Console:
    """A console with a published wording, a draft that waits, and counts."""
    publisher, editor, form = beside.signed_in("publisher"), beside.signed_in("editor"), "/wording/utter_affirm/web/edit"
    for staffer, text, do, number in ((publisher, "Yes. He said! - ok", "publish", "0"), (editor, "Fine.\n\n- One\n- 999", "review", "1")):
        sent = {"text": text, "do": do, "based_on": number, "note": "Why", "title_1": "About pets", "leads_1": "ask_pets"}
        assert staffer.post(form, sent).status_code == 303
    QuestionCounts(beside.engine).add({
        Cell(today(), "web", "ask_refuge", "Watford and Three Rivers", ANSWERED): 12, Cell(today(), "sms", "ask_refuge", "", ANSWERED): 9,
        Cell(today() - timedelta(days=40), "web", "ask_pets", "", NOT_UNDERSTOOD): 7, Cell(today(), "web", "ask_pets", "", NOT_UNDERSTOOD): 7,
    })  # fmt: skip
    return beside


@pytest.mark.parametrize("look", LOOKS)
def test_axe_reports_no_violation_on_any_page(busy: Console, come_in: OpenPage, look: str) -> None:
    page = come_in("publisher", java_script_enabled=True, **LOOKS[look])
    for path in PAGES:
        page.goto(f"{busy.url}{path}")
        for details in page.locator("details").all():
            details.evaluate("each => each.open = true")
        assert_everybody_can_use(page, path)
    page.goto(f"{busy.url}/wording/utter_affirm/web/edit")
    page.get_by_label("What it says").fill("You should {x} <b>")
    page.get_by_label("Button 2", exact=True).fill("x" * 60)
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.locator("#text-error")).to_be_visible()
    assert_everybody_can_use(page, "with mistakes")
