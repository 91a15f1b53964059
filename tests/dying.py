"""Workers that are there to be killed: forked from one process that has everything loaded, so that a new one takes no time.

Run as a script it reads one JSON object a line, {"role", "url", "teams", "begun", "confirmed"}, and prints the worker's pid.
With the role `assistant` or `actions` it is the product's own process, with the settings in "environment" and its output in "log".
"""
from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from nacl.public import PrivateKey
from referring import DEE, START, Consent, Rules

from outreach.adapters.database import connect
from outreach.adapters.referral_delivery import Webhook
from outreach.adapters.referrals import ReferralStore
from outreach.privacy.sealing import Sealer
from outreach.referrals.consent import new_form_key, wording_version
from outreach.referrals.delivery import Deliverer
from outreach.referrals.handoff import HandOff
from outreach.referrals.records import WEBHOOK
from outreach.referrals.reference import References
from outreach.referrals.teams import Teams

ROOT = Path(__file__).resolve().parent.parent
KEY = b"k" * 32
PRIVATE = PrivateKey(b"p" * 32)
# A worker that is killed while it tells leaves its claim for so long.
LEASE_SECONDS = 1.0


def hand_off(url: str) -> HandOff:
    return HandOff(ReferralStore(connect(url)), Rules(), References(KEY), lambda: Sealer(PRIVATE.public_key), 2)


def deliverer(url: str, teams: str, seconds: float = 5.0, lease: float = LEASE_SECONDS) -> Deliverer:
    settings = Teams.load(Path(teams), os.environ)
    return Deliverer(ReferralStore(connect(url)), lambda: settings, {WEBHOOK: Webhook(seconds)}, timedelta(seconds=lease))


def submit_for_ever(url: str, begun: str, confirmed: str) -> None:
    """Submit form after form. A form's key is written down before, and the reference when it would be told to the person."""
    handing, consent = hand_off(url), Consent("referral", "beacon", wording_version("x"), START)
    decision = handing.decide(DEE)
    starts, tells = (os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT) for file in (begun, confirmed))
    while True:
        key = new_form_key()
        os.write(starts, f"{key}\n".encode())
        reference = handing.submit(DEE, consent, decision, key)
        os.write(tells, f"{key} {reference}\n".encode())
        time.sleep(0.02)


def deliver_for_ever(url: str, teams: str, lease: float) -> None:
    delivering = deliverer(url, teams, lease=lease)
    while True:
        delivering.deliver_due()
        time.sleep(0.01)


def have_the_product_loaded() -> None:
    """Import what the product's processes import, so that a fork of this one is ready at once."""
    for name in ("rasa.core.run", "rasa.core.agent", "rasa_sdk.endpoint", "spacy", "onnxruntime", "launcher.assistant", "launcher.actions"):
        importlib.import_module(name)
    for folder in ("components", "channels", "actions"):
        for file in sorted((ROOT / folder).glob("*.py")):
            importlib.import_module(f"{folder}.{file.stem}")


def be_the_product(part: str, environment: dict[str, str], log: str) -> None:
    """What `python -m launcher.<part>` does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for output in (1, 2):
        os.dup2(file, output)
    importlib.import_module(f"launcher.{part}").main()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if "--product" in sys.argv:
        have_the_product_loaded()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        try:
            if order["role"] in ("assistant", "actions"):
                be_the_product(order["role"], order["environment"], order["log"])
            if order["role"] == "submit":
                submit_for_ever(order["url"], order["begun"], order["confirmed"])
            deliver_for_ever(order["url"], order["teams"], float(order.get("lease", LEASE_SECONDS)))
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(1)


class Nursery:
    """The process from which workers are forked, with the product loaded where the product's own are wanted."""

    def __init__(self, product: bool = False) -> None:
        self.arguments = ["--product"] if product else []

    def __enter__(self) -> Nursery:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, *self.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        self.alive: set[int] = set()
        return self

    def start(self, **order: str | dict[str, str]) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        self.alive.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        self.alive.discard(pid)
        os.kill(pid, signal.SIGKILL)  # raises where it has died by itself, which it never should

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pid in list(self.alive):
            self.kill(pid)
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    main()
