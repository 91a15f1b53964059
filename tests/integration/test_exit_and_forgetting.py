"""Leaving forgets: the row is gone, and no turn that ends later brings anything of it back."""
from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest
from faults import Faulty, everything_stored, from_address, rows
from fuzzing import written as request
from running import Person, Running
from sentences import EXAMPLES, is_reply, is_static, something_not_understood


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


BEACON = {"Content-Type": "text/plain", "Sec-Fetch-Dest": "empty"}
WAYS = {
    "the word": lambda p: p.say("EXIT"),
    "the word with dots": lambda p: p.say(" exit... "),
    "words that mean it": lambda p: p.say(EXAMPLES["quick_exit"]),
    "the button of the greeting": lambda p: p.choose("Not now"),
    "the page's call": lambda p: p.http.delete("/chat/api/session", headers=bearer(p)),
    "a beacon": lambda p: p.http.post("/chat/exit", content=p.token, headers=BEACON),
    "a beacon of form data": lambda p: p.http.post("/chat/exit", files={"session": (None, p.token)}),
    "a beacon of json": lambda p: p.http.post("/chat/exit", json={"session": p.token}),
    "the exit form": lambda p: p.http.post("/chat/exit", data={"session": p.token}),
    "the word in the form": lambda p: p.http.post("/chat", data={"session": p.token, "text": "exit"}),
    "words in the form": lambda p: p.http.post("/chat", data={"session": p.token, "text": EXAMPLES["quick_exit"]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_leaves_is_forgotten_at_once(product: Running, person: Person, way: str) -> None:
    if way != "the button of the greeting":
        person.say("my husband has been hitting me for years")
    assert rows(product, person.token) == 1
    WAYS[way](person)
    assert rows(product, person.token) == 0
    assert person.post({"text": "hello"}).status_code == 401
    assert person.post({"choice": "affirm"}).status_code == 401
    assert rows(product, person.token) == 0


def test_a_beacon_gets_no_answer_to_read_and_a_form_is_sent_away(person: Person) -> None:
    beacon = person.http.post("/chat/exit", data={"session": person.token}, headers={"Sec-Fetch-Dest": "empty"})
    assert (beacon.status_code, beacon.content) == (204, b"")
    form = person.http.post("/chat/exit", data={"session": person.token})
    assert form.status_code == 303 and form.headers["location"].startswith("https://")


@pytest.mark.parametrize("body", [b"", b"session=", b"nobody", b"{}", b'{"session": 5}', b"\xff" * 100, b"{" * 50_000])
def test_leaving_is_never_an_error(person: Person, body: bytes) -> None:
    assert person.http.post("/chat/exit", content=body).status_code in (204, 303)


def test_one_who_leaves_takes_nobody_along(product: Running, person: Person) -> None:
    other = Person(product.url)
    other.say("i live in hitchin")
    person.say("exit")
    assert rows(product, other.token) == 1 and other.say(EXAMPLES["ask_pets"])


def test_forgetting_twice_or_a_stranger_is_no_error(person: Person) -> None:
    for _ in range(2):
        assert person.http.delete("/chat/api/session", headers=bearer(person)).status_code == 204
    assert person.http.delete("/chat/api/session", headers={"Authorization": "Bearer " + "a" * 43}).status_code == 204


@pytest.mark.parametrize("way", ["the word", "the page's call", "a beacon"])
def test_a_turn_that_ends_after_the_forgetting_brings_nothing_back(faulty: Faulty, way: str) -> None:
    person = Person(faulty.url)
    person.say("i live in hitchin")
    faulty.breaks("hold")
    answers: list[httpx.Response] = []
    slow = threading.Thread(target=lambda: answers.append(person.post({"text": EXAMPLES["ask_refuge"]})))
    slow.start()
    faulty.wait_until_held()
    leaving = Person.__new__(Person)
    leaving.http, leaving.token, leaving.last = httpx.Client(base_url=faulty.url, timeout=20), person.token, []
    WAYS[way](leaving)
    assert slow.is_alive(), "who leaves does not wait for the turn"
    assert rows(faulty.running, person.token) == 0
    faulty.mends()
    slow.join()
    time.sleep(0.2)
    assert answers and rows(faulty.running, person.token) == 0
    assert person.post({"text": "hello"}).status_code == 401


def test_a_person_who_hangs_up_in_mid_turn_finds_the_conversation_as_if_they_had_waited(faulty: Faulty) -> None:
    person = Person(faulty.url)
    faulty.breaks("hold")
    said = b'{"text": "i live in hitchin"}'
    with socket.create_connection(("127.0.0.1", faulty.running.port), 20) as wire:
        wire.sendall(request("POST", "/chat/api/messages", [(b"Authorization", f"Bearer {person.token}".encode())], said))
        faulty.wait_until_held()
    faulty.mends()
    person.say(EXAMPLES["ask_outreach"])
    assert "sada" in person.services(), "the place was not kept"


def test_two_messages_at_once_are_both_answered_and_one_after_the_other(product: Running, person: Person) -> None:
    vague = something_not_understood(product.url)
    answers: list[str] = []

    def say() -> None:
        with httpx.Client(base_url=product.url, timeout=20) as http:
            answer = http.post("/chat/api/messages", json={"text": vague}, headers=bearer(person))
            answers.append(answer.json()["messages"][0]["text"])

    threads = [threading.Thread(target=say) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = answers
    assert is_reply(first, "utter_not_understood") and is_reply(second, "utter_not_understood_again")


def test_many_people_at_once_each_get_their_own_answer(product: Running) -> None:
    wanted = {
        "hitchin": "North Herts and Stevenage", "watford": "Watford and Three Rivers",
        "hatfield": "Welwyn Hatfield and Hertsmere",
    }
    wrong: list[str] = []

    def talk(town: str, area: str) -> None:
        person = Person(product.url)
        person.say(f"i live in {town}")
        if area not in person.heard():
            wrong.append(person.heard())

    threads = [threading.Thread(target=talk, args=pair) for pair in list(wanted.items()) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_conversation_that_idles_is_forgotten_and_one_that_goes_on_is_not(strict: Running) -> None:
    person = from_address(strict, "203.0.113.77")
    for _ in range(3):
        time.sleep(1.1)  # longer than it is kept, all together
        assert person.post({"text": "hello there"}).status_code == 200, "it was forgotten while somebody was talking"
    time.sleep(3.2)
    assert person.post({"text": "hello there"}).status_code == 401
    assert person.post({"choice": "affirm"}).status_code == 401


def test_what_is_stored_of_a_live_conversation_cannot_be_read(product: Running, person: Person) -> None:
    said = ("my husband Bartholomew took my passport", "i live in hitchin", "he says nobody will believe me")
    for text in said:
        person.say(text)
    assert rows(product, person.token) == 1
    stored = everything_stored(product)
    for secret in (*said, "Bartholomew", "took my passport", person.token, '"slots"', "parse_data"):
        for written in (secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")):
            assert written not in stored, secret


def test_a_forgotten_conversation_leaves_no_bytes_of_its_row(product: Running, person: Person) -> None:
    import sqlite3

    from outreach.privacy.capability import row_key

    person.say("i live in hitchin")
    key = row_key(person.token)
    person.say("exit")
    with sqlite3.connect(product.database) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert key.encode() not in product.database.read_bytes()


def test_the_fixed_reply_never_ends_a_conversation(faulty: Faulty) -> None:
    person = Person(faulty.url)
    faulty.breaks("raise")
    assert is_static(person.say(EXAMPLES["ask_refuge"]))
    faulty.mends()
    person.say(EXAMPLES["ask_pets"])
    assert is_reply(person.last[0]["text"], "utter_ask_pets")
