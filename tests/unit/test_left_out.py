"""What Rasa imports for channels, stores and training that are not here stays out of the assistant, and is missed by nobody."""
from __future__ import annotations

import ast
import subprocess
import sys

from launcher.left_out import NAMES
from outreach.settings import ROOT

LOOKS = """
from launcher import left_out
left_out.install()
import sys
from rasa.core import run
import rasa.core.agent, rasa.core.policies.rule_policy, components.intent_classifier, channels.web, channels.sms
import components.safety_matcher
here = [m for name, m in sys.modules.items() if any(name == each or name.startswith(each + ".") for each in left_out.NAMES)]
print(len(here), sum(getattr(module, "__file__", None) is not None for module in here))
"""


def test_rasa_and_all_that_answers_is_imported_without_them() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", LOOKS], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    wanted, real = map(int, done.stdout.split())
    assert wanted > 10, "Rasa no longer imports them: then nothing has to be left out"
    assert real == 0


def test_nothing_of_the_product_uses_any_of_them_but_to_train() -> None:
    used, trains = [], 0
    for package in ("actions", "channels", "components", "launcher", "outreach"):
        for file in (ROOT / package).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            # Training is a process of its own, which leaves nothing out.
            training = {id(inner) for node in ast.walk(tree) if getattr(node, "name", "") in ("train", "learn") for inner in ast.walk(node)}
            for node in ast.walk(tree):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
                found = [f"{file.name}: {name}" for name in names for each in NAMES if name == each or name.startswith(f"{each}.")]
                trains += len(found) if id(node) in training else 0
                used += [] if id(node) in training else found
    assert used == [] and trains == 4
