"""PostgreSQL and Redis for tests: Debian's own programs, on free ports of loopback, with data of their own, to stop and to break.

Both want a password, so that a test sees whether it gets into a log. As root they run as other users, as neither may as root.
"""
from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import redis
from running import free_port

from outreach.adapters.database import connect, migrate

STARTS_WITHIN = 60.0
STOPS_WITHIN = 30.0


class Missing(Exception):
    """A program that the tests need is not on this machine. The message says how it gets there."""


class Engine:
    """One server. Its log is `folder/<name>.log`; its data are in a folder of the user's that it runs as."""

    name = ""
    user = ""
    package = ""
    # As an operator stops it: at once, but in order.
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{self.name}.log"
        self.port = free_port()
        self.password = secrets.token_hex(16)
        # The folders of a test are closed to everybody else, and so to the user that the server runs as.
        self.data = Path(tempfile.mkdtemp(prefix=f"outreach-{self.name}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._made = False
        if os.geteuid() == 0:
            shutil.chown(self.data, self.user, pwd.getpwnam(self.user).pw_gid)
        atexit.register(self.remove)

    @property
    def url(self) -> str:
        """What the product's setting wants."""
        raise NotImplementedError

    def start(self) -> Any:
        """Start it, the first time or again with the same port and data, and wait until it answers."""
        if not self._made:
            self.make()
            self._made = True
        until = time.monotonic() + STARTS_WITHIN
        self._launch()
        while not self._works():
            if self.process is None or self.process.poll() is not None:
                # What a killed one left behind (a worker that is still going) may keep the next from starting for a moment.
                self._launch()
            if time.monotonic() > until:
                self.kill()
                raise AssertionError(f"{self.name} does not answer: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """Stop it as an operator does, and wait until it has stopped."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections stay open, and nothing is answered until `thaw`."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it and delete its data; it is not started again."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.data, ignore_errors=True)

    def make(self) -> None:
        """Make its data, once."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What is run."""
        raise NotImplementedError

    def ask(self) -> None:
        """Ask it something. Raises anything while it does not answer."""
        raise NotImplementedError

    def as_user(self) -> dict[str, Any]:
        """What makes a command run as the server's user."""
        if os.geteuid() != 0:
            return {"cwd": self.data}
        account = pwd.getpwnam(self.user)
        return {"cwd": self.data, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def program(self, name: str, *places: str) -> str:
        """Where a program is. Raises `Missing`."""
        beside = [str(path.parent) for place in places for path in sorted(Path("/").glob(f"{place}/{name}"), reverse=True)]
        found = shutil.which(name, path=os.pathsep.join([*beside, os.environ.get("PATH", os.defpath)]))
        if found is None:
            raise Missing(f"{name} is missing: `apt-get install {self.package}`, which `make test` does by itself")
        return found

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self.as_user()
            )

    def _works(self) -> bool:
        try:
            self.ask()
        except (psycopg2.Error, redis.RedisError):
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        family = self._family()
        if family:
            self.process.send_signal(number)
            # One that hangs would not hear it.
            _tell(family, signal.SIGCONT)
        self.process.wait(STOPS_WITHIN)

    def _signal_all(self, number: signal.Signals) -> None:
        _tell(self._family(), number)

    def _family(self) -> list[int]:
        if self.process is None or self.process.poll() is not None:
            return []
        return [self.process.pid, *_children(self.process.pid)]


class Postgres(Engine):
    """PostgreSQL, with a database `outreach`. Everything is as it comes: what is committed is on the disk."""

    name = "postgres"
    user = "postgres"
    package = "postgresql"
    stop_signal = signal.SIGINT
    _migrated = False

    @property
    def url(self) -> str:
        """As in DATABASE_URL."""
        return self.url_of("outreach")

    def url_of(self, database: str) -> str:
        """The address of another database in it."""
        return f"postgresql://outreach:{self.password}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make the cluster."""
        secret = self.data / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        made = subprocess.run(
            [self._program("initdb"), "-D", str(self.data / "cluster"), "-U", "outreach", "--auth=scram-sha-256",
             f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8"],
            capture_output=True, text=True, check=False, **self.as_user(),
        )
        secret.unlink()
        assert made.returncode == 0, made.stderr

    def command(self) -> list[str]:
        """The server, without the sockets that others on the machine could meet."""
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", str(self.data / "cluster"), *options]

    def ask(self) -> None:
        """Have the database `outreach`, made where it is not there yet."""
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            if "does not exist" not in str(error):
                raise
            self.create("outreach")

    def create(self, database: str, template: str = "template1") -> str:
        """Make a database, empty or like another one; its address."""
        self._command(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url_of(database)

    def copy_of_migrated(self, database: str) -> str:
        """Make a database that is up to date and otherwise empty; its address."""
        if not self._migrated:
            engine = connect(self.create("migrated"))
            migrate(engine)
            engine.dispose()
            self._migrated = True
        return self.create(database, "migrated")

    def drop(self, database: str) -> None:
        """Delete a database, whoever is still connected with it."""
        self._command(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _command(self, statement: str) -> None:
        connection = psycopg2.connect(self.url_of("postgres"), connect_timeout=2)
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _program(self, name: str) -> str:
        return self.program(name, "usr/lib/postgresql/*/bin")


class Redis(Engine):
    """Redis. Like one for locks and limits alone, it writes nothing to the disk."""

    name = "redis"
    user = "nobody"
    package = "redis-server"

    @property
    def url(self) -> str:
        """As in REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def make(self) -> None:
        """Write its settings."""
        settings = self.data / "redis.conf"
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {self.data}\nsave \"\"\nappendonly no\n"
        )

    def command(self) -> list[str]:
        """The server."""
        return [self.program("redis-server"), str(self.data / "redis.conf")]

    def ask(self) -> None:
        """Ping it."""
        self.client().ping()

    def client(self) -> redis.Redis:
        """A client of the tests' own, to look at what is kept."""
        parts = urlsplit(self.url)
        return redis.Redis(parts.hostname or "", parts.port or 0, password=self.password, socket_timeout=2)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                    found.append(int(entry.name))
            except (OSError, IndexError, ValueError):
                continue
    return found


def _tell(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
