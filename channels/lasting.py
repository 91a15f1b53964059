"""Work that goes on to its end where whoever asked for it has hung up, or was given other words meanwhile."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Lasting:
    """Runs such work, and logs the class of what ends it, but for what is `expected`."""

    def __init__(self, what: str, expected: tuple[type[BaseException], ...] = ()) -> None:
        self._what = what
        self._expected = expected
        # Held so that it is finished, not collected as garbage.
        self._running: set[asyncio.Task[Any]] = set()

    async def within(self, seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
        """Its result. Raises what it raises, or `asyncio.TimeoutError` after so many seconds: the work then goes on alone."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.wait_for(asyncio.shield(task), seconds)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, self._expected):
            logger.error("%s ended with %s", self._what, type(error).__name__)
