"""The page behind the proxy: what a browser shows, and how it is left, when nothing behind the proxy answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pages import Chat
from playwright.sync_api import Browser, Playwright, expect
from proxied import CHAT, Proxy
from running import Running
from shots import LAUNCH_ARGS
from test_accessibility import LOOKS, assert_axe_is_content, assert_fits_the_width

OpenChat = Callable[..., Chat]


@pytest.fixture(scope="module")
def proxy(product: Running) -> Iterator[Proxy]:
    standing = Proxy([f"127.0.0.1:{product.port}"])
    # The one of the product, which the page was made with.
    standing.environment["SAFE_SITE"] = "https://www.metoffice.gov.uk/"
    yield standing.start()
    standing.remove()


@pytest.fixture(scope="module")
def knowing_browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A browser that finds the proxy's name on loopback."""
    running = playwright.chromium.launch(executable_path=chromium_path, args=[*LAUNCH_ARGS, f"--host-resolver-rules=MAP {CHAT} 127.0.0.1"])
    yield running
    running.close()


@pytest.fixture
def open_tab(knowing_browser: Browser, proxy: Proxy) -> Iterator[OpenChat]:
    made: list[Chat] = []

    def new(**options: Any) -> Chat:
        # The certificate is one that no browser knows; that it is right is tested elsewhere.
        context = knowing_browser.new_context(ignore_https_errors=True, reduced_motion="reduce", **options)
        made.append(Chat(context, proxy.url))
        return made[-1]

    yield new
    proxy.switch("on")
    for chat in made:
        assert chat.complaints == [], "no script failed, and nothing was against the policy"
        chat.context.close()


@pytest.mark.parametrize("look", ["light", "dark", "phone", "400%"])
def test_the_fallback_page_can_be_read_by_everybody_and_its_numbers_be_rung(open_tab: OpenChat, proxy: Proxy, look: str) -> None:
    proxy.switch("off")
    chat = open_tab(**LOOKS[look])
    chat.page.goto(f"{proxy.url}/chat")
    assert chat.page.title() == "Chat"
    expect(chat.page.get_by_role("link", name="08088 088 088")).to_be_visible()
    expect(chat.page.get_by_role("link", name="999")).to_be_visible()
    assert_axe_is_content(chat)
    assert_fits_the_width(chat)


@pytest.mark.parametrize("way", ["button", "shift"])
def test_the_fallback_page_is_left_as_the_page_is_and_back_does_not_lead_to_it(open_tab: OpenChat, proxy: Proxy, way: str) -> None:
    proxy.switch("off")
    chat = open_tab()
    chat.page.goto("about:blank")
    chat.page.goto(f"{proxy.url}/chat", wait_until="networkidle")
    safe = chat.safe_site
    if way == "button":
        chat.exit.click()
    else:
        chat.shift_three_times()
    chat.page.wait_for_url(safe)
    chat.page.go_back()
    assert chat.page.url == "about:blank"


def test_without_script_the_fallback_page_has_a_plain_way_out(open_tab: OpenChat, proxy: Proxy) -> None:
    proxy.switch("off")
    chat = open_tab(java_script_enabled=False)
    chat.page.goto(f"{proxy.url}/chat")
    chat.exit.click()
    chat.page.wait_for_url("https://www.metoffice.gov.uk/")


def test_an_open_conversation_keeps_what_was_typed_and_goes_on_when_the_switch_is_on_again(open_tab: OpenChat, proxy: Proxy) -> None:
    chat = open_tab().open()
    proxy.switch("off")
    chat.send("is there a refuge near me")
    expect(chat.notice("trouble")).to_be_visible()
    expect(chat.field).to_have_value("is there a refuge near me")
    proxy.switch("on")
    chat.page.locator("[data-retry]").click()
    expect(chat.page.locator(".card").first).to_be_visible()
    expect(chat.notice("trouble")).to_be_hidden()
