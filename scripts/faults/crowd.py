"""A steady load of people, in a thread of its own."""
from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from scripts.faults.people import Filler, Talker, Texter, Town

PEOPLE = {Talker: 6, Filler: 3, Texter: 3}


class Crowd:
    """So many people who talk until the end."""

    def __init__(self, town: Town, people: Mapping[type[Talker] | type[Texter], int] | None = None) -> None:
        self.town = town
        self._kinds = [kind for kind, number in (people or PEOPLE).items() for _ in range(number)]
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.broken: list[str] = []

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        end(self._thread, self._loop, lambda: self._tasks)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._all())
        self._loop.close()

    async def _all(self) -> None:
        people = [kind(self.town) for kind in self._kinds]
        self._tasks = [asyncio.ensure_future(each.live()) for each in people]
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            # A person who falls over is a fault of this program, and no run with one counts.
            if isinstance(ended, Exception):
                self.broken.append(f"{type(ended).__name__}: {ended}")


def end(thread: threading.Thread, loop: asyncio.AbstractEventLoop, tasks: Callable[[], list[asyncio.Task[None]]]) -> None:
    """End the tasks of a thread, and wait for it. A task may lose a word that it is to end: it is told again."""
    until = time.monotonic() + 60
    while thread.is_alive() and time.monotonic() < until:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks()])
        thread.join(1)
