"""`make bench`: how fast the assistant is, on this machine, now, beside a peer: Rasa's default project on the same data.

Prints a table and writes var/bench.json. Figures of different runs, or machines, can't be compared: the machine is noisy.
Ratios within one run can: both sides are driven by the same client with the same messages, by turns. docs/bench.md says what
each row means.

    QUICK=1          few rounds: whether it works, not how fast it is
    REUSE=1          keep the peer that an earlier run trained on the same data
    PEER=no          without the peer
    PEER_EPOCHS=100  train the peer for as long as `rasa init` would (hours)
    PEER_STORIES=yes leave the stories of `rasa init` in the peer, so that its TED policy has work
"""
from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from running import Running

    from scripts.bench_peer import RunningPeer, Trained

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

from scripts import bench_client as client  # noqa: E402
from scripts import bench_report as report  # noqa: E402
from scripts import bench_turns as turns  # noqa: E402

PEER_FOLDER = ROOT / ".peer" / "bench"
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Size:
    """How often everything is done."""

    starts: int = 3
    rounds: int = 30
    blocks: int = 4
    doors: int = 10
    late: int = 8
    seconds: int = 40
    live: int = 10_000
    parses: int = 20
    services_rounds: int = 200


QUICK = Size(starts=1, rounds=4, blocks=1, doors=1, late=1, seconds=6, live=500, parses=2, services_rounds=20)


def say(line: str) -> None:
    """What is being done, to whoever waits."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


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


def understanding(rounds: int) -> Rows:
    """One parse with everything in it, beside the encoder's own forward pass."""
    from rasa.core.agent import Agent

    from components.encoder import SentenceEncoder
    from launcher import graph_runner
    from launcher.train import current_model
    from outreach.privacy import logs

    logs.install("CRITICAL")
    graph_runner.install()
    encoder, loop = SentenceEncoder(), asyncio.new_event_loop()
    agent = Agent.load(str(current_model()))
    forward = times(lambda text: encoder.encode([text]), turns.MESSAGES, rounds)
    parse = times(lambda text: loop.run_until_complete(agent.parse_message(text)), turns.MESSAGES, rounds)
    return {"encoder_ms": {"ours": turns.spread(forward)}, "parse_ms": {"ours": turns.spread(parse)}}


def with_keys(folder: Path) -> dict[str, str]:
    """The settings of a product that takes referrals and texts, with keys of its own."""
    from texting import PUBLIC, TOKEN

    from scripts.keys import add_pair

    add_pair(folder / "keys" / "referral.pub", folder / "keys" / "referral.key")
    return {
        "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC, "LOG_LEVEL": "WARNING",
        "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
    }  # fmt: skip


@contextmanager
def product(**more: str) -> Iterator[tuple[Running, float]]:
    """The product with a new database, and the seconds from its start until it had answered a message."""
    from running import Running

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        running = Running(folder, {**with_keys(folder), **more})
        began = time.perf_counter()
        running.begin()
        seconds = time.perf_counter() - began
        try:
            running.wait_for_all()
            yield running, seconds
        finally:
            running.stop()


@contextmanager
def peer_running(trained: Trained) -> Iterator[tuple[RunningPeer, float]]:
    """The peer, and the seconds from its start until it had answered a message."""
    from running import free_port

    from scripts.bench_peer import RunningPeer

    with tempfile.TemporaryDirectory() as scratch:
        peer = RunningPeer(trained, free_port(), Path(scratch) / "log.txt")
        began = time.perf_counter()
        peer.start()
        seconds = time.perf_counter() - began
        try:
            yield peer, seconds
        finally:
            peer.stop()


def peak_of(pid: int) -> float:
    """The most memory that a process has had resident, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024, 1)


def cpu_of(pids: list[int]) -> float:
    """The milliseconds of processor that these processes have used up to now."""
    fields = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) * 1000 / os.sysconf("SC_CLK_TCK")


def starts(trained: Trained | None, size: Size) -> dict[str, list[float]]:
    """Seconds of starts, by turns; the last start of each is not here but is that of the sides that are measured."""
    found: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(size.starts - 1):
        with product() as (_, seconds):
            found["ours"].append(seconds)
        if trained is not None:
            with peer_running(trained) as (_, seconds):
                found["peer"].append(seconds)
    return found


def processor(begin: client.Begin, pids: list[int], size: Size) -> float:
    """The milliseconds of processor that a turn costs in these processes together, by which a busy machine changes little."""
    before = cpu_of(pids)
    taken, _ = client.run(client.at_once([begin] * 2, turns.MESSAGES, size.doors))
    return round((cpu_of(pids) - before) / len(taken), 2)


def side_by_side(running: Running, peer: RunningPeer | None, size: Size) -> Rows:
    """All rows in which both sides talk, or ours alone where there is no peer."""
    silent: list[str] = []
    sides: dict[str, client.Begin] = {"ours": partial(client.Web, running.url)}
    if peer is not None:
        sides["peer"] = partial(client.Peer, peer.url, silent=silent)
    rows: Rows = {"turn_1": client.run(turns.one_by_one(sides, size.rounds))}
    for people in (8, 32):
        say(f"turns, {people} at a time")
        rows[f"turn_{people}"] = client.run(turns.at_a_time(sides, people, size.blocks, 2))
    processes = ["launcher.assistant", "launcher.actions", "launcher.deliverer", "launcher.console"]
    pids = {"ours": [running.pid_of(name) for name in processes], **({} if peer is None else {"peer": [peer.process.pid]})}
    rows["cpu_ms"] = {name: processor(begin, pids[name], size) for name, begin in sides.items()}
    peaks = {name: peak_of(pid) for name, pid in zip(processes, pids["ours"])}
    rows["memory_mb"] = {"ours": peaks["launcher.assistant"]}
    rows["memory_all_mb"] = {"ours": round(sum(peaks.values()) + peak_of(running.process.pid), 1)}
    if peer is not None:
        for row in ("memory_mb", "memory_all_mb"):
            rows[row]["peer"] = peak_of(peer.process.pid)
    say("late turns, and two messages at once")
    rows["late_ms"] = {name: client.run(turns.late(begin, size.late)) for name, begin in sides.items()}
    rows["second_text_ms"] = {name: client.run(turns.second_text(begin, size.seconds)) for name, begin in sides.items()}
    if silent:
        say(f"the peer left {len(silent)} turns without an answer")
    return rows


def bare(size: Size) -> Rows:
    """A turn of a Rasa server that knows the messages by heart and answers by a rule: what Rasa itself takes, for nothing."""
    from scripts.bench_peer import build_bare

    with tempfile.TemporaryDirectory() as folder:
        trained = build_bare(Path(folder) / "bare", list(turns.MESSAGES))
        with peer_running(trained) as (peer, _):
            silent: list[str] = []
            side: dict[str, client.Begin] = {"peer": partial(client.Peer, peer.url, silent=silent)}
            rows = {"bare_turn": client.run(turns.one_by_one(side, size.rounds))}
    if silent:
        raise RuntimeError(f"the bare server left {len(silent)} turns without an answer")
    return rows


def doors(running: Running, size: Size) -> Rows:
    """A turn through each door, and of the form."""
    from form import ASKS, FIRST, MORE, YES
    from texting import PUBLIC, TOKEN
    from twilio.request_validator import RequestValidator

    validator = RequestValidator(TOKEN)

    def sign(address: str, fields: dict[str, str]) -> str:
        return str(validator.compute_signature(address, fields))

    form = [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE, "yes"]
    web, sms = partial(client.Web, running.url), partial(client.Texting, running.url, PUBLIC, sign)
    found = client.run(turns.doors(web, sms, form, size.doors))
    return {f"{name}_ms": {"ours": figures} for name, figures in found.items()}


def live_conversations(size: Size) -> Rows:
    """A turn among 100 live conversations, and among many, by turns."""
    few_people = min(100, size.live)
    with product() as (small, _), product() as (large, _):
        few = client.run(turns.fill(small.url, few_people))
        many = client.run(turns.fill(large.url, size.live))
        found = client.run(turns.among(few, many, few_people // 2))
    return {"conversations_ms": {"ours": {"few": round(found[0], 2), "many": round(found[1], 2), "of": size.live}}}


def workers(size: Size) -> Rows:
    """Turns a second by one assistant, and by two beside each other, on PostgreSQL and Redis."""
    from engines import Postgres, Redis

    with tempfile.TemporaryDirectory() as scratch:
        engines = [Postgres(Path(scratch)).start(), Redis(Path(scratch)).start()]
        try:
            with product(DATABASE_URL=engines[0].url, REDIS_URL=engines[1].url) as (running, _):
                urls = [running.url, running.worker().url]
                found = client.run(turns.by_workers(urls, size.blocks))
        finally:
            for engine in engines:
                engine.remove()
    return {"workers": {"ours": found}}


def directory(size: Size) -> tuple[Rows, dict[str, float]]:
    """107 services against 100,000."""
    from scripts.bench_directory import measure

    with tempfile.TemporaryDirectory() as folder:
        rows, found = measure(Path(folder), size.services_rounds)
    return {name: {"ours": row} for name, row in rows.items()}, found


def peer_project() -> Trained | None:
    """The peer, made and trained; None where it is not wanted."""
    if os.environ.get("PEER") == "no":
        return None
    from scripts import bench_peer

    epochs = bench_peer.epochs_wanted()
    say(f"making the peer and training it (epochs: {epochs})")
    return bench_peer.build(PEER_FOLDER, epochs, bench_peer.stories_wanted(), bool(os.environ.get("REUSE")))


def measure(size: Size, trained: Trained | None) -> tuple[Rows, dict[str, float]]:
    """Everything: the rows, and the ratios that are not worked out from them."""
    rows: Rows = {}
    say("starting both")
    took = starts(trained, size)
    with product() as (running, seconds):
        took["ours"].append(seconds)
        if trained is None:
            rows.update(side_by_side(running, None, size))
        else:
            with peer_running(trained) as (peer, seconds):
                took["peer"].append(seconds)
                rows.update(side_by_side(running, peer, size))
            rows.update(bare(size))
        rows.update(doors(running, size))
    rows["start_s"] = {name: round(statistics.median(each), 1) for name, each in took.items() if each}
    say(f"{size.live} live conversations")
    rows.update(live_conversations(size))
    say("two assistants")
    rows.update(workers(size))
    say("parsing")
    rows.update(understanding(size.parses))
    if trained is not None:
        from scripts.bench_peer import parse_times

        rows["parse_ms"]["peer"] = turns.spread(parse_times(trained, list(turns.MESSAGES) * size.parses))
    say("100,000 services")
    services, found = directory(size)
    rows.update(services)
    server, url = client.trivial_server()
    try:
        rows["client"] = {"ours": client.run(client.ceiling(url))}
    finally:
        server.terminate()
        server.wait()
    return rows, found


def notes(load: float, trained: Trained | None, size: Size) -> list[str]:
    """What a reader has to know about this run."""
    found = [f"{os.cpu_count()} cores, load {load:.2f} at the start"]
    if load > 1:
        found.append("THE MACHINE WAS BUSY at the start: figures of both sides are too high, and ratios less sure")
    if size == QUICK:
        found.append("A QUICK RUN: it shows that everything works, not how fast it is")
    if trained is None:
        found.append("without the peer")
    else:
        found.append(trained.told())
    return found


def write(whole: dict[str, Any], file: Path) -> None:
    """Leave it all for whoever reads JSON."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, write."""
    os.environ.setdefault("ACTIONS_PORT", "5055")
    os.chdir(ROOT)
    # Whoever ends it ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size, load = QUICK if os.environ.get("QUICK") else Size(), os.getloadavg()[0]
    trained = peer_project()
    rows, more = measure(size, trained)
    told = notes(load, trained, size)
    whole = report.whole(rows, more, told)
    print(report.table(whole["rows"], whole["ratio"], told))
    write(whole, ROOT / "var" / "bench.json")


if __name__ == "__main__":
    main()
