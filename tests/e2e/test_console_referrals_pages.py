"""Working referrals in a real browser: from the list to the end, by its buttons alone, on every kind of screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from console_pages import LOOKS, assert_everybody_can_use, press
from playwright.sync_api import Browser, Error, Page, expect
from referral_inbox import HERS, OTHER, Inbox
from referring import CANARIES

from outreach.referrals.answers import safe_times

EVERY_LOOK = {**LOOKS, "400% dark": {**LOOKS["400%"], **LOOKS["dark"]}}
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """A console with a key that opens."""
    started = Inbox.start(tmp_path_factory.mktemp("inbox"), tmp_path_factory.mktemp("keys"))
    yield started
    started.console.stop()


@pytest.fixture
def come_in(browser: Browser, inbox: Inbox) -> Iterator[OpenPage]:
    """Gives a tab in which a caseworker has come in; takes the options of a browser context."""
    contexts = []

    def new(*areas: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(30_000)
        staffer = inbox.caseworker(*areas)
        token = staffer.http.cookies["console-session"]
        context.add_cookies([{"name": "console-session", "value": token, "url": inbox.console.url}])
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()


def not_today() -> object:
    """Safe times that are neither today nor a day beside it."""
    now = datetime.now(timezone.utc)
    return safe_times(", ".join(f"{now + timedelta(days=each):%A}" for each in (2, 3, 4)))


def go_to(page: Page, inbox: Inbox, referral: str) -> None:
    page.goto(f"{inbox.console.url}/referrals")
    page.get_by_role("link", name=f"Referral {referral[:6]}").first.click()


def test_a_referral_is_worked_from_the_list_to_its_end(inbox: Inbox, come_in: OpenPage) -> None:
    referral, page = inbox.came(contact_way="call"), come_in(java_script_enabled=False)
    go_to(page, inbox, referral)
    page.get_by_role("button", name="I deal with it").click()
    expect(page.get_by_role("status")).to_contain_text("It is yours")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("marmaladefox")).to_be_visible()
    assert page.locator("del").all_inner_texts() == ["Text 07400 998877", "E-mail"]
    page.get_by_label("A call").check()
    page.get_by_label("We were in touch").check()
    page.get_by_role("button", name="Note it").click()
    expect(page.get_by_role("status")).to_contain_text("Noted")
    page.get_by_label("They have the support they asked for").check()
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_role("status")).to_contain_text("Closed")
    page.get_by_role("link", name="All referrals").click()
    expect(page.get_by_role("link", name=f"Referral {referral[:6]}")).to_have_count(0)


def test_after_it_was_put_away_going_back_does_not_show_it_again(inbox: Inbox, come_in: OpenPage) -> None:
    referral, page = inbox.came(), come_in()
    go_to(page, inbox, referral)
    page.get_by_role("button", name="Open it").click()
    page.get_by_role("link", name="Put it away").first.click()
    with suppress(Error):  # the browser asks whether to send the form again, and shows nothing meanwhile
        page.go_back()
    page.wait_for_timeout(1_000)
    shown = page.evaluate("document.documentElement.innerText")
    assert [each for each in CANARIES if each in shown] == []
    assert len(inbox.audited(referral)) == 1


@pytest.mark.parametrize("look", EVERY_LOOK)
def test_everybody_can_use_every_page(inbox: Inbox, come_in: OpenPage, look: str) -> None:
    referral, page = inbox.came(safe_times=not_today(), needs="N" * 200), come_in(HERS, OTHER, **EVERY_LOOK[look])
    inbox.came(outreach_area=OTHER)
    page.goto(f"{inbox.console.url}/referrals")
    assert_everybody_can_use(page)
    page.get_by_label("Reference").fill("nothing like one")
    press(page, "Find it")
    assert_everybody_can_use(page)
    go_to(page, inbox, referral)
    expect(page.get_by_role("button", name="Open it")).to_be_visible()
    assert_everybody_can_use(page)
    for button in ("Close it", "Pass it on", "Take it back for them"):
        press(page, button)
        expect(page.get_by_role("alert")).to_be_visible()
        assert_everybody_can_use(page)
    press(page, "Open it")
    assert_everybody_can_use(page)
    page.get_by_label("A text").check()
    page.get_by_label("No answer yet").check()
    page.get_by_label("Note, if one is needed").fill("W" * 300)
    page.get_by_role("button", name="Note it").click()
    page.get_by_role("link", name="Time: This is outside the times that they called safe.").click()
    expect(page.get_by_label("Time", exact=True)).to_be_focused()
    assert_everybody_can_use(page)
    page.get_by_label("That is how it was.").check()
    page.get_by_role("button", name="Note it").click()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("Outside the safe times")).to_be_visible()
    assert_everybody_can_use(page)
    page.goto(f"{inbox.console.url}/referrals/nothing-there")
    assert_everybody_can_use(page)
    page.goto(f"{inbox.console.url}/referrals?show=closed")
    assert_everybody_can_use(page)
