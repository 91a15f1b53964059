"""The launcher: what stands in its way is one clear line, and what dies is started again."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from faults import Faulty
from running import ROOT, Running, free_port

COPIED = ("launcher", "outreach", "content", "components", "data", "config.yml", "domain.yml", "requirements.txt")


def start(folder: Path, root: Path = ROOT, **environment: str) -> tuple[int, str]:
    """Start the launcher where it must not get far. Its exit code and its one line."""
    given = {
        "PORT": str(free_port()), "ACTIONS_PORT": str(free_port()), "CONSOLE_PORT": str(free_port()),
        "DATABASE_URL": f"sqlite:///{folder / 'outreach.db'}", **environment,
    }
    done = subprocess.run(
        [sys.executable, "-m", "launcher"], cwd=root, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(root), **given},
    )
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1, lines
    return done.returncode, lines[0]


@pytest.mark.parametrize("name", ["PORT", "ACTIONS_PORT", "METRICS_PORT"])
def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, line = start(tmp_path, **{name: str(port)})
    assert code != 0 and line == f"run: port {port} is in use: stop what uses it, or set {name} to another"


def test_a_part_that_there_is_not_is_said() -> None:
    done = subprocess.run([sys.executable, "-m", "launcher", "assistent"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr == "run: the parts are actions, assistant, deliverer, console\n"


def test_one_part_runs_alone_and_minds_no_port_of_the_others(tmp_path: Path) -> None:
    console, taken = free_port(), socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    given = {
        "CONSOLE_PORT": str(console), "PORT": str(taken.getsockname()[1]), "DATABASE_URL": f"sqlite:///{tmp_path / 'outreach.db'}",
        "CONSOLE_KEY_FILE": str(tmp_path / "console.key"),
    }
    launcher = subprocess.Popen(
        [sys.executable, "-m", "launcher", "console"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **given},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 100
        while not lives(console):
            assert launcher.poll() is None and time.monotonic() < until
            time.sleep(0.1)
    finally:
        launcher.terminate()
        launcher.wait(30)
        taken.close()


def runs(pid: int) -> bool:
    """Whether a process is there, and not only still to be asked after by whoever inherits it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def lives(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize(("name", "value"), [
    ("PORT", "eighty"), ("PORT", "70000"), ("IDLE_MINUTES", "0"), ("SHOW_UNCHECKED", "perhaps"), ("SAFE_SITE", "weather"),
    ("MODEL_DIR", "/no/such/folder"), ("TURN_SECONDS", "inf"),
])
def test_a_broken_setting_is_named_with_what_is_wanted(tmp_path: Path, name: str, value: str) -> None:
    code, line = start(tmp_path, **{name: value})
    assert code != 0 and line.startswith(f"run: setting {name}={value!r} is not usable: ")


def test_a_broken_secret_setting_is_named_and_not_shown(tmp_path: Path) -> None:
    code, line = start(tmp_path, DATABASE_URL="mysql://root:hunter2@db/x")
    assert code != 0 and line.startswith("run: setting DATABASE_URL=") and "hunter2" not in line


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "outreach.db").write_bytes(b"this is no database, and never was one" * 200)
    code, line = start(tmp_path)
    assert code != 0 and line.startswith("run: the database could not be prepared: ")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without a trained model."""
    root = tmp_path_factory.mktemp("elsewhere")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "assets"))
        else:
            shutil.copy(source, root / name)
    return root


def test_a_missing_model_is_said_with_what_makes_one(tmp_path: Path, elsewhere: Path) -> None:
    assert start(tmp_path, elsewhere) == (2, "run: there is no current model: run `make train`")


def test_a_broken_content_file_is_named_with_its_line(tmp_path: Path, elsewhere: Path) -> None:
    # Any file counts as the model here: nothing gets as far as reading it.
    (elsewhere / "models").mkdir()
    named = subprocess.run(
        [sys.executable, "-c", "from launcher.train import fingerprint; print(fingerprint())"],
        cwd=elsewhere, env={**os.environ, "PYTHONPATH": str(elsewhere)}, capture_output=True, text=True, check=True,
    ).stdout.strip()
    (elsewhere / "models" / f"outreach-{named}.tar.gz").write_bytes(b"")
    broken = elsewhere / "content" / "services" / "pets.yml"
    broken.write_text(broken.read_text(encoding="utf-8").replace("status: active", "status: lively", 1), encoding="utf-8")
    code, line = start(tmp_path, elsewhere)
    assert code == 2 and line.startswith("run: the content could not be imported: ")
    assert "pets.yml" in line and "status" in line and any(c.isdigit() for c in line)


def test_the_log_of_a_good_start_is_its_address(faulty: Faulty) -> None:
    ready = [line for line in faulty.running.printed().splitlines() if line.startswith("ready:")]
    assert ready == [f"ready: {faulty.url}/chat"]


def test_a_killed_launcher_leaves_nothing_behind_that_would_keep_the_next_from_starting(tmp_path: Path) -> None:
    running = Running(tmp_path).start()
    parts = [running.pid_of(f"launcher.{name}") for name in ("actions", "assistant", "deliverer", "console")]
    running.process.kill()
    running.process.wait(10)
    until = time.monotonic() + 60
    while any(runs(part) for part in parts):
        assert time.monotonic() < until, "a part outlived its launcher"
        time.sleep(0.1)
    for port in (running.port, running.actions_port, running.console_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
