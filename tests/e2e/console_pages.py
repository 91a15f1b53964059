"""What tests of the console in Chromium share: looks, axe, somebody signed in by their browser."""
from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from consoles import Console, Somebody
from playwright.sync_api import Browser, BrowserContext, Page

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "400%": {"viewport": {"width": 320, "height": 256}},
}
PATIENCE_MS = 30_000


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser of one's own, without script: the console has none."""
    context = browser.new_context(**{"reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE_MS)
    return context


def let_in(context: BrowserContext, console: Console, somebody: Somebody) -> Page:
    """A page of somebody who has come in; the session is put straight into the browser."""
    staffer = console.with_session(somebody)
    context.add_cookies([{"name": "console-session", "value": staffer.http.cookies["console-session"], "url": console.url}])
    return context.new_page()


def sign_in(page: Page, console: Console, somebody: Somebody) -> None:
    """As a person does it: three fields and a button."""
    page.goto(f"{console.url}/sign-in")
    page.get_by_label("Sign-in name").fill(somebody.login)
    page.get_by_label("Password").fill(somebody.password)
    page.get_by_label("Code", exact=True).fill(somebody.code())
    page.get_by_role("button", name="Sign in").click()


def press(page: Page, button: str) -> None:
    """Press a button, and wait until the page that it leads to is there."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def assert_everybody_can_use(page: Page, where: str = "") -> None:
    """No violation of any rule of axe, one main heading, no sideways scrolling. `where` says which page, if its address doesn't."""
    page.wait_for_load_state()
    where = where or page.url
    result = Axe().run(page)
    assert result.violations_count == 0, f"{where}\n{result.generate_report()}"
    assert page.locator("h1").count() == 1 and page.get_by_role("heading", level=1).count() == 1, where
    over = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert over <= 0, f"{where} is {over} px too wide"
