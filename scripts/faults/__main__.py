"""`make faults [ONLY=name]`: starts the product, has people talk to it, breaks it, and says what they met.

Writes var/faults.json and the table in docs/reliability.md. Ends with 1 if any fault did what it may not.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

from scripts.faults.catalogue import FAULTS, Fault  # noqa: E402
from scripts.faults.crowd import PEOPLE, Crowd  # noqa: E402
from scripts.faults.house import House  # noqa: E402
from scripts.faults.page import put, table_of  # noqa: E402
from scripts.faults.record import Record, now  # noqa: E402
from scripts.faults.settings import AsItIs, NotHere  # noqa: E402
from scripts.faults.verdict import Course, Outcome, judged  # noqa: E402


@dataclass(frozen=True)
class Times:
    """How many seconds people talk before a fault and after it, and how long after it a form may still take."""

    before: float = 8.0
    after: float = 12.0
    form: float = 60.0


USUAL = Times()


class Houses:
    """Gives each fault a product to break: the one before, where that is well and nothing special is wanted."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._kept: House | None = None

    def close(self) -> None:
        """Stop what runs. What cannot be stopped in order is nothing to hold up the rest."""
        self._kept = None
        try:
            self._open.close()
        except Exception as error:  # noqa: BLE001
            sys.stderr.write(f"faults: a product did not stop in order ({type(error).__name__})\n")

    def one_for(self, fault: Fault) -> House:
        """A product that is well. Raises `NotHere`."""
        plain = isinstance(fault.setting, AsItIs)
        if plain and self._kept is not None and self._kept.kind == fault.kind and self._kept.is_ready():
            return self._kept
        self.close()
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="outreach-faults-")))
        # The engines run as users of their own, and have to get in.
        folder.chmod(0o755)
        around = self._open.enter_context(fault.setting.made(folder))
        house = self._open.enter_context(House(folder, fault.kind, around.more, **around.rest))
        self._kept = house if plain else None
        return house


def run(fault: Fault, house: House, pause: float, seconds: float | None = None, times: Times = USUAL) -> Outcome:
    """Break the product once, with people about, for so many seconds or the fault's own."""
    record = Record()
    with Crowd(house.town(record, pause)) as crowd:
        course, memory, seen = happens(fault, house, record, fault.seconds if seconds is None else seconds, times)
    fault.afterwards(house)
    return judged(fault, course, house.referrals(record.forms()), memory, seen, crowd.broken)


def happens(
    fault: Fault, house: House, record: Record, seconds: float, times: Times
) -> tuple[Course, tuple[float, float], str]:
    """Let people talk, break, mend, and let them talk on until it is well, and a while longer."""
    start = now()
    time.sleep(times.before)
    before, began = house.memory(), now()
    try:
        seen = fault.breaks(house, seconds)
    except AssertionError as error:
        seen = f"not mended: {error}"
    mended = now()
    until = mended + fault.well_within
    while not house.is_ready() and now() < until:
        time.sleep(0.5)
    time.sleep(times.after)
    # On a busy machine a form takes its time, and a run in which none came to its end would say nothing of referrals.
    until = now() + times.form
    while not any(form.reference for form in record.forms()) and now() < until:
        time.sleep(0.5)
    course = Course(began, mended, record.between(start, began), record.between(began, now()))
    return course, (before, house.memory()), seen


def main() -> int:
    """Run the faults that were asked for, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the names of faults, with commas between")
    parser.add_argument("--pause", type=float, default=1.0, help="how many seconds people think; with less, some meet limits")
    parser.add_argument("--seconds", type=float, help="how long a fault lasts, instead of its own time")
    wanted = parser.parse_args()
    only = {name for name in wanted.only.split(",") if name}
    unknown = only - {fault.name for fault in FAULTS}
    if unknown:
        sys.stderr.write(f"faults: there is no {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in FAULTS)}\n")
        return 2
    # Whoever ends it by a signal does not want the product to run on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = Found(about_the_run(wanted.pause))
    faults = [fault for fault in FAULTS if not only or fault.name in only]
    try:
        try_all(faults, found, wanted.pause, wanted.seconds)
    finally:
        # Whatever happened: nobody may be watching, and what was found until then is found.
        found.end(faults)
        found.write(page=not only)
    return 0 if found.holds else 1


@dataclass
class Found:
    """What a run has found so far."""

    about: dict[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    not_tried: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=now)

    @property
    def holds(self) -> bool:
        """Whether every fault was tried, and harmed nobody."""
        return all(outcome.holds for outcome in self.outcomes) and not self.not_tried

    def end(self, faults: Sequence[Fault]) -> None:
        """The run is over. What it never came to was not tried."""
        self.about["minutes"] = round((now() - self.began) / 60)
        tried = {outcome.name for outcome in self.outcomes}
        for fault in faults:
            if fault.name not in tried:
                self.not_tried.setdefault(fault.what, "the run was ended before")

    def write(self, page: bool) -> None:
        """Into var/faults.json, and into docs/reliability.md where that is wanted."""
        found = {"run": self.about, "faults": [each.as_json() for each in self.outcomes], "not_tried": self.not_tried}
        (ROOT / "var").mkdir(exist_ok=True)
        (ROOT / "var" / "faults.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        if page:
            put("faults", table_of(found))


def try_all(faults: Sequence[Fault], found: Found, pause: float, seconds: float | None) -> None:
    """One after another. What falls over in between is told, and the next has a product of its own."""
    houses = Houses()
    try:
        for fault in faults:
            began = now()
            try:
                outcome = run(fault, houses.one_for(fault), pause, seconds)
            except Exception as why:  # noqa: BLE001 - one that cannot be tried keeps nobody from trying the others
                found.not_tried[fault.what] = reason(why)
                print(f"NOT TRIED  {fault.what}: {why}", flush=True)
                houses.close()
                continue
            found.outcomes.append(outcome)
            show(outcome, now() - began)
    finally:
        houses.close()


def reason(why: Exception) -> str:
    """Why a fault was not tried, in words for the page: of what nobody foresaw, its name alone."""
    foreseen = isinstance(why, (NotHere, AssertionError))
    return str(why).partition("\n")[0] if foreseen else f"the run itself fell over ({type(why).__name__})"


def about_the_run(pause: float) -> dict[str, Any]:
    """What a reader has to know of the run."""
    return {
        "day": date.today().isoformat(), "cores": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 1), "pause": pause,
        "people": sum(PEOPLE.values()),
    }  # fmt: skip


def show(outcome: Outcome, seconds: float) -> None:
    """Print an outcome, and how long it took to get."""
    came = ", ".join(f"{n} {kind}" for kind, n in outcome.came.items() if n)
    print(f"{'holds' if outcome.holds else 'FAILS'}  {outcome.what} ({outcome.seen}; in all {seconds:.0f} s)")
    print(f"       {outcome.replies} replies: {came}; of danger and leaving {outcome.urgent}, {outcome.urgent_fixed} fixed")
    print(f"       longest wait {outcome.longest} s, normal after {outcome.normal_after} s, {outcome.referrals}")
    print(f"       memory {outcome.memory_before:.0f} to {outcome.memory_after:.0f} MB, statuses {outcome.statuses}")
    for line in (*outcome.failures, *outcome.worst):
        print(f"       - {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
