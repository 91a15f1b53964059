"""A PostgreSQL that hangs, is gone, or comes back: nobody waits long, and nothing has to be started again."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from engines import Postgres
from psycopg2 import extensions
from sqlalchemy.engine import Engine

from outreach.adapters import patience
from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect, migrate

KEY = "0" * 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("breakable"))
    yield server.start()
    server.remove()


@pytest.fixture
def engine(server: Postgres) -> Iterator[Engine]:
    extensions.set_wait_callback(patience.Patience(briefly=0.5, pause=0.5))
    made = connect(server.url)
    migrate(made)
    yield made
    made.dispose()
    extensions.set_wait_callback(None)


def seconds_of_failing(conversations: Conversations) -> float:
    began = time.monotonic()
    with pytest.raises(sa.exc.OperationalError):
        conversations.find(KEY)
    return time.monotonic() - began


def test_a_server_that_hangs_is_given_up_and_not_asked_for_a_while(server: Postgres, engine: Engine) -> None:
    conversations = Conversations(engine, timedelta(minutes=30))

    async def scene() -> tuple[float, float]:
        conversations.begin(KEY, "first")
        server.freeze()
        try:
            first = seconds_of_failing(conversations)
            rest = sum(seconds_of_failing(conversations) for _ in range(20))
        finally:
            server.thaw()
        until = time.monotonic() + 20
        while True:
            await asyncio.sleep(0.6)
            try:
                found = conversations.find(KEY)
                break
            except sa.exc.OperationalError:
                assert time.monotonic() < until, "it is not asked again"
        assert found is not None and found.generation == "first"
        return first, rest

    first, rest = asyncio.run(scene())
    # One waits for half a second; were each of the others to wait as long, it would be ten.
    assert first < 3 and rest < 3


def test_a_new_connection_to_a_server_that_hangs_is_given_up_too(server: Postgres, engine: Engine) -> None:
    async def scene() -> float:
        engine.dispose()
        server.freeze()
        try:
            return seconds_of_failing(Conversations(engine, timedelta(minutes=30)))
        finally:
            server.thaw()

    assert asyncio.run(scene()) < 3


def test_outside_an_event_loop_a_slow_answer_is_waited_for(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 'here' FROM pg_sleep(0.8)")).scalar() == "here"


def test_after_the_server_was_away_the_same_pool_works_again(server: Postgres, engine: Engine) -> None:
    conversations = Conversations(engine, timedelta(minutes=30))
    conversations.begin(KEY, "before")
    for away in (server.stop, server.kill):
        away()
        seconds_of_failing(conversations)
        server.start()
        found = conversations.find(KEY)
        assert found is not None and found.generation == "before"
