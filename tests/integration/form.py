"""The form on a product with a key: somebody who fills it in, and what can be seen of it from inside."""
from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from running import Person, Running
from sentences import EXAMPLES
from texting import PUBLIC, TOKEN, Phone

from outreach.privacy import capability, sealing
from outreach.referrals.handoff import Letter
from outreach.referrals.reference import find_in
from outreach.sms.senders import Senders
from scripts.keys import add_pair

ASKS = EXAMPLES["request_referral"]
YES = "Yes, I agree"
AREAS = {
    "Ware": ("East Herts and Broxbourne", "outreach-east-herts-broxbourne"),
    "Hitchin": ("North Herts and Stevenage", "outreach-north-herts-stevenage"),
    "Hemel Hempstead": ("St Albans and Dacorum", "outreach-st-albans-dacorum"),
    "Rickmansworth": ("Watford and Three Rivers", "outreach-watford-three-rivers"),
    "Bushey": ("Welwyn Hatfield and Hertsmere", "outreach-welwyn-hatfield-hertsmere"),
}
# In the form's order. Each is a canary: it may be found nowhere but in what is sealed.
FIRST = ["Deirdre Quillfeather", "{place}", "text", "07400 998877", "Yes, it's safe", "tuesdays before the school run", "yes"]
MORE = ["marmaladefox", "housing and legal", "yes", "a Tigrinya interpreter and a quiet room", "Woman"]
# All of it by text, up to the summary.
BY_TEXT = [ASKS, "YES", *FIRST[:2], "TEXT", FIRST[3], "YES", *FIRST[5:], "ADD", *MORE]
CANARIES = ("Quillfeather", "Deirdre", "Bushey", "7400998877", "998877", "school run", "marmaladefox", "Tigrinya", "quiet room", "Hertsmere'")
STEPS = ("consent", "name", "place", "contact_way", "contact", "safe_to_contact", "safe_times", "over_16", "enough", "code_word",
         "help_wanted", "children_at_home", "needs", "describes_as", "summary", "change")  # fmt: skip


class House:
    """A product with a key of its own, and what can be seen of it from inside."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "keys"
        self.keys.mkdir()
        add_pair(self.keys / "referral.pub", self.keys / "referral.key")
        (folder / "product").mkdir()
        self.running = Running(folder / "product", {
            "REFERRAL_PUBLIC_KEYS": str(self.keys / "referral.pub"), "REFERRAL_PRIVATE_KEYS": str(self.keys / "referral.key"),
            "REFERENCE_KEY_FILE": str(self.keys / "reference.key"), "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC,
            "SMS_KEY_FILE": str(self.keys / "sms.key"), "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
        }).start()  # fmt: skip

    @property
    def database(self) -> Path:
        return self.running.database

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with sqlite3.connect(self.database, timeout=10) as database:
            database.row_factory = sqlite3.Row
            found = [dict(row) for row in database.execute(sql, values)]
        database.close()
        return found

    def referrals(self) -> int:
        return int(self.query("SELECT count(*) AS n FROM referral")[0]["n"]) + int(self.query("SELECT count(*) AS n FROM outbox")[0]["n"])

    def letter(self) -> tuple[Letter, dict[str, Any]]:
        """The newest referral, opened with the private key."""
        row = self.query("SELECT * FROM referral ORDER BY created_at DESC, rowid DESC LIMIT 1")[0]
        return Letter.opened(row["sealed"], sealing.opener(self.keys / "referral.key")), row

    def kept(self, token: str) -> dict[str, Any]:
        """A conversation's state, opened with its token."""
        row = self.query("SELECT sealed_state FROM conversation WHERE row_key = ?", capability.row_key(token))[0]
        return dict(json.loads(capability.unseal(token, row["sealed_state"])))

    def now(self, token: str) -> tuple[str | None, dict[str, Any]]:
        """The form that a conversation is in, and its slots."""
        kept = self.kept(token)
        loop, slots = kept["loop"], dict(kept["slots"])
        for event in kept["events"]:
            if event["event"] == "active_loop":
                loop = event["name"]
            elif event["event"] == "slot":
                slots[event["name"]] = event["value"]
        return loop, slots

    def put(self, token: str, kept: dict[str, Any]) -> None:
        """Put somebody into another's place in the form."""
        sealed = capability.seal(token, json.dumps(kept).encode())
        with sqlite3.connect(self.database, timeout=10) as database:
            database.execute("UPDATE conversation SET sealed_state = ? WHERE row_key = ?", (sealed, capability.row_key(token)))
        database.close()

    def person(self) -> Person:
        return Person(self.running.url)

    def phone(self) -> Phone:
        """A phone that has been greeted."""
        return Phone(self.running).begin()

    def sender(self, phone: Phone) -> str:
        """The secret of a phone's conversation, as a person's token is of theirs."""
        return Senders.load(self.keys / "sms.key").id_of(phone.number)


def filled(house: House, place: str = "Bushey", more: list[str] | None = None, begin: tuple[str, ...] = (ASKS, YES)) -> Person:
    """Somebody who has answered everything and reads the summary."""
    person = house.person()
    for said in [*begin, *(each.format(place=place) for each in FIRST), "Add more", *(MORE if more is None else more)]:
        person.say(said)
    assert "Yes, send it" in person.offered(), person.heard()
    return person


def sent(person: Person) -> str:
    person.choose("Yes, send it")
    reference = find_in(person.heard())
    assert reference is not None, person.heard()
    return reference


def letter_sent(house: House, person: Person) -> tuple[Letter, dict[str, Any]]:
    before = house.referrals()
    reference = sent(person)
    letter, row = house.letter()
    assert house.referrals() > before and letter.reference == reference
    return letter, row


def standing_at(house: House, walked: dict[str, dict[str, Any]], step: str) -> Person:
    person = house.person()
    house.put(person.token, walked[step])
    return person


def walk(house: House) -> dict[str, dict[str, Any]]:
    """What is kept of a conversation at each step of the form, from one that went through them all."""
    person, found = house.person(), {}
    says = [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE, "change something"]
    for said in says:
        person.say(said)
        found[house.now(person.token)[1]["referral"]["step"]] = house.kept(person.token)
    assert tuple(found) == STEPS
    return found


def walk_by_text(house: House) -> dict[str, dict[str, Any]]:
    """The same, by text message."""
    phone, found = house.phone(), {}
    for said in [*BY_TEXT, "change"]:
        phone.text(said.format(place="Bushey"))
        kept = house.kept(house.sender(phone))
        found[house.now(house.sender(phone))[1]["referral"]["step"]] = kept
    assert tuple(found) == STEPS
    return found


def texting_at(house: House, walked: dict[str, dict[str, Any]], step: str) -> Phone:
    """A phone at this step of the form."""
    phone = house.phone()
    house.put(house.sender(phone), walked[step])
    return phone
