"""The action server and the assistant are killed while a referral is being sent over HTTP: what the person is told stays true.

They are the product's own processes, forked with everything imported, so that a new one is there at once. The launcher is not
in it: that it starts again what died is shown elsewhere. CRASHES=120,40 kills the action server 120 times, the assistant 40.
"""
from __future__ import annotations

import json
import os
import random
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from dying import Nursery, deliverer
from form import ASKS, CANARIES, FIRST, MORE, YES, House
from receiving import ENVIRONMENT, Inbox, listening
from referring import everything_in, holds
from running import Person, free_port
from sentences import is_reply, is_static

from outreach.adapters.database import connect, migrate
from outreach.adapters.referrals import ReferralStore
from outreach.content.importer import import_content
from outreach.privacy import sealing
from outreach.privacy.key_files import secret_key
from outreach.referrals.handoff import Letter
from outreach.referrals.reference import References, find_in
from outreach.referrals.states import State
from outreach.settings import ROOT
from scripts.keys import add_pair

SEED = 20261121
CRASHES = os.environ.get("CRASHES", "20,4")
PARTS = ("actions", "assistant")
# Some only say so much, and nothing of theirs may be there.
NO_YES = ("maybe", "ok", "who will see this?")


class Mortal(House):
    """A product whose processes are there to be killed."""

    def __init__(self, folder: Path, nursery: Nursery, teams: str) -> None:
        self.keys, self.log, self._nursery = folder / "keys", folder / "data" / "log.txt", nursery
        (folder / "data").mkdir()
        self.folder = folder
        self.url = f"sqlite:///{self.database}"
        self.port = free_port()
        self.settings = {
            **ENVIRONMENT, "PORT": str(self.port), "ACTIONS_PORT": str(free_port()), "CONSOLE_PORT": str(free_port()),
            "DATABASE_URL": self.url, "LOG_LEVEL": "DEBUG", "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            # On a busy machine too, what is shown is what a kill does, not what haste does.
            "ACTION_SECONDS": "60", "TURN_SECONDS": "60", "MESSAGES_PER_MINUTE": "100000", "SESSIONS_PER_MINUTE": "100000", "RASA_TELEMETRY_ENABLED": "false",
            "REFERRAL_PUBLIC_KEYS": str(self.keys / "referral.pub"), "REFERRAL_PRIVATE_KEYS": str(self.keys / "referral.key"),
            "REFERENCE_KEY_FILE": str(self.keys / "reference.key"), "SMS_KEY_FILE": str(self.keys / "sms.key"),
            "CONSOLE_KEY_FILE": str(self.keys / "console.key"), "REFERRAL_TEAMS_FILE": teams,
        }  # fmt: skip
        add_pair(self.keys / "referral.pub", self.keys / "referral.key")
        engine = connect(self.url)
        migrate(engine)
        import_content(ROOT / "content", engine)
        self.store = ReferralStore(engine)
        self.alive = {part: self.begins(part) for part in PARTS}

    @property
    def database(self) -> Path:
        return self.folder / "data" / "outreach.db"

    def begins(self, part: str) -> int:
        return self._nursery.start(role=part, environment=self.settings, log=str(self.log))

    def dies(self, part: str) -> None:
        self._nursery.kill(self.alive.pop(part))

    def is_whole(self, seconds: float = 150) -> None:
        """Start what is dead, and wait until a message would be answered."""
        for part in PARTS:
            if part not in self.alive:
                self.alive[part] = self.begins(part)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.address}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8", errors="replace")[-2000:])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self) -> Person:
        person = Person(self.address)
        person.http.timeout = httpx.Timeout(90)
        return person

    def at_the_summary(self, kept: str, old_key: str) -> tuple[Person, str]:
        """Somebody who reads the summary of a form of their own, and that form's key."""
        person, key = self.person(), secrets.token_urlsafe(24)
        self.put(person.token, json.loads(kept.replace(old_key, key)))
        return person, key


def says(person: Person, text: str) -> bool:
    """Whether what was said got an answer."""
    try:
        person.say(text)
    except (httpx.HTTPError, AssertionError):
        person.last = []
        return False
    return True


@pytest.mark.timeout(7200)
def test_whoever_is_killed_while_a_referral_is_sent_what_was_told_is_true_and_comes_once(tmp_path: Path) -> None:
    chance, counted = random.Random(SEED), Counter[str]()
    victims = [part for part, times in zip(PARTS, CRASHES.split(",")) for _ in range(int(times))]
    chance.shuffle(victims)
    inbox, told = Inbox(), dict[str, str]()
    with listening(inbox, tmp_path) as teams, Nursery(product=True) as nursery:
        house = Mortal(tmp_path, nursery, teams)
        house.is_whole()
        references = References(secret_key(house.keys / "reference.key"))
        kept, old_key, usual = read_summary(house)
        for number, victim in enumerate(until_one_mattered(victims, counted)):
            person, key = house.at_the_summary(kept, old_key)
            said, saved = "yes" if number % 6 < 5 else chance.choice(NO_YES), partial(is_saved, house, references, key)
            answered = said_and_killed(house, person, said, victim, kill_after(chance, saved, usual))
            reference = find_in(person.heard()) if answered else None
            counted[what_happened(person, answered, reference, saved())] += 1
            house.is_whole()
            if said == "yes":
                told[key] = told_again(person, reference)
            assert saved() == (said == "yes") and (said == "yes" or reference is None)
        deliver_all(house, teams)
        check_all(house, inbox, references, told)
    print(dict(counted))
    assert mattered(counted), "the kills missed what matters"


def mattered(counted: Counter[str]) -> bool:
    """Whether somebody was killed between saving and telling."""
    return bool(counted["saved, and the words lost"] + counted["saved, and told that something went wrong"])


def until_one_mattered(victims: list[str], counted: Counter[str]) -> Iterator[str]:
    """All these, and where every one missed what matters, more of them until one does: sixty at most."""
    yield from victims
    for _ in range(60):
        if mattered(counted):
            return
        yield "actions"


def kill_after(chance: random.Random, saved: Callable[[], bool], usual: float) -> Callable[[], None]:
    """Waits until it is time to kill: at any moment of the turn, or, as often, soon after the referral was saved.

    The moments between saving and telling are few, and count most.
    """
    any_time, soon = chance.uniform(0.0, 1.3 * usual), chance.uniform(0.0, 0.2 * usual)
    if chance.random() < 0.5:
        return lambda: time.sleep(any_time)

    def wait() -> None:
        until = time.monotonic() + 1.3 * usual
        while not saved() and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(soon)

    return wait


def said_and_killed(house: Mortal, person: Person, said: str, victim: str, wait: Callable[[], None]) -> bool:
    """Kill a process while something is said. Whether there was an answer."""
    with ThreadPoolExecutor(1) as pool:
        saying = pool.submit(says, person, said)
        wait()
        house.dies(victim)
        return saying.result()


def is_saved(house: Mortal, references: References, key: str) -> bool:
    """Whether the referral of the form with this key is in the database."""
    return house.store.reference_of_form(references.hash_of_form(key)) is not None


def read_summary(house: Mortal) -> tuple[str, str, float]:
    """What is kept of somebody who reads the summary, its form's key, and the seconds that a yes to it usually takes."""
    person = house.person()
    for said in [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE]:
        person.say(said)
    state = house.now(person.token)[1]["referral"]
    assert state["step"] == "summary"
    kept, took = json.dumps(house.kept(person.token)), []
    for _ in range(3):
        other, _key = house.at_the_summary(kept, state["key"])
        began = time.monotonic()
        other.say("yes")
        took.append(time.monotonic() - began)
        assert find_in(other.heard()) is not None, other.heard()
    return kept, state["key"], statistics.median(took)


def what_happened(person: Person, answered: bool, reference: str | None, stored: bool) -> str:
    """In words, and whether it was true."""
    if reference is not None:
        assert stored, "told that it was sent, and it was not"
        return "told at once"
    if not answered:
        return "saved, and the words lost" if stored else "not saved, and no words"
    if person.last and is_reply(person.last[0]["text"], "utter_referral_failed"):
        assert not stored, "told that nothing was sent, and it was"
        return "told that nothing was sent"
    if is_static(person.last):
        return "saved, and told that something went wrong" if stored else "not saved, and told that something went wrong"
    return "other words"


def told_again(person: Person, reference: str | None) -> str:
    """Ask again, as the page or a person would: the reference, the same as before."""
    for _ in range(3):
        if says(person, "yes") and find_in(person.heard()):
            break
    again = find_in(person.heard())
    assert again is not None, person.heard()
    assert reference in (None, again)
    return again


def deliver_all(house: Mortal, teams: str) -> None:
    os.environ.update(ENVIRONMENT)
    working, until = deliverer(house.url, teams), time.monotonic() + 150
    while house.store.waiting()[0]:
        assert time.monotonic() < until
        working.deliver_due()
        time.sleep(0.02)


def check_all(house: Mortal, inbox: Inbox, references: References, told: dict[str, str]) -> None:
    """Each that was told was delivered once, and nothing else is there but the three that measured."""
    stored = {each.reference_hash: each for each in house.store.all()}
    opener, taken = sealing.opener(house.keys / "referral.key"), inbox.by_referral()
    for reference in told.values():
        found = stored[references.hash(reference)]
        assert found.state is State.DELIVERED and len(taken[found.id]) == 1
        assert found.sealed is not None and Letter.opened(found.sealed, opener).reference == reference
    assert len(set(told.values())) == len(told) and len(stored) == len(taken) == len(told) + 3
    written = everything_in(house.database.parent)
    answers: list[Any] = [*CANARIES[:2], *CANARIES[3:9], *list(told.values())[:20]]
    assert [each for each in answers if holds(written, each)] == []
