"""A backup becomes a product again, on either database: referrals can be opened, the audit holds, staff come in. Nothing else lives on."""
from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from engines import Postgres
from nacl.public import PrivateKey
from referring import DEE
from referring import House as Referrals
from running import ROOT

from outreach.adapters.audit_log import AuditLog
from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect
from outreach.adapters.staff import StaffStore
from outreach.privacy.key_files import secret_key
from outreach.privacy.sealing import opener
from outreach.referrals.handoff import Letter
from outreach.settings import load
from outreach.staff.accounts import Accounts
from outreach.staff.passwords import Passwords
from outreach.staff.second_factor import Factors
from outreach.staff.sessions import Sessions
from outreach.staff.signing_in import SignIn
from outreach.staff.tries import Tries
from scripts.backup import Found, make_key, restore, take
from scripts.keys import add_pair

SECRET_WORDS = b"what somebody is saying right now"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server.start()
    server.remove()


class Place:
    """A machine: a database and a folder of keys."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url, self.keys = url, folder / "keys"
        self.environment = {
            "DATABASE_URL": url, "SMS_KEY_FILE": str(self.keys / "sms.key"), "REFERENCE_KEY_FILE": str(self.keys / "reference.key"),
            "CONSOLE_KEY_FILE": str(self.keys / "console.key"), "REFERRAL_PUBLIC_KEYS": str(self.keys / "referral.pub"),
            "REFERRAL_PRIVATE_KEYS": str(self.keys / "referral.key"),
        }
        self.settings = load(self.environment)


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Place]:
    """The machine that is lost, and the new one."""
    made = []
    for name in ("old", "new"):
        folder = tmp_path / name
        folder.mkdir()
        if request.param == "sqlite":
            url = f"sqlite:///{folder / 'outreach.db'}"
        else:
            url = request.getfixturevalue("postgres").create(f"{name}_{os.urandom(4).hex()}")
        made.append(Place(folder, url))
    return made[0], made[1]


class Staff:
    """The way in for staff, around a place."""

    def __init__(self, place: Place) -> None:
        self.engine = connect(place.url)
        key, store = secret_key(place.settings.console_key_file), StaffStore(self.engine)
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        audit, sessions = AuditLog(self.engine), Sessions(store, timedelta(minutes=20), timedelta(hours=8))
        self.accounts = Accounts(store, sessions, passwords, Factors(key), Tries(key), audit)
        self.door = SignIn(store, sessions, passwords, Factors(key), Tries(key), audit)

    def first_manager(self) -> tuple[str, list[str]]:
        token = self.accounts.first_manager_link() or ""
        secret = self.accounts.secret_of(token)
        joined = self.accounts.join(token, "harbour violin cabbage", pyotp.TOTP(secret).now(), "Dee", "dee")
        return secret, list(joined.recovery_codes)


def lived_in(place: Place) -> list[str]:
    """A product with a referral, somebody who is talking, and a manager, whose recovery codes are given."""
    place.keys.mkdir()
    add_pair(place.keys / "referral.pub", place.keys / "referral.key")
    key = PrivateKey(opener_key(place))
    referrals = Referrals(place.url, secret_key(place.settings.reference_key_file), key)
    referrals.submit()
    talking = Conversations(referrals.engine, timedelta(minutes=30))
    talking.begin("a" * 64, "generation")
    with referrals.engine.begin() as connection:
        connection.execute(sa.text("UPDATE conversation SET sealed_state = :words"), {"words": SECRET_WORDS})
    staff = Staff(place)
    _, codes = staff.first_manager()
    staff.door.come_in("dee", "harbour violin cabbage", codes[0], "192.0.2.7")
    staff.engine.dispose()
    referrals.engine.dispose()
    return codes[1:]


def opener_key(place: Place) -> bytes:
    return base64.b64decode((place.keys / "referral.key").read_text().split("#")[0].strip())


def count(place: Place, table: str) -> int:
    engine = connect(place.url)
    with engine.connect() as connection:
        found = int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() or 0)
    engine.dispose()
    return found


def test_a_lost_machine_comes_back_whole_but_for_what_was_to_be_forgotten(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    codes = lived_in(old)
    key = PrivateKey.generate()
    made = take(old.settings, tmp_path / "backups", key.public_key)
    assert made.stat().st_mode & 0o077 == 0 and list(made.parent.iterdir()) == [made]
    assert SECRET_WORDS not in made.read_bytes() and DEE.name.encode() not in made.read_bytes()

    found = restore(new.settings, made, key)
    assert (found.referrals, found.staff) == (1, 1) and found.audit_rows == count(old, "audit")
    for table in ("conversation", "staff_session", "staff_link", "sign_in_try"):
        assert count(new, table) == 0, table
    engine = connect(new.url)
    with engine.connect() as connection:
        sealed = connection.execute(sa.text("SELECT sealed FROM referral")).scalar()
    engine.dispose()
    assert Letter.opened(bytes(sealed), opener(new.settings.referral_private_keys)).answers.name == DEE.name  # type: ignore[arg-type]
    staff = Staff(new)
    assert staff.door.come_in("dee", "harbour violin cabbage", codes[0], "192.0.2.7").token
    staff.engine.dispose()
    # The audit goes on where it was, and the database still refuses to change it.
    assert count(new, "audit") == found.audit_rows + 1
    with pytest.raises(sa.exc.DBAPIError), connect(new.url).begin() as connection:
        connection.execute(sa.text("DELETE FROM audit"))
    for name in ("sms.key", "reference.key", "console.key", "referral.pub", "referral.key"):
        assert not (old.keys / name).exists() or (new.keys / name).read_bytes() == (old.keys / name).read_bytes()
    assert (new.keys / "console.key").stat().st_mode & 0o077 == 0


def test_a_backup_never_goes_over_what_is_there(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    lived_in(old)
    key = PrivateKey.generate()
    made = take(old.settings, tmp_path / "backups", key.public_key)
    with pytest.raises(Exception, match="not empty"):
        restore(old.settings, made, key)
    secret_key(new.settings.console_key_file)
    with pytest.raises(Exception, match="another key"):
        restore(new.settings, made, key)
    (new.keys / "console.key").unlink()
    assert isinstance(restore(new.settings, made, key), Found)


def test_a_backup_that_was_changed_cut_off_or_is_for_another_key_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = Place(tmp_path / "old", f"sqlite:///{tmp_path / 'old.db'}"), Place(tmp_path / "new", f"sqlite:///{tmp_path / 'new.db'}")
    lived_in(old)
    key = PrivateKey.generate()
    whole = take(old.settings, tmp_path / "backups", key.public_key)
    content = whole.read_bytes()
    middle = len(content) // 2
    broken = (content[:-1], content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], content + b"x", b"")
    for each in broken:
        bad = tmp_path / "bad.backup"
        bad.write_bytes(each)
        with pytest.raises(Exception, match=r"cut off|no sealed file|put behind|another key"):
            restore(new.settings, bad, key)
    with pytest.raises(Exception, match="another key"):
        restore(new.settings, whole, PrivateKey.generate())
    assert not (tmp_path / "new.db").exists() and not new.keys.exists()


def test_the_commands_do_it_with_the_keys_that_they_make(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old = Place(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'o.db'}")
    new = Place(tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'n.db'}")
    lived_in(old)
    make_key(tmp_path / "offline")

    def run(command: str, place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "deploy" / command, *arguments], env={**os.environ, **place.environment}, capture_output=True, text=True, check=False
        )

    folder, stale = tmp_path / "backups", tmp_path / "backups" / "outreach-20200101T000000Z.backup"
    folder.mkdir()
    stale.write_bytes(b"old")
    os.utime(stale, (0, 0))
    done = run("backup", old, str(folder), "--key", str(tmp_path / "offline" / "backup.pub"))
    assert done.returncode == 0 and "1 older than 14 days deleted" in done.stdout, done.stderr
    (made,) = folder.iterdir()
    back = run("restore", new, str(made), "--key", str(tmp_path / "offline" / "backup.key"))
    assert back.returncode == 0 and "1 referrals, 1 people of the staff" in back.stdout, back.stderr
    again = run("restore", new, str(made), "--key", str(tmp_path / "offline" / "backup.key"))
    assert again.returncode == 1 and len(again.stderr.strip().splitlines()) == 1 and "not empty" in again.stderr
