"""A file comes in and goes out in a real browser, without script, by two people."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from console_pages import LOOKS, assert_everybody_can_use, press
from consoles import Console
from hsds_files import hsds_file
from playwright.sync_api import Browser, Page, expect

PATIENCE_MS = 30_000

SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def filing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console whose directory these tests change."""
    console = Console(tmp_path_factory.mktemp("filing")).start()
    yield console
    console.stop()


@pytest.fixture
def sign_in(browser: Browser, filing: Console) -> Iterator[SignIn]:
    """`sign_in("publisher")`: the page of somebody who has come in, in a browser of their own, without script."""
    contexts = []

    def new(*roles: str, **options: Any) -> Page:
        context = browser.new_context(**{"java_script_enabled": False, "reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page, somebody = context.new_page(), filing.add(*roles)
        page.goto(f"{filing.url}/sign-in")
        page.get_by_label("Sign-in name").fill(somebody.login)
        page.get_by_label("Password").fill(somebody.password)
        page.get_by_label("Code").fill(somebody.code())
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).not_to_have_url(re.compile("/sign-in"))
        page.goto(f"{filing.url}/exchange")
        return page

    yield new
    for context in contexts:
        context.close()


def bring_in(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("File", exact=True).set_input_files({"name": name, "mimeType": "application/json", "buffer": data})
    page.get_by_role("button", name="Look at what would change").click()


def test_two_people_bring_a_file_in(sign_in: SignIn) -> None:
    publisher, manager = sign_in("publisher"), sign_in("manager")
    bring_in(publisher, "two.json", hsds_file(2, "Browser service"))
    expect(publisher.get_by_role("heading", name="What would change")).to_be_visible(timeout=PATIENCE_MS)
    expect(publisher.get_by_role("heading", name="Browser service 0 New")).to_be_visible()
    publisher.get_by_role("button", name="Ask a second person").click()
    expect(publisher.get_by_text("Waiting for a second person.")).to_be_visible()
    manager.reload()
    manager.get_by_role("link", name="A JSON file").first.click()
    manager.get_by_role("button", name="Confirm and put it in place").click()
    expect(manager.get_by_role("heading", name="It is in place")).to_be_visible(timeout=PATIENCE_MS)
    expect(manager.get_by_text("2 services were added")).to_be_visible()


def test_a_broken_file_is_told_in_words(sign_in: SignIn) -> None:
    publisher = sign_in("publisher")
    bring_in(publisher, "half.json", hsds_file(20)[:4000])
    expect(publisher.get_by_role("heading", name="This file can't be used")).to_be_visible(timeout=PATIENCE_MS)
    expect(publisher.get_by_text("The file is cut off")).to_be_visible()


def test_what_is_taken_out_is_a_file_that_can_be_brought_in(sign_in: SignIn, tmp_path: Path) -> None:
    publisher = sign_in("publisher")
    with publisher.expect_download() as taken:
        publisher.get_by_role("link", name="Take out as CSV").click()
    taken.value.save_as(tmp_path / "services.csv")
    bring_in(publisher, taken.value.suggested_filename, (tmp_path / "services.csv").read_bytes())
    expect(publisher.get_by_text("The directory says all of this already.")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_reports_no_violation(look: str, sign_in: SignIn) -> None:
    publisher = sign_in("publisher", java_script_enabled=True, **LOOKS[look])
    assert_everybody_can_use(publisher)
    bring_in(publisher, "change.csv", b"id,eligibility,alert\ngalop,anybody,Closed today.\n# end,,\n")
    expect(publisher.get_by_role("button", name="Put it in place")).to_be_visible(timeout=PATIENCE_MS)
    assert_everybody_can_use(publisher)
    press(publisher, "Drop it")
    bring_in(publisher, "half.json", hsds_file(20)[:4000])
    expect(publisher.get_by_role("heading", name="This file can't be used")).to_be_visible(timeout=PATIENCE_MS)
    assert_everybody_can_use(publisher)
    publisher.goto(f"{publisher.url.split('/exchange')[0]}/exchange/none-such")
    assert_everybody_can_use(publisher)
