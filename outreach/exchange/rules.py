"""Recurrence rules and times, as the standard's separate fields have them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach.model import Schedule

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY_DAY = ",".join(DAYS)
DAILY = "FREQ=DAILY"
# HSDS names the parts of RFC 5545 in small letters.
WORDS = ("byday", "bymonthday", "byweekno", "byyearday", "wkst")
NUMBERS = ("interval", "count")
MIDNIGHT = "00:00"
END_OF_DAY = "24:00"


def written(schedule: Schedule) -> dict[str, Any]:
    """Give the standard's fields for when a schedule recurs and from when to when it opens."""
    parts: dict[str, Any] = {}
    if schedule.rrule:
        parts = _rule(schedule.rrule)
    if schedule.opens and schedule.closes:
        # The standard's times stop at 23:59; closing at or before opening means the next day, there as here.
        parts |= {"opens_at": schedule.opens, "closes_at": MIDNIGHT if schedule.closes == END_OF_DAY else schedule.closes}
    return parts


def read(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give `rrule`, `opens` and `closes` of the directory; None where the standard's fields do not say."""
    opens, closes = _clock(document.get("opens_at")), _clock(document.get("closes_at"))
    midnight = closes == MIDNIGHT or (opens == MIDNIGHT and closes == "23:59")
    return {"rrule": _rule_of(document), "opens": opens, "closes": END_OF_DAY if midnight else closes}


def _rule(rule: str) -> dict[str, Any]:
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    freq = parts.get("FREQ")
    if parts == {"FREQ": "DAILY"}:
        return {"freq": "WEEKLY", "byday": EVERY_DAY}
    if freq not in ("WEEKLY", "MONTHLY"):
        return {}  # the standard has no other: the rule itself goes into an attribute
    found: dict[str, Any] = {"freq": freq}
    found |= {name: parts[name.upper()] for name in WORDS if parts.get(name.upper())}
    found |= {name: int(parts[name.upper()]) for name in NUMBERS if parts.get(name.upper(), "").isdecimal()}
    return found


def _rule_of(document: Mapping[str, Any]) -> str | None:
    freq, byday = document.get("freq"), str(document.get("byday") or "")
    if not freq:
        return None
    if freq == "WEEKLY" and byday == EVERY_DAY and not any(document.get(name) for name in (*WORDS[1:], *NUMBERS)):
        return DAILY
    parts = [f"FREQ={freq}"]
    parts += [f"{name.upper()}={int(document[name])}" for name in NUMBERS if document.get(name)]
    parts += [f"{name.upper()}={str(document[name]).replace(' ', '')}" for name in WORDS if document.get(name)]
    if document.get("until"):
        parts.append(f"UNTIL={str(document['until']).replace('-', '')}")
    return ";".join(parts)


def _clock(text: str | None) -> str | None:
    """A time as "09:00"; its offset is left out, because the directory's times are those of a clock in England."""
    return text[:5] if text else None
