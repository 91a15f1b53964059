"""What the web channel itself says, and what the page says by itself, keeps the rules of wording and has 999."""
from __future__ import annotations

import re
from html import unescape

import pytest
from test_wording import RULES

from channels import page
from channels.turns import Reply
from channels.web import as_contract
from outreach.content.web_texts import read, web_text
from outreach.directory.numbers import parted
from outreach.settings import ROOT

NOTICES = dict(re.findall(r'data-notice="(\w+)"[^>]*>(.*?)</section>', (page.FOLDER / "chat.html").read_text(encoding="utf-8"), re.DOTALL))


def words_of(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.mark.parametrize("name", read())
def test_a_refusal_says_what_can_be_done_and_999(name: str) -> None:
    text = web_text(name, 1000)
    assert RULES.never_said(text, "") == [] and "{" not in text
    assert text.endswith(" If you're in danger now, call 999.")
    assert "You can" in text or "Please" in text
    assert ("999", True) in parted(text), "it can be tapped on the page without script"


def test_every_sentence_in_the_file_is_used_and_no_other_is_asked_for() -> None:
    code = (ROOT / "channels" / "web.py").read_text(encoding="utf-8")
    assert set(re.findall(r'web_text\("(\w+)"', code)) == set(read())


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_of_the_page_keeps_the_rules_and_has_999(name: str) -> None:
    text = words_of(NOTICES[name])
    assert RULES.never_said(text, "") == []
    assert 'href="tel:999"' in NOTICES[name] and "in danger" in text


def test_the_pages_notices_are_found() -> None:
    assert set(NOTICES) == {"trouble", "forgotten", "busy", "long", "stale", "wait"}


def test_a_card_has_the_contracts_form_and_the_ordinary_hours() -> None:
    hours = {"text": "Open now, until 9pm", "usual": "Monday to Friday, 9am to 9pm", "open_now": True, "next_change": "2026-11-24T21:00"}
    cards = [{"id": "one", "hours": hours}, {"id": "two", "hours": {**hours, "usual": None}}, {"id": "three", "hours": None}]
    (message,) = as_contract([Reply("words", services=cards)])
    shown = [card["hours"] for card in message["services"]]
    assert shown[0] == {"text": "Monday to Friday, 9am to 9pm", "open_now": True, "next_change": "2026-11-24T21:00"}
    assert shown[1]["text"] == "Open now, until 9pm" and shown[2] is None
