"""The same help by text message, through Twilio's door: signed by Twilio's own library, answered in TwiML."""
from __future__ import annotations

import re
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from os import kill
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Person, Running
from sentences import EXAMPLES, responses
from texting import PATH, PUBLIC, TEXTS, TOKEN, Phone, messages
from twilio.request_validator import RequestValidator

from outreach.content import fixed_replies
from outreach.sms.alphabet import segments
from outreach.sms.texts import Texts
from outreach.understanding.catalogue import CATALOGUE

StartRunning = Callable[..., Running]
STATIC = next(v["text"] for v in responses()["utter_static_fallback"] if v.get("channel") == "sms")


@pytest.fixture(scope="module")
def texting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A product that can be texted, started once for all tests that don't break it."""
    folder = tmp_path_factory.mktemp("texting")
    running = Running(folder, {
        "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC, "SMS_KEY_FILE": str(folder / "sms.key"),
        "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
        "REFERRAL_PUBLIC_KEYS": str(folder / "no.pub"),
    }).start()
    yield running
    running.stop()


def sms_begins(response: str) -> re.Pattern[str]:
    text = next(v["text"] for v in responses()[response] if v.get("channel") == "sms")
    return re.compile(".+?".join(re.escape(part) for part in re.split(r"\{[a-z_.0-9-]+\}", text.split("\n")[0])))


AREA_FOUND = re.compile(re.escape(fixed_replies.read()["area_found"]["sms"].split("{")[0]))


def stored(running: Running) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{running.database}?mode=ro", uri=True) as database:
        return database.execute("SELECT * FROM conversation").fetchall()


@pytest.fixture
def phone(texting: Running) -> Phone:
    return Phone(texting)


# The door


def test_without_twilios_secret_there_is_no_service_by_text(product: Running) -> None:
    phone = Phone(product)
    assert phone.post(phone.fields("hello")).status_code == 503


@pytest.mark.parametrize("how", ["missing", "empty", "made up", "another token", "another address", "our own address", "odd"])
def test_a_forged_request_is_refused_and_runs_nothing(texting: Running, phone: Phone, how: str) -> None:
    before, fields = stored(texting), phone.fields("hello")
    at_ours = str(RequestValidator(TOKEN).compute_signature(texting.url + PATH, fields))
    signature = {
        "empty": "", "made up": "A" * 28, "another token": phone.signature(fields, token="another"), "odd": "\xe9" * 28,
        "another address": phone.signature(fields, path="/sms/other"), "our own address": at_ours, "missing": "",
    }[how]
    headers = {} if how == "missing" else {"X-Twilio-Signature": signature.encode("latin-1")}
    answer = phone.http.post(PATH, data=fields, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 403 and "Message" not in answer.text
    assert stored(texting) == before


@pytest.mark.parametrize("change", [{"Body": "other"}, {"From": "+447700900999"}, {"Extra": ""}, {"FromCity": None}])
def test_a_request_that_was_changed_on_its_way_is_refused(phone: Phone, change: dict[str, str | None]) -> None:
    fields = phone.fields("hello")
    changed = {name: value for name, value in {**fields, **change}.items() if value is not None}
    assert phone.post(changed, phone.signature(fields)).status_code == 403


def test_blank_fields_accents_emoji_and_other_scripts_are_signed_and_let_in(phone: Phone) -> None:
    phone.begin()
    odd = ("🙂", "é à ü", "помогите", "مساعدة", "  spaces  ", "a+b=c&d;e%20", "line\nline", "<b>&amp;</b>", "/restart", "\x00")
    for body in odd:
        assert phone.text(body), body


def test_the_query_of_the_address_is_signed_too(phone: Phone) -> None:
    fields = phone.fields("hello")
    good = phone.signature(fields, path=f"{PATH}?bodySHA256=0")
    url = f"{PATH}?bodySHA256=0"
    assert phone.http.post(url, data=fields, headers={"X-Twilio-Signature": good}).status_code == 200
    assert phone.http.post(url, data=phone.fields("hello"), headers={"X-Twilio-Signature": good}).status_code == 403


def test_whatever_a_proxy_adds_changes_nothing(phone: Phone) -> None:
    headers = {"Host": "inside:8080", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "a.example", "X-Forwarded-Proto": "a"}
    assert messages(phone.post(phone.fields("hello"), headers=headers)) == [TEXTS.greeting]


def test_what_is_no_form_is_refused_and_runs_nothing(texting: Running, phone: Phone) -> None:
    before, fields = stored(texting), phone.fields("hello")
    signed = {"X-Twilio-Signature": phone.signature(fields)}
    assert phone.http.post(PATH, json=fields, headers=signed).status_code == 403
    assert phone.http.post(PATH, content=b"\xff\xfe\x00", headers=signed).status_code == 403
    assert phone.http.post(PATH, content=b"", headers={"X-Twilio-Signature": phone.signature({})}).status_code == 415
    assert phone.http.post(PATH, files={"Body": b"hello"}, headers=signed).status_code == 403
    assert phone.post(fields, headers={"Content-Type": "text/plain"}).status_code == 415
    assert phone.http.get(PATH, headers=signed).status_code == 405
    assert stored(texting) == before


def test_what_is_too_large_is_refused_and_runs_nothing(texting: Running, phone: Phone) -> None:
    before = stored(texting)
    assert phone.post(phone.fields("x" * 40_000)).status_code == 413
    assert phone.post(phone.fields("x" * 100_000)).status_code == 413
    many = phone.fields("x", **{f"Field{number}": "" for number in range(300)})
    assert phone.post(many).status_code == 403
    assert stored(texting) == before


def test_a_machine_is_not_answered(texting: Running) -> None:
    for sender in ("85258", "Vodafone", ""):
        assert Phone(texting, sender or " ").text("your parcel is waiting") == []


def test_the_longest_text_that_twilio_brings_is_answered(phone: Phone) -> None:
    assert phone.text("н" * 1600)
    assert "999" in phone.text("please can you tell me about things " * 40 + " he's got a knife he's going to kill me")[0]


# What is said


def test_a_conversation_begins_with_the_greeting_in_one_segment(phone: Phone) -> None:
    (greeting,) = phone.text("Hi")
    assert segments(greeting) == 1 and "automated" in greeting and "999" in greeting and "EXIT" in greeting


def test_a_first_question_is_answered_behind_the_greeting(phone: Phone) -> None:
    greeting, answer = phone.text("is there a refuge in hitchin")
    assert greeting == TEXTS.greeting and sms_begins("utter_ask_refuge").match(answer)
    assert "08088 088 088" in answer and answer.endswith(("MORE", TEXTS.more))
    assert "0808 2000 247" in phone.text("MORE")[0]


@pytest.mark.parametrize("intent", [intent for intent in CATALOGUE if intent not in ("quick_exit", "greet")])
def test_every_intent_is_answered_in_two_segments_at_a_time(texting: Running, intent: str) -> None:
    phone = Phone(texting).begin()
    (answer,) = phone.text(EXAMPLES[intent])
    # This product has no key to seal a referral with; what is said by text with one is in tests of the referral.
    expected = "utter_no_referral_now" if intent == "request_referral" else f"utter_{intent}"
    assert (AREA_FOUND if intent == "give_location" else sms_begins(expected)).match(answer), answer
    pages = 1
    while answer.endswith(("MORE", TEXTS.more)):
        (answer,) = phone.text("more")
        pages += 1
    assert pages <= 5


@pytest.mark.parametrize("intent", ["immediate_danger", "child_at_risk", "suicidal_or_self_harm"])
@pytest.mark.parametrize("when", ["first of all", "after a turn"])
def test_an_emergency_is_answered_whole_and_at_once(texting: Running, intent: str, when: str) -> None:
    phone = Phone(texting)
    if when == "after a turn":
        phone.begin().text("what support is there")
    (answer,) = phone.text(EXAMPLES[intent])
    fixed = next(v["text"] for v in responses()[f"utter_{intent}"] if v.get("channel") == "sms")
    assert answer.startswith(fixed) and "999" in answer
    if when == "first of all":
        assert phone.text("thank you")[0] == TEXTS.greeting


@pytest.mark.parametrize("by", ["number", "words"])
def test_a_place_that_could_be_two_is_asked_about_and_chosen_by_number_or_words(phone: Phone, by: str) -> None:
    (asked,) = phone.begin().text("i live in wd25")
    first = re.findall(r"^1 (.+)$", asked, re.MULTILINE)
    assert first, asked
    (answer,) = phone.text("1" if by == "number" else first[0].upper())
    assert AREA_FOUND.match(answer), answer


@pytest.mark.parametrize("word", ["REFUGE", "helpline", "Safety!", "LEGAL", "money", "person", "Orders"])
def test_a_word_that_a_reply_offers_is_taken_as_it_is_meant(texting: Running, word: str) -> None:
    intents = {"refuge": "ask_refuge", "helpline": "ask_helpline", "safety": "ask_safety_planning", "legal": "ask_legal_help",
               "money": "ask_money_benefits", "person": "talk_to_human", "orders": "ask_protective_orders"}
    (answer,) = Phone(texting).begin().text(word)
    assert sms_begins(f"utter_{intents[word.strip('!').lower()]}").match(answer)


def test_no_link_comes_unless_it_is_asked_for(phone: Phone) -> None:
    answer = phone.begin().text("my parents want to force me to marry a man i've never met")[0]
    while answer.endswith(("MORE", TEXTS.more)):
        assert "http" not in answer
        (answer,) = phone.text("MORE")
    assert "http" not in answer
    assert "http" in phone.text("LINK")[0]


def test_pictures_and_places_are_refused_kindly_and_nothing_of_them_is_fetched(texting: Running, phone: Phone) -> None:
    phone.begin()
    assert phone.text("", NumMedia="1", MediaUrl0=f"{texting.url}/chat/exit") == [TEXTS.cannot_open]
    assert phone.text("", Latitude="51.9", Longitude="-0.2") == [TEXTS.cannot_open]
    (answer,) = phone.text("he's got a knife he's outside the door", NumMedia="1", MediaUrl0="https://m.invalid/1")
    assert answer.startswith("Call 999 now")


# Once, in order, and in time


def test_a_repeat_gets_the_same_reply_and_no_second_turn(phone: Phone) -> None:
    first = phone.begin().text("my name is nothing, is there a refuge")
    assert phone.again() == first == phone.again()
    rest = phone.text("MORE")
    assert phone.again() == rest
    assert phone.text("MORE") != rest


def test_two_of_the_same_at_once_are_one_turn(phone: Phone) -> None:
    fields = phone.fields("hello")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: messages(phone.post(fields)), range(4)))
    assert answers == [[TEXTS.greeting]] * 4


def test_texts_in_the_same_second_are_all_answered_and_the_greeting_comes_once(phone: Phone) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(phone.text, ["is there a refuge", "what does it cost to ring", "who can read this"]))
    assert all(answers)
    assert sum(message == TEXTS.greeting for answer in answers for message in answer) == 1


def test_a_turn_survives_the_carrier_hanging_up(texting: Running, phone: Phone) -> None:
    phone.begin()
    fields = phone.fields("is there a refuge near me")
    actions = texting.pid_of("launcher.actions")
    kill(actions, signal.SIGSTOP)
    try:
        with pytest.raises(httpx.TimeoutException):
            phone.post(fields, timeout=0.5)
        texting.wait_until_actions_are_asked()
    finally:
        kill(actions, signal.SIGCONT)
    assert sms_begins("utter_ask_refuge").match(messages(phone.post(fields))[0])


def test_when_part_of_the_product_hangs_there_is_a_reply_with_999_within_ten_seconds(texting: Running, phone: Phone) -> None:
    phone.begin()
    actions = texting.pid_of("launcher.actions")
    kill(actions, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(phone.text, ["is there a refuge near me", "and what does it cost"]))
        assert time.monotonic() - began < 10
    finally:
        kill(actions, signal.SIGCONT)
    assert all("999" in answer[0] and "08088 088 088" in answer[0] for answer in answers)


# Leaving


@pytest.mark.parametrize(
    "words", ["EXIT", "x", "Bye!", " exit. ", "got to go he's coming up the stairs", "STOP", "stopall", "Cancel", "End"]
)
def test_leaving_is_silent_and_leaves_nothing(texting: Running, phone: Phone, words: str) -> None:
    phone.begin().text("is there a refuge in hitchin")
    rows = len(stored(texting))
    assert phone.text(words) == []
    assert len(stored(texting)) == rows - 1
    assert phone.again() == [], "a repeat says nothing either"
    (greeting,) = phone.text("MORE")
    assert greeting == TEXTS.greeting, "nothing earlier is repeated"


def test_after_leaving_a_repeat_of_an_earlier_text_brings_nothing_back(phone: Phone) -> None:
    phone.begin().text("is there a refuge in hitchin")
    earlier = phone.last
    assert phone.text("EXIT") == []
    assert messages(phone.post(earlier)) == []


def test_a_reply_that_is_being_made_is_not_sent_to_somebody_who_left(texting: Running, phone: Phone) -> None:
    phone.begin()
    rows = len(stored(texting))
    actions = texting.pid_of("launcher.actions")
    kill(actions, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(phone.text, "is there a refuge near me")
            texting.wait_until_actions_are_asked()
            other = Phone(texting, phone.number)
            assert other.text("EXIT") == [] and not slow.done(), "who leaves does not wait for the turn"
            kill(actions, signal.SIGCONT)
            assert slow.result() == []
    finally:
        kill(actions, signal.SIGCONT)
    assert len(stored(texting)) == rows - 1


@pytest.mark.parametrize(
    ("body", "kind"), [("STOP", "STOP"), ("hello", "STOP"), ("HELP", "HELP"), ("YES", "START"), ("START", "START")]
)
def test_what_the_carrier_answers_is_not_answered_twice(phone: Phone, body: str, kind: str) -> None:
    assert phone.text(body, OptOutType=kind) == []


@pytest.mark.parametrize("body", ["HELP", "help", "INFO", "START", "UNSTOP"])
def test_the_carriers_words_are_left_to_it(texting: Running, phone: Phone, body: str) -> None:
    rows = len(stored(texting))
    assert phone.text(body) == []
    assert len(stored(texting)) == rows


def test_help_with_anything_more_is_for_us(phone: Phone) -> None:
    assert phone.begin().text("help me please")


# What is kept


def test_no_number_and_no_word_is_anywhere(texting: Running) -> None:
    digits = f"7700900{secrets.randbelow(900) + 100}"
    canary = f"zebra{secrets.token_hex(4)}"
    phone = Phone(texting, f"+44{digits}").begin()
    for said in ("my name is {} and i live in hitchin", "he's got a knife {}", "MORE", "/{}", "{} 🙂", "{} exit"):
        phone.text(said.format(canary))
    phone.text(canary, NumMedia="1", MediaUrl0=f"https://m.invalid/{canary}")
    phone.post(phone.fields(canary), "forged")
    phone.post(phone.fields(canary * 4000))
    phone.post(phone.fields(canary), headers={"Content-Type": "text/plain"})
    phone.http.get(PATH, params={"From": phone.number, "Body": canary})
    health = phone.http.get("/health/ready").text
    kept = health.encode() + texting.log.read_bytes()
    kept += b"".join(file.read_bytes() for file in texting.folder.iterdir() if file.name.startswith("outreach.db"))
    spellings = (digits, digits[::-1], f"0{digits[:4]} {digits[4:]}", f"{digits[:4]} {digits[4:7]} {digits[7:]}",
                 f"7{digits[1:4]}-{digits[4:]}", f"7{digits[1:4]}%20{digits[4:]}", digits.encode().hex(), canary)
    found = [spelling for spelling in spellings if spelling.encode().lower() in kept.lower()]
    assert not found


def test_the_key_is_for_its_owner_alone(texting: Running, phone: Phone) -> None:
    phone.begin()
    assert (texting.folder / "sms.key").stat().st_mode & 0o777 == 0o600


# Limits and forgetting, on products of their own


def test_a_flood_is_told_once_and_then_met_by_silence_and_the_web_goes_on(start_product: StartRunning, tmp_path: Path) -> None:
    running = start_product(
        TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC, SMS_KEY_FILE=str(tmp_path / "sms.key"),
        SMS_PER_NUMBER_PER_HOUR="4", SMS_PER_MINUTE_IN_ALL="6",
    )
    phone = Phone(running)
    assert segments(phone.text("hello")[0]) == 1
    for _ in range(3):
        assert phone.text("is there a refuge")
    limited = TEXTS.too_many
    assert [phone.text("hello?") for _ in range(3)] == [[limited], [], []]
    assert phone.again() == []
    assert phone.text("EXIT") == []
    others = [Phone(running).text("hello") for _ in range(4)]
    assert [answer[0] == limited for answer in others] == [False, False, True, True]
    stop = threading.Event()

    def flood() -> None:
        one = Phone(running)
        while not stop.is_set():
            one.text("hello")

    with ThreadPoolExecutor(4) as pool:
        flooding = [pool.submit(flood) for _ in range(4)]
        person = Person(running.url)
        began = time.monotonic()
        person.say("is there a refuge")
        took = time.monotonic() - began
        stop.set()
        assert all(each.result() is None for each in flooding) and took < 5
        assert "herts-da-helpline" in person.services()


def test_after_idling_the_next_text_begins_anew_and_repeats_nothing(start_product: StartRunning, tmp_path: Path) -> None:
    running = start_product(TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC, SMS_IDLE_MINUTES="0.05",
                            SMS_KEY_FILE=str(tmp_path / "sms.key"))
    phone, person = Phone(running), Person(running.url)
    greeting = Texts.load(0.05).greeting
    assert phone.text("is there a refuge in hitchin")[0] == greeting
    assert phone.text("MORE")[0] != greeting
    time.sleep(3.2)
    assert phone.text("MORE") == [greeting]
    assert person.say("hello"), "the web's conversations have their own time"
    with sqlite3.connect(running.database) as database:
        database.execute("DROP TABLE conversation")
    assert phone.text("is there a refuge") == [STATIC]
