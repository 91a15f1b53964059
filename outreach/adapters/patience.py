"""How long a process waits for PostgreSQL's answer: briefly where everybody in it waits too, long elsewhere.

A server that hangs takes connections and says nothing, and no timeout of its own helps. psycopg2 waits through this
instead of inside its library, so that a query, and connecting too, can be given up.
"""
from __future__ import annotations

import asyncio
import logging
import select
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import extensions

logger = logging.getLogger(__name__)

# In an event loop the whole process waits: for this many seconds at most, and then it does not ask for as many.
BRIEFLY = 2.0
PAUSE = 2.0
# In a thread, or in a command, nobody else waits.
LONG = 60.0


class Patience:
    """What psycopg2 calls while a connection has something to wait for."""

    def __init__(
        self, briefly: float = BRIEFLY, pause: float = PAUSE, long: float = LONG, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._briefly, self._pause, self._long, self._clock = briefly, pause, long, clock
        self._not_before = 0.0

    def __call__(self, connection: Any) -> None:
        """Wait until the answer is there. Raises `psycopg2.OperationalError`; the connection is then of no more use."""
        hurried = _in_event_loop()
        now = self._clock()
        if hurried and now < self._not_before:
            raise psycopg2.OperationalError("the database did not answer a moment ago")
        until = now + (self._briefly if hurried else self._long)
        while True:
            state = connection.poll()
            if state == extensions.POLL_OK:
                return
            if not _ready(connection.fileno(), state, until - self._clock()):
                if hurried:
                    self._not_before = self._clock() + self._pause
                logger.error("the database does not answer")
                raise psycopg2.OperationalError("the database does not answer")


def install() -> None:
    """Have every connection of this process waited for so. Doing it twice changes nothing."""
    if not isinstance(extensions.get_wait_callback(), Patience):
        extensions.set_wait_callback(Patience())


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _ready(file: int, state: int, seconds: float) -> bool:
    # poll() takes numbers of files that select() does not, of which a server with many connections has some.
    waiting = select.poll()
    waiting.register(file, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
    return seconds > 0 and bool(waiting.poll(seconds * 1000))
