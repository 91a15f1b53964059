"""The whole of it as it is deployed: nginx with TLS, two workers, PostgreSQL and Redis, and people who come in through the proxy."""
from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from consoles import Console, Staffer
from engines import Postgres, Redis
from form import TOKEN, filled, sent
from proxied import Proxy
from running import Person, Running
from texting import TEXTS, Phone

from outreach.adapters.database import connect
from outreach.adapters.referral_tables import referral
from outreach.privacy import sealing
from outreach.referrals.handoff import Letter
from scripts.keys import add_pair

REFUGE = "is there a refuge near me"


class Deployed:
    """All of it."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "product" / "keys"
        self.keys.mkdir(parents=True)
        add_pair(self.keys / "referral.pub", self.keys / "referral.key")
        self.database, self.redis = Postgres(folder / "postgres"), Redis(folder / "redis")
        self.proxy = Proxy([])
        self.running = Running(folder / "product", {
            "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": self.proxy.url, "CONSOLE_URL": self.proxy.console_url, "TRUSTED_PROXIES": "1",
        })  # fmt: skip

    def start(self) -> Deployed:
        self.database.start()
        self.redis.start()
        self.running.environment |= {"DATABASE_URL": self.database.url, "REDIS_URL": self.redis.url}
        self.running.start()
        self.second = self.running.worker()
        self.proxy.environment |= {
            "PROXY_WORKERS": f"127.0.0.1:{self.running.port} 127.0.0.1:{self.second.port}",
            "PROXY_CONSOLE": f"127.0.0.1:{self.running.console_port}",
        }
        self.proxy.start()
        return self

    def stop(self) -> None:
        self.proxy.remove()
        if hasattr(self.running, "process"):
            self.running.stop()
        self.redis.remove()
        self.database.remove()

    def person(self) -> Person:
        return self.proxy.person()

    def letters(self) -> list[Letter]:
        """Every referral, opened with the private key."""
        engine = connect(self.database.url)
        with engine.connect() as connection:
            sealed = connection.execute(sa.select(referral.c.sealed)).scalars().all()
        engine.dispose()
        return [Letter.opened(each, sealing.opener(self.keys / "referral.key")) for each in sealed]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    whole = Deployed(tmp_path_factory.mktemp("deployed"))
    try:
        yield whole.start()
    finally:
        whole.stop()


def test_somebody_talks_and_is_forgotten(deployed: Deployed) -> None:
    person = deployed.person()
    assert "999" in person.heard()
    person.say(REFUGE)
    assert person.services()
    assert person.http.post("/chat/exit", data={"session": person.token}).status_code == 303
    assert person.post({"text": "hello"}).status_code == 401


def test_the_page_comes_with_every_header_once(deployed: Deployed) -> None:
    for path in ("/chat", "/chat/static/chat.js", "/health/live"):
        answer = deployed.proxy.get(path)
        names = [name for name, _ in answer.headers.multi_items()]
        assert answer.status_code == 200 and len(names) == len(set(names)), (path, names)
        assert {"strict-transport-security", "content-security-policy", "referrer-policy", "x-content-type-options"} <= set(names)
        assert answer.headers["cache-control"] == "no-store"


def test_somebody_without_script_talks_by_forms(deployed: Deployed) -> None:
    with deployed.proxy.client() as browser:
        page = browser.post("/chat")
        token = page.text.partition('name="session" value="')[2].partition('"')[0]
        answer = browser.post("/chat", data={"session": token, "text": REFUGE})
        assert answer.status_code == 200 and "You said:" in answer.text and 'class="card"' in answer.text
        assert browser.post("/chat", data={"session": token, "text": "exit"}).status_code == 303


def test_a_text_that_the_carrier_signed_for_the_public_address_is_answered(deployed: Deployed) -> None:
    phone = Phone(deployed.running, public=deployed.proxy.url)
    phone.http = deployed.proxy.client()
    assert phone.text("hello") == [TEXTS.greeting]
    assert phone.post(phone.fields("hello"), signature="somebody-elses").status_code == 403


def test_a_referral_goes_through_both_workers_and_staff_come_in_through_the_proxy(deployed: Deployed) -> None:
    reference = sent(filled(deployed))  # type: ignore[arg-type]
    assert [letter.reference for letter in deployed.letters()] == [reference]
    console = Console(deployed.running.folder)
    console.key_file, console.engine = deployed.keys / "console.key", connect(deployed.database.url)
    staffer = Staffer(deployed.proxy.console_url, console.add("manager"))
    staffer.http = deployed.proxy.client(deployed.proxy.console_url, headers=staffer.http.headers)
    come_in = staffer.sign_in()
    assert come_in.status_code == 303 and "__Host-" in come_in.headers["set-cookie"], come_in.text
    assert staffer.get("/people").status_code == 200
    assert staffer.get("/people").headers["strict-transport-security"]
    console.engine.dispose()


class Talking:
    """People who talk all the while, in threads. What goes wrong is kept."""

    def __init__(self, deployed: Deployed, people: int) -> None:
        self.turns, self.wrong = 0, []  # type: tuple[int, list[object]]
        self.sent_again = 0
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(people)
        self._people = [self._pool.submit(self._talk, deployed) for _ in range(people)]

    def _talk(self, deployed: Deployed) -> None:
        person = deployed.person()
        while not self._over.is_set():
            try:
                answer = self._sent(person)
                said = answer.json().get("messages", [])
                if answer.status_code != 200 or not any(message["services"] for message in said):
                    self.wrong.append((answer.status_code, said))
                self.turns += 1
            except httpx.HTTPError as error:
                self.wrong.append(error)

    def _sent(self, person: Person) -> httpx.Response:
        """As a browser sends it: on another connection, where the one that it had kept was closed in that very moment."""
        try:
            return person.post({"text": REFUGE})
        except httpx.RemoteProtocolError as error:
            if "without sending a response" not in str(error):
                raise
            self.sent_again += 1
            return person.post({"text": REFUGE})

    def go_on_for(self, turns: int) -> None:
        until, last = time.monotonic() + 60, self.turns + turns
        while self.turns < last:
            assert time.monotonic() < until, self.wrong
            time.sleep(0.05)

    def stop(self) -> None:
        self._over.set()
        for each in self._people:
            each.result(60)
        self._pool.shutdown()


def test_a_new_model_takes_over_while_people_talk_and_nobody_notices(deployed: Deployed) -> None:
    """Blue and green: a further worker, ready before it is asked; the old one ends when nobody asks it any more."""
    old, first = deployed.second, f"127.0.0.1:{deployed.running.port}"
    talking = Talking(deployed, 3)
    try:
        talking.go_on_for(6)
        new = deployed.running.worker()
        switched = deployed.proxy.switch("workers", first, f"127.0.0.1:{new.port}")
        assert switched.returncode == 0, switched.stderr
        talking.go_on_for(6)
        old.stop()
        talking.go_on_for(12)
    finally:
        talking.stop()
    deployed.second = new
    assert talking.wrong == []
    # A proxy that takes on a new list closes what each of them had kept open, once.
    assert talking.sent_again <= 3


def test_the_off_switch_and_back(deployed: Deployed) -> None:
    person = deployed.person()
    deployed.proxy.switch("off")
    try:
        assert person.post({"text": REFUGE}).status_code == 503
        assert deployed.proxy.get("/chat/exit").status_code == 303
    finally:
        deployed.proxy.switch("on")
    person.say(REFUGE)
    assert person.services(), "whoever was talking goes on where they were"


def test_a_worker_that_is_killed_costs_nobody_more_than_one_answer(deployed: Deployed) -> None:
    """The last test, as it leaves one worker alone. What it was just answering is gone, and is not sent to another: it gets the fixed words. Everything after is answered."""
    talking = Talking(deployed, 3)
    try:
        talking.go_on_for(6)
        deployed.second.kill()
        talking.go_on_for(20)
    finally:
        talking.stop()
    assert len(talking.wrong) <= 3
    assert all(isinstance(each, tuple) and each[0] == 503 and "999" in each[1][0]["text"] for each in talking.wrong), talking.wrong
