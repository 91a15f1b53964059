"""Numbers that stand wrongly elsewhere: known misprints, and what is one slip of the finger from a number that matters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from outreach.directory.numbers import digits
from outreach.settings import ROOT

IN_TEXT = re.compile(r"(?<![\d+])\+?\d[\d ()-]{6,}\d(?!\d)")


class Misprints:
    """What `content/misprints.yml` holds."""

    def __init__(self, known: Mapping[str, str], guarded: Mapping[str, tuple[str, str]]) -> None:
        """`known`: what to say, by digits; `guarded`: the number as it is written and whose it is, by digits."""
        self._known = known
        self._guarded = guarded

    @classmethod
    def load(cls, file: Path = ROOT / "content" / "misprints.yml") -> Misprints:
        """Read the file. Raises `OSError` where it is missing."""
        root: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        return cls(
            {digits(each["number"]): each["says"] for each in root["misprints"]},
            {digits(each["number"]): (each["number"], each["name"]) for each in root["guarded"]},
        )

    def problem(self, number: str) -> str | None:
        """Say what is wrong with a number, in whatever way it is written, or None."""
        dialled = digits(number)
        if dialled in self._known:
            return f"this is {self._known[dialled]}"
        if dialled in self._guarded:
            return None
        for guarded, (written, name) in self._guarded.items():
            if _one_slip_apart(dialled, guarded):
                return f"this looks like a misprint of {written}, {name}: please compare them"
        return None

    def in_text(self, text: str) -> str | None:
        """Say what is wrong with a number that stands in a text, or None."""
        found = (self.problem(number) for number in IN_TEXT.findall(text))
        return next((problem for problem in found if problem), None)


@lru_cache(maxsize=1)
def misprints() -> Misprints:
    """The misprints that come with the product, read once."""
    return Misprints.load()


def _one_slip_apart(typed: str, right: str) -> bool:
    """Whether one digit was left out, added or changed, or two neighbours were swapped."""
    if abs(len(typed) - len(right)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(typed, right)) if a != b), min(len(typed), len(right)))
    if len(typed) != len(right):
        longer, shorter = sorted((typed, right), key=len, reverse=True)
        return longer[start + 1 :] == shorter[start:]
    if typed[start + 1 :] == right[start + 1 :]:
        return True
    return typed[start : start + 2] == right[start : start + 2][::-1] and typed[start + 2 :] == right[start + 2 :]
