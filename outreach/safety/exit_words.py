"""The words that mean "leave now" when they are the whole message. They are known before any lock, network or model."""
from __future__ import annotations

import re
from pathlib import Path

import yaml

from outreach.settings import ROOT

_NOT_LETTERS = re.compile(r"[\W_]+", re.UNICODE)


class ExitWords:
    """The exit words of a channel, from `content/exit_words.yml`."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words

    @classmethod
    def load(cls, channel: str, file: Path = ROOT / "content" / "exit_words.yml") -> ExitWords:
        """Read the words of `web` or `sms`."""
        return cls(frozenset(yaml.safe_load(file.read_text(encoding="utf-8"))[channel]))

    def listed(self) -> str:
        """All of them with commas between, for the page, which leaves by itself (`web/exit.js`)."""
        return ",".join(sorted(self._words))

    def match(self, text: str) -> bool:
        """Whether the text is an exit word and nothing else, in any case, with any punctuation or spaces about it."""
        # Nobody's exit word is long, and what is long is not worth cleaning to find out. web/exit.js does the same.
        return len(text) <= 40 and _NOT_LETTERS.sub(" ", text).strip().lower() in self._words
