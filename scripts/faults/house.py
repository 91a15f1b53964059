"""The product as it runs in service: what it stores in, its processes kept by a service manager, and a team's own system."""
from __future__ import annotations

import os
import shutil
import ssl
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from outreach.adapters.database import connect
from outreach.adapters.referrals import ReferralStore
from outreach.privacy import sealing
from outreach.privacy.key_files import secret_key
from outreach.privacy.sealing import Opener
from outreach.referrals.handoff import Letter
from outreach.referrals.records import StoredReferral
from outreach.referrals.reference import References
from outreach.referrals.states import State
from outreach.settings import ROOT
from scripts.faults.people import Town
from scripts.faults.processes import Kept, family_of, memory_of, wait_for
from scripts.faults.record import Filled, Record
from scripts.faults.strangers import Door, port_takes
from scripts.keys import add_pair

MACHINE, SERVICE = "machine", "service"
TOKEN = "faults"
PUBLIC = "https://texts.example.org"
STARTS_WITHIN = 180.0
# As it comes with deploy/nginx; what the tests use of nginx has more.
REQUESTS_PER_SECOND = "30"


@dataclass(frozen=True)
class Referrals:
    """What became of the referrals of a run. All should be nought but the first two."""

    told: int
    delivered: int
    lost: int
    doubled: int
    without_yes: int
    waiting: int


class House:
    """A running product that can be broken, as a context.

    `service` is PostgreSQL, Redis, two assistants and nginx; `machine` is what `make run` starts: SQLite and one of each.
    `more` are settings on top, `root` is where its files are. `disk` is a folder for what is stored, `engines_with` what
    PostgreSQL has in its environment as well.
    """

    def __init__(
        self, folder: Path, kind: str, more: Mapping[str, str] | None = None, root: Path = ROOT, disk: Path | None = None,
        engines_with: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.kind, self.root = folder, kind, root
        self.log, self.keys, self.data = folder / "log.txt", folder / "keys", disk or folder / "data"
        self.inbox = _inbox()
        self.units: dict[str, Kept] = {}
        self.postgres: Any = None
        self.redis: Any = None
        self.proxy: Any = None
        self._more, self._engines_with = dict(more or {}), dict(engines_with or {})
        self._open = ExitStack()

    def __enter__(self) -> House:
        try:
            self._begin()
        except BaseException:
            if self.log.exists():
                sys.stderr.write(self.log.read_text(encoding="utf-8", errors="replace")[-2000:])
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        for unit in reversed(list(self.units.values())):
            unit.stop()
        for engine in (self.redis, self.postgres):
            if engine is not None:
                engine.remove()
        if self.proxy is not None:
            shutil.rmtree(self.proxy.folder, ignore_errors=True)
        self._open.close()

    def _begin(self) -> None:
        from receiving import listening
        from running import free_port

        self.keys.mkdir()
        self.data.mkdir(exist_ok=True)
        add_pair(self.keys / "referral.pub", self.keys / "referral.key")
        teams = self._open.enter_context(listening(self.inbox, self.folder))
        self.ports = {name: free_port() for name in ("assistant", "worker", "actions", "console")}
        self.database_url = f"sqlite:///{self.data / 'outreach.db'}"
        if self.kind == SERVICE:
            self._start_engines()
        self.environment = self._settings(teams)
        self.units["launcher"] = self._unit("launcher", "launcher").start()
        if self.kind == SERVICE:
            # It waits for the database to be made.
            wait_for("the first assistant answers", lambda: self._answers("assistant"), STARTS_WITHIN)
            self.units["worker"] = self._unit("worker", "launcher.assistant", PORT=str(self.ports["worker"])).start()
            start = str(self.root / "deploy" / "nginx" / "start")
            self.units["proxy"] = Kept("proxy", [start], self.proxy.environment, self.log, self.root).start()
        wait_for("the product answers", self.is_ready, STARTS_WITHIN)

    def _start_engines(self) -> None:
        from engines import Postgres, Redis
        from proxied import Proxy

        self.postgres, self.redis = Postgres(self.folder / "postgres"), Redis(self.folder / "redis")
        if self.data != self.folder / "data":
            # What it stores is to lie there, and not where it lies by itself.
            self.postgres.data.rmdir()
            self.postgres.data = self.data / "postgres"
            self.postgres.data.mkdir()
            shutil.chown(self.postgres.data, self.postgres.user)
        with environment_with(self._engines_with):
            self.database_url = self.postgres.start().url
        self.redis.start()
        workers = [f"127.0.0.1:{self.ports[name]}" for name in ("assistant", "worker")]
        self.proxy = Proxy(workers, f"127.0.0.1:{self.ports['console']}", PROXY_REQUESTS_PER_SECOND=REQUESTS_PER_SECOND)

    def _settings(self, teams: str) -> dict[str, str]:
        from receiving import ENVIRONMENT

        keys = self.keys
        return {
            **os.environ, **ENVIRONMENT, "PYTHONPATH": str(self.root), "PYTHONUNBUFFERED": "1",
            "RASA_TELEMETRY_ENABLED": "false",
            "SMS_KEY_FILE": str(keys / "sms.key"), "REFERENCE_KEY_FILE": str(keys / "reference.key"),
            "REFERRAL_PUBLIC_KEYS": str(keys / "referral.pub"), "REFERRAL_PRIVATE_KEYS": str(keys / "referral.key"),
            "CONSOLE_KEY_FILE": str(keys / "console.key"), "REFERRAL_TEAMS_FILE": teams,
            "PORT": str(self.ports["assistant"]), "ACTIONS_PORT": str(self.ports["actions"]),
            "CONSOLE_PORT": str(self.ports["console"]), "DATABASE_URL": self.database_url, "PUBLIC_URL": self.public,
            "REDIS_URL": self.redis.url if self.redis else "", "TWILIO_AUTH_TOKEN": TOKEN, "LOG_LEVEL": "WARNING",
            # Every limit is as it comes: each person has an address of their own.
            "TRUSTED_PROXIES": "1", **self._more,
        }  # fmt: skip

    def _unit(self, name: str, module: str, **more: str) -> Kept:
        return Kept(name, [sys.executable, "-m", module], {**self.environment, **more}, self.log, self.root)

    @property
    def public(self) -> str:
        """Where people think that it is."""
        return str(self.proxy.url) if self.proxy else PUBLIC

    @property
    def door(self) -> Door:
        """Where it is reached."""
        if self.proxy is None:
            return Door(self.ports["assistant"])
        from proxied import CHAT

        return Door(self.proxy.port, CHAT, ssl.create_default_context(cafile=str(self.proxy.certificate)))

    def town(self, record: Record, pause: float) -> Town:
        """Where people live who knock at this door."""
        door = self.door
        address = f"http://127.0.0.1:{door.port}" if door.tls is None else self.public
        return Town(address, record, TOKEN, self.public, pause, door.tls)

    def assistants(self) -> list[str]:
        """The names of the assistants."""
        return ["assistant", "worker"] if self.kind == SERVICE else ["assistant"]

    def _answers(self, assistant: str) -> bool:
        address = f"http://127.0.0.1:{self.ports[assistant]}/health/ready"
        try:
            return httpx.get(address, timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def ready(self) -> list[str]:
        """Those assistants that say that a message would be answered in full."""
        return [name for name in self.assistants() if self._answers(name)]

    def is_ready(self) -> bool:
        """Whether every assistant says that a message would be answered in full, and the door is open."""
        return self.ready() == self.assistants() and port_takes(self.door.port)

    def pid_of(self, part: str) -> int:
        """The process of a part (`launcher`, `assistant`, `actions` ...) as it runs now. Raises `LookupError`."""
        if part == "nginx":
            return self.units["proxy"].pid
        if part == "nginx-worker":
            return self.units["proxy"].part("nginx: worker")
        return self.units[part].pid if part in self.units else self.units["launcher"].part(f"launcher.{part}")

    def memory(self) -> float:
        """Resident memory of all the product's processes in MB, without the engines."""
        return sum(memory_of(pid) for unit in self.units.values() for pid in family_of(unit.pid))

    @cached_property
    def _store(self) -> ReferralStore:
        return ReferralStore(connect(self.database_url))

    def referrals(self, forms: list[Filled], seconds: float = 60.0) -> Referrals:
        """What became of them all, when what waits has had time to be delivered."""
        with suppress(AssertionError):
            wait_for("all is delivered", lambda: not self._store.waiting()[0], seconds)
        opener = sealing.opener(self.keys / "referral.key")
        references = References(secret_key(self.keys / "reference.key"))
        told = {references.hash(form.reference) for form in forms if form.reference}
        names, agreed = {form.name for form in forms}, {form.name for form in forms if form.said_yes}
        # Those of an earlier fault, in the same house, are not counted again.
        stored = [(_name_in(each, opener), each) for each in self._store.all() if each.sealed]
        theirs = [(name, each) for name, each in stored if name in names]
        taken = {row: keys for row, keys in self.inbox.by_referral().items() if row in {each.id for _, each in theirs}}
        delivered = {each.reference_hash for _, each in theirs if each.state is State.DELIVERED and each.id in taken}
        again = sum(number - 1 for number in Counter(name for name, _ in theirs).values())
        return Referrals(
            told=len(told), delivered=len(delivered), lost=len(told - delivered),
            doubled=again + sum(len(keys) - 1 for keys in taken.values()) + _shared(forms),
            without_yes=sum(1 for name, _ in theirs if name not in agreed), waiting=self._store.waiting()[0],
        )  # fmt: skip


def _name_in(row: StoredReferral, opener: Opener) -> str:
    return str(Letter.opened(row.sealed or b"", opener).answers.name)


def _shared(forms: list[Filled]) -> int:
    """How many forms were told the reference of another."""
    told = [form.reference for form in forms if form.reference]
    return len(told) - len(set(told))


def _inbox() -> Any:
    from receiving import Inbox

    return Inbox()


@contextmanager
def environment_with(more: Mapping[str, str]) -> Iterator[None]:
    """Have this in the environment of whatever is started meanwhile."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
