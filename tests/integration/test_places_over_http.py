"""Where somebody is: said back, asked about when unclear, kept for later, and never more than is needed."""
from __future__ import annotations

import pytest
from running import Person
from sentences import EXAMPLES, TEN_TURNS, is_reply


def said(person: Person) -> str:
    return str(person.last[0]["text"])


@pytest.mark.parametrize(("text", "place", "area"), [
    ("hitchin", "Hitchin", "North Herts and Stevenage"),
    ("I live in Hemel", "Hemel Hempstead", "St Albans and Dacorum"),
    ("welwyn garden city", "Welwyn Garden City", "Welwyn Hatfield and Hertsmere"),
    ("im near bishops stortford", "Bishop's Stortford", "East Herts and Broxbourne"),
    ("WD17", "WD17", "Watford and Three Rivers"),
    ("my postcode is sg4 9ab", "SG4 9", "North Herts and Stevenage"),
])
def test_a_place_is_said_back_with_its_area(person: Person, text: str, place: str, area: str) -> None:
    person.say(text)
    assert f"{place} is in the {area} outreach area." in said(person)


def test_a_full_postcode_is_never_repeated(person: Person) -> None:
    person.say("my postcode is SG4 9AB")
    assert "9AB" not in person.heard().upper().replace(" ", "").replace("SG49AB", "9AB")


@pytest.mark.parametrize("number", [0, 1])
def test_each_answer_to_an_ambiguous_postcode_is_understood(person: Person, number: int) -> None:
    person.say("WD4")
    assert is_reply(said(person), "utter_which_place")
    title = person.offered()[number]
    person.choose(title)
    assert f"{title} is in the {('St Albans and Dacorum', 'Watford and Three Rivers')[number]} outreach area." in said(person)


def test_an_answer_that_lies_outside_the_county_is_no_refusal(person: Person) -> None:
    person.say("SG8")
    person.choose(person.offered()[1])
    assert is_reply(said(person), "utter_outside_county") and "ndah" in person.services()


def test_an_answer_may_be_typed_instead(person: Person) -> None:
    person.say("WD4")
    person.say("kings langley village, or chipperfield")
    assert "St Albans and Dacorum" in said(person)


def test_a_misspelt_town_is_offered_and_taken(person: Person) -> None:
    person.say("hitchn")
    assert is_reply(said(person), "utter_place_suggested") and person.offered() == ["Hitchin"]
    person.choose("Hitchin")
    assert "Hitchin is in the North Herts and Stevenage outreach area." in said(person)


@pytest.mark.parametrize("text", ["i'm in luton", "cambridge", "N1 9GU", "i live in london"])
def test_outside_the_county_there_is_the_national_line(person: Person, text: str) -> None:
    person.say(text)
    assert is_reply(said(person), "utter_outside_county")
    assert "0808 2000 247" in person.heard() and "herts-da-helpline" not in person.services()


def test_the_county_alone_is_asked_for_a_town(person: Person) -> None:
    person.say("i live in hertfordshire")
    assert is_reply(said(person), "utter_ask_place")


def test_a_place_is_kept_and_ten_turns_later_the_services_are_those_there(person: Person) -> None:
    person.say("i live in hitchin")
    for text in TEN_TURNS:
        person.say(text)
    person.say(EXAMPLES["ask_housing"])
    assert "housing-north-herts" in person.services() and "housing-watford" not in person.services()


def test_a_second_place_takes_the_place_of_the_first(person: Person) -> None:
    person.say("i live in hitchin")
    person.say("actually i'm in watford now")
    person.say(EXAMPLES["ask_housing"])
    assert "housing-watford" in person.services() and "housing-north-herts" not in person.services()


def test_whoever_left_a_place_is_where_they_are_now(person: Person) -> None:
    person.say("i left luton and i'm in hitchin now")
    assert "Hitchin is in" in said(person)


def test_another_person_knows_nothing_of_it(person: Person, assistant_url: str) -> None:
    person.say("i live in hitchin")
    other = Person(assistant_url)
    other.say(EXAMPLES["ask_housing"])
    assert "housing-north-herts" not in other.services()


def test_starting_again_forgets_the_place(person: Person) -> None:
    person.say("i live in hitchin")
    person.say("start again")
    person.say(EXAMPLES["ask_housing"])
    assert "housing-north-herts" not in person.services()
