"""`make bench`: how fast the assistant is, on this machine, now. Prints a table and writes var/bench.json.

Figures from different runs, or machines, can't be compared: the machine is noisy. Ratios within one run can. The peer (Rasa's
default project on the same data) has no rows yet.
"""
from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from running import Running

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

MESSAGES = (
    "is there a refuge near me", "he checks my phone every night and i have to account for every penny",
    "what happens to my dog if i leave", "I'm in Hitchin", "how do i get a non molestation order", "thank you",
    "i feel so stupid for staying", "can the police tell me about his past", "who can see what i write here",
)


def times(call: Callable[[str], object], texts: tuple[str, ...], rounds: int) -> list[float]:
    """Milliseconds of each call, after one round that does not count."""
    for text in texts:
        call(text)
    taken = []
    for _ in range(rounds):
        for text in texts:
            began = time.perf_counter()
            call(text)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def spread(taken: list[float]) -> dict[str, float]:
    """Median, 95th and 99th of a hundred, in milliseconds."""
    ordered = sorted(taken)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(len(ordered) * 0.95)], 2),
        "p99": round(ordered[int(len(ordered) * 0.99)], 2),
    }


def understanding(rounds: int) -> dict[str, object]:
    """One parse with everything in it, beside the encoder's own forward pass."""
    from rasa.core.agent import Agent

    from components.encoder import SentenceEncoder
    from launcher.train import current_model
    from outreach.privacy import logs

    logs.install("CRITICAL")
    encoder, loop = SentenceEncoder(), asyncio.new_event_loop()
    agent = Agent.load(str(current_model()))
    forward = times(lambda text: encoder.encode([text]), MESSAGES, rounds)
    parse = times(lambda text: loop.run_until_complete(agent.parse_message(text)), MESSAGES, rounds)
    return {"encoder_ms": spread(forward), "parse_ms": spread(parse)}


def turns(url: str, at_once: int, each: int) -> dict[str, float]:
    """Turns over HTTP by so many people at a time."""
    from running import Person

    def talk(_: int) -> list[float]:
        person = Person(url)
        return times(person.say, MESSAGES, each)

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        taken = [t for one in pool.map(talk, range(at_once)) for t in one]
    seconds = time.perf_counter() - began
    return {**spread(taken), "a_second": round(at_once * (each + 1) * len(MESSAGES) / seconds, 1)}


def late_turns(url: str) -> tuple[float, float]:
    """The median of turns 2 to 11, and of turns 60 to 69, of one conversation."""
    from running import Person

    person, taken = Person(url), []
    for number in range(70):
        began = time.perf_counter()
        person.say(MESSAGES[number % len(MESSAGES)])
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[1:10]), statistics.median(taken[60:69])


def doors(running: Running, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of a turn through each door, and of a turn of the form, by turns, so that they meet the same machine."""
    from form import ASKS, FIRST, MORE, YES
    from running import Person
    from texting import Phone

    form = [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE, "yes"]
    taken: dict[str, list[float]] = {"web": [], "sms": [], "form": []}
    for number in range(rounds + 1):
        person, phone, filling = Person(running.url), Phone(running), Person(running.url)
        phone.text("hello")
        # The first round does not count.
        into = taken if number else {name: [] for name in taken}
        for text in MESSAGES:
            timed(into["web"], person.say, text)
            timed(into["sms"], phone.text, text)
        for said in form:
            timed(into["form"], filling.say, said)
    return taken


def timed(taken: list[float], call: Callable[[str], object], text: str) -> None:
    """Call, and add the milliseconds that it took."""
    began = time.perf_counter()
    call(text)
    taken.append((time.perf_counter() - began) * 1000)


def with_keys(folder: Path) -> dict[str, str]:
    """The settings of a product that takes referrals and texts, with keys of its own."""
    from texting import PUBLIC, TOKEN

    from scripts.keys import add_pair

    add_pair(folder / "keys" / "referral.pub", folder / "keys" / "referral.key")
    return {
        "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC,
        "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
    }  # fmt: skip


def memory_of(pid: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024, 1)


def main() -> None:
    """Measure, print, write."""
    os.environ.setdefault("ACTIONS_PORT", "5055")
    from running import Running

    from scripts.bench_directory import measure as measure_directory

    rows: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        running = Running(Path(folder), {"LOG_LEVEL": "WARNING", **with_keys(Path(folder))}).start()
        rows["start_s"] = round(time.perf_counter() - began, 1)
        try:
            rows["web_1"] = turns(running.url, 1, 10)
            rows["web_8"] = turns(running.url, 8, 4)
            early, late = late_turns(running.url)
            through = doors(running, 5)
            rows.update({f"turn_{name}": spread(taken) for name, taken in through.items()})
            rows["memory_mb"] = memory_of(running.pid_of("launcher.assistant"))
        finally:
            running.stop()
    middle = {name: statistics.median(taken) for name, taken in through.items()}
    rows.update(understanding(10))
    parse, forward = rows["parse_ms"], rows["encoder_ms"]
    assert isinstance(parse, dict) and isinstance(forward, dict)
    ratio = {
        "turn_60_over_2": round(late / early, 3),
        "parse_over_encoder": round(parse["median"] / forward["median"], 3),
        "sms_over_web": round(middle["sms"] / middle["web"], 3),
        "form_over_web": round(middle["form"] / middle["web"], 3),
    }
    with tempfile.TemporaryDirectory() as folder:
        directory, ratios = measure_directory(Path(folder))
    rows.update(directory)
    rows["ratio"] = {**ratio, **ratios}
    for name, value in rows.items():
        print(f"{name:12} {value}")
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "bench.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
