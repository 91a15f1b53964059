"""An assistant that is loaded before the database is prepared serves nobody until it is."""
from __future__ import annotations

import asyncio
import gc
import os

import pytest

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
