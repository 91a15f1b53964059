"""The promises, each over HTTP: to somebody who has just come, after ten turns, and after not being understood."""
from __future__ import annotations

import re

import pytest
from running import Person
from sentences import EXAMPLES, TEN_TURNS, is_reply, is_static, something_not_understood

HELPLINE, NATIONAL = "08088 088 088", "0808 2000 247"
STATES = ("who has just come", "after ten turns", "who was not understood before")


@pytest.fixture(params=STATES)
def someone(request: pytest.FixtureRequest, assistant_url: str) -> Person:
    return brought_to(str(request.param), assistant_url)


def brought_to(state: str, url: str) -> Person:
    person = Person(url)
    if state == STATES[1]:
        for text in TEN_TURNS:
            person.say(text)
    elif state == STATES[2]:
        person.say(something_not_understood(url))
    return person


def in_this_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_the_greeting_says_what_this_is_and_how_to_leave(assistant_url: str) -> None:
    said = Person(assistant_url).heard()
    assert in_this_order(said, "automated", "not for emergencies", "999", "To leave", "forgotten", "Is it safe to go on?")


@pytest.mark.parametrize("text", [
    EXAMPLES["immediate_danger"],
    "he is hitting me right now please help",
    "he's strangling my neighbour, i can hear her screaming",
    "he says he is going to kill me tonight",
])
def test_danger_gets_999_first_then_the_silent_call_then_the_helpline(someone: Person, text: str) -> None:
    someone.say(text)
    said = someone.last[0]["text"]
    assert "999" in said.splitlines()[0]
    assert in_this_order(said, "999", "wait for the prompt", "55", "mobiles only", "doesn't send your location", HELPLINE)


@pytest.mark.parametrize("text", [
    EXAMPLES["suicidal_or_self_harm"], "i keep thinking everyone would be better off if i was dead", "i've taken all my pills",
])
def test_self_harm_is_heard_first_and_then_gets_its_lines(someone: Person, text: str) -> None:
    someone.say(text)
    said = someone.last[0]["text"]
    assert said.startswith("I hear you.") and not re.search(r"\d", said.splitlines()[0])
    assert in_this_order(said, "116 123", "999", "111", HELPLINE)


@pytest.mark.parametrize("text", [EXAMPLES["child_at_risk"], "i'm 14 and my stepdad punches me"])
def test_a_child_at_risk_gets_999_the_county_and_childline(someone: Person, text: str) -> None:
    someone.say(text)
    assert in_this_order(someone.last[0]["text"], "999", "children's services", "0300 123 4043", "0800 1111")


@pytest.mark.parametrize("text", [EXAMPLES["quick_exit"], "exit", "EXIT!", "x"])
def test_who_has_to_leave_is_let_go_and_forgotten(someone: Person, text: str) -> None:
    someone.say(text)
    assert someone.commands() == ["exit"]
    assert someone.post({"text": "hello"}).status_code == 401


def test_the_helpline_comes_with_its_hours_and_the_line_that_never_closes(someone: Person) -> None:
    someone.say(EXAMPLES["ask_helpline"])
    said = someone.last[0]["text"]
    assert HELPLINE in said and NATIONAL in said
    assert re.search(r"It is open now, until |It is closed now\. It opens ", said)
    card = next(s for m in someone.last for s in m["services"] if s["id"] == "herts-da-helpline")
    assert card["hours"]["open_now"] is ("It is open now" in said)


def test_the_way_to_a_refuge_is_told_and_no_refuge_is_told_where(someone: Person) -> None:
    someone.say(EXAMPLES["ask_refuge"])
    said, heard = someone.last[0]["text"], someone.heard()
    for part in ("by phone", "helpline", "24-hour national line", "another county", "Your council must also help"):
        assert part in said
    assert HELPLINE in heard and NATIONAL in heard and "999" in said
    local = [s for m in someone.last for s in m["services"] if s["id"] not in ("herts-da-helpline", "ndah")]
    assert local and all(s["areas"] for s in local) and any(s["phones"] for s in local)
    assert_no_address(heard)


def assert_no_address(text: str) -> None:
    assert not re.search(r"\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b", text), "a postcode"
    assert not re.search(r"\b\d+[a-z]? [A-Z][a-z]+ (Road|Street|Lane|Avenue|Close|Way|Drive|Crescent)\b", text), "a street"


@pytest.mark.parametrize(("text", "name", "area"), [
    ("i live in hitchin", "Hitchin", "North Herts and Stevenage"),
    ("AL1", "AL1", "St Albans and Dacorum"),
    ("i'm in Watford", "Watford", "Watford and Three Rivers"),
])
def test_a_town_or_postcode_gives_its_area_and_the_services_there(someone: Person, text: str, name: str, area: str) -> None:
    someone.say(text)
    assert f"{name} is in the {area} outreach area." in someone.heard()
    assert HELPLINE in someone.heard() and someone.services()
    assert not re.search(r"what('s| is) your address|full address", someone.heard(), re.IGNORECASE)


def test_an_ambiguous_place_is_asked_about(someone: Person) -> None:
    someone.say("SG8")
    assert is_reply(someone.last[0]["text"], "utter_which_place") and len(someone.offered()) >= 2
    someone.choose(someone.offered()[0])
    assert "North Herts and Stevenage" in someone.heard()


def test_outside_the_county_is_no_refusal(someone: Person) -> None:
    someone.say("i'm in luton")
    assert in_this_order(someone.last[0]["text"], "outside Hertfordshire", "You can still get help", NATIONAL)
    someone.say(EXAMPLES["ask_pets"])
    assert is_reply(someone.last[0]["text"], "utter_ask_pets")


@pytest.mark.parametrize(("intent", "service", "number"), [
    ("ask_male_victim", "mens-advice-line", "0808 801 0327"),
    ("ask_lgbt_support", "galop", "0800 999 5428"),
    ("ask_young_person", "childline", "0800 1111"),
    ("ask_older_disabled_support", "hourglass", "0808 808 8141"),
    ("ask_perpetrator_help", "respect-phoneline", "0808 802 4040"),
    ("ask_worried_about_someone", "herts-da-helpline", HELPLINE),
    ("ask_professional", "herts-da-helpline", HELPLINE),
])
def test_people_get_their_own_service_and_number(someone: Person, intent: str, service: str, number: str) -> None:
    someone.say(EXAMPLES[intent])
    assert is_reply(someone.last[0]["text"], f"utter_{intent}")
    assert service in someone.services() and number in someone.heard()


def test_who_harms_is_shown_nowhere_that_others_flee_to(someone: Person) -> None:
    someone.say(EXAMPLES["ask_perpetrator_help"])
    assert not {"safer-places", "herts-da-helpline", "ndah"} & set(someone.services())
    assert "refuge" not in someone.heard().lower()


def test_of_two_things_the_urgent_one_is_first_and_the_other_is_kept(someone: Person) -> None:
    someone.say("he's got a knife. what benefits can i get?")
    assert is_reply(someone.last[0]["text"], "utter_immediate_danger")
    someone.choose("Help with money")
    assert is_reply(someone.last[0]["text"], "utter_ask_money_benefits")


def test_of_two_questions_both_are_answered(someone: Person) -> None:
    someone.say("who will look after my dog? also how do i get a non-molestation order?")
    said = [message["text"] for message in someone.last]
    for response in ("utter_ask_pets", "utter_also", "utter_ask_protective_orders"):
        assert any(is_reply(text, response) for text in said), response


@pytest.mark.parametrize("state", STATES[:2])
def test_not_understood_is_said_plainly_and_the_second_time_there_is_a_person(state: str, assistant_url: str) -> None:
    vague = something_not_understood(assistant_url)
    someone = brought_to(state, assistant_url)
    someone.say(vague)
    assert is_reply(someone.last[0]["text"], "utter_not_understood") and len(someone.offered()) >= 2
    someone.say(vague)
    assert is_reply(someone.last[0]["text"], "utter_not_understood_again")
    assert "person" in someone.last[0]["text"] and HELPLINE in someone.last[0]["text"]
    assert "herts-da-helpline" in someone.services()
    someone.say(EXAMPLES["ask_pets"])
    someone.say(vague)
    assert is_reply(someone.last[0]["text"], "utter_not_understood"), "a second time in a row is meant"


@pytest.mark.parametrize("text", ["are you human?", EXAMPLES["bot_challenge"]])
def test_asked_whether_it_is_human_it_says_no_and_what_is_kept(someone: Person, text: str) -> None:
    someone.say(text)
    said = someone.last[0]["text"]
    assert said.startswith("No")
    assert in_this_order(said, "automated", "not an emergency service", "999", "encrypted", "30 minutes")


def test_after_ten_turns_nothing_gets_the_reply_for_when_something_broke(assistant_url: str) -> None:
    someone = brought_to("after ten turns", assistant_url)
    for intent, text in EXAMPLES.items():
        if intent != "quick_exit":
            someone.say(text)
            assert not is_static(someone.last), intent
