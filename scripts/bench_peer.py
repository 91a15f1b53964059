"""The peer of `make bench`: the project that `rasa init` writes, on our examples and replies, behind Rasa's REST channel.

A turn, a start and the memory cost the same however long the peer was trained: the network has the same size. So it is trained
for few epochs here, which is quick and makes it answer badly. `PEER_EPOCHS=100` trains it as `rasa init` would, or takes what
`make evaluate-peer` has trained on the same data; that is hours.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from scripts.evaluate_peer import PROJECT, PYTHON, QUIET, RASAS_EPOCHS, TRAINED, cost, data_hash

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "peer_project.py"
DEFAULT_EPOCHS = 1
STARTS_WITHIN = 600.0


@dataclass(frozen=True)
class Trained:
    """A trained project: where, for how many epochs, and what that took (nothing, if it was there)."""

    folder: Path
    epochs: int
    training_s: float
    stories: bool = False

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.folder / "models" / "peer.tar.gz"

    def told(self) -> str:
        """What a reader of the figures has to know."""
        took = f"in {self.training_s:.0f} s" if self.training_s else "by an earlier run"
        bad = "" if self.epochs >= RASAS_EPOCHS else f" of {RASAS_EPOCHS}: as fast and as large, but it answers badly"
        on = "rules and rasa init's stories" if self.stories else "rules, without stories, so that its TED policy is idle"
        return f"the peer was trained {took} on {on}; epochs {self.epochs}{bad}"


def epochs_wanted() -> int:
    """What `PEER_EPOCHS` says."""
    return int(os.environ.get("PEER_EPOCHS") or DEFAULT_EPOCHS)


def stories_wanted() -> bool:
    """Whether `PEER_STORIES` says yes."""
    return os.environ.get("PEER_STORIES") == "yes"


def build(folder: Path, epochs: int, stories: bool = False, reuse: bool = False) -> Trained:
    """Make the project in the folder and train it. With `reuse`, keep what is there, if it was trained on the same data for as
    long. Raises CalledProcessError.
    """
    if epochs == RASAS_EPOCHS and not stories and _trained_on(TRAINED, PROJECT) == {"data": data_hash()}:
        return Trained(PROJECT, epochs, 0.0)
    note, meant = folder / "trained.json", {"data": data_hash(), "epochs": epochs, "stories": stories}
    if reuse and _trained_on(note, folder) == meant:
        return Trained(folder, epochs, 0.0, stories)
    options = [*([] if epochs == RASAS_EPOCHS else [str(epochs)]), *(["stories"] if stories else [])]
    trained = Trained(folder, epochs, _made_and_trained(folder, "make", str(folder), *options), stories)
    note.write_text(json.dumps(meant), encoding="utf-8")
    return trained


def build_bare(folder: Path, texts: list[str]) -> Trained:
    """A Rasa project that knows these texts by heart, and nothing else. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as scratch:
        known = Path(scratch) / "texts.json"
        known.write_text(json.dumps(texts), encoding="utf-8")
        return Trained(folder, 0, _made_and_trained(folder, "bare", str(folder), str(known)))


def _made_and_trained(folder: Path, *how: str) -> float:
    """Let the peer's environment make the project and train it; the seconds of the training."""
    made = [str(PYTHON), str(SCRIPT), *how]
    subprocess.run(made, check=True, env=QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = [str(PYTHON), "-m", "rasa", "train", "--force", "--fixed-model-name", "peer"]
    return cost(command, folder, QUIET)["wall_s"]


def _trained_on(note: Path, folder: Path) -> dict[str, Any] | None:
    """What a training wrote down about what it was made from; None where it left no model."""
    if not (note.is_file() and (folder / "models" / "peer.tar.gz").is_file()):
        return None
    kept: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    return {name: kept[name] for name in ("data", "epochs", "stories") if name in kept}


def parse_times(trained: Trained, texts: list[str]) -> list[float]:
    """The milliseconds of a parse of each text, in a process of the peer's own."""
    with tempfile.TemporaryDirectory() as scratch:
        given, taken = Path(scratch) / "texts.json", Path(scratch) / "found.json"
        given.write_text(json.dumps(texts), encoding="utf-8")
        command = [str(PYTHON), str(SCRIPT), "parse", str(trained.model), str(given), str(taken)]
        subprocess.run(command, check=True, env=QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found: list[dict[str, Any]] = json.loads(taken.read_text(encoding="utf-8"))
    return [each["ms"] for each in found]


@dataclass
class RunningPeer:
    """`rasa run` on that project, as its documentation says to run it."""

    trained: Trained
    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RunningPeer:
        """Start it, and wait until it has answered a message. Raises RuntimeError when it does not."""
        where = ["--model", str(self.trained.model), "--port", str(self.port), "--interface", "127.0.0.1"]
        command = [str(PYTHON), "-m", "rasa", "run", *where]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.trained.folder, env=QUIET, stdout=log, stderr=subprocess.STDOUT)
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"the peer did not start: {self.log.read_text(encoding='utf-8', errors='replace')[-1000:]}")
            time.sleep(0.2)
        return self

    def _answers(self) -> bool:
        said = {"sender": "is-it-there", "message": "Is there a refuge near me?"}
        try:
            return httpx.post(f"{self.url}/webhooks/rest/webhook", json=said, timeout=30).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
