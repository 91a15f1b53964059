"""Whatever breaks, within ten seconds there are words with 999 and the helpline; and no log holds anybody's words."""
from __future__ import annotations

import ast
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from faults import PLANTED, Faulty
from running import ROOT, STARTS_WITHIN, Person, Running
from sentences import EXAMPLES, is_reply, is_static, something_not_understood, text_of

SAID = "Ermintrude Quillfeather lives in hitchin"
# What each action is reached by. The last of the messages reaches it.
REACHED_BY = {
    "action_signpost": (f"is there a refuge i could go to, {SAID}",),
    "action_find_place": (f"i live in hitchin. {SAID}",),
    "action_not_understood": ("VAGUE", "VAGUE"),
}


def answered(person: Person, text: str) -> bool:
    """Say it. Whether the fixed reply with the helpline came, within ten seconds."""
    began = time.monotonic()
    person.say(text)
    assert time.monotonic() - began < 10
    return is_static(person.last)


@contextmanager
def nothing_is_started_again(running: Running) -> Iterator[None]:
    """The launcher stands still meanwhile."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)


def assert_nothing_leaked(running: Running) -> None:
    printed = running.printed()
    for secret in (PLANTED, "Zacchaeus", SAID, "Ermintrude", "refuge i could"):
        assert secret not in printed, secret


@pytest.mark.parametrize("how", ["raise", "fail outside"])
@pytest.mark.parametrize("action", REACHED_BY)
def test_an_action_that_fails_still_gives_words(faulty: Faulty, action: str, how: str) -> None:
    person = Person(faulty.url)
    *before, text = (something_not_understood(faulty.url) if text == "VAGUE" else text for text in REACHED_BY[action])
    for earlier in before:
        person.say(earlier)
    faulty.breaks(how)
    assert answered(person, text)
    assert PLANTED not in person.heard()
    faulty.mends()
    assert not answered(person, EXAMPLES["ask_pets"])
    assert_nothing_leaked(faulty.running)


def test_every_action_takes_the_same_care() -> None:
    for file in sorted((ROOT / "actions").glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Action"):
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                assert "NeverSilentAction" in bases, f"{file.name}: {node.name}"
                assert "run" not in [n.name for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_words_said_before_the_action_failed_are_not_lost(faulty: Faulty) -> None:
    person = Person(faulty.url)
    faulty.breaks("raise")
    assert answered(person, EXAMPLES["ask_refuge"])
    assert is_reply(person.last[0]["text"], "utter_ask_refuge")


@pytest.mark.parametrize("intent", ["immediate_danger", "child_at_risk", "suicidal_or_self_harm"])
def test_a_safety_reply_needs_no_action(faulty: Faulty, intent: str) -> None:
    faulty.breaks("fail outside")
    person = Person(faulty.url)
    assert not answered(person, EXAMPLES[intent])
    assert person.last[0]["text"].strip() == text_of(f"utter_{intent}")


def test_an_action_that_takes_too_long_is_given_up(faulty: Faulty) -> None:
    faulty.breaks("sleep 6")
    assert answered(Person(faulty.url), EXAMPLES["ask_refuge"])


def test_an_action_server_that_stands_still_keeps_nobody_waiting(faulty: Faulty) -> None:
    os.kill(faulty.running.pid_of("launcher.actions"), signal.SIGSTOP)
    try:
        person = Person(faulty.url)
        waited: list[tuple[bool, float]] = []

        def say() -> None:
            began = time.monotonic()
            answer = person.post({"text": EXAMPLES["ask_refuge"]})
            waited.append((is_static(answer.json()["messages"]), time.monotonic() - began))

        threads = [threading.Thread(target=say) for _ in range(2)]
        for thread in threads:
            thread.start()
        other = Person(faulty.url)
        assert not answered(other, EXAMPLES["immediate_danger"]), "one conversation holds up another"
        for thread in threads:
            thread.join()
        assert [static for static, _ in waited] == [True, True] and max(seconds for _, seconds in waited) < 10
    finally:
        os.kill(faulty.running.pid_of("launcher.actions"), signal.SIGCONT)
    faulty.running.wait_until_ready()
    assert not answered(Person(faulty.url), EXAMPLES["ask_refuge"])


def test_an_action_server_killed_in_mid_turn_gives_words_and_comes_back(faulty: Faulty) -> None:
    person = Person(faulty.url)
    faulty.breaks("hold")
    answers: list[bool] = []
    turn = threading.Thread(target=lambda: answers.append(answered(person, f"{EXAMPLES['ask_refuge']} {SAID}")))
    turn.start()
    faulty.wait_until_held()
    killed = faulty.running.pid_of("launcher.actions")
    with nothing_is_started_again(faulty.running):
        os.kill(killed, signal.SIGKILL)
        turn.join()
        assert answers == [True]
        faulty.mends()
        assert answered(person, EXAMPLES["ask_refuge"]), "it is not back so soon"
    faulty.running.wait_until_ready()
    assert faulty.running.pid_of("launcher.actions") != killed
    assert not answered(person, EXAMPLES["ask_refuge"]) and "herts-da-helpline" in person.services()
    assert_nothing_leaked(faulty.running)


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A product whose database these tests break, each in its turn."""
    running = Running(tmp_path_factory.mktemp("doomed")).start()
    yield running
    running.stop()


def begun(running: Running) -> tuple[int, bool]:
    """The status of a new conversation, and whether it begins with the fixed reply."""
    answer = httpx.post(f"{running.url}/chat/api/session", timeout=10)
    return answer.status_code, is_static(answer.json()["messages"])


def test_a_database_that_somebody_else_holds_keeps_nobody_waiting_for_ten_seconds(doomed: Running) -> None:
    person, leaving = Person(doomed.url), Person(doomed.url)
    holder = sqlite3.connect(doomed.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert answered(person, EXAMPLES["immediate_danger"])
        assert is_reply(person.last[0]["text"], "utter_immediate_danger"), "danger is answered all the same"
        assert leaving.say("exit")[0]["command"] == "exit"
        assert begun(doomed) == (503, True)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert leaving.post({"text": "hello"}).status_code == 401, "what could not be deleted counts as forgotten"
    assert not answered(person, EXAMPLES["ask_refuge"])


def test_a_row_that_was_tampered_with_gives_words_and_nothing_of_another(doomed: Running) -> None:
    person = Person(doomed.url)
    person.say("i live in hitchin")
    with sqlite3.connect(doomed.database) as database:
        database.execute("UPDATE conversation SET sealed_state = x'00', sealed_choices = x'00'")
    assert answered(person, EXAMPLES["ask_outreach"])
    # A choice can't be checked any more, and is no reason for silence either.
    answer = person.post({"choice": "affirm"})
    assert "08088 088 088" in answer.text or answer.status_code == 422
    assert not answered(Person(doomed.url), EXAMPLES["ask_refuge"])


def test_a_broken_database_gives_words_is_not_called_ready_and_once_mended_serves_again(doomed: Running) -> None:
    with closing(sqlite3.connect(doomed.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = doomed.database.read_bytes()
    person = Person(doomed.url)
    doomed.database.write_bytes(b"\xa5" * len(whole))
    for intent in ("ask_refuge", "give_location"):
        assert answered(person, f"{EXAMPLES[intent]}, {SAID}"), intent
    # What is said in danger needs no database.
    person.say(f"{EXAMPLES['immediate_danger']}, {SAID}")
    assert is_reply(person.last[0]["text"], "utter_immediate_danger")
    assert begun(doomed) == (503, True)
    assert httpx.get(f"{doomed.url}/health/ready").json()["failing"] == ["database"]
    form = httpx.post(f"{doomed.url}/chat", data={"session": person.token, "text": "hello there"})
    assert "08088 088 088" in form.text
    doomed.database.write_bytes(b"")
    assert "08088 088 088" in person.post({"text": EXAMPLES["ask_refuge"]}).text
    assert_nothing_leaked(doomed)
    # All that have it open, or one would go on with what was there before.
    with nothing_is_started_again(doomed):
        for part in ("assistant", "actions", "deliverer", "console"):
            os.kill(doomed.pid_of(f"launcher.{part}"), signal.SIGKILL)
        doomed.database.write_bytes(whole)
        for file in doomed.folder.glob("outreach.db-*"):
            file.unlink()
    doomed.wait_until_ready()
    assert not answered(Person(doomed.url), EXAMPLES["ask_refuge"])


def test_a_database_that_is_taken_away_is_no_reason_for_silence(doomed: Running) -> None:
    person = Person(doomed.url)
    for file in doomed.folder.glob("outreach.db*"):
        file.unlink()
    for intent in ("ask_refuge", "immediate_danger", "ask_helpline"):
        answer = person.post({"text": EXAMPLES[intent]})
        assert answer.status_code == 401 or "08088 088 088" in answer.text
    # The next process finds no database at all.
    os.kill(doomed.pid_of("launcher.assistant"), signal.SIGKILL)
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            assert begun(doomed) == (503, True)
            break
        except httpx.HTTPError:
            assert time.monotonic() < until, "it is not back"
            time.sleep(0.2)
    answer = person.post({"text": EXAMPLES["ask_refuge"]})
    assert answer.status_code == 401 or "08088 088 088" in answer.text


def test_the_fixed_reply_has_all_that_is_promised() -> None:
    fixed = text_of("utter_static_fallback")
    for part in ("999", "55", "08088 088 088", "0808 2000 247"):
        assert part in fixed
    assert "{" not in fixed


