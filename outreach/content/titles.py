"""The short name of each intent, as a button shows it."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from outreach.settings import ROOT


class Titles:
    """Titles by intent, from `content/titles.yml`."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    @classmethod
    @cache
    def load(cls, file: Path = ROOT / "content" / "titles.yml") -> Titles:
        """Read the file. Raises `OSError` when it is missing."""
        return cls(yaml.safe_load(file.read_text(encoding="utf-8")))

    def of(self, intent: str) -> str:
        """The intent's title; every intent that can be asked second has one (a test holds that)."""
        return self._titles[intent]
