"""Words that mean something by themselves, and choices by number or by words."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_wording import CARRIER_WORDS, FORM_REPLIES, FORM_WORDS, OFFER, SMS, SMS_WORDS, Reply

from outreach.privacy.key_files import KeyFileError
from outreach.sms.senders import Senders, is_a_phone
from outreach.sms.thread import Thread
from outreach.sms.words import FILE, Words, number
from outreach.understanding.catalogue import CATALOGUE

WORDS = Words.load()


def words_offered(replies: set[Reply]) -> set[str]:
    return {word for reply in replies for offer in OFFER.findall(reply.text) for word in re.findall(r"[A-Z]{2,}", offer)}


def test_every_word_that_a_reply_offers_is_known_and_nothing_else() -> None:
    answers = {reply for reply in SMS if reply.name not in FORM_REPLIES}
    known = {word.upper() for word in WORDS.intents}
    assert words_offered(answers) - {"EXIT"} <= known
    assert words_offered(set(SMS)) - {"EXIT"} <= known | FORM_WORDS
    assert not known & FORM_WORDS
    meant = {word.upper(): intent for word, intent in WORDS.intents.items()}
    assert {**meant, "EXIT": "quick_exit"} == SMS_WORDS
    assert set(WORDS.intents.values()) <= set(CATALOGUE)


def test_yes_and_no_are_words_and_no_booleans_of_the_file() -> None:
    assert WORDS.intent("YES") == "affirm" and WORDS.intent("no") == "deny"
    assert '"YES"' in FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["REFUGE", "refuge", " Refuge! ", "“refuge”", "refuge\n"])
def test_a_word_alone_is_a_choice(text: str) -> None:
    assert WORDS.intent(text) == "ask_refuge"


@pytest.mark.parametrize("text", ["is there a refuge", "refuge hitchin", "", "🙂", "no he didn't", "re fuge", "no" * 100])
def test_a_word_among_others_is_text(text: str) -> None:
    assert WORDS.intent(text) is None


@pytest.mark.parametrize("text", ["STOP", "stop.", "Stop all", "UNSUBSCRIBE", "cancel", "END", "quit!", "opt-out", "Revoke"])
def test_a_stop_is_a_stop_however_it_is_typed(text: str) -> None:
    assert WORDS.is_stop(text)


@pytest.mark.parametrize("text", ["how do I make him stop", "stop him", "he won't stop", "the end of it", "cancel it", "1"])
def test_a_sentence_with_stop_in_it_is_none(text: str) -> None:
    assert not WORDS.is_stop(text)


def test_help_and_start_alone_are_the_carriers_and_with_anything_else_are_ours() -> None:
    assert all(WORDS.is_left_to_the_carrier(text) for text in ("HELP", "help ", "Info", "START", "unstop"))
    assert not any(WORDS.is_left_to_the_carrier(text) for text in ("help!!!", "help me", "help me now", "yes", "start again"))
    assert {word.upper() for word in WORDS.stop | WORDS.start | WORDS.help if " " not in word} == CARRIER_WORDS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1", 1), ("2.", 2), (" 3) ", 3), ("option 2", 2), ("no. 4", 4), ("12", None), ("one", None), ("2 x", None), ("", None)],
)
def test_a_number_is_read_where_it_is_one(text: str, wanted: int | None) -> None:
    assert number(text) == wanted


def test_a_choice_is_taken_by_number_or_words_and_nothing_else_is_one() -> None:
    thread = Thread(at=0, offered=[("Hatfield (Welwyn Hatfield)", "/a"), ("Broad Oak", "/b")], numbered=2, shown=True)
    assert thread.chosen("2") == thread.chosen("broad oak.") == ("Broad Oak", "/b")
    assert thread.chosen("hatfield welwyn hatfield") == ("Hatfield (Welwyn Hatfield)", "/a")
    assert [thread.chosen(text) for text in ("3", "0", "oak", "", "🙂", "2 kids")] == [None] * 6
    assert Thread(at=0).chosen("1") is None and Thread(at=0, offered=[("🙂", "/c")]).chosen("") is None


def test_a_thread_is_the_same_after_it_was_kept() -> None:
    thread = Thread(1.5, True, [("Yes", "/affirm")], 1, True, ["rest"], ["A: https://a.example"])
    assert Thread.from_bytes(thread.to_bytes()) == thread


def test_a_sender_is_the_same_under_one_key_and_another_under_another(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "sms.key"
    first, again = Senders.load(file), Senders.load(file)
    assert first.id_of("+447700900123") == again.id_of("+447700900123") != first.id_of("+447700900124")
    assert Senders.load(tmp_path / "other.key").id_of("+447700900123") != first.id_of("+447700900123")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "7700900123" not in first.id_of("+447700900123")
    assert [entry.name for entry in file.parent.iterdir()] == ["sms.key"]


@pytest.mark.parametrize("content", ["", "zz", "abcd", "00" * 31])
def test_a_key_that_is_none_is_named_and_not_used(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sms.key"
    file.write_text(content)
    with pytest.raises(KeyFileError, match=r"sms\.key"):
        Senders.load(file)
    assert file.read_text() == content


@pytest.mark.parametrize("sender", ["+447700900123", "+12025550123"])
def test_a_phone_is_answered(sender: str) -> None:
    assert is_a_phone(sender)


@pytest.mark.parametrize("sender", ["", "85258", "Vodafone", "07700900123", "+0123456789", "whatsapp:+447700900123", "+44 77"])
def test_a_machine_is_not(sender: str) -> None:
    assert not is_a_phone(sender)
