"""Whether something is open, to the minute, through bank holidays and the change of the clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.directory.hours import check_rule, opening
from outreach.model import Schedule

LONDON = tz.gettz("Europe/London")
WEEKDAYS = Schedule("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "09:00", "21:00", confirmed=True)
WEEKEND = Schedule("FREQ=WEEKLY;BYDAY=SA,SU", "09:00", "16:00", confirmed=True)
HELPLINE = (WEEKDAYS, WEEKEND)
ALWAYS = (Schedule("FREQ=DAILY", "00:00", "24:00", bank_holidays="as_usual", confirmed=True),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "text", "is_open"),
    [
        ("2026-11-24T08:59", "Closed now. Opens today at 9am", False),
        ("2026-11-24T09:00", "Open now, until 9pm", True),
        ("2026-11-24T20:59", "Open now, until 9pm", True),
        ("2026-11-24T21:00", "Closed now. Opens tomorrow at 9am", False),
        ("2026-11-21T15:59", "Open now, until 4pm", True),
        ("2026-11-22T16:00", "Closed now. Opens tomorrow at 9am", False),
    ],
)
def test_the_helpline_opens_and_closes_on_the_minute(now: str, text: str, is_open: bool) -> None:
    found = opening(HELPLINE, at(now))
    assert (found.text, found.open_now) == (text, is_open)


def test_a_line_closed_over_the_weekend_opens_on_monday_by_name() -> None:
    found = opening((WEEKDAYS,), at("2026-11-21T10:00"))
    assert found.text == "Closed now. Opens Monday at 9am"
    assert found.sentence == "It is closed now. It opens on Monday at 9am."
    assert found.next_change == at("2026-11-23T09:00")


def test_prose_says_it_in_a_sentence() -> None:
    assert opening(HELPLINE, at("2026-11-24T12:00")).sentence == "It is open now, until 9pm."
    assert opening(HELPLINE, at("2026-11-24T22:00")).sentence == "It is closed now. It opens tomorrow at 9am."


def test_usual_hours_are_said_in_words() -> None:
    assert opening(HELPLINE, at("2026-11-24T12:00")).usual == (
        "Monday to Friday, 9am to 9pm; Saturday and Sunday, 9am to 4pm"
    )


def test_hours_of_another_time_of_the_year_are_not_the_usual_ones() -> None:
    christmas = replace(WEEKDAYS, valid_from=date(2026, 12, 20), valid_to=date(2027, 1, 3), opens="10:00", closes="12:00")
    in_june, at_christmas = (opening((WEEKDAYS, christmas), at(day)).usual or "" for day in ("2026-06-16T12:00", "2026-12-22T11:00"))
    assert "midday" not in in_june and "Monday to Friday" in in_june
    assert "10am to midday" in at_christmas


def test_it_is_closed_on_a_bank_holiday_unless_it_says_otherwise() -> None:
    good_friday = at("2026-04-03T12:00")
    assert opening((WEEKDAYS,), good_friday).text == "Closed now. Opens Tuesday at 9am"  # Easter Monday is one too
    assert opening((replace(WEEKDAYS, bank_holidays="as_usual"),), good_friday).open_now is True
    assert opening((replace(WEEKDAYS, bank_holidays="open"),), good_friday).open_now is True


def test_the_substitute_for_boxing_day_is_a_bank_holiday() -> None:
    assert opening((WEEKDAYS,), at("2026-12-24T22:00")).text == "Closed now. Opens Tuesday at 9am"
    assert opening((WEEKDAYS,), at("2026-12-28T12:00")).open_now is False


def test_a_schedule_may_have_other_hours_on_bank_holidays() -> None:
    short = replace(WEEKDAYS, bank_holidays="hours", holiday_opens="10:00", holiday_closes="12:00")
    assert opening((short,), at("2026-05-25T11:00")).text == "Open now, until midday"
    assert opening((short,), at("2026-05-25T13:00")).open_now is False


def test_what_never_closes_is_open_on_christmas_day_and_has_no_next_change() -> None:
    found = opening(ALWAYS, at("2026-12-25T03:00"))
    assert (found.text, found.open_now, found.next_change) == ("Open 24 hours, every day", True, None)
    assert found.sentence == "It is open 24 hours, every day."


def test_hours_over_midnight_belong_to_the_evening_they_begin_on() -> None:
    nights = (Schedule("FREQ=WEEKLY;BYDAY=FR", "22:00", "02:30", bank_holidays="as_usual", confirmed=True),)
    assert opening(nights, at("2026-11-21T01:00")).text == "Open now, until 2.30am"
    assert opening(nights, at("2026-11-21T02:30")).text == "Closed now. Opens Friday at 10pm"
    assert opening(nights, at("2026-11-20T23:00")).open_now is True


def test_back_to_back_schedules_are_one_opening() -> None:
    two = (replace(WEEKDAYS, closes="13:00"), replace(WEEKDAYS, opens="13:00", closes="24:00"))
    assert opening(two, at("2026-11-24T10:00")).text == "Open now, until midnight"


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_change_of_the_clocks_moves_nothing(day: str) -> None:
    assert opening(HELPLINE, at(f"{day}T08:59")).open_now is False
    assert opening(HELPLINE, at(f"{day}T09:00")).open_now is True
    assert opening(HELPLINE, at(f"{day}T15:59")).open_now is True
    assert opening(HELPLINE, at(f"{day}T16:00")).open_now is False


def test_summer_time_is_london_time_whatever_zone_the_clock_is_in() -> None:
    assert opening(HELPLINE, datetime(2026, 7, 1, 8, 0, tzinfo=timezone.utc)).open_now is True
    assert opening(HELPLINE, datetime(2026, 7, 1, 20, 0, tzinfo=timezone.utc)).open_now is False


def test_an_opening_at_an_hour_that_the_clocks_leave_out_is_an_hour_later() -> None:
    early = (Schedule("FREQ=DAILY", "01:30", "05:00", bank_holidays="as_usual", confirmed=True),)
    assert opening(early, datetime(2026, 3, 29, 1, 45, tzinfo=timezone.utc)).open_now is True
    assert opening(early, datetime(2026, 3, 29, 1, 15, tzinfo=timezone.utc)).open_now is False


def test_a_schedule_counts_only_while_it_is_valid() -> None:
    summer = replace(WEEKDAYS, valid_from=date(2026, 6, 1), valid_to=date(2026, 8, 31))
    assert opening((summer,), at("2026-06-02T12:00")).open_now is True
    assert opening((summer,), at("2026-11-24T12:00")).text == "Closed now"


def test_a_fortnightly_session_counts_from_the_day_it_began() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
    fortnightly = (Schedule(rule, "10:00", "12:00", valid_from=date(2026, 11, 3), confirmed=True),)
    assert opening(fortnightly, at("2026-11-17T11:00")).open_now is True
    assert opening(fortnightly, at("2026-11-24T11:00")).open_now is False
    assert opening(fortnightly, at("2026-11-24T11:00")).text == "Closed now. Opens Tuesday 1 December at 10am"


def test_vague_hours_are_said_as_they_are_and_claim_nothing() -> None:
    found = opening((Schedule(description="A few hours a week.", confirmed=True),), at("2026-11-24T11:00"))
    assert (found.text, found.open_now, found.next_change) == ("A few hours a week", None, None)
    assert found.sentence == "A few hours a week."


def test_no_hours_give_no_words() -> None:
    assert opening((), at("2026-11-24T11:00")).text == ""


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        opening(HELPLINE, datetime(2026, 11, 24, 11, 0))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(timezone.utc)))
def test_the_next_change_is_ahead_and_changes_it(now: datetime) -> None:
    found = opening(HELPLINE, now)
    assert found.next_change is not None
    assert found.next_change > now
    assert opening(HELPLINE, found.next_change).open_now is not found.open_now
    just_before = found.next_change.astimezone(timezone.utc) - timedelta(minutes=1)
    if just_before > now:
        assert opening(HELPLINE, just_before).open_now is found.open_now


@pytest.mark.parametrize("rule", [
    "FREQ=WEEKLY;INTERVAL=0;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=-1;BYDAY=MO", "FREQ=DAILY;COUNT=0",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY;BYDAY=MO",
])  # fmt: skip
def test_a_rule_whose_days_nobody_would_ever_find_is_refused(rule: str) -> None:
    with pytest.raises(ValueError):
        check_rule(rule)


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "FREQ=DAILY;UNTIL=20250101", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"])
def test_a_rule_that_is_rare_or_over_is_a_rule(rule: str) -> None:
    check_rule(rule)
