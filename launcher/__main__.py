"""`make run`: prepares, starts, watches and stops the assistant, the action server, the deliverer and the staff console.

`python -m launcher actions assistant` does the same for some of them alone, for where they run apart (deploy/).
"""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx

from launcher.parent import LAUNCHER
from launcher.train import current_model
from outreach.settings import ROOT, Settings, SettingsError, console_url, load

_READY_WITHIN = 120.0
# In the order in which they are started.
PARTS = ("actions", "assistant", "deliverer", "console")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound
_LONGEST_PAUSE = 30.0
# A process that lived this long was well: its next failure is a new one.
_WELL_AFTER = 60.0


def _say(line: str) -> None:
    print(line, flush=True)


@dataclass
class Watched:
    """A process that is started again when it dies, after a pause that grows while it keeps dying."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    due: float = 0.0

    def start(self) -> None:
        """Start it. It gets a session of its own, so that Ctrl-C reaches it through the launcher alone."""
        self.started = time.monotonic()
        mine = {**os.environ, LAUNCHER: str(os.getpid())}
        self.process = subprocess.Popen(self.command, cwd=ROOT, start_new_session=True, env=mine)

    def look(self) -> None:
        """Start it again if it died and its pause is over."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.due:
            if now - self.started > _WELL_AFTER:
                self.pause = 0.5
            self.due = now + self.pause
            self.pause = min(self.pause * 2, _LONGEST_PAUSE)
            _say(f"{self.name}: stopped (exit code {self.process.returncode}), starting again")
        elif now >= self.due:
            self.due = 0.0
            self.start()

    def stop(self) -> None:
        """End it, gently first."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _prepare(settings: Settings, parts: Sequence[str]) -> str | None:
    """Everything that must be true before any of these parts is started; the first that is not, as one line."""
    ports = (
        ("assistant", "PORT", settings.host, settings.port), ("actions", "ACTIONS_PORT", "127.0.0.1", settings.actions_port),
        ("console", "CONSOLE_PORT", settings.host, settings.console_port),
        ("assistant", "METRICS_PORT", settings.metrics_host, settings.metrics_port),
        ("deliverer", "DELIVERER_METRICS_PORT", settings.metrics_host, settings.deliverer_metrics_port),
    )  # fmt: skip
    for part, name, host, port in ports:
        if part in parts and port and not _port_is_free(host, port):
            return f"port {port} is in use: stop what uses it, or set {name} to another"
    if "assistant" in parts and current_model() is None:
        return "there is no current model: run `make train`"
    with suppress(OSError):
        # Where nothing can be written here, the settings name other places.
        (ROOT / "var").mkdir(exist_ok=True)
    from outreach.adapters.database import migrate
    from outreach.bootstrap import engine
    from outreach.content.importer import import_content
    from outreach.content.reading import ContentError

    try:
        migrate(engine())
        import_content(ROOT / "content", engine())
    except ContentError as error:
        return f"the content could not be imported: {error}"
    except Exception as error:  # noqa: BLE001 - whatever the database raises, one line says so
        return f"the database could not be prepared: {type(error).__name__}"
    return None


def answers(address: str, with_services: bool = True) -> bool:
    """Whether a known sentence gets a real answer over HTTP, end to end. The conversation is forgotten at once.

    Without `with_services` words are enough: while staff have checked nothing, and nothing unchecked may be shown, there is
    no service to show.
    """
    try:
        with httpx.Client(base_url=address, timeout=10) as client:
            if client.get("/health/ready").status_code != 200:
                return False
            token = client.post("/chat/api/session").json()["session"]
            headers = {"Authorization": f"Bearer {token}"}
            said = client.post("/chat/api/messages", json={"text": "Is there a refuge near me?"}, headers=headers)
            client.delete("/chat/api/session", headers=headers)
            messages = said.json()["messages"]
            return said.status_code == 200 and any(message["services"] or not with_services for message in messages)
    except (httpx.HTTPError, KeyError, ValueError):
        return False


def _report_when_ready(settings: Settings, stopping: threading.Event) -> None:
    address = f"http://{'127.0.0.1' if settings.host in _EVERYWHERE else settings.host}:{settings.port}"
    until = time.monotonic() + _READY_WITHIN
    while not stopping.wait(0.25):
        if answers(address, with_services=settings.show_unchecked):
            _say(f"ready: {address}/chat")
            return
        if time.monotonic() > until:
            _say(f"not ready after {_READY_WITHIN:.0f} s: see {address}/health/ready")
            until = float("inf")


def _say_how_to_come_in(settings: Settings) -> None:
    """Where the console is, and while nobody can manage it, the link by which the first manager comes in."""
    from outreach.bootstrap import staff_accounts

    _say(f"console: {console_url(settings)}")
    try:
        token = staff_accounts().first_manager_link()
    except Exception as error:  # noqa: BLE001 - the assistant runs on without
        _say(f"console: no link for the first manager could be made: {type(error).__name__}")
        return
    if token:
        _say(f"console: it has no manager yet. Once, and within 24 hours: {console_url(settings)}/welcome/{token}")


def main(parts: Sequence[str] = PARTS) -> int:
    """Run these parts until Ctrl-C or SIGTERM. Gives the exit code."""
    if not set(parts) <= set(PARTS):
        sys.stderr.write(f"run: the parts are {', '.join(PARTS)}\n")
        return 2
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"run: {error}\n")
        return 2
    problem = _prepare(settings, parts)
    if problem:
        sys.stderr.write(f"run: {problem}\n")
        return 2
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    python = [sys.executable, "-m"]
    watched = [Watched(name, [*python, f"launcher.{name}"]) for name in PARTS if name in parts]
    os.environ["PYTHONUNBUFFERED"] = "1"
    for process in watched:
        process.start()
    if "assistant" in parts:
        threading.Thread(target=_report_when_ready, args=(settings, stopping), daemon=True).start()
    if "console" in parts:
        _say_how_to_come_in(settings)
    while not stopping.wait(0.2):
        for process in watched:
            process.look()
    _say("stopping")
    for process in reversed(watched):
        process.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PARTS))
