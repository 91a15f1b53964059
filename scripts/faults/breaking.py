"""Breaking, waiting, mending: each gives a sentence on what it saw. What it says is never judged; what people heard is."""
from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx

from scripts.faults.house import SERVICE, House
from scripts.faults.people import Texter
from scripts.faults.processes import wait_for
from scripts.faults.record import Record
from scripts.faults.strangers import Strangers, address_of, flood, raise_limit, silent, slow

NEW_WITHIN = 60.0
CONNECTIONS = 10_000


def kill(part: str) -> Callable[[House, float], str]:
    """kill -9 a part, and see that another process takes its place."""

    def breaks(house: House, seconds: float) -> str:
        before = house.pid_of(part)
        os.kill(before, signal.SIGKILL)
        return f"another process after {until_new(house, part, before):.1f} s"

    return breaks


def until_new(house: House, part: str, before: int) -> float:
    """Wait until a part is another process than before; the seconds that it took. Raises `AssertionError`."""
    began = time.monotonic()

    def is_new() -> bool:
        try:
            return house.pid_of(part) != before
        except LookupError:
            return False

    wait_for(f"a new {part}", is_new, NEW_WITHIN)
    return time.monotonic() - began


def hangs(part: str) -> Callable[[House, float], str]:
    """A part is there, takes connections and does nothing."""

    def breaks(house: House, seconds: float) -> str:
        pid = house.pid_of(part)
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            # It may have been killed meanwhile.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return f"for {seconds:.0f} s"

    return breaks


def stopped(engine: str) -> Callable[[House, float], str]:
    """An operator stops PostgreSQL or Redis, and starts it again."""
    return _away(engine, "stop", "start", "for {:.0f} s")


def killed_engine(engine: str) -> Callable[[House, float], str]:
    """kill -9 of PostgreSQL or Redis, which is started again after some seconds."""
    return _away(engine, "kill", "start", "started again after {:.0f} s")


def frozen(engine: str) -> Callable[[House, float], str]:
    """PostgreSQL or Redis takes connections and does nothing."""
    return _away(engine, "freeze", "thaw", "for {:.0f} s")


def _away(engine: str, goes: str, comes_back: str, saw: str) -> Callable[[House, float], str]:
    def breaks(house: House, seconds: float) -> str:
        it = getattr(house, engine)
        getattr(it, goes)()
        try:
            time.sleep(seconds)
        finally:
            getattr(it, comes_back)()
        return saw.format(seconds)

    return breaks


def disk_full(house: House, seconds: float) -> str:
    """Not a byte is left where things are stored. What is stored goes on being written meanwhile."""
    filler = house.data / "filler"
    ended = time.monotonic() + seconds
    down = False
    while time.monotonic() < ended:
        _fill(filler)
        if house.kind == SERVICE:
            down = _use_up_log(house) or down
        time.sleep(0.5)
    left = shutil.disk_usage(house.data).free
    filler.unlink()
    if house.kind == SERVICE:
        house.postgres.start()
    return f"{left} bytes left" + (", and PostgreSQL went down by it" if down else "")


def _fill(filler: Path) -> None:
    for size in (1 << 20, 1 << 12):
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(bytes(size)):
                pass


def _use_up_log(house: House) -> bool:
    """Have PostgreSQL need room at once, and not only when what it has in reserve is used up. Whether it is down."""
    import psycopg2

    try:
        connection = psycopg2.connect(house.postgres.url, connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000)); SELECT pg_switch_wal()")
        finally:
            connection.close()
    except psycopg2.Error:
        return house.postgres.process.poll() is not None
    return False


def model_corrupt(house: House, seconds: float) -> str:
    """The model's file is half gone when an assistant has to load it. Later the file is whole again."""
    (model,) = (house.root / "models").glob("outreach-*.tar.gz")
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    before = house.pid_of("worker")
    os.kill(before, signal.SIGKILL)
    time.sleep(seconds)
    with_one = house.ready()
    model.write_bytes(whole)
    wait_for("both assistants are back", house.is_ready, 90)
    return f"meanwhile ready: {', '.join(with_one) or 'none'}"


def clock_back(house: House, seconds: float) -> str:
    """The clock of the product and of PostgreSQL goes back an hour, and stays there while people talk."""
    (house.folder / "clock").write_text("-3600\n")
    time.sleep(seconds)
    return "and stays so"


def clock_right(house: House) -> None:
    """The clock is right again: only now do others take what the product signs with the time."""
    (house.folder / "clock").write_text("+0\n")


def slow_clients(house: House, seconds: float) -> str:
    """200 strangers send a byte a second."""
    with Strangers(slow(house.door), 200) as strangers:
        time.sleep(seconds)
        held, what = strangers.here, dict(strangers.what)
    return f"{held} at the end, {sum(what.values())} had been sent away ({what})"


def connections(house: House, seconds: float) -> str:
    """10,000 connections over which nothing comes."""
    raise_limit(CONNECTIONS + 5_000)
    with Strangers(silent(house.door), CONNECTIONS) as strangers:
        time.sleep(seconds)
        most, what = strangers.most, dict(strangers.what)
    return f"{most} at most at the same time ({what})"


def flood_of_texts(house: House, seconds: float) -> str:
    """One number sends 30 signed texts a second."""
    sender = Texter(house.town(Record(), 0.0))

    async def send(_: int) -> str:
        answer = await sender.post("hello again")
        return "answered" if answer.texts else f"nothing ({answer.status or answer.error})"

    with Strangers(flood(send, 30), 8) as strangers:
        time.sleep(seconds)
        what = dict(strangers.what)
    return f"{sum(what.values())} texts: {what}"


def flood_of_requests(house: House, seconds: float) -> str:
    """One address begins conversations and sends messages without end, 300 a second."""
    town = house.town(Record(), 0.0)
    clients: dict[int, httpx.AsyncClient] = {}

    async def send(number: int) -> str:
        if number not in clients:
            # Direct at the assistant nobody stands in front who would say the address.
            clients[number] = town.client(address_of(0))
            clients[number].headers["X-Forwarded-For"] = address_of(0)
        client = clients[number]
        try:
            if number % 2:
                answer = await client.post("/chat/api/session")
            else:
                headers = {"Authorization": f"Bearer {secrets.token_urlsafe(32)}"}
                answer = await client.post("/chat/api/messages", json={"text": "hello"}, headers=headers)
        except httpx.HTTPError as error:
            await asyncio.sleep(0.1)
            return type(error).__name__
        return str(answer.status_code)

    with Strangers(flood(send, 300), 16) as strangers:
        time.sleep(seconds)
        what = dict(strangers.what)
    return f"{sum(what.values())} requests: {what}"
