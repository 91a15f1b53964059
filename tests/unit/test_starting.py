"""How a start goes: nobody is served before the database is prepared, and staff's side comes after whoever writes."""
from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import Any

import pytest

from launcher import __main__ as launcher
from launcher.assistant import _begin
from launcher.parent import PREPARED


@pytest.mark.parametrize("how", ["is prepared", "is gone"])
def test_it_begins_when_its_launcher_has_prepared_the_database_or_is_gone(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    waits_for, done = os.pipe()
    monkeypatch.setenv(PREPARED, str(waits_for))

    async def begins() -> None:
        beginning = asyncio.ensure_future(_begin(None, asyncio.get_running_loop()))
        await asyncio.sleep(0.1)
        assert not beginning.done()
        if how == "is prepared":
            os.write(done, b"x")
        else:
            os.close(done)
        await asyncio.wait_for(beginning, 10)

    try:
        asyncio.run(begins())
    finally:
        gc.unfreeze()
    assert PREPARED not in os.environ and gc.isenabled()


def test_one_that_is_started_again_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PREPARED, raising=False)

    async def begins() -> None:
        await asyncio.wait_for(_begin(None, asyncio.get_running_loop()), 10)

    try:
        asyncio.run(begins())
    finally:
        gc.unfreeze()
    assert gc.isenabled()


class Part:
    """A part that only notes when it was started."""

    def __init__(self) -> None:
        self.started = threading.Event()

    def start(self) -> None:
        self.started.set()

    def look(self) -> None:
        """It never dies."""


@pytest.mark.parametrize("ready", [True, False])
def test_staffs_side_comes_after_whoever_writes_and_comes_though_nobody_can_be_answered(
    monkeypatch: pytest.MonkeyPatch, ready: bool
) -> None:
    monkeypatch.setattr(launcher, "_LATER_WITHIN", 60.0 if ready else 0.3)
    monkeypatch.setattr(launcher, "_say_how_to_come_in", lambda settings: None)
    parts = {name: Part() for name in launcher.PARTS}
    stopping, answered = threading.Event(), threading.Event()
    settings: Any = None
    watching = threading.Thread(target=launcher._watch, args=(parts, settings, stopping, answered))
    watching.start()
    try:
        if ready:
            assert not parts["console"].started.wait(0.5)
            answered.set()
        assert parts["console"].started.wait(30) and parts["deliverer"].started.wait(30)
    finally:
        stopping.set()
        watching.join(30)
    assert not parts["assistant"].started.is_set() and not parts["actions"].started.is_set()
