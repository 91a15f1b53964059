"""What changed between two wordings, word by word."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from outreach.wording.replies import Said

_TOKENS = re.compile(r"\n+|[^\S\n]+|\S+")
SAME, ADDED, REMOVED = "same", "added", "removed"


@dataclass(frozen=True)
class Piece:
    """Some words that stayed, came or went."""

    kind: str
    text: str


def differences(before: Said, after: Said, targets: Mapping[str, str]) -> list[Piece]:
    """The pieces in reading order, buttons at the end with where they lead."""
    old, new = (_TOKENS.findall(_whole(said, targets)) for said in (before, after))
    pieces: list[Piece] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(SAME, "".join(old[old_start:old_end])))
            continue
        pieces += [Piece(REMOVED, "".join(old[old_start:old_end])), Piece(ADDED, "".join(new[new_start:new_end]))]
    return [piece for piece in pieces if piece.text]


def _whole(said: Said, targets: Mapping[str, str]) -> str:
    buttons = [f"[{button.title}: {targets.get(button.intent, button.intent)}]" for button in said.buttons]
    return "\n\n".join([said.text, "\n".join(buttons)] if buttons else [said.text])
