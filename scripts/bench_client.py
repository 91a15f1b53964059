"""The load generator of `make bench`: people on one asyncio loop, each on a connection of their own.

It speaks just enough HTTP/1.1 for that, because on two cores a client that works hard slows what it measures. Both sides are
driven by it, so both pay the same; `ceiling` says how much that is, against a server that does nothing.
"""
from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Turns of a nobody's server: enough that its median stands still.
TRIVIAL = 4000
Result = TypeVar("Result")


class Line:
    """One connection, kept open between requests, and opened again when the server has closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, unless it is connected. Called before the clock starts, so that no turn pays for it."""
        if self._streams is None or self._streams[0].at_eof():
            await self.close()
            self._streams = await asyncio.open_connection(self._host, self._port)
        return self._streams

    async def post(self, path: str, body: bytes, kind: str, more: str = "") -> tuple[float, bytes]:
        """Send a POST; the milliseconds until its answer was there, and that. Raises RuntimeError on all but a 200."""
        reader, writer = await self.open()
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: {kind}\r\n{more}"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body
        began = time.perf_counter()
        writer.write(request)
        head_back = await reader.readuntil(b"\r\n\r\n")
        answer = await reader.readexactly(_length(head_back))
        taken = (time.perf_counter() - began) * 1000
        if not head_back.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{path}: {head_back[:40]!r}")
        return taken, answer

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("an answer without a length")


class Talker(Protocol):
    """Somebody in a conversation."""

    line: Line

    async def begin(self) -> None:
        """Connect, and begin a conversation."""

    async def say(self, text: str) -> float:
        """Say something; the milliseconds of the turn. Raises RuntimeError when nothing comes back."""

    def again(self) -> Talker:
        """The same person on another connection."""


Begin = Callable[[], Talker]


@dataclass
class Web:
    """Somebody on the page."""

    url: str
    token: str = ""
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = Line(self.url)

    async def begin(self) -> None:
        """Begin a conversation."""
        _, answer = await self.line.post("/chat/api/session", b"{}", JSON)
        self.token = json.loads(answer)["session"]

    async def say(self, text: str) -> float:
        """One turn."""
        body = json.dumps({"text": text}).encode()
        more = f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {secrets.token_hex(8)}\r\n"
        taken, answer = await self.line.post("/chat/api/messages", body, JSON, more)
        _heard(json.loads(answer)["messages"])
        return taken

    def again(self) -> Web:
        """The same person on another connection."""
        return Web(self.url, self.token)


@dataclass
class Peer:
    """Somebody on Rasa's own REST channel. `silent` counts the turns without an answer, which Rasa allows."""

    url: str
    sender: str = ""
    silent: list[str] = field(default_factory=list)
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = Line(self.url)

    async def begin(self) -> None:
        """A new sender is a new conversation."""
        self.sender = uuid.uuid4().hex
        await self.line.open()

    async def say(self, text: str) -> float:
        """One turn."""
        body = json.dumps({"sender": self.sender, "message": text}).encode()
        taken, answer = await self.line.post("/webhooks/rest/webhook", body, JSON)
        if not json.loads(answer):
            self.silent.append(text)
        return taken

    def again(self) -> Peer:
        """The same person on another connection."""
        return Peer(self.url, self.sender, self.silent)


@dataclass
class Texting:
    """Somebody with a phone, whose texts Twilio passes on with its signature. The clock does not run while it signs."""

    url: str
    public: str
    sign: Callable[[str, dict[str, str]], str]
    number: str = field(default_factory=lambda: f"+4477009{secrets.randbelow(10**5):05}")
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = Line(self.url)

    async def begin(self) -> None:
        """The first text is greeted, whatever it says."""
        await self.say("hello")

    async def say(self, text: str) -> float:
        """One text and its answer."""
        fields = {"MessageSid": f"SM{secrets.token_hex(16)}", "From": self.number, "To": "+441992000000", "Body": text}
        signature = self.sign(f"{self.public}/sms/twilio", fields)
        body = urlencode(fields).encode("ascii")
        taken, answer = await self.line.post("/sms/twilio", body, FORM, f"X-Twilio-Signature: {signature}\r\n")
        _heard(b"<Message>" in answer)
        return taken

    def again(self) -> Texting:
        """The same number on another connection."""
        return Texting(self.url, self.public, self.sign, self.number)


def _heard(answer: object) -> None:
    if not answer:
        raise RuntimeError("a turn without an answer")


async def by_turns(sides: Sequence[Begin], texts: Sequence[str], rounds: int) -> list[list[float]]:
    """Milliseconds of each turn of each side, one person a side at a time, message after message by turns, so that all meet
    the same machine. Each round is a new conversation; the first does not count.
    """
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + 1):
        people = [begin() for begin in sides]
        for person in people:
            await person.begin()
        for text in texts:
            for person, into in zip(people, taken):
                spent = await person.say(text)
                if number:
                    into.append(spent)
        for person in people:
            await person.line.close()
    return taken


async def at_once(crowd: Sequence[Begin], texts: Sequence[str], conversations: int = 1) -> tuple[list[float], float]:
    """Everybody of the crowd at the same time, each through so many conversations: milliseconds of each turn, and the seconds
    that all took from the first message to the last answer. Beginning the conversations is not part of it.
    """
    people = [[begin() for _ in range(conversations)] for begin in crowd]
    for person in (each for one in people for each in one):
        await person.begin()
        # It may be a while until its turn comes, and servers hang up on who says nothing.
        await person.line.close()

    async def talk(one: list[Talker]) -> list[float]:
        return [await person.say(text) for person in one for text in texts]

    began = time.perf_counter()
    found = await asyncio.gather(*(talk(one) for one in people))
    seconds = time.perf_counter() - began
    for person in (each for one in people for each in one):
        await person.line.close()
    return [spent for one in found for spent in one], seconds


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it on uvloop, on which the product runs too."""
    import uvloop

    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


async def ceiling(url: str, people: int = 32) -> dict[str, float]:
    """What the client alone can do: requests a second, and the milliseconds of processor that one costs it."""
    used = time.process_time()
    each = ["is there a refuge near me"] * (TRIVIAL // people)
    taken, seconds = await at_once([lambda: Web(url)] * people, each)
    used = time.process_time() - used
    return {"a_second": round(len(taken) / seconds, 1), "client_ms": round(used / len(taken) * 1000, 3)}


def trivial_server() -> tuple[subprocess.Popen[str], str]:
    """A process that answers everything with the same words at once, and its address. The caller stops it."""
    process = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


class _Trivial(asyncio.Protocol):
    def __init__(self) -> None:
        answer = json.dumps({"session": "x" * 43, "messages": [{"text": "x" * 800, "choices": []}]}).encode()
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Trivial, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run(_serve())
