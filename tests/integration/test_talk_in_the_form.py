"""The form, as frightened people talk to it: fears and sentences are heard, and never put down as a name."""
from __future__ import annotations

from form import ASKS, YES, House
from sentences import is_reply

from outreach.content.fixed_replies import fixed_reply


def test_a_fear_where_the_name_is_asked_is_answered_and_the_name_asked_again(house: House) -> None:
    person = house.person()
    for said in [ASKS, YES, "no not my phone he looks at it"]:
        person.say(said)
    assert person.last[0]["text"] == fixed_reply("referral_fear_before", "web")
    assert is_reply(person.last[-1]["text"], "utter_referral_ask_name")
    person.say("Leanne")
    assert is_reply(person.last[0]["text"], "utter_referral_ask_area")
    assert house.now(person.token)[1]["referral"]["answers"]["name"] == "Leanne"


def test_a_long_name_is_asked_back_and_taken_by_its_button(house: House) -> None:
    person = house.person()
    for said in [ASKS, YES, "the one from the shop"]:
        person.say(said)
    assert person.last[0]["text"] == fixed_reply("referral_maybe_name", "web", words="the one from the shop")
    person.choose("Yes")
    assert house.now(person.token)[1]["referral"]["answers"]["name"] == "the one from the shop"


def test_danger_where_a_name_is_asked_back_leaves_the_form(house: House) -> None:
    person = house.person()
    for said in [ASKS, YES, "the one from the shop", "he's got a knife and he's outside the bedroom door"]:
        person.say(said)
    assert is_reply(person.last[0]["text"], "utter_immediate_danger") and len(person.last) == 1
    loop, slots = house.now(person.token)
    assert loop is None and not slots.get("referral") and "shop" not in str(house.kept(person.token))


def test_the_same_by_text(house: House) -> None:
    phone = house.phone()
    for said in [ASKS, "YES"]:
        phone.text(said)
    (heard,) = phone.text("no not my phone he looks at it")
    assert heard.startswith(fixed_reply("referral_fear_before", "sms")) and "What would you like to be called?" in heard
    (heard,) = phone.text("the one from the shop")
    assert heard == fixed_reply("referral_maybe_name", "sms", words="the one from the shop")
    (heard,) = phone.text("YES")
    assert heard.startswith("Which town or village")


def test_who_does_not_understand_the_consent_gets_easier_words(house: House) -> None:
    person = house.person()
    for said in [ASKS, "sorry i dont understand"]:
        person.say(said)
    assert person.last[0]["text"] == fixed_reply("referral_consent_plainer", "web")
    person.choose(YES)
    assert is_reply(person.last[0]["text"], "utter_referral_ask_name")


def test_a_time_of_the_day_is_no_danger(house: House) -> None:
    person = house.person()
    for said in [ASKS, YES, "Kayleigh", "Stevenage", "text", "07700 900123", "yes", "after school"]:
        person.say(said)
    assert is_reply(person.last[0]["text"], "utter_referral_ask_age"), person.heard()
