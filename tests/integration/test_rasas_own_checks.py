"""Rasa's own checks: its validator finds nothing, and the stories pass on the trained model."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from running import ROOT

from launcher.train import current_model

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false", "ACTIONS_PORT": "5055"}


def test_rasa_finds_nothing_wrong_with_domain_data_and_rules() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/validate.py"], cwd=ROOT, capture_output=True, text=True, timeout=240, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_the_stories_pass(tmp_path: Path) -> None:
    """Custom actions are not run here: what is tested is understanding and rules."""
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "rasa", "test", "core", "--stories", "tests/stories", "--model", str(current_model()),
         "--endpoints", str(endpoints), "--out", str(tmp_path / "out"), "--fail-on-prediction-errors", "--no-plot"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, env={**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"},
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    files = (ROOT / "tests" / "stories").glob("*.yml")
    stories = sum(len(re.findall(r"^- story:", file.read_text(), re.MULTILINE)) for file in files)
    assert re.search(rf"Correct:\s+{stories} / {stories}", told), told[-4000:]
