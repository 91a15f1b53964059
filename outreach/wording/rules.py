"""What every reply is held to, out of `content/wording_rules.yml`, and the phrases that are never said."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from outreach.settings import ROOT
from outreach.sms.words import Words
from outreach.wording.replies import PREFIX

# Of a service; every other placeholder belongs to the few replies that hold it.
OF_A_SERVICE = ("phone", "hours", "name")
# What Twilio answers itself beside the words of sms_keywords.yml is there too.
OFFER = re.compile(r"\b[Tt]ext ((?:[A-Z]{2,})(?:(?:, | or )[A-Z]{2,})*)")
NEXT_STEP = re.compile(r"\?|\b(you can|you could|you might|text [A-Z]{2,}|call|ring|press)\b|\d{3}|\{phone", re.IGNORECASE)


@dataclass(frozen=True)
class Banned:
    """A phrase that no reply may hold, why, and what could stand there instead."""

    phrase: str
    why: str
    instead: str
    allowed_in: frozenset[str]


class Rules:
    """The rules, as the file gives them."""

    def __init__(self, given: Mapping[str, Any], banned: Sequence[Banned], words: Words) -> None:
        self._given = given
        self.banned = tuple(banned)
        self._words = words

    @classmethod
    def load(cls, folder: Path = ROOT / "content") -> Rules:
        """Read them. Raises OSError where a file is missing."""
        phrases = _yaml(folder / "banned_phrases.yml")["phrases"]
        banned = [
            Banned(p["phrase"], p["why"], p.get("instead", ""), frozenset(p.get("allowed_in", ()))) for p in phrases
        ]
        return cls(_yaml(folder / "wording_rules.yml"), banned, Words.load(folder / "sms_keywords.yml"))

    def number(self, name: str) -> int:
        """One of the limits."""
        return int(self._given[name])

    def listed(self, name: str) -> frozenset[str]:
        """One of the lists."""
        return frozenset(self._given[name])

    @property
    def fixed(self) -> Mapping[str, str]:
        """The replies that are nobody's to change, and why."""
        return {key: str(why).strip() for key, why in self._given["fixed"].items()}

    def holds(self, key: str) -> frozenset[str]:
        """What code fills into this reply."""
        return frozenset(self._given["holds"].get(key, ()))

    def says(self, key: str, channel: str) -> tuple[str, ...]:
        """Words that this reply can't do without."""
        return self._for_channel("says", key, channel)

    def names_number_of(self, key: str, channel: str) -> tuple[str, ...]:
        """Services whose number was promised in this reply."""
        return self._for_channel("names_number_of", key, channel)

    def _for_channel(self, table: str, key: str, channel: str) -> tuple[str, ...]:
        found = self._given[table].get(key, {})
        return (*found.get("both", ()), *found.get(channel, ()))

    def has_choices(self, key: str) -> bool:
        """Whether staff may give this reply buttons of its own."""
        return key not in self._given["no_choices"] and not key.startswith(tuple(self._given["no_choices_beginning"]))

    def never_offered(self, key: str) -> frozenset[str]:
        """Intents to which a button of this reply must not lead."""
        return frozenset({*self._given["never_offered_by"].get(key, ()), key.removeprefix(PREFIX)})

    def longest(self, placeholder: str) -> str:
        """As long as what stands for a placeholder can become."""
        return str(self._given["placeholders"][placeholder.split(".")[0]]["longest"])

    @property
    def examples(self) -> dict[str, str]:
        """What stands for a placeholder in a preview."""
        return {name: str(each["example"]) for name, each in self._given["placeholders"].items() if "example" in each}

    def never_said(self, text: str, key: str) -> list[Banned]:
        """Which of the banned phrases are in a text."""
        plain = _plain(text)
        return [each for each in self.banned if key not in each.allowed_in and _stands_in(each.phrase.lower(), plain)]

    @cached_property
    def _lock_screen(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in self._given["lock_screen"])
        return re.compile(rf"\b({words})\b", re.IGNORECASE)

    def told_a_lock_screen(self, filled: str, key: str) -> set[str]:
        """Which words the beginning of a text message should not show to whoever sees the phone lie there."""
        shown = max(filled.split("\n")[0], filled[:40], key=len)
        allowed = self.listed("lock_screen_in_an_emergency") if key in self.listed("emergency_replies") else frozenset()
        return {match.group(0).lower() for match in self._lock_screen.finditer(shown)} - allowed

    def words_without_meaning(self, text: str, key: str) -> set[str]:
        """Which of the words that a text message offers would not be understood, or are the carrier's."""
        offered = {word for offer in OFFER.findall(text) for word in re.findall(r"[A-Z]{2,}", offer)}
        known = {word.upper() for word in self._words.intents} | self.listed("exit_words")
        if not self.has_choices(key):
            known |= self.listed("form_words")
        return offered - known | (offered & self.of_the_carrier)

    @property
    def of_the_carrier(self) -> frozenset[str]:
        """Words that the carrier answers before the assistant sees them."""
        return frozenset(word.upper() for word in self._words.stop | self._words.start | self._words.help)


def matches(phrase: str, text: str) -> bool:
    """Whether the phrase is in the text as whole words, whatever the case, spacing and apostrophes."""
    return _stands_in(phrase.lower(), _plain(text))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("’", "'")).lower()


def _stands_in(phrase: str, plain: str) -> bool:
    return phrase in plain and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", plain) is not None


def _yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
