"""Opening hours as a weekly grid: out of a service's schedules, and back into them.

A grid is a set of hours: for each weekday when it opens and closes, with one rule for bank holidays. Days with the same times
become one schedule. What no grid can show (every second Tuesday) keeps its rule as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

DAYS = (("mo", "Monday"), ("tu", "Tuesday"), ("we", "Wednesday"), ("th", "Thursday"), ("fr", "Friday"), ("sa", "Saturday"),
        ("su", "Sunday"))  # fmt: skip
CODES = tuple(code for code, _ in DAYS)
# What all days of a set share.
SHARED = (
    "attending_type",
    "bank_holidays",
    "holiday_opens",
    "holiday_closes",
    "valid_from",
    "valid_to",
    "description",
    "confirmed",
)
_WEEKLY = re.compile(r"FREQ=WEEKLY;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*)")

Set = dict[str, Any]


def to_sets(schedules: Sequence[Mapping[str, Any]]) -> list[Set]:
    """Give sets of hours for the form. Neighbours that share everything but days and times come into one grid."""
    sets: list[Set] = []
    for schedule in schedules:
        days = _days(schedule.get("rrule"))
        last = sets[-1] if sets else None
        if last is not None and days and not last["rule"] and _belongs(last, schedule, days):
            _fill(last, schedule, days)
            continue
        made: Set = {name: schedule.get(name) for name in SHARED}
        made["bank_holidays"] = made["bank_holidays"] or "closed"
        made["rule"] = "" if days or not schedule.get("rrule") else schedule["rrule"]
        made["rule_opens"], made["rule_closes"] = (schedule.get("opens"), schedule.get("closes")) if made["rule"] else ("", "")
        _fill(made, schedule, days)
        sets.append(made)
    return sets


def to_schedules(sets: Sequence[Set]) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """Give the schedules of the sets, and for each where it came from: the number of its set, and its first day or "rule"."""
    schedules: list[dict[str, Any]] = []
    origins: list[tuple[int, str]] = []
    for number, each in enumerate(sets):
        for origin, timed in _timed(each):
            schedules.append(
                {**{name: each.get(name) or None for name in SHARED}, "confirmed": bool(each.get("confirmed")), **timed}
            )
            origins.append((number, origin))
    return schedules, origins


def is_blank(each: Set) -> bool:
    """Tell whether nothing was filled in."""
    return not (each.get("rule") or each.get("description") or any(each.get(f"{code}_{part}") for code in CODES
                for part in ("opens", "closes")))  # fmt: skip


def _timed(each: Set) -> list[tuple[str, dict[str, Any]]]:
    if each.get("rule"):
        return [("rule", _rule(each["rule"], each.get("rule_opens"), each.get("rule_closes")))]
    groups: dict[tuple[str, str], list[str]] = {}
    for code in CODES:
        times = (each.get(f"{code}_opens") or "", each.get(f"{code}_closes") or "")
        if any(times):
            groups.setdefault(times, []).append(code)
    found = []
    for (opens, closes), codes in groups.items():
        rule = "FREQ=DAILY" if len(codes) == 7 else "FREQ=WEEKLY;BYDAY=" + ",".join(code.upper() for code in codes)
        found.append((codes[0], _rule(rule, opens, closes)))
    # Without any time there is only what the words say; bank holidays belong to times.
    return found or [("description", {"bank_holidays": None, "holiday_opens": None, "holiday_closes": None,
                                      "valid_from": None, "valid_to": None})]  # fmt: skip


def _rule(rule: str, opens: Any, closes: Any) -> dict[str, Any]:
    return {"rrule": rule, "opens": opens or None, "closes": closes or None, "timezone": "Europe/London"}


def _days(rule: str | None) -> list[str]:
    """The days of a rule that a grid can show."""
    if rule == "FREQ=DAILY":
        return list(CODES)
    found = _WEEKLY.fullmatch(rule or "")
    return [day.lower() for day in found.group(1).split(",")] if found else []


def _belongs(last: Set, schedule: Mapping[str, Any], days: Sequence[str]) -> bool:
    taken = {code for code in CODES if last.get(f"{code}_opens")}
    same = all((last[name] or None) == (schedule.get(name) or None) for name in SHARED)
    return same and bool(taken) and taken.isdisjoint(days)


def _fill(made: Set, schedule: Mapping[str, Any], days: Sequence[str]) -> None:
    for day in days:
        made[f"{day}_opens"], made[f"{day}_closes"] = schedule.get("opens"), schedule.get("closes")
