"""Staff find a service by words, number, area, kind and status, in a list that is always in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database, service_search
from outreach.adapters.service_search import COUNTED, PAGE, ServiceSearch, Wanted
from outreach.content.importer import import_content
from outreach.settings import ROOT


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database.connect(f"sqlite:///{tmp_path_factory.mktemp('search')}/content.db")
    database.migrate(engine)
    import_content(ROOT / "content", engine)
    yield engine
    engine.dispose()


@pytest.fixture
def search(engine: Engine) -> ServiceSearch:
    return ServiceSearch(engine)


def ids(search: ServiceSearch, **wanted: str) -> list[str]:
    return [service.id for service in search.find(Wanted(**wanted)).services]


@pytest.mark.parametrize(
    "text",
    ["08088 088 088", "0808 808 8088", "08088088088", "+44 8088 088088", "(0808) 808-8088", "08088 0", "808 8088 is no start"],
)
def test_a_number_is_found_in_any_spelling(search: ServiceSearch, text: str) -> None:
    found = ids(search, text=text)
    assert ("herts-da-helpline" in found) == ("no start" not in text)


@pytest.mark.parametrize(
    "text", ["herts domestic abuse helpline", "HELPLINE herts", "herts-da-helpline", "dom abu hel", "  Herts  Dom "]
)
def test_words_are_found_by_how_they_begin_in_any_order(search: ServiceSearch, text: str) -> None:
    assert "herts-da-helpline" in ids(search, text=text)


def test_apostrophes_and_accents_are_not_in_the_way(search: ServiceSearch) -> None:
    assert "watford-womens-centre" in ids(search, text="womens watford") and ids(search, text="women’s watford")


def test_filters_narrow_and_are_all_kept(search: ServiceSearch) -> None:
    page = search.find(Wanted(kind="refuge", status="active"))
    assert {service.kind for service in page.services} == {"refuge"}
    assert {service.status for service in page.services} == {"active"}
    assert page.total == len(page.services) < search.find(Wanted(kind="refuge")).total  # type: ignore[operator]
    assert all("Watford" in service.document["service_areas"] for service in search.find(Wanted(area="Watford")).services)
    assert ids(search, text="helpline", area="Watford", kind="refuge") == []


@pytest.mark.parametrize(
    "text", ["", "   ", "%", "_", "'; drop table service; --", "zzzz", "0", "é", "\U0010ffff", "=" * 300, "9" * 300]
)
def test_whatever_is_typed_is_searched_for_and_breaks_nothing(search: ServiceSearch, text: str) -> None:
    assert len(search.find(Wanted(text=text)).services) <= PAGE


def test_pages_follow_each_other_by_name_and_leave_nobody_out(search: ServiceSearch) -> None:
    pages = [search.find(Wanted(), number) for number in range(1, 7)]
    found = [service.id for page in pages for service in page.services]
    assert len(found) == len(set(found)) == 107
    assert [page.has_next for page in pages] == [True, True, True, True, False, False]
    names = ["".join(each for each in service.name.lower() if each.isalnum()) for page in pages for service in page.services]
    assert names[0] < names[25] < names[50] < names[75] < names[100]


def test_the_queues_hold_what_their_names_say(engine: Engine, search: ServiceSearch) -> None:
    assert (search.on_hold().total, search.never_checked().total, search.due(date(2026, 8, 26)).total) == (28, 79, 0)
    with database.writing(engine) as connection:
        table = database.service
        for key, day in (("galop", date(2026, 8, 25)), ("ndah", date(2026, 8, 26)), ("samaritans", date(2025, 1, 1))):
            connection.execute(sa.update(table).where(table.c.key == key).values(assured_date=day))
    assert [service.id for service in search.due(date(2026, 8, 26)).services] == ["samaritans", "galop"]
    assert search.never_checked().total == 76


def test_what_nobody_indexed_is_indexed_at_the_next_import(engine: Engine, search: ServiceSearch) -> None:
    with database.writing(engine) as connection:
        connection.execute(sa.delete(service_search.service_term))
    assert ids(search, text="galop") == []
    import_content(ROOT / "content", engine)
    assert ids(search, text="galop") == ["galop"]


def test_many_are_listed_without_being_counted(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/many.db")
    database.migrate(engine)
    blank = {"organization": "X", "kind": "legal", "service_areas": ["Watford"], "phones": []}
    names = [f"Family hope {number}" for number in range(COUNTED + 50)]
    documents = {f"s-{number}": {**blank, "name": name, "status": "active"} for number, name in enumerate(names)}
    rows = [
        {"key": key, "position": at, "document": each, **{field: each[field] for field in ("kind", "status", "name")}}
        for at, (key, each) in enumerate(documents.items())
    ]
    with database.writing(engine) as connection:
        connection.execute(sa.insert(database.service), rows)
        service_search.index(connection, documents)
    search = ServiceSearch(engine)
    assert search.find(Wanted()).total == COUNTED + 1
    words = search.find(Wanted("fam hop"), 2)
    assert (words.total, len(words.services), words.has_next) == (None, PAGE, True)
    assert search.find(Wanted("family 1049")).total == 1
    engine.dispose()
