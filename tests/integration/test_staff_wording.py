"""Staff change a reply in the database: it is in the next reply, without a restart. Safety replies stay as they are."""
from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from running import Person, Running
from sentences import EXAMPLES, is_reply, is_static, text_of

Publish = Callable[..., None]


@pytest.fixture
def publish(product: Running) -> Iterator[Publish]:
    """Publishes a wording; afterwards none is left."""

    def change(statement: str, values: tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(product.database, timeout=5)) as database, database:
            database.execute(statement, values)

    def publish(
        response: str, text: str, channel: str = "any", status: str = "published", version: int = 1, buttons: Any = None
    ) -> None:
        change(
            "INSERT INTO wording (key, channel, version, text, buttons, status) VALUES (?, ?, ?, ?, ?, ?)",
            (response, channel, version, text, json.dumps(buttons) if buttons is not None else None, status),
        )

    publish.withdraw = lambda: change("DELETE FROM wording")  # type: ignore[attr-defined]
    yield publish
    change("DELETE FROM wording")


def test_a_changed_wording_is_in_the_next_reply_and_its_removal_in_the_one_after(person: Person, publish: Publish) -> None:
    assert is_reply(person.say(EXAMPLES["thanks"])[0]["text"], "utter_thanks")
    publish("utter_thanks", "You are most welcome, says the team.")
    assert person.say(EXAMPLES["thanks"])[0]["text"] == "You are most welcome, says the team."
    assert "See what I can do" in person.offered(), "its choices stay"
    publish.withdraw()  # type: ignore[attr-defined]
    assert is_reply(person.say(EXAMPLES["thanks"])[0]["text"], "utter_thanks")


def test_numbers_in_it_come_from_the_directory(person: Person, publish: Publish) -> None:
    publish("utter_thanks", "Ring {phone.herts-da-helpline}. {hours.herts-da-helpline}")
    said = person.say(EXAMPLES["thanks"])[0]["text"]
    assert said.startswith("Ring 08088 088 088. It is ") and "{" not in said


@pytest.mark.parametrize("text", [
    "Ring {phone.no-such-service}.", "You are in {nowhere}.", "{area} is your area.", "Call {phone.outreach-countywide}.",
])
def test_a_placeholder_without_a_value_gives_the_fixed_reply_and_no_braces(person: Person, publish: Publish, text: str) -> None:
    publish("utter_thanks", text)
    assert is_static(person.say(EXAMPLES["thanks"])) and "{" not in person.heard()


@pytest.mark.parametrize("text", [
    "{0.__class__}", "{phone.__init__.__globals__}", "%(x)s {x!r} {{y}}", "$HOME {hours.herts-da-helpline:>99}",
])
def test_wording_is_no_program(person: Person, publish: Publish, text: str) -> None:
    publish("utter_thanks", text)
    said = person.say(EXAMPLES["thanks"])[0]["text"]
    assert "<class" not in said and "globals" not in said.replace("__globals__", "") and "/root" not in said


@pytest.mark.parametrize("intent", ["immediate_danger", "child_at_risk", "suicidal_or_self_harm"])
def test_a_safety_reply_is_nobodys_to_change(person: Person, publish: Publish, intent: str) -> None:
    for channel in ("any", "web"):
        publish(f"utter_{intent}", "Nothing to worry about.", channel=channel)
    assert person.say(EXAMPLES[intent])[0]["text"].strip() == text_of(f"utter_{intent}")


def test_the_webs_own_wording_goes_before_one_for_any_channel_and_sms_has_its_own(person: Person, publish: Publish) -> None:
    publish("utter_thanks", "for any", channel="any", version=3)
    publish("utter_thanks", "for sms", channel="sms", version=2)
    assert person.say(EXAMPLES["thanks"])[0]["text"] == "for any"
    publish("utter_thanks", "for web", channel="web", version=1)
    assert person.say(EXAMPLES["thanks"])[0]["text"] == "for web"


@pytest.mark.parametrize("status", ["draft", "retired", "proposed"])
def test_what_is_not_published_is_not_said(person: Person, publish: Publish, status: str) -> None:
    publish("utter_thanks", "not yet", status=status)
    assert is_reply(person.say(EXAMPLES["thanks"])[0]["text"], "utter_thanks")


def test_its_own_choices_are_offered_and_answered(person: Person, publish: Publish) -> None:
    publish("utter_thanks", "What next?", buttons=[{"title": "About pets", "payload": "/ask_pets"}])
    person.say(EXAMPLES["thanks"])
    assert person.offered() == ["About pets"]
    assert is_reply(person.choose("About pets")[0]["text"], "utter_ask_pets")


def test_the_greeting_can_be_changed_too(product: Running, publish: Publish) -> None:
    publish("utter_greeting", "Good day. I'm automated.")
    assert Person(product.url).last[0]["text"] == "Good day. I'm automated."
