"""What is asked and not answered: counted from real turns, without a word of them, and shown so that nobody can be known."""
from __future__ import annotations

import re
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from consoles import Console
from running import Person, Running
from sentences import EXAMPLES

from outreach.adapters.question_counts import QuestionCounts, question_count
from outreach.reporting.counting import ANSWERED, BROKEN, NOT_UNDERSTOOD, OUT_OF_SCOPE, Cell, today

AREA = "Welwyn Hatfield and Hertsmere"
SECRET = "zanzibarquux"


def counts_of(running: Running) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(running.database)) as database:
        return database.execute("SELECT day, channel, topic, area, outcome, count FROM question_count").fetchall()


def test_turns_are_counted_by_topic_area_channel_and_day_and_hold_nothing_else(start_product: Callable[..., Running]) -> None:
    running, began = start_product(), today()
    person = Person(running.url)
    for intent in ("ask_pets", "ask_pets", "out_of_scope", "immediate_danger"):
        person.say(EXAMPLES[intent])
    person.say(f"my name is {SECRET} and i live in potters bar")
    person.say(EXAMPLES["ask_cost"])
    person.say(f"{SECRET} glorp wibble fnord")
    person.say(EXAMPLES["immediate_danger"])
    time.sleep(1)
    token = person.token
    Person(running.url).say(EXAMPLES["quick_exit"])
    running.stop()
    rows = counts_of(running)
    found = Counter({(topic, area, outcome): count for _, _, topic, area, outcome, count in rows})
    # The area is read a moment after the answer: by then a quick writer may have said where they are.
    assert sum(n for (topic, _, outcome), n in found.items() if (topic, outcome) == ("ask_pets", ANSWERED)) == 2, rows
    # The football, and the words that mean nothing: one not understood, or both out of its reach.
    assert sum(n for (_, _, outcome), n in found.items() if outcome in (OUT_OF_SCOPE, NOT_UNDERSTOOD)) == 2, rows
    assert found["ask_cost", AREA, ANSWERED] == 1, f"the area is known by now: {rows}"
    assert found["immediate_danger", "", ANSWERED] == 2, "but never with danger"
    assert not any("quick_exit" in topic for topic, _, _ in found)
    assert {row[0] for row in rows} <= {began.isoformat(), today().isoformat()} and {row[1] for row in rows} == {"web"}
    held = str(rows).lower()
    assert SECRET not in held and token.lower() not in held and "potters" not in held
    dump = subprocess.run(["strings", str(running.database)], capture_output=True, text=True, check=False).stdout.lower()
    assert SECRET not in dump
    assert "could not be counted" not in running.printed()


def test_a_table_of_counts_that_is_gone_disturbs_no_turn_and_no_stop(start_product: Callable[..., Running]) -> None:
    running = start_product()
    with closing(sqlite3.connect(running.database, timeout=5)) as database, database:
        database.execute("DROP TABLE question_count")
    person = Person(running.url)
    assert person.say(EXAMPLES["ask_pets"])[0]["text"]
    running.stop()
    assert "counts could not be written" in running.printed()


@pytest.fixture
def counts(console: Console) -> Any:
    """Puts counts into the console's database; afterwards there are none."""
    yield QuestionCounts(console.engine)
    with console.engine.begin() as connection:
        connection.execute(sa.delete(question_count))


def cell(topic: str, area: str = "", channel: str = "web", outcome: str = ANSWERED, day: date | None = None) -> Cell:
    return Cell(day or today(), channel, topic, area, outcome)


def numbers(page: str) -> set[int]:
    """Every number in a cell of a table."""
    return {int(found) for found in re.findall(r"<td[^>]*>(\d+)</td>", page)}


@pytest.mark.parametrize("role", ["editor", "publisher", "manager"])
def test_what_may_be_shown_is_shown(console: Console, counts: QuestionCounts, role: str) -> None:
    counts.add({
        cell("ask_pets", outcome=NOT_UNDERSTOOD): 12, cell("ask_refuge", AREA): 7, cell("ask_refuge"): 8,
        cell("ask_refuge", "Watford and Three Rivers"): 4, cell("ask_fgm"): 4, cell("", outcome=BROKEN): 5,
    })  # fmt: skip
    page = console.signed_in(role).get("/unanswered").text
    assert "Pets" in page and "Find a safe place to stay" in page and "Something went wrong" in page
    assert "FGM" not in page and numbers(page) <= {5, 10, 15} and "under 5" in page


@pytest.mark.parametrize("role", ["caseworker", "auditor"])
def test_others_do_not_see_it(console: Console, role: str) -> None:
    assert console.signed_in(role, areas=[AREA]).get("/unanswered").status_code == 403


def test_moving_a_hidden_few_to_no_area_changes_nothing_on_the_page(console: Console, counts: QuestionCounts) -> None:
    manager = console.signed_in("manager")
    counts.add({cell("ask_refuge", AREA): 3, cell("ask_refuge"): 9})
    before = manager.get("/unanswered").text
    with console.engine.begin() as connection:
        connection.execute(sa.delete(question_count))
    counts.add({cell("ask_refuge"): 12})
    assert manager.get("/unanswered").text == before


def test_danger_has_no_areas(console: Console, counts: QuestionCounts) -> None:
    counts.add({cell("immediate_danger"): 9})
    assert "not counted" in console.signed_in("manager").get("/unanswered").text


def test_months_can_be_chosen_and_nonsense_shows_this_one(console: Console, counts: QuestionCounts) -> None:
    manager, last_month = console.signed_in("manager"), today().replace(day=1) - timedelta(days=1)
    counts.add({cell("ask_pets", day=last_month): 5, cell("ask_cost"): 5})
    page = manager.get("/unanswered").text
    assert "What it costs" in page and "Pets" not in page and f"{last_month:%Y-%m}" in page
    page = manager.get("/unanswered", params={"month": f"{last_month:%Y-%m}"}).text
    assert "Pets" in page and "What it costs" not in page
    for month in ("2026-13", "x", "'", "9999-99", "1"):
        assert "What it costs" in manager.get("/unanswered", params={"month": month}).text


def test_an_empty_month_says_so(console: Console, counts: QuestionCounts) -> None:
    assert "nothing to show" in console.signed_in("editor").get("/unanswered").text
