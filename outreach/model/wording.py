"""The words of a reply, as staff publish them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ANY_CHANNEL = "any"


@dataclass(frozen=True)
class Wording:
    """One version of a reply's text for a channel ("any" serves all), with its buttons where it has its own."""

    key: str
    channel: str
    version: int
    text: str
    buttons: tuple[dict[str, Any], ...] | None = None
