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

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

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


def memory_of(pid: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024, 1)


def main() -> None:
    """Measure, print, write."""
    os.environ.setdefault("ACTIONS_PORT", "5055")
    from running import Running

    rows: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        running = Running(Path(folder), {"LOG_LEVEL": "WARNING"}).start()
        rows["start_s"] = round(time.perf_counter() - began, 1)
        try:
            rows["web_1"] = turns(running.url, 1, 10)
            rows["web_8"] = turns(running.url, 8, 4)
            early, late = late_turns(running.url)
            rows["memory_mb"] = memory_of(running.pid_of("launcher.assistant"))
        finally:
            running.stop()
    rows.update(understanding(10))
    parse, forward = rows["parse_ms"], rows["encoder_ms"]
    assert isinstance(parse, dict) and isinstance(forward, dict)
    rows["ratio"] = {
        "turn_60_over_2": round(late / early, 3),
        "parse_over_encoder": round(parse["median"] / forward["median"], 3),
    }
    for name, value in rows.items():
        print(f"{name:12} {value}")
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "bench.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
