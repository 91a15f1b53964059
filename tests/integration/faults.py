"""A product that can be broken while it runs: its action server does what a file says, on the next call."""
from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import httpx
from running import ROOT, Person, Running

from outreach.privacy.capability import row_key

# What an exception in the action server says. Nobody may ever read it.
PLANTED = "Zacchaeus Ploverfield took her passport"

# Python imports a module of this name in every process when it starts.
_SITE = f'''
import os, sys, time

def fault():
    try:
        return open(os.environ["FAULT_FILE"]).read()
    except OSError:
        return ""

if "launcher.actions" in sys.orig_argv:
    from actions import never_silent
    from outreach import bootstrap

    def broken(build):
        def instead(*args, **kwargs):
            what = fault()
            if what == "raise":
                raise RuntimeError({PLANTED!r})
            if what.startswith("sleep"):
                time.sleep(float(what.split()[1]))
            if what == "hold":
                open(os.environ["FAULT_FILE"] + ".held", "w").close()
                until = time.monotonic() + 4
                while fault() == "hold" and time.monotonic() < until:
                    time.sleep(0.01)
            return build(*args, **kwargs)
        return instead

    bootstrap.directory = broken(bootstrap.directory)
    bootstrap.gazetteer = broken(bootstrap.gazetteer)
    run = never_silent.NeverSilentAction.run

    async def run_or_fail(self, dispatcher, tracker, domain):
        if fault() == "fail outside":
            raise RuntimeError({PLANTED!r})
        return await run(self, dispatcher, tracker, domain)

    never_silent.NeverSilentAction.run = run_or_fail
'''


class Faulty:
    """The product, and what is wrong with it: nothing, until a test says so."""

    def __init__(self, folder: Path, **environment: str) -> None:
        site = folder / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
        self._fault, self._held = folder / "fault", folder / "fault.held"
        given = {"PYTHONPATH": f"{site}:{ROOT}", "FAULT_FILE": str(self._fault), **environment}
        self.running = Running(folder, given).start()
        self.url = self.running.url

    def breaks(self, how: str) -> None:
        """`raise` in whatever an action reads, `fail outside` of its own care, `sleep 6`, `hold` until it is mended."""
        self._held.unlink(missing_ok=True)
        self._fault.write_text(how, encoding="utf-8")

    def wait_until_held(self) -> None:
        """Wait until an action is in the middle of its work, where `hold` keeps it, for four seconds at most."""
        until = time.monotonic() + 30
        while not self._held.exists():
            assert time.monotonic() < until, "no turn has come so far"
            time.sleep(0.01)

    def mends(self) -> None:
        self._fault.unlink(missing_ok=True)


def rows(running: Running, token: str) -> int:
    """How many rows the database holds for the conversation with this token."""
    with sqlite3.connect(running.database) as database:
        return int(database.execute("SELECT count(*) FROM conversation WHERE row_key = ?", (row_key(token),)).fetchone()[0])


def everything_stored(running: Running) -> bytes:
    """All bytes of all files that the product wrote, but for its log."""
    return b"".join(f.read_bytes() for f in sorted(running.folder.rglob("*")) if f.is_file() and f != running.log)


def from_address(running: Running, address: str) -> Person:
    """Somebody behind the proxy, at this address. `running` believes one proxy."""
    person = Person.__new__(Person)
    person.http = httpx.Client(base_url=running.url, timeout=20, headers={"X-Forwarded-For": address})
    begun = person.http.post("/chat/api/session").json()
    person.token, person.last = begun["session"], begun["messages"]
    return person
