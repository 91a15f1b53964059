"""By when somebody is answered: working days, with England's bank holidays."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil import tz

from outreach.directory.hours import LONDON, bank_holidays

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class AnswerBy:
    """The last day of the time stated for an answer."""

    day: date

    @property
    def sentence(self) -> str:
        """For prose: "by the end of Tuesday 24 November"."""
        return f"by the end of {WEEKDAYS[self.day.weekday()]} {self.day.day} {MONTHS[self.day.month - 1]}"


def answer_by(now: datetime, working_days: int) -> AnswerBy:
    """The day so many working days after `now` (aware). The day itself does not count. Raises ValueError for a naive time."""
    if now.tzinfo is None:
        raise ValueError("a time with a time zone is wanted")
    day = now.astimezone(tz.gettz(LONDON)).date()
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return AnswerBy(day)


def working_days_since(day: date, now: datetime) -> int:
    """How many working days have begun since the end of `day`, today among them; 0 before it is over."""
    if now.tzinfo is None:
        raise ValueError("a time with a time zone is wanted")
    today = now.astimezone(tz.gettz(LONDON)).date()
    return sum(is_working_day(day + timedelta(days=each)) for each in range(1, (today - day).days + 1))


def is_working_day(day: date) -> bool:
    """Whether it is neither a weekend nor a bank holiday."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)
