"""Backups: the database and the keys in one file, sealed with a public key, and a product made from such a file.

  deploy/backup --make-key FOLDER           a pair of keys for backups: take the private one away from this machine
  deploy/backup FOLDER --key backup.pub     a backup, into a folder; deletes there those that are older than --keep-days (14)
  deploy/restore FILE --key backup.key      into an empty database, and keys where there are none; then checks what came

Conversations, who is signed in, and one-time links are in no backup.
"""
from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa
from nacl.public import PrivateKey, PublicKey

from outreach.adapters.audit_log import AuditLog
from outreach.adapters.database import connect, migrate
from outreach.adapters.database_copy import CopyError, copy_to, fill_from, is_empty, kind_of
from outreach.adapters.referral_tables import referral
from outreach.adapters.staff import staff
from outreach.privacy.key_files import KeyFileError, read_private, write_private
from outreach.privacy.sealed_files import CannotOpenFile, open_file, seal_file
from outreach.settings import Settings, SettingsError, load

ENDING = ".backup"
PUBLIC, PRIVATE = "backup.pub", "backup.key"


class BackupError(Exception):
    """Why there is no backup, or no product from one. One line."""


NAMED = (BackupError, CopyError, CannotOpenFile, KeyFileError, SettingsError)


@dataclass(frozen=True)
class Found:
    """What is in a database that was just made from a backup."""

    referrals: int
    staff: int
    audit_rows: int


def make_key(folder: Path) -> None:
    """Make a pair of keys. Raises BackupError where there is one."""
    if (folder / PRIVATE).exists() or (folder / PUBLIC).exists():
        raise BackupError(f"there are keys in {folder} already")
    key = PrivateKey.generate()
    write_private(folder / PRIVATE, base64.b64encode(bytes(key)).decode("ascii"))
    write_private(folder / PUBLIC, base64.b64encode(bytes(key.public_key)).decode("ascii"))
    (folder / PUBLIC).chmod(0o644)


def take(settings: Settings, folder: Path, key: PublicKey, with_referral_key: bool = True) -> Path:
    """Make a backup in a folder, and give its file. Raises CopyError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = datetime.now(timezone.utc)
    with tempfile.TemporaryDirectory() as temporary:
        copied, packed = Path(temporary) / "database", Path(temporary) / "packed"
        copy_to(settings.database_url, copied)
        about = {"made_at": now.isoformat(timespec="seconds"), "kind": kind_of(settings.database_url)}
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w") as tar:
            _add(tar, "about.json", json.dumps(about).encode())
            for name, file in key_files(settings).items():
                if file.is_file() and (with_referral_key or name != "referral.key"):
                    _add(tar, f"keys/{name}", file.read_bytes())
            tar.add(copied, "database")
        made = folder / f"outreach-{now:%Y%m%dT%H%M%SZ}{ENDING}"
        unfinished = made.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        with packed.open("rb") as clear, unfinished.open("wb") as sealed:
            seal_file(clear, sealed, key)
        unfinished.replace(made)
    return made


def restore(settings: Settings, file: Path, key: PrivateKey) -> Found:
    """Make an empty database and missing keys what a backup says, and check them.

    Raises BackupError, CopyError, CannotOpenFile. Nothing is changed before all of the backup was read.
    """
    if not is_empty(settings.database_url):
        raise CopyError("the database is not empty: a backup goes into an empty one alone")
    with tempfile.TemporaryDirectory() as temporary:
        packed = Path(temporary) / "packed"
        packed.touch(mode=0o600)
        with file.open("rb") as sealed, packed.open("wb") as clear:
            open_file(sealed, clear, key)
        with tarfile.open(packed) as tar:
            parts = {member.name: member for member in tar if member.isfile()}
            about = json.loads(_read(tar, parts["about.json"]))
            if about["kind"] != kind_of(settings.database_url):
                raise BackupError(f"this is a backup of {about['kind']}, and DATABASE_URL names another kind of database")
            keys = {name: _read(tar, parts[f"keys/{name}"]) for name in key_files(settings) if f"keys/{name}" in parts}
            _refuse_other_keys(settings, keys)
            database = Path(temporary) / "database"
            database.touch(mode=0o600)
            database.write_bytes(_read(tar, parts["database"]))
        fill_from(settings.database_url, database)
    _put_keys(settings, keys)
    return check(settings)


def check(settings: Settings) -> Found:
    """Bring the database up to date, and look whether it is whole. Raises BackupError where its audit is not."""
    engine = connect(settings.database_url)
    try:
        migrate(engine)
        checked = AuditLog(engine).verify()
        if not checked.holds:
            raise BackupError(f"the audit does not hold: {checked.problem}")
        with engine.connect() as connection:
            counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() for table in (referral, staff)]
        return Found(*counts, checked.rows)
    finally:
        engine.dispose()


def delete_old(folder: Path, days: float) -> int:
    """Delete the backups of a folder that are older, and say how many: what was deleted since must not live on in them."""
    old = [file for file in folder.glob(f"outreach-*{ENDING}") if file.stat().st_mtime < time.time() - days * 86_400]
    for file in old:
        file.unlink()
    return len(old)


def key_files(settings: Settings) -> dict[str, Path]:
    """Where each key of the product lies."""
    return {
        "sms.key": settings.sms_key_file, "reference.key": settings.reference_key_file,
        "console.key": settings.console_key_file,
        "referral.pub": Path(settings.referral_public_keys), "referral.key": settings.referral_private_keys,
    }


def _refuse_other_keys(settings: Settings, keys: dict[str, bytes]) -> None:
    for name, content in keys.items():
        file = key_files(settings)[name]
        if file.exists() and file.read_bytes().strip() != content.strip():
            raise BackupError(f"there is another key in {file}: move it away first")


def _put_keys(settings: Settings, keys: dict[str, bytes]) -> None:
    for name, content in keys.items():
        file = key_files(settings)[name]
        if not file.exists():
            write_private(file, content.decode("ascii").rstrip("\n"))
            file.chmod(0o644 if name.endswith(".pub") else 0o600)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = tar.extractfile(member)
    return content.read() if content else b""


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.strip(), validate=True)


def main() -> int:
    """Do what the arguments say. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    backup, back = commands.add_parser("backup"), commands.add_parser("restore")
    backup.add_argument("folder", type=Path)
    backup.add_argument("--make-key", action="store_true")
    backup.add_argument("--key", type=Path, help="the public key for backups")
    backup.add_argument("--keep-days", type=float, default=14)
    backup.add_argument("--without-referral-key", action="store_true", help="leave the teams' private key out")
    back.add_argument("file", type=Path)
    back.add_argument("--key", type=Path, required=True, help="the private key for backups")
    chosen = parser.parse_args()
    try:
        return _backup(chosen) if chosen.command == "backup" else _restore(chosen)
    except (*NAMED, OSError, ValueError, tarfile.TarError) as error:
        sys.stderr.write(f"{chosen.command}: {error}\n")
        return 1


def _backup(chosen: argparse.Namespace) -> int:
    if chosen.make_key:
        make_key(chosen.folder)
        print(f"backup: made {chosen.folder / PUBLIC} and {chosen.folder / PRIVATE}")
        print("Take the private one away from this machine: without it no backup can be opened, and with it every backup can.")
        return 0
    if chosen.key is None:
        raise BackupError("--key is wanted: the public key for backups (`deploy/backup --make-key FOLDER` makes one)")
    key = PublicKey(_decoded(chosen.key.read_text(encoding="ascii")))
    made = take(load(), chosen.folder, key, not chosen.without_referral_key)
    deleted = delete_old(chosen.folder, chosen.keep_days)
    print(f"backup: {made} ({made.stat().st_size} bytes); {deleted} older than {chosen.keep_days:g} days deleted")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    found = restore(load(), chosen.file, PrivateKey(_decoded(read_private(chosen.key))))
    print(f"restore: {found.referrals} referrals, {found.staff} people of the staff; the audit's {found.audit_rows} rows hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
