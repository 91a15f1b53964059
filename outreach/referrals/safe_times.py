"""When it is safe to be in touch: somebody's words, and the windows they come to where that is certain.

A wrong window can put somebody in danger, so a single word that is not understood leaves the words alone to speak.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach.referrals.words import MOST_ANSWER, Problem, clean, plain

DAY = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
DAY_NAME = r"(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:days?)?s?"
PARTS: dict[str, tuple[int, int]] = {
    "morning": (8 * 60, 12 * 60), "lunchtime": (12 * 60, 14 * 60), "afternoon": (12 * 60, 17 * 60),
    "evening": (17 * 60, 21 * 60), "daytime": (9 * 60, 17 * 60), "any time": (0, DAY), "anytime": (0, DAY),
    "whenever": (0, DAY), "all day": (0, DAY), "office hours": (9 * 60, 17 * 60), "working hours": (9 * 60, 17 * 60),
}  # fmt: skip
TIME = r"(?:\d{1,2}(?:[:. ]\d{2})?\s?(?:am|pm)?|noon|midday|midnight)"
LEXICON: tuple[tuple[str, str], ...] = (
    ("both", rf"(?:from |after |between )(?P<b1>{TIME})(?: and| but|,)* ?"
             rf"(?:before|until|till|til|to|and|-|–) ?(?P<b2>{TIME})"),
    ("range", rf"(?P<r1>{TIME}) ?(?:-|–|to|until|till|til) ?(?P<r2>{TIME})"),
    ("after", rf"(?:any ?time )?(?:after|from|past) (?P<a>{TIME})(?: onwards?| on)?"),
    ("before", rf"(?:any ?time )?(?P<word>before|until|till|til|up to) (?P<u>{TIME})"),
    ("days", rf"(?P<d1>{DAY_NAME}) ?(?:-|–|to|till|til|until|through) ?(?P<d2>{DAY_NAME})(?!\w)"),
    ("days", rf"(?P<d>{DAY_NAME})(?!\w)"),
    ("days", r"(?P<many>week ?days?|weekends?|every ?day|any ?day|daily|all week|in the week|during the week)"),
    ("part", r"(?:the )?(?P<part>morning|lunchtime|afternoon|evening|daytime|any ?time|whenever|all day"
             r"|(?:office|working) hours)s?"),
    ("not", r"(?:but )?(?:not|never|except|apart from|other than|no)(?: (?:on|in|at|for|the))*"),
    ("join", r"(?:and|or|&|\+|/)"),
    ("stop", r"[,;.]"),
    ("quiet", r"(?:on|in|at|the|only|please|pls|thanks|thank you|is|are|it|its|best|good|ok|okay|fine|safe|safest|for me|i am"
              r"|im|free|any|you can|call|ring|text|me|also|during|would be|yes)"),
)  # fmt: skip
COMPILED = tuple((kind, re.compile(pattern + r"(?![\w])" if kind not in ("stop",) else pattern)) for kind, pattern in LEXICON)


@dataclass(frozen=True)
class Window:
    """Days (0 is Monday) on which it is safe from `start` to `end`, as "HH:MM"; "24:00" ends the day."""

    days: tuple[int, ...]
    start: str
    end: str


@dataclass(frozen=True)
class SafeTimes:
    """When it is safe, in somebody's words. `windows` is empty where the words are not certain enough."""

    words: str
    windows: tuple[Window, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        windows = [{"days": list(each.days), "start": each.start, "end": each.end} for each in self.windows]
        return {"words": self.words, "windows": windows}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> SafeTimes:
        """What `to_dict` gave."""
        windows = (Window(tuple(each["days"]), each["start"], each["end"]) for each in found.get("windows") or ())
        return cls(str(found["words"]), tuple(windows))


def safe_times(text: object) -> SafeTimes | Problem:
    """When it is safe to be in touch: "weekdays after 9.30, not Fridays", "mon-wed 10-2", "any time"."""
    line = clean(text, MOST_ANSWER)
    if isinstance(line, Problem):
        return line
    if isinstance(plain(line), Problem):
        return Problem.UNCLEAR
    try:
        return SafeTimes(line, _windows(_read(line.casefold())))
    except Unsure:
        return SafeTimes(line)


class Unsure(Exception):
    """The words may mean more than one thing."""


Spans = frozenset[tuple[int, int]]
ALL_DAY: Spans = frozenset(((0, DAY),))


@dataclass(frozen=True)
class Item:
    """A piece of the words: days, times of day, "not", a joiner or a stop."""

    kind: str
    days: frozenset[int] = frozenset()
    spans: Spans = frozenset()


def _read(words: str) -> list[Item]:
    """The pieces in order; raises Unsure at the first that is not known."""
    words = re.sub(r"(?<=\d)\s*(a|p)\.?m\b\.?", r"\1m", words.replace("’", "'").replace("o'clock", ""))
    items: list[Item] = []
    at = 0
    while at < len(words):
        if words[at].isspace() or words[at] in "!'\"()":
            at += 1
            continue
        for kind, pattern in COMPILED:
            match = pattern.match(words, at)
            if match:
                items.append(_item(kind, match))
                at = match.end()
                break
        else:
            raise Unsure
    return [item for item in items if item.kind != "quiet"]


def _item(kind: str, match: re.Match[str]) -> Item:
    found = match.groupdict()
    if kind == "days":
        return Item("days", _days(found))
    if kind == "part":
        part = re.sub(r"\bany ?time\b", "any time", found["part"])
        return Item("times", spans=frozenset((PARTS[part],)))
    if kind in ("both", "range"):
        first, last = (found["b1"], found["b2"]) if kind == "both" else (found["r1"], found["r2"])
        return Item("times", spans=frozenset((_between(first, last),)))
    if kind == "after":
        return Item("times", spans=frozenset(((_minutes(found["a"], *_BY_DAY), DAY),)))
    if kind == "before":
        return Item("times", spans=frozenset(((0, _minutes(found["u"], *_UNTIL)),)))
    return Item(kind)


def _days(found: Mapping[str, str | None]) -> frozenset[int]:
    if found.get("many"):
        many = str(found["many"]).replace(" ", "")
        if many.startswith("weekend"):
            return frozenset((5, 6))
        return frozenset(range(5)) if "week" in many and many != "allweek" else EVERY_DAY
    if found.get("d"):
        return frozenset((DAYS.index(str(found["d"])[:3]),))
    first, last = (DAYS.index(str(found[name])[:3]) for name in ("d1", "d2"))
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


# Which hours without am or pm are taken for which half of the day; any other hour may be either.
_BY_DAY = (frozenset((9, 10, 11, 12)), frozenset((1, 2, 3, 4, 5, 6)))
_UNTIL = (frozenset((10, 11, 12)), frozenset((1, 2, 3, 4, 5, 6)))
_EARLY = (frozenset((7, 8, *_BY_DAY[0])), _BY_DAY[1])


def _minutes(time: str, as_morning: frozenset[int], as_afternoon: frozenset[int]) -> int:
    """Minutes from midnight. Raises Unsure for an hour that may be either half of the day, or for no time at all."""
    hour, minute, half = _parts(time)
    if half is None and hour < 13:
        if hour in as_afternoon:
            hour += 12
        elif hour not in as_morning and not re.match(r"0\d", time):
            raise Unsure
    return hour * 60 + minute


def _parts(time: str) -> tuple[int, int, str | None]:
    if time in ("noon", "midday"):
        return 12, 0, "pm"
    if time == "midnight":
        return 24, 0, "pm"
    match = re.fullmatch(r"(\d{1,2})(?:[:. ](\d{2}))?\s?(am|pm)?", time)
    if match is None:
        raise Unsure
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half and not 1 <= hour <= 12:
        raise Unsure
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise Unsure
    return hour, minute, half


def _between(first: str, last: str) -> tuple[int, int]:
    """A range: "10-2" ends after noon, and "2-5pm" begins there too."""
    _, _, half = _parts(first)
    end_hour, end_minute, end_half = _parts(last)
    if half is None and end_half == "pm" and _parts(first)[0] < end_hour - 12:
        start = (_parts(first)[0] + 12) * 60 + _parts(first)[1]
    else:
        # "8-4" can only begin in the morning; "7-9" may be either half of the day.
        early = end_half is not None or end_hour <= _parts(first)[0] or end_hour >= 12
        start = _minutes(first, *(_EARLY if early else _BY_DAY))
    end = end_hour * 60 + end_minute
    if end_half is None and end <= start and end_hour < 12:
        end += 12 * 60
    if end <= start or end > DAY:
        raise Unsure
    return start, end


def _merged(items: list[Item]) -> list[Item]:
    """Days beside days, or times joined to times, are one piece; other joiners and stops go."""
    merged: list[Item] = []
    joined = False
    for item in items:
        if item.kind in ("join", "stop"):
            joined = True
            continue
        last = merged[-1] if merged else None
        if last is not None and last.kind == item.kind:
            if not joined and item.kind == "times":
                raise Unsure
            merged[-1] = Item(item.kind, last.days | item.days, last.spans | item.spans)
        else:
            merged.append(item)
        joined = False
    return merged


def _windows(items: list[Item]) -> tuple[Window, ...]:
    positive, negative = _split_not(items)
    minutes = _positive(_merged(positive))
    for days, spans in negative:
        for day in days:
            for start, end in spans:
                minutes[day] -= set(range(start, end))
    return _as_windows(minutes)


def _split_not(items: list[Item]) -> tuple[list[Item], list[tuple[frozenset[int], Spans]]]:
    """What is said to be safe, and what is not. After a "not" nothing but what is not may follow."""
    first = next((at for at, item in enumerate(items) if item.kind == "not"), len(items))
    positive, said = items[:first], items[first:]
    groups: list[list[Item]] = []
    for at, item in enumerate(said):
        if item.kind == "not" or (item.kind == "join" and said[at - 1].kind != "stop"):
            groups.append([])
        elif item.kind == "stop":
            # "Not Fridays, Saturdays…": whether the second is safe cannot be told.
            if at + 1 < len(said) and said[at + 1].kind != "not":
                raise Unsure
        else:
            groups[-1].append(item)
    groups = [group for group in groups if group] if said else []
    if said and not groups:
        raise Unsure
    return positive, [_negative(group) for group in groups]


def _negative(group: list[Item]) -> tuple[frozenset[int], Spans]:
    merged = _merged(group)
    if len(merged) != 1:
        raise Unsure  # "not Monday mornings" may leave Monday afternoons, or nothing of Monday
    return merged[0].days or EVERY_DAY, merged[0].spans or ALL_DAY


def _positive(items: list[Item]) -> list[set[int]]:
    """The safe minutes of each day. Days and times come in pairs, in one order all through, or there is one of them."""
    minutes: list[set[int]] = [set() for _ in range(7)]
    kinds = [item.kind for item in items]
    if not items:
        pairs = [(EVERY_DAY, ALL_DAY)]
    elif len(items) == 1:
        pairs = [(items[0].days or EVERY_DAY, items[0].spans or ALL_DAY)]
    elif len(items) % 2 == 0 and kinds == kinds[:2] * (len(items) // 2) and set(kinds) == {"days", "times"}:
        couples = zip(items[::2], items[1::2])
        pairs = [(first.days or second.days, first.spans or second.spans) for first, second in couples]
    else:
        raise Unsure
    for days, spans in pairs:
        for day in days:
            for start, end in spans:
                minutes[day] |= set(range(start, end))
    return minutes


def _as_windows(minutes: list[set[int]]) -> tuple[Window, ...]:
    by_span: dict[tuple[int, int], list[int]] = {}
    for day, safe in enumerate(minutes):
        for start in sorted(each for each in safe if each - 1 not in safe):
            end = start
            while end in safe:
                end += 1
            by_span.setdefault((start, end), []).append(day)
    return tuple(Window(tuple(days), _clock(start), _clock(end)) for (start, end), days in sorted(by_span.items()))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
