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
from contextlib import ExitStack
from dataclasses import dataclass
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
        """Stop what runs."""
        self._open.close()
        self._kept = None

    def one_for(self, fault: Fault) -> House:
        """A product that is well. Raises `NotHere`."""
        plain = isinstance(fault.setting, AsItIs) and not fault.more
        if plain and self._kept is not None and self._kept.kind == fault.kind and self._kept.is_ready():
            return self._kept
        self.close()
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="outreach-faults-")))
        # The engines run as users of their own, and have to get in.
        folder.chmod(0o755)
        around = self._open.enter_context(fault.setting.made(folder))
        house = self._open.enter_context(House(folder, fault.kind, {**fault.more, **around.more}, **around.rest))
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
    parser.add_argument("--pause", type=float, default=1.0, help="how many seconds people think")
    parser.add_argument("--seconds", type=float, help="how long a fault lasts, instead of its own time")
    wanted = parser.parse_args()
    only = [name for name in wanted.only.split(",") if name]
    unknown = set(only) - {fault.name for fault in FAULTS}
    if unknown:
        sys.stderr.write(f"faults: there is no {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in FAULTS)}\n")
        return 2
    # Whoever ends it by a signal does not want the product to run on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    about, outcomes, not_tried = about_the_run(wanted.pause), [], {}
    houses = Houses()
    try:
        for fault in FAULTS:
            if only and fault.name not in only:
                continue
            try:
                outcomes.append(run(fault, houses.one_for(fault), wanted.pause, wanted.seconds))
                show(outcomes[-1])
            except NotHere as why:
                not_tried[fault.what] = str(why)
                print(f"NOT TRIED  {fault.what}: {why}", flush=True)
    finally:
        houses.close()
    found = {"run": about, "faults": [each.as_json() for each in outcomes], "not_tried": not_tried}
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "faults.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not only:
        put("faults", table_of(found))
    return 0 if all(outcome.holds for outcome in outcomes) and not not_tried else 1


def about_the_run(pause: float) -> dict[str, Any]:
    """What a reader has to know of the run."""
    return {
        "day": date.today().isoformat(), "cores": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 1), "pause": pause,
        "people": sum(PEOPLE.values()),
    }  # fmt: skip


def show(outcome: Outcome) -> None:
    """Print an outcome."""
    came = ", ".join(f"{n} {kind}" for kind, n in outcome.came.items() if n)
    print(f"{'holds' if outcome.holds else 'FAILS'}  {outcome.what} ({outcome.seen})")
    print(f"       {outcome.replies} replies: {came}; of danger and leaving {outcome.urgent}, {outcome.urgent_fixed} fixed")
    print(f"       longest wait {outcome.longest} s, normal after {outcome.normal_after} s, {outcome.referrals}")
    print(f"       memory {outcome.memory_before:.0f} to {outcome.memory_after:.0f} MB, statuses {outcome.statuses}")
    for line in (*outcome.failures, *outcome.worst):
        print(f"       - {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
