"""Those who do harm, or only take up room: slow senders, silent connections, floods. All of it on this machine alone."""
from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from scripts.faults.crowd import end

# They come from addresses of their own, as strangers do. All of 127.0.0.0/8 is this machine.
FIRST_ADDRESS, ADDRESSES = 2, 100
# Nobody floods more than this machine can make without standing in the way of those who are measured.
MOST_A_SECOND = 300


@dataclass(frozen=True)
class Door:
    """Where the product is reached: port, name, and how TLS is spoken there, if it is."""

    port: int
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None


@dataclass
class Strangers:
    """So many who do the same until the end, in a thread of their own. `what` counts what became of them."""

    do: Callable[[Strangers, int], Awaitable[None]]
    number: int
    what: Counter[str] = field(default_factory=Counter)
    here: int = 0
    most: int = 0

    def __enter__(self) -> Strangers:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tasks: list[asyncio.Task[None]] = []
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        end(self._thread, self._loop, lambda: self._tasks)

    def came(self) -> None:
        """One more is connected."""
        self.here += 1
        self.most = max(self.most, self.here)

    def went(self) -> None:
        """One is not any more."""
        self.here -= 1

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._all())
        self._loop.close()

    async def _all(self) -> None:
        self._tasks = [asyncio.ensure_future(self._one(number)) for number in range(self.number)]
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _one(self, number: int) -> None:
        while True:
            try:
                await self.do(self, number)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, EOFError) as error:
                self.what[type(error).__name__] += 1
                await asyncio.sleep(0.5)


def address_of(number: int) -> str:
    """An address of this machine, for the stranger of this number."""
    return f"127.0.0.{FIRST_ADDRESS + number % ADDRESSES}"


def raise_limit(files: int) -> None:
    """Let this process have so many sockets. Raises `ValueError` where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(files, hard)))


def silent(door: Door) -> Callable[[Strangers, int], Awaitable[None]]:
    """Opens a connection, says nothing, and opens another when that is closed."""

    async def do(all_of_them: Strangers, number: int) -> None:
        # They do not all come in the same moment, or the queue before the door would be what is measured.
        await asyncio.sleep(number / all_of_them.number * 4)
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, local_addr=(address_of(number), 0))
        all_of_them.came()
        try:
            await reader.read(1)
            all_of_them.what["closed by the other side"] += 1
        finally:
            all_of_them.went()
            writer.close()

    return do


def slow(door: Door) -> Callable[[Strangers, int], Awaitable[None]]:
    """Sends a byte a second: every other one of its headers, the others of a body."""

    async def do(all_of_them: Strangers, number: int) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(
            "127.0.0.1", door.port, local_addr=(address_of(number), 0), ssl=door.tls,
            server_hostname=door.host if door.tls else None,
        ), 10)  # fmt: skip
        all_of_them.came()
        began = time.monotonic()
        try:
            head = f"POST /chat/api/messages HTTP/1.1\r\nHost: {door.host}\r\n"
            if number % 2:
                writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n".encode())
            else:
                writer.write(head.encode() + b"X-Slow: ")
            closed = asyncio.ensure_future(_closed(reader))
            while not closed.done():
                writer.write(b"x")
                with suppress(OSError):
                    await writer.drain()
                await asyncio.wait([closed], timeout=1.0)
            all_of_them.what["sent away" if time.monotonic() - began < 60 else "sent away late"] += 1
        finally:
            all_of_them.went()
            writer.close()

    return do


async def _closed(reader: asyncio.StreamReader) -> None:
    """Wait until the other side answers or closes, in whatever way."""
    with suppress(OSError):
        await reader.read(1)


def flood(send: Callable[[int], Awaitable[str]], a_second: float) -> Callable[[Strangers, int], Awaitable[None]]:
    """Sends again and again, all together about so often a second; `send` says what became of each."""

    async def do(all_of_them: Strangers, number: int) -> None:
        pause = all_of_them.number / min(a_second, MOST_A_SECOND)
        began = time.monotonic()
        all_of_them.what[await send(number)] += 1
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    return do


def port_takes(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
