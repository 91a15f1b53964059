"""Importing content: all or nothing, twice the same, and never over what staff have changed."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database
from outreach.content import importer
from outreach.content.reading import ContentError
from outreach.settings import ROOT

Break = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.connect(database_url)
    database.migrate(engine)
    yield engine
    engine.dispose()


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.key))]
            for name, table in database.CONTENT_TABLES.items()
        }


def replacing(name: str, old: str, new: str) -> Break:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def cutting(name: str, part: float) -> Break:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * part)])

    return change


def latin(name: str, old: str, new: str) -> Break:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_bytes(text.replace(old, new, 1).encode("latin-1", errors="replace"))

    return change


HELP = "services/helplines.yml"
REFUGES = "services/refuges.yml"
BAD: dict[str, tuple[Break, str]] = {
    "a phone number too short": (replacing(HELP, '"08088 088 088"', '"08088 088"'), "phones[0].number"),
    "a premium number": (replacing(HELP, '"08088 088 088"', '"09088 088 088"'), "begin 09"),
    "a premium number in words": (replacing(HELP, "The volunteers know", "Ring 09088 088 088. The volunteers know"), "begins 09"),
    "an unknown district": (replacing(REFUGES, "- Welwyn Hatfield", "- Welwin Hatfield"), "Welwin"),
    "an unknown district of a place": (replacing("places.csv", "Tring,Dacorum", "Tring,Dacorun"), "Dacorun"),
    "an unknown service in signposts": (replacing("signposts.yml", "[respect-phoneline", "[respect-line"), "respect-line"),
    "an unknown service in routes": (replacing("routes.yml", "service: ndah", "service: nda"), "nda"),
    "an unknown team": (replacing("districts.yml", "team: outreach-watford", "team: outreach-wotford"), "wotford"),
    "a route that lacks an area": (
        replacing("routes.yml", "      Watford and Three Rivers: outreach-watford-three-rivers\n", ""), "Watford",
    ),
    "a bad rule": (replacing(HELP, "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=WEKLY;BYDAY=SA,SU"), "rrule"),
    "a rule without days": (replacing(HELP, "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=WEEKLY"), "BYDAY"),
    "a bad time": (replacing(HELP, 'closes: "21:00"', 'closes: "9pm"'), "closes"),
    "a duplicate id": (replacing(HELP, "- id: beacon\n", "- id: ndah\n"), "given twice"),
    "a duplicate place": (replacing("places.csv", "\nTring,", "\nTring,Dacorum,town,area,any,,,,,,\nTring,"), "given twice"),
    "a field given twice": (replacing(HELP, "    kind: helpline\n", "    kind: helpline\n    kind: legal\n"), "given twice"),
    "an unknown field": (replacing(HELP, "    kind: helpline\n", "    kind: helpline\n    colour: red\n"), "colour"),
    "an address": (replacing(REFUGES, "    kind: refuge\n", "    kind: refuge\n    address: 1 High St\n"), "address"),
    "a refuge's postcode": (replacing(REFUGES, "Independent refuge", "At AL7 1BW, independent refuge"), "postcode"),
    "a missing name": (replacing(HELP, "    name: Karma Nirvana\n", ""), "name: is missing"),
    "a status that is none": (replacing(HELP, "status: active", "status: live"), "status"),
    "a check by nobody": (replacing(HELP, "assured_date: null", "assured_date: 2026-11-01"), "assurer"),
    "people who harm beside people who are hurt": (
        replacing("signposts.yml", "[mens-advice-line,", "[respect-phoneline, mens-advice-line,"), "never shown together",
    ),
    "YAML that is none": (replacing(HELP, "services:\n", "services: [\n"), "not good YAML"),
    "a wrong encoding": (latin(HELP, "The volunteers", "The volont\u00e9ers"), "not UTF-8"),
    "a place in a wrong encoding": (latin("places.csv", "Tring,", "Tr\u00eeng,"), "not UTF-8"),
    "a services file cut off": (cutting(HELP, 0.6), HELP),
    "a services file cut off between services": (
        lambda folder: (folder / HELP).write_text(
            (folder / HELP).read_text(encoding="utf-8").split("\n  - id: ndah")[0] + "\n", encoding="utf-8"
        ) and None,
        "cut off",
    ),
    "places cut off": (cutting("places.csv", 0.5), "cut off"),
    "a column too few": (replacing("places.csv", "\nTring,Dacorum,town,", "\nTring,Dacorum,"), "columns"),
    "other columns": (replacing("outcodes.csv", "outcode,districts", "code,districts"), "the columns must be"),
    "a sector without its outcode": (replacing("sectors.csv", "\nAL1 1,", "\nAL91 1,"), "AL91"),
    "an ask with nothing to ask": (replacing("places.csv", "Tring,Dacorum,town,area", "Tring,Dacorum,town,ask"), "two things"),
    "a missing file": (lambda folder: (folder / "routes.yml").unlink(), "routes.yml"),
    "no districts": (lambda folder: (folder / "districts.yml").write_text("districts: []\n...\n") and None, "no districts"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_file_changes_nothing_and_is_named(name: str, folder: Path, engine: Engine) -> None:
    importer.import_content(folder, engine)
    before = rows(engine)
    spoil, said = BAD[name]
    replacing("services/pets.yml", "Dogs Trust Freedom", "Dogs Trust Freedom, changed")(folder)
    spoil(folder)
    with pytest.raises(ContentError) as caught:
        importer.import_content(folder, engine)
    assert said in str(caught.value)
    assert all(problem.line >= 1 and problem.file for problem in caught.value.problems)
    assert rows(engine) == before


def test_a_problem_names_file_line_and_field(folder: Path) -> None:
    replacing(HELP, '"08088 088 088"', '"09088 088 088"')(folder)
    line = (folder / HELP).read_text(encoding="utf-8").splitlines().index('      - number: "09088 088 088"') + 1
    with pytest.raises(ContentError) as caught:
        importer.read(folder)
    assert str(caught.value).startswith(f"{HELP}:{line}: services[0].phones[0].number:")


def test_every_problem_is_named_at_once(folder: Path) -> None:
    replacing(HELP, "status: active", "status: live")(folder)
    replacing("services/pets.yml", "status: active", "status: alive")(folder)
    with pytest.raises(ContentError) as caught:
        importer.read(folder)
    assert {problem.file for problem in caught.value.problems} == {HELP, "services/pets.yml"}


def test_a_second_run_changes_nothing_and_says_so(folder: Path, engine: Engine) -> None:
    first = importer.import_content(folder, engine)
    before = rows(engine)
    second = importer.import_content(folder, engine)
    assert first["service"].added == 107
    assert second["service"].unchanged == 107
    assert not any(counts.changed for counts in second.values())
    assert rows(engine) == before


def test_a_changed_file_updates_its_row_alone(folder: Path, engine: Engine) -> None:
    importer.import_content(folder, engine)
    replacing("services/pets.yml", "name: Dogs Trust Freedom", "name: Dogs Trust")(folder)
    counts = importer.import_content(folder, engine)
    assert (counts["service"].updated, counts["service"].unchanged) == (1, 106)


@pytest.mark.parametrize("marked", [True, False])
def test_what_staff_have_changed_is_kept(marked: bool, folder: Path, engine: Engine) -> None:
    importer.import_content(folder, engine)
    table = database.service
    with database.writing(engine) as connection:
        document = connection.execute(sa.select(table.c.document).where(table.c.key == "galop")).scalar_one()
        values = {"document": {**document, "alert": "Closed this week."}}
        if marked:
            values["edited_at"] = datetime.now(timezone.utc)
        connection.execute(sa.update(table).where(table.c.key == "galop").values(**values))
    replacing(HELP, "Galop LGBT+ abuse helpline", "Galop")(folder)
    counts = importer.import_content(folder, engine)
    with engine.connect() as connection:
        kept = connection.execute(sa.select(table.c.document).where(table.c.key == "galop")).scalar_one()
    assert (counts["service"].kept, counts["service"].updated) == (1, 0)
    assert (kept["alert"], kept["name"]) == ("Closed this week.", "Galop LGBT+ abuse helpline")


def test_a_service_that_left_the_files_stays(folder: Path, engine: Engine) -> None:
    importer.import_content(folder, engine)
    (folder / "services/employers.yml").write_text("services: []\n...\n")
    importer.import_content(folder, engine)
    assert len(rows(engine)["service"]) == 107


def test_the_revision_goes_up_only_when_something_changed(folder: Path, engine: Engine) -> None:
    def revision() -> int:
        with engine.connect() as connection:
            return int(connection.execute(sa.select(database.content_revision.c.number)).scalar_one())

    importer.import_content(folder, engine)
    first = revision()
    importer.import_content(folder, engine)
    assert revision() == first == 1


def test_the_command_gives_an_exit_code_and_counts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new/outreach.db")
    assert importer.main([str(folder)]) == importer.DONE
    assert "107 added" in capsys.readouterr().out
    assert importer.main([str(folder)]) == importer.DONE
    assert "nothing has changed" in capsys.readouterr().out
    assert importer.main([str(folder), "--check"]) == importer.DONE
    replacing(HELP, "status: active", "status: live")(folder)
    assert importer.main([str(folder)]) == importer.BAD_CONTENT
    assert "nothing was changed" in capsys.readouterr().err


def test_a_database_that_fails_is_one_line_and_an_exit_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database, only words" * 100)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/broken.db")
    assert importer.main([str(folder)]) == importer.DATABASE_FAILED
    assert capsys.readouterr().err.count("\n") == 1


def _start(url: str, folder: str) -> None:
    engine = database.connect(url)
    database.migrate(engine)
    importer.import_content(Path(folder), engine)


def test_processes_that_start_at_once_do_not_trip_over_each_other(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_start, args=(url, str(folder))) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0, 0]
    engine = database.connect(url)
    assert len(rows(engine)["service"]) == 107
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_the_tables_are_what_the_migrations_make(engine: Engine) -> None:
    inspector = sa.inspect(engine)
    for table in database.metadata.tables.values():
        assert {column["name"] for column in inspector.get_columns(table.name)} == {each.name for each in table.columns}
