"""The faults: what each breaks, for how long, and what people may meet meanwhile."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.faults import breaking
from scripts.faults.house import MACHINE, SERVICE, House
from scripts.faults.settings import AsItIs, Disk, FakeTime, Setting, TreeOfItsOwn

# After a fault everything must be well again within so many seconds: a process and its model have to be loaded.
WELL_WITHIN = 60.0


def nothing(house: House) -> None:
    """There is nothing to do."""


@dataclass(frozen=True)
class Fault:
    """One way to break. `breaks` breaks and mends, and gives a sentence on what it saw.

    `cut_off` says that a request under way may be lost with the process that had it, and so may get no better than the
    fixed reply; `door` that the only door itself is gone for a while. `afterwards` is done when nobody talks any more, before
    the referrals are counted. `setting` makes what the fault needs around the product.
    """

    name: str
    what: str
    kind: str
    breaks: Callable[[House, float], str]
    seconds: float = 20.0
    cut_off: bool = False
    door: bool = False
    well_within: float = WELL_WITHIN
    afterwards: Callable[[House], None] = nothing
    setting: Setting = field(default_factory=AsItIs)


# Those that break a plain product come first, one after another: they break the same one, where it is well again.
FAULTS = (
    Fault("kill-assistant", "kill -9 of an assistant", SERVICE, breaking.kill("assistant"), cut_off=True),
    Fault("kill-worker", "kill -9 of the other assistant", SERVICE, breaking.kill("worker"), cut_off=True),
    Fault("kill-actions", "kill -9 of the action server", SERVICE, breaking.kill("actions")),
    Fault("kill-deliverer", "kill -9 of the deliverer", SERVICE, breaking.kill("deliverer")),
    Fault("kill-console", "kill -9 of the staff console", SERVICE, breaking.kill("console")),
    Fault("kill-launcher", "kill -9 of the launcher", SERVICE, breaking.kill("launcher"), cut_off=True),
    Fault("kill-nginx", "kill -9 of nginx", SERVICE, breaking.kill("nginx"), cut_off=True, door=True),
    Fault("kill-nginx-worker", "kill -9 of one of nginx's workers", SERVICE, breaking.kill("nginx-worker"), cut_off=True,
          door=True),
    Fault("kill-postgres", "kill -9 of PostgreSQL", SERVICE, breaking.killed_engine("postgres"), seconds=5),
    Fault("kill-redis", "kill -9 of Redis", SERVICE, breaking.killed_engine("redis"), seconds=5),
    Fault("postgres-stopped", "PostgreSQL stopped for 60 s", SERVICE, breaking.stopped("postgres"), seconds=60),
    Fault("postgres-hangs", "PostgreSQL hangs for 20 s", SERVICE, breaking.frozen("postgres")),
    Fault("redis-stopped", "Redis stopped for 60 s", SERVICE, breaking.stopped("redis"), seconds=60),
    Fault("redis-hangs", "Redis hangs for 20 s", SERVICE, breaking.frozen("redis")),
    Fault("assistant-hangs", "an assistant hangs for 20 s", SERVICE, breaking.hangs("assistant"), cut_off=True),
    Fault("actions-hang", "the action server hangs for 20 s", SERVICE, breaking.hangs("actions")),
    Fault("slow-clients", "200 clients send a byte a second", SERVICE, breaking.slow_clients, seconds=30),
    Fault("connections", "10,000 open connections", SERVICE, breaking.connections, seconds=30),
    Fault("flood-number", "a flood of texts from one number", SERVICE, breaking.flood_of_texts),
    Fault("flood-address", "a flood of requests from one address", SERVICE, breaking.flood_of_requests),
    Fault("disk-full", "the database's disk is full for 20 s", SERVICE, breaking.disk_full, setting=Disk(400)),
    Fault("model-corrupt", "the model's file is cut short, and an assistant killed", SERVICE, breaking.model_corrupt,
          cut_off=True, setting=TreeOfItsOwn()),
    Fault("clock-back", "the clock goes back an hour", SERVICE, breaking.clock_back, afterwards=breaking.clock_right,
          setting=FakeTime()),
    Fault("machine-kill-assistant", "one machine: kill -9 of the assistant", MACHINE, breaking.kill("assistant"), cut_off=True,
          door=True),
    Fault("machine-kill-launcher", "one machine: kill -9 of the launcher", MACHINE, breaking.kill("launcher"), cut_off=True,
          door=True),
    Fault("machine-actions-hang", "one machine: the action server hangs for 20 s", MACHINE, breaking.hangs("actions")),
    Fault("machine-disk-full", "one machine: the disk is full for 20 s", MACHINE, breaking.disk_full, setting=Disk(32)),
    Fault("machine-clock-back", "one machine: the clock goes back an hour", MACHINE, breaking.clock_back,
          afterwards=breaking.clock_right, setting=FakeTime()),
)  # fmt: skip
