"""The faults: what each breaks, for how long, and what people may meet meanwhile."""
from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.faults.house import House
from scripts.faults.processes import wait_for

# After a fault everything must be well again within so many seconds: a process and its model have to be loaded.
WELL_WITHIN = 60.0


@dataclass(frozen=True)
class Fault:
    """One way to break. `breaks` breaks and mends, and gives a sentence on what it saw.

    `cut_off` says that a request under way may be lost with the process that had it, and so may get no better than the
    fixed reply; `door` that the only door itself is gone for a while. `engines` are those that it is about.
    """

    name: str
    what: str
    breaks: Callable[[House, float], str]
    seconds: float = 10.0
    cut_off: bool = False
    door: bool = False
    well_within: float = WELL_WITHIN
    engines: tuple[str, ...] = ("sqlite", "postgres")


def kill(part: str) -> Callable[[House, float], str]:
    """kill -9 a part, and see that another process takes its place."""

    def breaks(house: House, seconds: float) -> str:
        before = house.pid_of(part)
        os.kill(before, signal.SIGKILL)
        began = time.monotonic()

        def is_new() -> bool:
            try:
                return house.pid_of(part) != before
            except LookupError:
                return False

        wait_for(f"a new {part}", is_new, WELL_WITHIN)
        return f"another process after {time.monotonic() - began:.1f} s"

    return breaks


def hangs(part: str) -> Callable[[House, float], str]:
    """A part is there, takes connections and does nothing."""

    def breaks(house: House, seconds: float) -> str:
        pid = house.pid_of(part)
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        return f"stopped for {seconds:.0f} s"

    return breaks


FAULTS = (
    Fault("kill-assistant", "kill -9 of the assistant", kill("assistant"), cut_off=True, door=True),
    Fault("kill-actions", "kill -9 of the action server", kill("actions")),
    Fault("kill-deliverer", "kill -9 of the deliverer", kill("deliverer")),
    Fault("kill-console", "kill -9 of the staff console", kill("console")),
    Fault("kill-launcher", "kill -9 of the launcher", kill("launcher"), cut_off=True, door=True),
    Fault("actions-hang", "the action server hangs", hangs("actions"), seconds=20),
)
