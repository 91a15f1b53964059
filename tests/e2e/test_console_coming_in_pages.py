"""Coming into the console in a real browser, and the pages of people, one's own account and the audit."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from console_pages import LOOKS, assert_everybody_can_use, let_in, new_context, press, sign_in
from consoles import PASSWORD, Console
from playwright.sync_api import Browser, Page, expect

AREA = "Watford and Three Rivers"
EVERY_LOOK = {**LOOKS, "forced colours": {"forced_colors": "active"}}


@pytest.fixture(params=EVERY_LOOK)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    return EVERY_LOOK[request.param]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    yield context.new_page()
    context.close()


def secret_on(page: Page) -> str:
    return page.locator("strong.code").inner_text().replace(" ", "")


def join(page: Page) -> None:
    """Fill in what the link's page asks of everybody, and press its button."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_label("The six digits that the app shows").fill(pyotp.TOTP(secret_on(page)).now())
    page.get_by_role("button", name="Save and come in").click()


def test_from_an_invitation_to_signing_in_again(console: Console, browser: Browser, page: Page) -> None:
    """By links and buttons alone, as a manager and a new caseworker do it."""
    context = new_context(browser)
    manager = let_in(context, console, console.add("manager", name="Dee Jones"))
    manager.goto(console.url)
    manager.get_by_role("link", name="People", exact=True).first.click()
    manager.get_by_role("link", name="Ask somebody in").click()
    manager.get_by_role("button", name="Make the link").click()
    expect(manager.get_by_role("alert")).to_contain_text("Type in a name.")
    manager.get_by_role("link", name="Name: Type in a name.").click()
    expect(manager.get_by_label("Name", exact=True)).to_be_focused()
    manager.get_by_label("Name", exact=True).fill("Sam Lee")
    manager.get_by_label("Sign-in name").fill("sam.lee@example.org")
    manager.get_by_label("Caseworker:").check()
    manager.get_by_label(AREA).check()
    manager.get_by_role("button", name="Make the link").click()
    link = manager.locator("code").inner_text()
    context.close()

    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Sam Lee")
    # The picture has to be there: its own address, its own type.
    assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 0")
    join(page)
    expect(page.locator(".codes code")).to_have_count(10)
    page.get_by_role("link", name="I have written them down").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Sam Lee")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{console.url}/sign-in")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_signing_in_by_keyboard_alone(console: Console, page: Page) -> None:
    dee = console.add("auditor", name="Dee Jones")
    page.goto(f"{console.url}/audit")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.get_by_label("Sign-in name").focus()
    page.keyboard.type(dee.login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(dee.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(page).to_have_url(f"{console.url}/audit")


def test_everything_works_with_script_turned_off(console: Console, browser: Browser) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, console, console.add("manager", name="Dee Jones"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Dee Jones")
    context.close()


def test_another_sites_form_gets_nowhere(console: Console, browser: Browser) -> None:
    """A real browser, a real foreign page: it sends no cookie, and says where the form was."""
    context = new_context(browser)
    dee = console.add("manager")
    page = let_in(context, console, dee)
    page.route("https://elsewhere.example/", lambda route: route.fulfill(
        content_type="text/html", body=f'<form method="post" action="{console.url}/sign-out"><button>Win a prize</button></form>'
    ))
    page.goto("https://elsewhere.example/")
    with page.expect_navigation():
        page.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This is not open to you")
    page.goto(console.url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    context.close()


def test_the_console_cannot_be_framed_and_runs_no_script(console: Console, browser: Browser) -> None:
    context = new_context(browser)
    page = let_in(context, console, console.add("manager", name="<script>document.title='ran'</script>"))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(console.url)
    assert page.title() != "ran" and complaints == []
    context.close()


def test_axe_is_content_with_every_page(console: Console, browser: Browser, look: dict[str, Any]) -> None:
    context = new_context(browser, **look)
    visitor = context.new_page()
    for path in ("/sign-in", "/welcome/over", "/no/such/page"):
        visitor.goto(f"{console.url}{path}")
        assert_everybody_can_use(visitor)
    visitor.goto(f"{console.url}/sign-in")
    press(visitor, "Sign in")
    assert_everybody_can_use(visitor)
    expect(visitor).to_have_title(re.compile("^Error: "))

    dee, sam = console.add("manager", "auditor", name="Dee Jones"), console.add("caseworker", areas=[AREA], name="Sam Lee")
    page = let_in(context, console, dee)
    paths = ["/", "/account", "/account/password", "/account/phone", "/account/recovery-codes", "/people", "/people/invite",
             f"/people/{sam.id}", f"/people/{dee.id}", "/audit", "/audit?since=2001-01-01&until=2001-12-31", "/services-that-are-none"]
    for path in paths:
        page.goto(f"{console.url}{path}")
        assert_everybody_can_use(page)
    for path, button in (("/people/invite", "Make the link"), ("/account/password", "Change password"),
                         (f"/people/{sam.id}", "Make a new link")):
        page.goto(f"{console.url}{path}")
        press(page, button)
        assert_everybody_can_use(page)
    link = page.locator("code").inner_text()
    context.clear_cookies()
    page.goto(link)
    assert_everybody_can_use(page)
    press(page, "Save and come in")
    assert_everybody_can_use(page)
    join(page)
    expect(page.locator(".codes code")).to_have_count(10)
    assert_everybody_can_use(page)
    context.close()


def test_every_button_is_big_enough_for_a_thumb(console: Console, browser: Browser) -> None:
    context = new_context(browser, **LOOKS["phone"])
    page = let_in(context, console, console.add("manager", name="Dee Jones"))
    for path in ("/", "/people/invite"):
        page.goto(f"{console.url}{path}")
        for control in page.locator("button:visible, .menu a:visible, .button:visible, input:visible:not([type=checkbox])").all():
            box = control.bounding_box()
            assert box and box["height"] >= 44, (path, control.inner_text())
    context.close()
