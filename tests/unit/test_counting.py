"""What is asked is counted: a topic, an area, a channel, a day, an outcome. Nothing of a conversation, and it disturbs no turn."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from channels import counting
from channels.counting import Counting, Writing
from channels.turns import Reply
from outreach.adapters.database import connect, migrate
from outreach.adapters.question_counts import QuestionCounts, question_count
from outreach.reporting.asked import FEWEST, days_of, month_of, months_between, shown
from outreach.reporting.counting import (
    ANSWERED,
    BROKEN,
    NO_AREA,
    NOT_UNDERSTOOD,
    OUT_OF_SCOPE,
    OUTSIDE,
    Cell,
    Tally,
    counted,
)

DAY = date(2026, 11, 21)
AREAS = ("North", "South")


# What a turn counts as


@pytest.mark.parametrize(("responses", "intent", "guess", "found"), [
    (["utter_ask_pets"], "ask_pets", "ask_pets", [("ask_pets", ANSWERED)]),
    (["utter_ask_pets", "utter_also", "utter_ask_cost"], "ask_pets", "ask_pets", [("ask_pets", ANSWERED), ("ask_cost", ANSWERED)]),
    (["utter_not_understood"], "nlu_fallback", "ask_pets", [("ask_pets", NOT_UNDERSTOOD)]),
    (["utter_not_understood_again"], "nlu_fallback", None, [("", NOT_UNDERSTOOD)]),
    (["utter_out_of_scope"], "out_of_scope", "out_of_scope", [("out_of_scope", OUT_OF_SCOPE)]),
    (["utter_static_fallback"], "ask_pets", "ask_pets", [("ask_pets", BROKEN)]),
    (["utter_area_found"], "give_location", "give_location", [("give_location", ANSWERED)]),
    (["utter_place_unknown"], "give_location", "give_location", [("give_location", NOT_UNDERSTOOD)]),
    (["utter_no_referral_now"], "request_referral", "request_referral", [("request_referral", ANSWERED)]),
    (["utter_immediate_danger"], "immediate_danger", "immediate_danger", [("immediate_danger", ANSWERED)]),
    # The consent is said in words of its own.
    ([None], "request_referral", "request_referral", [("request_referral", ANSWERED)]),
    # Answers to a form are nobody's questions, whatever they were taken for.
    (["utter_referral_ask_area"], "greet", "greet", []),
    (["utter_referral_area_is", "utter_referral_ask_way", None], "give_location", "give_location", []),
    (["utter_referral_bad_answer"], "nlu_fallback", "ask_pets", []),
    # Leaving is not counted, whatever else was in the message.
    (["utter_quick_exit"], "quick_exit", "quick_exit", []),
    (["utter_ask_pets", "utter_quick_exit"], "quick_exit", "quick_exit", []),
    ([], None, None, []),
    # What is only guessed is never danger: few would be behind the number.
    (["utter_not_understood"], "nlu_fallback", "immediate_danger", [("", NOT_UNDERSTOOD)]),
])  # fmt: skip
def test_a_turn_counts_by_what_was_said(
    responses: list[str | None], intent: str | None, guess: str | None, found: list[tuple[str, str]]
) -> None:
    assert counted(responses, intent, guess) == found


def test_a_tally_hands_over_what_it_has_once() -> None:
    tally = Tally(lambda: DAY)
    for _ in range(3):
        tally.add("web", "ask_pets", ANSWERED, "North")
    taken = tally.take()
    assert taken == {Cell(DAY, "web", "ask_pets", "North", ANSWERED): 3} and tally.take() == {}
    tally.put_back(taken)
    tally.add("web", "ask_pets", ANSWERED, "North")
    assert list(tally.take().values()) == [4]


@pytest.mark.parametrize("topic", ["immediate_danger", "child_at_risk", "suicidal_or_self_harm"])
def test_no_area_is_kept_with_danger(topic: str) -> None:
    tally = Tally(lambda: DAY)
    tally.add("web", topic, ANSWERED, "North")
    assert [cell.area for cell in tally.take()] == [NO_AREA]


# The channel's side


class FakeStore:
    """A conversation with an area; or one that is gone, or a store that fails."""

    def __init__(self, slots: dict[str, Any] | None = None, fails: bool = False) -> None:
        self.slots, self.fails, self.asked = slots, fails, 0

    def slot_values(self, sender_id: str, names: Sequence[str]) -> dict[str, Any]:
        self.asked += 1
        if self.fails:
            raise ConnectionError("gone")
        return {name: value for name, value in (self.slots or {}).items() if name in names}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_AFTERWARDS", 0)


def turn(store: FakeStore, response: str | None = "utter_ask_pets", parsed: Any = None) -> list[Cell]:
    tally = Tally(lambda: DAY)
    parsed = {"intent": {"name": "ask_pets"}, "intent_ranking": []} if parsed is None else parsed

    async def run() -> None:
        own = Counting(SimpleNamespace(tracker_store=store), "web", tally)  # type: ignore[arg-type]
        own.turn_over("secret-sender", [Reply("words that were said", response=response)], parsed)
        await asyncio.sleep(0.02)

    asyncio.run(run())
    return list(tally.take())


@pytest.mark.parametrize(("slots", "area"), [
    ({"area": "North", "district": "Hertsmere"}, "North"), ({"district": "Harlow (Essex)"}, OUTSIDE), ({}, NO_AREA), (None, NO_AREA),
])
def test_the_area_is_the_one_last_spoken_of(slots: dict[str, Any] | None, area: str) -> None:
    assert turn(FakeStore(slots)) == [Cell(DAY, "web", "ask_pets", area, ANSWERED)]


def test_a_count_holds_no_words_and_no_conversation() -> None:
    (cell,) = turn(FakeStore({"area": "North", "place": "14 Mill Lane"}))
    assert set(cell.__dict__) == {"day", "channel", "topic", "area", "outcome"}
    assert not any(word in str(cell) for word in ("secret-sender", "words that were said", "Mill"))


def test_a_broken_store_costs_the_area_and_nothing_else() -> None:
    assert turn(FakeStore(fails=True)) == [Cell(DAY, "web", "ask_pets", NO_AREA, ANSWERED)]


def test_after_something_broke_nothing_is_asked_of_the_store() -> None:
    store = FakeStore({"area": "North"})
    assert turn(store, "utter_static_fallback") == [Cell(DAY, "web", "ask_pets", NO_AREA, BROKEN)] and store.asked == 0


@pytest.mark.parametrize("parsed", [{}, {"intent": None}, {"intent": {}, "intent_ranking": None}, {"intent_ranking": [{}]}, 7])
def test_counting_never_raises_whatever_was_understood(parsed: Any) -> None:
    turn(FakeStore({}), "utter_not_understood", parsed)
    turn(FakeStore({}), None, parsed)


def test_what_was_not_understood_is_counted_by_what_came_nearest() -> None:
    ranking = [{"name": "nlu_fallback"}, {"name": "ask_housing"}, {"name": "ask_pets"}]
    (cell,) = turn(FakeStore({}), "utter_not_understood", {"intent": {"name": "nlu_fallback"}, "intent_ranking": ranking})
    assert (cell.topic, cell.outcome) == ("ask_housing", NOT_UNDERSTOOD)


# Writing


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


def test_writing_adds_to_what_is_there(engine: Engine) -> None:
    counts, cell = QuestionCounts(engine), Cell(DAY, "web", "ask_pets", "North", ANSWERED)
    counts.add({cell: 2, Cell(DAY, "sms", "ask_pets", "", ANSWERED): 1})
    counts.add({cell: 3})
    assert counts.between(DAY, DAY) == {cell: 5, Cell(DAY, "sms", "ask_pets", "", ANSWERED): 1}
    assert counts.first_day() == DAY


def test_the_table_has_no_room_for_words_ids_or_times(engine: Engine) -> None:
    columns = {column["name"]: str(column["type"]) for column in sa.inspect(engine).get_columns("question_count")}
    assert set(columns) == {"day", "channel", "topic", "area", "outcome", "count"} and columns["day"] == "DATE"
    assert set(question_count.columns.keys()) == set(columns)


def test_old_counts_are_forgotten_once_a_day(engine: Engine) -> None:
    counts, tally = QuestionCounts(engine), Tally(lambda: DAY)
    counts.add({Cell(DAY - timedelta(days=n), "web", "ask_pets", "", ANSWERED): 1 for n in (0, 30, 31)})
    Writing(tally, counts, timedelta(days=30), lambda: DAY).write()
    assert sorted(cell.day for cell in counts.between(date.min, date.max)) == [DAY - timedelta(days=30), DAY]


def test_what_cannot_be_written_waits(engine: Engine) -> None:
    class Failing(QuestionCounts):
        def add(self, counts: Any) -> None:
            raise OSError("full")

    tally = Tally(lambda: DAY)
    tally.add("web", "ask_pets", ANSWERED, "")
    Writing(tally, Failing(engine), timedelta(days=30), lambda: DAY).write()
    Writing(tally, QuestionCounts(engine), timedelta(days=30), lambda: DAY).write()
    assert list(QuestionCounts(engine).between(DAY, DAY).values()) == [1] and tally.take() == {}


def test_what_was_written_is_not_written_twice_when_forgetting_fails(engine: Engine) -> None:
    class Stubborn(QuestionCounts):
        def forget_before(self, day: date) -> None:
            raise OSError("locked")

    tally = Tally(lambda: DAY)
    tally.add("web", "ask_pets", ANSWERED, "")
    for _ in range(2):
        Writing(tally, Stubborn(engine), timedelta(days=30), lambda: DAY).write()
    assert list(QuestionCounts(engine).between(DAY, DAY).values()) == [1]


# What may be shown

cells = st.builds(
    Cell, st.sampled_from([DAY, DAY + timedelta(days=1)]), st.sampled_from(["web", "sms"]), st.sampled_from(["ask_pets", "ask_cost"]),
    st.sampled_from([*AREAS, NO_AREA]), st.sampled_from([ANSWERED, NOT_UNDERSTOOD]),
)
tables = st.dictionaries(cells, st.integers(1, 12), max_size=12)


def seen(counts: dict[Cell, int]) -> Any:
    return month_of(counts, DAY.replace(day=1), AREAS, ("web", "sms"))


def numbers_in(month: Any) -> list[int]:
    found = [each for day in month.days for each in (day.answered, day.not_answered)]
    for table in (month.answered, *month.not_answered.values()):
        found.append(table.total)
        for row in table.rows:
            found += [row.number, *row.areas.values(), *(row.channels or {}).values()]
    return [number for number in found if number is not None]


@pytest.mark.parametrize(("number", "seen_as"), [(0, None), (4, None), (5, 5), (9, 5), (10, 10), (14, 10)])
def test_below_five_nothing_is_shown_and_above_it_fives(number: int, seen_as: int | None) -> None:
    assert shown(number) == seen_as


@given(tables)
def test_no_number_below_five_is_ever_on_the_page_and_every_one_is_a_five(counts: dict[Cell, int]) -> None:
    assert all(number == 0 or (number >= FEWEST and number % 5 == 0) for number in numbers_in(seen(counts)))


@given(tables)
def test_a_total_is_of_what_is_shown_alone(counts: dict[Cell, int]) -> None:
    month = seen(counts)
    assert month.answered.total == sum(row.number for row in month.answered.rows)


@given(tables, cells)
def test_whether_a_few_came_from_an_area_or_said_nowhere_looks_the_same(counts: dict[Cell, int], cell: Cell) -> None:
    """Moved to "no area", those whom a small number hides leave no trace on the page, so nobody can work it out."""
    hidden = {
        each: number for each, number in counts.items()
        if (each.topic, each.area, each.outcome) == (cell.topic, cell.area, cell.outcome)
    }
    if cell.area == NO_AREA or sum(hidden.values()) >= FEWEST:
        return
    other = {each: number for each, number in counts.items() if each not in hidden}
    for each, number in hidden.items():
        nowhere = Cell(each.day, each.channel, each.topic, NO_AREA, each.outcome)
        other[nowhere] = other.get(nowhere, 0) + number
    assert seen(other) == seen(counts)


@given(tables)
def test_a_topic_that_few_asked_about_is_in_no_number_on_the_page(counts: dict[Cell, int]) -> None:
    sums = {(c.topic, c.outcome): sum(m for d, m in counts.items() if (d.topic, d.outcome) == (c.topic, c.outcome)) for c in counts}
    without = {c: n for c, n in counts.items() if sums[c.topic, c.outcome] >= FEWEST}
    assert seen(without) == seen(counts)


def test_the_split_by_channel_is_not_shown_where_it_would_tell_a_few() -> None:
    def split(web: int, sms: int) -> Any:
        (row,) = seen({
            Cell(DAY, "web", "ask_pets", NO_AREA, ANSWERED): web, Cell(DAY, "sms", "ask_pets", NO_AREA, ANSWERED): sms,
        }).answered.rows
        return row.channels

    assert split(20, 2) is None and split(20, 0) is None and split(20, 7) == {"web": 20, "sms": 5}


def test_one_message_more_does_not_show_by_looking_twice() -> None:
    before, after = ({Cell(DAY, "web", "ask_pets", "North", ANSWERED): n} for n in (6, 7))
    assert seen(before) == seen(after)


def test_a_month_has_its_days_and_there_is_a_list_of_months() -> None:
    assert days_of(date(2028, 2, 1)) == (date(2028, 2, 1), date(2028, 2, 29))
    assert months_between(date(2026, 11, 30), date(2027, 1, 2)) == [date(2027, 1, 1), date(2026, 12, 1), date(2026, 11, 1)]
    assert seen({}).is_empty and not seen({Cell(DAY, "web", "ask_pets", "", NOT_UNDERSTOOD): 5}).is_empty
