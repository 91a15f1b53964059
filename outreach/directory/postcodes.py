"""Postcodes in people's words: whole ones, their first half, and the first half with one more digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The postcode areas of the United Kingdom. An outcode of another shape is no postcode at all.
UK_AREAS = frozenset(
    (
        "AB", "AL", "B", "BA", "BB", "BD", "BH", "BL", "BN", "BR", "BS", "BT", "CA", "CB", "CF", "CH", "CM", "CO",
        "CR", "CT", "CV", "CW", "DA", "DD", "DE", "DG", "DH", "DL", "DN", "DT", "DY", "E", "EC", "EH", "EN", "EX",
        "FK", "FY", "G", "GL", "GU", "GY", "HA", "HD", "HG", "HP", "HR", "HS", "HU", "HX", "IG", "IM", "IP", "IV",
        "JE", "KA", "KT", "KW", "KY", "L", "LA", "LD", "LE", "LL", "LN", "LS", "LU", "M", "ME", "MK", "ML", "N",
        "NE", "NG", "NN", "NP", "NR", "NW", "OL", "OX", "PA", "PE", "PH", "PL", "PO", "PR", "RG", "RH", "RM", "S",
        "SA", "SE", "SG", "SK", "SL", "SM", "SN", "SO", "SP", "SR", "SS", "ST", "SW", "SY", "TA", "TD", "TF", "TN",
        "TQ", "TR", "TS", "TW", "UB", "W", "WA", "WC", "WD", "WF", "WN", "WR", "WS", "WV", "YO", "ZE",
    )
)  # fmt: skip
# Areas of which every code that exists is in our list; another one here is a slip, not a place elsewhere.
OWN_AREAS = frozenset({"AL", "SG", "WD"})
# Outcodes on their own are taken from running text only where they are ours or next door: "M25" and "E10" may be roads.
NEIGHBOURS = frozenset({"AL", "CB", "CM", "EN", "HA", "HP", "LU", "MK", "NW", "SG", "SL", "UB", "WD"})

# A text that is nothing but a postcode, or little more: no road is meant.
ALONE = re.compile(
    r"\W*(?:i live in |i'?m in |in |it'?s |near )?[a-z]{1,2} ?\d[\da-z]?(?:[ -]*\d(?:[a-z]{2})?)?\W*(?:please|thanks)?\W*",
    re.IGNORECASE,
)
CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9])(?P<area>[A-Za-z]{1,2})(?P<space> ?)(?P<number>\d[\dA-Za-z]?)"
    r"(?:[ \-]*(?P<digit>\d)(?P<unit>[A-Za-z]{2})?)?(?![A-Za-z0-9])"
)


@dataclass(frozen=True)
class Postcode:
    """What was written of a postcode: `text[start:end]`, its area's letters, the outcode, and the digit after it."""

    start: int
    end: int
    area: str
    outcode: str
    digit: str | None

    @property
    def sector(self) -> str | None:
        """The outcode and the next digit, as "SG13 8"; None where there was only an outcode."""
        return f"{self.outcode} {self.digit}" if self.digit else None


def find(text: str, known: frozenset[str]) -> Iterator[Postcode]:
    """Give each postcode in a text.

    `known` outcodes settle what "al13" means: AL1 3, because there is no AL13. A text that is nothing but a postcode
    may be looser than what is picked out of running text: "AL 10", or an outcode from far away.
    """
    alone = ALONE.fullmatch(text) is not None
    for match in CANDIDATE.finditer(text):
        postcode = _read(match, known)
        if postcode is not None and (alone or _is_meant(match, postcode)):
            yield postcode


def _read(match: re.Match[str], known: frozenset[str]) -> Postcode | None:
    area, number, digit = match["area"].upper(), match["number"].upper(), match["digit"]
    if area not in UK_AREAS:
        return None
    if digit is None and area + number not in known and number[1:].isdigit() and area + number[0] in known:
        number, digit = number[0], number[1]
    return Postcode(match.start(), match.end(), area, area + number, digit)


def _is_meant(match: re.Match[str], postcode: Postcode) -> bool:
    if match["unit"]:
        return True
    return not match["space"] and postcode.area in NEIGHBOURS
