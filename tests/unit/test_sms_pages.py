"""A reply by text: the alphabet, two segments, and the rest on MORE."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.directory.gsm7 import BASIC
from outreach.sms.alphabet import LONGEST, clean, segments
from outreach.sms.pages import Block, pages

MORE, SHORT, OPENING = "Text MORE for the rest.", "MORE", "Here's some more of what you asked about."


def paged(*texts: str, whole: bool = False) -> list[str]:
    return pages([Block(text, whole) for text in texts], MORE, SHORT, OPENING)


def bodies(messages: list[str]) -> str:
    """What the messages say, without what only holds them together."""
    lines = [line for message in messages for line in message.split("\n")]
    return "\n".join(line for line in lines if line not in (MORE, SHORT, OPENING))


@pytest.mark.parametrize(
    ("written", "sent"),
    [("it’s “fine” – really…", "it's \"fine\" - really..."), ("a [b] {c} ~ | €5", "a (b) (c) - / EUR 5"),
     ("café Ŵelwyn", "café Welwyn"),
     ("🙂 ok", "ok"), ("тест", ""), ("one \n two", "one\n two"), ("a\u00a0b\u202fc", "a b c"), ("50^2\\", "502/")],
)
def test_what_is_sent_is_in_the_small_alphabet(written: str, sent: str) -> None:
    assert clean(written) == sent


def test_segments_are_counted_as_the_carrier_counts_them() -> None:
    assert [segments("a" * n) for n in (0, 1, 160, 161, 306, 307, 459, 460)] == [1, 1, 1, 2, 2, 3, 3, 4]


def test_an_odd_character_is_refused_rather_than_miscounted() -> None:
    with pytest.raises(ValueError, match="alphabet"):
        segments("it’s")


def test_what_fits_is_one_message_with_nothing_added() -> None:
    assert paged("a" * 306) == ["a" * 306]
    assert paged("One.", "Two.") == ["One.\nTwo."]
    assert paged() == [] and paged("", "🙂") == []


def test_what_does_not_fit_ends_with_more_and_nothing_is_lost() -> None:
    lines = [f"Service number {n}: 0808 200 {n:04}. Free. Open 24 hours." for n in range(20)]
    messages = paged(*lines)
    assert len(messages) > 2 and bodies(messages).split("\n") == lines
    assert all(message.endswith((MORE, SHORT)) for message in messages[:-1]) and not messages[-1].endswith(SHORT)
    assert all(message.startswith(OPENING) for message in messages[1:])
    assert all(segments(message) <= 2 for message in messages)


def test_a_first_text_that_leaves_room_for_the_shortest_hint_is_not_torn() -> None:
    first, *rest = paged("a" * 301, "Next.")
    assert first == "a" * 301 + "\nMORE" and rest == [f"{OPENING}\nNext."]


def test_what_is_whole_begins_a_page_of_its_own() -> None:
    choices = "\n".join(f"{n} A place that somebody might mean" for n in range(1, 6))
    messages = pages([Block("w " * 100), Block(choices, whole=True)], MORE, SHORT, OPENING)
    assert messages[1] == f"{OPENING}\n{choices}"


def test_what_does_not_fit_on_the_first_page_is_there_in_short_and_in_full_on_the_next() -> None:
    messages = pages([Block("w" * 230), Block("A line: 101. Free. " + "x" * 60, True, ("A line: 101.",))], MORE, SHORT, OPENING)
    assert messages[0].startswith("w" * 230 + "\nA line: 101.\n") and messages[0].endswith(MORE)
    assert messages[1].startswith(f"{OPENING}\nA line: 101. Free. ")
    torn = pages([Block("w" * 295), Block("A line: 101. Free.", True, ("A line: 101.",))], MORE, SHORT, OPENING)
    assert torn[0] == "w" * 295 + "\nMORE"


def test_of_what_is_short_the_longest_that_fits_is_taken() -> None:
    line = Block("A line: 101. Free. " + "x" * 60, True, ("A line: 101. Not yet checked.", "A line: 101."))
    assert "A line: 101. Not yet checked." in pages([Block("w" * 230), line], MORE, SHORT, OPENING)[0]
    assert pages([Block("w" * 280), line], MORE, SHORT, OPENING)[0] == "w" * 280 + "\nA line: 101.\nMORE"


def test_a_phone_number_is_never_torn() -> None:
    for length in range(200, 320):
        messages = paged("w" * 100 + " " + "x" * (length - 101) + " call 0808 2000 247 now, or 08088 088 088 " + "y " * 80)
        for number in ("0808 2000 247", "08088 088 088"):
            assert any(number in message for message in messages)


def test_a_word_without_end_is_cut_rather_than_lost() -> None:
    messages = paged("z" * 1600)
    assert "".join(bodies(messages).split("\n")) == "z" * 1600


@given(st.lists(st.tuples(st.text(max_size=700), st.booleans()), max_size=6))
def test_any_text_at_all_comes_out_in_two_segments(blocks: list[tuple[str, bool]]) -> None:
    messages = pages([Block(*block) for block in blocks], MORE, SHORT, OPENING)
    for message in messages:
        assert set(message) <= BASIC and 0 < len(message) <= LONGEST and segments(message) <= 2
    kept = "".join(clean(text) for text, _ in blocks)
    assert "".join(bodies(messages).split()) == "".join(kept.split()) or any(hint in kept for hint in (MORE, SHORT, OPENING))


def test_a_number_is_never_parted_from_the_word_before_it() -> None:
    for length in range(200, 300):
        block = Block("w " * (length // 2) + "In danger now, call 999. " + "more " * 60)
        for message in pages([block], "Text MORE for the rest.", "MORE", "Here is more."):
            assert not message.split("\nText MORE")[0].removesuffix("\nMORE").endswith(" call")
