"""A copy of the whole database in one file, and a database made from one: for backups.

What somebody is saying right now, who is signed in, and one-time links are left out: what is forgotten must not live on in
a copy.
"""
from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.url import URL, make_url

from outreach.adapters.database import connect

LEFT_OUT = ("conversation", "staff_session", "staff_link", "sign_in_try")
_DEBIANS = "/usr/lib/postgresql"
# What an address may say beside host, user and database, and where PostgreSQL's programs look for it.
_BESIDE = {
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "host": "PGHOST",
}


class CopyError(Exception):
    """A copy cannot be made, or cannot be used. The message is one line, without anything from the database."""


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`: a copy of one makes no database of the other."""
    return str(make_url(url).get_backend_name())


def copy_to(url: str, file: Path) -> None:
    """Copy the database that is in use into a file that is not there yet, for its owner alone. Raises CopyError."""
    if kind_of(url) == "sqlite":
        _copy_sqlite(_path(url), file)
        return
    left_out = [f"--exclude-table-data={table}" for table in LEFT_OUT]
    _run("pg_dump", make_url(url), ["--format=custom", "--no-owner", "--no-privileges", *left_out, f"--file={file}"])
    file.chmod(0o600)


def is_empty(url: str) -> bool:
    """Whether there is nothing in the database yet. Raises CopyError where it does not answer."""
    if kind_of(url) == "sqlite" and not _path(url).exists():
        return True
    engine = connect(url)
    try:
        return not sa.inspect(engine).get_table_names()
    except sa.exc.SQLAlchemyError as error:
        raise CopyError(f"the database does not answer ({type(error).__name__})") from error
    finally:
        engine.dispose()


def fill_from(url: str, file: Path) -> None:
    """Make an empty database what a copy says, all or nothing. Raises CopyError."""
    if not is_empty(url):
        raise CopyError("the database is not empty: a copy goes into an empty one alone")
    if kind_of(url) == "sqlite":
        path = _path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        for beside in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            beside.unlink(missing_ok=True)
        new = path.with_name(f".{path.name}.new")
        shutil.copyfile(file, new)
        new.chmod(0o600)
        new.replace(path)
        return
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", make_url(url), [*options, f"--dbname={make_url(url).database}", str(file)])


def _path(url: str) -> Path:
    return Path(str(make_url(url).database))


def _copy_sqlite(database: Path, file: Path) -> None:
    if not database.is_file():
        raise CopyError("there is no database")
    file.touch(mode=0o600)
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as source, sqlite3.connect(file) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        with sqlite3.connect(file, isolation_level=None) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("PRAGMA secure_delete = ON")
            for table in LEFT_OUT:
                copy.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            # What was deleted would still stand on pages that are free now.
            copy.execute("VACUUM")
        copy.close()
    except sqlite3.Error as error:
        raise CopyError(f"the database could not be copied ({type(error).__name__})") from error


def _run(program: str, url: URL, arguments: list[str]) -> None:
    """One of PostgreSQL's own programs. The password is in its environment: others on the machine can see a command line."""
    given = {
        "PGUSER": url.username, "PGPASSWORD": url.password, "PGHOST": url.host, "PGPORT": url.port, "PGDATABASE": url.database,
        **{name: url.query[key] for key, name in _BESIDE.items() if key in url.query},
    }
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}
    done = subprocess.run([_program(program), *arguments], capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        # Its words may hold a row that did not fit.
        raise CopyError(f"{program} failed (exit code {done.returncode}); is it as new as the server?")


def _program(name: str) -> str:
    places = [str(path.parent) for path in sorted(Path(_DEBIANS).glob(f"*/bin/{name}"), reverse=True)]
    found = shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise CopyError(f"{name} is missing: install PostgreSQL's client programs")
    return found
