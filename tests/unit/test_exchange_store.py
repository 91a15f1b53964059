"""Many changes at once in the database, and what the public list finds there."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database
from outreach.adapters.audit_log import AuditLog
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.adapters.exchange import FeedRows, WholeDirectory
from outreach.adapters.many_versions import ManyVersions
from outreach.adapters.service_versions import ServiceVersions, service_version
from outreach.content import importer
from outreach.directory.directory import Directory
from outreach.directory.publishing import Freshness
from outreach.editing.errors import EditingError, NeedsSecondPerson
from outreach.editing.services import ServiceEditing
from outreach.exchange import ids
from outreach.exchange.feed import Feed
from outreach.settings import ROOT
from outreach.staff import Role, Staff

PUBLISHER = Staff("p", "Pat", frozenset({Role.PUBLISHER}))
MANAGER = Staff("m", "Mo", frozenset({Role.MANAGER}))
NOW = datetime(2026, 11, 21, 9, tzinfo=timezone.utc)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = database.connect(database_url)
    database.migrate(made)
    importer.import_content(ROOT / "content", made)
    yield made
    made.dispose()


def many(engine: Engine, *service_ids: str) -> ServiceEditing:
    store = ManyVersions(engine, AuditLog(engine), service_ids)
    return ServiceEditing(store, store, lambda: NOW)


def changed(engine: Engine, service_id: str, **fields: Any) -> dict[str, Any]:
    return {**WholeDirectory(engine).documents([service_id])[service_id], **fields}


def everything(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            for table in ("service", "service_version", "service_term", "content_revision", "audit")
        ]


def test_many_at_once_writes_what_one_at_a_time_writes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "many"):
        engine = database.connect(f"sqlite:///{tmp_path}/{name}.db")
        database.migrate(engine)
        importer.import_content(ROOT / "content", engine)
        audit = AuditLog(engine, lambda: NOW)
        new = changed(engine, "galop", id="brand-new")
        for round_ in ("first", "second"):
            documents = [changed(engine, "galop", alert=round_), {**new, "alert": round_}, changed(engine, "shelter", alert=round_)]
            store: Any = ManyVersions(engine, audit, [each["id"] for each in documents]) if name == "many" else ServiceVersions(engine)
            editing = ServiceEditing(store, store if name == "many" else audit, lambda: NOW)
            assert editing.take_in(PUBLISHER, MANAGER, documents, "From a file") == 3
        assert audit.verify().holds
        written.append(everything(engine))
        engine.dispose()
    assert written[0] == written[1]


def test_what_others_changed_while_it_was_worked_out_stops_all_of_it(engine: Engine) -> None:
    documents = [changed(engine, "galop", alert="ours"), changed(engine, "shelter", alert="ours")]
    editing, others = many(engine, "galop", "shelter"), ServiceEditing(ServiceVersions(engine), AuditLog(engine), lambda: NOW)

    def while_others_write() -> Iterator[dict[str, Any]]:
        yield documents[0]
        others.take_in(PUBLISHER, None, [changed(engine, "galop", alert="theirs")], "")
        yield documents[1]

    with pytest.raises(EditingError):
        editing.take_in(PUBLISHER, None, while_others_write(), "")
    now = WholeDirectory(engine).documents(["galop", "shelter"])
    assert (now["galop"]["alert"], now["shelter"]["alert"]) == ("theirs", None)


def test_a_draft_that_others_begin_meanwhile_stops_it_too(engine: Engine) -> None:
    others = ServiceEditing(ServiceVersions(engine), AuditLog(engine), lambda: NOW)

    def while_others_draft() -> Iterator[dict[str, Any]]:
        others.save(PUBLISHER, "galop", changed(engine, "galop", alert="a draft"), others.entry("galop").head.number)
        yield changed(engine, "galop", alert="ours")

    with pytest.raises(EditingError):
        many(engine, "galop").take_in(PUBLISHER, None, while_others_draft(), "")
    assert others.entry("galop").pending is not None


def test_numbers_without_a_second_person_change_nothing(engine: Engine) -> None:
    before = everything(engine)
    documents = [changed(engine, "shelter", alert="x"), changed(engine, "galop", phones=[])]
    with pytest.raises(NeedsSecondPerson):
        many(engine, "shelter", "galop").take_in(PUBLISHER, None, documents, "")
    assert everything(engine) == before


def test_others_can_write_while_it_is_worked_out(engine: Engine) -> None:
    def while_a_conversation_is_saved() -> Iterator[dict[str, Any]]:
        with database.writing(engine) as connection:
            connection.execute(sa.text("UPDATE content_revision SET number = number"))
        yield changed(engine, "galop", alert="ours")

    assert many(engine, "galop").take_in(PUBLISHER, None, while_a_conversation_is_saved(), "") == 1


# What the public list finds


@pytest.mark.parametrize("unchecked", [True, False])
@pytest.mark.parametrize("hide", [True, False])
def test_the_list_counts_exactly_what_may_be_shown(unchecked: bool, hide: bool, engine: Engine) -> None:
    days = {"galop": 10, "shelter": 89, "ndah": 90, "respect-phoneline": 91, "karma-nirvana": 400}
    known = WholeDirectory(engine).documents(list(days))
    with database.writing(engine) as connection:
        for name, document in known.items():
            day = NOW.date() - timedelta(days=days[name])
            values = {"document": {**document, "assured_date": day.isoformat(), "assurer": "Kim"}, "assured_date": day}
            connection.execute(sa.update(database.service).where(database.service.c.key == name).values(**values))
    assert len(known) >= 3
    freshness = Freshness(90, hide=hide)
    directory = Directory(DirectoryRepository(engine), unchecked, lambda: NOW, freshness)
    feed = Feed(FeedRows(engine), directory, unchecked, freshness)
    shown = {each.id for each in WholeDirectory(engine).services() if directory.shown(each)}
    page = feed.page(1, 100)
    assert page["total_items"] == len(page["contents"]) == len(shown)
    assert {each["id"] for each in page["contents"]} == {ids.service_uuid(name) for name in shown}


def test_words_and_kinds_narrow_the_list(engine: Engine) -> None:
    freshness = Freshness(90)
    directory = Directory(DirectoryRepository(engine), True, lambda: NOW, freshness)
    feed = Feed(FeedRows(engine), directory, True, freshness)
    listed = feed.page(1, 100)["contents"]
    helplines = feed.page(1, 100, term=ids.made("kind", "helpline"))
    assert 0 < helplines["total_items"] < len(listed)
    both = feed.page(1, 100, term=ids.made("kind", "helpline"), search="domestic abuse")
    assert both["total_items"] == len(both["contents"]) < helplines["total_items"]
    assert all("domestic" in f"{each['name']} {each['organization']['name']}".lower() for each in both["contents"])
    assert feed.page(1, 100, search="nobody-has-this-word")["empty"] is True


def test_versions_remember_who_brought_and_who_confirmed(engine: Engine) -> None:
    many(engine, "galop").take_in(PUBLISHER, MANAGER, [changed(engine, "galop", phones=[])], "From a file of CSV")
    with engine.connect() as connection:
        rows = connection.execute(sa.select(service_version).order_by(service_version.c.number)).all()
    assert [(row.made_by, row.reviewed_by, row.state) for row in rows] == [("files", None, "superseded"), ("p", "m", "published")]


def test_the_last_good_day_is_the_same_for_both() -> None:
    assert Freshness(90).last_good_day(date(2026, 11, 21)) == date(2026, 8, 23)
