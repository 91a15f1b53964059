"""What people's answers come to. The words are theirs; what is not certain is asked again."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.referrals import answers as asked
from outreach.referrals.answers import HELP, Problem, SafeTimes

ODD = [None, 5, b"x", [], "", " ", "\x00", "\u202e", "?", "…", "😀", "'", "x" * 5000, "\n\n", "0" * 400, "(((((((", "@" * 300]
PIECES = (
    "mon", "tue-thu", "weekdays", "weekends", "not", ",", ";", "and", "or", "but", "after", "before", "9", "9.30", "5pm",
    "10-2", "mornings", "evenings", "noon", "any time", "except",
)  # fmt: skip
VALIDATORS = [
    asked.name, asked.contact_way, asked.contact_number, asked.contact_email, asked.safe_times, asked.over_16, asked.yes_no,
    asked.describes_as, asked.help_wanted, asked.free_words, asked.code_word,
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("validator", VALIDATORS, ids=lambda each: each.__name__)
def test_odd_input_is_a_named_problem_or_a_value_and_never_an_error(validator: object, odd: object) -> None:
    found = validator(odd)  # type: ignore[operator]
    assert isinstance(found, (Problem, str, bool, tuple, SafeTimes))
    assert asked.is_clear_yes(odd) is False


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=120))
def test_no_words_make_a_validator_fail(text: str) -> None:
    for validator in VALIDATORS:
        found = validator(text)  # type: ignore[operator]
        if isinstance(found, str):
            assert "\n" not in found and "\x00" not in found and len(found) <= 300


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=9))
def test_windows_are_always_real_times_and_never_overlap(pieces: list[str]) -> None:
    found = asked.safe_times(" ".join(pieces))
    if isinstance(found, SafeTimes):
        spans = [(day, window.start, window.end) for window in found.windows for day in window.days]
        assert all("00:00" <= start < end <= "24:00" for _, start, end in spans)
        assert all(a == b or a[0] != b[0] or a[2] <= b[1] or b[2] <= a[1] for a in spans for b in spans)
        assert SafeTimes.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("said", "name"),
    [("my name is Dee", "Dee"), ("I'm Dee", "Dee"), ("im sarah", "sarah"), ("Im", "Im"), ("call me Jo please", "Jo"),
     ("Kaz x", "Kaz"),
     ("محمد", "محمد"), ("it's Ann-Marie O'Neil", "Ann-Marie O'Neil"), ("Eve\u202e\x07", "Eve"), ("D", "D")],
)
def test_a_name_is_taken_out_of_its_sentence(said: str, name: str) -> None:
    assert asked.name(said) == name


@pytest.mark.parametrize("said", ["07400 123456", "a@b.com", "https://x.example", "😀"])
def test_what_is_no_name_is_not_taken_for_one(said: str) -> None:
    assert asked.name(said) is Problem.NOT_A_NAME


@pytest.mark.parametrize(
    "said",
    ["07400 123456", "07400-123-456", "+44 7400 123456", "+44 (0)7400 123456", "0044 7400 123456", "447400123456",
     "7400123456",
     "o7400 123456", "my number is 07400123456 thanks", "(07400) 123456", "07400.123.456",
     "call 07400123456 after 9.30", "٠٧٤٠٠١٢٣٤٥٦"],
)
def test_a_number_is_understood_in_every_spelling(said: str) -> None:
    assert asked.contact_number(said) == "+447400123456"


@pytest.mark.parametrize(
    ("said", "problem"),
    [("09011 123456", Problem.PREMIUM), ("0845 123 4567", Problem.PREMIUM), ("0871 123 4567", Problem.PREMIUM),
     ("070 1234 5678", Problem.PREMIUM), ("999", Problem.EMERGENCY), ("101", Problem.EMERGENCY), ("112",
     Problem.EMERGENCY),
     ("08088 088 088", Problem.NOT_A_PERSONS_NUMBER), ("+1 212 555 0100", Problem.NOT_UK), ("0033 1 42 68 53 00",
     Problem.NOT_UK),
     ("0740012345", Problem.NOT_A_PHONE), ("07400123456 or 07400123457", Problem.SEVERAL), ("hello",
     Problem.NOT_A_PHONE)],
)
def test_a_number_that_cannot_be_used_says_why(said: str, problem: Problem) -> None:
    assert asked.contact_number(said) is problem


@pytest.mark.parametrize("said", ["01438 737328", "020 7946 0000", "0300 123 4567", "07700 900123"])
def test_landlines_and_numbers_for_trying_out_are_taken_for_calls(said: str) -> None:
    assert str(asked.contact_number(said)).startswith("+44")


def test_a_text_needs_a_mobile() -> None:
    assert asked.contact("01438 737328", "text") is Problem.NOT_A_MOBILE
    assert asked.contact("07400 123456", "text") == "+447400123456"


@pytest.mark.parametrize(
    ("said", "found"),
    [("dee@example.com", "dee@example.com"), ("it's Dee.x+y@mail.example.co.uk.", "Dee.x+y@mail.example.co.uk"),
     ("<d@e.com>", "d@e.com"), ("a@b", Problem.NOT_AN_EMAIL), ("no", Problem.NOT_AN_EMAIL), ("dee at x.com",
     Problem.NOT_AN_EMAIL),
     ("x@y.com or z@y.com", Problem.SEVERAL), ("d@e.com\r\nBcc: x@y.com", Problem.SEVERAL)],
)
def test_an_address_is_well_formed_or_asked_for_again(said: str, found: object) -> None:
    assert asked.contact(said, "email") == found


@pytest.mark.parametrize(
    ("said", "windows"),
    [("weekdays after 9.30, not fridays", [((0, 1, 2, 3), "09:30", "24:00")]),
     ("mornings", [((0, 1, 2, 3, 4, 5, 6), "08:00", "12:00")]),
     ("mon-wed 10-2", [((0, 1, 2), "10:00", "14:00")]),
     ("any time", [((0, 1, 2, 3, 4, 5, 6), "00:00", "24:00")]),
     ("any time except mondays", [((1, 2, 3, 4, 5, 6), "00:00", "24:00")]),
     ("not evenings or weekends", [((0, 1, 2, 3, 4), "00:00", "17:00"), ((0, 1, 2, 3, 4), "21:00", "24:00")]),
     ("Tuesdays 2-5pm; Thursdays 10am to noon", [((3,), "10:00", "12:00"), ((1,), "14:00", "17:00")]),
     ("between 10 and 2 on weekdays", [((0, 1, 2, 3, 4), "10:00", "14:00")]),
     ("after 5 and before 8 mon-fri", [((0, 1, 2, 3, 4), "17:00", "20:00")]),
     ("mon wed fri mornings", [((0, 2, 4), "08:00", "12:00")]),
     ("weekdays, but not before 10am", [((0, 1, 2, 3, 4), "10:00", "24:00")]),
     ("fri-mon", [((0, 4, 5, 6), "00:00", "24:00")])],
)
def test_safe_times_come_to_windows_where_they_are_certain(said: str, windows: list[object]) -> None:
    found = asked.safe_times(said)
    assert isinstance(found, SafeTimes) and found.words == said
    assert [(window.days, window.start, window.end) for window in found.windows] == windows


@pytest.mark.parametrize(
    "said",
    ["when he's at work", "7-9", "after 8", "any time but mondays", "not fridays, saturdays or sundays",
     "not monday mornings", "never",
     "school hours", "weekdays not fridays mornings", "most mornings", "any day after 25", "not after 5, weekdays",
     "no", "most days",
     "mornings when the kids are at school", "don't call mornings"],
)
def test_where_the_words_may_mean_two_things_they_alone_are_kept(said: str) -> None:
    assert asked.safe_times(said) == SafeTimes(said)


@pytest.mark.parametrize("said", ["17", "yes", "sixteen", "I'm 34", "16", "over 18", "in my thirties", "64yo", "16 or over"])
def test_sixteen_and_over(said: str) -> None:
    assert asked.over_16(said) is True


@pytest.mark.parametrize("said", ["im 15", "no", "nearly 16", "under 16", "fifteen", "not 16 yet", "15 and a half", "14!"])
def test_under_sixteen(said: str) -> None:
    assert asked.over_16(said) is False


@pytest.mark.parametrize("said", ["im 16 next week", "I was 15 when it started", "6000", "my son is 12", "why", "15 or 16"])
def test_an_age_that_is_not_certain_is_asked_again(said: str) -> None:
    assert asked.over_16(said) is Problem.UNCLEAR


@pytest.mark.parametrize(
    "said",
    ["yes", "yeah go on", "Y", "ok", "of course", "it's safe", "yep thats fine", "no problem", "aye", "👍"],
)
def test_a_yes_has_many_forms(said: str) -> None:
    assert asked.yes_no(said) is True


@pytest.mark.parametrize(
    "said",
    ["no", "nope", "n", "not really", "i don't think so", "it isn't safe", "unsafe", "no thanks", "of course not"],
)
def test_a_no_has_many_forms(said: str) -> None:
    assert asked.yes_no(said) is False


@pytest.mark.parametrize(
    "said",
    ["maybe", "yes but not at night", "sure I guess", "yes if he's out", "what?", "yes no", "not sure", "sometimes"],
)
def test_what_is_neither_is_asked_again(said: str) -> None:
    assert asked.yes_no(said) is Problem.UNCLEAR


@pytest.mark.parametrize(
    "said",
    ["yes", "Yes please!", "YES.", "i agree", "I consent", "yes, i agree", "yes x", "ＹＥＳ", "yes please send it"],
)
def test_these_are_consent(said: str) -> None:
    assert asked.is_clear_yes(said)


@pytest.mark.parametrize(
    "said",
    ["ok", "okay", "maybe", "sure I guess", "sure", "yes but", "yes but not my number", "what?", "y?", "y", "",
     "yes?", "yes...", "yeah",
     "go on then", "yes no", "no", "i dont agree", "i don't consent", "👍", "yes if it's safe",
     "i said yes to something else", "yes and no"],
)
def test_these_are_no_consent(said: str) -> None:
    assert not asked.is_clear_yes(said)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_no_chance_text_is_consent(text: str) -> None:
    plain = " ".join("".join(each for each in text.casefold() if each.isalpha() or each.isspace()).split())
    if asked.is_clear_yes(text):
        assert "yes" in plain or "agree" in plain or "consent" in plain


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("housing and money", ("housing", "money")), ("1, 3", ("housing", "safety")), ("all of them", HELP),
     ("not sure", ()),
     ("not sure, housing maybe", ("housing",)), ("a solicitor", ("legal",)), ("someone to talk to",
     ("emotional support",)),
     ("housing support", ("housing",)), ("leave to remain", ("immigration",)), ("mental health", ("health",))],
)
def test_kinds_of_help_in_words_or_numbers(said: str, wanted: tuple[str, ...]) -> None:
    assert asked.help_wanted(said) == wanted


@pytest.mark.parametrize("said", ["9", "12", "everything except money", "x", "not housing"])
def test_kinds_of_help_that_are_not_certain_are_asked_again(said: str) -> None:
    assert asked.help_wanted(said) is Problem.UNCLEAR


@pytest.mark.parametrize(
    ("said", "way"),
    [("text me", "text"), ("phone", "call"), ("ring me", "call"), ("E-mail", "email"), ("don't call, text", "text"),
     ("text not call", "text"),
     ("whatsapp", Problem.UNCLEAR), ("phone or text", Problem.UNCLEAR)],
)
def test_a_way_of_contact_is_one_of_three(said: str, way: object) -> None:
    assert asked.contact_way(said) == way


@pytest.mark.parametrize(
    ("said", "kept"),
    [("I'm a woman", "woman"), ("female", "woman"), ("she/her", "woman"), ("a bloke", "man"), ("m", "man"),
     ("trans woman", "trans woman"),
     ("non-binary", "non-binary"), ("Trans man", "Trans man")],
)
def test_how_somebody_describes_themselves_stays_in_their_words(said: str, kept: str) -> None:
    assert asked.describes_as(said) == kept
