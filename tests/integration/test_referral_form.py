"""The form over HTTP, on a product with a key: what is sent, what is not, and that nothing of it is left anywhere."""
from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from faults import rows
from referring import everything_in
from running import ROOT, Person, Running
from sentences import EXAMPLES, is_reply, is_static, text_of
from test_sms import PUBLIC, TOKEN, Phone

from outreach.privacy import capability, sealing
from outreach.referrals.answers import Answers
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.handoff import Letter
from outreach.referrals.reference import find_in
from outreach.understanding.catalogue import SAFETY
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

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with sqlite3.connect(self.running.database, timeout=10) as database:
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
        with sqlite3.connect(self.running.database, timeout=10) as database:
            database.execute("UPDATE conversation SET sealed_state = ? WHERE row_key = ?", (sealed, capability.row_key(token)))
        database.close()

    def person(self) -> Person:
        return Person(self.running.url)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One product for all of these."""
    house = House(tmp_path_factory.mktemp("referrals"))
    yield house
    house.running.stop()


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


@pytest.fixture(scope="module")
def walked(house: House) -> dict[str, dict[str, Any]]:
    """What is kept of a conversation at each step of the form, from one that went through them all."""
    person, found = house.person(), {}
    says = [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE, "change something"]
    for said in says:
        person.say(said)
        found[house.now(person.token)[1]["referral"]["step"]] = house.kept(person.token)
    assert tuple(found) == STEPS
    return found


def standing_at(house: House, walked: dict[str, dict[str, Any]], step: str) -> Person:
    person = house.person()
    house.put(person.token, walked[step])
    return person


# What is sent

@pytest.mark.parametrize("place", AREAS)
def test_the_whole_form_in_each_area(house: House, place: str) -> None:
    person = filled(house, place)
    for word in ("Deirdre Quillfeather", place, "+447400998877", "school run", "marmaladefox", "Tigrinya", AREAS[place][0]):
        assert word in person.heard(), word
    letter, row = letter_sent(house, person)
    area, team = AREAS[place]
    assert (row["area"], row["team"], row["through"], row["rule"]) == (area, team, "beacon", "outreach-area")
    assert row["consent_version"] == CurrentConsent.load("web").version
    assert letter.consent.recipient == f"beacon, {team}"
    answers = letter.answers
    assert answers == Answers(
        name="Deirdre Quillfeather", place=place, district=answers.district, outreach_area=area, contact_way="text",
        contact="+447400998877", safe_to_contact=True, safe_times=answers.safe_times, over_16=True, describes_as="woman",
        code_word="marmaladefox", help_wanted=("housing", "legal"), children_at_home=True,
        needs="a Tigrinya interpreter and a quiet room",
    )  # fmt: skip
    assert re.search(r"by the end of \w+ \d+ \w+", person.heard()) and "saved and on its way" in person.heard()


def test_a_man_goes_to_the_gateway_alone(house: House) -> None:
    letter, row = letter_sent(house, filled(house, more=[*MORE[:-1], "Man"]))
    assert (row["rule"], row["team"], row["through"]) == ("man", "beacon", None) and letter.consent.recipient == "beacon"


def test_a_man_who_said_so_at_first_is_not_asked_and_need_not_add_more(house: House) -> None:
    person = house.person()
    for said in (f"i'm a man. {ASKS}", YES, *(each.format(place="Bushey") for each in FIRST), "Send now"):
        person.say(said)
    _, row = letter_sent(house, person)
    assert row["rule"] == "man"


@pytest.mark.parametrize("begin, whose", [
    (("please refer my sister to the outreach team", "Yes, they have agreed", YES), "someone"),
    ((ASKS, "It's for someone else", "yes they have agreed", YES), "someone"),
    ((EXAMPLES["request_referral"] + ", it's for a client of mine on my caseload", "yes they have agreed", YES), "professional"),
])  # fmt: skip
def test_for_somebody_else(house: House, begin: tuple[str, ...], whose: str) -> None:
    letter, _ = letter_sent(house, filled(house, begin=begin))
    assert (letter.answers.on_behalf_of, letter.answers.person_agreed) == (whose, True)


def test_for_somebody_who_has_not_agreed_nothing_goes_on(house: House) -> None:
    before, person = house.referrals(), house.person()
    person.say("please refer my sister to the outreach team")
    person.choose("Not yet")
    assert is_reply(person.last[0]["text"], "utter_referral_not_agreed") and house.referrals() == before


def test_under_16_and_outside_the_county_nothing_is_sent(house: House) -> None:
    before = house.referrals()
    person = house.person()
    for said in (ASKS, YES, "Dee", "Bushey", "text", "07400 998877", "yes", "any time", "im 15"):
        person.say(said)
    assert is_reply(person.last[0]["text"], "utter_referral_under_16") and "0800 1111" in person.heard()
    other = house.person()
    for said in (ASKS, YES, "Dee", "Luton"):
        other.say(said)
    assert "Luton is outside Hertfordshire" in other.heard() and "0808 2000 247" in other.heard()
    assert house.referrals() == before
    for each in (person, other):
        loop, slots = house.now(each.token)
        assert loop is None and not slots.get("referral")


def test_an_ambiguous_and_a_misspelt_town(house: House) -> None:
    person = house.person()
    for said in (ASKS, YES, "Dee", "Kings Langley"):
        person.say(said)
    person.choose("Kings Langley village")
    assert "St Albans and Dacorum" in person.heard()
    person.say("back")
    person.say("Stevnage")
    person.choose("Stevenage")
    assert "North Herts and Stevenage" in person.heard()


def test_details_told_before_consent_are_used_after_a_yes_and_vanish_otherwise(house: House) -> None:
    told = "please refer me to the outreach team, I'm Dee in Bushey, text me on 07400 998877"
    person = house.person()
    person.say(told)
    person.say(YES)
    assert "Bushey comes under" in person.heard() and "text you there" in person.heard()
    other = house.person()
    other.say(told)
    for said in ("maybe", EXAMPLES["ask_cost"], EXAMPLES["ask_cost"]):
        other.say(said)
    assert not any(each in json.dumps(house.kept(other.token)) for each in ("998877", "Dee", "Bushey"))


# What is not

@pytest.mark.parametrize("said", ["ok", "maybe", "sure I guess", "yes but who sees it", "who will see this?", "yeah", "👍", "yes?"])
def test_anything_but_a_clear_yes_stores_nothing(house: House, walked: dict[str, dict[str, Any]], said: str) -> None:
    before = house.referrals()
    for step in ("consent", "summary"):
        person = standing_at(house, walked, step)
        person.say(said)
        assert find_in(person.heard()) is None and not is_reply(person.last[0]["text"], "utter_referral_ask_name"), step
    assert house.referrals() == before


def test_a_button_that_was_offered_earlier_is_refused(house: House) -> None:
    before, person = house.referrals(), filled(house)
    send = next(c["id"] for m in person.last for c in m["choices"] if c["title"] == "Yes, send it")
    agree = "yes-i-agree"
    person.say("change my name")
    for old in (send, agree):
        assert person.post({"choice": old}).status_code == 422
    assert house.referrals() == before


def test_silence_stores_nothing_and_is_forgotten(house: House) -> None:
    before, person = house.referrals(), filled(house)
    person.http.delete("/chat/api/session", headers={"Authorization": f"Bearer {person.token}"})
    assert house.referrals() == before and rows(house.running, person.token) == 0


@pytest.mark.parametrize("step", STEPS)
def test_stop_at_every_step_leaves_no_draft(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    before, person = house.referrals(), standing_at(house, walked, step)
    person.say("stop")
    assert is_reply(person.last[0]["text"], "utter_referral_left"), person.heard()
    person.say("hello there")
    kept = json.dumps(house.kept(person.token))
    assert house.referrals() == before and not [each for each in CANARIES if each in kept]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("intent", ["ask_confidentiality_privacy", "bot_challenge", "ask_cost"])
def test_a_question_at_every_step_is_answered_and_the_form_goes_on(
    house: House, walked: dict[str, dict[str, Any]], step: str, intent: str
) -> None:
    person = standing_at(house, walked, step)
    person.say(EXAMPLES[intent] + "?")
    assert is_reply(person.last[0]["text"], f"utter_{intent}"), person.heard()
    loop, slots = house.now(person.token)
    assert len(person.last) > 1 and loop == "action_referral" and slots["referral"]["step"] == step


@pytest.mark.parametrize("step", [step for step in STEPS if step != "consent"])
def test_a_correction_at_every_step(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    for said, expected in (("no, my number is 07400 111222", "+447400111222"), ("actually call me Sam", '"Sam"')):
        person = standing_at(house, walked, step)
        person.say(said)
        assert expected in json.dumps(house.now(person.token)[1]["referral"]["answers"]), (said, person.heard())


# Sent once, and taken back

def test_the_same_form_sent_twice_is_one_referral(house: House, walked: dict[str, dict[str, Any]]) -> None:
    kept = json.dumps(walked["summary"]).replace(_key(walked["summary"]), secrets.token_urlsafe(24))
    references = []
    for _ in range(2):
        person = house.person()
        house.put(person.token, json.loads(kept))
        person.say("yes")
        references.append(find_in(person.heard()))
    assert references[0] is not None and references[0] == references[1]
    found = house.query("SELECT count(*) AS n FROM referral WHERE form_hash = (SELECT form_hash FROM referral ORDER BY created_at DESC)")
    assert found[0]["n"] == 1


def _key(kept: dict[str, Any]) -> str:
    return str(re.findall(r'"key": "([^"]{16,})"', json.dumps(kept))[-1])


def test_withdrawn_by_reference_in_a_later_conversation(house: House) -> None:
    reference = sent(filled(house))
    row_id = house.query("SELECT id FROM referral ORDER BY created_at DESC, rowid DESC")[0]["id"]
    later = house.person()
    later.say(EXAMPLES["ask_referral_status"])
    later.say(reference.lower())
    assert is_reply(later.last[0]["text"], "utter_referral_status_received"), later.heard()
    again = house.person()
    again.say("i want to withdraw my referral")
    again.say("K7DP-2MXW-99")
    assert is_reply(again.last[0]["text"], "utter_reference_unknown")
    again.say(f"sorry it's {reference}")
    assert is_reply(again.last[0]["text"], "utter_referral_withdrawn"), again.heard()
    row = house.query("SELECT * FROM referral WHERE id = ?", row_id)[0]
    assert row["sealed"] is None and row["state"] == "withdrawn" and row["withdrawn_at"]
    changes = house.query("SELECT * FROM state_change WHERE referral_id = ?", row_id)
    assert any("withdrawn" in change.values() for change in changes)
    last = house.person()
    last.say(f"withdraw my referral {reference}")
    assert is_reply(last.last[0]["text"], "utter_referral_withdrawn")


def test_guessing_tells_nothing(house: House) -> None:
    reference = sent(filled(house))
    guesser = house.person()
    guesser.say(EXAMPLES["ask_referral_status"])
    for guess in ("BCDF-GHJ2-K5", "2345-6789-BC", "hello", "22"):
        guesser.say(guess)
        assert "received" not in guesser.heard().lower() or "reference" in guesser.heard().lower()
    assert find_in(reference) == reference


@pytest.mark.parametrize("intent", ["ask_refuge", "ask_helpline", "thanks"])
def test_whoever_turns_to_something_else_while_the_reference_is_asked_is_answered(house: House, intent: str) -> None:
    person = house.person()
    person.say(EXAMPLES["withdraw_referral"])
    person.say(EXAMPLES[intent])
    assert is_reply(person.last[0]["text"], f"utter_{intent}"), person.heard()


# Danger

AT_EVERY_STEP = {
    "immediate_danger": ["he's got a knife and he's outside the bedroom door", "hes trying to break the door down"],
    "child_at_risk": ["my dad hits my little brother with a belt"],
    "suicidal_or_self_harm": ["i want to kill myself"],
    "quick_exit": ["got to go he's coming up the stairs", "hes back"],
}


def _caught() -> list[tuple[str, str]]:
    """Every message that the patterns' file says is found, with its intent."""
    content = yaml.safe_load((ROOT / "content" / "safety_patterns.yml").read_text(encoding="utf-8"))["patterns"]
    return [(intent, text) for intent in SAFETY for pattern in content[intent]["patterns"] for text in pattern["catches"]]


def assert_left(house: House, person: Person, intent: str, text: str) -> None:
    """The form is left with the right reply, and nothing of it remains."""
    person.say(text)
    # One that is more urgent still is right as well.
    right = SAFETY[: SAFETY.index(intent) + 1]
    if person.commands():
        assert person.commands() == ["exit"] and "quick_exit" in right, (text, person.heard())
        assert rows(house.running, person.token) == 0
        return
    said = person.last[0]["text"].strip()
    assert any(said == text_of(f"utter_{each}") for each in right if each != "quick_exit"), (text, person.heard())
    assert len(person.last) == 1, "nothing stands beside it"
    loop, slots = house.now(person.token)
    assert loop is None and not slots.get("referral")
    assert not [each for each in CANARIES if each in json.dumps(house.kept(person.token))]


@pytest.mark.parametrize("step", STEPS)
def test_danger_at_every_step_leaves_the_form_and_keeps_nothing(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    before = house.referrals()
    for intent, texts in AT_EVERY_STEP.items():
        for text in texts:
            assert_left(house, standing_at(house, walked, step), intent, text)
    assert house.referrals() == before


def test_everything_that_the_patterns_find_leaves_the_form(house: House, walked: dict[str, dict[str, Any]]) -> None:
    before = house.referrals()
    for number, (intent, text) in enumerate(_caught()):
        assert_left(house, standing_at(house, walked, STEPS[number % len(STEPS)]), intent, text)
    assert house.referrals() == before


def test_danger_needs_no_action_server(house: House, walked: dict[str, dict[str, Any]]) -> None:
    people = {step: standing_at(house, walked, step) for step in STEPS}
    others = {step: standing_at(house, walked, step) for step in STEPS}
    actions = house.running.pid_of("launcher.actions")
    os.kill(actions, signal.SIGSTOP)
    try:
        for number, step in enumerate(STEPS):
            intent = SAFETY[number % 3]
            assert_left(house, people[step], intent, AT_EVERY_STEP[intent][0])
            assert_left(house, others[step], "quick_exit", AT_EVERY_STEP["quick_exit"][0])
    finally:
        os.kill(actions, signal.SIGCONT)


@pytest.mark.parametrize("step, said", [
    ("name", "no"), ("name", "Dee"), ("contact", "07400 998877"), ("summary", "no"), ("summary", "back"), ("safe_to_contact", "no"),
    ("code_word", "pineapple"), ("children_at_home", "no"), ("over_16", "34"), ("place", "Hatfield"), ("contact_way", "call"),
    ("needs", "stop"), ("name", "back"), ("safe_times", "after 5"), ("consent", "no"),
])  # fmt: skip
def test_a_plain_answer_is_not_taken_for_danger(house: House, walked: dict[str, dict[str, Any]], step: str, said: str) -> None:
    person = standing_at(house, walked, step)
    person.say(said)
    assert not person.commands() and not any(m["text"].strip() == text_of(f"utter_{i}") for m in person.last for i in SAFETY)


# By text

def test_the_form_by_text_with_the_number_that_it_comes_from(house: House) -> None:
    before, phone = house.referrals(), Phone(house.running).begin()
    assert "Text YES or NO" in "".join(phone.text(ASKS))
    for said in ("YES", "Dee", "Bushey", "TEXT", "this number", "yes", "any time", "yes", "SEND"):
        answer = " ".join(phone.text(said))
    assert "the number you text from" in answer and phone.number not in answer
    assert "Which part" in " ".join(phone.text("CHANGE")) and "Shall I send it?" in " ".join(phone.text("BACK"))
    for said in ("SEND", "ok", "maybe"):
        phone.text(said)
    assert house.referrals() == before
    reference = find_in(" ".join(phone.text("YES")))
    letter, row = house.letter()
    assert reference == letter.reference and letter.answers.contact == phone.number
    assert row["consent_version"] == CurrentConsent.load("sms").version
    assert phone.number.encode() not in everything_in(house.running.folder)


# When something is broken

def test_without_a_key_in_the_middle_nothing_is_said_to_be_sent_and_a_later_yes_sends(house: House) -> None:
    person, before = filled(house), house.referrals()
    public = house.keys / "referral.pub"
    public.rename(house.keys / "away")
    try:
        person.say("yes")
        assert is_reply(person.last[0]["text"], "utter_referral_failed"), person.heard()
        assert house.referrals() == before
        stranger = house.person()
        stranger.say(ASKS)
        assert is_reply(stranger.last[0]["text"], "utter_no_referral_now"), "without a key none is offered"
        ready = httpx.get(f"{house.running.url}/health/ready")
        assert ready.status_code == 200 and "no public key" in ready.json()["notes"][0] and str(house.keys) not in ready.text
    finally:
        (house.keys / "away").rename(public)
    assert sent(person) and house.referrals() > before
    assert "notes" not in httpx.get(f"{house.running.url}/health/ready").json()


def test_without_the_action_server_there_are_words_and_a_later_yes_sends(house: House) -> None:
    person, before = filled(house), house.referrals()
    actions = house.running.pid_of("launcher.actions")
    os.kill(actions, signal.SIGSTOP)
    try:
        person.say("yes")
        assert is_static(person.last) and find_in(person.heard()) is None
    finally:
        os.kill(actions, signal.SIGCONT)
    person.say("yes")
    assert find_in(person.heard()) is not None
    assert len(house.query("SELECT id FROM referral")) and house.referrals() > before


# Last, because it looks at all that the tests before it left

def test_nothing_that_was_answered_is_in_the_database_or_the_logs_and_with_the_key_all_of_it_is(house: House) -> None:
    letter, _ = letter_sent(house, filled(house))
    opened = letter.answers.to_json()
    for answer in ("Deirdre Quillfeather", "Bushey", "+447400998877", "school run", "marmaladefox", "Tigrinya", "quiet room"):
        assert answer in opened, answer
    written = everything_in(house.running.folder).lower()
    assert len(written) > 10_000
    for answer in ("Quillfeather", "Deirdre", "7400998877", "998877", "7400 998877", "school run", "marmaladefox", "Tigrinya", "quiet room",
                   letter.reference, letter.reference.replace("-", "")):
        assert answer.lower().encode() not in written, answer
