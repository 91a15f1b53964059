"""The run that breaks the product sees what people meet, on a product that runs."""
from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scripts.faults.__main__ import Times, run
from scripts.faults.breaking import kill
from scripts.faults.catalogue import Fault
from scripts.faults.house import MACHINE, House


@pytest.mark.timeout(600)
def test_a_killed_action_server_harms_nobody_and_an_assistant_that_stays_away_is_seen(tmp_path: Path) -> None:
    with House(tmp_path, MACHINE) as house:
        killed = run(Fault("kill-actions", "kill -9", MACHINE, kill("actions")), house, 1.0, times=Times(4, 5, 60))
        # Stopped, the launcher starts nothing again.
        os.kill(house.pid_of("launcher"), signal.SIGSTOP)
        leaves = Fault("gone", "gone", MACHINE, lambda house, _: _kills(house), well_within=1.0)
        gone = run(leaves, house, 1.0, times=Times(1, 2, 0))
        os.kill(house.pid_of("launcher"), signal.SIGCONT)
    assert killed.came["right"] > 20 and killed.urgent > 5, killed
    assert killed.came["wrong"] == killed.came["error without words"] == killed.came["not reached"] == 0, killed
    assert killed.referrals.told and killed.referrals.lost == killed.referrals.doubled == killed.referrals.without_yes == 0, killed
    assert gone.came["not reached"] and not gone.holds, gone


def _kills(house: House) -> str:
    os.kill(house.pid_of("assistant"), signal.SIGKILL)
    return "not started again"
