"""Finding place names in people's words: the longest wins, in any case, with any apostrophe, and never inside a word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

TOKEN = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z]+)*")
APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'"})
GAP = re.compile(r"[\s\-]+")
GAP_AFTER_ST = re.compile(r"\.?[\s\-]*")
PLACE_PREPOSITIONS = frozenset({"in", "at", "from", "near", "around", "outside"})
ROADS = frozenset({"road", "rd", "street", "avenue", "ave", "lane", "drive", "crescent"})
# What people put round the name of their town when they are asked for it.
BEFORE = frozenset(
    (
        "i", "im", "am", "we", "were", "live", "lives", "living", "based", "stay", "staying", "in", "at", "from",
        "near", "around", "by", "close", "to", "its", "it", "is", "the", "town", "village", "city", "area", "of",
        "um", "er", "erm", "well", "yes", "yeah", "just", "currently", "nearby", "hi",
    )
)  # fmt: skip
AFTER = frozenset(
    (
        "please", "pls", "plz", "thanks", "thank", "you", "area", "now", "herts", "hertfordshire", "uk", "england", "at",
        "the", "moment", "ta", "x", "xx",
    )
)  # fmt: skip
# Below this a name is too short to tell a misspelling from another word.
SHORTEST_TO_GUESS = 5
LONGEST_TO_GUESS = 30
LIKENESS = 0.8

Key = tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """A word: `text[start:end]`, as it was written, and as names are compared."""

    start: int
    end: int
    written: str
    key: str


@dataclass(frozen=True)
class Name:
    """A name that may be found. `match`: any, after (capitalised after "in", "near"…) or whole (as a whole answer)."""

    key: Key
    kind: str
    value: str
    match: str


@dataclass(frozen=True)
class Found:
    """A name, and where it was."""

    start: int
    end: int
    name: Name


def tokens(text: str) -> list[Token]:
    """Give the words of a text, with places in it that are the text's own."""
    return [
        Token(found.start(), found.end(), found.group(), _key(found.group()))
        for found in TOKEN.finditer(text.translate(APOSTROPHES))
    ]


def key(name: str) -> Key:
    """Give a name as names are compared."""
    return tuple(token.key for token in tokens(name))


class NameIndex:
    """All names, to be found in a text."""

    def __init__(self, names: Iterable[Name]) -> None:
        """Of two names with the same words the first counts."""
        self._names: dict[Key, Name] = {}
        for name in names:
            self._names.setdefault(name.key, name)
        self._lengths: dict[str, list[int]] = {}
        for each in self._names:
            lengths = self._lengths.setdefault(each[0], [])
            if len(each) not in lengths:
                lengths.append(len(each))
                lengths.sort(reverse=True)
        self._guessable = {
            " ".join(each): name for each, name in self._names.items() if len("".join(each)) >= SHORTEST_TO_GUESS
        }

    def find(self, text: str) -> Iterator[Found]:
        """Give each name in running text, the longest first where several begin at one word."""
        words, position = tokens(text), 0
        while position < len(words):
            found = self._at(text, words, position)
            if found is None:
                position += 1
                continue
            name, length = found
            if not _is_road(words, position + length):
                yield Found(words[position].start, words[position + length - 1].end, name)
            position += length

    def whole(self, text: str) -> Name | None:
        """Give the name that is all of an answer, but for words like "I live in" and "please"."""
        words = [word.key for word in tokens(text)]
        for candidate in (words, _trimmed(words)):
            name = self._names.get(tuple(candidate)) if candidate else None
            if name is not None:
                return name
        return None

    def like(self, text: str, count: int = 3) -> list[Name]:
        """Give the names that an answer may be a misspelling of, the likeliest first."""
        answer = " ".join(_trimmed([word.key for word in tokens(text)]))
        if not SHORTEST_TO_GUESS <= len(answer) <= LONGEST_TO_GUESS:
            return []
        close = difflib.get_close_matches(answer, self._guessable, n=count, cutoff=LIKENESS)
        return [self._guessable[each] for each in close]

    def _at(self, text: str, words: list[Token], position: int) -> tuple[Name, int] | None:
        for length in self._lengths.get(words[position].key, ()) or self._lengths.get(_bare(words[position]), ()):
            run = words[position : position + length]
            if len(run) < length or not _is_unbroken(text, run):
                continue
            head = tuple(word.key for word in run[:-1])
            name = self._names.get((*head, run[-1].key)) or self._names.get((*head, _bare(run[-1])))
            if name is not None and _fits(name, words, position):
                return name, length
        return None


def _key(written: str) -> str:
    bare = written.lower().replace("'", "")
    return "st" if bare == "saint" else bare


def _bare(token: Token) -> str:
    """The word without a possessive: "Watford's" may be Watford."""
    return _key(re.sub(r"'s$", "", token.written, flags=re.IGNORECASE))


def _is_unbroken(text: str, run: list[Token]) -> bool:
    """A name does not go on over a comma or a full stop, except the one of "St."."""
    for left, right in pairwise(run):
        allowed = GAP_AFTER_ST if left.key == "st" else GAP
        if not allowed.fullmatch(text, left.end, right.start):
            return False
    return True


def _fits(name: Name, words: list[Token], position: int) -> bool:
    if name.match == "any":
        return True
    if name.match == "whole" or position == 0:
        return False
    return words[position].written[0].isupper() and words[position - 1].key in PLACE_PREPOSITIONS


def _is_road(words: list[Token], position: int) -> bool:
    return position < len(words) and words[position].key in ROADS


def _trimmed(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while first < last and words[first] in BEFORE:
        first += 1
    while last > first and words[last - 1] in AFTER:
        last -= 1
    return words[first:last]
