"""Leaving: at once, from anywhere, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from conftest import OpenChat
from pages import WEATHER, Chat
from playwright.sync_api import Playwright, Route, expect
from shots import LAUNCH_ARGS

from outreach.safety.exit_words import ExitWords
from outreach.settings import ROOT

EXIT_WORDS: list[str] = yaml.safe_load((ROOT / "content" / "exit_words.yml").read_text(encoding="utf-8"))["web"]
SECRET = "he hid my passport under the stairs"

LEFT_IN_STORAGE = """async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""


def assert_the_page_is_empty(chat: Chat) -> None:
    """When the page tells the server, and while the safe site has not answered."""
    seen = chat.as_left(2)
    assert [(each["covered"], each["nodes"], each["text"]) for each in seen] == [(True, 0, "Loading")] * 2
    assert SECRET not in str(seen)


def assert_nothing_is_left(chat: Chat, entries: int) -> None:
    """After leaving: in the browser, in the tab's history, on the way back."""
    assert chat.history_length() == entries
    chat.page.go_back()
    assert chat.page.url == "about:blank"
    assert chat.page.locator("body").inner_text() == ""
    assert chat.context.cookies() == []
    chat.page.goto(f"{chat.base_url}/chat/static/icon.svg")
    assert set(chat.page.evaluate(LEFT_IN_STORAGE).values()) == {0}


def leave_and_check(chat: Chat, leave: Callable[[], None]) -> None:
    """Leaves while the safe site is slow, so that the page can be seen as it is left."""
    safe_site, entries = chat.safe_site, chat.history_length()
    token = chat.tokens[-1]
    assert chat.outside == []
    chat.hold_outside = True
    leave()
    assert_the_page_is_empty(chat)
    chat.hold_outside = False
    assert chat.wait_until(lambda: chat.held)
    chat.held.pop(0).fulfill(body=WEATHER, content_type="text/html")
    chat.page.wait_for_url(safe_site)
    assert chat.outside == [safe_site]
    assert_nothing_is_left(chat, entries)
    assert chat.server_forgot(token)


def test_the_button_leaves_after_many_turns(chat: Chat) -> None:
    for sentence in ["hello", "he checks my phone", "is there a number I can call", SECRET]:
        chat.say(sentence)
    leave_and_check(chat, lambda: chat.exit.click(no_wait_after=True))


def test_shift_three_times_leaves(chat: Chat) -> None:
    chat.say(SECRET)
    leave_and_check(chat, chat.shift_three_times)


@pytest.mark.parametrize("word", ["exit", "X", " Quit! ", "leave"])
def test_the_word_leaves_before_any_network(chat: Chat, word: str) -> None:
    chat.say(SECRET)
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    leave_and_check(chat, lambda: chat.send(word))
    assert not [url for url in asked if url.endswith("/chat/api/messages")]


@pytest.mark.parametrize("word", EXIT_WORDS)
def test_every_exit_word_however_it_is_written_leaves_with_the_network_cut(chat: Chat, word: str) -> None:
    chat.hold_outside = True
    chat.context.set_offline(True)
    chat.send(f" «{word.upper().replace(' ', ' - ')} »!?\n")
    assert_the_page_is_empty(chat)
    for route in chat.held:
        route.abort("internetdisconnected")


def test_every_exit_word_leaves_while_a_reply_is_on_its_way(chat: Chat) -> None:
    chat.hold("/chat/api/messages")
    chat.send(SECRET)
    expect(chat.said).to_have_count(1)
    leave_and_check(chat, lambda: chat.send("Exit now!"))


@pytest.mark.parametrize("attribute", [True, False])
def test_the_page_and_the_server_mean_the_same_by_an_exit_word(chat: Chat, attribute: bool) -> None:
    if not attribute:
        chat.page.evaluate("delete document.documentElement.dataset.exitWords")
    about = ["{}", " {} ", "{}.", "«{}»", "_{}_", "{}\n", "{}\u00a0", "\u200b{}", "🏃{}!!", "{}é", "my {}", "{} him", "{}" + "." * 40]
    written = [form.format(word) for form in about for word in [*EXIT_WORDS, "bye", "stop", "ex", "EXIT\u2014NOW", "ÉXIT", "е xit", ""]]
    ours = chat.page.evaluate(
        "async ([all, url]) => { const {isExitWord} = await import(url); return all.map(isExitWord); }",
        [written, f"{chat.base_url}/chat/static/exit.js{'' if attribute else '?alone'}"],
    )
    servers = [ExitWords.load("web").match(text) for text in written]
    if attribute:
        assert ours == servers
    else:
        assert any(ours) and not [text for text, here, there in zip(written, ours, servers, strict=True) if here and not there]


def test_a_reply_can_tell_the_page_to_leave(chat: Chat) -> None:
    chat.say(SECRET)
    chat.mock_reply(text="this is not shown", command="exit")
    leave_and_check(chat, lambda: chat.send("he is coming up the stairs"))


def test_leaving_works_in_the_middle_of_typing(chat: Chat) -> None:
    chat.say("hello")
    chat.field.press_sequentially(SECRET)
    leave_and_check(chat, chat.shift_three_times)


def test_leaving_works_in_the_middle_of_a_reply(chat: Chat) -> None:
    chat.say("hello")
    chat.hold("/chat/api/messages")
    stopped: list[str] = []
    chat.page.on("requestfailed", lambda request: stopped.append(request.url))
    chat.send(SECRET)
    expect(chat.said).to_have_count(2)
    leave_and_check(chat, lambda: chat.exit.click(no_wait_after=True))
    assert f"{chat.base_url}/chat/api/messages" in stopped


def test_leaving_works_offline(chat: Chat) -> None:
    chat.say(SECRET)
    entries = chat.history_length()
    chat.context.set_offline(True)
    chat.hold_outside = True
    chat.exit.click(no_wait_after=True)
    assert_the_page_is_empty(chat)
    for route in chat.held:
        route.abort("internetdisconnected")
    chat.page.wait_for_timeout(200)
    assert SECRET not in chat.page.content()
    chat.context.set_offline(False)
    assert_nothing_is_left(chat, entries)


def test_leaving_works_before_the_greeting_has_come(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.hold("/chat/api/session")
    chat.page.goto(f"{chat.base_url}/chat")
    safe_site = chat.safe_site
    chat.shift_three_times()
    chat.page.wait_for_url(safe_site)


def answer_redirect(chat: Chat, seen: list[tuple[str, int, dict[str, str]]]) -> None:
    """Notes what /chat/exit answers, and goes to the safe site without asking it."""

    def answer(route: Route) -> None:
        response = route.fetch(max_redirects=0)
        seen.append((route.request.method, response.status, response.headers))
        route.fulfill(body=WEATHER, content_type="text/html")

    chat.page.route("**/chat/exit", answer)


def test_exit_is_a_plain_link_while_the_script_is_still_loading(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.hold("/chat/static/*.js")
    seen: list[tuple[str, int, dict[str, str]]] = []
    answer_redirect(chat, seen)
    chat.page.goto(f"{chat.base_url}/chat", wait_until="commit")
    safe_site = chat.safe_site
    chat.exit.click(no_wait_after=True)
    expect(chat.page.get_by_text("Sunny spells")).to_be_visible()
    [(method, status, headers)] = seen
    assert (method, status, headers["location"]) == ("GET", 303, safe_site)
    assert "clear-site-data" in headers


def test_exit_without_script_forgets_on_the_server(open_chat: OpenChat) -> None:
    chat = open_chat(java_script_enabled=False)
    seen: list[tuple[str, int, dict[str, str]]] = []
    answer_redirect(chat, seen)
    chat.page.goto(f"{chat.base_url}/chat")
    chat.page.get_by_role("button", name="Start").click()
    token = chat.page.locator("input[name=session]").first.get_attribute("value") or ""
    assert chat.server_status(token) == 200
    safe_site = chat.safe_site
    chat.exit.click()
    expect(chat.page.get_by_text("Sunny spells")).to_be_visible()
    [(method, status, headers)] = seen
    assert (method, status, headers["location"]) == ("POST", 303, safe_site)
    assert "clear-site-data" in headers
    assert chat.server_forgot(token)


def test_shift_with_other_keys_or_slowly_does_not_leave(chat: Chat) -> None:
    for key in ("A", "B", "C", "D"):
        chat.page.keyboard.press(f"Shift+{key}")
    chat.page.keyboard.press("Shift")
    chat.page.keyboard.press("Shift")
    chat.page.wait_for_timeout(2100)
    chat.page.keyboard.press("Shift")
    expect(chat.exit).to_be_visible()
    assert chat.outside == []


def test_a_sentence_with_an_exit_word_in_it_does_not_leave(chat: Chat) -> None:
    chat.mock_reply(text="I hear you.")
    assert "I hear you." in chat.say("how do I leave him")
    assert chat.outside == []


def test_going_elsewhere_forgets_as_well(chat: Chat) -> None:
    chat.say(SECRET)
    chat.page.goto("http://elsewhere.example/")
    assert chat.server_forgot(chat.tokens[-1])


def allow_keeping(route: Route) -> None:
    """Takes no-store from the page."""
    response = route.fetch()
    route.fulfill(response=response, headers={k: v for k, v in response.headers.items() if k != "cache-control"})


def test_the_page_cache_holds_nothing(playwright: Playwright, chromium_path: str, base_url: str) -> None:
    browser = playwright.chromium.launch(
        executable_path=chromium_path, args=LAUNCH_ARGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    chat = Chat(browser.new_context(), base_url)
    # The browser is invited to keep the page: it has to empty itself.
    chat.page.route("**/chat", allow_keeping)
    chat.open()
    chat.say(SECRET)
    chat.page.goto(f"{base_url}/chat/static/icon.svg")
    chat.page.go_back(wait_until="commit")
    expect(chat.page.locator("html:not(.gone)")).to_be_attached()
    assert SECRET not in chat.page.content()
    expect(chat.said).to_have_count(0)
    browser.close()


def test_inside_another_sites_frame_the_whole_tab_leaves(open_chat: OpenChat) -> None:
    chat = open_chat()
    outer = f"<!doctype html><title>Council</title><iframe src='{chat.base_url}/chat' width=600 height=600></iframe>"

    def allow_framing(route: Route) -> None:
        response = route.fetch()
        headers = {k: v for k, v in response.headers.items() if k not in ("content-security-policy", "x-frame-options")}
        route.fulfill(response=response, headers=headers)

    chat.page.route("**/chat", allow_framing)
    chat.page.route("https://council.example/", lambda route: route.fulfill(body=outer, content_type="text/html"))
    chat.page.goto("https://council.example/")
    frame = chat.page.frame_locator("iframe")
    expect(frame.locator(".theirs").first).to_be_visible()
    safe_site = frame.locator("html").get_attribute("data-safe-site") or ""
    frame.locator("[data-exit]").click(no_wait_after=True)
    chat.page.wait_for_url(safe_site)
