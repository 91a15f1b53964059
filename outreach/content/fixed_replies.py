"""The few replies that actions say in words of their own, from `content/fixed_replies.yml`."""
from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from outreach.settings import ROOT

FILE = ROOT / "content" / "fixed_replies.yml"


@cache
def read(file: Path = FILE) -> dict[str, dict[str, str]]:
    """All of them, by name and channel."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: {channel: text.strip() for channel, text in texts.items()} for name, texts in found.items()}


def fixed_reply(name: str, channel: str | None, **values: str) -> str:
    """The reply for a channel, on any but `sms` as it is for the web, with `{name}` replaced by its value.

    What a value holds is never looked at again. Raises `KeyError` for a reply that there is not.
    """
    pieces = read()[name]["sms" if channel == "sms" else "web"].split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        key, rest = piece.split("}", 1)
        filled += [values[key], rest]
    return "".join(filled)
