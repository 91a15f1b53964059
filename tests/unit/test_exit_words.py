"""Exit words are known before any lock, network or model."""
from __future__ import annotations

import pytest

from outreach.safety.exit_words import ExitWords


@pytest.mark.parametrize("typed", ["exit", "EXIT", " Exit. ", "exit!!!", "x", "X", "quit", "E x i t".replace(" ", ""), "«exit»", "exit\n"])
def test_an_exit_word_alone_leaves(typed: str) -> None:
    assert ExitWords.load("web").match(typed)


@pytest.mark.parametrize("typed", ["how do I exit this relationship", "exit strategy", "my ex", "ex", "", "   ", "🙂", "exit" * 500, "bye"])
def test_anything_else_does_not(typed: str) -> None:
    assert not ExitWords.load("web").match(typed)


@pytest.mark.parametrize("typed", ["bye", "BYE.", "x", "Exit"])
def test_on_sms_bye_leaves_too(typed: str) -> None:
    assert ExitWords.load("sms").match(typed)


@pytest.mark.parametrize("typed", ["stop", "start", "help"])
def test_the_carriers_words_are_not_ours(typed: str) -> None:
    assert not ExitWords.load("sms").match(typed)
