"""The console with a key that opens referrals, referrals that come in by themselves, and staff who work them."""
from __future__ import annotations

import base64
from datetime import datetime, timezone
from pathlib import Path

from consoles import Console, Staffer
from nacl.public import PrivateKey
from referring import House

from outreach.privacy.key_files import write_private

HERS, OTHER = "Welwyn Hatfield and Hertsmere", "St Albans and Dacorum"
OTHER_TEAM = "outreach-st-albans-dacorum"


class Inbox(House):
    """A console with a key that opens, and referrals that come in by themselves."""

    def __init__(self, console: Console, private: PrivateKey) -> None:
        super().__init__(console.database_url, private=private)
        self.console = console
        self.clock.now = datetime.now(timezone.utc)
        self.known: dict[tuple[str, ...], Staffer] = {}

    @classmethod
    def start(cls, folder: Path, keys: Path) -> Inbox:
        """Start a console. What it keeps and prints is in `folder`, its keys are not."""
        private = PrivateKey.generate()
        write_private(keys / "referral.key", base64.b64encode(bytes(private)).decode())
        write_private(keys / "reference.key", (b"k" * 32).hex())
        return cls(Console(folder, {
            "REFERRAL_PRIVATE_KEYS": str(keys / "referral.key"), "LOG_LEVEL": "DEBUG",
            "REFERRAL_PUBLIC_KEYS": base64.b64encode(bytes(private.public_key)).decode(),
            "REFERENCE_KEY_FILE": str(keys / "reference.key"),
        }).start(), private)  # fmt: skip

    def came(self, **changes: object) -> str:
        """The id of a new referral that has arrived."""
        before = {row["id"] for row in self.rows("referral")}
        self.submit(**changes)
        self.deliverer.deliver_due()
        (new,) = {row["id"] for row in self.rows("referral")} - before
        return str(new)

    def staff(self, *roles: str, areas: tuple[str, ...] = (), name: str = "") -> Staffer:
        """Somebody in a session, the same one each time."""
        who = (*roles, *areas, name)
        if who not in self.known:
            self.known[who] = self.console.with_session(self.console.add(*roles, areas=areas, name=name))
        return self.known[who]

    def caseworker(self, *areas: str, name: str = "Kim Caseworker") -> Staffer:
        return self.staff("caseworker", areas=areas or (HERS,), name=name)

    def audited(self, referral: str) -> list[tuple[str, str]]:
        return [(entry.by, entry.action) for entry in self.inbox.audit() if entry.referral_id == referral]

    def state(self, referral: str) -> str:
        return self.work.one(referral).referral.state.value
