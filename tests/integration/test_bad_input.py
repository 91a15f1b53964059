"""Whatever is sent as a text is answered in words, and the conversation goes on."""
from __future__ import annotations

import json
import random
import time
from typing import Any

import httpx
import pytest
from running import Person
from sentences import EXAMPLES, is_reply, is_static

ODD = {
    "emoji": "🙂😭🆘",
    "a flag": "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "a family": "👨‍👩‍👧‍👦",
    "arabic": "زوجي يضربني",
    "urdu": "میرا شوہر مجھے مارتا ہے",
    "punjabi": "ਮੇਰਾ ਪਤੀ ਮੈਨੂੰ ਮਾਰਦਾ ਹੈ",
    "polish": "mąż mnie bije",
    "chinese": "我丈夫打我",
    "hebrew with latin": "help שלום help",
    "right to left marks": "\u202ehelp\u202c me",
    "zero widths": "h\u200be\u200bl\u200bp",
    "combining": "h̶̢e̷̛l̸p̴ " * 20,
    "nul": "he\x00lp me",
    "nul alone": "\x00",
    "controls": "\x01\x02\x1b[31mred\x07",
    "line separators": "one\u2028two\u2029three\x85four",
    "one dot": ".",
    "a question mark": "?",
    "a digit": "1",
    "a very long word": "a" * 1000,
    "a thousand questions": "?" * 1000,
    "spaces between": "h e l p   m e",
    "markup": "<b>help</b> <script>alert(1)</script>",
    "sql": "'; DROP TABLE conversation; --",
    "braces": "{phone.ndah} {area} {{7*7}} ${HOME} %s %(x)s {0}",
    "entity syntax": '[hitchin](place) [x]{"entity": "place"}',
    "rasa": "@ask_refuge EXTERNAL: x",
    "json": '{"text": "hello"}',
    "backslashes": "\\\\x41\\n\\u0041",
    "an address": "https://example.org/?q=help me",
    "a lone surrogate": "\ud83d help",
    "math alphabet": "𝖍𝖊𝖑𝖕 𝖒𝖊",
    "full width": "ｈｅｌｐ ｍｅ",
    "non-characters": "\ufffe\uffff",
    "private use": "\ue000\uf8ff",
    "beyond": "\U0010ffff",
}


@pytest.mark.parametrize("what", ODD)
def test_odd_text_is_answered_in_words(person: Person, what: str) -> None:
    said = said_as_json(person, ODD[what])
    assert all(message["text"].strip() or message["services"] for message in said)
    assert not is_static(said), "nothing broke"
    if not person.commands():
        person.say(EXAMPLES["ask_pets"])
        assert is_reply(person.last[0]["text"], "utter_ask_pets")


def said_as_json(person: Person, text: str) -> list[dict[str, Any]]:
    """Say it in a body of plain ASCII, which can carry what is no text at all."""
    body = json.dumps({"text": text}).encode()
    answer = person.http.post("/chat/api/messages", content=body, headers={"Authorization": f"Bearer {person.token}"})
    assert answer.status_code == 200, answer.text
    person.last = answer.json()["messages"]
    return person.last


def test_nothing_that_was_sent_comes_back_in_a_reply(person: Person) -> None:
    for text in ODD.values():
        if len(text) > 8 and not person.commands():
            assert all(text not in message["text"] for message in said_as_json(person, text))


@pytest.mark.parametrize("where", ["at the beginning", "in the middle", "at the end"])
def test_danger_is_found_in_a_long_message(person: Person, where: str) -> None:
    filler = "we went to the shops and then we had tea and watched something and it was all fine for a while "
    danger = "he's got a knife and he's outside the bedroom door. "
    before = {"at the beginning": 0, "in the middle": 4, "at the end": 8}[where]
    person.say(f"{filler * before}. {danger}{filler * (8 - before)}"[:1000])
    assert is_reply(person.last[0]["text"], "utter_immediate_danger")


@pytest.mark.parametrize("text", [
    "HE'S GOT A KNIFE HELP", "hes got a knife help me", "he’s got a knife — help", "hes got a nife hes going to kil me",
    "he's\u00a0got\u00a0a\u00a0knife now",
])
def test_danger_is_found_however_it_is_typed(person: Person, text: str) -> None:
    person.say(text)
    assert is_reply(person.last[0]["text"], "utter_immediate_danger")


def test_ten_thousand_characters_are_refused_at_once_and_kindly(person: Person) -> None:
    began = time.monotonic()
    answer = person.post({"text": "help " * 2000})
    assert answer.status_code == 422 and time.monotonic() - began < 2
    assert "1000 characters" in answer.json()["error"] and "in parts" in answer.json()["error"]
    assert person.say("hello there")


def test_the_longest_text_that_is_taken_is_answered_in_time(person: Person) -> None:
    for text in ("knife kill help child " * 50, "a. " * 400, "help me! " * 120, "и " * 500):
        began = time.monotonic()
        person.say(text[:1000])
        assert time.monotonic() - began < 4


def test_random_bytes_never_break_the_server(person: Person) -> None:
    dice = random.Random(7)
    for _ in range(60):
        body = dice.randbytes(dice.randrange(1, 300))
        answer = person.http.post("/chat/api/messages", content=body, headers={"Authorization": f"Bearer {person.token}"})
        assert answer.status_code in (400, 422), body
        form = person.http.post("/chat", content=body, headers={"Content-Type": dice.choice([
            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "",
        ])})
        assert form.status_code < 500, body
        assert person.http.post("/chat/exit", content=body).status_code in (204, 303)


def test_random_text_never_breaks_a_turn(person: Person) -> None:
    dice = random.Random(11)
    for _ in range(60):
        length = dice.randrange(1, 40)
        text = "".join(chr(dice.choice([dice.randrange(32, 127), dice.randrange(0x110000)])) for _ in range(length))
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") or "x"
        answer = person.post({"text": text})
        assert answer.status_code in (200, 422), repr(text)
        if answer.status_code == 200:
            assert not is_static(answer.json()["messages"]), repr(text)
            if any(m["command"] for m in answer.json()["messages"]):
                person = Person(str(person.http.base_url))


@pytest.mark.parametrize("headers", [
    {"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}, {"Content-Encoding": "gzip"},
    {"Transfer-Encoding": "chunked"}, {"Expect": "100-continue"}, {"Accept": "text/html"}, {"X-Forwarded-For": b"a, b, \xe9"},
])
def test_odd_headers_change_nothing(person: Person, headers: dict[str, Any]) -> None:
    body = b'{"text": "hello there"}'
    content = iter([body]) if headers.pop("Transfer-Encoding", None) else body
    headers["Authorization"] = f"Bearer {person.token}"
    answer = person.http.post("/chat/api/messages", content=content, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_request_that_never_ends_does_not_keep_others_waiting(person: Person, assistant_url: str) -> None:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(assistant_url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as wire:
        wire.sendall(b"POST /chat/api/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        began = time.monotonic()
        assert httpx.get(f"{assistant_url}/chat").status_code == 200
        assert person.say("hello there") and time.monotonic() - began < 3
