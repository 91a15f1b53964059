"""The console's process and the assistant's have nothing of each other in them."""
from __future__ import annotations

import subprocess
import sys

from outreach.settings import ROOT

CONSOLES = "import launcher.console, console.app; [__import__(f'console.sections.{name}') for name in console.app.SECTIONS]"
# The channels and actions are what `make run` loads into the other processes, beside Rasa itself.
OTHERS = "import launcher.assistant, launcher.deliverer, channels.web, channels.sms, actions.signpost, actions.referral"


def loaded_by(statement: str) -> set[str]:
    """The top-level packages in a new process after a statement."""
    told = f"{statement}; import sys; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", told], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return set(done.stdout.split())


def test_the_console_never_loads_rasa() -> None:
    loaded = loaded_by(CONSOLES)
    assert loaded.isdisjoint({"rasa", "rasa_sdk", "onnxruntime", "channels", "components", "actions"})
    assert {"console", "argon2"} <= loaded


def test_the_assistant_never_loads_the_console() -> None:
    loaded = loaded_by(OTHERS)
    assert loaded.isdisjoint({"console", "argon2", "pyotp", "wtforms", "segno"})
    assert {"channels", "actions"} <= loaded
