"""The fixed prose keeps the promises about wording: read as data, without Rasa.

What the console holds staff's wording to (`outreach.wording`, `content/wording_rules.yml`) is used here, so that both are one.
The promises themselves are written out here, so that a slip in that file shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from outreach.directory.gsm7 import BASIC as GSM7_BASIC
from outreach.wording.replies import Replies
from outreach.wording.rules import NEXT_STEP, Rules, matches

ROOT = Path(__file__).resolve().parents[2]
RESPONSES = ROOT / "data" / "responses"

# The files of the answers. Those of another part (a form's questions, say) may stand beside them, with their own rules.
ANSWER_FILES = (
    "safety", "talk", "services", "topics_abuse", "topics_police", "topics_family", "topics_law", "topics_wellbeing",
    "people", "feelings", "fallback", "referral",
)  # fmt: skip

# The catalogue is fixed: evaluation scores these names.
_CATALOGUE = """
immediate_danger child_at_risk suicidal_or_self_harm quick_exit
greet goodbye affirm deny thanks bot_challenge ask_capabilities restart feedback_positive
feedback_negative_complaint talk_to_human give_location out_of_scope
ask_helpline ask_refuge ask_outreach request_referral withdraw_referral ask_referral_status
ask_confidentiality_privacy ask_cost ask_opening_hours ask_eligibility ask_language_interpreter
ask_accessibility ask_professional
ask_what_is_abuse ask_coercive_control ask_economic_abuse ask_stalking_harassment ask_sexual_violence
ask_honour_based_abuse_forced_marriage ask_fgm ask_tech_abuse ask_image_abuse ask_police_reporting
ask_silent_999 ask_clares_law ask_protective_orders ask_legal_help ask_child_contact ask_children_support
ask_housing ask_money_benefits ask_immigration ask_safety_planning ask_health_injury
ask_mental_health_support ask_pets ask_workplace ask_evidence ask_reporting_time
ask_male_victim ask_lgbt_support ask_older_disabled_support ask_young_person ask_child_to_parent_abuse
ask_worried_about_someone ask_perpetrator_help
express_fear express_shame_selfblame express_distress disclose_abuse
"""
CATALOGUE = frozenset(_CATALOGUE.split())

# Replies that no intent names, with the places in them that code fills.
OTHER_REPLIES: dict[str, frozenset[str]] = {
    "utter_place_suggested": frozenset(),
    "utter_greeting": frozenset(),
    "utter_not_understood": frozenset(),
    "utter_not_understood_again": frozenset(),
    "utter_static_fallback": frozenset(),
    "utter_area_found": frozenset({"place", "area"}),
    "utter_which_place": frozenset({"place"}),
    "utter_outside_county": frozenset({"place"}),
    "utter_place_unknown": frozenset(),
    "utter_ask_place": frozenset(),
    "utter_also": frozenset(),
    "utter_no_referral_now": frozenset(),
    "utter_referral_consent_unclear": frozenset(),
    "utter_referral_declined": frozenset(),
    "utter_referral_someone_else": frozenset(),
    "utter_referral_not_agreed": frozenset(),
    "utter_referral_ask_name": frozenset(),
    "utter_referral_ask_area": frozenset(),
    "utter_referral_area_is": frozenset({"place", "area"}),
    "utter_referral_ask_way": frozenset(),
    "utter_referral_ask_number": frozenset(),
    "utter_referral_ask_email": frozenset(),
    "utter_referral_ask_safe": frozenset({"way"}),
    "utter_referral_not_safe": frozenset(),
    "utter_referral_ask_times": frozenset(),
    "utter_referral_ask_age": frozenset(),
    "utter_referral_enough": frozenset(),
    "utter_referral_ask_voicemail": frozenset(),
    "utter_referral_ask_answers": frozenset(),
    "utter_referral_ask_code_word": frozenset(),
    "utter_referral_ask_help": frozenset(),
    "utter_referral_ask_children": frozenset(),
    "utter_referral_ask_needs": frozenset(),
    "utter_referral_ask_describes": frozenset(),
    "utter_referral_summary": frozenset({"summary"}),
    "utter_referral_ask_change": frozenset(),
    "utter_referral_send_unclear": frozenset(),
    "utter_referral_sent": frozenset({"reference", "by"}),
    "utter_referral_left": frozenset(),
    "utter_referral_under_16": frozenset(),
    "utter_referral_outside": frozenset({"place"}),
    "utter_referral_bad_number": frozenset(),
    "utter_referral_bad_email": frozenset(),
    "utter_referral_bad_area": frozenset(),
    "utter_referral_bad_answer": frozenset(),
    "utter_referral_cannot_skip": frozenset(),
    "utter_referral_back": frozenset(),
    "utter_referral_changed": frozenset(),
    "utter_referral_failed": frozenset(),
    "utter_reference_unknown": frozenset(),
    "utter_referral_withdrawn": frozenset(),
    "utter_referral_status_received": frozenset(),
    "utter_referral_status_dealt_with": frozenset(),
    "utter_referral_status_closed": frozenset(),
}

# Fixed prose: whatever is broken, these still say the whole of it.
SAFETY_NUMBERS: dict[str, tuple[str, ...]] = {
    "utter_immediate_danger": ("999", "55", "08088 088 088", "0808 2000 247"),
    "utter_child_at_risk": ("999", "0300 123 4043", "0800 1111", "08088 088 088"),
    "utter_suicidal_or_self_harm": ("116 123", "999", "111", "08088 088 088"),
    "utter_static_fallback": ("999", "08088 088 088", "0808 2000 247"),
    "utter_referral_under_16": ("999", "0300 123 4043", "0800 1111"),
    "utter_referral_failed": ("999", "08088 088 088", "0808 2000 247"),
}
CRISIS_LINE_REPLIES = ("utter_express_distress", "utter_ask_mental_health_support")
FIXED_NUMBERS = (
    "08088 088 088", "0808 2000 247", "0300 123 4043", "0800 1111", "116 123",
)  # fmt: skip

# The services whose numbers a reply may name: shown to the public, with a number that was seen in a source.
NAMEABLE_SERVICES = frozenset(
    {
        "herts-da-helpline", "ndah", "mens-advice-line", "galop", "hourglass", "childline", "respect-phoneline",
        "relay-uk",
    }
)  # fmt: skip
# The promised number is in the answer itself, not only on the card below it.
PROMISED_SERVICES: dict[str, tuple[str, ...]] = {
    "utter_ask_helpline": ("herts-da-helpline", "ndah"),
    "utter_talk_to_human": ("herts-da-helpline", "ndah"),
    "utter_not_understood_again": ("herts-da-helpline", "ndah"),
    "utter_no_referral_now": ("herts-da-helpline", "ndah"),
    "utter_outside_county": ("ndah",),
    "utter_referral_outside": ("ndah",),
    "utter_referral_declined": ("herts-da-helpline",),
    "utter_referral_not_agreed": ("herts-da-helpline",),
    "utter_ask_male_victim": ("mens-advice-line",),
    "utter_ask_lgbt_support": ("galop",),
    "utter_ask_older_disabled_support": ("hourglass",),
    "utter_ask_young_person": ("childline",),
    "utter_ask_perpetrator_help": ("respect-phoneline",),
    "utter_ask_worried_about_someone": ("herts-da-helpline",),
    "utter_ask_professional": ("herts-da-helpline",),
}

# The choices of a form's question are added by code, as are those of a place that is unclear.
FORM_REPLIES = {name for name in OTHER_REPLIES if name.startswith(("utter_referral_", "utter_reference_"))}
NO_CHOICES = {"utter_quick_exit", "utter_static_fallback", "utter_which_place", "utter_place_suggested", "utter_also"} | FORM_REPLIES
# A question of the form follows these at once.
SAID_BEFORE_A_QUESTION = {"utter_referral_area_is", "utter_referral_back", "utter_referral_changed"}
NO_NEXT_STEP = {"utter_quick_exit", "utter_also"} | SAID_BEFORE_A_QUESTION
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SERVICE_PLACEHOLDER = re.compile(r"(phone|hours|name)\.([a-z0-9-]+)")
GSM7_EXTENDED = frozenset("^{}\\[~]|€")
TWO_SEGMENTS = 306
# These speak of a service without its number, so a line with name and number has to fit behind them.
ROOM_FOR_A_SERVICE = 240
SMS_THAT_NEED_ROOM = {
    f"utter_{intent}"
    for intent in (
        "ask_economic_abuse", "ask_money_benefits", "ask_sexual_violence", "ask_image_abuse", "ask_stalking_harassment",
        "ask_honour_based_abuse_forced_marriage", "ask_fgm", "ask_pets", "ask_legal_help", "ask_protective_orders",
        "ask_housing", "ask_child_to_parent_abuse", "ask_mental_health_support", "ask_refuge", "ask_outreach",
    )
}  # fmt: skip

RULES = Rules.load()

# Words that a text message may offer, and what each must be understood as.
SMS_WORDS: dict[str, str] = {
    "HELPLINE": "ask_helpline",
    "REFUGE": "ask_refuge",
    "SUPPORT": "ask_outreach",
    "REFER": "request_referral",
    "PERSON": "talk_to_human",
    "SAFETY": "ask_safety_planning",
    "HOUSING": "ask_housing",
    "LEGAL": "ask_legal_help",
    "ORDERS": "ask_protective_orders",
    "MONEY": "ask_money_benefits",
    "YES": "affirm",
    "NO": "deny",
    "EXIT": "quick_exit",
    "WITHDRAW": "withdraw_referral",
}
# Words that only the form understands, while it asks.
FORM_WORDS = {"SKIP", "BACK", "SEND", "ADD", "CHANGE", "CALL", "TEXT", "EMAIL", "WOMAN", "MAN"}
# The carrier answers these before the assistant sees them.
CARRIER_WORDS = {
    "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "UNSTOP", "HELP", "INFO",
}  # fmt: skip
OFFER = re.compile(r"\b[Tt]ext ((?:[A-Z]{2,})(?:(?:, | or )[A-Z]{2,})*)")


@dataclass(frozen=True)
class Reply:
    """One way of saying a response."""

    name: str
    channel: str
    text: str
    buttons: tuple[dict[str, str], ...]

    def __str__(self) -> str:
        return f"{self.name}[{self.channel}]"

    @property
    def filled(self) -> str:
        """The text with every placeholder as long as it can become."""
        return PLACEHOLDER.sub(lambda match: RULES.longest(match.group(1)), self.text)


def _replies() -> list[Reply]:
    replies = []
    for stem in ANSWER_FILES:
        document = yaml.safe_load((RESPONSES / f"{stem}.yml").read_text(encoding="utf-8"))
        for name, variations in document["responses"].items():
            for one in variations:
                buttons = tuple(one.get("buttons", ()))
                replies.append(Reply(name, one.get("channel", "web"), one["text"], buttons))
    return replies


REPLIES = _replies()
WEB = [reply for reply in REPLIES if reply.channel == "web"]
SMS = [reply for reply in REPLIES if reply.channel == "sms"]

every_reply = pytest.mark.parametrize("reply", REPLIES, ids=str)
every_web_reply = pytest.mark.parametrize("reply", WEB, ids=str)
every_sms_reply = pytest.mark.parametrize("reply", SMS, ids=str)


def septets(text: str) -> int:
    """How much of a text message the text takes; characters outside GSM-7 raise ValueError."""
    strange = set(text) - GSM7_BASIC - GSM7_EXTENDED
    if strange:
        raise ValueError(f"not in GSM-7: {sorted(strange)}")
    return sum(2 if character in GSM7_EXTENDED else 1 for character in text)


def syllables(word: str) -> int:
    """Vowel groups, less a silent e: near enough to compare sentences, and it needs no dictionary."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    if re.search(r"[^aeiouyl]e$|[^aeioutd]ed$|[^aeiouyscxzg]es$", word) and groups > 1:
        groups -= 1
    return max(groups, 1)


def reading_ease(text: str) -> float:
    """Flesch reading ease. A line is a sentence even without a full stop; numbers are left out."""
    prose = re.sub(r"[\d+]+", " ", PLACEHOLDER.sub(" ", text))
    sentences = [part for part in re.split(r"[.!?\n]+", prose) if re.search(r"[A-Za-z]{2}", part)]
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", prose)
    syllable_count = sum(syllables(word) for word in words)
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * syllable_count / len(words)


# What there is


def test_every_intent_has_one_web_and_one_sms_reply() -> None:
    wanted = {f"utter_{intent}" for intent in CATALOGUE} | set(OTHER_REPLIES)
    assert sorted(reply.name for reply in WEB) == sorted(wanted)
    assert sorted(reply.name for reply in SMS) == sorted(wanted)
    assert {reply.channel for reply in REPLIES} == {"web", "sms"}


def test_no_reply_is_written_in_two_files() -> None:
    names = [
        name
        for path in RESPONSES.glob("*.yml")
        for name in yaml.safe_load(path.read_text(encoding="utf-8")).get("responses", {})
    ]
    assert len(names) == len(set(names))


@every_reply
def test_a_reply_says_something(reply: Reply) -> None:
    assert reply.text.strip()
    assert reply.text == reply.text.strip()


def test_the_console_knows_the_same_replies_and_what_each_promises() -> None:
    known = Replies.load()
    assert {(s.key, s.channel, s.text) for r in known.all for s in r.said.values()} == {(r.name, r.channel, r.text) for r in REPLIES}
    for name, own in OTHER_REPLIES.items():
        assert RULES.holds(name) == own
    for name, services in PROMISED_SERVICES.items():
        assert set(services) - {"ndah"} <= set(RULES.names_number_of(name, "sms"))
        assert set(services) <= set(RULES.names_number_of(name, "web"))
    for name, numbers in SAFETY_NUMBERS.items():
        assert name in RULES.fixed or {*numbers} <= {*RULES.says(name, "web")} & {*RULES.says(name, "sms")}
    assert all("116 123" in RULES.says(name, channel) for name in CRISIS_LINE_REPLIES for channel in ("web", "sms"))
    assert RULES.of_the_carrier >= CARRIER_WORDS


# Safety


@pytest.mark.parametrize("name", SAFETY_NUMBERS)
def test_a_safety_reply_is_fixed_and_carries_its_numbers(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        assert not PLACEHOLDER.search(reply.text)
        for number in SAFETY_NUMBERS[name]:
            assert re.search(rf"(?<!\d){number}(?!\d)", reply.text), f"{reply} lacks {number}"


@pytest.mark.parametrize("name", ["utter_immediate_danger", "utter_child_at_risk"])
def test_999_comes_first_in_an_emergency(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        assert reply.text.startswith("Call 999 now")


@pytest.mark.parametrize("name", ["utter_immediate_danger", "utter_ask_silent_999"])
def test_the_silent_call_is_told_as_it_is(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        for fact in ("wait for the prompt, then press 55", "mobiles only", "location", "a silent call alone"):
            assert fact in reply.text.lower(), f"{reply} lacks {fact!r}"


@every_reply
def test_55_is_never_named_without_waiting_for_the_prompt(reply: Reply) -> None:
    assert "99955" not in reply.text
    if re.search(r"\b55\b", reply.text):
        assert re.search(r"wait for the prompt, then press 55", reply.text, re.IGNORECASE)
        assert "mobile" in reply.text


@pytest.mark.parametrize("name", SAFETY_NUMBERS)
def test_a_safety_reply_is_short(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        assert len(reply.text.split()) <= 85, f"{reply} has {len(reply.text.split())} words"


@pytest.mark.parametrize("name", CRISIS_LINE_REPLIES)
def test_distress_meets_the_crisis_line(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        assert "116 123" in reply.text


# Placeholders and numbers


@every_reply
def test_placeholders_are_ones_that_code_fills(reply: Reply) -> None:
    own = OTHER_REPLIES.get(reply.name, frozenset())
    for inner in PLACEHOLDER.findall(reply.text):
        service = SERVICE_PLACEHOLDER.fullmatch(inner)
        assert inner in own or (service and service.group(2) in NAMEABLE_SERVICES), f"{reply}: {{{inner}}}"
    assert "{" not in PLACEHOLDER.sub("", reply.text) and "}" not in PLACEHOLDER.sub("", reply.text)


@pytest.mark.parametrize("name", [name for name, own in OTHER_REPLIES.items() if own])
def test_a_reply_about_a_place_names_it(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        assert OTHER_REPLIES[name] <= set(PLACEHOLDER.findall(reply.text))


@every_reply
def test_no_phone_number_is_typed_but_the_fixed_ones(reply: Reply) -> None:
    text = reply.text
    for number in FIXED_NUMBERS:
        text = text.replace(number, "")
    assert not re.search(r"\d[\d ]{5,}\d", text)
    assert not re.search(r"\b09\d", text)


@pytest.mark.parametrize("name", PROMISED_SERVICES)
def test_a_promised_number_is_in_the_answer_itself(name: str) -> None:
    for reply in (reply for reply in REPLIES if reply.name == name):
        for service in PROMISED_SERVICES[name]:
            if reply.channel == "sms" and service == "ndah" and name == "utter_ask_professional":
                continue
            assert f"{{phone.{service}}}" in reply.text, f"{reply} lacks {service}"


# Words


@every_reply
def test_no_banned_phrase(reply: Reply) -> None:
    shown = "\n".join([reply.text, *(button["title"] for button in reply.buttons)])
    assert [banned.phrase for banned in RULES.never_said(shown, reply.name)] == []


def test_every_banned_phrase_says_why_and_stands_once() -> None:
    assert all(banned.why.strip() for banned in RULES.banned)
    phrases = [banned.phrase.lower() for banned in RULES.banned]
    assert phrases and len(phrases) == len(set(phrases))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("you should", "You  should go", True),
        ("you're safe now", "You\u2019re safe now.", True),
        ("you have to", "You don't have to say why", False),
        ("hun", "hundreds of people", False),
    ],
)
def test_phrases_match_as_whole_words(phrase: str, text: str, found: bool) -> None:
    assert matches(phrase, text) is found


@every_reply
def test_nobodys_gender_is_assumed(reply: Reply) -> None:
    gendered = r"\b(he|him|his|she|her|hers|husband|wife|boyfriend|girlfriend|mum|dad|ladies|sir|madam)\b"
    assert not re.search(gendered, reply.text, re.IGNORECASE)


@every_reply
def test_it_is_written_plainly(reply: Reply) -> None:
    assert not re.search(r"[\u2018\u2019\u201c\u201d\u2013\u2014\u2026*#`!]|https?:|www\.|\]\(", reply.text)


@every_reply
def test_no_list_is_longer_than_five(reply: Reply) -> None:
    for block in reply.text.split("\n\n"):
        assert sum(line.startswith("- ") for line in block.splitlines()) <= 5
    assert sum(line.startswith("- ") for line in reply.text.splitlines()) <= 5


@every_web_reply
def test_a_web_reply_is_neither_curt_nor_long(reply: Reply) -> None:
    words = len(reply.text.split())
    assert words <= 125
    assert words >= 10 or reply.name in NO_NEXT_STEP


@every_web_reply
def test_a_web_reply_is_easy_to_read(reply: Reply) -> None:
    assert reading_ease(reply.text) >= 60


def test_the_web_replies_together_are_easy_to_read() -> None:
    assert sum(reading_ease(reply.text) for reply in WEB) / len(WEB) >= 75


@every_reply
def test_every_answer_ends_with_a_next_step(reply: Reply) -> None:
    if reply.name in NO_NEXT_STEP:
        return
    last = reply.text.splitlines()[-1]
    assert NEXT_STEP.search(last), last


@every_reply
def test_no_reply_asks_what_a_bare_no_would_answer_with_danger(reply: Reply) -> None:
    if reply.name != "utter_greeting":  # there, "no" closes the talk or meets utter_deny, which names 999
        assert not re.search(r"\b(is it safe|are you safe|are you in danger)\b[^.]*\?", reply.text, re.IGNORECASE)


def test_a_no_meets_999_and_the_way_out() -> None:
    for reply in (reply for reply in REPLIES if reply.name == "utter_deny"):
        assert "999" in reply.text
        assert "exit" in reply.text.lower()


# Choices


@every_reply
def test_buttons_are_short_and_lead_somewhere(reply: Reply) -> None:
    if reply.channel == "sms":
        assert not reply.buttons
        return
    assert len(reply.buttons) <= 3
    assert len(reply.buttons) >= 1 or reply.name in NO_CHOICES
    for button in reply.buttons:
        assert set(button) == {"title", "payload"}
        assert 0 < len(button["title"]) < 30
        assert button["payload"].removeprefix("/") in CATALOGUE and button["payload"].startswith("/")
        assert button["payload"] != f"/{reply.name.removeprefix('utter_')}", "a button back to the same answer"
    payloads = [button["payload"] for button in reply.buttons]
    assert len(payloads) == len(set(payloads))


def test_a_button_never_stands_for_consent() -> None:
    for reply in WEB:
        if "referral" in reply.name:
            assert "/affirm" not in {button["payload"] for button in reply.buttons}


def test_whoever_harms_is_led_to_no_plan_or_place_of_someone_else() -> None:
    (reply,) = [reply for reply in WEB if reply.name == "utter_ask_perpetrator_help"]
    hidden = {"/ask_refuge", "/ask_safety_planning", "/ask_outreach", "/ask_tech_abuse"}
    assert not hidden & {button["payload"] for button in reply.buttons}


# Text messages


@every_sms_reply
def test_a_text_message_fits_two_segments(reply: Reply) -> None:
    assert septets(reply.filled) <= TWO_SEGMENTS, f"{septets(reply.filled)} septets"


@pytest.mark.parametrize("name", sorted(SMS_THAT_NEED_ROOM))
def test_a_service_still_fits_behind_a_text_that_speaks_of_it(name: str) -> None:
    (reply,) = [reply for reply in SMS if reply.name == name]
    assert septets(reply.filled) <= ROOM_FOR_A_SERVICE


def test_extended_characters_count_twice_and_strange_ones_are_refused() -> None:
    assert septets("a\u20ac") == 3
    with pytest.raises(ValueError, match="not in GSM-7"):
        septets("it\u2019s")


@every_sms_reply
def test_a_lock_screen_shows_nothing_that_tells(reply: Reply) -> None:
    assert RULES.told_a_lock_screen(reply.filled, reply.name) == set()


@pytest.mark.parametrize("begins", ["The refuge", "Call 999", "Domestic abuse", "Your safety plan", "About stalking", "LGBT+ help"])
def test_a_lock_screen_that_tells_is_noticed(begins: str) -> None:
    assert RULES.told_a_lock_screen(f"{begins}\nand more", "utter_thanks")
    assert "999" not in RULES.told_a_lock_screen("Call 999 now", "utter_immediate_danger")


@every_sms_reply
def test_words_that_a_text_message_offers_mean_something(reply: Reply) -> None:
    for offer in OFFER.findall(reply.text):
        words = re.findall(r"[A-Z]{2,}", offer)
        assert len(words) <= 5
        assert set(words) <= set(SMS_WORDS) | (FORM_WORDS if reply.name in FORM_REPLIES else set())
        assert not set(words) & CARRIER_WORDS


def test_offered_words_name_intents_of_the_catalogue() -> None:
    assert set(SMS_WORDS.values()) <= CATALOGUE
    assert not set(SMS_WORDS) & CARRIER_WORDS


# The start


def test_the_greeting_says_what_a_session_starts_with() -> None:
    for reply in (reply for reply in REPLIES if reply.name == "utter_greeting"):
        idle = "10 minutes" if reply.channel == "sms" else "30 minutes"
        for part in ("automated", "999", "EXIT", idle, "Is it safe to go on?"):
            assert part in reply.text, f"{reply} lacks {part!r}"
    (web,) = [reply for reply in WEB if reply.name == "utter_greeting"]
    assert [button["payload"] for button in web.buttons] == ["/affirm", "/quick_exit", "/ask_capabilities"]
    for part in ("press Exit", "Shift three times", "encrypted", "browser"):
        assert part in web.text


def test_privacy_is_never_promised_without_its_limit() -> None:
    for reply in (reply for reply in REPLIES if reply.name == "utter_ask_confidentiality_privacy"):
        assert "serious harm" in reply.text
        assert "may" in reply.text
