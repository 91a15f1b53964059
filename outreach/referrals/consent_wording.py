"""The consent wording in force, from `content/consent.yml`: versions are never changed, only added."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from outreach.referrals.consent import wording_version
from outreach.settings import ROOT


@dataclass(frozen=True)
class CurrentConsent:
    """The exact words for a channel, and their version: the number in the file and a digest of the words."""

    text: str
    version: str

    @classmethod
    def load(cls, channel: str, file: Path = ROOT / "content" / "consent.yml") -> CurrentConsent:
        """Read the wording of `web` or `sms`. Raises `OSError` or `KeyError` when the file does not hold it."""
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        current = str(content["current"])
        text = str(content["versions"][current][channel]).strip()
        return cls(text, f"{current}-{channel}-{wording_version(text)}")
