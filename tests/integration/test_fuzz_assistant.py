"""Whatever is sent to the assistant, it answers in its contract's shape, repeats nothing, logs nothing of it, and goes on."""
from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from form import House
from fuzzing import (
    BYTES,
    CANARY,
    CARRIED,
    JSON,
    KINDS,
    LEAKS,
    METHODS,
    ODD_HEADERS,
    TEXT,
    Answer,
    Headers,
    as_header,
    ask,
    encoded,
    examples,
    written,
)
from hypothesis import example, given
from hypothesis import strategies as st
from running import Person, Running
from sentences import is_static
from texting import PATH, PUBLIC, TOKEN
from twilio.request_validator import RequestValidator

# Every address that there is, and some that are not.
ADDRESSES = ["/", "/chat", "/chat/", "/chat/api/session", "/chat/api/messages", "/chat/exit", "/chat/static/chat.js", "/chat/static/{}",
             "/health/live", "/health/ready", PATH, "/sms/{}", "/chat/{}", "/{}", "/webhooks/rest/webhook", "/conversations/{}/tracker",
             "/model/parse", "/chat/api/messages?text={}", "/chat/exit?session={}"]  # fmt: skip
JSON_TYPE = (b"Content-Type", b"application/json")
FORM_TYPE = (b"Content-Type", b"application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def running(house: House) -> Running:
    return house.running


@pytest.fixture(autouse=True)
def it_goes_on_and_nothing_of_it_is_logged(running: Running) -> Iterator[None]:
    before, process = len(running.printed()), running.pid_of("launcher.assistant")
    yield
    new = running.printed()[before:]
    assert CANARY not in new and "a request failed" not in new and "uncaught" not in new, new[-2000:]
    assert running.pid_of("launcher.assistant") == process
    assert Person(running.url).say("hello there")


def check(answer: Answer | None) -> Answer:
    """What holds for every answer that the assistant gives."""
    assert answer is not None, "no answer"
    assert answer.status < 500, answer
    assert {"content-security-policy", "referrer-policy", "x-content-type-options"} <= set(answer.headers), answer
    assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
    assert "server" not in answer.headers and not LEAKS.search(answer.text), answer.text
    assert f"<{CANARY}" not in answer.text and "<script>alert" not in answer.text, "sent back as it came"
    if answer.body:
        assert answer.kind in ("application/json", "text/html", "text/plain", "text/xml", "text/css", "text/javascript"), answer
    if answer.kind == "application/json" and answer.body:
        assert CANARY not in answer.text, "nothing of a request comes back in JSON"
        if answer.status >= 400:
            assert set(answer.json()) == {"error"} and answer.json()["error"]
    return answer


def check_messages(answer: Answer) -> list[dict[str, Any]]:
    """What holds for an answer of a conversation."""
    found: list[dict[str, Any]] = answer.json()["messages"]
    assert found, "silence"
    for message in found:
        assert set(message) == {"text", "choices", "services", "command"}
        assert message["command"] in ("exit", None) and (message["text"] or message["command"] or message["services"])
    assert not is_static(found), "something broke behind it"
    return found


@given(method=METHODS, address=st.sampled_from(ADDRESSES), text=CARRIED, headers=ODD_HEADERS, body=st.none() | BYTES)
@examples(150)
def test_every_address_with_anything(running: Running, method: str, address: str, text: str, headers: Headers, body: bytes | None) -> None:
    answer = check(ask(running.port, written(method, address.replace("{}", encoded(text)), headers, body)))
    if address == PATH and method == "POST":
        assert answer.status in (403, 413)
    elif "{}" in address.partition("?")[0] and encoded(text):
        assert answer.status in (303, 404, 405, 413), answer


@given(body=st.one_of(
    st.fixed_dictionaries({"text": CARRIED}), st.fixed_dictionaries({"choice": CARRIED}),
    st.fixed_dictionaries({}, optional={"text": JSON, "choice": JSON, "session": JSON}), JSON,
).map(lambda value: json.dumps(value).encode()) | BYTES, headers=ODD_HEADERS, kind=KINDS)  # fmt: skip
@examples(120)
def test_a_message_of_anything_is_answered_or_refused(running: Running, body: bytes, headers: Headers, kind: bytes) -> None:
    person = Person(running.url)
    mine = [(name, value) for name, value in headers if name not in (b"Authorization", b"Expect")]
    mine += [(b"Authorization", f"Bearer {person.token}".encode()), (b"Content-Type", kind)]
    answer = check(ask(running.port, written("POST", "/chat/api/messages", mine, body)))
    assert answer.kind == "application/json" and answer.status in (200, 400, 413, 422), answer
    if answer.status == 200:
        check_messages(answer)


@given(token=CARRIED, scheme=st.sampled_from([b"Bearer ", b"bearer ", b"Basic ", b"", b"Bearer"]), body=BYTES)
@examples(60)
def test_a_token_of_anything_opens_nothing(running: Running, token: str, scheme: bytes, body: bytes) -> None:
    headers = [(b"Authorization", scheme + as_header(token))]
    said = check(ask(running.port, written("POST", "/chat/api/messages", headers, b'{"text": "hello there"}')))
    assert said.status == 401
    left = check(ask(running.port, written("DELETE", "/chat/api/session", headers, body[:1000])))
    assert left.status in (204, 401)


FIELDS = st.sampled_from(["session", "text", "choice", "csrf", "Body"])


@given(pairs=st.lists(st.tuples(FIELDS | CARRIED, CARRIED), max_size=5), with_session=st.booleans(), broken=st.none() | BYTES, kind=KINDS)
@examples(80)
def test_the_page_without_script_takes_any_form(
    running: Running, pairs: list[tuple[str, str]], with_session: bool, broken: bytes | None, kind: bytes
) -> None:
    given_pairs = [*([("session", Person(running.url).token)] if with_session else []), *pairs]
    body = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in given_pairs).encode()
    headers = [FORM_TYPE] if broken is None else [(b"Content-Type", kind)]
    answer = check(ask(running.port, written("POST", "/chat", headers, body if broken is None else broken)))
    assert answer.status in (200, 303, 400, 401, 413, 422), answer
    if answer.status in (200, 422):
        assert answer.kind == "text/html" and "</html>" in answer.text


@given(body=st.one_of(BYTES, JSON.map(lambda value: json.dumps({"session": value}).encode()),
                      CARRIED.map(lambda text: b"session=" + encoded(text).encode())), kind=KINDS, headers=ODD_HEADERS)  # fmt: skip
@examples(100)
@example(body=b'{"session": "\\ud800"}', kind=b"text/plain", headers=[])
@example(body=b'{"session": ["\\udfff"]}', kind=b"", headers=[])
@example(body=b"[" * 900, kind=b"text/plain", headers=[])
def test_leaving_is_never_an_error(running: Running, body: bytes, kind: bytes, headers: Headers) -> None:
    mine = [header for header in headers if header[0] not in (b"Expect", b"Content-Type")]
    answer = check(ask(running.port, written("POST", "/chat/exit", [*mine, (b"Content-Type", kind)], body)))
    assert answer.status in (204, 303) or (answer.status == 413 and len(body) > 64 * 1024), answer


@given(text=TEXT.filter(lambda text: len(text) <= 1000), words=st.sampled_from(["exit", "EXIT!", " exit ", "e x i t", "exit now"]))
@examples(30)
def test_an_exit_word_leaves_from_any_conversation(running: Running, text: str, words: str) -> None:
    person = Person(running.url)
    person.post({"text": text.encode("utf-8", "replace").decode() or "x"})
    left = person.post({"text": words})
    assert left.status_code == 401 or left.json()["messages"][-1]["command"] == "exit" or words in ("e x i t", "exit now")


# Texts, signed as Twilio signs and not


class Fields(dict[str, list[str]]):
    """A form in which a name may stand several times, as Twilio's library asks for it."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def signed(fields: list[tuple[str, str]]) -> tuple[bytes, bytes]:
    grouped = Fields()
    for name, value in fields:
        grouped.setdefault(name, []).append(value)
    return b"X-Twilio-Signature", str(RequestValidator(TOKEN).compute_signature(PUBLIC + PATH, grouped)).encode()


def form_of(fields: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{quote_from_bytes(n.encode())}={quote_from_bytes(v.encode())}" for n, v in fields).encode()


PLAIN = CARRIED.map(lambda text: text.encode("utf-8", "replace").decode())
NUMBERS = st.one_of(st.from_regex(r"\+44770090\d{4}", fullmatch=True), PLAIN)


@given(body=PLAIN, number=NUMBERS, sid=PLAIN, more=st.lists(st.tuples(st.sampled_from(
    ["NumMedia", "MediaUrl0", "OptOutType", "Latitude", "Body", "From", "FromCity", "MessageSid"]) | PLAIN, PLAIN), max_size=4))  # fmt: skip
@examples(100)
def test_a_signed_text_of_anything_is_answered_in_twiml(
    running: Running, body: str, number: str, sid: str, more: list[tuple[str, str]]
) -> None:
    fields = [("From", number), ("Body", body), ("MessageSid", sid or "SM1"), ("NumMedia", "0"), *more]
    answer = check(ask(running.port, written("POST", PATH, [FORM_TYPE, signed(fields)], form_of(fields))))
    assert answer.status == 200 and answer.kind == "text/xml", answer
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "Response" and all(message.tag == "Message" and message.text for message in root)
    assert CANARY not in answer.text


@given(body=BYTES, signature=CARRIED, kind=KINDS, headers=ODD_HEADERS)
@examples(60)
def test_a_text_that_is_not_signed_is_refused_whatever_it_is(
    running: Running, body: bytes, signature: str, kind: bytes, headers: Headers
) -> None:
    mine = [header for header in headers if header[0] not in (b"X-Twilio-Signature", b"Expect")]
    mine += [(b"X-Twilio-Signature", as_header(signature)), (b"Content-Type", kind)]
    answer = check(ask(running.port, written("POST", PATH, mine, body)))
    assert answer.status in (403, 413) and CANARY not in answer.text


def test_a_file_of_the_page_is_found_by_its_name_alone(running: Running) -> None:
    for name in ("..%2f..%2fdomain.yml", "%2e%2e/%2e%2e/domain.yml", "../../domain.yml", "chat.html", ".", "chat.js%00.css", "%ff", "*"):
        answer = check(ask(running.port, written("GET", f"/chat/static/{name}")))
        assert answer.status == 404 and not re.search(r"intents|doctype", answer.text, re.IGNORECASE), name
