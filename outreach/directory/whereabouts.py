"""Where somebody says they are, out of the places that their message names and what they said before."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from outreach.model import Resolution
from outreach.model.place import ResolutionKind

OUTSIDE = "outside"


class Resolver(Protocol):
    """What this needs of the gazetteer."""

    def resolve(self, text: str, whole_answer: bool = False) -> Resolution:
        """What a place or postcode comes to."""


@dataclass(frozen=True)
class Whereabouts:
    """What is known of where somebody is.

    `district` is one of the county's, a name of what lies outside it, or None. `area` is the outreach area, None outside.
    `question` is what has to be asked before more can be known.
    """

    place: str | None = None
    district: str | None = None
    area: str | None = None
    outside: bool = False
    question: Resolution | None = None

    @classmethod
    def from_slots(cls, slots: Mapping[str, object]) -> Whereabouts:
        """What was known before this message."""
        place, district, area = (str(slots[k]) if slots.get(k) else None for k in ("place", "district", "area"))
        return cls(place, district, area, outside=bool(district and not area))

    def as_slots(self) -> dict[str, str | None]:
        """The slots that keep it."""
        return {"place": self.place, "district": self.district, "area": self.area}


def of_resolution(found: Resolution) -> Whereabouts:
    """What a place in the gazetteer says about where somebody is."""
    if found.kind is ResolutionKind.AREA:
        return Whereabouts(found.place, found.districts[0] if found.districts else None, found.outreach_area)
    if found.kind is ResolutionKind.OUTSIDE:
        return Whereabouts(found.place, found.elsewhere or OUTSIDE, None, outside=True)
    return Whereabouts(found.place, question=found)


def heard(gazetteer: Resolver, places: Sequence[str], text: str, answering: bool) -> Whereabouts | None:
    """Where the message says that somebody is, or None when it names no place.

    The first place of the county that is sure wins over one outside or unsure ("I left Luton, I'm in Hitchin now").
    `answering`: the message as a whole may be a place's name, misspelt perhaps.
    """
    found = [of_resolution(gazetteer.resolve(place, whole_answer=False)) for place in places]
    for whereabouts in found:
        if whereabouts.area:
            return whereabouts
    if found:
        return found[-1]
    if not answering:
        return None
    answer = of_resolution(gazetteer.resolve(text, whole_answer=True))
    return None if answer.question and answer.question.kind is ResolutionKind.UNKNOWN else answer
