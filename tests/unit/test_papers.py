"""The papers are held to the product: tests that they name exist, nothing that is stored is missing, no hazard goes without."""
from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from outreach.adapters import database
from outreach.settings import ROOT, SETTINGS

FOLDER = ROOT / "docs" / "papers"
PAPERS = sorted(FOLDER.glob("*.md"))
NAMES = {"data-protection", "incidents", "retention", "safety-case"}
# About four pages; the notes with the tests are not counted.
MOST_WORDS = 2200

NOTE = re.compile(r"^\[\^([\w-]+)\]: (.+)$", re.MULTILINE)
MARK = re.compile(r"\[\^([\w-]+)\]")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SETTING = re.compile(r"`([A-Z]+(?:_[A-Z0-9]+)+)`(?: \((\d+)\))?")


def text_of(paper: Path) -> str:
    return paper.read_text(encoding="utf-8")


def body_of(paper: Path) -> str:
    """What a person reads: all but the notes at the end."""
    return NOTE.sub("", text_of(paper))


def rows_of(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, headings and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [at for at, row in enumerate(rows) if all(set(cell) <= set("-: ") for cell in row)]
    return [row for at, row in enumerate(rows) if at not in rules and at + 1 not in rules]


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


@cache
def named_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    functions = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return frozenset(node.name for node in functions)


def each_paper() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.stem))


def test_all_four_are_there() -> None:
    assert {paper.stem for paper in PAPERS} == {*NAMES, "README"}


@each_paper()
def test_every_test_that_a_paper_names_exists(paper: Path) -> None:
    named = NAMED_TEST.findall(text_of(paper))
    assert paper.stem == "README" or named
    assert [f"{file}::{name}" for file, name in named if name not in named_in(file)] == []


@each_paper()
def test_every_note_is_used_and_names_nothing_but_tests(paper: Path) -> None:
    notes = dict(NOTE.findall(text_of(paper)))
    assert len(notes) == len(NOTE.findall(text_of(paper))), "no note has two meanings"
    assert set(MARK.findall(body_of(paper))) == set(notes)
    assert {name: note for name, note in notes.items() if NAMED_TEST.sub("", note).strip() or not note} == {}


@each_paper()
def test_a_paper_is_short(paper: Path) -> None:
    words = len(MARK.sub("", body_of(paper)).split())
    assert words <= MOST_WORDS, f"{words} words"


@each_paper()
def test_a_default_that_a_paper_names_is_the_default(paper: Path) -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS}
    named = [(name, default) for name, default in SETTING.findall(body_of(paper)) if name in defaults and default]
    assert [(name, default) for name, default in named if defaults[name] != default] == []


def test_every_table_of_the_database_is_in_the_schedule(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'outreach.db'}")
    database.migrate(engine)
    there = {name for name in sa.inspect(engine).get_table_names() if name != "alembic_version"}
    engine.dispose()
    named = [name for row in rows_of(body_of(FOLDER / "retention.md")) for name in re.findall(r"`([a-z_]+)`", row[0])]
    assert sorted(named) == sorted(there)


def test_every_setting_by_which_something_is_kept_is_in_the_schedule() -> None:
    keeps = re.compile(r"RETENTION|OPEN_DAYS|IDLE_MINUTES|CONSOLE_HOURS|KEY_FILE$|REFERRAL_(?:PUBLIC|PRIVATE)_KEYS")
    named = {name for name, _ in SETTING.findall(body_of(FOLDER / "retention.md"))}
    assert {s.name for s in SETTINGS if keeps.search(s.name) and s.name != "REFERRAL_LONG_OPEN_DAYS"} - named == set()


def test_every_key_file_is_in_the_schedule_and_has_its_way_out() -> None:
    files = {str(Path(s.default).relative_to(ROOT)) for s in SETTINGS if s.default.startswith(str(ROOT)) and "/keys/" in s.default}
    assert len(files) == 5
    for paper, heading in (("retention", "Keys"), ("incidents", "A key has been seen")):
        told = section(body_of(FOLDER / f"{paper}.md"), heading)
        assert {file for file in files if Path(file).name not in told} == set(), paper


def test_what_is_kept_about_people_and_staff_is_proved_row_by_row() -> None:
    body = body_of(FOLDER / "retention.md")
    for heading in ("About people who ask for help", "About staff"):
        rows = rows_of(section(body, heading))
        assert rows
        # The head row of the audit is part of what shows that the audit is whole.
        assert [row[0] for row in rows if not MARK.search(" ".join(row)) and row[0] != "`audit_head`"] == []


def test_every_hazard_has_a_control_that_is_tested_and_what_remains_and_an_owner() -> None:
    rows = rows_of(section(body_of(FOLDER / "safety-case.md"), "Hazards"))
    assert [row[0] for row in rows] == [f"H{number}" for number in range(1, len(rows) + 1)] and len(rows) >= 20
    people = {row[0] for row in rows_of(body_of(FOLDER / "README.md").split("| in these papers |")[1])}
    owners = {name.strip() for row in people for name in row.split(",")}
    for number, hazard, controls, remains, whose in rows:
        assert hazard and MARK.search(controls) and remains, number
        assert re.split(r"[,;:]", whose)[0].removeprefix("a ").strip() in owners, number


def test_every_risk_to_people_is_answered() -> None:
    rows = rows_of(section(body_of(FOLDER / "data-protection.md"), "Risks to people"))
    assert len(rows) >= 10
    for who, control, remains in rows:
        # Hazards have their own paper, with their own tests.
        answered = MARK.search(control) or "(safety-case.md)" in control
        assert who and answered and remains, who


def test_the_figures_of_the_safety_case_are_those_of_the_decision() -> None:
    decision = text_of(ROOT / "docs" / "adr" / "0006-classifier.md")
    figures = [line for line in text_of(FOLDER / "safety-case.md").splitlines() if re.match(r"\| \w+ \| \d+ \| 0\.\d+", line)]
    assert figures
    assert [line for line in figures if line not in decision] == []
    (measured,) = set(re.findall(r"measured on (\d+ \w+ \d{4})", text_of(FOLDER / "safety-case.md")))
    assert f"Measured on {measured}" in decision
