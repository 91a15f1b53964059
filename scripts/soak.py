"""`make soak [MINUTES=30]`: whether the product holds for long at seven tenths of what it can carry.

It finds the highest load first: more and more people, until the slowest of a hundred turns takes over a second. Then it lets
as many turns begin as seven tenths of that, for so many minutes. Writes var/soak.json and docs/reliability.md, also where it
comes to no end, and ends with 1 where something failed, the slowest of a hundred took a second, or memory grew by a twentieth.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

from scripts.faults.crowd import Crowd  # noqa: E402
from scripts.faults.hearing import Came  # noqa: E402
from scripts.faults.house import MACHINE, SERVICE, House  # noqa: E402
from scripts.faults.page import put  # noqa: E402
from scripts.faults.people import Filler, Talker, Texter, Town  # noqa: E402
from scripts.faults.processes import family_of, memory_of, wait_for  # noqa: E402
from scripts.faults.record import Record, Said, counted, longest, now, percentile  # noqa: E402

MOST_P99, MOST_GROWTH, SHARE = 1.0, 0.05, 0.7
WHATS = {SERVICE: "PostgreSQL, Redis, two assistants and nginx", MACHINE: "SQLite and one assistant with nothing in front"}
# Of ten people so many talk, fill in a form and text.
MIX = (Talker, Talker, Talker, Talker, Talker, Talker, Filler, Filler, Texter, Texter)
STEP_SECONDS, SETTLE_SECONDS = 10.0, 4.0
# In large steps up to what is too much, and then so often half way between that and what was carried: within a twentieth.
FIRST_RATE, FACTOR, MOST_RATE, HALVINGS = 8.0, 1.5, 400.0, 3


class Paced(Town):
    """A town in which turns begin at a steady rate, however long they take: who wants to speak waits for their moment."""

    def pace(self, rate: float, people: int) -> None:
        """So many turns a second, by so many people."""
        self.pause = people / rate

    async def think(self) -> None:
        """Wait for one's moment. Who was kept waiting is late, and speaks at once, so that the load stays what it is."""
        task = asyncio.current_task()
        due = self.moments.get(task, now() + self.pause * (hash(task) % 97) / 97) + self.pause
        self.moments[task] = max(due, now() - 5 * self.pause)
        await asyncio.sleep(max(0.0, due - now()))

    @property
    def moments(self) -> dict[Any, float]:
        """When each last was due."""
        return self.__dict__.setdefault("_moments", {})


@dataclass(frozen=True)
class Stretch:
    """What a stretch of time was like. Seconds, and turns a second."""

    wanted: float
    turns: int
    rate: float
    p50: float
    p95: float
    p99: float
    longest: float
    not_right: dict[str, int]

    @classmethod
    def of(cls, said: Sequence[Said], seconds: float, wanted: float) -> Stretch:
        """The figures."""
        heard = list(said)
        bad = {came.value: number for came, number in counted(heard).items() if came is not Came.RIGHT}
        figures = (round(percentile(heard, part), 3) for part in (50, 95, 99))
        return cls(round(wanted, 1), len(heard), round(len(heard) / seconds, 1), *figures, round(longest(heard), 3), bad)

    def line(self) -> str:
        """In a line."""
        waits = f"p50 {self.p50:.3f}, p95 {self.p95:.3f}, p99 {self.p99:.3f} s"
        return f"{self.rate:6.1f} turns a second, {waits}, {self.not_right or 'all right'}"

    @property
    def holds(self) -> bool:
        """Whether everything was right and quick enough, and the load was what it was to be."""
        return not self.not_right and self.p99 < MOST_P99 and self.rate > 0.9 * self.wanted

    @property
    def nearly(self) -> bool:
        """Whether no more than a moment's other work of the machine may have been amiss."""
        return not self.not_right and self.p99 < 2 * MOST_P99 and self.rate > 0.8 * self.wanted


def people_for(rate: float) -> int:
    """Enough that nobody has to speak more than every second and a half."""
    return max(10, round(rate * 1.5))


def during(house: House, rate: float, seconds: float, settle: float = SETTLE_SECONDS) -> tuple[Stretch, Record]:
    """Have turns begin at this rate for so long, after a while that does not count."""
    record = Record()
    with crowd_at(house, record, rate):
        time.sleep(settle)
        began = now()
        time.sleep(seconds)
        said = record.between(began, now())
    return Stretch.of(said, seconds, rate), record


def crowd_at(house: House, record: Record, rate: float) -> Crowd:
    """People who begin so many turns a second."""
    people = people_for(rate)
    plain = house.town(record, 1.0)
    town = Paced(plain.door, record, plain.token, plain.public, tls=plain.tls)
    town.pace(rate, people)
    wanted: dict[Any, int] = {}
    for number in range(people):
        kind = MIX[number % len(MIX)]
        wanted[kind] = wanted.get(kind, 0) + 1
    return Crowd(town, wanted)


def highest(house: House, step_seconds: float, tried: list[Stretch]) -> Stretch | None:
    """The highest load that was all right with the slowest of a hundred under a second. `tried` gets each that is tried."""

    def at(rate: float) -> Stretch:
        stretch, _ = during(house, rate, step_seconds)
        tried.append(stretch)
        print(f"  {stretch.line()}", flush=True)
        # What was still under way is over before the next.
        time.sleep(1 if stretch.holds else 4)
        wait_for("it is well again after a load", house.is_ready, 60)
        return stretch

    found, rate = None, FIRST_RATE
    while rate <= MOST_RATE:
        stretch = at(rate)
        if stretch.nearly and not stretch.holds:
            stretch = at(rate)
        if not stretch.holds:
            break
        found, rate = stretch, rate * FACTOR
    too_much = rate
    for _ in range(HALVINGS if found else 0):
        stretch = at(math.sqrt(found.wanted * too_much))
        if stretch.holds:
            found = stretch
        else:
            too_much = stretch.wanted
    return found


def memory_by_part(house: House) -> dict[str, float]:
    """Resident memory of each process, in MB."""
    found: dict[str, float] = {}
    for name, unit in house.units.items():
        for pid in family_of(unit.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0") if Path(f"/proc/{pid}").exists() else [""]
            part = next((word for word in command if word.startswith("launcher.")), command[0].split("/")[-1] or "gone")
            label = f"{name}: {part}" if part != "launcher" else name
            found[label] = round(found.get(label, 0.0) + memory_of(pid), 1)
    return found


def soak(house: House, rate: float, minutes: float) -> dict[str, Any]:
    """Hold a rate for so many minutes. Memory is compared with that after the first, in which everything is new."""
    record, rows = Record(), []
    with crowd_at(house, record, rate):
        time.sleep(SETTLE_SECONDS)
        began = now()
        warm = min(60.0, minutes * 60 / 4)
        time.sleep(warm)
        start = memory_by_part(house)
        for minute in range(1, max(1, round(minutes)) + 1):
            edge = min(began + minute * 60, began + minutes * 60)
            time.sleep(max(0.0, edge - now()))
            since = max(began, edge - 60)
            rows.append(Stretch.of(record.between(since, edge), edge - since, rate))
            print(f"  minute {minute:2}: {rows[-1].line()}", flush=True)
        end, ended = memory_by_part(house), now()
        whole = Stretch.of(record.between(began, ended), ended - began, rate)
    referrals = house.referrals(record.forms())
    before, after = sum(start.values()), sum(end.values())
    return {
        "minutes": minutes, "rate": rate, "whole": vars(whole), "by_minute": [vars(row) for row in rows],
        "worst_p99": max(row.p99 for row in rows), "memory_start_mb": start, "memory_end_mb": end,
        "growth": round(after / before - 1, 4), "referrals": vars(referrals),
        "holds": not whole.not_right and whole.p99 < MOST_P99 and after / before - 1 < MOST_GROWTH
        and not referrals.lost and not referrals.doubled and not referrals.without_yes,
    }  # fmt: skip


def words_of(found: dict[str, Any]) -> str:
    """What docs/reliability.md says of it."""
    run = found["run"]
    busy = "" if run["load_at_start"] < 1 else f" The machine had other work too (load {run['load_at_start']} at the start)."
    rows = _held(found) if found["soak"] else [_most(found), ("outcome", f"**fails**: {found['ended']}")]
    table = ["| what | found |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    about = f"Run on {run['day']}, on {run['cores']} cores that carried the people too; {run['what']}.{busy}"
    return "\n".join([about, "", *table])


def _most(found: dict[str, Any]) -> tuple[str, str]:
    most = f"{found['highest']:.1f} turns a second" if found["highest"] else "not found"
    return "highest load at which the slowest of a hundred took under a second", most


def _held(found: dict[str, Any]) -> list[tuple[str, str]]:
    held, sent = found["soak"], found["soak"]["referrals"]
    bad = ", ".join(f"{number} {came}" for came, number in held["whole"]["not_right"].items()) or "none"
    start, end = sum(held["memory_start_mb"].values()), sum(held["memory_end_mb"].values())
    return [
        _most(found),
        ("held", f"{held['minutes']:g} minutes at {held['whole']['rate']:.1f} turns a second ({held['whole']['turns']} turns)"),
        ("turns that were not right", bad),
        ("wait: half, 95 and 99 of a hundred", " / ".join(f"{held['whole'][p] * 1000:.0f} ms" for p in ("p50", "p95", "p99"))),
        ("99 of a hundred in the worst minute", f"{held['worst_p99'] * 1000:.0f} ms"),
        ("longest wait of all", f"{held['whole']['longest']:.1f} s"),
        ("memory of all processes after the first minute", f"{start:.0f} MB"),
        ("memory of all processes at the end", f"{end:.0f} MB ({held['growth']:+.1%})"),
        ("referrals told, lost, doubled", f"{sent['told']}, {sent['lost']}, {sent['doubled']}"),
        ("outcome", "holds" if held["holds"] else "**fails**"),
    ]  # fmt: skip


def main() -> int:
    """Ramp, soak, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kind", choices=(SERVICE, MACHINE), default=SERVICE)
    parser.add_argument("--step", type=float, default=STEP_SECONDS, help="seconds at each load of the ramp")
    wanted = parser.parse_args()
    # Whoever ends it by a signal does not want the product to run on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = Found(wanted.kind)
    try:
        whole(found, wanted.step, wanted.minutes)
    except Exception as why:  # noqa: BLE001 - nobody may be watching; what was found until then is found
        found.ended = str(why).partition("\n")[0] if isinstance(why, AssertionError) else f"it fell over ({type(why).__name__})"
        sys.stderr.write(f"soak: {type(why).__name__}: {why}\n")
    finally:
        found.write()
    return 0 if found.soak and found.soak["holds"] else 1


@dataclass
class Found:
    """What has been found so far. `ended` is why there is no more."""

    kind: str
    highest: float = 0.0
    ramp: list[Stretch] = field(default_factory=list)
    soak: dict[str, Any] = field(default_factory=dict)
    ended: str = "it was ended before its time"
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def as_json(self) -> dict[str, Any]:
        """For a file and for the page."""
        run = {
            "day": date.today().isoformat(), "cores": os.cpu_count(), "load_at_start": round(self.load, 1),
            "what": WHATS[self.kind],
        }  # fmt: skip
        ramp = [vars(each) for each in self.ramp]
        return {"run": run, "highest": self.highest, "ramp": ramp, "soak": self.soak, "ended": "" if self.soak else self.ended}

    def write(self) -> None:
        """Into var/soak.json and docs/reliability.md."""
        found = self.as_json()
        (ROOT / "var").mkdir(exist_ok=True)
        (ROOT / "var" / "soak.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        put("soak", words_of(found))
        print(words_of(found), flush=True)


def whole(found: Found, step: float, minutes: float) -> None:
    """Find the highest load, and hold seven tenths of it. Raises `AssertionError` where something does not come in time."""
    with tempfile.TemporaryDirectory(prefix="outreach-soak-") as name:
        folder = Path(name)
        # The engines run as users of their own, and have to get in.
        folder.chmod(0o755)
        # What all numbers together may text in a minute is set by whoever knows how many there are; it is not what is sought.
        with House(folder, found.kind, {"SMS_PER_MINUTE_IN_ALL": "100000"}) as house:
            print("the highest load:", flush=True)
            most = highest(house, step, found.ramp)
            assert most is not None, f"not even {FIRST_RATE:.0f} turns a second were carried"
            found.highest = most.rate
            print(f"{SHARE:.0%} of {most.rate:.1f} turns a second:", flush=True)
            time.sleep(5)
            found.soak = soak(house, most.wanted * SHARE, minutes)


if __name__ == "__main__":
    sys.exit(main())
