"""Every intent of the catalogue, asked in plain words: its own reply, a next step, and the services for it."""
from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from faults import from_address
from running import ROOT, Person, Running
from sentences import EXAMPLES, is_reply, is_static, text_of

from outreach.understanding.catalogue import CATALOGUE, SAFETY

TOPICS = yaml.safe_load((ROOT / "content" / "signposts.yml").read_text(encoding="utf-8"))["topics"]
# Said by the assistant itself, without an action that could fail: their numbers are in the words.
IN_WORDS_ALONE = {*SAFETY, "talk_to_human"}
# Without a key to seal a referral with, none is offered, in words of their own.
REPLY = {"request_referral": "utter_no_referral_now"}
IN_OTHER_WORDS = {
    "request_referral": "Here's what you'd be agreeing to.", "give_location": "Hitchin is in the North Herts and Stevenage outreach area.",
}


def test_there_is_an_example_of_every_intent() -> None:
    assert set(EXAMPLES) == set(CATALOGUE)


@pytest.fixture(scope="module")
def replies(assistant_url: str) -> dict[str, list[dict[str, Any]]]:
    """What each example is answered with, on a conversation of its own."""
    return {intent: Person(assistant_url).say(text) for intent, text in EXAMPLES.items()}


Replies = dict[str, list[dict[str, Any]]]


@pytest.mark.parametrize("intent", CATALOGUE)
def test_an_intent_gets_its_reply(replies: Replies, intent: str) -> None:
    first = replies[intent][0]["text"]
    # Where there is a key to seal with, a referral begins with the consent, which has a file of its own.
    in_other_words = intent in IN_OTHER_WORDS and first.startswith(IN_OTHER_WORDS[intent])
    assert in_other_words or is_reply(first, REPLY.get(intent, f"utter_{intent}")), first
    for message in replies[intent]:
        assert message["text"].strip() and not re.search(r"[{}]|\butter_|\[withheld", message["text"])


@pytest.mark.parametrize("intent", [i for i in CATALOGUE if i != "quick_exit"])
def test_a_reply_ends_with_a_next_step(replies: Replies, intent: str) -> None:
    last = replies[intent][-1]["text"].strip().splitlines()[-1]
    assert any(m["choices"] or m["services"] for m in replies[intent]) or last.endswith("?"), last


@pytest.mark.parametrize("intent", [i for i in CATALOGUE if i in TOPICS and i not in IN_WORDS_ALONE])
def test_a_topic_comes_with_its_services(replies: Replies, intent: str) -> None:
    shown = [service["id"] for message in replies[intent] for service in message["services"]]
    if intent == "request_referral" and not shown:
        assert replies[intent][0]["choices"], "it begins the form"
        return
    assert 1 <= len(shown) <= 5
    wanted = TOPICS[intent]["services"]
    assert [service for service in wanted if service in shown] == shown, "not those of the topic, or not in its order"


def test_cards_have_all_that_the_contract_names(replies: Replies) -> None:
    for message in (message for said in replies.values() for message in said):
        assert set(message) == {"text", "choices", "services", "command"}
        for card in message["services"]:
            assert {"id", "name", "summary", "phones", "hours", "areas", "website", "last_checked"} <= set(card)
            assert card["name"] and (card["hours"] is None or {"text", "open_now", "next_change"} == set(card["hours"]))
            for phone in card["phones"]:
                assert {"number", "href", "cost", "on_bill"} <= set(phone)
                assert re.match(r"(tel|sms):[+0-9]", phone["href"]) and not phone["number"].startswith("09")


def test_every_choice_that_is_offered_is_answered(replies: Replies, assistant_url: str) -> None:
    offered_after = {choice["id"]: intent for intent, said in replies.items() for m in said for choice in m["choices"]}
    assert len(offered_after) >= 15
    for choice, intent in offered_after.items():
        person = Person(assistant_url)
        person.say(EXAMPLES[intent])
        answer = person.post({"choice": choice})
        assert answer.status_code == 200 and not is_static(answer.json()["messages"]), (intent, choice)
        left = [m["command"] for m in answer.json()["messages"] if m["command"]]
        assert left == (["exit"] if choice == "quick-exit" else []), (intent, choice)


# Staff have checked nothing yet, so `strict`, which shows nothing unchecked, shows no card at all.
def asked_of(strict: Running, intent: str) -> list[dict[str, Any]]:
    person = from_address(strict, f"10.0.{list(EXAMPLES).index(intent)}.1")
    return person.say(EXAMPLES[intent])


def test_with_unchecked_services_hidden_every_card_is_gone_and_nobody_meets_silence(strict: Running) -> None:
    for intent in EXAMPLES:
        said = asked_of(strict, intent)
        assert [s["id"] for m in said for s in m["services"] if s["last_checked"] is None] == [], intent
        assert "".join(m["text"] for m in said).strip(), intent
        if intent in SAFETY:
            assert said[0]["text"].strip() == text_of(f"utter_{intent}"), "the numbers are in the words"


@pytest.mark.parametrize("intent", ["ask_helpline", "talk_to_human", "ask_refuge", "ask_male_victim"])
def test_with_unchecked_services_hidden_who_needs_a_number_gets_one(strict: Running, intent: str) -> None:
    heard = "".join(message["text"] for message in asked_of(strict, intent))
    assert "999" in heard or "08088 088 088" in heard
