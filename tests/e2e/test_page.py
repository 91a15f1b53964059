"""The page carries a conversation, with script and without, and says so when it can't."""

from __future__ import annotations

import re

import fake_server
import pytest
from conftest import OpenChat
from pages import Chat
from playwright.sync_api import Page, Route, expect

TWENTY = [
    "hello",
    "is this normal",
    "he checks my phone all the time",
    "is there a number I can call",
    "what does it cost",
    "who can see this conversation",
    "I need somewhere safe to go",
    "can I take my dog",
    "what about my children",
    "how do I get an order against him",
    "I have no money of my own",
    "he controls everything I do",
    "it was years ago",
    "my visa depends on him",
    "how can I leave safely",
    "I live in Watford",
    "what support is there near me",
    "are you a real person",
    "thank you",
    "what else can you tell me",
]
SERVICE = {
    "id": "one",
    "name": "A <b>service</b>",
    "summary": "Listens.",
    "phones": [
        {"number": "01234 567 890", "href": "tel:01234567890", "cost": "Local rate", "on_bill": True},
        {"number": "0800 000 0000", "href": "tel:08000000000", "cost": "free", "on_bill": False},
        {"number": "60606", "href": None, "cost": None, "on_bill": None},
    ],
    "hours": {"text": "Weekdays 9am to 5pm", "open_now": False, "next_change": "2026-11-23T09:30:00+00:00"},
    "areas": ["Watford", "Three Rivers"],
    "website": "https://service.example/help/",
    "last_checked": None,
}
CHECKED = {
    **SERVICE,
    "name": "Another",
    "phones": [],
    "hours": {"text": "Every day", "open_now": True, "next_change": "2026-11-23T12:00:00+00:00"},
    "website": "javascript:alert(1)",
    "last_checked": "2026-11-02",
}
REPLY = {
    "text": "I hear you.\n\nYou might want to:\n- ring 08088 088 088\n- keep <i>this</i>\nIt's not your fault.",
    "choices": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "Not now"}],
    "services": [SERVICE, CHECKED],
    "command": None,
}


def test_twenty_turns_are_answered_with_nothing_asked_of_any_other_host(chat: Chat) -> None:
    entries = chat.history_length()
    for sentence in TWENTY:
        assert chat.say(sentence).strip()
    expect(chat.said).to_have_count(20)
    assert chat.outside == []
    assert chat.history_length() == entries
    assert chat.page.url == f"{chat.base_url}/chat"


def test_the_token_is_in_no_place_that_outlives_the_page(chat: Chat) -> None:
    chat.say("hello")
    token = chat.tokens[-1]
    assert token not in chat.page.content()
    assert token not in chat.page.url
    assert chat.context.cookies() == []
    assert chat.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_title_and_address_and_icon_are_neutral(chat: Chat) -> None:
    assert chat.page.title() == "Chat"
    assert chat.page.locator("html").get_attribute("lang") == "en-GB"
    assert chat.page.locator("[title]").count() == 0


def test_a_reply_shows_its_services_as_cards(chat: Chat) -> None:
    chat.mock_reply(**REPLY)
    chat.say("who can help")
    card = chat.page.locator(".card").filter(has_text="service</b>")
    expect(card.get_by_role("heading")).to_have_text("A <b>service</b>")
    expect(card.get_by_role("link", name="Call 01234 567 890")).to_have_attribute("href", "tel:01234567890")
    for text in (
        "Local rate. It can show on a phone bill.",
        "Free. It doesn’t show on most phone bills, but stays in the phone’s list of calls.",
        "Cost not known. We don’t know whether it shows on a phone bill.",
        "Closed now, opens 9.30am on 23 November 2026",
        "Weekdays 9am to 5pm",
        "Watford, Three Rivers",
        "Not yet checked by our staff",
    ):
        expect(card).to_contain_text(text)
    site = card.get_by_role("link", name="service.example/help")
    expect(site).to_have_attribute("rel", "noopener noreferrer")
    expect(site).to_have_attribute("referrerpolicy", "no-referrer")


def test_text_is_shown_as_text_and_numbers_can_be_tapped(chat: Chat) -> None:
    chat.mock_reply(**REPLY)
    chat.say("<img src=x onerror=alert(1)>")
    expect(chat.said.last).to_contain_text("<img src=x onerror=alert(1)>")
    expect(chat.replies.last.locator(".bubble li")).to_have_count(2)
    expect(chat.replies.last).to_contain_text("keep <i>this</i>")
    number = chat.replies.last.locator(".bubble").get_by_role("link")
    expect(number).to_have_attribute("href", "tel:08088088088")
    assert chat.page.locator("a[href^=javascript]").count() == 0


def test_script_and_plain_page_draw_the_same_reply(chat: Chat, open_chat: OpenChat) -> None:
    chat.mock_reply(**REPLY)
    chat.say("who can help")
    html = fake_server.render_page(session="t" * 43, messages=[REPLY], said="who can help")
    plain = open_chat(java_script_enabled=False)
    plain.page.route("**/chat", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    plain.page.goto(f"{plain.base_url}/chat")
    assert plain.replies.last.inner_text().split() == chat.replies.last.inner_text().split()
    assert plain.said.last.inner_text().split() == chat.said.last.inner_text().split()


def test_a_choice_can_be_pressed_once(chat: Chat) -> None:
    chat.mock_reply(**REPLY)
    chat.say("hello")
    with chat.page.expect_request("**/chat/api/messages") as sent:
        chat.mock_reply(text="Good.")
        chat.page.get_by_role("button", name="Not now").click()
    assert sent.value.post_data_json == {"choice": "no"}
    expect(chat.replies.last).to_contain_text("Good.")
    expect(chat.said.last).to_contain_text("Not now")
    expect(chat.page.locator(".choices")).to_have_count(0)
    expect(chat.field).to_be_focused()


def test_the_choices_of_the_greeting_work(chat: Chat) -> None:
    button = chat.page.locator(".choices button").first
    if button.count() == 0:
        pytest.skip("the greeting offers no choices")
    before = chat.replies.count()
    button.click()
    expect(chat.replies.nth(before)).to_be_visible()


def test_a_long_reply_is_shown_from_its_start(open_chat: OpenChat) -> None:
    chat = open_chat(viewport={"width": 360, "height": 740}).open()
    chat.mock_reply(text="\n".join(f"Line {number} of a long answer." for number in range(60)))
    chat.say("tell me everything")
    expect(chat.page.get_by_text("Line 0 of")).to_be_in_viewport()
    expect(chat.exit).to_be_in_viewport()


def test_while_a_reply_is_on_its_way_nothing_is_sent_twice_and_nothing_is_lost(chat: Chat) -> None:
    waiting = chat.hold("/chat/api/messages")
    chat.send("first")
    expect(chat.page.get_by_text("A reply is being written.")).to_be_attached()
    expect(chat.page.locator("#typing p")).to_be_visible()
    chat.send("second")
    chat.field.press("Enter")
    expect(chat.notice("wait")).to_be_visible()
    expect(chat.field).to_have_value("second")
    assert chat.wait_until(lambda: waiting) and len(waiting) == 1
    waiting[0].fulfill(json={"messages": [REPLY]})
    expect(chat.replies.last).to_contain_text("I hear you.")
    expect(chat.notice("wait")).to_be_hidden()
    expect(chat.page.locator("#typing p")).to_be_hidden()
    expect(chat.field).to_have_value("second")


def test_a_lost_network_shows_the_numbers_and_keeps_the_draft(chat: Chat) -> None:
    chat.context.set_offline(True)
    chat.send("I am scared")
    notice = chat.notice("trouble")
    expect(notice).to_be_visible()
    for number in ("999", "08088 088 088", "0808 2000 247"):
        expect(notice).to_contain_text(number)
    expect(chat.field).to_have_value("I am scared")
    expect(chat.said).to_have_count(0)
    chat.context.set_offline(False)
    notice.get_by_role("button", name="Try again").click()
    expect(chat.said).to_have_count(1)
    expect(chat.replies).not_to_have_count(1)
    expect(notice).to_be_hidden()


def waiting_for_an_answer(open_chat: OpenChat) -> tuple[Chat, list[Route]]:
    """A page whose first message is not answered, on a clock that the test moves, and the requests that wait."""
    chat = open_chat()
    chat.page.clock.install()
    chat.open()
    waiting = chat.hold("/chat/api/messages")
    chat.send("hello")
    expect(chat.said).to_have_count(1)
    return chat, waiting


def test_an_answer_that_does_not_come_shows_the_numbers_while_it_waits(open_chat: OpenChat) -> None:
    chat, waiting = waiting_for_an_answer(open_chat)
    chat.page.clock.fast_forward(7_000)
    expect(chat.notice("trouble")).to_be_hidden()
    chat.page.clock.fast_forward(3_000)
    expect(chat.notice("trouble")).to_be_visible()
    assert chat.wait_until(lambda: waiting)
    waiting[0].fulfill(json={"messages": [REPLY]})
    expect(chat.replies.last).to_contain_text("I hear you.")
    expect(chat.notice("trouble")).to_be_hidden()


def test_while_an_answer_does_not_come_pressing_send_keeps_the_numbers_in_sight(open_chat: OpenChat) -> None:
    chat, waiting = waiting_for_an_answer(open_chat)
    chat.send("are you there")
    expect(chat.notice("wait")).to_be_visible()
    chat.page.clock.fast_forward(10_000)
    expect(chat.notice("trouble")).to_be_visible()
    for text in ("he's got a knife", "a" * 1_200):
        chat.send(text)
        expect(chat.notice("trouble").get_by_role("link", name="999")).to_be_visible()
        expect(chat.notice("trouble").get_by_role("button", name="Try again")).to_be_visible()
        expect(chat.notice("wait")).to_be_hidden()
        expect(chat.field).to_have_value(text)
    assert chat.wait_until(lambda: waiting)
    waiting[0].fulfill(json={"messages": [REPLY]})
    expect(chat.notice("trouble")).to_be_hidden()
    chat.hold("/chat/api/messages")
    chat.send("and now")
    expect(chat.said).to_have_count(2)
    chat.send("another")
    expect(chat.notice("wait")).to_be_visible()


@pytest.mark.parametrize("name", ["trouble", "forgotten", "busy", "long", "stale", "wait"])
def test_every_notice_has_999_to_tap(chat: Chat, name: str) -> None:
    assert chat.page.locator("[data-notice]").count() == 6
    assert chat.notice(name).locator("a[href='tel:999']").count() == 1


def test_trying_again_while_waiting_sends_the_same_once_more(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.clock.install()
    chat.open()
    waiting = chat.hold("/chat/api/messages")
    chat.send("hello there")
    expect(chat.said).to_have_count(1)
    assert chat.wait_until(lambda: waiting)
    chat.page.clock.fast_forward(10_000)
    chat.mock_reply(text="Here I am.")
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.replies.last).to_contain_text("Here I am.")
    expect(chat.said).to_have_count(1)
    assert len(waiting) == 1


def test_what_is_sent_again_after_no_reply_has_the_same_mark_and_what_is_sent_after_one_has_another(chat: Chat) -> None:
    marks = []
    chat.page.on("request", lambda request: marks.append(request.headers.get("idempotency-key")))
    chat.mock("/chat/api/messages", status=502)
    chat.send("yes")
    expect(chat.notice("trouble")).to_be_visible()
    chat.page.get_by_role("button", name="Try again").click()
    assert chat.wait_until(lambda: len(marks) == 2)
    expect(chat.field).to_have_value("yes")
    chat.page.keyboard.press("Enter")
    assert chat.wait_until(lambda: len(marks) == 3)
    expect(chat.field).to_have_value("yes")
    chat.send("yes, but not on Friday")
    assert chat.wait_until(lambda: len(marks) == 4)
    expect(chat.field).to_have_value("yes, but not on Friday")
    chat.mock_reply(text="Here I am.")
    for _ in range(2):
        chat.say("yes")
    assert all(re.fullmatch("[0-9a-f]{16}", str(mark)) for mark in marks) and len(marks) == 6
    assert marks[0] == marks[1] == marks[2] and len({*marks[2:]}) == 4


def test_a_start_that_fails_can_be_tried_again(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.mock("/chat/api/session", status=503, error="down")
    chat.page.goto(f"{chat.base_url}/chat")
    expect(chat.notice("trouble")).to_be_visible()
    chat.unmock("/chat/api/session")
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.replies.first).to_be_visible()


def test_a_forgotten_conversation_leaves_the_screen_and_can_start_again(chat: Chat) -> None:
    chat.say("hello")
    chat.mock("/chat/api/messages", status=401, error="forgotten")
    chat.send("my secret")
    expect(chat.notice("forgotten")).to_be_visible()
    expect(chat.replies).to_have_count(0)
    expect(chat.said).to_have_count(0)
    expect(chat.field).to_have_value("")
    assert "my secret" not in chat.page.content()
    chat.unmock("/chat/api/messages")
    chat.page.get_by_role("button", name="Start again").click()
    expect(chat.replies.first).to_be_visible()
    expect(chat.notice("forgotten")).to_be_hidden()
    assert chat.say("hello").strip()


def test_a_conversation_left_alone_leaves_the_screen(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.clock.install()
    chat.open()
    chat.say("hello")
    minutes = float(chat.page.locator("html").get_attribute("data-idle-minutes") or 0)
    chat.page.clock.fast_forward(int(minutes * 60_000) - 60_000)
    expect(chat.said).to_have_count(1)
    chat.page.clock.fast_forward(120_000)
    expect(chat.notice("forgotten")).to_be_visible()
    expect(chat.said).to_have_count(0)


@pytest.mark.parametrize(("status", "name"), [(429, "busy"), (413, "long"), (422, "long"), (500, "trouble")])
def test_a_refusal_is_told_kindly_and_keeps_the_draft(chat: Chat, status: int, name: str) -> None:
    chat.mock("/chat/api/messages", status=status, error="no")
    chat.send("please help")
    expect(chat.notice(name)).to_be_visible()
    expect(chat.field).to_have_value("please help")
    expect(chat.said).to_have_count(0)


def test_a_choice_that_is_off_the_table_goes_away(chat: Chat) -> None:
    chat.mock_reply(**REPLY)
    chat.say("hello")
    chat.mock("/chat/api/messages", status=422, error="stale")
    chat.page.get_by_role("button", name="Yes", exact=True).click()
    expect(chat.notice("stale")).to_be_visible()
    expect(chat.page.locator(".choices")).to_have_count(0)


def test_too_long_a_message_is_counted_and_not_cut(chat: Chat) -> None:
    limit = int(chat.field.get_attribute("data-limit") or 0)
    chat.field.fill("é" * (limit - 5))
    expect(chat.page.locator("#count")).to_have_text("5 characters left")
    chat.field.fill("é" * (limit + 40))
    expect(chat.page.locator("#count")).to_contain_text("40 too many")
    chat.field.press("Enter")
    expect(chat.notice("long")).to_be_visible()
    expect(chat.field).to_have_value("é" * (limit + 40))


def press_start(chat: Chat) -> Page:
    """Opens the plain page and starts."""
    chat.page.goto(f"{chat.base_url}/chat")
    chat.page.get_by_role("button", name="Start").click()
    expect(chat.replies.first).to_be_visible()
    return chat.page


def test_without_script_a_conversation_goes_by_plain_forms(open_chat: OpenChat) -> None:
    chat = open_chat(java_script_enabled=False)
    page = press_start(chat)
    for sentence in ("is there a number I can call", "<b>hello</b>"):
        chat.field.fill(sentence)
        page.get_by_role("button", name="Send").click()
        expect(chat.said).to_have_count(1)
        expect(chat.said).to_contain_text(sentence)
        expect(chat.replies.first).to_be_visible()
    assert page.url == f"{chat.base_url}/chat"
    assert chat.context.cookies() == []
    assert chat.outside == []


def test_without_script_a_choice_is_a_button_of_a_form(open_chat: OpenChat) -> None:
    chat = open_chat(java_script_enabled=False)
    page = press_start(chat)
    button = page.locator(".choices button").first
    if button.count() == 0:
        pytest.skip("the greeting offers no choices")
    greeting = chat.replies.first.inner_text()
    button.click()
    expect(chat.replies.first).not_to_have_text(greeting)
    expect(chat.field).to_be_visible()


def test_without_script_a_double_click_on_a_choice_is_one_answer_and_shows_its_reply(open_chat: OpenChat) -> None:
    chat = open_chat(java_script_enabled=False)
    page = press_start(chat)
    greeting, button = chat.replies.first.inner_text(), page.locator(".choices button").last
    title = button.inner_text()
    button.dblclick(no_wait_after=True)
    expect(chat.said).to_contain_text(title)
    expect(chat.replies.first).not_to_have_text(greeting)
    page.wait_for_timeout(500)
    expect(chat.said).to_contain_text(title)
    expect(page.locator(".notice.plain")).to_have_count(0)


@pytest.mark.parametrize("what", ["too long", "a choice of before"])
def test_without_script_a_refusal_has_999_to_tap_and_keeps_the_draft(open_chat: OpenChat, what: str) -> None:
    chat = open_chat(java_script_enabled=False)
    page = press_start(chat)
    if what == "too long":
        # As where a browser counts otherwise than the server.
        page.route("**/chat", lambda route: route.continue_(post_data=f"{route.request.post_data}{'a' * 1001}"))
        chat.field.fill("I am scared")
        page.get_by_role("button", name="Send").click()
        expect(chat.field).to_have_value("I am scared" + "a" * 1001)
    else:
        page.route("**/chat", lambda route: route.continue_(post_data=f"{route.request.post_data}-no-such"))
        page.locator(".choices button").first.click()
    expect(page.get_by_role("alert").get_by_role("link", name="999")).to_be_visible()
    expect(chat.field).to_be_visible()


def test_the_plain_page_comes_up_where_the_script_can_not_be_loaded(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.route("**/chat/static/*.js", lambda route: route.abort())
    chat.page.goto(f"{chat.base_url}/chat")
    start = chat.page.get_by_role("button", name="Start")
    expect(start).to_be_visible()
    start.click()
    expect(chat.replies.first).to_be_visible()


def test_a_script_that_comes_late_takes_the_plain_conversation_over(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.route("**/chat/static/*.js", lambda route: route.abort())
    chat.page.goto(f"{chat.base_url}/chat")
    chat.page.unroute("**/chat/static/*.js")
    chat.page.get_by_role("button", name="Start").click()
    expect(chat.page.locator("html.scripted-on")).to_be_attached()
    assert chat.page.locator("input[name=session]").count() == 0
    assert chat.say("hello").strip()
    assert chat.server_status(chat.tokens[-1]) == 200
