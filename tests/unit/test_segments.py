"""What a message is cut into: the parts that may each say something of their own."""
from __future__ import annotations

import pytest

from outreach.understanding.segments import sentences, tidy


@pytest.mark.parametrize("age", [
    "he is nine", "She's 7", "hes six", "they are two", "im 14", "I am 71 years old", "she is only three", "he's 5 months", "it is ten now",
    "and she's four",
])
def test_an_age_alone_is_no_part_of_its_own(age: str) -> None:
    assert sentences(f"my dog is called rex. {age}. who will look after him?") == ["my dog is called rex", "who will look after him?"]


@pytest.mark.parametrize("part", [
    "he is nine stone and strong", "she's four weeks pregnant and he hit her", "he has one", "it's one way out", "he is two streets away",
    "they are two men with a bat", "hes 10 minutes away", "he is in",
])
def test_what_only_begins_like_an_age_is_a_part(part: str) -> None:
    assert part in sentences(f"my dog is called rex. {part}. who will look after him?")


@pytest.mark.parametrize(("text", "plain"), [("👍🏽", "👍"), ("❤️", "❤"), ("👩🏿‍👧🏿", "👩👧"), ("he’s  here…", "he's here..."), ("ok 🙏🏻", "ok 🙏")])
def test_an_emoji_of_any_shade_is_the_same_emoji(text: str, plain: str) -> None:
    assert tidy(text) == plain
