"""The product as it runs in service: what it stores in, its processes kept by a service manager, and a team's own system."""
from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from outreach.adapters.database import connect
from outreach.adapters.referrals import ReferralStore
from outreach.privacy import sealing
from outreach.privacy.key_files import secret_key
from outreach.referrals.handoff import Letter
from outreach.referrals.reference import References
from outreach.referrals.states import State
from outreach.settings import ROOT
from scripts.faults.people import Town
from scripts.faults.processes import Kept, family_of, memory_of, wait_for
from scripts.faults.record import Filled, Record
from scripts.keys import add_pair

TOKEN = "faults"
PUBLIC = "https://texts.example.org"
STARTS_WITHIN = 180.0


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
    """A running product that can be broken. `engines` says what it stores in: `sqlite`, or `postgres` with Redis."""

    def __init__(self, folder: Path, engines: str = "sqlite", more: dict[str, str] | None = None) -> None:
        self.folder, self.engines, self.inbox = folder, engines, _inbox()
        self.log = folder / "log.txt"
        self.keys = folder / "keys"
        self.data = folder / "data"
        self._more = more or {}
        self._open = ExitStack()
        self.postgres: Any = None
        self.redis: Any = None
        self.units: dict[str, Kept] = {}

    def __enter__(self) -> House:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for unit in reversed(list(self.units.values())):
            unit.stop()
        for engine in (self.redis, self.postgres):
            if engine is not None:
                engine.remove()
        self._open.close()

    def _begin(self) -> None:
        from receiving import listening
        from running import free_port

        self.keys.mkdir()
        self.data.mkdir(exist_ok=True)
        add_pair(self.keys / "referral.pub", self.keys / "referral.key")
        teams = self._open.enter_context(listening(self.inbox, self.folder))
        self._start_engines()
        self.ports = {name: free_port() for name in ("assistant", "actions", "console")}
        self.environment = self._settings(teams)
        self.units["launcher"] = self._unit("launcher", "launcher")
        self._units_start()
        wait_for("the product answers", self.is_ready, STARTS_WITHIN)

    def _start_engines(self) -> None:
        if self.engines == "sqlite":
            self.database_url = f"sqlite:///{self.data / 'outreach.db'}"
            return
        from engines import Postgres, Redis

        self.postgres, self.redis = Postgres(self.folder / "postgres"), Redis(self.folder / "redis")
        self.database_url = self.postgres.start().url
        self.redis.start()

    def _settings(self, teams: str) -> dict[str, str]:
        from receiving import ENVIRONMENT

        keys = self.keys
        return {
            **os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false", "PYTHONUNBUFFERED": "1",
            "SMS_KEY_FILE": str(keys / "sms.key"), "REFERENCE_KEY_FILE": str(keys / "reference.key"),
            "REFERRAL_PUBLIC_KEYS": str(keys / "referral.pub"), "REFERRAL_PRIVATE_KEYS": str(keys / "referral.key"),
            "CONSOLE_KEY_FILE": str(keys / "console.key"), "REFERRAL_TEAMS_FILE": teams,
            "PORT": str(self.ports["assistant"]), "ACTIONS_PORT": str(self.ports["actions"]),
            "CONSOLE_PORT": str(self.ports["console"]), "DATABASE_URL": self.database_url, "PUBLIC_URL": PUBLIC,
            "REDIS_URL": self.redis.url if self.redis else "", "TWILIO_AUTH_TOKEN": TOKEN, "LOG_LEVEL": "WARNING",
            # One machine is everybody here; the floods set limits of their own.
            "SESSIONS_PER_MINUTE": "100000", "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
            **self._more,
        }  # fmt: skip

    def _unit(self, name: str, module: str, **more: str) -> Kept:
        return Kept(name, [sys.executable, "-m", module], {**self.environment, **more}, self.log, ROOT)

    def _units_start(self) -> None:
        for unit in self.units.values():
            unit.start()

    @property
    def door(self) -> str:
        """Where people knock."""
        return f"http://127.0.0.1:{self.ports['assistant']}"

    def town(self, record: Record, pause: float) -> Town:
        """Where people live who knock at this door."""
        return Town(self.door, record, TOKEN, PUBLIC, pause)

    def is_ready(self) -> bool:
        """Whether every assistant says that a message would be answered in full."""
        try:
            answers = [httpx.get(f"{url}/health/ready", timeout=5, trust_env=False) for url in self.assistants()]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    def assistants(self) -> list[str]:
        """Where each assistant answers by itself."""
        return [f"http://127.0.0.1:{self.ports['assistant']}"]

    def pid_of(self, part: str) -> int:
        """The process of a part (`launcher`, `assistant`, `actions` ...) as it runs now. Raises `LookupError`."""
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
        taken, opener = self.inbox.by_referral(), sealing.opener(self.keys / "referral.key")
        references = References(secret_key(self.keys / "reference.key"))
        rows = {each.reference_hash: each for each in self._store.all()}
        told = {references.hash(form.reference): form.name for form in forms if form.reference}
        delivered = {hashed for hashed, row in rows.items() if row.state is State.DELIVERED and taken.get(row.id)}
        names = Counter(Letter.opened(row.sealed, opener).answers.name for row in rows.values() if row.sealed)
        agreed = {form.name for form in forms if form.said_yes}
        return Referrals(
            told=len(told), delivered=len(delivered), lost=len(set(told) - delivered),
            doubled=sum(n - 1 for n in names.values()) + sum(len(keys) - 1 for keys in taken.values()) + _shared(forms),
            without_yes=sum(1 for name in names if name not in agreed), waiting=self._store.waiting()[0],
        )  # fmt: skip


def _shared(forms: list[Filled]) -> int:
    """How many forms were told the reference of another."""
    told = [form.reference for form in forms if form.reference]
    return len(told) - len(set(told))


def _inbox() -> Any:
    from receiving import Inbox

    return Inbox()


def lines_of(log: Path, start: int = 0) -> Iterator[str]:
    """What the processes printed since this place in the log."""
    yield from log.read_text(encoding="utf-8", errors="replace")[start:].splitlines()
