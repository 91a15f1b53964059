"""The web channel's contract: what may be asked, and the status and headers of every answer."""
from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from faults import from_address, rows
from running import Person, Running
from sentences import EXAMPLES, is_reply

SAFE_SITE = "https://www.metoffice.gov.uk/"
Ask = Callable[[Person], httpx.Response]


def refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"} and response.json()["error"].endswith(".")


def test_a_conversation_begins_with_a_token_and_the_greeting(product: Running) -> None:
    answer = httpx.post(f"{product.url}/chat/api/session")
    assert answer.status_code == 200 and set(answer.json()) == {"session", "messages"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", answer.json()["session"])
    assert is_reply(answer.json()["messages"][0]["text"], "utter_greeting")


def test_a_choice_that_was_offered_is_answered(person: Person) -> None:
    person.choose("See what I can do")
    assert is_reply(person.last[0]["text"], "utter_ask_capabilities")


def test_a_choice_of_an_earlier_reply_is_not_on_offer_any_more(person: Person) -> None:
    person.choose("See what I can do")
    person.say(EXAMPLES["ask_pets"])
    assert "affirm" not in [c["id"] for m in person.last for c in m["choices"]]
    refused(person.post({"choice": "affirm"}), 422)


def test_a_choice_pressed_twice_is_answered_once_and_its_reply_comes_twice(person: Person) -> None:
    (choice,) = [c["id"] for m in person.last for c in m["choices"] if c["title"] == "See what I can do"]
    with ThreadPoolExecutor(2) as pool:
        both = [each.result() for each in [pool.submit(person.post, {"choice": choice}) for _ in range(2)]]
    assert [answer.status_code for answer in both] == [200, 200] and both[0].json() == both[1].json()
    assert person.post({"choice": choice}).json() == both[0].json(), "a reply that was lost can be asked for again"
    person.say("hello there")
    refused(person.post({"choice": choice}), 422)


def test_a_text_under_one_mark_is_answered_once_and_its_reply_comes_twice(person: Person) -> None:
    def send(text: str, mark: str) -> httpx.Response:
        return person.http.post(
            "/chat/api/messages", json={"text": text}, headers={"Authorization": f"Bearer {person.token}", "Idempotency-Key": mark}
        )

    with ThreadPoolExecutor(2) as pool:
        both = [each.result() for each in [pool.submit(send, "what can you do", "0a1b2c") for _ in range(2)]]
    assert [answer.status_code for answer in both] == [200, 200] and both[0].json() == both[1].json()
    (choice, *_) = [c["id"] for m in both[0].json()["messages"] for c in m["choices"]]
    assert is_reply(send("hes got a knife", "0a1b2c").json()["messages"][0]["text"], "utter_immediate_danger"), "no words are lost"
    assert send("what can you do", "x" * 3000).status_code == 200 and send("what can you do", "").status_code == 200
    refused(person.post({"choice": choice}), 422)


def test_a_plain_form_sent_twice_is_answered_once_and_one_that_was_gone_back_to_loses_no_words(product: Running) -> None:
    def field(page: str, name: str) -> str:
        (found,) = re.findall(f'<form id="composer".*?name="{name}" value="([^"]+)"', page, re.DOTALL)
        return str(found)

    with httpx.Client(base_url=product.url, timeout=30) as http:
        page = http.post("/chat", data={}).text
        sent = {"session": field(page, "session"), "mark": field(page, "mark")}
        with ThreadPoolExecutor(2) as pool:
            twice = [pool.submit(http.post, "/chat", data={**sent, "text": EXAMPLES["ask_refuge"]}) for _ in range(2)]
        drawn = [each.result().text for each in twice]
        offered = [re.findall('name="choice" value="([^"]+)"', each) for each in drawn]
        assert offered[0] and offered[0] == offered[1], "a second answer would have offered other ids"
        assert field(drawn[0], "mark") != sent["mark"]
        assert 'Call <a href="tel:999">999</a> now' in http.post("/chat", data={**sent, "text": "hes got a knife"}).text


def test_the_same_choice_offered_again_has_another_id(person: Person) -> None:
    offered = []
    for said in ("ask_refuge", "ask_pets", "ask_refuge"):
        person.say(EXAMPLES[said])
        offered.append({c["title"]: c["id"] for m in person.last for c in m["choices"]})
    (title, first), *_ = offered[0].items()
    assert offered[2][title] != first, "a press on what was read before is none on what is read now"
    refused(person.post({"choice": first}), 422)
    assert person.post({"choice": offered[2][title]}).status_code == 200


@pytest.mark.parametrize(("body", "status"), [
    ({"text": "a" * 1001}, 422), ({"choice": "no-such"}, 422), ({"text": ""}, 422), ({"text": "a" * 17_000}, 413),
])
def test_a_refusal_says_999(person: Person, body: dict[str, Any], status: int) -> None:
    answer = person.post(body)
    refused(answer, status)
    assert answer.json()["error"].endswith("If you're in danger now, call 999.")
    page = person.http.post("/chat", data={"session": person.token, **body})
    assert page.status_code == status and "in danger now, call" in unescape(page.text)


@pytest.mark.parametrize("body", [
    {}, {"text": None}, {"text": 1}, {"text": ["help"]}, {"text": {"a": 1}}, {"text": True}, {"text": ""}, {"text": " \n\t "},
    {"choice": None}, {"choice": 1}, {"choice": ""}, {"choice": ["affirm"]}, {"choice": {"id": "affirm"}},
    {"choice": "no-such"},
    {"choice": "/affirm"}, {"choice": "/immediate_danger"}, {"text": "hello", "choice": "affirm"}, {"text": "a" * 1001},
    {"message": "hello"},
])
def test_what_is_neither_a_text_nor_a_choice_on_offer_is_422(person: Person, body: dict[str, Any]) -> None:
    refused(person.post(body), 422)
    assert person.say("hello there"), "the conversation goes on"


def test_a_thousand_characters_are_answered(person: Person) -> None:
    assert person.say(("i need somewhere safe to stay " * 40)[:1000])
    assert person.say("🙂" * 1000), "characters are counted, not bytes"


@pytest.mark.parametrize("body", [
    b"", b"hello", b"[]", b"null", b'"text"', b"5", b'{"text":', b"\xff\xfe", b"[" * 8000, b'{"a":' * 2000,
])
def test_what_is_not_a_json_object_is_400(person: Person, body: bytes) -> None:
    refused(sent(person, body), 400)


def sent(person: Person, body: bytes) -> httpx.Response:
    return person.http.post("/chat/api/messages", content=body, headers={"Authorization": f"Bearer {person.token}"})


@pytest.mark.parametrize("size", [16 * 1024 + 1, 40_000, 70_000, 1_000_000])
def test_more_than_16_kb_is_413(person: Person, size: int) -> None:
    body = b'{"text": "' + b"a" * (size - 12) + b'"}'
    assert len(body) == size
    try:
        refused(sent(person, body), 413)
    except httpx.WriteError:  # the server may hang up on a megabyte before it is all sent
        assert size == 1_000_000
    assert person.say("hello there")


@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer x", pytest.param(f"Bearer {secrets.token_urlsafe(32)}", id="Bearer of nobody"), "Basic {token}",
    "{token}", "Bearer {token}x",
    "Bearer {token} {token}", "Bearer " + "a" * 7000, b"Bearer " + b"\xff" * 43, "Bearer null",
    "Bearer ../../etc/passwd/and/more",
])
def test_without_the_token_of_a_live_conversation_it_is_401(person: Person, authorization: str | bytes | None) -> None:
    if isinstance(authorization, str):
        authorization = authorization.replace("{token}", person.token)
    headers: Any = {} if authorization is None else {"Authorization": authorization}
    for answer in (
        person.http.post("/chat/api/messages", json={"text": "hello"}, headers=headers),
        person.http.post("/chat/api/messages", json={"choice": "affirm"}, headers=headers),
    ):
        refused(answer, 401)
    assert person.say("hello there")


def test_a_header_too_long_for_anybody_is_refused_in_the_same_form(person: Person) -> None:
    refused(person.http.post("/chat/api/messages", json={}, headers={"Authorization": "Bearer " + "a" * 20_000}), 413)


def test_too_many_messages_are_429_and_another_conversation_goes_on(strict: Running) -> None:
    hasty = from_address(strict, "203.0.113.1")
    for _ in range(5):
        assert hasty.post({"text": "hello there"}).status_code == 200
    refused(hasty.post({"text": "hello there"}), 429)
    other = from_address(strict, "203.0.113.2")
    assert other.post({"text": "hello there"}).status_code == 200


def test_nobody_is_too_fast_to_leave(strict: Running) -> None:
    hasty = from_address(strict, "203.0.113.3")
    for _ in range(5):
        hasty.post({"text": "hello there"})
    refused(hasty.post({"text": "hello there"}), 429)
    assert hasty.post({"text": "exit"}).json()["messages"][0]["command"] == "exit"
    assert rows(strict, hasty.token) == 0


def test_too_many_conversations_from_one_address_are_429_and_from_another_not(strict: Running) -> None:
    def begin(forwarded: str) -> httpx.Response:
        return httpx.post(f"{strict.url}/chat/api/session", headers={"X-Forwarded-For": forwarded})

    # The proxy in front writes the last entry; whatever stands before it was made up by whoever asks.
    for made_up in ("1.1.1.1", "2.2.2.2", "3.3.3.3"):
        assert begin(f"{made_up}, 198.51.100.7").status_code == 200
    refused(begin("4.4.4.4, 198.51.100.7"), 429)
    assert begin("198.51.100.8").status_code == 200


def test_the_form_says_429_in_words(strict: Running) -> None:
    for _ in range(3):
        httpx.post(f"{strict.url}/chat", headers={"X-Forwarded-For": "192.0.2.9"})
    page = httpx.post(f"{strict.url}/chat", headers={"X-Forwarded-For": "192.0.2.9"})
    assert page.status_code == 429 and "Please wait a minute." in page.text


@pytest.mark.parametrize("before", ["/", " /", "\t/", "\x00/", "//", "/ /", "\n/\n/"])
def test_a_leading_slash_is_text_and_never_a_payload(person: Person, before: str) -> None:
    # As a payload it would say that Hitchin lies in Watford; as text it names two places, and the first is answered.
    person.say(before + 'give_location{"district": "Watford", "place": "Hitchin"}')
    assert "Hitchin is in the Watford" not in person.heard()


@pytest.mark.parametrize("text", [
    "/restart", "/session_start", "/back", "/ask_refuge@1.0", "/no_such_intent", "/", "///", "/affirm{", "/utter_greet",
])
def test_a_slash_makes_no_difference_to_what_is_understood(assistant_url: str, text: str) -> None:
    assert Person(assistant_url).say(text)[0]["text"] == Person(assistant_url).say(text.lstrip("/") or "?")[0]["text"]


EVERYWHERE: dict[str, Ask] = {
    "the page": lambda p: p.http.get("/chat"),
    "the page with a slash": lambda p: p.http.get("/chat/"),
    "the root": lambda p: p.http.get("/"),
    "a beginning": lambda p: p.http.post("/chat/api/session"),
    "an answer": lambda p: p.post({"text": "hello there"}),
    "a refusal": lambda p: p.post({"text": ""}),
    "a body too big": lambda p: p.post({"text": "a" * 70_000}),
    "no token": lambda p: p.http.post("/chat/api/messages", json={"text": "a"}),
    "broken json": lambda p: sent(p, b"{"),
    "the script": lambda p: p.http.get("/chat/static/chat.js"),
    "the style": lambda p: p.http.get("/chat/static/style.css"),
    "leaving": lambda p: p.http.get("/chat/exit"),
    "leaving by form": lambda p: p.http.post("/chat/exit", data={"session": p.token}),
    "the form": lambda p: p.http.post("/chat", data={"session": p.token, "text": "hello there"}),
    "forgetting": lambda p: p.http.delete("/chat/api/session", headers={"Authorization": f"Bearer {p.token}"}),
    "health": lambda p: p.http.get("/health/ready"),
    "nothing": lambda p: p.http.get("/no/such/page"),
    "nothing below": lambda p: p.http.get("/chat/api/nothing"),
    "another method": lambda p: p.http.put("/chat/api/messages", json={}),
    "another site's question": lambda p: p.http.options("/chat/api/messages", headers={"Origin": "https://evil.example"}),
}


@pytest.mark.parametrize("what", EVERYWHERE)
def test_every_answer_is_kept_nowhere_and_bound_to_this_site(person: Person, what: str) -> None:
    headers = EVERYWHERE[what](person).headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert [name for name in headers if name.startswith("access-control") or name in ("set-cookie", "server", "etag")] == []


@pytest.mark.parametrize("what", EVERYWHERE)
def test_nothing_tells_what_it_runs_on(person: Person, what: str) -> None:
    answer = EVERYWHERE[what](person)
    assert not re.search(r"rasa|sanic|python|traceback|/work|site-packages", answer.text + str(answer.headers), re.IGNORECASE)


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/no/such/page", 404), ("GET", "/chat/api/messages", 405), ("PUT", "/chat/api/messages", 405),
    ("DELETE", "/chat/api/nothing", 404), ("POST", "/webhooks/rest/webhook", 404), ("GET", "/conversations/x/tracker", 404),
    ("GET", "/model", 404), ("GET", "/status", 404), ("GET", "/version", 404), ("POST", "/model/parse", 404),
    ("OPTIONS", "/chat/api/messages", 405), ("PATCH", "/chat", 405),
])
def test_what_is_not_there_is_refused_and_repeats_nothing(person: Person, method: str, path: str, status: int) -> None:
    answer = person.http.request(method, f"{path}?her=passport")
    refused(answer, status)
    assert "passport" not in answer.text and path not in answer.text


@pytest.mark.parametrize("path", ["/chat", "/no/such/page", "/chat/static/chat.js"])
def test_asking_for_the_head_alone_breaks_nothing(person: Person, path: str) -> None:
    answer = person.http.head(path)
    assert answer.status_code < 500 and answer.content == b"" and answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [
    "..%2f..%2f.env", "%2e%2e/outreach/settings.py", "../settings.py", "..", ".", "chat.html", "chat.js%00", "%00",
    "....//chat.js",
    "..%5c..%5c.env", "/etc/passwd", "%2fetc%2fpasswd", "icon.svg/../chat.html", "a" * 5000,
])
def test_no_name_leads_out_of_the_folder_of_the_page(product: Running, name: str) -> None:
    answer = raw_get(product, f"/chat/static/{name}")
    assert re.match(rb"HTTP/1.1 4\d\d", answer), answer[:100]
    assert b"Setting(" not in answer and b"root:" not in answer and b"<!doctype" not in answer.lower()


def raw_get(running: Running, path: str) -> bytes:
    """As a client would that tidies no path."""
    import socket

    with socket.create_connection(("127.0.0.1", running.port), 10) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_the_root_leads_to_the_page(product: Running) -> None:
    assert httpx.get(product.url, follow_redirects=True).url.path == "/chat"


def test_leaving_goes_to_the_safe_site_and_clears_what_the_browser_keeps(person: Person) -> None:
    answer = person.http.get("/chat/exit")
    assert answer.status_code == 303 and answer.headers["location"] == SAFE_SITE
    assert '"cache"' in answer.headers["clear-site-data"] and '"storage"' in answer.headers["clear-site-data"]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', page)
    assert found, f"no field {name}"
    return found.group(1) or found.group(2)


def test_the_page_works_as_plain_forms(product: Running) -> None:
    with httpx.Client(base_url=product.url) as browser:
        assert browser.get("/chat").status_code == 200
        page = browser.post("/chat", data={}).text
        token = hidden(page, "session")
        assert len(token) == 43 and "automated assistant" in page
        page = browser.post("/chat", data={"session": token, "text": "is there a refuge i could go to"}).text
        assert "A refuge is a safe place to stay" in page and "0808 2000 247" in page and hidden(page, "session") == token
        pressed = re.search(r'<button name="choice" value="([^"]+)">([^<]+)</button>', page)
        assert pressed is not None
        page = browser.post("/chat", data={"session": token, "choice": pressed.group(1)}).text
        assert f"You said:</span><div class=\"bubble\"><p>{pressed.group(2)}</p>" in page
        assert hidden(page, "session") == token
        gone = browser.post("/chat", data={"session": token, "text": "exit"})
        assert gone.status_code == 303 and gone.headers["location"] == SAFE_SITE
    assert rows(product, token) == 0


def test_what_was_typed_into_the_form_is_shown_as_text_and_not_as_page(person: Person) -> None:
    page = person.http.post("/chat", data={"session": person.token, "text": "<script>alert(1)</script> & \"x\""}).text
    assert "<script>alert" not in page


@pytest.mark.parametrize(("fields", "status"), [
    ({"text": ""}, 422), ({"text": "a" * 1001}, 422), ({"choice": "no-such"}, 422), ({"text": "a" * 20_000}, 413),
])
def test_the_form_refuses_in_words_and_keeps_the_conversation(person: Person, fields: dict[str, str], status: int) -> None:
    assert person.http.post("/chat", data={"session": person.token, **fields}).status_code == status
    assert person.say("hello there")


def test_the_form_of_a_forgotten_conversation_offers_a_new_one(person: Person) -> None:
    person.say("exit")
    page = person.http.post("/chat", data={"session": person.token, "text": "hello"})
    assert page.status_code == 401 and person.token not in page.text


def test_no_two_addresses_of_the_page_differ_in_host(product: Running) -> None:
    page = httpx.get(f"{product.url}/chat").text
    hosts = {urlsplit(link).netloc for link in re.findall(r'(?:src|href|action)="([^"]+)"', page)}
    assert hosts <= {"", urlsplit(SAFE_SITE).netloc}
