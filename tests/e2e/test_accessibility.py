"""Everybody can use the page: by keyboard, by ear, in the dark, enlarged."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import OpenChat
from pages import Chat
from playwright.sync_api import expect
from test_page import REPLY

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "200%": {"viewport": {"width": 640, "height": 400}},
    "400%": {"viewport": {"width": 320, "height": 256}, "color_scheme": "light"},
    "400% dark": {"viewport": {"width": 320, "height": 256}, "color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}


def assert_axe_is_content(chat: Chat) -> None:
    """No violation of any rule that axe has."""
    result = Axe().run(chat.page)
    assert result.violations_count == 0, result.generate_report()


def assert_fits_the_width(chat: Chat) -> None:
    """No sideways scrolling."""
    assert chat.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") <= 0


@pytest.mark.parametrize("look", LOOKS)
def test_axe_reports_no_violation(open_chat: OpenChat, look: str) -> None:
    chat = open_chat(**LOOKS[look]).open()
    assert_axe_is_content(chat)
    chat.mock_reply(**REPLY)
    chat.say("who can help")
    assert_axe_is_content(chat)
    assert_fits_the_width(chat)
    for name in ("trouble", "forgotten"):
        chat.page.evaluate("name => document.querySelector(`[data-notice=${name}]`).hidden = false", name)
    assert_axe_is_content(chat)
    assert_fits_the_width(chat)


@pytest.mark.parametrize("look", ["light", "dark", "400%"])
def test_axe_reports_no_violation_on_the_plain_page(open_chat: OpenChat, look: str) -> None:
    # axe itself is script, so the page's own script is what is kept away.
    chat = open_chat(**LOOKS[look])
    chat.page.route("**/chat/static/*.js", lambda route: route.abort())
    chat.page.goto(f"{chat.base_url}/chat")
    expect(chat.page.get_by_role("button", name="Start")).to_be_visible()
    assert_axe_is_content(chat)
    chat.page.get_by_role("button", name="Start").click()
    expect(chat.replies.first).to_be_visible()
    assert_axe_is_content(chat)
    assert_fits_the_width(chat)


@pytest.mark.parametrize("look", ["light", "phone", "200%", "400%"])
def test_exit_is_always_in_sight_and_big_enough(open_chat: OpenChat, look: str) -> None:
    chat = open_chat(**LOOKS[look]).open()
    chat.mock_reply(**REPLY)
    for _ in range(3):
        chat.say("who can help")
    for where in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        chat.page.evaluate(f"window.scrollTo(0, {where})")
        expect(chat.exit).to_be_in_viewport(ratio=1)
    box = chat.exit.bounding_box()
    assert box and box["width"] >= 44 and box["height"] >= 44


def test_every_button_is_big_enough_for_a_thumb(open_chat: OpenChat) -> None:
    chat = open_chat(**LOOKS["phone"]).open()
    chat.mock_reply(**REPLY)
    chat.say("who can help")
    for control in chat.page.locator("button:visible, a.call:visible, textarea:visible").all():
        box = control.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 44


def test_a_conversation_by_keyboard_alone(chat: Chat) -> None:
    chat.mock_reply(**REPLY)
    keyboard = chat.page.keyboard
    expect(chat.field).to_be_focused()
    keyboard.type("one")
    keyboard.press("Shift+Enter")
    keyboard.type("two")
    expect(chat.field).to_have_value("one\ntwo")
    keyboard.press("Enter")
    expect(chat.replies.last).to_contain_text("I hear you.")
    expect(chat.field).to_be_focused()
    keyboard.press("Shift+Tab")
    expect(chat.page.get_by_role("button", name="Not now")).to_be_focused()
    ring = chat.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    keyboard.press("Enter")
    expect(chat.said.last).to_contain_text("Not now")
    expect(chat.field).to_be_focused()


def test_exit_is_the_first_stop_of_the_keyboard(chat: Chat) -> None:
    safe_site = chat.safe_site
    chat.page.get_by_role("heading", name="Chat").click()
    chat.page.keyboard.press("Tab")
    expect(chat.exit).to_be_focused()
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_url(safe_site)


def test_a_control_in_focus_is_never_under_the_bars(open_chat: OpenChat) -> None:
    chat = open_chat(viewport={"width": 360, "height": 640}).open()
    chat.mock_reply(**REPLY)
    for _ in range(2):
        chat.say("who can help")
    covered = """element => {
        const box = element.getBoundingClientRect();
        const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return !(at === element || element.contains(at));
    }"""
    for _ in range(12):
        chat.page.keyboard.press("Shift+Tab")
        assert not chat.page.evaluate(f"({covered})(document.activeElement)")


def test_the_conversation_is_a_log_and_typing_is_a_status(chat: Chat) -> None:
    log = chat.page.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(chat.page.locator("#typing")).to_have_attribute("role", "status")
    expect(chat.page.locator("#notices")).to_have_attribute("role", "alert")


@pytest.mark.parametrize(("motion", "moves"), [("reduce", "none"), ("no-preference", "breathe")])
def test_nothing_moves_for_those_who_ask_for_stillness(open_chat: OpenChat, motion: str, moves: str) -> None:
    chat = open_chat(reduced_motion=motion).open()
    chat.hold("/chat/api/messages")
    chat.send("hello")
    dot = chat.page.locator("#typing i").first
    expect(dot).to_be_visible()
    assert dot.evaluate("dot => getComputedStyle(dot).animationName") == moves


def test_the_fields_teach_the_browser_nothing(chat: Chat) -> None:
    expect(chat.field).to_have_attribute("autocomplete", "off")
    expect(chat.field).to_have_attribute("spellcheck", "false")


def test_a_phones_keyboard_does_not_jump_up_after_a_choice(open_chat: OpenChat) -> None:
    chat = open_chat(**LOOKS["phone"]).open()
    chat.mock_reply(**REPLY)
    chat.say("hello")
    chat.page.get_by_role("button", name="Not now").tap()
    expect(chat.said.last).to_be_focused()
    expect(chat.field).not_to_be_focused()
