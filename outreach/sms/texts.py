"""The few texts that the channel itself says, from `content/sms_texts.yml`."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from outreach.settings import ROOT

FILE = ROOT / "content" / "sms_texts.yml"


@dataclass(frozen=True)
class Texts:
    """What the channel says where no response of the assistant's is meant."""

    greeting: str
    cannot_open: str
    nothing_came: str
    too_many: str
    nothing_more: str
    more: str
    more_short: str
    opening: str
    addresses: str
    addresses_offered: str

    @classmethod
    def load(cls, idle_minutes: float, file: Path = FILE) -> Texts:
        """Read them. `{minutes}` becomes how long a thread is kept."""
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        minutes = f"{idle_minutes:g}"
        return cls(**{name: text.strip().replace("{minutes}", minutes) for name, text in found.items()})
