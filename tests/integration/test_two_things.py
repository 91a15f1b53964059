"""Two things in one message: the more urgent is answered, and the other is not lost."""
from __future__ import annotations

import pytest
from running import Person
from sentences import EXAMPLES, is_reply


def begun_with(person: Person) -> str:
    return str(person.last[0]["text"])


@pytest.mark.parametrize("text", [
    "he's got a knife. what benefits can i get?",
    "what benefits can i get? he's got a knife and he's outside the door",
    "how do i get a non-molestation order? he is hitting me right now",
])
def test_danger_comes_first_wherever_it_stands_and_the_question_is_offered(person: Person, text: str) -> None:
    person.say(text)
    assert is_reply(begun_with(person), "utter_immediate_danger")
    own = {"If you can't speak", "Find somewhere safe", "Leave this page"}
    other = [title for title in person.offered() if title not in own]
    assert len(other) == 1, person.offered()
    person.choose(other[0])
    assert any(is_reply(begun_with(person), r) for r in ("utter_ask_money_benefits", "utter_ask_protective_orders"))


def test_of_two_emergencies_the_more_urgent_is_answered(person: Person) -> None:
    person.say("i want to kill myself. he's got a knife and he's outside the bedroom door")
    assert is_reply(begun_with(person), "utter_immediate_danger")


@pytest.mark.parametrize("intent", ["suicidal_or_self_harm", "child_at_risk"])
def test_every_safety_reply_keeps_the_question(person: Person, intent: str) -> None:
    person.say(f"{EXAMPLES[intent]}. who will look after my dog?")
    assert is_reply(begun_with(person), f"utter_{intent}")
    assert any("pet" in title.lower() for title in person.offered()), person.offered()


@pytest.mark.parametrize(("text", "responses"), [
    ("who will look after my dog? how do i get a non-molestation order?", ("utter_ask_pets", "utter_ask_protective_orders")),
    ("what benefits can i claim if i leave him? and also can i get an interpreter",
     ("utter_ask_money_benefits", "utter_ask_language_interpreter")),
])
def test_two_questions_are_both_answered_each_with_its_services(person: Person, text: str, responses: tuple[str, str]) -> None:
    person.say(text)
    said = [message["text"] for message in person.last]
    assert [r for r in responses if any(is_reply(t, r) for t in said)] == list(responses)
    assert any(is_reply(t, "utter_also") for t in said)
    assert sum(bool(message["services"]) for message in person.last) >= 2


def test_a_place_beside_a_question_is_kept_for_the_answer(person: Person) -> None:
    person.say("i'm in hitchin, what support is there near me over the next few months")
    assert is_reply(begun_with(person), "utter_ask_outreach") and "sada" in person.services()


def test_an_unclear_place_beside_a_question_is_asked_about_after_the_answer(person: Person) -> None:
    person.say("is there a refuge near SG8?")
    said = [message["text"] for message in person.last]
    assert is_reply(said[0], "utter_ask_refuge") and is_reply(said[-1], "utter_which_place")


def test_one_thing_said_at_length_is_answered_once(person: Person) -> None:
    person.say("my dog is called rex. he is nine. i can't leave him behind. who will look after my dog if i go into a refuge?")
    assert not any(is_reply(message["text"], "utter_also") for message in person.last)
