"""What `make bench` does with a running product and peer: turns by one, by many, late ones, double ones, among many."""
from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from scripts.bench_client import Begin, Web, at_once, by_turns

MESSAGES = (
    "is there a refuge near me", "he checks my phone every night and i have to account for every penny",
    "what happens to my dog if i leave", "I'm in Hitchin", "how do i get a non molestation order", "thank you",
    "i feel so stupid for staying", "can the police tell me about his past", "who can see what i write here",
)
# As long as two texts of one person in one second can lie apart, and yet meet: the first is still being answered.
BETWEEN = 0.001
FILL_AT_ONCE = 8
LATE = 59
# Enough that two assistants are never without work.
WORKERS_PEOPLE = 16


def spread(taken: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th of a hundred, in milliseconds."""
    ordered = sorted(taken)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(len(ordered) * 0.95)], 2),
        "p99": round(ordered[int(len(ordered) * 0.99)], 2),
    }


async def at_a_time(sides: dict[str, Begin], people: int, blocks: int, conversations: int) -> dict[str, dict[str, float]]:
    """So many people at a time on each side, block by block by turns; each side's first is short and does not count."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    seconds = dict.fromkeys(sides, 0.0)
    for block in range(blocks + 1):
        for name, begin in sides.items():
            found, took = await at_once([begin] * people, MESSAGES, conversations if block else 1)
            if block:
                taken[name] += found
                seconds[name] += took
    return {name: {**spread(taken[name]), "a_second": round(len(taken[name]) / seconds[name], 1)} for name in sides}


async def one_by_one(sides: dict[str, Begin], rounds: int) -> dict[str, dict[str, float]]:
    """One person on each side, message after message by turns."""
    found = await by_turns(list(sides.values()), MESSAGES, rounds)
    return {name: {**spread(taken), "a_second": round(1000 / statistics.fmean(taken), 1)} for name, taken in zip(sides, found)}


async def doors(web: Begin, sms: Begin, form: Sequence[str], rounds: int) -> dict[str, dict[str, float]]:
    """A turn on the web, by text, and of the referral form, by turns."""
    taken: dict[str, list[float]] = {"web": [], "sms": [], "form": []}
    for number in range(rounds + 1):
        pair = await by_turns([web, sms], MESSAGES, 0 if not number else 1)
        filling = web()
        await filling.begin()
        form_taken = [await filling.say(text) for text in form]
        await filling.line.close()
        if number:
            taken["web"] += pair[0]
            taken["sms"] += pair[1]
            taken["form"] += form_taken
    return {name: spread(each) for name, each in taken.items()}


async def late(begin: Begin, rounds: int) -> dict[str, float]:
    """Turns 2 to 10 of somebody new beside turns 60 to 68 of somebody else, by turns with the same messages."""
    early, later = [], []
    for _ in range(rounds):
        old, new = begin(), begin()
        await old.begin()
        for number in range(LATE):
            await old.say(MESSAGES[number % len(MESSAGES)])
        await new.begin()
        await new.say(MESSAGES[LATE % len(MESSAGES)])
        for text in MESSAGES:
            early.append(await new.say(text))
            later.append(await old.say(text))
        await old.line.close()
        await new.line.close()
    return {"turn_2": round(statistics.median(early), 2), "turn_60": round(statistics.median(later), 2)}


async def second_text(begin: Begin, rounds: int) -> dict[str, float]:
    """Two messages of one person, the second while the first is being answered: the median milliseconds of a turn alone, and of
    the second from when it was sent until its answer was there.
    """
    alone, second = [], []
    for number in range(rounds + 1):
        person = begin()
        await person.begin()
        other = person.again()
        await other.line.open()
        text = MESSAGES[number % len(MESSAGES)]
        await person.say(text)
        one = await person.say(text)
        first = asyncio.ensure_future(person.say(text))
        await asyncio.sleep(BETWEEN)
        two = await other.say(text)
        await first
        if number:
            alone.append(one)
            second.append(two)
        await person.line.close()
        await other.line.close()
    return {"alone": round(statistics.median(alone), 2), "second": round(statistics.median(second), 2)}


@dataclass
class Live:
    """A product, and the people who are in a conversation with it."""

    url: str
    tokens: list[str]


async def fill(url: str, people: int) -> Live:
    """Let so many people begin a conversation and say one thing."""
    tokens: list[str] = []

    async def some(count: int) -> None:
        for number in range(count):
            person = Web(url)
            await person.begin()
            await person.say(MESSAGES[number % len(MESSAGES)])
            await person.line.close()
            tokens.append(person.token)

    shares = [people // FILL_AT_ONCE + (number < people % FILL_AT_ONCE) for number in range(FILL_AT_ONCE)]
    await asyncio.gather(*(some(share) for share in shares))
    return Live(url, tokens)


async def among(few: Live, many: Live, people: int) -> tuple[float, float]:
    """The median turn of so many of the few, and of as many of the many, by turns: each says the next nine messages."""
    dice = random.Random(1)
    taken: tuple[list[float], list[float]] = ([], [])
    chosen = zip(dice.sample(few.tokens, people), dice.sample(many.tokens, people))
    for tokens in chosen:
        pair = [Web(live.url, token) for live, token in zip((few, many), tokens)]
        for text in MESSAGES:
            for person, into in zip(pair, taken):
                into.append(await person.say(text))
        for person in pair:
            await person.line.close()
    return statistics.median(taken[0]), statistics.median(taken[1])


async def by_workers(urls: Sequence[str], blocks: int) -> dict[str, float]:
    """Turns a second with all at the first address, and shared among all addresses, by turns. Each person stays with one."""
    ways = {"one": urls[:1], "two": urls}
    turns, seconds = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0.0)
    for block in range(blocks + 1):
        for name, addresses in ways.items():
            crowd: list[Begin] = [partial(Web, addresses[number % len(addresses)]) for number in range(WORKERS_PEOPLE)]
            found, took = await at_once(crowd, MESSAGES, 2 if block else 1)
            if block:
                turns[name] += len(found)
                seconds[name] += took
    return {f"{name}_a_second": round(turns[name] / seconds[name], 1) for name in ways}
