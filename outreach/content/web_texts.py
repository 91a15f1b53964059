"""The few sentences that the web channel itself says, from `content/web_texts.yml`."""
from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from outreach.settings import ROOT

FILE = ROOT / "content" / "web_texts.yml"


@cache
def read(file: Path = FILE) -> dict[str, str]:
    """All of them, by name."""
    return {name: text.strip() for name, text in yaml.safe_load(file.read_text(encoding="utf-8")).items()}


def web_text(name: str, most: int = 0) -> str:
    """One of them; `{most}` becomes how many characters a message may have. Raises `KeyError` where there is none."""
    return read()[name].replace("{most}", str(most))
