"""A sentence that nobody else would say goes through every flow: no log, file or page of anybody else's ever holds it."""
from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable

import httpx
import pytest
from faults import everything_stored
from fuzzing import written as request
from running import Person, Running
from sentences import something_not_understood

Flow = Callable[[Person, str], object]


def headers(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
FLOWS: dict[str, Flow] = {
    "a text": lambda p, c: p.say(f"my husband took my {c}"),
    "danger": lambda p, c: p.say(f"he's got a knife and a {c}, he's outside the door"),
    "self-harm": lambda p, c: p.say(f"i want to kill myself {c}"),
    "a place": lambda p, c: p.say(f"i live in hitchin, {c}"),
    "a place unknown": lambda p, c: p.say(f"i live in {c}"),
    "two things": lambda p, c: p.say(f"who will look after {c} my dog? how do i get a non-molestation order?"),
    "not understood": lambda p, c: p.say(f"{something_not_understood(str(p.http.base_url))} {c}"),
    "a payload": lambda p, c: p.say('/give_location{"place": "' + c + '"}'),
    "a choice": lambda p, c: p.post({"choice": c}),
    "a text and a choice": lambda p, c: p.post({"text": c, "choice": c}),
    "too long": lambda p, c: p.post({"text": c * 200}),
    "too much": lambda p, c: p.post({"text": c * 2000}),
    "far too much": lambda p, c: p.post({"text": c * 9000}),
    "broken json": lambda p, c: p.http.post("/chat/api/messages", content=f'{{"text": "{c}', headers=headers(p)),
    "another type": lambda p, c: p.post({"text": [c]}),
    "a made-up token": lambda p, c: p.http.delete("/chat/api/session", headers={"Authorization": f"Bearer {c * 3}"}),
    "an odd token": lambda p, c: p.http.delete("/chat/api/session", headers={"Authorization": b"Bearer \xff" + c.encode() * 2}),
    "an address that is not there": lambda p, c: p.http.get(f"/chat/{c}?{c}={c}", headers={"X-Said": c}),
    "a file that is not there": lambda p, c: p.http.get(f"/chat/static/{c}"),
    "a search in the address": lambda p, c: p.http.get(f"/chat?text={c}", headers={"Referer": f"https://x.invalid/{c}"}),
    "another method": lambda p, c: p.http.put(f"/chat/api/messages?{c}", json={"text": c}),
    "the form": lambda p, c: p.http.post("/chat", data={"session": p.token, "text": f"i'm scared of {c}"}),
    "the form too long": lambda p, c: p.http.post("/chat", data={"session": p.token, "text": c * 200}),
    "a broken form": lambda p, c: p.http.post("/chat", content=b"--x\r\n" + c.encode(), headers=MULTIPART),
    "an exit word in a crowd": lambda p, c: p.say(f"exit {c}"),
    "leaving": lambda p, c: p.say(f"got to go he's coming up the stairs {c}"),
    "a beacon": lambda p, c: p.http.post("/chat/exit", content=f"session={c}"),
    "a broken beacon": lambda p, c: p.http.post("/chat/exit", content=b'{"session": "' + c.encode()),
    "a beginning": lambda p, c: p.http.post("/chat/api/session", json={"text": c}),
    "a request cut off": lambda p, c: cut_off(p, c),
    "a hang-up in mid-turn": lambda p, c: hang_up(p, c),
}


def cut_off(person: Person, canary: str) -> None:
    with socket.create_connection((person.http.base_url.host, person.http.base_url.port or 0), 5) as wire:
        wire.sendall(f"POST /chat/api/messages HTTP/1.1\r\nHost: {canary}\r\nContent-Length: 900\r\n\r\n{{{canary}".encode())


def hang_up(person: Person, canary: str) -> None:
    body = json.dumps({"text": canary}).encode()
    with socket.create_connection((person.http.base_url.host, person.http.base_url.port or 0), 5) as wire:
        wire.sendall(request("POST", "/chat/api/messages", [(b"Authorization", f"Bearer {person.token}".encode())], body))
        time.sleep(0.01)


@pytest.fixture(scope="module")
def canaries(product: Running) -> dict[str, str]:
    """One for each flow, sent through it."""
    sent = {}
    for flow, send in FLOWS.items():
        sent[flow] = f"quagga{secrets.token_hex(5)}"
        send(Person(product.url), sent[flow])
    time.sleep(0.5)
    return sent


@pytest.mark.parametrize("flow", FLOWS)
def test_no_log_holds_what_was_said(product: Running, canaries: dict[str, str], flow: str) -> None:
    assert canaries[flow] not in product.printed()


@pytest.mark.parametrize("flow", FLOWS)
def test_no_file_holds_what_was_said(product: Running, canaries: dict[str, str], flow: str) -> None:
    stored = everything_stored(product)
    for written in (canaries[flow].encode(), canaries[flow].encode("utf-16-le"), canaries[flow].upper().encode()):
        assert written not in stored


def test_no_page_of_anybody_else_holds_what_was_said(product: Running, canaries: dict[str, str]) -> None:
    other = Person(product.url)
    other.say("hello there")
    paths = ("/health/ready", "/health/live", "/chat", "/no/such", "/chat/static/x")
    pages = [other.heard(), *(httpx.get(f"{product.url}{path}").text for path in paths)]
    assert not any(canary in page for page in pages for canary in canaries.values())


def test_a_refusal_does_not_repeat_what_it_refused(product: Running) -> None:
    canary = f"quagga{secrets.token_hex(5)}"
    for flow, send in FLOWS.items():
        answer = send(Person(product.url), canary)
        if isinstance(answer, httpx.Response) and answer.status_code >= 400 and "form" not in flow:
            assert canary not in answer.text, flow


def test_the_log_was_at_its_most_talkative(product: Running, canaries: dict[str, str]) -> None:
    assert " DEBUG " in product.printed()
