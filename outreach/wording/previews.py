"""Wording as the person will see it: on the page, and on a phone."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from outreach.content.placeholders import Directory, DirectoryValues, NothingToSay, fill
from outreach.directory.numbers import parted
from outreach.sms.alphabet import clean, segments
from outreach.wording.replies import Said

_ITEM = "- "


@dataclass(frozen=True)
class Part:
    """Some words of a line; `tappable` where the page makes a link to ring it."""

    text: str
    tappable: bool = False


@dataclass(frozen=True)
class Block:
    """A paragraph, or a list with its items: a line each."""

    is_list: bool
    lines: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True)
class Preview:
    """How it is seen now. `missing` is a placeholder without a value: people would get the fixed reply instead."""

    text: str
    blocks: tuple[Block, ...]
    missing: str | None = None

    @property
    def message(self) -> str:
        """As a text message."""
        return clean(self.text)

    @property
    def segments(self) -> int:
        """Of the text message."""
        return segments(self.message)


class Remembering:
    """A directory that is asked once for each thing: for one page with many replies on it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[tuple[str, str], str | None] = {}

    def phone(self, service_id: str) -> str | None:
        """The number as it is shown, or None."""
        return self._once("phone", service_id)

    def name(self, service_id: str) -> str | None:
        """The service's name, or None where it is not shown."""
        return self._once("name", service_id)

    def hours_sentence(self, service_id: str) -> str:
        """Whether it is open, as a sentence; empty where that is not known."""
        return self._once("hours_sentence", service_id) or ""

    def _once(self, what: str, service_id: str) -> str | None:
        if (what, service_id) not in self._known:
            self._known[what, service_id] = getattr(self._directory, what)(service_id)
        return self._known[what, service_id]


def preview(said: Said, directory: Directory, examples: Mapping[str, str]) -> Preview:
    """A reply as it would be said now, with `examples` for what code fills in."""
    try:
        text = fill(said.text, DirectoryValues(directory), examples)
    except NothingToSay as error:
        return Preview(said.text, _blocks(said.text), str(error))
    return Preview(text, _blocks(text))


def _blocks(text: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for line in (each for each in text.split("\n") if each.strip()):
        is_item = line.startswith(_ITEM)
        parts = _parts(line.removeprefix(_ITEM) if is_item else line)
        if is_item and blocks and blocks[-1].is_list:
            blocks[-1] = Block(True, (*blocks[-1].lines, parts))
        else:
            blocks.append(Block(is_item, (parts,)))
    return tuple(blocks)


def _parts(line: str) -> tuple[Part, ...]:
    return tuple(Part(words, tappable) for words, tappable in parted(line))
