"""The form over HTTP, on a product with a key: what is sent, what is not, and that nothing of it is left anywhere."""
from __future__ import annotations

import json
import os
import re
import secrets
import signal
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from faults import rows
from form import AREAS, ASKS, CANARIES, FIRST, MORE, STEPS, YES, House, filled, letter_sent, sent, standing_at
from referring import everything_in, holds
from sentences import EXAMPLES, is_reply, is_static

from outreach.content.fixed_replies import fixed_reply
from outreach.referrals.answers import Answers
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.reference import find_in

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
    kept = json.dumps(house.kept(other.token))
    # Three letters turn up in what is made by chance.
    assert not re.search(r"\bDee\b", kept) and not any(holds(kept, each) for each in ("7400998877", "998877", "Bushey"))


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
    assert house.referrals() == before and not [each for each in CANARIES if holds(kept, each)]


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


# What is said twice, because its reply was lost

def test_the_same_yes_at_once_to_a_question_that_was_not_read_is_asked_again(house: House) -> None:
    person = house.person()
    person.say("please refer me to the outreach team, I'm Dee in Bushey, text me on 07400 998877")
    person.say(YES)
    person.say(YES)
    assert person.last[0]["text"] == fixed_reply("referral_said_twice", "web") and "text you there" in person.last[-1]["text"]
    assert "safe_to_contact" not in house.now(person.token)[1]["referral"]["answers"]
    person.say(YES)
    assert house.now(person.token)[1]["referral"]["answers"]["safe_to_contact"] is True


def test_a_yes_that_is_tried_again_later_gets_its_reply_and_answers_nothing(house: House) -> None:
    person = house.person()
    person.say("please refer me to the outreach team, I'm Dee in Bushey, text me on 07400 998877")
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": "5f0c"}
    first = person.http.post("/chat/api/messages", json={"text": YES}, headers=headers).json()
    # As if a minute had gone by, which no rule about the same words at once would catch.
    kept = house.kept(person.token)
    long_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).isoformat()
    old = json.loads(re.sub(r'("last_yes": \{"words": "[^"]+", "at": ")[^"]+', rf"\g<1>{long_ago}", json.dumps(kept)))
    assert old != kept
    house.put(person.token, old)
    assert person.http.post("/chat/api/messages", json={"text": YES}, headers=headers).json() == first
    assert house.kept(person.token) == old, "nothing was heard"
    person.say(YES)
    assert house.now(person.token)[1]["referral"]["answers"]["safe_to_contact"] is True


def test_what_ended_the_questions_said_twice_at_once_sends_nothing(house: House) -> None:
    before, person = house.referrals(), house.person()
    for said in (ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "send it", "send it"):
        person.say(said)
    assert house.referrals() == before and "Deirdre Quillfeather" in person.last[-1]["text"]
    assert sent(person) and house.referrals() > before


def test_a_request_whose_reply_was_lost_is_explained_again_as_a_whole(house: House) -> None:
    person = house.person()
    for _ in range(4):
        person.say(ASKS)
        assert [each["text"] for each in person.last] == [CurrentConsent.load("web").text], person.heard()
    person.say("yes")
    assert is_reply(person.last[0]["text"], "utter_referral_ask_name")


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


@pytest.mark.parametrize("step", STEPS)
def test_an_earlier_one_is_taken_back_from_the_middle_of_another_at_every_step(
    house: House, walked: dict[str, dict[str, Any]], step: str
) -> None:
    reference = sent(filled(house))
    row_id = house.query("SELECT id FROM referral ORDER BY created_at DESC, rowid DESC")[0]["id"]
    person = standing_at(house, walked, step)
    person.say(f"please withdraw my referral {reference}")
    assert [is_reply(each["text"], "utter_referral_withdrawn") for each in person.last] == [False, True], person.heard()
    assert "making just now wasn't sent" in person.last[0]["text"]
    row = house.query("SELECT * FROM referral WHERE id = ?", row_id)[0]
    assert row["state"] == "withdrawn" and row["sealed"] is None
    loop, slots = house.now(person.token)
    assert loop is None and not slots.get("referral")
    assert not [each for each in CANARIES if holds(json.dumps(slots), each)], "and the one that was begun is dropped"


@pytest.mark.parametrize("wrong, reply", [("BCDF-GHJ2-K9", "utter_reference_unknown"), ("BCDF-GHJ2-K5", "utter_withdraw_referral")])
def test_a_wrong_reference_can_be_put_right_after_it_ended_the_form(
    house: House, walked: dict[str, dict[str, Any]], wrong: str, reply: str
) -> None:
    reference = sent(filled(house))
    person = standing_at(house, walked, "name")
    person.say(f"please withdraw my referral {wrong}")
    assert is_reply(person.last[-1]["text"], reply), person.heard()
    person.say(f"sorry it's {reference}")
    assert is_reply(person.last[0]["text"], "utter_referral_withdrawn"), person.heard()


def test_to_withdraw_in_the_middle_without_a_reference_says_what_still_stands(house: House, walked: dict[str, dict[str, Any]]) -> None:
    person = standing_at(house, walked, "name")
    person.say(EXAMPLES["withdraw_referral"])
    assert is_reply(person.last[0]["text"], "utter_referral_left") and "no request is kept" not in person.heard()
    assert person.last[1]["text"] == fixed_reply("referral_earlier_one", "web")


@pytest.mark.parametrize("step", STEPS)
def test_a_reference_alone_in_the_middle_is_no_answer(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    person = standing_at(house, walked, step)
    before = house.now(person.token)[1]["referral"]["answers"]
    for said in ("BCDF-GHJ2-K5", EXAMPLES["ask_referral_status"]):
        person.say(said)
        assert person.last[0]["text"] == fixed_reply("referral_look_up_later", "web") and len(person.last) > 1, person.heard()
        _, slots = house.now(person.token)
        assert slots["referral"]["step"] == step and slots["referral"]["answers"] == before


@pytest.mark.parametrize("first", ["{}", "my reference is {}", "hi, ref {}"])
def test_a_reference_alone_is_asked_about_and_need_not_be_given_again(house: House, first: str) -> None:
    reference = sent(filled(house))
    for answer, reply in (("How it stands", "utter_referral_status_received"), ("Take it back", "utter_referral_withdrawn")):
        person = house.person()
        person.say(first.format(reference.lower()))
        assert person.last[0]["text"] == fixed_reply("reference_alone", "web")
        assert person.offered() == ["How it stands", "Take it back"]
        person.choose(answer)
        assert is_reply(person.last[0]["text"], reply), person.heard()


def test_a_reference_alone_does_nothing_until_it_is_said_what_for(house: House) -> None:
    reference = sent(filled(house))
    for said in ("yes", "ok", "stop", EXAMPLES["ask_refuge"], EXAMPLES["immediate_danger"]):
        person = house.person()
        person.say(reference)
        person.say(said)
        if said == EXAMPLES["ask_refuge"]:
            assert is_reply(person.last[0]["text"], "utter_ask_refuge")
    assert house.query("SELECT state FROM referral ORDER BY created_at DESC, rowid DESC")[0]["state"] != "withdrawn"
    person.say(EXAMPLES["withdraw_referral"])
    assert is_reply(person.last[0]["text"], "utter_withdraw_referral"), "after danger it has to be given again"


def test_one_alone_that_has_a_slip_is_said_to_be_unknown(house: House) -> None:
    person = house.person()
    person.say("K7DP-2MXW-99")
    assert is_reply(person.last[0]["text"], "utter_reference_unknown")
    person.say(sent(filled(house)))
    assert is_reply(person.last[0]["text"], "utter_referral_status_received"), person.heard()


def test_the_yes_that_sent_it_said_again_gives_the_same_reference_and_sends_nothing(house: House) -> None:
    person = filled(house)
    reference = sent(person)
    before = house.referrals()
    assert not [each for each in CANARIES if holds(json.dumps(house.kept(person.token)), each)]
    for again in ("yes", "Yes, send it", "send it"):
        person.say(again)
        assert find_in(person.heard()) == reference, person.heard()
    person.say("ok")
    assert find_in(person.heard()) is None
    person.say(ASKS)
    person.say("yes")
    assert is_reply(person.last[0]["text"], "utter_referral_ask_name"), "another one is another one"
    assert house.referrals() == before


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
        for said in ("i live in ware", EXAMPLES["ask_outreach"]):
            stranger.say(said)
            assert "Ask them to contact me" not in stranger.offered() and "contact you" not in stranger.last[0]["text"], stranger.heard()
        by_text = house.phone().text("i live in ware")
        assert "East Herts and Broxbourne" in by_text[0] and "REFER" not in by_text[0]
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
        assert not holds(written, answer), answer
