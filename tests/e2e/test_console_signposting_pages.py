"""Choosing what an answer offers, in a real browser: on a phone, in the dark, enlarged, with mistakes, and undone."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from console_pages import LOOKS, assert_everybody_can_use, let_in, new_context
from consoles import Console
from playwright.sync_api import Browser, expect


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console of these tests' own, because they change the directory."""
    console = Console(tmp_path_factory.mktemp("signposting-pages")).start()
    yield console
    console.stop()


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_use_the_pages(desk: Console, browser: Browser, look: str) -> None:
    context = new_context(browser, **LOOKS[look])
    page = let_in(context, desk, desk.add("publisher"))
    for path in ("/signposting", "/signposting/ask_pets", "/signposting/immediate_danger"):
        page.goto(f"{desk.url}{path}")
        assert_everybody_can_use(page)
    page.goto(f"{desk.url}/signposting/ask_pets")
    page.get_by_label("Place of Dogs Trust").first.fill("soon")
    page.get_by_label("Add a service at the end").fill("nothing like it")
    page.get_by_role("button", name="Save and offer it so").click()
    expect(page.locator("#add-error")).to_be_visible()
    assert_everybody_can_use(page, "with mistakes")
    context.close()


def test_a_list_is_changed_and_put_back_by_keyboard_and_two_clicks(desk: Console, browser: Browser) -> None:
    context = new_context(browser)
    page = let_in(context, desk, desk.add("publisher", name="Pat"))
    page.goto(f"{desk.url}/signposting/ask_workplace")
    page.get_by_label("Add a service at the end").fill("samaritans")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("from its next answer on")
    expect(page.get_by_label("Place of Samaritans")).to_be_visible()
    page.get_by_role("button", name="Put this back").first.click()
    expect(page.get_by_label("Place of Samaritans")).to_have_count(0)
    context.close()
