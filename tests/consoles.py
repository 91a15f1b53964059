"""The staff console as it runs, alone and with a database of its own, and staff who use it over HTTP.

    staffer = console.signed_in("publisher")             # or several: ("caseworker", areas=["Watford and Three Rivers"])
    staffer.get("/services"); staffer.post("/services/x", {"name": "..."})       # the form's token comes by itself
    console.engine                                         # the same database, for looking and seeding
"""
from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from running import ROOT, Running, free_port
from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import AuditLog
from outreach.adapters.database import connect, migrate
from outreach.adapters.staff import StaffStore, sessions, tries
from outreach.content.importer import import_content
from outreach.privacy.key_files import secret_key
from outreach.staff import Role
from outreach.staff.records import Account
from outreach.staff.second_factor import Factors
from outreach.staff.sessions import Sessions

PASSWORD = "harbour violin cabbage"
STARTS_WITHIN = 120
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@cache
def _hash(password: str) -> str:
    # As weak as it goes: nobody is kept out by it here, and it takes no time.
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


@cache
def _prepared(with_content: bool) -> Path:
    """A database as it is at the start, made once: bringing one up to date takes a while."""
    folder = tempfile.mkdtemp(prefix="console-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Path(folder) / "prepared.db"
    engine = connect(f"sqlite:///{made}")
    migrate(engine)
    if with_content:
        import_content(ROOT / "content", engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return made


@dataclass
class Somebody:
    """A member of staff with what they sign in with."""

    id: str
    login: str
    secret: str
    password: str = PASSWORD

    def code(self, steps: int = 0) -> str:
        """What their phone shows now, or so many steps from now."""
        return pyotp.TOTP(self.secret).at(int(time.time()), counter_offset=steps)


@dataclass
class Console:
    """A running console. `log` holds what it printed."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    with_content: bool = True

    def start(self) -> Console:
        self.port = free_port()
        self.database_url = self.environment.get("DATABASE_URL", f"sqlite:///{self.folder / 'console.db'}")
        self.key_file = self.folder / "console.key"
        self.log = self.folder / "console.txt"
        file = Path(self.database_url.removeprefix("sqlite:///"))
        # One that is there belongs to another console of the test's.
        if self.database_url.startswith("sqlite:///") and not file.exists():
            shutil.copy(_prepared(self.with_content), file)
        self.engine: Engine = connect(self.database_url)
        migrate(self.engine)
        if self.with_content:
            import_content(ROOT / "content", self.engine)
        given = {
            "CONSOLE_PORT": str(self.port), "DATABASE_URL": self.database_url, "CONSOLE_KEY_FILE": str(self.key_file),
            "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1", **self.environment,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher.console"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **given}, start_new_session=True,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self._lives():
            assert self.process.poll() is None, f"the console stopped: {self.printed()[-3000:]}"
            assert time.monotonic() < until, f"the console does not answer: {self.printed()[-3000:]}"
            time.sleep(0.1)
        return self

    @classmethod
    def beside(cls, running: Running) -> Console:
        """The console of a whole running product, which starts and stops it."""
        console = cls(running.folder)
        console.port, console.log = running.console_port, running.log
        console.key_file = running.folder / "keys" / "console.key"
        console.database_url = f"sqlite:///{running.database}"
        console.engine = connect(console.database_url)
        return console

    def _lives(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.engine.dispose()

    def add(self, *roles: str, areas: tuple[str, ...] | list[str] = (), name: str = "") -> Somebody:
        """An account of its own, joined already. A new one each time, so that codes are never used twice."""
        factors = Factors(secret_key(self.key_file))
        secret, login = pyotp.random_base32(), f"{'-'.join(roles) or 'nobody'}-{secrets.token_hex(4)}"
        now = datetime.now(timezone.utc)
        account = Account(
            secrets.token_hex(8), login, name or login, frozenset(Role(role) for role in roles), frozenset(areas),
            now, now, _hash(PASSWORD), factors.seal(secret),
        )
        with StaffStore(self.engine).writing() as rows:
            rows.add_account(account)
        return Somebody(account.id, login, secret)

    def signed_in(self, *roles: str, areas: tuple[str, ...] | list[str] = (), name: str = "") -> Staffer:
        """Somebody new with these roles, who has signed in over HTTP."""
        staffer = Staffer(self.url, self.add(*roles, areas=areas, name=name))
        self.forget_tries()
        response = staffer.sign_in()
        assert response.status_code == 303, (response.status_code, response.text)
        return staffer

    def forget_tries(self) -> None:
        """Let everybody try again: all tests come from one address, which may try so often in a quarter of an hour."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(tries))

    def with_session(self, somebody: Somebody) -> Staffer:
        """Somebody in a session that was put straight into the database: quicker than signing in."""
        store, token = StaffStore(self.engine), ""
        with store.writing() as rows:
            token = Sessions(store, timedelta(minutes=20), timedelta(hours=8)).begin(rows, somebody.id)
        staffer = Staffer(self.url, somebody)
        staffer.http.cookies.set("console-session", token, domain="127.0.0.1")
        return staffer

    def age_sessions(self, somebody: Somebody, **by: float) -> None:
        """Let time go by for somebody's sessions: when they began, and when they were last used."""
        earlier = timedelta(**by)
        with self.engine.begin() as connection:
            for row in connection.execute(sa.select(sessions).where(sessions.c.staff_id == somebody.id)).all():
                mine = sa.update(sessions).where(sessions.c.token_hash == row.token_hash)
                connection.execute(mine.values(began_at=row.began_at - earlier, seen_at=row.seen_at - earlier))

    def visitor(self) -> Staffer:
        """Somebody who has not come in."""
        return Staffer(self.url)

    @property
    def audit(self) -> AuditLog:
        """The audit, to look at."""
        return AuditLog(self.engine)


class Staffer:
    """A browser without script: it keeps cookies, and sends the token of the page's forms."""

    def __init__(self, url: str, somebody: Somebody | None = None) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60, follow_redirects=False, headers=SAME_SITE, verify=False)
        self.me = somebody
        self._token = ""

    @property
    def id(self) -> str:
        assert self.me
        return self.me.id

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._noted(self.http.get(path, **options))

    def post(self, path: str, data: Any = None, **options: Any) -> httpx.Response:
        """Send a form; lists become several fields of one name. `files=` makes it multipart. Redirects are not followed."""
        if not self._token:
            self.get("/")
        if not self._token:
            self.get("/sign-in")
        return self._noted(self.http.post(path, data={"csrf": self._token, **(data or {})}, **options))

    def post_and_follow(self, path: str, data: Any = None, **options: Any) -> httpx.Response:
        """Send a form, and give the page that follows."""
        response = self.post(path, data, **options)
        assert response.status_code == 303, (response.status_code, response.text[:3000])
        return self.get(response.headers["location"])

    def sign_in(self, **changed: str) -> httpx.Response:
        assert self.me
        self.get("/sign-in")
        given = {"login": self.me.login, "password": self.me.password, "code": self.me.code(), **changed}
        response = self.post("/sign-in", given)
        if response.status_code == 303:
            self._token = ""
        return response

    def _noted(self, response: httpx.Response) -> httpx.Response:
        found = TOKEN.search(response.text) if "html" in response.headers.get("content-type", "") else None
        if found:
            self._token = found[1]
        return response
