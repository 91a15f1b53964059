"""Processes that are kept running as a service manager keeps them, and what can be seen of a process from outside."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# A service manager starts again what died after this pause.
AGAIN_AFTER = 1.0


def children_of(parent: int) -> dict[int, str]:
    """The children of a process, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return found


def family_of(parent: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield parent
    for child in children_of(parent):
        yield from family_of(child)


def born(pid: int) -> str:
    """When a process began, so that another one of the same number is not taken for it; empty for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def memory_of(pid: int) -> float:
    """Resident memory in MB; nothing for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


class Kept:
    """A process that is started again whenever it ends, and whose whole family ends with it, as systemd has it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> None:
        self.name = name
        self.starts = 0
        self._command, self._environment, self._log, self._folder = list(command), dict(environment), log, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._family: dict[int, str] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> Kept:
        """Start it, and keep it."""
        self._begin()
        self._thread.start()
        return self

    @property
    def pid(self) -> int:
        """The process as it runs now."""
        assert self._process is not None
        return self._process.pid

    def part(self, named: str) -> int:
        """The child with this in its command line. Raises `LookupError`."""
        for pid, command in children_of(self.pid).items():
            if named in command:
                return pid
        raise LookupError(named)

    def stop(self) -> None:
        """End it in order, and what is left of its family at once."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(30)
        if self._process is not None and self._process.poll() is None:
            self._look()
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
        self._end_family()

    def _begin(self) -> None:
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )

    def _keep(self) -> None:
        while not self._ending.wait(0.25):
            assert self._process is not None
            if self._process.poll() is None:
                self._look()
                continue
            self._end_family()
            if not self._ending.wait(AGAIN_AFTER):
                self._begin()

    def _look(self) -> None:
        self._family = {pid: born(pid) for pid in family_of(self.pid)}

    def _end_family(self) -> None:
        for pid, birth in self._family.items():
            if birth and born(pid) == birth:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._family = {}


def wait_for(what: str, is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until `is_so()` is true. Raises `AssertionError` when it does not become so in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)
