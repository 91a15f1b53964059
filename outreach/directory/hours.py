"""Whether a service is open, from its schedules: recurrence rules in local time, with daylight saving and bank holidays.

A service that opens on bank holidays says so in its schedule; otherwise it is taken to be closed, because sending
somebody to a line that does not answer costs more than sending them to the one that always does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

import holidays
from dateutil import rrule, tz

from outreach.model.service import Schedule

LOOK_BACK = timedelta(days=2)
# Longer than any run of bank holidays and weekends, with a fortnightly service still in sight.
LOOK_AHEAD = timedelta(days=16)
LONDON = "Europe/London"
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Between these there is a 29th of February, and every day of the month is every day of the week.
FIRST_LOOK, LAST_LOOK = datetime(2024, 1, 1), datetime(2052, 1, 1)
DAY_RULE = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)\b")
ZERO_STEPS = re.compile(r"(?:INTERVAL|COUNT)=(?!0*[1-9])")
ALWAYS = "Open 24 hours, every day"


@dataclass(frozen=True)
class Opening:
    """Whether a service is open.

    `text` is for a card, `sentence` for prose, and both are empty where nothing is known. `open_now` is None where only
    a description is known. `next_change` is when it next opens or closes, None where that is not known or never.
    `usual` gives the ordinary hours in words.
    """

    text: str
    open_now: bool | None
    next_change: datetime | None
    sentence: str
    usual: str | None = None


UNKNOWN = Opening(text="", open_now=None, next_change=None, sentence="")


def opening(schedules: Sequence[Schedule], now: datetime) -> Opening:
    """Say whether something with these schedules is open at `now`, an aware datetime; raises ValueError for a naive one."""
    if now.tzinfo is None:
        raise ValueError("opening needs a time with a time zone")
    timed = [schedule for schedule in schedules if schedule.rrule]
    if not timed:
        return _described(schedules)
    zone = _zone(timed[0].timezone)
    local = now.astimezone(zone)
    spans = _merged(span for schedule in timed for span in _spans(schedule, now.astimezone(_zone(schedule.timezone)).date()))
    timely = [schedule for schedule in schedules if _holds_on(schedule, local.date())]
    current = next((span for span in spans if span[0] <= now < span[1]), None)
    if current is None:
        return _closed(next((span[0] for span in spans if span[0] > now), None), local, zone, usual(timely))
    if current[1] - now > LOOK_AHEAD - timedelta(days=1):
        return Opening(ALWAYS, True, None, f"It is {_lower_first(ALWAYS)}.", "24 hours, every day")
    closes = current[1].astimezone(zone)
    until = _until(closes, local)
    return Opening(f"Open now, until {until}", True, closes, f"It is open now, until {until}.", usual(timely))


def _holds_on(schedule: Schedule, day: date) -> bool:
    """Whether it is not one for another time of the year, such as Christmas."""
    return (schedule.valid_from or day) <= day <= (schedule.valid_to or day)


def usual(schedules: Iterable[Schedule]) -> str | None:
    """Give the ordinary hours in words, or None where a rule has no short ones."""
    parts: list[str] = []
    for schedule in schedules:
        if not schedule.rrule or not schedule.opens or not schedule.closes:
            continue
        days = _days(schedule.rrule)
        if days is None:
            return None
        all_day = schedule.opens == "00:00" and schedule.closes == "24:00"
        times = "24 hours" if all_day else f"{clock(_time(schedule.opens))} to {clock(_time(schedule.closes))}"
        parts.append(f"{times}, {days}" if all_day else f"{days}, {times}")
    return "; ".join(parts) or None


def clock(moment: time) -> str:
    """Say a time as people do: 9am, 9.30am, midday, midnight."""
    if moment.minute == 0 and moment.hour in (0, 12):
        return "midday" if moment.hour else "midnight"
    minutes = f".{moment.minute:02}" if moment.minute else ""
    return f"{moment.hour % 12 or 12}{minutes}{'am' if moment.hour < 12 else 'pm'}"


@lru_cache(maxsize=16)
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England in a year, as the `holidays` package has them."""
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=[year]).keys())


def check_rule(rule: str) -> rrule.rrule:
    """Parse a recurrence rule; raises ValueError where it is none, or where looking for its days would never end."""
    words = rule.upper()
    if ZERO_STEPS.search(words):
        raise ValueError("INTERVAL and COUNT are 1 or more")
    parsed = rrule.rrulestr(rule, dtstart=FIRST_LOOK)
    if not isinstance(parsed, rrule.rrule):
        raise ValueError("one rule is wanted, and nothing beside it")
    # The 30th of February: whoever asks when the service opens would wait while every year to come is looked through.
    if DAY_RULE.search(words) and next(iter(parsed.replace(count=None, until=LAST_LOOK)), None) is None:
        raise ValueError("no day of any year fits it")
    return parsed


def _described(schedules: Sequence[Schedule]) -> Opening:
    words = " ".join(schedule.description.strip() for schedule in schedules if schedule.description)
    if not words:
        return UNKNOWN
    sentence = words if words.endswith(".") else f"{words}."
    return Opening(text=words.rstrip("."), open_now=None, next_change=None, sentence=sentence, usual=words.rstrip("."))


def _closed(opens: datetime | None, local: datetime, zone: tzinfo, hours: str | None) -> Opening:
    if opens is None:
        return Opening("Closed now", False, None, "It is closed now.", hours)
    opens = opens.astimezone(zone)
    when = _when(opens, local)
    on_day = when if when.startswith(("today", "tomorrow")) else f"on {when}"
    return Opening(f"Closed now. Opens {when}", False, opens, f"It is closed now. It opens {on_day}.", hours)


@lru_cache(maxsize=1024)
def _spans(schedule: Schedule, today: date) -> tuple[tuple[datetime, datetime], ...]:
    """The times in sight of a day during which this schedule is open, in UTC."""
    zone = _zone(schedule.timezone)
    first, last = today - LOOK_BACK, today + LOOK_AHEAD
    days = set(_rule_days(schedule, first, last))
    if schedule.bank_holidays != "as_usual":
        closed_days = {day for year in {first.year, last.year} for day in bank_holidays(year)}
        days -= closed_days
        if schedule.bank_holidays in ("open", "hours"):
            days |= {day for day in closed_days if first <= day <= last}
    return tuple(_span(schedule, day, zone) for day in sorted(days) if _holds_on(schedule, day))


def _rule_days(schedule: Schedule, first: date, last: date) -> list[date]:
    rule = schedule.rrule or ""
    # A rule that counts or skips is counted from the day it began; any other may start where we look, which is quick.
    counts = "COUNT=" in rule or ("INTERVAL=" in rule and "INTERVAL=1;" not in rule + ";")
    begins = schedule.valid_from if counts and schedule.valid_from else first
    occurrences = rrule.rrulestr(rule, dtstart=datetime.combine(begins, time()))
    return [each.date() for each in occurrences.between(_midnight(first), _midnight(last), inc=True)]


def _span(schedule: Schedule, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    opens, closes = schedule.opens or "00:00", schedule.closes or "24:00"
    if schedule.bank_holidays == "hours" and day in bank_holidays(day.year):
        opens, closes = schedule.holiday_opens or opens, schedule.holiday_closes or closes
    starts_at, ends_at = _time(opens), _time(closes)
    end_day = day + timedelta(days=1) if closes == "24:00" or ends_at <= starts_at else day
    return _instant(day, starts_at, zone), _instant(end_day, ends_at, zone)


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _instant(day: date, moment: time, zone: tzinfo) -> datetime:
    """A wall-clock time as a moment; one that the change of the clocks leaves out becomes the one an hour later."""
    return tz.resolve_imaginary(datetime.combine(day, moment, tzinfo=zone)).astimezone(timezone.utc)


@lru_cache(maxsize=8)
def _zone(name: str) -> tzinfo:
    zone = tz.gettz(name)
    if zone is None:
        raise ValueError(f"no such time zone: {name}")
    return zone


def _time(text: str) -> time:
    return time() if text == "24:00" else time.fromisoformat(text)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _until(closes: datetime, local: datetime) -> str:
    if closes - local <= timedelta(hours=24):
        return clock(closes.time())
    return _when(closes, local)


def _when(moment: datetime, local: datetime) -> str:
    at = f"at {clock(moment.time())}"
    days = (moment.date() - local.date()).days
    if days <= 1:
        return f"{'tomorrow' if days else 'today'} {at}"
    name = DAY_NAMES[moment.weekday()]
    return f"{name} {at}" if days < 7 else f"{name} {moment.day} {moment:%B} {at}"


def _days(rule: str) -> str | None:
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    if parts == {"FREQ": "DAILY"}:
        return "every day"
    if set(parts) != {"FREQ", "BYDAY"} or parts["FREQ"] != "WEEKLY":
        return None
    codes = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    numbers = sorted(codes.index(code) for code in parts["BYDAY"].split(",") if code in codes)
    names = [DAY_NAMES[number] for number in numbers]
    if len(names) == 7:
        return "every day"
    if len(names) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{names[0]} to {names[-1]}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
