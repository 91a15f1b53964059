"""A referral talked through: what each message comes to, at each step, without a model or a server."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.directory.places import Gazetteer
from outreach.directory.whereabouts import Whereabouts
from outreach.referrals import hearing
from outreach.referrals.answers import Answers
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.dialogue import Dialogue, Heard, Outcome, plainly_answers
from outreach.referrals.reference import References, find_in
from outreach.referrals.steps import AGREED, CHANGE, CONSENT, ENOUGH, OWN_NUMBER, STEPS, SUMMARY

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
GAZETTEER = Gazetteer.load()
CONSENT_TEXT = CurrentConsent.load("web")
DIALOGUE = Dialogue(GAZETTEER, CONSENT_TEXT)
YES = "Yes, I agree"
# A plain answer to each question, and the order in which they are asked.
ANSWERS = {
    "name": "Dee", "place": "Bushey", "contact_way": "text", "contact": "07400 998877", "safe_to_contact": "yes",
    "safe_times": "weekdays after 9.30, not Fridays", "over_16": "yes", "code_word": "marmalade", "help_wanted": "housing and money",
    "children_at_home": "yes", "needs": "a Polish interpreter", "describes_as": "a woman",
}  # fmt: skip
CORE = ["name", "place", "contact_way", "contact", "safe_to_contact", "safe_times", "over_16"]
MORE = ["code_word", "help_wanted", "children_at_home", "needs", "describes_as"]
EVERY_STEP = [CONSENT, *CORE, ENOUGH, *MORE, SUMMARY, CHANGE]
QUESTIONS = [*CORE, *MORE]


REFERENCE = next(References(b"k" * 32).for_form("a-form-of-sixteen"))


@pytest.mark.parametrize("text", [
    "{}", "{}.", "my reference is {}", "hi, ref: {}", "I've got a reference number {}", " ref no {} ", "it's {} thanks",
])
def test_a_reference_that_comes_alone_is_known_however_it_is_spelled(text: str) -> None:
    for spelled in (REFERENCE, REFERENCE.lower(), REFERENCE.replace("-", " "), REFERENCE.replace("-", ""), " ".join(REFERENCE)):
        assert hearing.is_only_a_reference(text.format(spelled)), spelled


@pytest.mark.parametrize("text", [
    "withdraw {}", "where is {}", "he has a gun {}", "{} he hit me", "is there a refuge {}", "cancel {}", "{} " + "x " * 60, "hello", "al2 4rf",
])
def test_a_reference_with_anything_else_is_not_alone(text: str) -> None:
    assert not hearing.is_only_a_reference(text.format(REFERENCE))


def test_what_is_written_like_a_reference_counts_as_one_with_a_slip() -> None:
    assert hearing.is_only_a_reference("K7DP-2MXW-99") and find_in("K7DP-2MXW-99") is None
    assert not hearing.is_only_a_reference("what-ever-is") and not hearing.is_only_a_reference("07400-998877")


class Talk:
    """Somebody in the middle of a form, who takes a minute over each message."""

    def __init__(
        self,
        first: str = "please refer me",
        intent: str = "request_referral",
        known: Whereabouts | None = None,
        number: str | None = None,
    ) -> None:
        self.number = number
        self.now = NOW - timedelta(minutes=1)
        self.all: list[Outcome] = []
        self.take(DIALOGUE.begin(self.heard(first, intent, 0.9), self.now, known))

    def heard(self, text: str, intent: str | None = None, sure: float = 0.0) -> Heard:
        return Heard(text, intent, sure, tuple(m.text for m in GAZETTEER.mentions(text)), self.number)

    def take(self, outcome: Outcome) -> Outcome:
        self.all.append(outcome)
        return outcome

    def say(self, text: str, intent: str | None = None, sure: float = 0.95, after: float = 60.0) -> Outcome:
        assert self.state is not None
        self.now += timedelta(seconds=after)
        return self.take(DIALOGUE.go_on(self.state, self.heard(text, intent, sure if intent else 0.0), self.now))

    @property
    def last(self) -> Outcome:
        return self.all[-1]

    @property
    def state(self) -> dict[str, Any] | None:
        return self.last.state

    @property
    def step(self) -> str:
        assert self.state is not None
        return str(self.state["step"])

    @property
    def answers(self) -> dict[str, Any]:
        assert self.state is not None
        return dict(self.state["answers"])

    def responses(self) -> list[str]:
        return [say.response for say in self.last.says]

    def summary(self) -> str:
        return next(say.values["summary"] for say in self.last.says if say.response == "utter_referral_summary")


def at(step: str, **answers: str) -> Talk:
    """Somebody who is being asked this."""
    talk = Talk()
    given_answers = {**ANSWERS, "voicemail": "yes", "if_someone_answers": "say wrong number", **answers}
    if given_answers["contact_way"] == "email":
        given_answers["contact"] = "dee@example.org"
    if step == CONSENT:
        return talk
    talk.say(YES)
    for _ in range(20):
        if talk.step == step:
            return talk
        if talk.step == ENOUGH:
            talk.say("add more" if step not in CORE else "send now")
        elif talk.step == SUMMARY:
            talk.say("change")
        else:
            talk.say(given_answers.get(talk.step, "yes"))
    raise AssertionError(f"{step} is never asked: {talk.responses()}")


def over(outcome: Outcome) -> bool:
    return outcome.state is None and not outcome.send


def test_the_questions_come_in_the_order_that_was_promised() -> None:
    talk = Talk()
    assert talk.step == CONSENT and talk.last.says[0].text == CONSENT_TEXT.text
    assert talk.last.says[0].choices == ("Yes, I agree", "No, not now", "It's for someone else")
    talk.say(YES)
    asked: list[str] = []
    while talk.step != SUMMARY and len(asked) < 20:
        asked.append(talk.step)
        talk.say("add more" if talk.step == ENOUGH else ANSWERS[talk.step])
    assert asked == [*CORE, ENOUGH, *MORE]


def test_the_summary_reads_everything_back_and_only_the_second_yes_sends() -> None:
    talk = at(SUMMARY)
    for word in (
        "Dee",
        "Bushey",
        "text",
        "+447400998877",
        "after 9.30, not Fridays",
        "marmalade",
        "housing, money",
        "a Polish interpreter",
        "woman",
        "Welwyn Hatfield and Hertsmere",
        "Children at home: yes",
        "16 or over: yes",
    ):
        assert word in talk.summary(), word
    outcome = talk.say("Yes, send it")
    assert outcome.send and outcome.state is not None
    answers = Answers.from_dict(outcome.state["answers"])
    assert answers.missing() == () and answers.contact == "+447400998877" and answers.safe_times is not None
    assert outcome.state["consent"] == {"version": CONSENT_TEXT.version, "given_at": NOW.isoformat()}
    assert len(outcome.state["key"]) >= 16


def test_with_two_minutes_the_first_questions_are_enough() -> None:
    talk = at(ENOUGH)
    talk.say("Send now")
    assert talk.step == SUMMARY and talk.say("yes").send


def test_every_first_question_that_may_be_skipped_is_skipped_and_it_can_still_be_sent() -> None:
    talk = at("name")
    for _ in range(len(QUESTIONS) + 1):
        may = talk.step == ENOUGH or next(s for s in STEPS if s.name == talk.step).may_skip
        talk.say("add more" if talk.step == ENOUGH else "skip" if may else ANSWERS[talk.step])
    outcome = talk.say("yes please")
    assert outcome.send and outcome.state is not None
    assert Answers.from_dict(outcome.state["answers"]).missing() == ()


# Consent

NO_CLEAR_YES = (
    "ok",
    "okay",
    "k",
    "maybe",
    "sure",
    "sure i guess",
    "yeah",
    "yeah ok",
    "yes but who sees it",
    "yes?",
    "yes...",
    "hm",
    "i suppose so",
    "fine",
    "go on then",
    "👍",
    "?",
    "...",
    "yes and no",
    "send it",
    "next",
    "skip",
    "back",
    "Dee",
)


@pytest.mark.parametrize("said", NO_CLEAR_YES)
def test_nothing_but_a_clear_yes_is_consent(said: str) -> None:
    talk = Talk("I'm Dee in Bushey, text me on 07400 998877")
    talk.say(said)
    assert talk.step == CONSENT and "consent" not in talk.state and not talk.answers  # type: ignore[operator]
    talk.say(YES)
    assert talk.answers == {} and talk.step == "name", "what was told before anything but a yes is used no more"


@pytest.mark.parametrize("said", NO_CLEAR_YES)
def test_nothing_but_a_clear_yes_sends(said: str) -> None:
    if said == "send it":
        return
    talk = at(SUMMARY)
    assert not talk.say(said).send
    assert talk.state is not None


@pytest.mark.parametrize("said", ["send it?", "send", "send now", "yes send it?", "Add more", "thanks"])
def test_what_answered_another_question_does_not_send(said: str) -> None:
    assert not at(SUMMARY).say(said).send


def test_three_unclear_answers_end_it_and_keep_nothing() -> None:
    talk = Talk()
    assert [over(talk.say("maybe")) for _ in range(3)] == [False, False, True]
    assert talk.responses() == ["utter_referral_declined"]


@pytest.mark.parametrize("said", ["no", "No, not now", "nope", "no thanks", "not now"])
def test_a_no_to_consent_ends_it(said: str) -> None:
    talk = Talk()
    assert over(talk.say(said)) and talk.responses() == ["utter_referral_declined"]


def test_a_question_before_consent_is_answered_and_consent_asked_again() -> None:
    talk = Talk()
    outcome = talk.say("will someone else see it?", "ask_confidentiality_privacy")
    assert outcome.question == "ask_confidentiality_privacy" and talk.step == CONSENT
    assert outcome.says[0].text == CONSENT_TEXT.text


ASKED_AGAIN = [("please refer me", 0.9), ("please refer me", 0.5), ("can someone contact me please", 0.7), ("REFER", 1.0)]


@pytest.mark.parametrize(("said", "sure"), ASKED_AGAIN)
def test_who_asks_again_at_the_consent_gets_all_of_it_again_and_it_is_no_try(said: str, sure: float) -> None:
    talk = Talk("please refer me")
    for _ in range(5):
        talk.say(said, "request_referral", sure)
        assert talk.step == CONSENT and [each.text for each in talk.last.says] == [CONSENT_TEXT.text]
        assert talk.last.says[0].choices == ("Yes, I agree", "No, not now", "It's for someone else")
    talk.say(YES)
    assert talk.step == "name"


def test_what_was_told_with_a_request_that_is_made_twice_is_asked_no_more() -> None:
    talk = Talk("please refer me, I'm Dee in Bushey")
    talk.say("please refer me, I'm Dee in Bushey", "request_referral")
    talk.say(YES)
    assert (talk.answers["name"], talk.answers["place"]) == ("Dee", "Bushey")


def test_a_request_for_another_at_the_consent_asks_for_their_agreement() -> None:
    talk = Talk()
    talk.say("can you refer my sister", "request_referral")
    assert talk.step == AGREED
    for _ in range(4):
        talk.say("can you refer my sister", "request_referral")
        assert talk.step == AGREED and talk.responses() == ["utter_referral_someone_else"], "asked again, and it is no try"


UNCLEAR, MEANT = ("maybe", None), ("what do you mean?", "ask_capabilities")


@pytest.mark.parametrize("said", [
    [UNCLEAR, UNCLEAR], [MEANT, MEANT, MEANT, MEANT], [UNCLEAR, MEANT], [MEANT, UNCLEAR, MEANT], [MEANT, MEANT, UNCLEAR, UNCLEAR],
])  # fmt: skip
def test_a_yes_is_never_more_than_one_reply_away_from_the_whole_text(said: list[tuple[str, str | None]]) -> None:
    talk = Talk()
    for words, intent in said:
        talk.say(words, intent)
        assert talk.state is not None
        lately = [say.text for outcome in talk.all[-2:] for say in outcome.says]
        assert CONSENT_TEXT.text in lately


def test_a_yes_to_an_earlier_wording_is_asked_again_with_the_one_in_force() -> None:
    talk = Talk("please refer me, I'm Dee")
    later = Dialogue(GAZETTEER, CurrentConsent("Other words. Do you agree?", "3-web-other"))
    outcome = later.go_on(talk.state or {}, Heard(YES), NOW)
    assert outcome.state is not None and "consent" not in outcome.state
    assert [say.text for say in outcome.says] == ["Other words. Do you agree?"]
    outcome = later.go_on(outcome.state, Heard(YES), NOW)
    assert outcome.state is not None and outcome.state["consent"]["version"] == "3-web-other"
    assert outcome.state["answers"] == {"name": "Dee"}


# A yes that comes twice


def told_all() -> Talk:
    return Talk("please refer me, I'm Dee in Bushey, text me on 07700 900123")


@pytest.mark.parametrize("yes", ["yes", "Yes", "yes please"])
def test_the_yes_of_whom_it_is_for_is_no_consent_when_it_comes_twice(yes: str) -> None:
    talk = Talk("can you refer my sister")
    talk.say(yes)
    talk.say(yes, after=9)
    assert talk.step == CONSENT and talk.state is not None and "consent" not in talk.state
    assert [say.text for say in talk.last.says] == [CONSENT_TEXT.text], "all of it, since it may not have been seen"
    # The consent's own reply may be lost as well, and the next: only once there was time to read it does it count.
    talk.say(yes, after=9)
    assert talk.step == CONSENT and [say.text for say in talk.last.says] == [CONSENT_TEXT.text]
    talk.say(yes, after=9)
    assert talk.step == "name" and talk.answers["person_agreed"] is True


def test_the_consents_own_words_count_at_once_after_a_yes_that_came_twice() -> None:
    talk = Talk("can you refer my sister")
    talk.say("yes")
    talk.say("yes", after=9)
    talk.say("Yes, I agree", after=9)
    assert talk.step == "name"


@pytest.mark.parametrize("yes", ["Yes, I agree", "yes", "YES"])
def test_a_consent_that_comes_twice_does_not_say_that_a_way_is_safe(yes: str) -> None:
    talk = told_all()
    talk.say(yes)
    assert talk.step == "safe_to_contact"
    talk.say(yes, after=1)
    assert talk.step == "safe_to_contact" and "safe_to_contact" not in talk.answers
    assert fixed(talk) == ["referral_said_twice"] and talk.responses()[-1] == "utter_referral_ask_safe"
    talk.say(yes, after=5)
    assert talk.answers["safe_to_contact"] is True, "said once more, it is meant"


def test_a_clock_that_is_put_back_makes_no_yes_the_one_before() -> None:
    talk = Talk("yes")
    assert talk.step == CONSENT
    talk.say("yes", after=-3600)
    assert talk.step == "name", "else it would be explained again and again for an hour"


@pytest.mark.parametrize("said", ["send it", "yes send it", "please send it"])
def test_what_ends_the_questions_does_not_send_when_it_comes_twice(said: str) -> None:
    talk = at(ENOUGH)
    talk.say(said)
    assert talk.step == SUMMARY
    assert not talk.say(said, after=0).send
    assert talk.step == SUMMARY and fixed(talk) == ["referral_said_twice"] and "Dee" in talk.summary()
    assert talk.say("Yes, send it", after=5).send


def test_a_no_thanks_to_more_questions_does_not_drop_it_all_when_it_comes_twice() -> None:
    talk = at(ENOUGH)
    talk.say("no thanks")
    talk.say("no thanks", after=2)
    assert talk.state is not None and talk.step == SUMMARY


def test_a_yes_to_a_new_number_does_not_send_when_it_comes_twice_nor_answers_what_is_asked_next() -> None:
    talk = at(SUMMARY)
    talk.say("no, my number is 07400 111222")
    talk.say("yes")
    assert talk.step == SUMMARY and not talk.say("yes", after=3).send
    talk = at("voicemail", contact_way="call")
    talk.say("no, my number is 07400 111222")
    talk.say("yes")
    talk.say("yes", after=3)
    assert talk.step == "voicemail" and "voicemail" not in talk.answers


@pytest.mark.parametrize("after", [25, 60, 600])
def test_the_same_yes_after_there_was_time_to_read_is_the_answer(after: float) -> None:
    talk = Talk("can you refer my sister")
    talk.say("yes")
    talk.say("yes", after=after)
    assert talk.step == "name"


def test_another_yes_at_once_and_the_same_after_something_else_are_answers() -> None:
    talk = told_all()
    talk.say(YES)
    talk.say("yes, it's safe", after=2)
    assert talk.answers["safe_to_contact"] is True
    talk = told_all()
    talk.say("yes")
    talk.say("who will see this?", "ask_confidentiality_privacy", after=2)
    talk.say("yes", after=2)
    assert talk.answers["safe_to_contact"] is True


@pytest.mark.parametrize("first", ["yes refer my sister", "yes please"])
def test_a_yes_that_began_it_does_not_answer_the_first_question_when_it_comes_twice(first: str) -> None:
    talk = Talk(first)
    step = talk.step
    talk.say(first, after=5)
    assert talk.step == step and "consent" not in talk.state and "person_agreed" not in talk.answers  # type: ignore[operator]


def test_each_form_has_a_key_of_its_own() -> None:
    one, other = at("name"), at("name")
    assert one.state and other.state and one.state["key"] != other.state["key"]


def test_going_back_to_consent_and_not_saying_yes_again_takes_it_back() -> None:
    talk = at("name")
    talk.say("back")
    assert talk.step == CONSENT
    talk.say("maybe")
    assert "consent" not in talk.state  # type: ignore[operator]
    assert over(talk.say("no"))


# What is told before consent


def test_details_told_before_a_yes_are_not_asked_again() -> None:
    talk = Talk("Hi, I'm Dee in Bushey, can the team text me on 07400 998877")
    assert talk.answers == {}
    talk.say(YES)
    assert talk.answers == {
        "name": "Dee", "place": "Bushey", "district": "Hertsmere", "outreach_area": "Welwyn Hatfield and Hertsmere",
        "contact": "+447400998877", "contact_way": "text",
    }  # fmt: skip
    assert talk.step == "safe_to_contact", "whether it is safe is never taken as read"
    assert talk.responses()[0] == "utter_referral_area_is"


@pytest.mark.parametrize("first, name", [
    ("I'm Dee in Bushey", "Dee"), ("im dee in bushey", "dee"), ("my name is Siobhan O'Neil", "Siobhan O'Neil"), ("call me sam", "sam"),
    ("this is Winifred, please refer me", "Winifred"), ("i'm pregnant and need help", None), ("I'm scared", None),
    ("I'm Muslim and live in Watford", None), ("I'M DESPERATE", None), ("call me after 5", None), ("please call me back", None),
    ("sorry this is hard", None), ("I'm fifteen", None), ("im homeless in watford", None), ("I'm Polish", None), ("im at work", None),
])  # fmt: skip
def test_a_name_is_only_taken_where_it_plainly_is_one(first: str, name: str | None) -> None:
    assert hearing.own_name(first) == name


def test_a_phone_that_is_spoken_of_is_no_wish_for_a_call() -> None:
    talk = Talk("he checks my phone, my number is 07400 998877, please refer me")
    talk.say(YES)
    assert "contact_way" not in talk.answers and talk.answers["contact"] == "+447400998877"
    talk.say("skip")
    talk.say("Bushey")
    assert talk.step == "contact_way"
    talk.say("call")
    assert talk.step == "safe_to_contact"


def test_a_place_that_was_known_is_said_back_and_not_asked() -> None:
    talk = Talk(known=Whereabouts("Hitchin", "North Herts", "North Herts and Stevenage"))
    talk.say(YES)
    assert talk.answers["outreach_area"] == "North Herts and Stevenage" and talk.step == "name"
    talk.say("back")
    assert talk.step == "place", "what was told before can be gone back to as well"


# Who it is for


@pytest.mark.parametrize("first, intent, whose", [
    ("please refer my sister", "request_referral", "someone"), ("my friend needs a referral", "request_referral", "someone"),
    ("it's for someone else", "request_referral", "someone"), ("can you refer her to the team", "request_referral", "someone"),
    ("i'd like to refer a client of mine", "ask_professional", "professional"),
    ("i want to refer one of our patients", "request_referral", "professional"),
    ("on behalf of a service user", "request_referral", "professional"),
])  # fmt: skip
def test_for_somebody_else_they_must_have_agreed(first: str, intent: str, whose: str) -> None:
    talk = Talk(first, intent)
    assert talk.step == AGREED and talk.responses() == ["utter_referral_someone_else"]
    talk.say("Yes, they have agreed")
    assert talk.step == CONSENT and "It's for someone else" not in talk.last.says[0].choices
    talk.say(YES)
    assert talk.answers == {"on_behalf_of": whose, "person_agreed": True}


@pytest.mark.parametrize(
    "first",
    [
        "i work at a school and can talk after 3, please refer me",
        "i want support for my daughter and me",
        "my sister told me about you, can you refer me",
        "I'm a patient at the surgery",
    ],
)
def test_whoever_writes_for_themselves_is_not_taken_for_another(first: str) -> None:
    assert Talk(first).step == CONSENT


@pytest.mark.parametrize("said", ["Not yet", "no", "not yet, she doesn't know", "no they haven't"])
def test_without_their_agreement_it_ends(said: str) -> None:
    talk = Talk("please refer my sister")
    assert over(talk.say(said)) and talk.responses() == ["utter_referral_not_agreed"]


@pytest.mark.parametrize("said", ["ok", "maybe", "i think so", "sure", "?"])
def test_an_unclear_agreement_is_asked_again(said: str) -> None:
    talk = Talk("please refer my sister")
    talk.say(said)
    assert talk.step == AGREED and "person_agreed" not in talk.answers


def test_the_choice_of_the_consent_and_a_change_of_mind() -> None:
    talk = Talk()
    talk.say("It's for someone else")
    assert talk.step == AGREED
    talk.say("no, it's for me")
    assert talk.step == CONSENT and talk.answers == {}


# Places


def test_a_place_outside_the_county_ends_it_with_the_national_line() -> None:
    talk = at("place")
    outcome = talk.say("Luton")
    assert over(outcome) and talk.responses() == ["utter_referral_outside"] and outcome.topic == "outside_county"
    assert outcome.says[0].values == {"place": "Luton"}


def test_an_ambiguous_place_is_asked_about() -> None:
    talk = at("place")
    outcome = talk.say("Kings Langley")
    assert talk.step == "place" and outcome.says[0].response == "utter_which_place"
    talk.say(outcome.says[0].choices[1])
    assert talk.answers["outreach_area"] == "Watford and Three Rivers" and talk.step == "contact_way"


def test_another_place_after_an_ambiguous_one_leaves_its_choices_behind() -> None:
    talk = at("place")
    talk.say("WD25")
    talk.say("Hitchin")
    assert talk.answers["place"] == "Hitchin" and talk.step == "contact_way"
    talk.say("back")
    assert talk.responses() == ["utter_referral_back", "utter_referral_ask_area"]


def test_an_option_outside_the_county_is_outside() -> None:
    talk = at("place")
    outcome = talk.say("SG8")
    outside = [title for title, _, area in (talk.state or {}).get("options", []) if area is None]
    assert outside and outcome.says[0].response == "utter_which_place"
    assert over(talk.say(outside[0])) and talk.responses() == ["utter_referral_outside"]


def test_a_misspelt_town_is_asked_back() -> None:
    talk = at("place")
    assert talk.say("Stevnage").says[0].choices == ("Stevenage",)
    talk.say("Stevenage")
    assert talk.answers["outreach_area"] == "North Herts and Stevenage"


@pytest.mark.parametrize("said", ["hertfordshire", "qwxyz", "near my mum's", "12"])
def test_what_is_no_place_is_asked_again(said: str) -> None:
    talk = at("place")
    talk.say(said)
    assert talk.step == "place" and talk.responses() == ["utter_referral_bad_area"]


# Age and gender


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize("said", ["actually i'm 15", "i am only fourteen", "im 12"])
def test_whoever_says_they_are_under_16_is_shown_who_can_help_at_any_step(step: str, said: str) -> None:
    talk = at(step)
    assert over(talk.say(said)) and talk.responses() == ["utter_referral_under_16"] and talk.last.topic == "under_16"


@pytest.mark.parametrize("said", ["i'm 12 weeks pregnant", "im 5 minutes away", "I'm 150 miles away", "i'm 10 stone", "im 34"])
def test_a_number_that_is_no_age_is_none(said: str) -> None:
    assert not hearing.says_under_16(said)


def test_under_16_at_the_question_and_at_the_beginning() -> None:
    assert over(at("over_16").say("No, under 16"))
    assert over(Talk("i'm 14 can you refer me").last)


@pytest.mark.parametrize("step", [s for s in QUESTIONS if s != "describes_as"])
def test_a_man_who_says_so_anywhere_is_one(step: str) -> None:
    talk = at(step)
    talk.say("I'm a man, is that ok?", "ask_male_victim")
    assert talk.answers["describes_as"] == "man" and talk.step == step and talk.last.question == "ask_male_victim"
    assert hearing.says_man("I'm a gay man") and not hearing.says_man("i'm a woman and my man hit me")
    told = Talk("i'm a man in Bushey, please refer me")
    told.say(YES)
    assert told.answers["describes_as"] == "man"


# At every step


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize("said", ["stop", "Stop", "cancel", "forget it", "i changed my mind", "don't send it"])
def test_stop_ends_it_at_every_step(step: str, said: str) -> None:
    talk = at(step)
    assert over(talk.say(said)) and talk.responses()[0] in ("utter_referral_left", "utter_referral_declined")


@pytest.mark.parametrize("step", EVERY_STEP)
def test_to_withdraw_in_the_middle_is_to_stop_and_it_is_said_how_an_earlier_one_is_taken_back(step: str) -> None:
    talk = at(step)
    outcome = talk.say("i want to cancel my referral", "withdraw_referral")
    assert over(outcome) and not outcome.withdraw
    assert talk.responses()[0] == "utter_referral_left" and fixed(talk) == ["referral_earlier_one"]


@pytest.mark.parametrize("step", [*EVERY_STEP, AGREED])
@pytest.mark.parametrize("sure", [0.65, 0.95])
def test_to_withdraw_a_reference_in_the_middle_takes_that_one_back(step: str, sure: float) -> None:
    talk = Talk("please refer my sister") if step == AGREED else at(step)
    for reference in (REFERENCE.lower(), "K7DP-2MXW-99"):
        outcome = DIALOGUE.go_on(talk.state or {}, talk.heard(f"please withdraw my referral {reference}", "withdraw_referral", sure), NOW)
        assert over(outcome) and outcome.withdraw
        assert [say.fixed for say in outcome.says] == ["referral_this_one"], "what becomes of this one is said"


def test_nothing_is_taken_back_on_words_that_are_hardly_for_that() -> None:
    assert not at("name").say(f"i have {REFERENCE} here somewhere", "withdraw_referral", 0.4).withdraw


# A reference in the middle, and how another one stands


@pytest.mark.parametrize("step", [*EVERY_STEP, AGREED])
@pytest.mark.parametrize(("said", "intent", "sure"), [
    ("{}", "ask_referral_status", 1.0), ("my reference is {}", "ask_referral_status", 1.0), ("ref {}", None, 0.0),
    ("K7DP-2MXW-99", "ask_referral_status", 1.0), ("how is my referral going", "ask_referral_status", 0.85),
    ("has my referral been received?", "ask_referral_status", 0.65), ("where is {}", "ask_referral_status", 0.9),
])  # fmt: skip
def test_a_reference_or_how_another_stands_is_no_answer_and_is_left_for_later(
    step: str, said: str, intent: str | None, sure: float
) -> None:
    talk = Talk("please refer my sister") if step == AGREED else at(step)
    before, question = talk.answers, talk.last.says[-1]
    for spelled in (REFERENCE, REFERENCE.lower(), REFERENCE.replace("-", " ")):
        talk.say(said.format(spelled), intent, sure)
        assert talk.step == step and talk.answers == before
        assert fixed(talk) == ["referral_look_up_later"] and talk.last.says[-1] == question, "the same is asked again"


@pytest.mark.parametrize(("step", "said"), [
    ("contact", "01204 50007"), ("contact", "my number is 01992 500100"), ("safe_times", "fri 8 to 12 pm"), ("place", "its SG14 2BF"),
    ("code_word", "update"), ("needs", "status"), ("safe_times", "thursdays after 2pm"), ("name", "i'm called Dee"),
])  # fmt: skip
def test_what_may_by_chance_be_spelled_like_a_reference_is_still_an_answer(step: str, said: str) -> None:
    talk = at(step)
    talk.say(said, "ask_referral_status", 1.0)
    assert fixed(talk) != ["referral_look_up_later"]


ASKED = [
    ("who will see this?", "ask_confidentiality_privacy"), ("are you human?", "bot_challenge"), ("what can you do?", "ask_capabilities"),
    ("does it cost anything to ring you?", "ask_cost"), ("can i talk to a real person instead?", "talk_to_human"),
    ("how do i get an injunction?", "ask_protective_orders"), ("what time does the helpline open", "ask_opening_hours"),
]  # fmt: skip


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize("said, intent", ASKED)
def test_a_question_is_answered_at_every_step_and_the_form_goes_on(step: str, said: str, intent: str) -> None:
    talk = at(step)
    before = talk.answers
    outcome = talk.say(said, intent)
    assert outcome.question == intent and talk.step == step and talk.answers == before
    assert outcome.says, "the question of the form is asked again"


@pytest.mark.parametrize("step", QUESTIONS)
def test_skip_at_every_question(step: str) -> None:
    may = next(s for s in STEPS if s.name == step).may_skip
    talk = at(step)
    talk.say("Skip")
    if may:
        assert talk.step != step and step not in talk.answers
    else:
        assert talk.step == step and talk.responses()[0] == "utter_referral_cannot_skip"
        assert step in ("place", "contact_way", "contact", "safe_to_contact")


@pytest.mark.parametrize("step", [*QUESTIONS, ENOUGH, SUMMARY])
def test_back_at_every_step_opens_the_one_before(step: str) -> None:
    talk = at(step)
    order = [CONSENT, *CORE, *([] if step in CORE or step == ENOUGH else MORE)]
    expected = order[order.index(step) - 1] if step in order else order[-1]
    talk.say("back")
    assert talk.step == (CORE[-1] if step == MORE[0] else expected)
    assert talk.step not in talk.answers


def test_back_all_the_way_and_forward_again() -> None:
    talk = at(SUMMARY)
    for _ in range(30):
        if talk.step == CONSENT:
            break
        talk.say("back")
    assert talk.step == CONSENT and talk.answers == {}
    talk.say(YES)
    assert talk.step == "name"


CORRECTED = [s for s in EVERY_STEP if s != CONSENT]


@pytest.mark.parametrize("step", CORRECTED)
def test_another_number_is_taken_at_every_step_and_asked_whether_it_is_safe(step: str) -> None:
    talk = at(step)
    talk.say("no, my number is 07400 111222")
    assert talk.answers["contact"] == "+447400111222"
    assert "safe_to_contact" not in talk.answers
    if "contact_way" in talk.answers and "place" in talk.answers:
        assert talk.step == "safe_to_contact"


@pytest.mark.parametrize("step", CORRECTED)
def test_another_name_is_taken_at_every_step(step: str) -> None:
    talk = at(step)
    talk.say("actually call me Sam")
    assert talk.answers["name"] == "Sam" and (step == "name" or talk.step == step)


@pytest.mark.parametrize("step", [s for s in CORRECTED if s not in ("name", "place")])
def test_another_place_is_taken_at_every_step(step: str) -> None:
    talk = at(step)
    talk.say("sorry, i'm in Hitchin")
    assert talk.answers["outreach_area"] == "North Herts and Stevenage" and talk.step == step


def test_a_correction_to_a_place_outside_ends_it() -> None:
    assert over(at("over_16").say("actually i live in Luton"))


@pytest.mark.parametrize("said, way, contact", [
    ("no, email me at dee@example.org", "email", "dee@example.org"), ("actually text me instead", "text", "+447400998877"),
    ("sorry, please call me on 01992 500100 instead", "call", "+441992500100"),
])  # fmt: skip
def test_another_way_can_be_chosen_in_the_middle(said: str, way: str, contact: str) -> None:
    talk = at("over_16", contact_way="text" if way == "call" else "call")
    talk.say(said)
    assert (talk.answers["contact_way"], talk.answers["contact"]) == (way, contact) and talk.step == "safe_to_contact"


@pytest.mark.parametrize("step, said", [
    ("if_someone_answers", "say sorry, wrong number, it's the Stevenage dentist"), ("needs", "no stairs, and an interpreter from Watford"),
    ("if_someone_answers", "say it's the housing office, no need to worry"), ("needs", "I speak Polish and need an interpreter please"),
])  # fmt: skip
def test_words_of_ones_own_are_no_correction_and_no_question(step: str, said: str) -> None:
    talk = at(step, contact_way="call")
    place = talk.answers["place"]
    talk.say(said, "ask_language_interpreter" if step == "needs" else "ask_housing")
    assert talk.answers[step] == said and talk.answers["place"] == place


# Single questions


@pytest.mark.parametrize("said", ["no", "not really", "i'm not sure", "No it isn't safe", "no thanks"])
def test_an_unsafe_way_asks_for_another(said: str) -> None:
    talk = at("safe_to_contact")
    talk.say(said)
    assert talk.responses() == ["utter_referral_not_safe", "utter_referral_ask_way"]
    assert not {"contact", "contact_way", "safe_to_contact"} & set(talk.answers)
    talk.say("back")
    assert talk.step == "place", "going back does not lead to a way that is gone"


def test_after_an_unsafe_way_a_number_or_address_can_be_given_at_once() -> None:
    talk = at("safe_to_contact")
    talk.say("no")
    talk.say("07400 111222")
    assert talk.step == "contact_way" and talk.answers["contact"] == "+447400111222"
    talk.say("call")
    assert talk.step == "safe_to_contact"
    talk.say("no")
    talk.say("dee@example.org")
    assert talk.answers["contact_way"] == "email" and talk.step == "safe_to_contact"
    talk.say("Yes, it's safe")
    assert talk.step == "safe_times"


@pytest.mark.parametrize(
    "said, problem", [("09011 123456", "number"), ("999", "number"), ("12", "number"), ("hello", "number")]
)
def test_a_number_that_cannot_be_used_is_asked_again(said: str, problem: str) -> None:
    talk = at("contact")
    talk.say(said)
    assert talk.step == "contact" and talk.responses() == [f"utter_referral_bad_{problem}"]


def test_an_address_is_asked_for_and_checked() -> None:
    talk = at("contact", contact_way="email")
    assert talk.responses() == ["utter_referral_ask_email"]
    talk.say("dee at example")
    assert talk.responses() == ["utter_referral_bad_email"]


@pytest.mark.parametrize("step", ["name", "code_word", "needs", "describes_as", "safe_times"])
@pytest.mark.parametrize("said", ["yes", "ok", "?", "..."])
def test_words_that_say_nothing_are_no_answer(step: str, said: str) -> None:
    talk = at(step)
    talk.say(said)
    assert talk.step == step and step not in talk.answers and talk.responses()[0] == "utter_referral_bad_answer"


@pytest.mark.parametrize("step", ["code_word", "needs", "if_someone_answers"])
@pytest.mark.parametrize("said", ["no", "no thanks", "none", "nothing", "not really"])
def test_a_no_to_a_question_for_words_skips_it(step: str, said: str) -> None:
    talk = at(step, contact_way="call")
    talk.say(said)
    assert talk.state is not None and talk.step != step and step not in talk.answers


@pytest.mark.parametrize("said", ["no", "none are safe?"])
def test_a_no_to_the_times_is_not_taken_for_any_time(said: str) -> None:
    talk = at("safe_times")
    talk.say(said)
    assert talk.step == "safe_times" and "safe_times" not in talk.answers


def test_children_are_counted_as_a_yes() -> None:
    talk = at("children_at_home")
    talk.say("2 kids", "child_at_risk", 0.6)
    assert talk.answers["children_at_home"] is True


def test_telling_how_it_is_gets_an_answer_and_is_not_taken_for_a_name() -> None:
    talk = at("name")
    outcome = talk.say("i'm so scared he will find out", "express_fear")
    assert outcome.question == "express_fear" and talk.step == "name"
    outcome = at("contact_way").say("he reads all of my texts and emails", "ask_tech_abuse")
    assert outcome.question == "ask_tech_abuse"


def test_a_call_brings_voicemail_and_another_way_takes_them_away() -> None:
    talk = at("if_someone_answers", contact_way="call")
    assert talk.answers["voicemail"] is True
    talk.say("say it's the dentist")
    assert talk.step == "code_word"
    talk.say("actually text me instead")
    assert not {"voicemail", "if_someone_answers"} & set(talk.answers)


# Changing


@pytest.mark.parametrize("step", [s for s in QUESTIONS if s != "safe_to_contact"])
def test_each_line_can_be_changed_and_the_summary_comes_back(step: str) -> None:
    other = {"name": "Sam", "place": "Hitchin", "contact_way": "email", "contact": "07400 111222", "safe_times": "mornings",
             "over_16": "over 16", "code_word": "pebble", "help_wanted": "legal", "children_at_home": "no", "needs": "large print",
             "describes_as": "non-binary"}  # fmt: skip
    title = next(s.title for s in STEPS if s.name == step)
    talk = at(CHANGE)
    talk.say(title)
    assert talk.step == step
    before = talk.answers
    talk.say(other[step])
    for _ in range(3):
        if talk.step == SUMMARY:
            break
        talk.say({"contact": "dee@example.org", "safe_to_contact": "yes"}[talk.step])
    assert talk.answers != before and set(talk.answers) >= set(before)
    assert talk.say("yes").send


def test_what_can_be_changed_is_offered_in_two_lists() -> None:
    talk = at(CHANGE)
    assert len(talk.last.says[0].choices) == 5
    rest = talk.say("Something else").says[0].choices
    assert "Code word" in rest and talk.step == CHANGE


@pytest.mark.parametrize("said, step", [
    ("change my number", "contact"), ("the name is wrong", "name"), ("number", "contact"), ("change the times", "safe_times"),
])  # fmt: skip
def test_a_change_can_be_named_at_the_summary(said: str, step: str) -> None:
    talk = at(SUMMARY)
    talk.say(said)
    assert talk.step == step


@pytest.mark.parametrize("said", ["ok thanks for the help", "when will they call me", "you have been so good with this text"])
def test_a_word_of_a_line_alone_changes_nothing(said: str) -> None:
    talk = at(SUMMARY)
    before = talk.answers
    talk.say(said)
    assert talk.step == SUMMARY and talk.answers == before


@pytest.mark.parametrize("step", ["Name", "How to reach me", "Area"])
def test_back_from_a_change_brings_the_summary_as_it_was(step: str) -> None:
    talk = at(CHANGE)
    before = talk.answers
    talk.say(step)
    talk.say("back")
    assert talk.step == SUMMARY and talk.answers == before
    talk.say("change")
    talk.say("back")
    assert talk.step == SUMMARY and talk.answers == before


def test_a_no_to_the_summary_sends_nothing_and_the_second_ends_it() -> None:
    talk = at(SUMMARY)
    assert talk.say("no").state is not None and talk.responses() == ["utter_referral_send_unclear"]
    assert over(talk.say("no"))
    assert over(at(SUMMARY).say("no thanks"))


def test_a_correction_in_the_change_list_is_taken() -> None:
    talk = at(CHANGE)
    talk.say("actually call me Sam")
    assert talk.answers["name"] == "Sam"


# Texts

SEALED = "c2VhbGVk"


def test_the_number_that_texts_come_from_can_be_used_and_is_never_seen() -> None:
    talk = Talk(number=SEALED)
    for said in (YES, "Dee", "Bushey", "text", "use this number"):
        talk.say(said)
    assert talk.step == "safe_to_contact" and talk.answers["contact_sealed"] == SEALED and "contact" not in talk.answers
    for said in ("yes", "any time", "yes", "send now"):
        talk.say(said)
    assert OWN_NUMBER in talk.summary() and SEALED not in talk.summary()
    assert Answers.from_dict(talk.answers).missing() == ()
    talk.say("no, my number is 07400 111222")
    assert "contact_sealed" not in talk.answers and talk.answers["contact"] == "+447400111222"


def test_on_the_web_there_is_no_such_number() -> None:
    talk = at("contact")
    talk.say("this number")
    assert talk.responses() == ["utter_referral_bad_number"]


def test_the_own_number_is_not_used_for_an_email() -> None:
    talk = Talk(number=SEALED)
    for said in (YES, "Dee", "Bushey", "email", "this one"):
        talk.say(said)
    assert talk.step == "contact" and "contact_sealed" not in talk.answers


# Danger


@pytest.mark.parametrize("step, said", [
    ("name", "Dee"), ("name", "my name is Dee"), ("name", "Mary Jane"), ("contact", "07400 998877"), ("contact", "my number is 07400998877"),
    ("over_16", "yes im 34"), ("over_16", "no"), ("safe_to_contact", "yes it's safe"), ("place", "Hatfield"),
    ("contact_way", "call"), ("help_wanted", "safety and children"), ("safe_times", "after 5"), ("code_word", "pineapple"),
    ("needs", "stop"), (SUMMARY, "no"), (CONSENT, "back"), (SUMMARY, "yes"), (ENOUGH, "send now"),
    ("safe_times", "not in the evenings he is home"), ("safe_times", "tuesdays before the school run"),
        ("if_someone_answers", "dont say anything just hang up"), ("help_wanted", "keeping my children safe"),
        ("describes_as", "she/her"), ("children_at_home", "2 kids"), ("over_16", "16"), (SUMMARY, "change"), (SUMMARY, "change my number"), ("name", "go back"), (SUMMARY, "no, my number is 07400 111222"),
        ("needs", "actually call me Sam"), (ENOUGH, "change something"),
        ("if_someone_answers", "say wrong number"), ("children_at_home", "no"),
])  # fmt: skip
def test_a_plain_answer_is_never_taken_for_danger(step: str, said: str) -> None:
    assert plainly_answers(at(step, contact_way="call" if step == "if_someone_answers" else "text").state, said)


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize("said", [
    "help me", "he's here", "hes here", "call 999", "call the police", "no hes here", "no he's got a knife", "kill myself",
    "i want to die", "i am not safe", "he's coming", "text 999 now please", "my kids are hurt", "save me", "got to go", "im scared",
    "yes help me", "call for help", "he will kill me", "not safe now", "police please", "say nothing he's here",
])  # fmt: skip
def test_danger_is_never_held_back_as_an_answer(step: str, said: str) -> None:
    assert not plainly_answers(at(step).state, said)


def test_a_reference_is_never_taken_for_danger_and_danger_never_for_one() -> None:
    assert plainly_answers(None, "sorry it's 2345-6789-BT") == (find_in("2345-6789-BT") is not None)
    reference = next(References(b"k" * 32).for_form("a form's long key"))
    assert plainly_answers(None, f"sorry it's {reference}") and plainly_answers(None, reference.lower())
    assert not plainly_answers(None, "he's here") and not plainly_answers(None, f"{reference} he's got a knife")


# Anything at all

WORDS = [*ANSWERS.values(), YES, "no", "skip", "back", "stop it", "change", "change my name", "send now", "add more", "call", "email",
         "Luton", "Kings Langley", "Stevnage", "no, my number is 07400 111222", "actually call me Sam", "dee@example.org", "what?", "",
         "Something else", "How to reach me", "Not yet", "It's for someone else", "Yes, they have agreed", "this number", "🙂", "no thanks",
         "actually text me instead", "sorry, i'm in WD25", "i'm a man"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.booleans())
def test_whatever_is_said_it_goes_on_or_ends_and_never_sends_what_is_not_whole(said: list[str], by_text: bool) -> None:
    talk = Talk(number=SEALED if by_text else None)
    for words in [YES, *said]:
        outcome = talk.say(words)
        assert outcome.says or outcome.send
        if outcome.send:
            assert outcome.state is not None and "consent" in outcome.state
            assert Answers.from_dict(outcome.state["answers"]).missing() == ()
        if outcome.state is None:
            break
        assert all(say.text or say.response or say.fixed for say in outcome.says)
        assert all(say.values.get("way") != "" for say in outcome.says if say.response == "utter_referral_ask_safe")


# Words that are no answer


def fixed(talk: Talk) -> list[str]:
    return [say.fixed for say in talk.last.says if say.fixed]


FEARS = [
    "no not my phone he looks at it", "he reads my texts", "dont call me he listens", "She goes through my phone!", "i dont want him to find out",
    "what if he sees it", "my husband checks everything", "not my email, my ex knows the password",
]  # fmt: skip


@pytest.mark.parametrize("step", ["name", "place", "contact_way", "contact", "safe_times", "code_word", "describes_as"])
@pytest.mark.parametrize("said", FEARS)
def test_a_fear_about_being_reached_is_answered_and_never_kept_as_an_answer(step: str, said: str) -> None:
    talk = at(step)
    before = talk.answers
    talk.say(said)
    assert talk.step == step and talk.answers == before
    assert fixed(talk)[0].startswith("referral_fear_") and talk.responses()[-1], "the question follows"
    talk.say(ANSWERS[step])
    assert talk.step != step, "and its answer is still taken"


@pytest.mark.parametrize("step", ["safe_to_contact", "voicemail"])
@pytest.mark.parametrize("said", ["he reads my texts", "she goes through my phone", "my husband hears it"])
def test_a_fear_where_it_is_asked_whether_it_is_safe_is_a_no(step: str, said: str) -> None:
    talk = at(step, contact_way="call")
    talk.say(said)
    assert talk.answers.get(step) in (False, None) and talk.step != step
    if step == "safe_to_contact":
        assert talk.responses()[0] == "utter_referral_not_safe" and "contact" not in talk.answers


@pytest.mark.parametrize(("said", "way"), [
    ("email, he checks my phone", "email"), ("a text because he listens to my calls", "text"), ("call me, she reads my messages", "call"),
])
def test_a_way_that_is_chosen_beside_a_fear_is_the_one_that_is_not_feared(said: str, way: str) -> None:
    talk = at("contact_way")
    talk.say(said)
    assert talk.answers["contact_way"] == way and talk.step == "contact"


def test_a_number_and_times_beside_a_fear_are_taken() -> None:
    talk = at("contact")
    talk.say("he checks mine so use my mums 07400 111222")
    assert talk.answers["contact"] == "+447400111222"
    talk = at("safe_times")
    talk.say("mornings only, he looks at my phone after 5")
    assert "mornings" in talk.answers["safe_times"]["words"]


@pytest.mark.parametrize("said", [
    "i left hitchin im in ware now", "he lives in hitchin with us", "I can't talk for long today", "dont tell my mum about this please",
])  # fmt: skip
@pytest.mark.parametrize("step", ["name", "code_word"])
def test_a_sentence_is_no_name_and_no_code_word(step: str, said: str) -> None:
    talk = at(step)
    talk.say(said)
    assert talk.step == step and step not in talk.answers
    assert fixed(talk) in (["referral_about_something_else"], [f"referral_maybe_{step}"])
    talk.say(ANSWERS[step])
    assert talk.answers[step] == ANSWERS[step]


@pytest.mark.parametrize("name", [
    "Dee", "Siobhan O'Neil", "My Nguyen", "He", "Will", "May", "Do Thi Mai", "María del Carmen", "Nur Ain binti Ahmad", "Björk Guðmundsdóttir",
    "आरती शर्मा", "فاطمة", "عبد الرحمن بن علي", "张伟", "Ольга Иванова", "ოლგა", "Ngozi-Adaeze", "van der Berg", "J", "mrs k", "Auntie Bee",
    "ட்ரிஷா", "שרה כהן", "O", "Xiu Ying", "de la Cruz", "Adwoa Ama",
])  # fmt: skip
def test_a_name_is_taken_at_once_however_rare_and_in_any_script(name: str) -> None:
    talk = at("name")
    talk.say(name)
    assert talk.answers["name"] == name and talk.step == "place"


@pytest.mark.parametrize("name", [
    "Maria Aparecida da Silva dos Santos", "do thi mai", "the one from the shop", "Ann with an a and no e",
])
@pytest.mark.parametrize("yes", ["yes", "Yes", "yeah", None])
def test_a_name_that_is_doubted_is_asked_back_and_taken_on_a_yes_or_when_it_is_said_again(name: str, yes: str | None) -> None:
    talk = at("name")
    talk.say(name)
    assert talk.step == "name" and "name" not in talk.answers
    talk.say(yes or name)
    assert talk.answers["name"] == name and talk.step == "place"


def test_a_sentence_that_is_said_again_is_taken_and_a_yes_to_the_question_behind_it_takes_nothing() -> None:
    talk = at("name")
    talk.say("she who must be obeyed")
    talk.say("yes")
    assert talk.step == "name" and "name" not in talk.answers
    talk.say("she who must be obeyed")
    talk.say("she who must be obeyed")
    assert talk.answers["name"] == "she who must be obeyed"


def test_a_no_to_a_doubted_name_asks_again_and_a_yes_counts_only_at_once() -> None:
    talk = at("name")
    talk.say("the one from the shop")
    talk.say("no")
    assert talk.step == "name" and talk.responses() == ["utter_referral_ask_name"]
    talk.say("yes")
    assert talk.step == "name" and "name" not in talk.answers
    talk.say("the one from the shop")
    talk.say("Skip")
    assert talk.step == "place" and "name" not in talk.answers


def test_the_name_of_whoever_hurts_them_is_not_kept() -> None:
    talk = at("name")
    talk.say("his name is dave")
    assert fixed(talk) == ["referral_not_their_name"] and talk.step == "name" and "name" not in talk.answers
    talk = Talk("please refer my sister")
    for said in ("Yes, they have agreed", YES, "her name is Priya"):
        talk.say(said)
    assert talk.answers["name"] == "Priya", "of whom it is for it is the right one"


@pytest.mark.parametrize("step", QUESTIONS)
@pytest.mark.parametrize("said", ["what do you mean?", "What does that mean", "i dont understand", "not understand", "why do you need that",
                                  "why do you need my name", "what is that"])
def test_who_does_not_understand_a_question_is_not_told_what_else_there_is(step: str, said: str) -> None:
    talk = at(step)
    outcome = talk.say(said, "ask_capabilities")
    assert outcome.question is None and fixed(talk) == ["referral_in_your_time"] and talk.step == step and step not in talk.answers


def test_who_does_not_understand_the_consent_gets_it_in_fewer_words_and_it_is_still_to_be_given() -> None:
    talk = Talk()
    talk.say("i dont understand", "ask_capabilities")
    assert fixed(talk) == ["referral_consent_plainer"] and talk.step == CONSENT and talk.state is not None and "consent" not in talk.state
    assert "Yes, I agree" in talk.last.says[0].choices
    talk.say("yes")
    assert talk.step == "name" and talk.state["consent"]["version"] == CONSENT_TEXT.version


@pytest.mark.parametrize("said", ["he lives in hitchin", "not hitchin", "I left Hitchin last week", "im not in hitchin"])
def test_where_somebody_is_not_is_not_taken_for_where_they_are(said: str) -> None:
    talk = at("place")
    talk.say(said)
    assert talk.step == "place" and "place" not in talk.answers
    talk = Talk(f"please refer me, {said}")
    talk.say(YES)
    assert "place" not in talk.answers


@pytest.mark.parametrize("said", ["not far from hitchin", "i have lived in hitchin for years", "I left Luton, I'm in Hitchin now", "hitchin"])
def test_where_somebody_is_is_taken(said: str) -> None:
    talk = at("place")
    talk.say(said)
    assert talk.answers["place"] == "Hitchin"


@pytest.mark.parametrize("first", ["can you get someone to contact her", "could someone ring my sister", "please call her"])
def test_who_asks_for_another_is_asked_whether_they_agreed(first: str) -> None:
    assert Talk(first).step == AGREED


@pytest.mark.parametrize("said", ["i havent asked her yet", "I have not told her", "she doesn't know yet"])
def test_who_has_not_asked_them_yet_is_not_asked_again(said: str) -> None:
    for first in ("please refer my sister", "please refer me"):
        talk = Talk(first)
        assert over(talk.say(said)) and talk.responses() == ["utter_referral_not_agreed"]


@pytest.mark.parametrize("said", ["after school", "after work", "before nursery", "during lunch", "after the school run"])
def test_times_of_a_day_are_a_plain_answer_whatever_the_classifier_takes_them_for(said: str) -> None:
    assert plainly_answers(at("safe_times").state, said)


@pytest.mark.parametrize("step", ["contact_way", "contact"])
@pytest.mark.parametrize("said", ["safe? nothing is safe", "none of them are safe", "theres no safe way"])
def test_who_finds_nothing_safe_is_heard(step: str, said: str) -> None:
    talk = at(step)
    talk.say(said)
    assert fixed(talk) == ["referral_fear_of_way"] and talk.step == step


@pytest.mark.parametrize("said", ["by letter please", "can they come round", "whatsapp"])
def test_a_way_that_there_is_not_is_named_as_such(said: str) -> None:
    talk = at("contact_way")
    talk.say(said)
    assert fixed(talk) == ["referral_only_these_ways"] and talk.step == "contact_way"


def test_a_number_that_comes_before_its_way_is_noted_and_the_way_is_asked() -> None:
    talk = at("contact_way")
    talk.say("07700900461 but only when hes at work")
    assert fixed(talk) == ["referral_number_noted"] and talk.step == "contact_way" and talk.answers["contact"] == "+447700900461"
    talk.say("text")
    assert talk.step == "safe_to_contact"


@pytest.mark.parametrize(("said", "step"), [("change how to reach me", "contact_way"), ("CHANGE CONTACT", "contact")])
def test_what_is_offered_after_a_fear_can_be_said(said: str, step: str) -> None:
    talk = at("safe_times")
    talk.say("he reads my texts")
    talk.say(said)
    assert talk.step == step


@pytest.mark.parametrize(("step", "said"), [
    ("safe_to_contact", "he might see it"), ("contact", "he checks it"), ("name", "he reads my texts"), ("contact_way", "my mums phone"),
    ("contact", "this one"), ("safe_to_contact", "nobody else sees it"), ("safe_times", "in the day"), ("safe_times", "he goes out at 7"),
    ("safe_times", "i finish at 4"), ("safe_times", "hes out all day"), ("safe_times", "at nap time"),
    ("safe_times", "after 9 when kids asleep"), ("children_at_home", "my son is 4"), ("children_at_home", "one on the way"),
    ("describes_as", "mum"), ("contact_way", "txt"), ("safe_times", "hes on nights mon to thurs"), ("needs", "bsl please"),
    ("help_wanted", "getting out"),
])  # fmt: skip
def test_what_the_classifier_takes_for_leaving_or_danger_may_be_a_plain_answer(step: str, said: str) -> None:
    assert plainly_answers(at(step).state, said)


@pytest.mark.parametrize("step", QUESTIONS)
@pytest.mark.parametrize("said", [
    "he can see me", "he can hear me", "hes watching me", "he found me", "hes got me", "hes back at 5 i have to go", "my son is hurt",
    "hes been hitting me all day", "he knows where i am", "he has a knife", "she found out", "he took my baby",
])  # fmt: skip
def test_danger_that_sounds_like_an_answer_is_not_held_back(step: str, said: str) -> None:
    assert not plainly_answers(at(step).state, said)


@pytest.mark.parametrize("said", ["for my friend", "it's for my sister", "no sorry its about my mum"])
def test_at_the_consent_it_can_be_said_that_it_is_for_another(said: str) -> None:
    talk = Talk()
    talk.say(said, "ask_worried_about_someone")
    assert talk.step == AGREED and talk.responses() == ["utter_referral_someone_else"]
