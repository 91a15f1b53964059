"""From how people type to plain words: short forms, missing apostrophes, and misspellings that would hide danger.

The word lists are in `content/safety_patterns.yml`, under `spelling`.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

# The longest message is 1,000 characters on the web and 1,600 by text. What is longer still is read this far.
LONGEST = 4000
END = "."
COMMA = ","

_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": " ", "”": " ", "–": ",", "—": ",", "…": "."})
_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)*|[.!?;\n]+|[,()]| - |[\U0001F602\U0001F923\U0001F480]")
_LAUGH = frozenset("\U0001F602\U0001F923\U0001F480")
_DOUBLED = re.compile(r"([a-z])\1")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
# "14f" and "6yr" are two words each; "have 2 go" is "have to go".
_PART = re.compile(r"[a-z]+|\d+")
_BEFORE_TO = frozenset({"have", "need", "want", "got", "going", "trying", "ready", "try", "av"})
# "ill go" is "I'll go", and "she is ill" is not; "hell kill me" is "he'll", and "go to hell" is not.
_MAYBE_WILL = {"ill": "i", "hell": "he", "shell": "she"}
_LONG_WORD = 8


class Speller:
    """Turns a message into plain lower-case words, `.` for the end of a sentence and `,` for a pause."""

    def __init__(
        self,
        short_forms: Mapping[str, str],
        repairs: Iterable[str],
        never: Iterable[str],
        verbs: Iterable[str],
        known: Callable[[str], bool],
    ) -> None:
        """`known` says whether a word is an ordinary English one, which is left alone unless a short form names it."""
        self._short = {word: tuple(plain.split()) for word, plain in short_forms.items()}
        self._never = frozenset(never)
        self._verbs = frozenset(verbs)
        self._known = known
        # By length and first letter: so few are left to compare that no word somebody wrote has to be remembered.
        self._near: dict[tuple[int, str], list[str]] = {}
        for target in set(repairs):
            for length in range(len(target) - 2, len(target) + 3):
                self._near.setdefault((length, target[0]), []).append(target)

    def words(self, text: str) -> list[str]:
        """The words and marks of the text."""
        plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower().translate(_PLAIN)
        raw = _TOKEN.findall(plain)
        out: list[str] = []
        for at, piece in enumerate(raw):
            if piece in _LAUGH:
                out.append("haha")
            elif not piece[0].isalnum():
                out.append(COMMA if piece[0] in ",() " else END)
            elif piece == "2" and out and out[-1] in _BEFORE_TO:
                out.append("to")
            elif piece in self._short or piece.isalpha() or "'" in piece:
                out.extend(self._word(piece, raw[at + 1] if at + 1 < len(raw) else ""))
            else:
                out.extend(_PART.findall(piece))
        return out

    def _word(self, token: str, following: str) -> Iterable[str]:
        token = _STRETCHED.sub(r"\1\1", token)
        if token in self._short:
            return self._short[token]
        if token in _MAYBE_WILL and following in self._verbs:
            return _MAYBE_WILL[token], "will"
        if "'" in token:
            return self._apart(token)
        token = self._repaired(token)
        return self._short.get(token, (token,))

    def _apart(self, token: str) -> Iterable[str]:
        """The parts of a contraction; `'s` stays as it is, since it may be "is", "has" or somebody's."""
        head, tail = token.split("'", 1)
        if tail == "t" and head.endswith("n"):
            return {"can": ("can", "not"), "won": ("will", "not"), "ain": ("is", "not")}.get(head, (head[:-1], "not"))
        whole = {"m": "am", "re": "are", "ve": "have", "ll": "will"}.get(tail)
        head = self._repaired(head)
        return (head, whole) if whole else (head, "'" + tail)

    def _repaired(self, word: str) -> str:
        return word if len(word) < 4 or len(word) >= 19 else self._nearest(word)

    def _plain(self, word: str) -> bool:
        return word in self._never or self._known(word)

    def _nearest(self, word: str) -> str:
        """The danger word this one is a slip of, or the word itself."""
        if self._plain(word):
            return word
        squeezed = _DOUBLED.sub(r"\1", word)
        if self._plain(squeezed):
            return squeezed
        if word.endswith("in") and self._known(word + "g"):
            return word + "g"
        near = 2 if len(word) >= _LONG_WORD else 1
        # As `distance` has it: the first letter is right, or swapped with the second.
        targets = (target for first in {word[0], word[1]} for target in self._near.get((len(word), first), ()))
        best = min(((distance(word, target, near), target) for target in targets), default=(near + 1, word))
        return best[1] if best[0] <= near else word


def distance(one: str, other: str, most: int) -> int:
    """How many letters apart two words are, a swap of neighbours being one; `most + 1` as soon as it is more.

    The first letter has to be right, or swapped with the second: people seldom miss it, and other words begin otherwise.
    """
    if abs(len(one) - len(other)) > most or (one[0] != other[0] and one[:2] != other[1::-1]):
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row = row, [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = last
    return row[-1]
