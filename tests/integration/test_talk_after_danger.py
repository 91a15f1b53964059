"""After the reply to danger: who asks what to do is told that again, and nobody gets a list, a complaint's reply or a goodbye."""
from __future__ import annotations

import pytest
from form import House
from running import Person
from sentences import EXAMPLES, is_reply, something_not_understood

from outreach.content.fixed_replies import fixed_reply

KNIFE = "he's got a knife and he's outside the bedroom door"
CRIES = ["what do i do", "what should i do", "help", "i dont know what to do"]
SAFETY = {
    "immediate_danger": KNIFE, "child_at_risk": EXAMPLES["child_at_risk"], "suicidal_or_self_harm": EXAMPLES["suicidal_or_self_harm"],
}


def hears(person: Person, reply: str) -> bool:
    return person.last[0]["text"].strip() == fixed_reply(reply, "web")


@pytest.mark.parametrize("cry", CRIES)
def test_after_danger_a_cry_for_help_is_answered_with_999(person: Person, cry: str) -> None:
    person.say(KNIFE)
    for _ in range(2):
        person.say(cry)
        first = person.last[0]["text"]
        assert hears(person, "immediate_danger_again"), person.heard()
        assert "999" in first.splitlines()[0] and "press 55" in first and len(person.last) == 1
        assert "If you can't speak" in person.offered()


@pytest.mark.parametrize("intent", sorted(SAFETY))
def test_what_was_told_is_told_again_and_shorter_talk_does_not_end_it(person: Person, intent: str) -> None:
    person.say(SAFETY[intent])
    for said in ["what do i do", "ok", "i dont know what to do", "help"]:
        person.say(said)
        assert hears(person, f"{intent}_again") or is_reply(person.last[0]["text"], f"utter_{intent}"), (said, person.heard())


def test_what_says_little_is_taken_for_it_once_and_then_for_what_it_is(person: Person) -> None:
    person.say(KNIFE)
    person.say("hello")
    assert hears(person, "immediate_danger_again")
    person.say("hello")
    assert is_reply(person.last[0]["text"], "utter_greet")


def test_somebody_is_gone_with_through_the_danger(person: Person) -> None:
    person.say(KNIFE)
    for said, reply in [("im calling them", "danger_called"), ("hes gone", "danger_calmer"), ("im ok now", "danger_calmer")]:
        person.say(said)
        assert hears(person, reply) and not person.commands(), (said, person.heard())


def test_a_turn_between_does_not_take_it_away_and_another_does(person: Person) -> None:
    person.say(KNIFE)
    person.say(EXAMPLES["ask_pets"])
    person.say("what do i do")
    assert hears(person, "immediate_danger_again")
    person.say(EXAMPLES["ask_pets"])
    person.say(EXAMPLES["ask_housing"])
    person.say("what can i do")
    assert is_reply(person.last[0]["text"], "utter_ask_capabilities")


def test_who_was_never_in_danger_is_told_what_there_is(person: Person) -> None:
    person.say("what do i do")
    assert is_reply(person.last[0]["text"], "utter_ask_capabilities")


@pytest.mark.parametrize(("said", "reply"), [
    ("hes stopped", "danger_calmer"), ("he's calmed down now", "danger_calmer"), ("i called them", "danger_called"),
    ("the police are here", "danger_called"), ("im hiding", "immediate_danger_again"), ("can someone come", "immediate_danger_again"),
])
def test_what_is_told_of_the_danger_is_heard_and_nobody_is_sent_away(person: Person, said: str, reply: str) -> None:
    person.say(KNIFE)
    person.say(said)
    assert hears(person, reply) and not person.commands(), person.heard()


def test_who_says_that_they_would_be_heard_is_told_of_the_silent_call(person: Person) -> None:
    for said in ("i cant talk", "he'll hear"):
        person.say(KNIFE)
        person.say(said)
        assert is_reply(person.last[0]["text"], "utter_ask_silent_999") and not person.commands()


@pytest.mark.parametrize("said", [EXAMPLES["quick_exit"], "hes back", "exit"])
def test_leaving_is_still_leaving(person: Person, said: str) -> None:
    person.say(KNIFE)
    person.say(said)
    assert person.commands() == ["exit"]


def test_new_danger_gets_its_whole_reply(person: Person) -> None:
    person.say(KNIFE)
    person.say("he is hitting me right now")
    assert is_reply(person.last[0]["text"], "utter_immediate_danger")


def test_a_question_after_danger_is_answered(person: Person) -> None:
    person.say(KNIFE)
    person.say(EXAMPLES["ask_refuge"])
    assert is_reply(person.last[0]["text"], "utter_ask_refuge")
    person.say(KNIFE)
    person.say("thank you")
    assert is_reply(person.last[0]["text"], "utter_thanks")


def test_it_holds_after_not_being_understood(person: Person, assistant_url: str) -> None:
    person.say(something_not_understood(assistant_url))
    person.say(KNIFE)
    person.say("what do i do")
    assert hears(person, "immediate_danger_again")


def test_danger_in_mid_form_is_followed_by_the_same_and_the_form_by_its_own(house: House) -> None:
    person = house.person()
    for said in [EXAMPLES["request_referral"], "Yes, I agree", KNIFE, "what do i do"]:
        person.say(said)
    assert hears(person, "immediate_danger_again")
    person.say(EXAMPLES["request_referral"])
    person.say("Yes, I agree")
    assert is_reply(person.last[0]["text"], "utter_referral_ask_name"), "in a form a yes is the form's"


def test_the_same_by_text(house: House) -> None:
    for said in ("what do i do", "YES", "NO", "help!"):
        phone = house.phone()
        phone.text(KNIFE)
        (heard,) = phone.text(said)
        assert heard.startswith(fixed_reply("immediate_danger_again", "sms")), (said, heard)
