"""Limits and repeated texts, as several workers share them through a Redis."""
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engines import Redis

from channels.sms_limits import May, TextLimits
from channels.sms_once import Once
from outreach.adapters.leavings import Leavings
from outreach.adapters.pace import Limit, Pace
from outreach.adapters.repeats import Repeats
from outreach.adapters.shared import Shared

SENDER, ADDRESS = "5e" * 32, "192.0.2.77"
REPLY = ["You can ring the helpline. CANARY"]


@pytest.fixture
def url(redis_server: Redis) -> Iterator[str]:
    redis_server.client().flushall()
    yield redis_server.url


@asynccontextmanager
async def sharing(*urls: str):  # type: ignore[no-untyped-def]
    """What each worker has of a Redis."""
    # A Redis that a busy machine keeps waiting is there all the same.
    shared = [Shared(url, seconds=10, pause=0.2, key=b"k" * 32) for url in urls]
    yield shared
    for each in shared:
        await each.close()


class Answers:
    """Makes replies, slowly, and counts."""

    def __init__(self, seconds: float = 0.0, fails: bool = False) -> None:
        self.seconds, self.fails, self.made, self.begun = seconds, fails, 0, asyncio.Event()

    async def __call__(self) -> list[str]:
        self.made += 1
        self.begun.set()
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise RuntimeError
        return REPLY


def once(shared: Shared) -> Once:
    return Once(repeats=Repeats(shared, 600))


def played(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


def test_a_window_lets_so_many_through_and_again_when_it_has_moved_on() -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])

    async def scene() -> None:
        assert [await pace.may("speak", "a", 3, 60) for _ in range(5)] == [True] * 3 + [False] * 2
        assert await pace.may("speak", "b", 3, 60) and await pace.may("begin", "a", 3, 60)
        now[0] = 61.0
        assert await pace.may("speak", "a", 3, 60), "what was refused is not counted"

    played(scene)


def test_who_has_not_come_for_a_while_takes_up_no_memory() -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])

    async def scene() -> None:
        for number in range(5_000):
            now[0] = float(number)
            await pace.may("speak", str(number), 3, 60)
        assert len(pace._times) < 2_000

    played(scene)


def test_two_workers_count_together(url: str) -> None:
    async def scene() -> None:
        async with sharing(url, url) as (one, other):
            paces = [Pace(one), Pace(other)]
            answers = [await paces[number % 2].may("speak", "a", 5, 60) for number in range(8)]
            assert answers == [True] * 5 + [False] * 3
            assert await paces[0].may("speak", "b", 5, 60)
            texts = TextLimits(2, 100, Pace(one)), TextLimits(2, 100, Pace(other))
            assert [await texts[number % 2].may(SENDER) for number in range(4)] == [
                May.ANSWER, May.ANSWER, May.EXPLAIN, May.KEEP_SILENT,
            ]

    played(scene)


@pytest.mark.parametrize("with_redis", [True, False])
def test_several_limits_are_asked_in_one_and_the_first_that_refuses_ends_it(url: str, redis_server: Redis, with_redis: bool) -> None:
    async def scene() -> None:
        async with sharing(url) as (one,):
            pace = Pace(one if with_redis else None)
            mine, all_together = Limit("speak", "a", 2, 60), Limit("speak from", "net", 3, 60)
            before = redis_server.client().info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
            assert [await pace.may_by_all(mine, all_together) for _ in range(4)] == [True, True, False, False]
            after = redis_server.client().info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
            # The first time the script is not there yet.
            assert after - before in ((4, 5) if with_redis else (0,))
            # What the first limit refused was not counted by the second: that lets one more through, and no more.
            other = [Limit("speak", name, 2, 60) for name in "bc"]
            assert [await pace.may_by_all(each, all_together) for each in other] == [True, False]
            # What the second refused was counted by the first.
            assert [await pace.may("speak", "c", 2, 60) for _ in range(2)] == [True, False]

    played(scene)


def test_a_clock_that_was_set_back_shuts_nobody_out(url: str, redis_server: Redis) -> None:
    async def scene() -> None:
        async with sharing(url) as (one,):
            pace = Pace(one)
            assert not [await pace.may("speak", "a", 2, 60) for _ in range(3)][2]
            key = redis_server.client().keys("outreach:pace:*")[0]
            an_hour_on = int(redis_server.client().time()[0]) + 3600
            redis_server.client().delete(key)
            redis_server.client().rpush(key, an_hour_on, an_hour_on)
            assert await pace.may("speak", "a", 2, 60)

    played(scene)


def test_limits_go_on_in_memory_while_redis_is_gone(tmp_path: Path) -> None:
    server = Redis(tmp_path).start()

    async def scene() -> None:
        async with sharing(server.url) as (one,):
            pace = Pace(one)
            assert await pace.may("speak", "a", 2, 60)
            server.kill()
            assert [await pace.may("speak", "a", 2, 60) for _ in range(3)] == [True, True, False]

    played(scene)
    server.remove()


def test_a_text_that_comes_to_another_worker_gets_the_same_reply_and_no_second_turn(url: str) -> None:
    async def scene() -> None:
        async with sharing(url, url) as (one, other):
            here, there, answers = once(one), once(other), Answers(0.3)
            first = asyncio.ensure_future(here.answer("SM1", SENDER, answers))
            await answers.begun.wait()
            assert await there.answer("SM1", SENDER, answers) == REPLY, "it waits while the first is answered"
            assert await first == REPLY
            assert await there.answer("SM1", SENDER, answers) == REPLY and await here.answer("SM1", SENDER, answers) == REPLY
            assert answers.made == 1
            assert await there.answer("SM2", SENDER, answers) == REPLY and answers.made == 2

    played(scene)


def test_after_leaving_no_worker_repeats_a_reply_or_begins_a_turn(url: str, redis_server: Redis) -> None:
    async def scene() -> None:
        async with sharing(url, url) as (one, other):
            here, there, answers = once(one), once(other), Answers()
            assert await here.answer("SM1", SENDER, answers) == REPLY
            late = Answers(0.4)
            slow = asyncio.ensure_future(here.answer("SM2", SENDER, late))
            await late.begun.wait()
            there.forget(SENDER)
            await slow
            await asyncio.gather(*there._forgetting)
            for worker in (here, there):
                assert await worker.answer("SM1", SENDER, answers) == []
                assert await worker.answer("SM2", SENDER, answers) == []
            assert answers.made == 1 and redis_server.client().keys("outreach:reply:*") == []

    played(scene)


def test_a_text_whose_worker_died_is_answered_by_the_other(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.adapters.repeats.LEASE_SECONDS", 1.0)

    async def scene() -> None:
        async with sharing(url, url) as (one, other):
            # Its claim, and then nothing any more.
            assert (await Repeats(one, 600).claim("x", "o")).mine
            again = Repeats(other, 600)
            assert not (await again.claim("x", "o")).mine
            await asyncio.sleep(1.2)
            assert (await again.claim("x", "o")).mine

    played(scene)


def test_a_turn_that_broke_is_not_begun_again_by_a_repeat(url: str) -> None:
    async def scene() -> None:
        async with sharing(url, url) as (one, other):
            answers = Answers(fails=True)
            with pytest.raises(RuntimeError):
                await once(one).answer("SM1", SENDER, answers)
            assert await once(other).answer("SM1", SENDER, answers) == [] and answers.made == 1

    played(scene)


def test_repeats_are_known_in_memory_while_redis_is_gone(tmp_path: Path) -> None:
    server = Redis(tmp_path).start()

    async def scene() -> None:
        async with sharing(server.url) as (one,):
            here, answers = once(one), Answers()
            server.kill()
            assert await here.answer("SM1", SENDER, answers) == REPLY and await here.answer("SM1", SENDER, answers) == REPLY
            assert answers.made == 1

    played(scene)
    server.remove()


def test_redis_sees_no_words_no_sender_and_no_address_and_everything_expires(url: str, redis_server: Redis) -> None:
    async def scene() -> None:
        async with sharing(url) as (one,):
            await once(one).answer("SM1", SENDER, Answers())
            here = once(one)
            here.forget(SENDER)
            await asyncio.gather(*here._forgetting)
            await here.answer("SM2", SENDER, Answers())
            await Pace(one).may("begin", ADDRESS, 2, 60)

    played(scene)
    client = redis_server.client()
    keys = client.keys("*")
    assert len(keys) >= 4 and all(client.ttl(key) > 0 for key in keys)
    kept = b"".join(keys) + b"".join(client.dump(key) for key in keys)
    for secret in (b"CANARY", b"helpline", SENDER.encode(), ADDRESS.encode(), b"SM1"):
        assert secret not in kept


def test_every_worker_knows_that_somebody_left_and_nobody_who(url: str, redis_server: Redis) -> None:
    async def scene() -> None:
        async with sharing(url, url) as (one, two):
            here, there = Leavings(60, one), Leavings(60, two)
            here.note(SENDER, 100.5)
            await here.tell(SENDER, 100.5)
            assert await there.left_since(SENDER, 100.4) and not await there.left_since(SENDER, 100.6)
            assert not await there.left_since("somebody else", 0.0)
            names = [str(each) for each in redis_server.client().keys("*")]
            assert names and not any(SENDER in name for name in names)
            assert 0 < redis_server.client().pttl(redis_server.client().keys("*left-at*")[0]) <= 60_000

    played(scene)


def test_a_leaving_that_the_clock_has_not_come_to_is_none(url: str) -> None:
    # The clock was put back, or a machine's is wrong: whoever texts since then would meet silence.
    async def scene() -> None:
        async with sharing(url, url) as (one, two):
            before, since = Leavings(60, one, clock=lambda: 5000.0), Leavings(60, two, clock=lambda: 1400.0)
            before.note(SENDER, 5000.0)
            await before.tell(SENDER, 5000.0)
            assert not await since.left_since(SENDER, 1399.0)
            assert await since.left_since(SENDER, 4999.0), "a text that waited meanwhile came before it"
            assert await before.left_since(SENDER, 4999.0)

    played(scene)


def test_without_its_redis_a_worker_knows_of_its_own_leavings(url: str) -> None:
    async def scene() -> None:
        async with sharing("redis://127.0.0.1:1/0") as (gone,):
            alone = Leavings(60, gone, clock=lambda: 200.0)
            alone.note(SENDER, 199.0)
            await alone.tell(SENDER, 199.0)
            assert await alone.left_since(SENDER, 198.0) and not await alone.left_since(SENDER, 199.5)
            assert not await alone.left_since("somebody else", 0.0)

    played(scene)
