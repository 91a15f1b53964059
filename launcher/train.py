"""Trains the model when what it is made from has changed: `python -m launcher.train`."""
from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from pathlib import Path

from outreach.settings import ROOT

MODELS = ROOT / "models"
_MADE_FROM = ("config.yml", "domain.yml", "requirements.txt")
_MADE_FROM_FOLDERS = ("data", "components", "outreach/understanding")


def fingerprint() -> str:
    """Changes whenever anything that the model is made from does."""
    files = [ROOT / name for name in _MADE_FROM]
    for folder in _MADE_FROM_FOLDERS:
        files += sorted(f for f in (ROOT / folder).rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def current_model() -> Path | None:
    """The trained model for the files as they are, or None."""
    model = MODELS / f"outreach-{fingerprint()}.tar.gz"
    return model if model.is_file() else None


def train() -> Path:
    """Train, and remove models of earlier files. Raises `SystemExit` with one line when training fails."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("ACTIONS_PORT", "5055")
    import structlog
    from rasa import model_training

    # Left alone, it prints every state of every rule.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    os.chdir(ROOT)
    name = f"outreach-{fingerprint()}"
    # Training goes into a file of its own first, so that a training that was cut off leaves no half a model.
    unfinished = str(MODELS / "in-training")
    result = model_training.train("domain.yml", "config.yml", ["data"], output=unfinished, fixed_model_name=name)
    if result.model is None:
        sys.exit("train: no model was made")
    final = MODELS / f"{name}.tar.gz"
    Path(result.model).replace(final)
    for other in MODELS.glob("outreach-*.tar.gz"):
        if other != final:
            other.unlink()
    return final


def main() -> None:
    """Train unless the model is current."""
    if current_model() is not None:
        print("train: the model is current")
        return
    print("train: training the model (a few minutes)", flush=True)
    began = time.monotonic()
    model = train()
    print(f"train: {model.name} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
