"""`make evaluate-peer [SET=file.csv]`: our understanding beside Rasa's default pipeline, on the same data in one run.

The peer is what `rasa init` writes (DIET, 100 epochs), in an environment of its own with the real TensorFlow, trained on
data/nlu. Both train from nothing, one after the other, and then parse the same messages. Prints a table; the last line is
JSON. Training the peer takes hours on two cores. EPOCHS=10 trains it for fewer, and says so: an epoch costs what it costs, so
the time of all hundred follows, while the peer might do better after more of them. REUSE=1 keeps the peer that an earlier run
trained on the same data, and the times of that run with it.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
PEER = ROOT / ".peer"
PYTHON, PROJECT, TRAINED = PEER / "venv" / "bin" / "python", PEER / "project", PEER / "trained.json"
# A peer that was not trained to the end is kept apart: the bench takes the one above for the whole.
SHORT, SHORT_TRAINED = PEER / "short", PEER / "short.json"
RASAS_EPOCHS = 100
QUIET = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}


def cost(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run a command; the seconds that it took by the clock, and of processors. Raises CalledProcessError."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(time.monotonic() - began, 1), "cpu_s": round(used, 1)}


def data_hash() -> str:
    """Changes whenever anything changes that the peer is trained on."""
    return hashlib.sha256(b"".join(f.read_bytes() for f in sorted((ROOT / "data").rglob("*.yml")))).hexdigest()


def train_ours(folder: Path) -> dict[str, float]:
    """Train this project's model from nothing, as `make train` would on a new machine, into a folder of its own."""
    command = [sys.executable, "-m", "rasa", "train", "--force", "--out", str(folder), "--fixed-model-name", "ours"]
    return cost(command, ROOT, {**QUIET, "PYTHONPATH": str(ROOT), "ACTIONS_PORT": "5055"})


def train_peer(reuse: bool, epochs: int = RASAS_EPOCHS) -> dict[str, Any]:
    """Make the peer's project and train it, NLU and rules. With `reuse`, keep what was trained on the same data for as long."""
    project, note = (PROJECT, TRAINED) if epochs == RASAS_EPOCHS else (SHORT, SHORT_TRAINED)
    meant = {"data": data_hash()} if epochs == RASAS_EPOCHS else {"data": data_hash(), "epochs": epochs}
    if reuse and note.is_file():
        known: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        if meant.items() <= known.items() and (project / "models" / "peer.tar.gz").is_file():
            return {**known, "project": project}
    options = [] if epochs == RASAS_EPOCHS else [str(epochs)]
    script = ROOT / "scripts" / "peer_project.py"
    subprocess.run([str(PYTHON), str(script), "make", str(project), *options], check=True, env=QUIET)
    command = [str(PYTHON), "-m", "rasa", "train", "--force", "--fixed-model-name", "peer"]
    found = {**meant, **cost(command, project, QUIET)}
    note.write_text(json.dumps(found), encoding="utf-8")
    return {**found, "project": project}


def parse_peer(texts: list[str], project: Path, folder: Path) -> list[dict[str, Any]]:
    """What the peer makes of each text, in its own environment."""
    given, taken = folder / "texts.json", folder / "found.json"
    given.write_text(json.dumps(texts), encoding="utf-8")
    model = project / "models" / "peer.tar.gz"
    script = ROOT / "scripts" / "peer_project.py"
    subprocess.run([str(PYTHON), str(script), "parse", str(model), str(given), str(taken)], check=True, env=QUIET)
    found: list[dict[str, Any]] = json.loads(taken.read_text(encoding="utf-8"))
    return found


def figures(rows: list[tuple[str, str]], found: list[dict[str, Any]], training: dict[str, Any]) -> dict[str, Any]:
    """One side of the table."""
    from evaluate import score

    scored = score([intent for _, intent in rows], [each["intent"] for each in found])
    return {
        "accuracy": scored["accuracy"], "macro_f1": scored["macro_f1"], "safety_recall": scored["safety_recall"],
        "safety_false_alarms": scored["safety_false_alarms"], "out_of_scope_recall": scored["out_of_scope_recall"],
        "training_s": training["wall_s"], "training_cpu_s": training["cpu_s"],
        "parse_ms": round(statistics.median(each["ms"] for each in found), 2),
    }


def main() -> None:
    """Train both, parse with both, print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, action="append")
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--epochs", type=int, default=RASAS_EPOCHS)
    chosen = parser.parse_args()
    from evaluate import OWN_SETS, read_set
    from peer_project import parse

    files = [f.resolve() for f in chosen.set] if chosen.set else [ROOT / "tests" / "nlu" / name for name in OWN_SETS]
    rows = [row for file in files for row in read_set(file)]
    texts = [text for text, _ in rows]
    os.chdir(ROOT)
    os.environ.setdefault("ACTIONS_PORT", "5055")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours_took = train_ours(folder)
        print(f"ours trained: {ours_took}", flush=True)
        peer_took = train_peer(chosen.reuse, chosen.epochs)
        took = f"{peer_took['wall_s']} s, {peer_took['cpu_s']} s of processors"
        print(f"peer trained for {chosen.epochs} of {RASAS_EPOCHS} epochs: {took}", flush=True)
        peer = figures(rows, parse_peer(texts, peer_took["project"], folder), peer_took)
        ours = figures(rows, parse(folder / "ours.tar.gz", texts), ours_took)
    print(f"{len(rows)} messages\n{'':22}{'ours':>12}{'peer':>12}")
    for name in ours:
        if isinstance(ours[name], dict):
            for intent in ours[name]:
                print(f"{intent:22}{ours[name][intent]!s:>12}{peer[name][intent]!s:>12}")
        else:
            print(f"{name:22}{ours[name]!s:>12}{peer[name]!s:>12}")
    ratio = {
        "accuracy_points": round(100 * (ours["accuracy"] - peer["accuracy"]), 1),
        "training": round(ours["training_s"] / peer["training_s"], 3),
        "parse": round(ours["parse_ms"] / peer["parse_ms"], 3),
    }
    print(json.dumps({"n": len(rows), "peer_epochs": chosen.epochs, "ours": ours, "peer": peer, "ratio": ratio}))


if __name__ == "__main__":
    main()
