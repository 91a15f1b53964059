"""Staff correct a service in a real browser, and the chat's very next answer has it."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from console_pages import LOOKS, assert_everybody_can_use
from consoles import Console, Somebody
from playwright.sync_api import Browser, Locator, Page, expect
from running import Person, Running

LINE = "Herts Domestic Abuse Helpline"
PATIENCE_MS = 30_000

OpenDesk = Callable[..., "Desk"]


class Desk:
    """Somebody at the console, who counts their clicks."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url, self.clicks = page, url, 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def sign_in(self, somebody: Somebody) -> Desk:
        self.page.goto(f"{self.url}/sign-in")
        self.page.get_by_label("Sign-in name").fill(somebody.login)
        self.page.get_by_label("Password").fill(somebody.password)
        self.page.get_by_label("Code").fill(somebody.code())
        self.click(self.button("Sign in"))
        expect(self.page).not_to_have_url(re.compile("/sign-in"))
        return self

    def go(self, path: str) -> Desk:
        self.page.goto(f"{self.url}{path}")
        return self

    def field(self, name: str) -> Locator:
        return self.page.locator(f"#{name}")


@pytest.fixture(scope="module")
def desk_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    console = Console(tmp_path_factory.mktemp("desks")).start()
    yield console
    console.stop()


@pytest.fixture
def open_desk(browser: Browser) -> Iterator[OpenDesk]:
    """`open_desk(console, "publisher")`: somebody who has signed in, in a browser of their own."""
    contexts = []

    def new(console: Console, *roles: str, name: str = "", **options: Any) -> Desk:
        # Without script, as staff may have it; axe needs script, and asks for it.
        context = browser.new_context(**{"java_script_enabled": False, "reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return Desk(context.new_page(), console.url).sign_in(console.add(*roles, name=name))

    yield new
    for context in contexts:
        context.close()


def test_from_first_login_to_the_chats_next_answer(start_product: Callable[..., Running], open_desk: OpenDesk) -> None:
    running = start_product()
    console = Console.beside(running)
    person = Person(running.url)
    began = time.monotonic()
    desk = open_desk(console, "publisher")
    desk.click(desk.page.get_by_role("navigation", name="Sections").get_by_role("link", name="Services"))
    desk.page.get_by_label("Name or number").fill("0808 808 8088")
    desk.click(desk.button("Search"))
    desk.click(desk.link(LINE))
    desk.click(desk.link("Correct this entry"))
    for day in ("mo", "tu", "we", "th", "fr", "sa", "su"):
        desk.field(f"schedules-0-{day}_opens").fill("00:00")
        desk.field(f"schedules-0-{day}_closes").fill("24:00")
    desk.field("schedules-0-bank_holidays").select_option("as_usual")
    desk.click(desk.button("Save and publish"))
    expect(desk.page.get_by_role("status")).to_contain_text("from its next answer on")
    person.say("is there a helpline i can ring")
    taken = time.monotonic() - began
    said = next(service for message in person.last for service in message["services"] if service["id"] == "herts-da-helpline")
    assert said["hours"]["text"] == "Open 24 hours, every day"
    assert "24 hours" in person.heard()
    assert taken < 180 and desk.clicks <= 12, (taken, desk.clicks)
    # And back, with one click: the very next answer has that too.
    before = desk.clicks
    with desk.page.expect_navigation():
        desk.click(desk.button("Go back to version 1"))
    assert desk.clicks - before == 1
    person.say("is there a helpline i can ring")
    said = next(service for message in person.last for service in message["services"] if service["id"] == "herts-da-helpline")
    assert said["hours"]["text"] != "Open 24 hours, every day"


def test_a_number_that_begins_09_is_refused_beside_the_field(desk_console: Console, open_desk: OpenDesk) -> None:
    desk = open_desk(desk_console, "publisher").go("/services/herts-da-helpline/edit")
    desk.field("phones-0-number").fill("09088 088 088")
    desk.field("alert").fill("Typed as well")
    desk.click(desk.button("Save and publish"))
    expect(desk.field("phones-0-number")).to_have_value("09088 088 088")
    expect(desk.field("phones-0-number")).to_have_attribute("aria-invalid", "true")
    expect(desk.field("phones-0-number-error")).to_contain_text("premium rate")
    expect(desk.field("alert")).to_have_value("Typed as well")
    expect(desk.page).to_have_title(re.compile("^Error: "))
    desk.page.get_by_role("alert").get_by_role("link").first.click()
    expect(desk.field("phones-0-number")).to_be_in_viewport()


def test_two_editors_in_conflict_see_both(desk_console: Console, open_desk: OpenDesk) -> None:
    first, second = open_desk(desk_console, "editor", name="Edith"), open_desk(desk_console, "editor", name="Ed")
    for desk in (first, second):
        desk.go("/services/galop/edit")
    first.field("description").fill("What Edith wrote.")
    first.button("Save as a draft").click()
    expect(first.page.get_by_role("status")).to_contain_text("Saved as a draft")
    second.field("description").fill("What Ed wrote.")
    second.field("alert").fill("Also typed")
    second.button("Save as a draft").click()
    both = second.page.get_by_role("alert")
    expect(both).to_contain_text("Edith changed this")
    expect(both.locator("del")).to_contain_text(["What Edith wrote."])
    expect(both.locator("ins")).to_contain_text(["What Ed wrote.", "Also typed"])
    expect(second.field("description")).to_have_value("What Ed wrote.")
    expect(second.field("alert")).to_have_value("Also typed")
    second.button("Save as a draft").click()
    expect(second.page.get_by_role("status")).to_contain_text("Saved as a draft")
    expect(second.page.get_by_role("table", name=re.compile("Every version")).get_by_role("row")).to_have_count(4)


def test_enter_in_a_field_shows_how_it_would_look_and_saves_nothing(desk_console: Console, open_desk: OpenDesk) -> None:
    desk = open_desk(desk_console, "publisher").go("/services/childline/edit")
    desk.field("name").fill("Childline by another name")
    desk.field("name").press("Enter")
    expect(desk.page.get_by_text("Nothing is saved yet.")).to_be_visible()
    expect(desk.page.get_by_role("heading", name="Childline by another name")).to_be_visible()


def test_a_number_by_two_people_in_the_browser(desk_console: Console, open_desk: OpenDesk) -> None:
    first, second = open_desk(desk_console, "publisher", name="Pat"), open_desk(desk_console, "publisher", name="Priya")
    first.go("/services/mankind/edit").field("phones-0-number").fill("0808 801 0327")
    first.button("Save and publish").click()
    expect(first.page.get_by_role("status")).to_contain_text("a second person has to look at it")
    expect(first.button("Publish now")).to_have_count(0)
    second.go("/services/queue").link("ManKind Initiative").click()
    expect(second.page.locator("ins").filter(has_text="0808 801 0327")).to_be_visible()
    second.button("Publish now").click()
    expect(second.page.get_by_role("status")).to_contain_text("Published")


PAGES = (
    "/services", "/services?text=nothing-like-this", "/services/queue", "/services/queue?what=never", "/services/queue?what=hold",
    "/services/new", "/services/ndah", "/services/ndah/edit", "/services/ndah/versions/1", "/services/ndah/versions/2",
)  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_axe_reports_no_violation_on_any_page(desk_console: Console, open_desk: OpenDesk, look: str) -> None:
    writer = open_desk(desk_console, "publisher", name="Pat").go("/services/ndah/edit")
    if writer.page.get_by_text("What you save here replaces it").count() == 0:
        writer.field("description").fill("A change that waits.")
        writer.button("Save as a draft").click()
        expect(writer.page.get_by_role("status")).to_contain_text("Saved as a draft")
    desk = open_desk(desk_console, "publisher", java_script_enabled=True, **LOOKS[look])
    for path in PAGES:
        desk.go(path)
        for details in desk.page.locator("details").all():
            details.evaluate("each => each.open = true")
        assert_everybody_can_use(desk.page, path)
    desk.go("/services/ndah/edit").field("phones-0-number").fill("09")
    desk.field("schedules-0-mo_opens").fill("25:00")
    desk.button("Save as a draft").click()
    expect(desk.field("schedules-0-mo_opens-error")).to_be_visible()
    assert_everybody_can_use(desk.page, "with mistakes")
    desk.go("/services/new").button("Save as a draft").click()
    expect(desk.page.get_by_role("alert")).to_be_visible()
    assert_everybody_can_use(desk.page, "a new one with mistakes")
