"""What is meant by a message that comes right after the reply to danger: there, "what do I do" asks for that reply again."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from outreach.settings import ROOT

FILE = ROOT / "content" / "after_danger.yml"
# Whoever was told one of these is answered with it again. Leaving is none: nobody is there any more.
TOLD = ("immediate_danger", "child_at_risk", "suicidal_or_self_harm")
_DANGER = TOLD[0]
# What it was taken for that it has stopped or that they called, and what they asked then.
_OVER = frozenset({"express_fear", "ask_safety_planning"})
# Within so many turns it is still what they speak of.
TURNS = 2
# What a short message seems to be when it says too little to be anything else.
_WHAT_CAN_YOU_DO = frozenset({"ask_capabilities"})
_SAYS_LITTLE = frozenset({"affirm", "deny", "greet", "out_of_scope", "nlu_fallback", "talk_to_human"})
_MOST_WORDS = 8


def _about(intent: Mapping[str, Any]) -> str | None:
    """Which of them a turn was about."""
    about = intent.get("about") or intent.get("name")
    return str(about) if about in TOLD else None


def _is_over(turn: Mapping[str, Any]) -> bool:
    """Whether they had just said that it has stopped, or that they called; not that they can't speak."""
    return _about(turn) == _DANGER and turn.get("name") in _OVER


def _says_yes(parsed: Mapping[str, Any]) -> bool:
    return (parsed.get("intent") or {}).get("name") == "affirm"


@dataclass(frozen=True)
class Answer:
    """The intent that a message is taken for, and the fixed reply in the place of that intent's own, where there is one."""

    intent: str
    reply: str | None = None
    about: str = _DANGER
    # Taken for one of these only because it said too little to be anything else.
    guessed: bool = False

    def as_intent(self) -> dict[str, Any]:
        """The intent as it is understood and kept for the next turns."""
        return {"name": self.intent, "confidence": 1.0, "about": self.about, "guessed": self.guessed}


class AfterDanger:
    """The phrases of `content/after_danger.yml`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._around = frozenset(str(data["around"]).split())
        self._next = frozenset(self._bare(phrase) for phrase in data["next"])
        self._groups = {
            self._bare(phrase): group for group in ("again", "silent", "called", "calmer") for phrase in data[group]
        }

    @classmethod
    def load(cls, file: Path = FILE) -> AfterDanger:
        """Read them."""
        return cls(yaml.safe_load(file.read_text(encoding="utf-8")))

    def may_be_about_it(self, text: str, parsed: Mapping[str, Any]) -> bool:
        """Whether a message could be one of these, so that it is worth looking at what was said before it."""
        intent = parsed.get("intent") or {}
        if self._bare(text) in self._groups:
            return intent.get("found_by") is None or intent.get("name") == _DANGER
        short = len(text.split()) <= _MOST_WORDS
        return short and intent.get("found_by") is None and intent.get("name") in _WHAT_CAN_YOU_DO | _SAYS_LITTLE

    def answer(self, text: str, parsed: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> Answer | None:
        """What it is answered with, or None where it is not about what was told.

        `told` are the intents of the last turns as they were understood, the newest last.
        """
        recent = [about for about in map(_about, told[-TURNS:]) if about is not None]
        if not recent or not self.may_be_about_it(text, parsed):
            return None
        about, group = recent[-1], self._groups.get(self._bare(text))
        if about == _DANGER and group == "silent":
            return Answer("ask_silent_999")
        if about == _DANGER and group in ("called", "calmer"):
            # Its choices fit: somebody to talk to, ways to be safer, being in danger now.
            return Answer("express_fear", f"danger_{group}")
        if group in ("called", "calmer"):
            return None
        came_of_it = told[-1].get("name") != about
        if about == _DANGER and _is_over(told[-1]) and self._asks_what_is_next(text, parsed, group):
            # It has stopped, or they have called: they were asked whether they would like to think about what comes next.
            return Answer("ask_safety_planning")
        if group is None and (came_of_it or told[-1].get("guessed")):
            # Once is right; again and again would keep somebody from everything else.
            return None
        return Answer(about, f"{about}_again", about, guessed=group is None)

    def _asks_what_is_next(self, text: str, parsed: Mapping[str, Any], group: str | None) -> bool:
        return self._bare(text) in self._next or (group is None and _says_yes(parsed))

    def _bare(self, text: str) -> str:
        """The words in small letters, without those that may stand around any phrase; all of them where none would be left."""
        words = re.sub(r"[^\w]+", " ", re.sub(r"['’]", "", text[:200].lower())).split()
        return " ".join(word for word in words if word not in self._around) or " ".join(words)
