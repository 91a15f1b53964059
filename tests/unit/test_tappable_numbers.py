"""A number in a reply can be tapped, wherever it is drawn: a child with one bar of signal must not have to copy it."""
from __future__ import annotations

import re

import pytest
import yaml

from channels import page
from outreach.directory.numbers import SHORT_CODE, TAPPABLE, digits, parted
from outreach.settings import ROOT

FIXED = [*(ROOT / "data" / "responses").glob("*.yml"), ROOT / "content" / "fixed_replies.yml"]
# What looks like a number to ring, by another rule than the one that is tested: three digits or more with spaces between.
ANY_NUMBER = re.compile(r"(?<![\w{])\d(?: ?\d){2,}(?![\w}])")
# No number to ring: years, and the relay's prefix as it is dialled before one.
NO_PHONE = {"18001"}


@pytest.mark.parametrize("number", ["08088 088 088", "0808 2000 247", "0800 1111", "116 123", "999", "111", "101", "0300 123 4043", "020 7008 0151"])
def test_each_kind_of_number_can_be_tapped_as_a_whole(number: str) -> None:
    assert parted(f"Ring {number}.") == [("Ring ", False), (number, True), (".", False)]


@pytest.mark.parametrize("text", ["in 2026", "30 minutes", "AL1 1AA", "press 55", "at 10.30am", "", "K7DP-2MXW-9C"])
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert [words for words, is_number in parted(text) if is_number] == []


def test_every_number_in_a_fixed_reply_can_be_tapped() -> None:
    missed = {
        found
        for file in FIXED
        for found in ANY_NUMBER.findall(file.read_text(encoding="utf-8").split("responses:", 1)[-1])
        if found not in NO_PHONE and not TAPPABLE.fullmatch(found)
    }
    assert not {each for each in missed if not SHORT_CODE.fullmatch(digits(each))}, missed


def test_the_page_with_script_has_the_same_pattern() -> None:
    script = (ROOT / "web" / "view.js").read_text(encoding="utf-8")
    assert f"const PHONE = /{TAPPABLE.pattern}/g;" in script


def test_the_page_without_script_links_them_too_and_escapes_the_rest() -> None:
    drawn = str(page.template().module.prose("<b>Childline</b>: 0800 1111.\n- or 116 123"))  # type: ignore[attr-defined]
    assert '<a href="tel:08001111">0800 1111</a>' in drawn and '<a href="tel:116123">116 123</a>' in drawn
    assert "<b>" not in drawn and "&lt;b&gt;" in drawn


def test_the_childs_reply_has_numbers_at_all() -> None:
    replies = yaml.safe_load((ROOT / "data" / "responses" / "safety.yml").read_text(encoding="utf-8"))["responses"]
    text = replies["utter_child_at_risk"][0]["text"]
    assert "0800 1111" in [words for words, is_number in parted(text) if is_number]
