"""One at a time in a conversation, across processes, and nobody waits because Redis is gone."""
from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engines import Redis

from outreach.adapters.shared import Gone, Shared
from outreach.adapters.turn_locks import Busy, TurnLocks

SECRET = "a-persons-secret-0123456789"


# For what several do together: a Redis that a busy machine keeps waiting is there all the same.
PATIENT = 10.0


class Desk:
    """A conversation that counts how many are in it at once."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.inside = 0
        self.most = 0
        self.order: list[str] = []

    async def visit(self, locks: TurnLocks, who: str = "", seconds: float = 0.01, wait: float = 10) -> None:
        async with locks.hold(SECRET, wait):
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.order.append(who)
            self.begun.set()
            await asyncio.sleep(seconds)
            self.inside -= 1


@pytest.fixture
def url(redis_server: Redis) -> Iterator[str]:
    redis_server.client().flushall()
    yield redis_server.url


@asynccontextmanager
async def workers(url: str, lease: float = 5.0):  # type: ignore[no-untyped-def]
    """The locks of two processes."""
    shared = [Shared(url, PATIENT), Shared(url, PATIENT)]
    yield [TurnLocks("turn", each, lease) for each in shared]
    for each in shared:
        await each.close()


def test_without_redis_one_is_in_at_a_time_in_the_order_they_came() -> None:
    async def scene() -> Desk:
        desk, locks = Desk(), TurnLocks("turn")
        await asyncio.gather(*(desk.visit(locks, str(number)) for number in range(5)))
        return desk

    desk = asyncio.run(scene())
    assert desk.most == 1 and desk.order == ["0", "1", "2", "3", "4"]


def test_two_workers_let_one_in_at_a_time(url: str) -> None:
    async def scene() -> Desk:
        desk = Desk()
        async with workers(url) as both:
            await asyncio.gather(*(desk.visit(both[number % 2]) for number in range(20)))
        return desk

    desk = asyncio.run(scene())
    assert desk.most == 1 and len(desk.order) == 20


def test_whoever_waits_at_the_other_worker_is_woken_and_does_not_poll(url: str, redis_server: Redis) -> None:
    async def scene() -> int:
        desk = Desk()
        async with workers(url) as (one, other):
            first = asyncio.ensure_future(desk.visit(one, seconds=0.5))
            await desk.begun.wait()
            asked = int(redis_server.client().info()["total_commands_processed"])
            second = asyncio.ensure_future(desk.visit(other))
            await asyncio.gather(first, second)
            return int(redis_server.client().info()["total_commands_processed"]) - asked

    # It looks at first, every fifth of a second, and when woken: a poll of every millisecond would be hundreds.
    assert asyncio.run(scene()) < 60


def test_a_worker_that_was_killed_holds_nobody_up_for_longer_than_its_lease(url: str) -> None:
    async def scene() -> Desk:
        desk = Desk()
        dead, living = Shared(url, PATIENT), Shared(url, PATIENT)
        holding = TurnLocks("turn", dead, lease=0.5)
        inside = asyncio.ensure_future(desk.visit(holding, "dead", seconds=60))
        await desk.begun.wait()
        # As when it is killed: nothing is let go, nothing is renewed.
        holding._go_on_holding = holding._let_go = None  # type: ignore[assignment, method-assign]
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(inside, return_exceptions=True)
        await desk.visit(TurnLocks("turn", living, lease=0.5), "living", wait=20)
        await dead.close()
        await living.close()
        return desk

    assert asyncio.run(scene()).order == ["dead", "living"]


def test_a_long_turn_keeps_its_lock(url: str) -> None:
    async def scene() -> Desk:
        desk = Desk()
        async with workers(url, lease=1.0) as (one, other):
            first = asyncio.ensure_future(desk.visit(one, "one", seconds=2.5))
            await desk.begun.wait()
            await asyncio.gather(first, desk.visit(other, "other"))
        return desk

    assert asyncio.run(scene()).most == 1


def test_who_waits_too_long_is_told_so(url: str) -> None:
    async def scene() -> None:
        desk = Desk()
        async with workers(url) as (one, other):
            first = asyncio.ensure_future(desk.visit(one, seconds=60))
            await desk.begun.wait()
            with pytest.raises(Busy):
                await desk.visit(other, wait=0.3)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await desk.visit(other)  # and nothing of it is left

    asyncio.run(scene())


def test_redis_never_sees_the_secret(url: str, redis_server: Redis) -> None:
    async def scene() -> list[bytes]:
        async with workers(url) as (one, _other), one.hold(SECRET, 1):
            client = redis_server.client()
            return [each for key in client.keys("*") for each in (key, client.get(key) or b"")]

    kept = asyncio.run(scene())
    assert kept and not any(SECRET.encode() in each or SECRET[:10].encode() in each for each in kept)


def test_after_everybody_has_gone_nothing_stays_in_redis(url: str, redis_server: Redis) -> None:
    async def scene() -> None:
        desk = Desk()
        async with workers(url) as both:
            await asyncio.gather(*(desk.visit(both[number % 2]) for number in range(6)))

    asyncio.run(scene())
    until = time.monotonic() + 20
    while redis_server.client().keys("*"):
        assert time.monotonic() < until, "it stays there"
        time.sleep(0.1)


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path).start()
    yield server
    server.remove()


async def asks_again(shared: Shared) -> None:
    """Wait until Redis is used again."""
    until = time.monotonic() + 20
    while True:
        try:
            await shared.ask(lambda client: client.ping())
            return
        except Gone:
            assert time.monotonic() < until, "it is not asked again"
            await asyncio.sleep(0.1)


def test_while_redis_hangs_turns_go_on_and_it_is_said_once(breakable: Redis, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> tuple[float, float]:
        desk, shared = Desk(), Shared(breakable.url)
        locks = TurnLocks("turn", shared)
        await desk.visit(locks)
        breakable.freeze()
        began = time.monotonic()
        await desk.visit(locks)
        first = time.monotonic() - began
        began = time.monotonic()
        await asyncio.gather(*(desk.visit(locks, seconds=0.001) for _ in range(50)))
        rest = time.monotonic() - began
        breakable.thaw()
        await asks_again(shared)
        assert desk.most == 1
        await shared.close()
        return first, rest

    with caplog.at_level(logging.WARNING):
        first, rest = asyncio.run(scene())
    # Far from the turn's eight seconds; without the pause between tries fifty would have waited fifteen.
    assert first < 4 and rest < 4
    said = [record.getMessage() for record in caplog.records if "Redis" in record.getMessage()]
    assert len(said) == 2 and "gone (TimeoutError)" in said[0] and "back" in said[1]


def test_while_redis_is_down_turns_go_on_and_later_it_is_used_again(breakable: Redis) -> None:
    async def scene() -> None:
        desk, shared = Desk(), Shared(breakable.url, pause=0.2)
        locks = TurnLocks("turn", shared)
        await desk.visit(locks)
        breakable.kill()
        for _ in range(3):
            await desk.visit(locks)
        with pytest.raises(Gone):
            await shared.ask(lambda client: client.ping())
        breakable.start()
        await asks_again(shared)
        async with locks.hold(SECRET, 1):
            assert len(breakable.client().keys("outreach:turn:*")) == 1
        await shared.close()

    asyncio.run(scene())


def test_a_redis_that_refuses_is_as_good_as_none(breakable: Redis) -> None:
    async def scene() -> None:
        desk, shared = Desk(), Shared(breakable.url.replace(breakable.password, "wrong"))
        await desk.visit(TurnLocks("turn", shared))
        with pytest.raises(Gone):
            await shared.ask(lambda client: client.ping())
        assert desk.order == [""]
        await shared.close()

    asyncio.run(scene())


def test_a_worker_that_was_busy_reads_the_answer_that_has_come(url: str) -> None:
    async def scene() -> bytes:
        shared = Shared(url)
        await shared.ask(lambda client: client.set("outreach:x", "y"))
        asked = asyncio.ensure_future(shared.ask(lambda client: client.get("outreach:x")))
        await asyncio.sleep(0)
        time.sleep(0.5)  # as a worker that parses for many at once
        found: bytes = await asked
        await shared.close()
        return found

    assert asyncio.run(scene()) == b"y"
