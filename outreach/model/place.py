"""Places, postcodes, and what a person's words about where they are come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class District:
    """A district council's area, and the outreach area that it belongs to."""

    name: str
    outreach_area: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutreachArea:
    """One of the areas of the outreach service, and the service that is its team."""

    name: str
    team: str


@dataclass(frozen=True)
class Area:
    """An area that services name beyond a district. `reach`: everyone, county or elsewhere."""

    name: str
    reach: str


@dataclass(frozen=True)
class AreaOption:
    """One answer to "which of these?". An option outside the county has no district, and says what lies `elsewhere`."""

    title: str
    district: str | None = None
    outreach_area: str | None = None
    elsewhere: str | None = None


@dataclass(frozen=True)
class Place:
    """A town, village or suburb. `rule`: area, ask, outside or county; `match`: any, after or whole."""

    name: str
    districts: tuple[str, ...]
    kind: str
    rule: str
    match: str = "any"
    aliases: tuple[str, ...] = ()
    whole_aliases: tuple[str, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    near: tuple[str, ...] = ()
    outside: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcode:
    """The first half of a postcode. `rule`: area, ask, outside, obsolete or not_a_place."""

    code: str
    districts: tuple[str, ...]
    rule: str
    reaches_outside: bool = False
    outside: tuple[str, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Sector:
    """An outcode and the next digit, which is narrower. `rule`: area, ask or outside."""

    code: str
    districts: tuple[str, ...]
    rule: str
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """A place or a postcode in somebody's words: `text[start:end]`, and its name in the gazetteer."""

    start: int
    end: int
    text: str
    kind: str
    value: str


class ResolutionKind(str, Enum):
    """What a person's words about where they are come to."""

    AREA = "area"
    AMBIGUOUS = "ambiguous"
    OUTSIDE = "outside"
    COUNTY = "county"
    OBSOLETE = "obsolete"
    NOT_A_PLACE = "not_a_place"
    SUGGEST = "suggest"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Resolution:
    """Where somebody is, or what to ask them next.

    AREA has districts and one outreach area; AMBIGUOUS has the options to ask about; OUTSIDE says what lies there in
    `elsewhere`; SUGGEST is a likely misspelling, or a name that is also an ordinary word, with the `suggestions` to
    confirm: resolving a confirmed one gives its area. `near` names the areas just across a boundary.
    """

    kind: ResolutionKind
    place: str | None = None
    districts: tuple[str, ...] = ()
    outreach_area: str | None = None
    options: tuple[AreaOption, ...] = ()
    elsewhere: str | None = None
    near: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def district(self) -> str | None:
        """The one district, or None where there are several or none."""
        return self.districts[0] if len(self.districts) == 1 else None
