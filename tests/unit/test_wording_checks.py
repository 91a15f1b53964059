"""What staff write is held to the rules before anybody reads it: what blocks, what is only shown, and figures."""
from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.wording import FIXED
from outreach.wording.checks import BUTTONS, Checked, Checker
from outreach.wording.reading_age import reading_age
from outreach.wording.replies import CHANNELS, SMS, WEB, Button, Replies, Said
from outreach.wording.rules import Rules
from outreach.wording.tidy import tidy

REPLIES, RULES = Replies.load(), Rules.load()


class FakeDirectory:
    """Every service named by the product shows a number, but for one that is on hold and one that shows none."""

    phones: ClassVar[dict[str, str | None]] = {"line": "0808 200 0247", "no-number": None, "long-number": "01707 123 456 then 2 and 3"}

    def phone(self, service_id: str) -> str | None:
        return None if service_id == "on-hold" else self.phones.get(service_id, "0808 200 0247")

    def name(self, service_id: str) -> str | None:
        return None if service_id == "on-hold" else "A line"

    def hours_sentence(self, service_id: str) -> str:
        return "" if service_id == "no-hours" else "It is open now."


CHECKER = Checker(RULES, FakeDirectory(), REPLIES.targets)
NEXT = " You can ring {phone.line}."


def check(text: str, key: str = "utter_thanks", channel: str = WEB, *buttons: Button) -> Checked:
    return CHECKER.check(Said(key, channel, text, buttons))


def blocks(text: str, key: str = "utter_thanks", channel: str = WEB, *buttons: Button) -> str:
    return " ".join(finding.says for finding in check(text, key, channel, *buttons).errors)


def warns(text: str, key: str = "utter_thanks", channel: str = WEB) -> str:
    return " ".join(finding.says for finding in check(text, key, channel).warnings)


PRODUCTS = [said for reply in REPLIES.all for said in reply.said.values() if reply.key not in RULES.fixed]


@pytest.mark.parametrize("said", PRODUCTS, ids=lambda said: f"{said.key}[{said.channel}]")
def test_what_comes_with_the_product_could_be_published(said: Said) -> None:
    checked = CHECKER.check(said)
    assert checked.errors == [] and checked.warnings == []


def test_every_reply_is_there_with_a_name_of_its_own_on_both_channels() -> None:
    assert len(REPLIES.all) > 100 and len({reply.name for reply in REPLIES.all}) == len(REPLIES.all)
    assert all(tuple(reply.said) == CHANNELS for reply in REPLIES.all)


def test_what_staff_may_not_change_is_what_the_assistant_never_reads_from_the_database() -> None:
    assert set(RULES.fixed) == FIXED and all(RULES.fixed.values())


def test_every_button_of_the_product_leads_to_something_with_a_name() -> None:
    used = {button.intent for reply in REPLIES.all for said in reply.said.values() for button in said.buttons}
    assert used <= set(REPLIES.targets)


@pytest.mark.parametrize("text", [
    "<b>Hello</b>", "<script>alert(1)</script>", "< img src=x>", "</p>", "<!-- -->", "<a href='//x'>x</a>",
])
def test_html_is_refused(text: str) -> None:
    assert "Tags" in blocks(text + NEXT)


@pytest.mark.parametrize("text", [
    "See [here](https://x.org)", "![a](b)", "https://example.org", "http://x", "javascript:alert(1)", "www.refuge.org.uk",
    "refuge.org.uk", "tel:999", "mailto:a@b", "ftp://x",
])
def test_links_and_pictures_are_refused(text: str) -> None:
    assert "Links" in blocks(text + NEXT)


@pytest.mark.parametrize("text", ["**Call**", "# Help", "`x`", "__x__", "a\n# b", "~~x~~", "*soon*"])
def test_marks_that_people_would_see_are_refused(text: str) -> None:
    assert "Bold" in blocks(text + NEXT)


def test_lists_and_ordinary_signs_are_fine() -> None:
    assert blocks("Some ways:\n\n- Ring us, day & night\n- It's 50% (or less): \"yes\" / no; 24 hours a day" + NEXT) == ""


@pytest.mark.parametrize(("text", "says"), [
    ("Ring {phone.on-hold}.", "no service of that name"),
    ("Ring {phone.no-number}.", "shows no number"),
    ("{secret.line} is it?", "There is phone, hours and name"),
    ("You are in {area}.", "Nothing is known of {area}"),
    ("You are in {nowhere}.", "Nothing is known"),
    ("Ring {phone.line.", "brace"), ("Ring phone.line}.", "brace"), ("{{phone.line}}", "brace"), ("{Phone.line}", "brace"),
    ("{phone.__init__}", "brace"), ("{0}", "brace"), ("{phone.line!r}", "brace"),
])  # fmt: skip
def test_a_placeholder_without_a_value_is_refused(text: str, says: str) -> None:
    assert says in blocks(text)


def test_what_code_fills_in_has_to_stand_in_the_reply_that_holds_it() -> None:
    assert "{reference}" in blocks("It was sent. You will hear {by}. You can ring us.", "utter_referral_sent")
    assert blocks("It was sent. Yours is {reference}. You will hear {by}. You can ask.", "utter_referral_sent") == ""


def test_hours_that_nobody_knows_are_pointed_out_and_leave_a_gap() -> None:
    assert "hours are not known" in warns("{hours.no-hours} You can ring.") and blocks("{hours.no-hours} You can ring.") == ""


@pytest.mark.parametrize("typed", [
    "08088 088 088", "08088088088", "+44 8088 088 088", "0808-808-8088", "(01438) 242666", "0300.123.4043", "85258", "116123456",
    "0 8 0 8 8 0 8 8 0 8 8", "07700 900 123",
])
def test_a_number_that_is_typed_out_is_refused(typed: str) -> None:
    assert "typed out" in blocks(f"You can ring {typed}.")


@pytest.mark.parametrize("typed", ["09088 088 088", "0900 123 4567", "+44 9088 088 088"])
def test_a_premium_rate_number_is_refused_as_such(typed: str) -> None:
    assert "premium-rate" in blocks(f"You can ring {typed}.")


@pytest.mark.parametrize("typed", ["999", "101", "111", "116 123", "9.30", "24 hours", "16 or over", "2026", "100, or 200, or 300"])
def test_short_numbers_times_and_years_are_no_phone_numbers(typed: str) -> None:
    assert blocks(f"You can ring. It says {typed}. You can ring.") == ""


def test_a_fixed_number_may_be_typed_where_it_is_promised_and_nowhere_else() -> None:
    text = next(said for said in PRODUCTS if said.key == "utter_referral_under_16" and said.channel == WEB).text
    assert blocks(text, "utter_referral_under_16") == ""
    assert "typed out" in blocks("You can ring 0800 1111.", "utter_thanks")


def test_what_a_reply_promises_cannot_be_left_out() -> None:
    assert "116 123" in blocks("That sounds hard. You can ring.", "utter_express_distress")
    assert "{phone.ndah}" in blocks("You can ring {phone.herts-da-helpline}.", "utter_ask_helpline")
    assert "999" in blocks("Okay. Press Exit to leave. Would you like help?", "utter_deny")


def test_55_is_never_named_without_waiting_for_the_prompt() -> None:
    assert "55 alone" in blocks("Call 999 and press 55.")
    assert blocks("Call 999 on a mobile, wait for the prompt, then press 55. You can call.") == ""


def test_nobody_is_asked_whether_they_are_safe_but_in_the_greeting() -> None:
    assert "bare" in blocks("Are you safe right now?") and "bare" in blocks("Is it safe to talk?")
    greeting = next(said for said in PRODUCTS if said.key == "utter_greeting" and said.channel == WEB).text
    assert blocks(greeting, "utter_greeting") == ""


@pytest.mark.parametrize("phrase", ["You should leave.", "you  SHOULD", "trust me", "You’re safe now"])
def test_a_banned_phrase_is_refused_with_its_reason(phrase: str) -> None:
    assert "is never said" in blocks(phrase + NEXT)
    assert "is never said" in blocks("Hello." + NEXT, "utter_thanks", WEB, Button(phrase[:29], "ask_pets"))


def test_what_is_only_style_is_shown_and_does_not_block() -> None:
    assert "reading age" in warns(
        "Notwithstanding considerations regarding confidentiality arrangements, professional organisations collaborating "
        "internationally necessitate comprehensive multidisciplinary documentation." + NEXT
    )
    assert "do without: he, his, wife" in warns("He shouts at his wife." + NEXT)
    assert "shouting" in warns("Hello!" + NEXT) and "no next step" in warns("It rains.")
    assert "more than 125 words" in warns("one two three four five. " * 26 + NEXT)
    assert blocks("He shouts at his wife! It rains.") == ""


def test_a_list_is_no_longer_than_five() -> None:
    assert "No list" in blocks("\n".join(f"- thing {letter}" for letter in "abcdef") + "\nYou can ring.")


def test_nothing_at_all_is_refused() -> None:
    assert blocks("") == "Write what it says."


def test_buttons_are_few_short_plain_and_lead_somewhere() -> None:
    def wrong(*buttons: Button, key: str = "utter_thanks", channel: str = WEB) -> str:
        return " ".join(f.says for f in check("Hello." + NEXT, key, channel, *buttons).findings if f.field == BUTTONS)

    assert wrong(Button("About pets", "ask_pets")) == ""
    assert "needs words" in wrong(Button("", "ask_pets"))
    assert "choose where" in wrong(Button("Pets", "")) and "choose where" in wrong(Button("Pets", "not_an_intent"))
    assert "longer than" in wrong(Button("x" * 30, "ask_pets"))
    assert "same answer" in wrong(Button("A", "ask_pets"), Button("B", "ask_pets"))
    assert "room for 3" in wrong(*(Button(n, n) for n in ("ask_pets", "ask_cost", "ask_fgm", "ask_refuge")))
    assert "may not lead" in wrong(Button("About pets", "ask_pets"), key="utter_ask_pets")
    assert "no buttons" in wrong(Button("About pets", "ask_pets"), channel=SMS)
    assert "made by the assistant" in wrong(Button("Yes", "affirm"), key="utter_referral_ask_safe")
    assert "may not lead" in wrong(Button("Somewhere", "ask_refuge"), key="utter_ask_perpetrator_help")
    assert "may not lead" in wrong(Button("Yes", "affirm"), key="utter_request_referral")
    assert "plain words" in wrong(Button("<b>", "ask_pets")) and "plain words" in wrong(Button("{phone.line}", "ask_pets"))


# Text messages


def sms(text: str, key: str = "utter_thanks") -> str:
    return blocks(text, key, SMS)


def test_a_text_message_holds_two_segments_with_everything_filled_in_as_long_as_it_gets() -> None:
    assert sms("x" * 290 + "\n" + "You can.") == "" and "Two segments" in sms("x" * 300 + " You can.")
    assert "Two segments" in sms("x" * 290 + " ring {phone.line}.")
    assert "Two segments" in sms("x" * 285 + "{phone.long-number}")
    assert "Two segments" not in sms("x" * 280 + " {phone.line}.")


def test_figures_of_a_text_message_are_for_the_longest_it_can_become() -> None:
    checked = check("You can ring {phone.line}. {hours.line}", channel=SMS)
    assert checked.segments == 1 and (checked.characters or 0) > len("You can ring 0808 200 0247. It is open now.")
    assert check("You can ring.").segments is None


@pytest.mark.parametrize("strange", ["🙂", "ł", "[x]", "€", "日"])
def test_characters_that_a_text_message_cannot_hold_are_refused(strange: str) -> None:
    assert "can't hold" in sms(f"Hello {strange}. You can ring.")
    assert "can't hold" not in blocks(f"Hello {strange}. You can ring.")


@pytest.mark.parametrize("begins", ["The refuge is here.", "Your safety plan.", "Call 999 now.", "Domestic things.", "LGBTQ help."])
def test_a_lock_screen_is_told_nothing(begins: str) -> None:
    assert "Begin without" in sms(f"{begins}\nYou can ring.")
    assert "Begin without" not in sms(f"Here's some more of what you asked me.\n{begins}\nYou can ring.")
    assert "Begin without" not in blocks(f"{begins}\nYou can ring.")


def test_words_to_text_are_ones_that_mean_something() -> None:
    assert sms("Here is some more of what you asked me about.\nText REFUGE or MONEY.") == "" and "SOFA" in sms("Here is some more of what you asked me about.\nText SOFA or MONEY.")
    assert "STOP" in sms("Here is some more of what you asked me about.\nText STOP.") and "SKIP" in sms("Here is some more of what you asked me about.\nText SKIP.")
    assert sms("Are you 16 or over? Text YES, NO or SKIP.", "utter_referral_ask_age") == ""


def test_room_for_a_service_behind_a_text_is_pointed_out() -> None:
    assert "A service follows" in warns("x" * 241 + " You can.", "utter_ask_pets", SMS)


# Tidying


def test_what_is_pasted_becomes_plain() -> None:
    pasted = "\ufeff“You’re not alone” – it’s true…\r\n• one\r\n* two\r\n\r\n\r\n\r\nEnd\u200b \t "
    assert tidy(pasted) == "\"You're not alone\" - it's true...\n- one\n- two\n\nEnd"


def test_what_cannot_be_seen_is_taken_out() -> None:
    assert tidy("a\u202eb\u2066c\x00d\x1be\u00adf") == "abcdef" and tidy("a\u00a0b") == "a b"


@given(st.text())
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(st.text(), st.sampled_from(CHANNELS))
def test_no_text_breaks_the_checks(text: str, channel: str) -> None:
    CHECKER.check(Said("utter_ask_pets", channel, tidy(text), ()))


def test_reading_age_goes_up_with_harder_words() -> None:
    easy, hard = "You can ring us. We will listen.", "Organisations necessitate interdisciplinary collaboration internationally."
    assert 5 <= reading_age(easy) < 9 and reading_age(hard) > 16 and reading_age("") == 5
