"""Everything that can go out by text: every response with its services, every service, and the channel's own texts."""
from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import fields
from datetime import datetime, timezone

import pytest
import yaml
from test_content_files import CONTENT, SERVICES, SHOWN
from test_wording import PLACEHOLDER, RULES, SMS, SMS_THAT_NEED_ROOM, Reply

from outreach.content import fixed_replies
from outreach.directory.gsm7 import BASIC
from outreach.directory.publishing import PublishedService
from outreach.settings import ROOT
from outreach.sms import rendering
from outreach.sms.alphabet import ONE_SEGMENT, clean, segments
from outreach.sms.pages import Block, pages
from outreach.sms.texts import FILE, Texts

TEXTS = Texts.load(10)
MOMENTS = [datetime(2026, 11, 24, 12, tzinfo=timezone.utc), datetime(2026, 12, 25, 3, tzinfo=timezone.utc)]
FIXED = {
    "utter_immediate_danger", "utter_child_at_risk", "utter_suicidal_or_self_harm", "utter_static_fallback",
    "utter_ask_silent_999",
}
OWN = {each.name: getattr(TEXTS, each.name) for each in fields(Texts)}
WHOLE_MESSAGES = ("greeting", "cannot_open", "nothing_came", "too_many", "nothing_more")


def paged(blocks: list[Block]) -> list[str]:
    return pages(blocks, TEXTS.more, TEXTS.more_short, TEXTS.opening)


def cards_for(topic: str, now: datetime) -> list[dict[str, object]]:
    listed = CONTENT["topic"].get(topic, {}).get("services", [])
    return [SHOWN[key].as_card(now) for key in listed if key in SHOWN][:5]


def first_shown(message: str) -> str:
    return max(message.split("\n")[0], message[:40], key=len)


def told(text: str) -> set[str]:
    """Which words the first line of a text shows a lock screen that it should not."""
    return RULES.told_a_lock_screen(text.split("\n")[0], "")


@pytest.mark.parametrize("reply", SMS, ids=str)
@pytest.mark.parametrize("now", MOMENTS, ids=["noon", "christmas night"])
def test_every_reply_with_all_its_services_goes_out_in_messages_of_two_segments(reply: Reply, now: datetime) -> None:
    cards = cards_for(reply.name.removeprefix("utter_"), now)
    lines = rendering.blocks(cards, reply.filled)
    messages = paged([Block(reply.filled), *lines])
    assert messages and all(segments(message) <= 2 for message in messages)
    assert messages[0].startswith(reply.filled.split("\n")[0])
    everything = "\n".join(messages)
    assert all(line.text in everything for line in lines)
    for message in messages[1:]:
        assert not told(first_shown(message))


@pytest.mark.parametrize("name", sorted(FIXED))
def test_a_safety_reply_is_never_torn_whatever_comes_behind_it(name: str) -> None:
    (reply,) = [reply for reply in SMS if reply.name == name]
    messages = paged([Block(reply.text), Block("1 Something else\n2 And another thing", whole=True), Block("x" * 300)])
    assert messages[0].startswith(reply.text)


@pytest.mark.parametrize("key", sorted(SERVICES))
@pytest.mark.parametrize("now", MOMENTS, ids=["noon", "christmas night"])
def test_every_service_is_a_line_of_text(key: str, now: datetime) -> None:
    # Those on hold too: staff may publish them tomorrow.
    service = SHOWN.get(key) or PublishedService(SERVICES[key])
    line = rendering.service_line(service.as_card(now))
    assert set(line) <= BASIC and "\n" not in line and segments(line) <= 2
    assert line.startswith(clean(service.name)) and line.endswith(".")
    assert not PLACEHOLDER.search(line) and "http" not in line and "www." not in line
    if service.phones:
        assert clean(service.phones[0].number) in line
    # A name is what it is: Victim Support is called so.
    assert RULES.never_said(line.removeprefix(clean(service.name)), "") == []


def test_a_line_says_what_a_call_costs_and_whether_it_shows() -> None:
    line = rendering.service_line(SHOWN["herts-da-helpline"].as_card(MOMENTS[0]))
    assert line.startswith("Herts Domestic Abuse Helpline: 08088 088 088. Free. Not on most bills. ")
    shown = {True: "Can show on bills", False: "Not on most bills"}
    for service in SHOWN.values():
        line, phone = rendering.service_line(service.as_card(MOMENTS[0])), next(iter(service.phones), None)
        assert [words in line for words in shown.values()] == [phone is not None and phone.on_bill is bill for bill in shown]


def test_a_line_says_when_nobody_has_checked_it() -> None:
    card = SHOWN["herts-da-helpline"].as_card(MOMENTS[0])
    unchecked, checked = ({**card, "last_checked": date} for date in (None, "2026-11-01"))
    assert rendering.service_line(unchecked).endswith(". Not yet checked.")
    assert "checked" not in rendering.service_line(checked)
    assert [("checked" in line) for line in rendering.short_lines(unchecked)] == [True, False]
    assert [("checked" in line) for line in rendering.short_lines(checked)] == [False]


@pytest.mark.parametrize("channel", ["web", "sms"])
@pytest.mark.parametrize("name", sorted(fixed_replies.read()))
def test_what_actions_say_in_their_own_words_keeps_the_rules_of_wording(name: str, channel: str) -> None:
    text = fixed_replies.fixed_reply(name, channel, place="Little Gaddesden", area="Welwyn Hatfield and Hertsmere", words="W" * 60)
    assert "{" not in text
    # In a form the question follows, or stands in it.
    assert name.startswith("referral_") or ("999" in text and "?" in text.split("\n")[-1])
    assert RULES.never_said(text, "") == []
    if channel == "sms":
        # What says a safety reply again may begin as that does.
        again = f"utter_{name.removesuffix('_again')}" if name.endswith("_again") else ""
        assert text == clean(text) and segments(text) <= 2 and not RULES.told_a_lock_screen(first_shown(text), again)


@pytest.mark.parametrize(("name", "question"), [
    ("referral_fear_before", "name"), ("referral_fear_before", "area"), ("referral_fear_of_way", "way"), ("referral_fear_of_way", "number"),
    ("referral_fear_of_way", "email"), ("referral_fear_after", "times"), ("referral_fear_after", "code_word"),
    ("referral_fear_after", "describes"), ("referral_not_their_name", "name"), ("referral_about_something_else", "name"),
    ("referral_about_something_else", "code_word"), ("referral_number_noted", "way"), ("referral_only_these_ways", "way"),
    *[("referral_said_twice", each) for each in ("safe", "age", "voicemail", "children")],
    *[("referral_look_up_later", each) for each in ("name", "area", "way", "number", "email", "safe", "times", "age", "help", "children", "needs")],
    *[("referral_in_your_time", each) for each in ("name", "area", "way", "number", "email", "times", "age", "help", "children", "needs")],
])  # fmt: skip
def test_what_stands_before_a_question_of_the_form_leaves_room_for_all_of_it(name: str, question: str) -> None:
    (asked,) = [reply for reply in SMS if reply.name == f"utter_referral_ask_{question}"]
    assert len(paged([Block(fixed_replies.fixed_reply(name, "sms")), Block(asked.filled)])) == 1


def test_how_an_earlier_one_is_taken_back_is_told_with_the_leaving() -> None:
    (left,) = [reply for reply in SMS if reply.name == "utter_referral_left"]
    assert len(paged([Block(left.filled), Block(fixed_replies.fixed_reply("referral_earlier_one", "sms"))])) == 1


def test_a_value_in_what_an_action_says_is_never_looked_at_again() -> None:
    assert fixed_replies.fixed_reply("area_found", "web", place="{area}", area="A").startswith("{area} is in the A")


def test_a_service_whose_number_was_just_said_is_not_said_again() -> None:
    cards = [SHOWN[key].as_card(MOMENTS[0]) for key in ("herts-da-helpline", "ndah", "galop")]
    blocks = rendering.blocks(cards, "Ring 08088 088 088, or 0808 2000 247.")
    assert [block.text.split(":")[0] for block in blocks] == [SHOWN["galop"].name]


@pytest.mark.parametrize("name", sorted(SMS_THAT_NEED_ROOM))
def test_a_text_that_speaks_of_a_number_has_one_behind_it_at_once(name: str) -> None:
    (reply,) = [reply for reply in SMS if reply.name == name]
    cards = [card for card in cards_for(name.removeprefix("utter_"), MOMENTS[0])]
    first = paged([Block(reply.filled), *rendering.blocks(cards, reply.filled)])[0]
    if cards[0]["phones"]:
        assert cards[0]["phones"][0]["number"] in first  # type: ignore[index]


def test_links_are_kept_for_whoever_asks() -> None:
    card = {"name": "A line", "phones": [], "website": "https://line.example"}
    assert rendering.needs_address([card]) and not rendering.needs_address([{**card, "phones": [{"number": "1"}]}])
    assert rendering.addresses([card, card, {"name": "B", "website": None}]) == ["A line: https://line.example"]
    assert "line.example" not in rendering.service_line(card)


def test_the_greeting_fits_one_segment_and_says_what_it_must() -> None:
    for minutes in (10, 0.05, 1440):
        greeting = Texts.load(minutes).greeting
        assert len(greeting) <= ONE_SEGMENT
        for part in ("automated", "999", "EXIT", f"{minutes:g} min", "delete", "safe to go on?"):
            assert part in greeting


@pytest.mark.parametrize("name", OWN)
def test_the_channels_own_texts_keep_the_rules_of_wording(name: str) -> None:
    text = OWN[name]
    assert text == clean(text) and segments(text) <= 2
    assert "{" not in text and "http" not in text
    assert RULES.never_said(text, "") == []


@pytest.mark.parametrize("name", [*WHOLE_MESSAGES, "opening", "addresses"])
def test_how_the_channels_own_texts_begin_tells_a_lock_screen_nothing(name: str) -> None:
    assert not told(OWN[name])
    assert len(OWN[name].split("\n")[0]) >= 40


def test_refusals_still_tell_where_help_is() -> None:
    for name in ("cannot_open", "nothing_came", "too_many", "nothing_more"):
        assert "999" in OWN[name]
    assert "08088 088 088" in TEXTS.too_many and "0808 2000 247" in TEXTS.too_many


def test_every_text_in_the_file_is_used() -> None:
    assert set(yaml.safe_load(FILE.read_text(encoding="utf-8"))) == set(OWN)


def test_the_fallback_for_a_dead_server_says_what_the_fixed_reply_says() -> None:
    (reply,) = [reply for reply in SMS if reply.name == "utter_static_fallback"]
    twiml = ElementTree.parse(ROOT / "deploy" / "sms-fallback.xml").getroot()
    assert twiml.tag == "Response" and [message.text for message in twiml] == [reply.text]


def test_the_lock_screen_rule_would_find_something() -> None:
    assert told("A refuge near you") == {"refuge"} and told("call 999") == {"999"}
