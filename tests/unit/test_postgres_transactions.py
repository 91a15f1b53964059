"""On PostgreSQL a write is whole or not at all, and a read asks for no transaction and leaves none open."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import Postgres
from sqlalchemy.engine import Engine

from outreach.adapters import database

THING = sa.table("thing", sa.column("name"))


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create("transactions")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = database.connect(url)
    with database.writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE thing (name text)"))
    yield engine
    with database.writing(engine) as connection:
        connection.execute(sa.text("DROP TABLE thing"))
    engine.dispose()


def names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(sa.select(THING.c.name)).scalars())


def add(connection: sa.engine.Connection, name: str) -> None:
    connection.execute(sa.insert(THING).values(name=name))


@pytest.mark.parametrize("write", [database.writing, database.durably])
def test_what_breaks_half_way_leaves_nothing_and_what_ends_is_there_whole(engine: Engine, write: Any) -> None:
    # Again and again on the same connection: what a read or a failure leaves behind must not change what a write is.
    for round_ in range(3):
        with pytest.raises(RuntimeError), write(engine) as connection:
            add(connection, "half")
            raise RuntimeError
        assert "half" not in names(engine)
        with write(engine) as connection:
            add(connection, f"{round_}a")
            add(connection, f"{round_}b")
    assert len(names(engine)) == 6


def test_nobody_sees_a_write_before_it_is_whole(engine: Engine, url: str) -> None:
    other = database.connect(url)
    with database.writing(engine) as connection:
        add(connection, "first")
        assert names(other) == []
        add(connection, "second")
    assert names(other) == ["first", "second"]
    other.dispose()


def test_a_single_write_is_there_at_once_and_leaves_no_transaction_open(engine: Engine, url: str) -> None:
    other = database.connect(url)
    for name in ("first", "second"):
        with database.writing_once(engine) as connection:
            add(connection, name)
            driver: Any = connection.connection.dbapi_connection
            assert driver.autocommit and driver.info.transaction_status == 0
        assert name in names(other)
    other.dispose()


def test_a_single_write_that_breaks_leaves_nothing_and_the_connection_goes_on(engine: Engine) -> None:
    with pytest.raises(sa.exc.DataError), database.writing_once(engine) as connection:
        half = "SELECT (CASE WHEN n = 2 THEN 1 / 0 ELSE n END)::text FROM generate_series(1, 2) n"
        connection.execute(sa.text(f"INSERT INTO thing {half}"))
    assert names(engine) == []
    with database.writing_once(engine) as connection:
        add(connection, "after")
    assert names(engine) == ["after"]


def test_a_read_leaves_no_transaction_open_and_begins_none(engine: Engine) -> None:
    with database.writing(engine) as connection:
        add(connection, "first")
    with engine.connect() as connection:
        connection.execute(sa.select(THING.c.name)).all()
        driver: Any = connection.connection.dbapi_connection
        assert driver.autocommit and driver.info.transaction_status == 0


def test_a_connection_that_the_server_ended_is_replaced_once_it_has_been_silent(engine: Engine, url: str) -> None:
    assert names(engine) == []
    other = database.connect(url)
    with other.connect() as connection:
        others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        assert connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).all()
    other.dispose()
    time.sleep(database.HEARD_OF_SECONDS * 1.5)
    assert names(engine) == []


def test_a_connection_that_has_just_answered_is_not_asked_whether_it_is_there(engine: Engine) -> None:
    def asked() -> list[str]:
        return [each for each in statements if each == "SELECT 1"]

    statements: list[str] = []
    assert names(engine) == []
    with engine.connect() as connection:
        record: Any = connection.connection._connection_record
        driver: Any = connection.connection.dbapi_connection
    # A busy machine may have paused since: what counts is the moment that was noted.
    moment = record.info["heard_of"]
    record.info["heard_of"] = moment + 60
    database._is_still_there(_Noting(driver, statements), record, None)
    assert asked() == []
    record.info["heard_of"] = moment - 60
    database._is_still_there(_Noting(driver, statements), record, None)
    assert asked() == ["SELECT 1"]


class _Noting:
    """A connection that notes what it is asked."""

    def __init__(self, driver: Any, statements: list[str]) -> None:
        self.Error, self.autocommit = driver.Error, False
        self._statements = statements

    def cursor(self) -> _Noting:
        return self

    def __enter__(self) -> _Noting:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.autocommit

    def execute(self, statement: str) -> None:
        self._statements.append(statement)
