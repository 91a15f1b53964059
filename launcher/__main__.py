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

from launcher.parent import LAUNCHER, PREPARED
from launcher.train import current_model
from outreach.settings import ROOT, Settings, SettingsError, console_url, load

_READY_WITHIN = 120.0
# They are stopped from the last to the first: the assistant finishes its turns while there are still actions.
PARTS = ("actions", "assistant", "deliverer", "console")
# These let the others go first, until somebody could be answered, but not for longer than so many seconds.
_LATER = ("deliverer", "console")
_LATER_WITHIN = 20.0
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

    def start(self, waits_for: int | None = None) -> None:
        """Start it. It gets a session of its own, so that Ctrl-C reaches it through the launcher alone.

        It serves nobody until there is something to read from the pipe `waits_for`.
        """
        self.started = time.monotonic()
        mine = {**os.environ, LAUNCHER: str(os.getpid())}
        pipes = [] if waits_for is None else [waits_for]
        if pipes:
            mine[PREPARED] = str(waits_for)
        self.process = subprocess.Popen(self.command, cwd=ROOT, start_new_session=True, env=mine, pass_fds=pipes)

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


def _check(settings: Settings, parts: Sequence[str]) -> str | None:
    """Everything that must be there before any of these parts is started; the first that is not, as one line."""
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
    return None


def _prepare() -> str | None:
    """Bring the database up to date; why that can't be done, as one line."""
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
    import httpx

    try:
        # It is this machine: there is no certificate to check, and to be ready for one takes longer than to ask.
        with httpx.Client(base_url=address, timeout=10, verify=False) as client:  # noqa: S501
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


def _report_when_ready(settings: Settings, stopping: threading.Event, ready: threading.Event) -> None:
    address = f"http://{'127.0.0.1' if settings.host in _EVERYWHERE else settings.host}:{settings.port}"
    until = time.monotonic() + _READY_WITHIN
    while not stopping.wait(0.1):
        if answers(address, with_services=settings.show_unchecked):
            _say(f"ready: {address}/chat")
            ready.set()
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
    os.environ["PYTHONUNBUFFERED"] = "1"
    watched = {name: Watched(name, [sys.executable, "-m", f"launcher.{name}"]) for name in PARTS if name in parts}
    problem = _check(settings, parts) or _start(watched)
    if problem:
        sys.stderr.write(f"run: {problem}\n")
        return 2
    stopping, ready = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if "assistant" in watched:
        threading.Thread(target=_report_when_ready, args=(settings, stopping, ready), daemon=True).start()
    else:
        ready.set()
    _watch(watched, settings, stopping, ready)
    _say("stopping")
    for process in reversed(watched.values()):
        process.stop()
    return 0


def _start(watched: dict[str, Watched]) -> str | None:
    """Start what somebody who writes needs; why that can't be done, as one line.

    The assistant, which takes longest, loads its model while the database is prepared, and serves nobody until it is.
    """
    prepared, done = os.pipe()
    assistant, actions = watched.get("assistant"), watched.get("actions")
    if assistant:
        assistant.start(waits_for=prepared)
    problem = _prepare()
    if problem and assistant:
        assistant.stop()
    if not problem:
        os.write(done, b"x")
    os.close(done)
    os.close(prepared)
    if not problem and actions:
        actions.start()
    return problem


def _watch(watched: dict[str, Watched], settings: Settings, stopping: threading.Event, ready: threading.Event) -> None:
    """Start the others when it is time, and whatever dies, until it is time to stop."""
    later = [watched[name] for name in _LATER if name in watched]
    at_the_latest = time.monotonic() + _LATER_WITHIN
    while not stopping.wait(0.1):
        if later and (ready.is_set() or time.monotonic() > at_the_latest):
            for process in later:
                process.start()
            later = []
            if "console" in watched:
                _say_how_to_come_in(settings)
        for process in watched.values():
            process.look()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PARTS))
