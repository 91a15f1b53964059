"""How somebody may be reached, out of their answers: the ways that they called safe, and those that nobody may use."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dateutil import tz

from outreach.directory.hours import LONDON
from outreach.referrals.answers import SELF, Answers
from outreach.referrals.safe_times import SafeTimes
from outreach.referrals.working_days import WEEKDAYS

WAYS = ("call", "text", "email")


@dataclass(frozen=True)
class Reach:
    """The ways of contact in the order of their safety. A way that was not called safe is unsafe, asked or not.

    `contact` is the number or address of the safe way. `voicemail` is True only where it was said to be fine.
    """

    safe: tuple[str, ...]
    unsafe: tuple[str, ...]
    contact: str | None
    voicemail: bool
    if_someone_answers: str | None
    code_word: str | None
    times: SafeTimes | None
    for_somebody: bool

    def is_safe_at(self, moment: datetime) -> bool | None:
        """Whether an aware time is within what was called safe; None where their words are not certain enough to tell."""
        return within(self.times, moment)


def reach_of(answers: Answers) -> Reach:
    """How the person behind these answers may be reached."""
    way = answers.contact_way
    safe = (way,) if way in WAYS and answers.safe_to_contact is True and answers.contact else ()
    return Reach(
        safe, tuple(each for each in WAYS if each not in safe), answers.contact, answers.voicemail is True,
        answers.if_someone_answers, answers.code_word, answers.safe_times, answers.on_behalf_of != SELF,
    )  # fmt: skip


def within(times: SafeTimes | None, moment: datetime) -> bool | None:
    """Whether an aware time is in one of the windows; None where there are none. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time with a time zone is wanted")
    if times is None or not times.windows:
        return None
    local = moment.astimezone(tz.gettz(LONDON))
    clock = f"{local.hour:02d}:{local.minute:02d}"
    return any(local.weekday() in each.days and each.start <= clock < each.end for each in times.windows)


def windows_in_words(times: SafeTimes | None) -> list[str]:
    """What the words were understood as, a line for each window: "Monday, Tuesday: 09:30 to 15:00"."""
    lines = []
    for each in times.windows if times else ():
        days = "Every day" if len(each.days) == len(WEEKDAYS) else ", ".join(WEEKDAYS[day] for day in each.days)
        until = "midnight" if each.end == "24:00" else each.end
        whole_day = (each.start, each.end) == ("00:00", "24:00")
        lines.append(f"{days}: any time" if whole_day else f"{days}: {each.start} to {until}")
    return lines
