"""The words that mean something by themselves in a text message, before anything is understood."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from outreach.settings import ROOT
from outreach.sms.alphabet import clean

FILE = ROOT / "content" / "sms_keywords.yml"
_NOT_LETTERS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"(?:option |number |no )?(\d)")
_OFFERS = re.compile(r"\b[Tt]ext [A-Z]{2,}\b")
_LONGEST = 80


def bare(text: str) -> str:
    """The words of a short text in lower case, without punctuation; empty for a long one, which is no single word."""
    return _NOT_LETTERS.sub(" ", clean(text)).strip().lower() if len(text) <= _LONGEST else ""


def offers_words(text: str) -> bool:
    """Whether a reply says itself which words to answer with ("Text YES or NO"): it needs no numbers below it then."""
    return _OFFERS.search(text) is not None


def number(text: str) -> int | None:
    """The number of a choice, where the text is one: "2", "2.", "option 2"."""
    found = _NUMBER.fullmatch(bare(text))
    return int(found.group(1)) if found else None


@dataclass(frozen=True)
class Words:
    """What `content/sms_keywords.yml` says."""

    intents: dict[str, str]
    stop: frozenset[str]
    start: frozenset[str]
    help: frozenset[str]
    more: frozenset[str]
    link: frozenset[str]

    @classmethod
    def load(cls, file: Path = FILE) -> Words:
        """Read them."""
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        carrier = found["carrier"]
        return cls(
            {word.lower(): intent for word, intent in found["intents"].items()},
            *(frozenset(word.lower() for word in words) for words in (carrier["stop"], carrier["start"], carrier["help"])),
            *(frozenset(word.lower() for word in found[name]) for name in ("more", "link")),
        )

    def intent(self, text: str) -> str | None:
        """The intent that a keyword stands for."""
        return self.intents.get(bare(text))

    def is_stop(self, text: str) -> bool:
        """Whether this asks the carrier for silence. Punctuation doesn't matter: silence is the safe side."""
        return bare(text) in self.stop

    def is_left_to_the_carrier(self, text: str) -> bool:
        """Whether the carrier answers this, so that we don't. It does for the bare word alone: "help!" is for us."""
        return text.strip().lower() in self.start | self.help

    def is_more(self, text: str) -> bool:
        """Whether this asks for the next page."""
        return bare(text) in self.more

    def is_link(self, text: str) -> bool:
        """Whether this asks for web addresses."""
        return bare(text) in self.link

    def means_nothing_alone(self, text: str) -> bool:
        """Whether this only answers what was said before, so that it is no question where nothing was."""
        return self.is_more(text) or self.is_link(text) or number(text) is not None or bare(text) in ("yes", "no")
