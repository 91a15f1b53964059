"""The conversation store in the running product: small, sealed, and gone with its row."""
from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

from faults import Faulty, rows
from running import Person, Running
from sentences import EXAMPLES

from outreach.privacy.capability import row_key


def stored(running: Running, person: Person) -> bytes:
    with closing(sqlite3.connect(running.database)) as database:
        found = database.execute("SELECT sealed_state FROM conversation WHERE row_key = ?", (row_key(person.token),)).fetchone()
    return bytes(found[0])


def test_a_conversation_is_one_row_whose_key_does_not_show_the_token(product: Running, person: Person) -> None:
    for intent in ("greet", "ask_pets", "ask_cost"):
        person.say(EXAMPLES[intent])
        assert rows(product, person.token) == 1
    assert person.token.encode() not in product.database.read_bytes()


def test_turn_thirty_stores_no_more_than_turn_three(product: Running, person: Person) -> None:
    sizes = []
    for _ in range(30):
        person.say(EXAMPLES["ask_pets"])
        sizes.append(len(stored(product, person)))
    assert max(sizes[3:]) <= sizes[2] * 1.1


def test_the_same_words_are_stored_differently_for_two_people(product: Running) -> None:
    first, second = Person(product.url), Person(product.url)
    for person in (first, second):
        person.say(EXAMPLES["ask_pets"])
    assert stored(product, first)[:48] != stored(product, second)[:48]


def test_one_persons_row_in_the_place_of_anothers_opens_for_neither(product: Running) -> None:
    first, second = Person(product.url), Person(product.url)
    first.say("i live in hitchin")
    second.say("hello there")
    with closing(sqlite3.connect(product.database, timeout=5)) as database, database:
        database.execute(
            "UPDATE conversation SET sealed_state = ? WHERE row_key = ?", (stored(product, first), row_key(second.token))
        )
    answer = second.post({"text": EXAMPLES["ask_housing"]})
    assert "housing-north-herts" not in answer.text and "08088 088 088" in answer.text


def test_a_restarted_assistant_goes_on_where_the_conversation_was(faulty: Faulty) -> None:
    person = Person(faulty.url)
    person.say("i live in hitchin")
    killed = faulty.running.pid_of("launcher.assistant")
    os.kill(killed, signal.SIGKILL)
    faulty.running.wait_until_ready()
    assert faulty.running.pid_of("launcher.assistant") != killed
    person.choose("Find a refuge")
    person.say(EXAMPLES["ask_outreach"])
    assert "sada" in person.services()
    assert "assistant: stopped (exit code -9), starting again" in faulty.running.printed()
