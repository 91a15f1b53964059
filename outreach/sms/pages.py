"""A long answer in messages of two segments: the first is sent, MORE brings the next."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outreach.sms.alphabet import LONGEST, clean

# Never between the digits of a phone number, nor between a number and the words about it: "call" and "999" stay together.
_BREAKABLE = re.compile(r"(?<!\d) (?!\d)")


@dataclass(frozen=True)
class Block:
    """A part of an answer. One that is `whole` is not torn apart: it begins a page of its own where it doesn't fit.

    `shorter` say the most of it, the longest first. One that fits stands on the first page where all of it doesn't: a
    number that the words speak of is not left for MORE.
    """

    text: str
    whole: bool = False
    shorter: tuple[str, ...] = ()


def pages(blocks: Sequence[Block], more: str, more_short: str, opening: str) -> list[str]:
    """The blocks as messages of two segments at most, in the GSM-7 alphabet.

    Each but the last ends with `more`, or with `more_short` where that doesn't fit; each but the first begins with
    `opening`, since a lock screen shows how a message begins.
    """
    cleaned = [Block(clean(block.text), block.whole, tuple(clean(each) for each in block.shorter)) for block in blocks]
    everything = "\n".join(block.text for block in cleaned if block.text)
    if len(everything) <= LONGEST:
        return [everything] if everything else []
    room = LONGEST - len(more_short) - 1
    bodies = _fill(cleaned, room, room - len(opening) - 1)
    messages = [body if number == 0 else f"{opening}\n{body}" for number, body in enumerate(bodies)]
    return [*(_invite(message, more, more_short) for message in messages[:-1]), messages[-1]]


def _invite(message: str, more: str, more_short: str) -> str:
    longer = f"{message}\n{more}"
    return longer if len(longer) <= LONGEST else f"{message}\n{more_short}"


def _fill(blocks: Sequence[Block], room_on_first: int, room_after: int) -> list[str]:
    bodies: list[str] = []
    current = ""
    for unit, shorter in _units(blocks, room_after):
        while unit:
            room = room_after if bodies else room_on_first
            joined = f"{current}\n{unit}" if current else unit
            if len(joined) <= room:
                current, unit = joined, ""
            elif current:
                fitting = (f"{current}\n{short}" for short in shorter if not bodies and len(current) + 1 + len(short) <= room)
                bodies.append(next(fitting, current))
                current = ""
            else:
                head, unit = _cut(unit, room)
                bodies.append(head)
    return [*bodies, current] if current else bodies


def _units(blocks: Sequence[Block], longest: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is put on pages one after the other, each with what is short for it: lines, and blocks that stay whole."""
    for block in blocks:
        if block.whole and len(block.text) <= longest:
            yield block.text, block.shorter
        else:
            yield from ((line.strip(), ()) for line in block.text.split("\n"))


def _cut(line: str, room: int) -> tuple[str, str]:
    """What fits of a line, and the rest: cut at a space, or at any character where there is none."""
    spaces = [match.start() for match in _BREAKABLE.finditer(line, 1) if match.start() <= room]
    at = spaces[-1] if spaces else room
    return line[:at].rstrip(), line[at:].lstrip()
