"""`make faults [ONLY=name]`: starts the product, has people talk to it, breaks it, and says what they met.

Writes var/faults.json and the table in docs/reliability.md. Ends with 1 if any fault did what it may not.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
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
from scripts.faults.verdict import Course, Outcome, judged  # noqa: E402

BEFORE_SECONDS = 8.0
AFTER_SECONDS = 12.0
STORED_IN = {"sqlite": "SQLite", "postgres": "PostgreSQL, with Redis"}


def run(fault: Fault, engines: str, pause: float, seconds: float | None = None) -> Outcome:
    """Break the product once, with people about."""
    record = Record()
    with tempfile.TemporaryDirectory(prefix="outreach-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with House(folder, engines) as house:
            crowd = Crowd(house.town(record, pause))
            with crowd:
                course, memory, seen = happens(fault, house, record, fault.seconds if seconds is None else seconds)
            referrals = house.referrals(record.forms())
            return judged(fault, engines, course, referrals, memory, seen, crowd.broken)


def happens(fault: Fault, house: House, record: Record, seconds: float) -> tuple[Course, tuple[float, float], str]:
    """Let people talk, break, mend, and let them talk on until it is well, and a while longer."""
    start = now()
    time.sleep(BEFORE_SECONDS)
    before, began = house.memory(), now()
    try:
        seen = fault.breaks(house, seconds)
    except AssertionError as error:
        seen = f"not mended: {error}"
    mended = now()
    until = mended + fault.well_within
    while not house.is_ready() and now() < until:
        time.sleep(0.5)
    time.sleep(AFTER_SECONDS)
    course = Course(began, mended, record.between(start, began), record.between(began, now()))
    return course, (before, house.memory()), seen


def main() -> int:
    """Run the faults that were asked for, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the names of faults, with commas between")
    parser.add_argument("--engines", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--pause", type=float, default=1.0, help="how many seconds people think")
    parser.add_argument("--seconds", type=float, help="how long a fault lasts, instead of its own time")
    wanted = parser.parse_args()
    only = [name for name in wanted.only.split(",") if name]
    unknown = set(only) - {fault.name for fault in FAULTS}
    if unknown:
        sys.stderr.write(f"faults: there is no {', '.join(sorted(unknown))}; there are {', '.join(f.name for f in FAULTS)}\n")
        return 2
    about = about_the_run(wanted.engines, wanted.pause)
    outcomes = []
    for fault in FAULTS:
        if wanted.engines in fault.engines and (not only or fault.name in only):
            outcomes.append(run(fault, wanted.engines, wanted.pause, wanted.seconds))
            show(outcomes[-1])
    found = {"run": about, "faults": [each.as_json() for each in outcomes]}
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "faults.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not only:
        put("faults", table_of(found))
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def about_the_run(engines: str, pause: float) -> dict[str, Any]:
    """What a reader has to know of the run."""
    return {
        "day": date.today().isoformat(), "cores": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 1), "pause": pause,
        "people": sum(PEOPLE.values()), "engines": STORED_IN[engines],
    }  # fmt: skip


def show(outcome: Outcome) -> None:
    """Print an outcome."""
    came = ", ".join(f"{n} {kind}" for kind, n in outcome.came.items() if n)
    print(f"{'holds' if outcome.holds else 'FAILS'}  {outcome.what} ({outcome.seen})")
    print(f"       {outcome.replies} replies: {came}; of danger and leaving {outcome.urgent}, {outcome.urgent_fixed} fixed")
    print(f"       longest wait {outcome.longest} s, normal after {outcome.normal_after} s, {outcome.referrals}")
    print(f"       memory {outcome.memory_before:.0f} to {outcome.memory_after:.0f} MB, statuses {outcome.statuses}")
    for failure in outcome.failures:
        print(f"       - {failure}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
