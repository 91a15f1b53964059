"""The product as it runs: started by its launcher on free ports with a database of its own, and a person who talks to it."""
from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 120
# Its processes have ten seconds each before they are killed.
STOPS_WITHIN = 60


# Below those that the system hands out by itself: one of these may be an end of anybody's connection by the time that it is bound.
# Tests that run side by side (gw0, gw1 ...) have ports of their own.
_BESIDE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = range(15_000, 32_000)[_BESIDE % 16 :: 16]
_given_out: set[int] = set()


def free_port() -> int:
    """A port of loopback that nobody uses. Each is given out once."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            if port not in _given_out:
                probe.bind(("127.0.0.1", port))
                _given_out.add(port)
                return port


@dataclass
class Running:
    """A running product. `log` holds everything that its processes printed."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> Running:
        """Start all of it."""
        self.begin()
        self.wait_for_all()
        return self

    def begin(self) -> None:
        """Start it, and wait until somebody who writes would be answered."""
        self.port, self.actions_port, self.console_port = free_port(), free_port(), free_port()
        self.database = self.folder / "outreach.db"
        self.log = self.folder / "log.txt"
        keys = self.folder / "keys"
        given = {
            # Keys of its own: those of the checkout belong to whoever works in it.
            "SMS_KEY_FILE": str(keys / "sms.key"), "REFERENCE_KEY_FILE": str(keys / "reference.key"),
            "REFERRAL_PUBLIC_KEYS": str(keys / "referral.pub"), "REFERRAL_PRIVATE_KEYS": str(keys / "referral.key"),
            "CONSOLE_KEY_FILE": str(keys / "console.key"),
            "PORT": str(self.port), "ACTIONS_PORT": str(self.actions_port), "CONSOLE_PORT": str(self.console_port),
            "DATABASE_URL": f"sqlite:///{self.database}", "LOG_LEVEL": "DEBUG", "PUBLIC_URL": self.url,
            "MESSAGES_PER_MINUTE": "100000", "SESSIONS_PER_MINUTE": "100000", **self.environment,
        }
        self.given = {**os.environ, "PYTHONPATH": str(ROOT), **given}
        self.workers: list[Worker] = []
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                env=self.given, start_new_session=True,
            )
        try:
            self._wait_until_started()
        except BaseException:
            # Nobody else would: a fixture that fails is not torn down.
            self.stop()
            raise

    def wait_for_all(self) -> None:
        """Wait for the rest: the deliverer, and the console that staff use."""
        until = time.monotonic() + STARTS_WITHIN
        while True:
            with suppress(httpx.HTTPError):
                httpx.get(f"{self.console_url}/", timeout=5)
                return
            assert time.monotonic() < until, f"there is no console: {self.printed()[-2000:]}"
            time.sleep(0.1)

    def _wait_until_started(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while f"ready: {self.url}/chat" not in self.printed():
            assert self.process.poll() is None, f"the launcher stopped: {self.printed()[-2000:]}"
            assert time.monotonic() < until, f"not ready: {self.printed()[-2000:]}"
            time.sleep(0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def pid_of(self, part: str) -> int:
        """The process id of a part (`launcher.assistant`, `launcher.actions`) among this launcher's children."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().split(b"\0")
                    parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                except (OSError, IndexError, ValueError):
                    continue
                if parent == self.process.pid and part.encode() in command:
                    return int(entry.name)
        raise LookupError(part)

    def wait_until_ready(self, seconds: float = STARTS_WITHIN) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"not ready again: {self.printed()[-2000:]}")

    def wait_until_actions_are_asked(self, times: int = 1) -> None:
        """Wait until so many turns wait for an action server that stands still: until its system holds as many calls unread."""
        until = time.monotonic() + 30
        while _calls_unread(self.actions_port) < times:
            assert time.monotonic() < until, "no turn has come so far"
            time.sleep(0.01)

    def worker(self) -> Worker:
        """One more assistant of this product, on a port of its own, with the same settings. It stops with the product."""
        self.workers.append(Worker(self.given, self.folder / f"worker-{len(self.workers)}.txt"))
        return self.workers[-1].start()

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOPS_WITHIN)


def _calls_unread(port: int) -> int:
    """How many connections with a port of loopback hold a request that nobody has read. A look at its health is shorter than a call."""
    count = 0
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, queues = line.split()[:5]
        count += int(local.split(":")[1], 16) == port and state == "01" and int(queues.split(":")[1], 16) > 1000
    return count


class Worker:
    """A further assistant's process: `log` holds what it printed."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.log = log
        self._environment = {**environment, "PORT": str(self.port)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> Worker:
        """Start it, the first time or again, and wait until it would answer."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher.assistant"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                env=self._environment, start_new_session=True,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self.ready():
            assert self.process.poll() is None, f"the worker stopped: {self.printed()[-2000:]}"
            if time.monotonic() > until:
                self.kill()
                raise AssertionError(f"not ready: {self.printed()[-2000:]}")
            time.sleep(0.2)
        return self

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """SIGTERM, as an operator stops it."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(STOPS_WITHIN)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Person:
    """Somebody who talks to the assistant over HTTP."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20)
        begun = self.http.post("/chat/api/session").json()
        self.token: str = begun["session"]
        self.last: list[dict[str, Any]] = begun["messages"]

    def post(self, body: Any) -> httpx.Response:
        return self.http.post("/chat/api/messages", json=body, headers={"Authorization": f"Bearer {self.token}"})

    def say(self, text: str) -> list[dict[str, Any]]:
        """Send text; the messages of the answer."""
        return self._taken(self.post({"text": text}))

    def choose(self, title: str) -> list[dict[str, Any]]:
        """Press the button with this title."""
        found = [c["id"] for message in self.last for c in message["choices"] if c["title"] == title]
        assert found, f"no choice {title!r} in {self.offered()}"
        return self._taken(self.post({"choice": found[0]}))

    def offered(self) -> list[str]:
        return [c["title"] for message in self.last for c in message["choices"]]

    def heard(self) -> str:
        """Everything of the last answer as text, cards included."""
        return "\n".join(
            [message["text"] for message in self.last]
            + [f"{s['name']} {[p['number'] for p in s['phones']]} {s['hours']}" for m in self.last for s in m["services"]]
        )

    def services(self) -> list[str]:
        return [service["id"] for message in self.last for service in message["services"]]

    def commands(self) -> list[str]:
        return [message["command"] for message in self.last if message["command"]]

    def _taken(self, response: httpx.Response) -> list[dict[str, Any]]:
        assert response.status_code == 200, (response.status_code, response.text)
        self.last = response.json()["messages"]
        assert self.last, "silence"
        return self.last
