"""The product on PostgreSQL and Redis with two assistants: people go from one to the other, and one of them stops, or what
they share does."""
from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from engines import Postgres, Redis
from form import ASKS, FIRST, YES
from running import Person, Running, Worker
from sentences import EXAMPLES
from texting import PUBLIC, TOKEN, Phone

from outreach.privacy import capability
from outreach.referrals.reference import find_in
from scripts.keys import add_pair

HELPLINE = "08088 088 088"
# What is asked, and what every right answer to it has.
ASKED = {
    "is there a refuge in hitchin": "refuge", "my ex keeps following me": "stalking", "what are your opening hours": "open",
    "i need help with housing": "housing",
}


class Town:
    """Two assistants of one product, and what they share."""

    def __init__(self, folder: Path) -> None:
        self.postgres, self.redis = Postgres(folder / "postgres").start(), Redis(folder / "redis").start()
        (folder / "product" / "keys").mkdir(parents=True)
        keys = folder / "product" / "keys"
        add_pair(keys / "referral.pub", keys / "referral.key")
        self.product = Running(folder / "product", {
            "DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC,
            "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
        })  # fmt: skip
        try:
            self.second = self.product.start().worker()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.product.stop()
        self.postgres.remove()
        self.redis.remove()

    @property
    def urls(self) -> tuple[str, str]:
        return self.product.url, self.second.url

    def query(self, sql: str, *values: Any) -> list[Any]:
        connection = psycopg2.connect(self.postgres.url)
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        connection.close()
        return found

    def rows_of(self, token: str) -> int:
        return int(self.query("SELECT count(*) FROM conversation WHERE row_key = %s", capability.row_key(token))[0][0])

    def printed(self) -> str:
        return self.product.printed() + self.second.printed()


class Wanderer(Person):
    """Somebody whose every message goes to the other worker than the one before."""

    def __init__(self, *urls: str) -> None:
        super().__init__(urls[0])
        self.turns = 0
        self.doors = [self.http, *(httpx.Client(base_url=url, timeout=20) for url in urls[1:])]

    def post(self, body: Any) -> httpx.Response:
        self.turns += 1
        self.http = self.doors[self.turns % len(self.doors)]
        return super().post(body)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"))
    yield town
    town.close()


@pytest.fixture
def second(town: Town) -> Worker:
    """The second worker, running again if a test before has stopped it."""
    if town.second.process.poll() is not None:
        town.second.start()
    return town.second


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def test_a_conversation_goes_on_at_whichever_worker_the_next_message_reaches(town: Town, second: Worker) -> None:
    person = Wanderer(*town.urls)
    person.say("is there outreach near me")
    assert "sada" not in person.services()
    person.say("i live in hitchin")
    person.say("is there outreach near me")
    assert "sada" in person.services(), person.heard()
    person.choose(person.offered()[0])
    for said, wanted in ASKED.items():
        person.say(said)
        assert wanted in person.heard().lower(), (said, person.heard())


def test_a_referral_is_made_across_both_workers_and_delivered_once(town: Town, second: Worker) -> None:
    person = Wanderer(*town.urls)
    for said in [ASKS, YES, *(each.format(place="Bushey") for each in FIRST)]:
        person.say(said)
    person.choose("Send now")
    assert "Yes, send it" in person.offered(), person.heard()
    # The same press at both workers at the same time: one referral, and one reference.
    ids = {c["title"]: c["id"] for message in person.last for c in message["choices"]}
    headers = {"Authorization": f"Bearer {person.token}"}
    answers = at_once(*(
        lambda door=door: door.post("/chat/api/messages", json={"choice": ids["Yes, send it"]}, headers=headers)
        for door in person.doors
    ))  # fmt: skip
    references = {find_in(answer.text) for answer in answers if answer.status_code == 200} - {None}
    assert len(references) == 1, [answer.text for answer in answers]
    for answer in answers:
        assert answer.status_code == 200 or (answer.status_code == 422 and "999" in answer.text), answer.text
    until = time.monotonic() + 60
    while not town.query("SELECT 1 FROM referral WHERE state = 'delivered'") and time.monotonic() < until:
        time.sleep(0.2)
    assert town.query("SELECT count(*), min(state) FROM referral") == [(1, "delivered")]
    assert town.query("SELECT count(*) FROM outbox WHERE target = 'inbox'") == [(1,)]


def test_a_text_that_reaches_both_workers_is_answered_once(town: Town, second: Worker) -> None:
    here, there = Phone(town.product), Phone(town.product)
    there.number, there.http = here.number, httpx.Client(base_url=second.url, timeout=20)
    here.text("hello")
    for _ in range(3):
        here.last = there.last = here.fields("is there a refuge in hitchin")
        first, repeat = at_once(here.again, there.again)
        assert first == repeat and first, (first, repeat)
    assert "a place to stay" in there.text("what about a refuge")[0].lower(), "it is one conversation"
    assert here.text("STOP") == [] and there.again() == []
    here.last = there.last
    assert here.again() == [], "and no worker repeats to somebody who has left"


def test_messages_of_one_person_at_both_workers_wait_for_each_other(town: Town, second: Worker) -> None:
    person = Wanderer(*town.urls)
    for _ in range(4):
        answers = at_once(*(lambda said=said: person.post({"text": said}) for said in list(ASKED)[:2]))
        assert [answer.status_code for answer in answers] == [200, 200]
        heard = [answer.text.lower() for answer in answers]
        assert "refuge" in heard[0] and "stalking" in heard[1]


def test_what_is_forgotten_at_one_worker_is_forgotten_at_the_other_in_the_middle_of_a_turn_too(town: Town, second: Worker) -> None:
    for pause in (0.0, 0.01, 0.03, 0.06):
        person = Wanderer(*town.urls)
        person.say("i live in hitchin")
        headers = {"Authorization": f"Bearer {person.token}"}

        def leave(pause: float = pause, person: Wanderer = person, headers: dict[str, str] = headers) -> httpx.Response:
            time.sleep(pause)
            return person.doors[1].request("DELETE", "/chat/api/session", headers=headers)

        at_once(lambda person=person: person.doors[0].post(  # type: ignore[misc]
            "/chat/api/messages", json={"text": "is there a refuge"}, headers={"Authorization": f"Bearer {person.token}"}
        ), leave)
        assert [door.post("/chat/api/messages", json={"text": "hi"}, headers=headers).status_code for door in person.doors] == [401, 401]
        assert town.rows_of(person.token) == 0


class Crowd:
    """Five people who talk through one worker until they are told to stop, and what they met."""

    def __init__(self, url: str) -> None:
        self.people = [Person(url) for _ in range(5)]
        self.over = threading.Event()
        self.wrong: list[str] = []
        self.turns = 0
        self.longest = 0.0
        self.threads = [threading.Thread(target=self._talk, args=(person,)) for person in self.people]

    def __enter__(self) -> Crowd:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _talk(self, person: Person) -> None:
        while not self.over.is_set():
            for said, wanted in ASKED.items():
                began = time.monotonic()
                try:
                    person.say(said)
                    if wanted not in person.heard().lower():
                        self.wrong.append(person.heard())
                except Exception as error:
                    self.wrong.append(repr(error))
                self.turns += 1
                self.longest = max(self.longest, time.monotonic() - began)
                time.sleep(0.1)


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_while_redis_is_gone_people_are_answered_as_before(town: Town, second: Worker, how: str) -> None:
    person = Wanderer(*town.urls)
    with Crowd(town.product.url) as crowd:
        getattr(town.redis, how)()
        try:
            for said, wanted in ASKED.items():
                person.say(said)
                assert wanted in person.heard().lower()
            phone = Phone(town.product).begin()
            assert phone.text("is there a refuge in hitchin") == phone.again()
            time.sleep(1)
        finally:
            (town.redis.start if how == "stop" else town.redis.thaw)()
    assert crowd.wrong == [] and crowd.longest < 10
    here = Person(town.product.url)
    until = time.monotonic() + 60
    while not (town.redis.client().keys("outreach:pace:*") and "Redis is back" in town.product.printed()):
        assert time.monotonic() < until, "Redis is not used again"
        here.say("hello")
        time.sleep(0.2)
    assert "Redis is gone" in town.product.printed()


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_while_the_database_is_gone_everybody_gets_words_and_danger_and_leaving_are_answered_right(
    town: Town, second: Worker, how: str
) -> None:
    people, leaving = [Person(town.product.url) for _ in range(5)], Person(town.product.url)
    for person in people:
        person.say("i live in hitchin")
    getattr(town.postgres, how)()
    try:
        began = time.monotonic()
        answers = at_once(*(lambda person=person: person.post({"text": "is there a refuge near me"}) for person in people))
        assert time.monotonic() - began < 10
        assert all(answer.status_code == 200 and HELPLINE in answer.text for answer in answers)
        for _ in range(2):
            began = time.monotonic()
            people[0].say(EXAMPLES["immediate_danger"])
            assert people[0].last[0]["text"].startswith("Call 999 now"), people[0].heard()
            assert time.monotonic() - began < 10
        assert leaving.say("exit")[0]["command"] == "exit"
        assert httpx.get(f"{town.product.url}/health/live", timeout=10).status_code == 200
    finally:
        (town.postgres.start if how == "stop" else town.postgres.thaw)()
    until = time.monotonic() + 60
    while True:
        people[1].say("is there outreach near me")
        if "sada" in people[1].services():
            break
        assert time.monotonic() < until, people[1].heard()
        time.sleep(0.5)
    assert leaving.post({"text": "hello"}).status_code == 401
    town.product.wait_until_ready()


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun_and_people_go_on_with_the_other(town: Town, second: Worker) -> None:
    people = [Person(second.url) for _ in range(4)]
    people[0].say("i live in hitchin")
    crowd, actions = Crowd(town.product.url), town.product.pid_of("launcher.actions")
    # Who is answered right has waited for the action server: so all four are in the middle of a turn when the worker is told.
    os.kill(actions, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(person.post, {"text": "is there a refuge"}) for person in people]
            town.product.wait_until_actions_are_asked(4)
            second.process.send_signal(signal.SIGTERM)
    finally:
        os.kill(actions, signal.SIGCONT)
    with crowd:
        answers = [each.result() for each in asked]
        assert [answer.status_code for answer in answers] == [200] * 4 and all("refuge" in answer.text for answer in answers)
        assert second.process.wait(30) == 0
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{second.url}/health/live", timeout=5)
        people[0].http = httpx.Client(base_url=town.product.url, timeout=20)
        people[0].say("is there outreach near me")
        assert "sada" in people[0].services(), people[0].heard()
    assert crowd.wrong == [] and crowd.longest < 10


def test_whoever_was_being_answered_by_a_worker_that_is_killed_is_answered_by_the_other_in_time(town: Town, second: Worker) -> None:
    person = Person(second.url)
    person.say("i live in hitchin")
    headers = {"Authorization": f"Bearer {person.token}"}

    def ask() -> None:
        with pytest.raises(httpx.HTTPError):
            for _ in range(10_000):
                httpx.post(f"{second.url}/chat/api/messages", json={"text": "is there a refuge"}, headers=headers, timeout=20)

    with Crowd(town.product.url) as crowd:
        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.5)
        second.kill()
        asking.join(20)
        began = time.monotonic()
        person.http = httpx.Client(base_url=town.product.url, timeout=20)
        person.say("is there outreach near me")
        assert "sada" in person.services() and time.monotonic() - began < 10
    assert crowd.wrong == [] and crowd.longest < 10


def test_no_password_of_what_they_share_is_in_what_they_print(town: Town) -> None:
    printed = town.printed()
    assert town.postgres.password not in printed and town.redis.password not in printed
    assert "hitchin" not in printed.lower()
