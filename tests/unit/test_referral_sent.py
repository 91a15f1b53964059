"""The yes that sent a referral, said again."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from outreach.referrals import sent

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
MARK = sent.mark("a-key_of-a-form-1234", NOW)


@pytest.mark.parametrize("said", ["yes", "Yes, send it", "send it", "YES x"])
def test_the_same_yes_within_minutes_knows_the_form_again(said: str) -> None:
    assert sent.form_sent(MARK, said, NOW + timedelta(seconds=179)) == "a-key_of-a-form-1234"


@pytest.mark.parametrize("said", ["ok", "yes?", "no", "send", "what happens now", ""])
def test_other_words_know_nothing_of_it(said: str) -> None:
    assert sent.form_sent(MARK, said, NOW) is None


def test_later_nothing_of_it_is_repeated() -> None:
    assert sent.form_sent(MARK, "yes", NOW + sent.WITHIN) is None
    assert sent.form_sent(MARK, "yes", NOW - timedelta(hours=1)) is None, "the clock was put back: nobody knows how long ago"


@pytest.mark.parametrize("kept", [None, "", "withdraw_referral", "K7DP-2MXW-9C", {"sent": 1}])
def test_what_is_kept_for_something_else_is_no_mark(kept: object) -> None:
    assert sent.form_sent(kept, "yes", NOW) is None and not sent.is_mark(kept)
