"""What staff see of a month's counts, so that nothing on the page lets anybody work out a small number.

Four things see to that together (docs/adr/0014-counts.md):

- a number below five is not shown, and a topic that is not shown is in no other number either;
- every other number is rounded down to a five, so that looking twice does not show what one message added;
- a total is the total of what is shown, rounded as it stands there, and of nothing else;
- where no area is known is never a column, so that the areas never add up to the topic.
"""
from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from outreach.reporting.counting import ANSWERED, NOT_ANSWERED, Cell

FEWEST = 5


def shown(number: int) -> int | None:
    """What may be shown of a count: it, rounded down to a five, or None below five."""
    return number - number % FEWEST if number >= FEWEST else None


@dataclass(frozen=True)
class Row:
    """A topic (or a day) with what may be shown of it. `channels` is None where one of them is below five."""

    topic: str
    number: int
    channels: Mapping[str, int] | None
    areas: Mapping[str, int | None]


@dataclass(frozen=True)
class Table:
    """Rows, most first, and the total of what they show."""

    rows: tuple[Row, ...]

    @property
    def total(self) -> int:
        """The sum of the rows as they are shown."""
        return sum(row.number for row in self.rows)


@dataclass(frozen=True)
class Day:
    """What may be shown of a day; None below five."""

    day: date
    answered: int | None
    not_answered: int | None


@dataclass(frozen=True)
class Month:
    """A month as staff see it: what was answered, what was not by reason, and day by day."""

    first: date
    answered: Table
    not_answered: Mapping[str, Table]
    days: tuple[Day, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that may be shown."""
        return not (self.answered.rows or any(table.rows for table in self.not_answered.values()))


def month_of(counts: Mapping[Cell, int], first: date, areas: Sequence[str], channels: Sequence[str]) -> Month:
    """A month's counts as they may be shown. `first` is the month's first day, `areas` the columns."""
    sums = _sums(counts, lambda cell: (cell.topic, cell.outcome))
    counts = {cell: number for cell, number in counts.items() if shown(sums[cell.topic, cell.outcome]) is not None}

    def table(*outcomes: str) -> Table:
        return _table({cell: n for cell, n in counts.items() if cell.outcome in outcomes}, areas, channels)

    return Month(first, table(ANSWERED), {outcome: table(outcome) for outcome in NOT_ANSWERED}, _days(counts, first))


def days_of(first: date) -> tuple[date, date]:
    """The first and last day of a month."""
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def months_between(first: date, last: date) -> list[date]:
    """The first day of every month from one day to another, newest first."""
    months, month = [], last.replace(day=1)
    while month >= first.replace(day=1):
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def _table(counts: Mapping[Cell, int], areas: Sequence[str], channels: Sequence[str]) -> Table:
    rows = []
    for topic in sorted({cell.topic for cell in counts}):
        own = {cell: number for cell, number in counts.items() if cell.topic == topic}
        rows.append(Row(topic, shown(sum(own.values())) or 0, _channels(own, channels), _areas(own, areas)))
    return Table(tuple(sorted(rows, key=lambda row: (-row.number, row.topic))))


def _channels(counts: Mapping[Cell, int], channels: Sequence[str]) -> dict[str, int] | None:
    """By channel, where each may be shown: with one of two hidden, the other and the total would tell it."""
    sums = _sums(counts, lambda cell: cell.channel)
    found = {channel: shown(sums[channel]) for channel in channels}
    return None if None in found.values() else {channel: number or 0 for channel, number in found.items()}


def _areas(counts: Mapping[Cell, int], areas: Sequence[str]) -> dict[str, int | None]:
    sums = _sums(counts, lambda cell: cell.area)
    return {area: shown(sums[area]) for area in areas}


def _days(counts: Mapping[Cell, int], first: date) -> tuple[Day, ...]:
    answered = _sums(_only(counts, (ANSWERED,)), lambda cell: cell.day)
    not_answered = _sums(_only(counts, NOT_ANSWERED), lambda cell: cell.day)
    start, end = days_of(first)
    every = (start + timedelta(days=number) for number in range((end - start).days + 1))
    found = (Day(day, shown(answered[day]), shown(not_answered[day])) for day in every)
    return tuple(day for day in found if day.answered or day.not_answered)


def _only(counts: Mapping[Cell, int], outcomes: Iterable[str]) -> dict[Cell, int]:
    return {cell: number for cell, number in counts.items() if cell.outcome in outcomes}


def _sums(counts: Mapping[Cell, int], by: Callable[[Cell], object]) -> Counter[object]:
    sums: Counter[object] = Counter()
    for cell, number in counts.items():
        sums[by(cell)] += number
    return sums
