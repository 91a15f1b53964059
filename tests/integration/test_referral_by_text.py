"""The form by text message: what is sent, what is not, leaving at every step, and texts that come at once or out of order."""
from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from faults import rows
from form import AREAS, ASKS, BY_TEXT, CANARIES, MORE, STEPS, House, standing_at, texting_at, walk_by_text
from referring import everything_in, holds
from sentences import EXAMPLES
from texting import TEXTS, Phone

from outreach.content.fixed_replies import fixed_reply
from outreach.privacy import capability
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.reference import find_in

# What the form asks first, but for the place, from the number that is texted from.
OWN = ["Deirdre Quillfeather", "{place}", "TEXT", "this number", "YES", "tuesdays before the school run", "YES"]


@pytest.fixture(scope="module")
def texted(house: House) -> dict[str, dict[str, Any]]:
    """What is kept at each step of the form by text."""
    return walk_by_text(house)


def says(phone: Phone, *texts: str) -> str:
    """Say them one after the other: all pages of the last answer."""
    for text in texts:
        pages = phone.text(text)
    while pages[-1].endswith(("MORE", TEXTS.more)):
        pages += phone.text("MORE")
    return "\n".join(pages)


def filled(house: House, place: str = "Bushey", more: tuple[str, ...] = tuple(MORE), begin: tuple[str, ...] = (ASKS, "YES")) -> Phone:
    """A phone that has answered everything and has read all of the summary."""
    phone = house.phone()
    read = says(phone, *begin, *(each.format(place=place) for each in OWN), *(("ADD", *more) if more else ("SEND",)))
    assert "Shall I send it? Text YES, NO or CHANGE." in read, read
    return phone


def sent(house: House, phone: Phone) -> dict[str, Any]:
    """Text the second yes: the row of what was sent, and it is what was said."""
    before = house.referrals()
    reference = find_in(says(phone, "YES"))
    letter, row = house.letter()
    assert house.referrals() > before and reference is not None and letter.reference == reference
    return {**row, "answers": letter.answers}


# What is sent


@pytest.mark.parametrize("place", AREAS)
def test_the_whole_form_by_text_in_each_area(house: House, place: str) -> None:
    row = sent(house, filled(house, place))
    assert (row["area"], row["team"]) == AREAS[place]
    assert (row["through"], row["rule"], row["consent_version"]) == ("beacon", "outreach-area", CurrentConsent.load("sms").version)
    answers = row["answers"]
    assert (answers.name, answers.place, answers.contact_way, answers.safe_to_contact, answers.over_16) == (
        "Deirdre Quillfeather", place, "text", True, True,
    )  # fmt: skip
    assert (answers.code_word, answers.help_wanted, answers.children_at_home, answers.describes_as) == (
        "marmaladefox", ("housing", "legal"), True, "woman",
    )  # fmt: skip


def test_the_number_that_is_texted_from_is_sealed_and_never_shown(house: House) -> None:
    phone = filled(house, more=())
    phone.text("CHANGE")
    read = says(phone, "BACK")
    assert "the number you text from" in read and phone.number[3:] not in read
    assert sent(house, phone)["answers"].contact == phone.number


@pytest.mark.parametrize("when", ["when asked", "at first"])
def test_a_man_goes_to_the_gateway_alone_by_text(house: House, when: str) -> None:
    asked = filled(house, more=(*MORE[:-1], "MAN")) if when == "when asked" else filled(house, more=(), begin=(f"i'm a man. {ASKS}", "YES"))
    row = sent(house, asked)
    assert (row["rule"], row["team"], row["through"]) == ("man", "beacon", None)


@pytest.mark.parametrize("begin, whose", [
    (("please refer my sister to the outreach team", "YES", "YES I AGREE"), "someone"),
    ((ASKS, "its for someone else", "yes they have agreed", "YES"), "someone"),
    ((f"{ASKS}, it's for a client of mine on my caseload", "yes they have agreed", "YES"), "professional"),
])  # fmt: skip
def test_for_somebody_else_by_text(house: House, begin: tuple[str, ...], whose: str) -> None:
    answers = sent(house, filled(house, begin=begin))["answers"]
    assert (answers.on_behalf_of, answers.person_agreed) == (whose, True)


def test_a_town_that_could_be_two_is_chosen_by_its_number(house: House) -> None:
    phone = house.phone()
    asked = says(phone, ASKS, "YES", "Dee", "Kings Langley")
    number = re.findall(r"^(\d) Kings Langley village$", asked, re.MULTILINE)
    assert number, asked
    assert "St Albans and Dacorum" in says(phone, number[0])


def test_a_reference_alone_by_text_is_asked_about(house: House) -> None:
    phone = filled(house, more=())
    reference = find_in(says(phone, "YES"))
    for answer, told in (("1", "It has been received."), ("withdraw", "It's been taken back.")):
        other = house.phone()
        assert says(other, f"ref {reference}").endswith("Which would you like?\n1 How it stands\n2 Take it back")
        assert told in says(other, answer)


# What is not


@pytest.mark.parametrize("texts, told", [
    ((ASKS, "YES", "Dee", "Luton"), "0808 2000 247"),
    ((ASKS, "YES", *(each.format(place="Bushey") for each in OWN[:-1]), "NO"), "0800 1111"),
    ((ASKS, "YES", *(each.format(place="Bushey") for each in OWN[:-1]), "im 15"), "0800 1111"),
    ((f"im 14. {ASKS}",), "0800 1111"),
    (("please refer my sister to the outreach team", "not yet"), ""),
    ((ASKS, "NO"), ""),
    ((ASKS, "YES", "Dee", "STOP IT", "never mind"), ""),
], ids=["outside", "under 16 when asked", "in words", "at first", "not agreed", "no consent", "changed their mind"])  # fmt: skip
def test_what_is_not_sent_leaves_nothing_and_says_who_can_help(house: House, texts: tuple[str, ...], told: str) -> None:
    before, phone = house.referrals(), house.phone()
    assert told in says(phone, *texts)
    loop, slots = house.now(house.sender(phone))
    assert loop is None and not slots.get("referral") and house.referrals() == before


@pytest.mark.parametrize("said", ["ok", "maybe", "SEND", "👍", "yes?", "sure i guess", "1"])
def test_anything_but_a_clear_yes_sends_nothing_by_text(house: House, texted: dict[str, dict[str, Any]], said: str) -> None:
    before = house.referrals()
    for step in ("consent", "summary"):
        phone = texting_at(house, texted, step)
        answer = says(phone, said)
        assert find_in(answer) is None and "What would you like to be called" not in answer, step
    assert house.referrals() == before


@pytest.mark.parametrize("said", ["YES", "yes please send it", "send it"])
def test_a_yes_to_a_summary_of_which_the_rest_was_not_read_sends_nothing_yet(house: House, said: str) -> None:
    before, phone = house.referrals(), house.phone()
    for text in [ASKS, "YES", *(each.format(place="Bushey") for each in OWN), "ADD", *MORE]:
        (page,) = phone.text(text)
    assert page.endswith(("MORE", TEXTS.more)) and "Shall I send it?" not in page
    answer = says(phone, said)
    assert "Shall I send it?" in answer and house.referrals() == before
    sent(house, phone)


# Leaving


@pytest.mark.parametrize("step", STEPS)
def test_leaving_by_text_at_every_step_is_silent_and_the_next_text_begins_anew(
    house: House, texted: dict[str, dict[str, Any]], step: str
) -> None:
    before = house.referrals()
    for words in ("EXIT", "x", "Bye!", EXAMPLES["quick_exit"], "STOP"):
        phone = texting_at(house, texted, step)
        sender = house.sender(phone)
        assert rows(house.running, sender) == 1
        assert phone.text(words) == [], words
        assert rows(house.running, sender) == 0, words
        assert phone.again() == [], "a repeat brings nothing back"
        assert phone.text("YES") == [TEXTS.greeting], "what was asked before is not answered any more"
        loop, slots = house.now(sender) if _has_state(house, sender) else (None, {})
        assert loop is None and not slots.get("referral")
    assert house.referrals() == before


def _has_state(house: House, sender: str) -> bool:
    found = house.query("SELECT sealed_state FROM conversation WHERE row_key = ?", capability.row_key(sender))
    return bool(found and found[0]["sealed_state"])


@pytest.mark.parametrize("step", STEPS)
def test_leaving_on_the_page_at_every_step_forgets_all(house: House, walked: dict[str, dict[str, Any]], step: str) -> None:
    before = house.referrals()
    for leave in (lambda p: p.say("exit"), lambda p: p.http.post("/chat/exit", data={"session": p.token})):
        person = standing_at(house, walked, step)
        leave(person)
        assert rows(house.running, person.token) == 0 and person.post({"text": "yes"}).status_code == 401
    assert house.referrals() == before


@pytest.mark.parametrize("step", STEPS)
def test_danger_by_text_at_every_step_leaves_the_form(house: House, texted: dict[str, dict[str, Any]], step: str) -> None:
    before, phone = house.referrals(), texting_at(house, texted, step)
    assert phone.text("he's got a knife and he's outside the bedroom door")[0].startswith("Call 999 now")
    loop, slots = house.now(house.sender(phone))
    assert loop is None and not slots.get("referral") and house.referrals() == before
    assert not [each for each in CANARIES if holds(json.dumps(house.kept(house.sender(phone))), each)]


# At once, and out of order


def at_once(phone: Phone, *texts: str) -> list[list[str]]:
    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(lambda text: Phone(phone.running, phone.number).text(text), texts))


def test_two_of_the_second_yes_at_once_are_one_referral(house: House) -> None:
    phone = filled(house)
    before = len(house.query("SELECT id FROM referral"))
    answers = at_once(phone, "YES", "YES", "YES")
    assert len({find_in(" ".join(answer)) for answer in answers} - {None}) == 1
    assert len(house.query("SELECT id FROM referral")) == before + 1


def test_answers_in_the_same_second_are_taken_one_after_the_other_and_read_back(house: House) -> None:
    phone = house.phone()
    says(phone, ASKS, "YES")
    assert all(at_once(phone, "Dee", "Dee"))
    loop, slots = house.now(house.sender(phone))
    assert loop == "action_referral" and slots["referral"]["answers"] == {"name": "Dee"}, "the second was no place"
    assert slots["referral"]["step"] == "place"


def test_a_yes_that_overtakes_the_request_agrees_to_nothing(house: House) -> None:
    fresh = Phone(house.running)
    assert fresh.text("YES") == [TEXTS.greeting]
    for phone in (fresh, house.phone()):
        phone.text("YES")
        assert "Agree? Text YES or NO." in says(phone, ASKS)
        _, slots = house.now(house.sender(phone))
        assert slots["referral"]["step"] == "consent" and "consent" not in slots["referral"]


def test_two_of_the_first_yes_are_one_and_the_second_is_no_name(house: House) -> None:
    phone = house.phone()
    says(phone, ASKS)
    at_once(phone, "YES", "YES")
    _, slots = house.now(house.sender(phone))
    assert slots["referral"]["step"] == "name" and slots["referral"]["answers"] == {}


def test_the_yes_of_whom_it_is_for_at_once_twice_is_no_consent(house: House) -> None:
    phone = house.phone()
    says(phone, "please refer my sister to the outreach team")
    assert all(at_once(phone, "YES", "YES"))
    _, slots = house.now(house.sender(phone))
    assert slots["referral"]["step"] == "consent" and "consent" not in slots["referral"]
    assert "Agree? Text YES or NO." in says(phone, "YES"), "nobody has read it so soon"
    assert "What would you like to be called?" in says(phone, "YES I AGREE")


def test_a_reference_in_the_middle_is_taken_back_by_text_when_that_is_said_and_is_no_name(house: House) -> None:
    sent_before = filled(house, more=())
    reference = find_in(says(sent_before, "YES"))
    phone = house.phone()
    assert fixed_reply("referral_look_up_later", "sms") in says(phone, ASKS, "YES", f"{reference}")
    assert house.now(house.sender(phone))[1]["referral"]["answers"] == {}
    assert "It's been taken back." in says(phone, f"please withdraw my referral {reference}")
    loop, slots = house.now(house.sender(phone))
    assert loop is None and not slots.get("referral")


def test_a_text_that_comes_after_the_exit_it_was_sent_before_begins_anew_and_repeats_nothing(house: House) -> None:
    before, phone = house.referrals(), house.phone()
    says(phone, ASKS, "YES", "Deirdre Quillfeather")
    assert phone.text("EXIT") == []
    late = " ".join(phone.text("Bushey"))
    assert late.startswith(TEXTS.greeting) and not any(each in late for each in ("Quillfeather", "called", "16"))
    assert house.referrals() == before


# Last, because it looks at all that the tests before it left


def test_no_spelling_of_the_number_and_no_answer_is_anywhere_but_sealed(house: House) -> None:
    phone = filled(house)
    row = sent(house, phone)
    assert row["answers"].contact == phone.number
    typed = house.phone()
    says(typed, *(text.format(place="Bushey") for text in BY_TEXT), "YES")
    written = everything_in(house.running.folder).lower()
    for page in ("/health/ready", "/health/live", "/metrics"):
        written += httpx.get(f"{house.running.url}{page}").content.lower()
    assert len(written) > 10_000
    found = [spelled for number in (phone.number, typed.number, "+447400998877") for spelled in spellings(number) if spelled in written]
    assert found == []
    for answer in ("Quillfeather", "Deirdre", "school run", "marmaladefox", "Tigrinya", "quiet room", house.letter()[0].reference):
        assert answer.lower().encode() not in written, answer


def spellings(number: str) -> set[bytes]:
    """A British mobile number as a person or a program might write it, whole or without its beginning."""
    digits = number.removeprefix("+44")
    parts = [(digits,), (digits[:4], digits[4:]), (digits[:4], digits[4:7], digits[7:]), (digits[:3], digits[3:6], digits[6:])]
    bare = {between.join(part) for part in parts for between in ("", " ", "-", ".", "%20", "+", "\u00a0")}
    backwards = {digits[::-1]}
    return {form.encode() for form in bare | backwards} | {digits.encode().hex().encode(), digits.encode("utf-16-le")}
