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
        if day.weekday() < 5 and day not in bank_holidays(day.year):
            left -= 1
    return AnswerBy(day)
