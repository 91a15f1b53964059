"""Where somebody is, from a town, a village or a postcode: which districts, and which outreach area.

A wrong area sends somebody's details to the wrong team, so what is not certain is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from outreach.content.place_files import read_places
from outreach.directory import postcodes
from outreach.directory.place_names import Name, NameIndex, key
from outreach.directory.postcodes import Postcode
from outreach.model import (
    AreaOption,
    District,
    Mention,
    Outcode,
    Place,
    Resolution,
    ResolutionKind,
    Sector,
    documents,
)
from outreach.settings import ROOT

MOST_OPTIONS = 5
UNKNOWN = Resolution(ResolutionKind.UNKNOWN)
# Kinds of place that say little: any other place named beside them counts instead.
WIDE = frozenset({"county", "region"})


class Gazetteer:
    """The places and postcodes of the county and its edges."""

    def __init__(
        self,
        places: Iterable[Place],
        outcodes: Iterable[Outcode],
        sectors: Iterable[Sector],
        districts: Iterable[District],
    ) -> None:
        """Index everything once; a Gazetteer does not change."""
        self._places = {place.name: place for place in places}
        self._outcodes = {outcode.code: outcode for outcode in outcodes}
        self._sectors = {sector.code: sector for sector in sectors}
        self._districts = {district.name: district for district in districts}
        self._known_outcodes = frozenset(self._outcodes)
        self._index = NameIndex(self._names())
        self._choices = self._answers_to_questions()

    @classmethod
    def load(cls, folder: Path = ROOT / "content") -> Gazetteer:
        """Read the gazetteer from a content folder; raises ContentError where its files are wrong."""
        content = read_places(folder)
        return cls(
            (documents.place(each) for each in content.places.values()),
            (documents.outcode(each) for each in content.outcodes.values()),
            (documents.sector(each) for each in content.sectors.values()),
            (documents.district(each) for each in content.districts.values()),
        )

    def mentions(self, text: str) -> list[Mention]:
        """Give the places and postcodes in somebody's words, in the order in which they stand."""
        found = [
            Mention(each.start, each.end, text[each.start : each.end], each.name.kind, each.name.value)
            for each in self._index.find(text)
        ]
        for code in postcodes.find(text, self._known_outcodes):
            value = code.sector or code.outcode
            found.append(Mention(code.start, code.end, text[code.start : code.end], "postcode", value))
        return sorted(found, key=lambda mention: mention.start)

    def resolve(self, text: str, whole_answer: bool = False) -> Resolution:
        """Say where somebody is, from their words or from a mention's value.

        `whole_answer`: the text answers "which town or postcode?", so it may be looser.
        """
        chosen = self._choices.get(text.strip().casefold())
        if chosen is not None:
            return chosen
        codes = [self._postcode(each) for each in postcodes.find(text, self._known_outcodes)]
        whole = self._whole(text, whole_answer)
        if whole is not None:
            return self._decide(codes, [whole])
        answer = self._decide(codes, self._named(text))
        if answer.kind is ResolutionKind.UNKNOWN and whole_answer and not codes:
            return self._suggest(self._index.like(text))
        return answer

    def _names(self) -> Iterator[Name]:
        for place in self._places.values():
            for name in (place.name, *place.aliases):
                yield Name(key(name), "place", place.name, place.match)
            for name in place.whole_aliases:
                yield Name(key(name), "place", place.name, "whole")
        for district in self._districts.values():
            for name in (district.name, *district.aliases):
                yield Name(key(name), "district", district.name, "any")
        for area in {district.outreach_area for district in self._districts.values()}:
            yield Name(key(area), "outreach_area", area, "any")

    def _whole(self, text: str, whole_answer: bool) -> Resolution | None:
        """The place that is all of the text, where it answers a question, or where it is a mention's value."""
        if not whole_answer:
            place = self._places.get(text)
            return self._place(place) if place else None
        name = self._index.whole(text)
        if name is None:
            return None
        answer = self._name(name)
        # "Nasty" or "Ricky" may be no place at all, so it is only offered.
        unsure = name.match == "whole" and answer.kind is ResolutionKind.AREA
        return self._suggest([name]) if unsure else answer

    def _answers_to_questions(self) -> dict[str, Resolution]:
        """What each option that is offered stands for, so that its title, sent back, is understood."""
        titles = [option for place in self._places.values() for option in place.options]
        titles += [option for outcode in self._outcodes.values() for option in outcode.options]
        return {
            title.casefold(): self._area(title, (district,)) for title, district in titles
            if district and title not in self._places
        }

    def _named(self, text: str) -> list[Resolution]:
        names = {found.name.value: found.name for found in self._index.find(text)}
        narrow = [name for name in names.values() if not self._is_wide(name)]
        return [self._name(name) for name in narrow or names.values()]

    def _is_wide(self, name: Name) -> bool:
        return name.kind == "place" and self._places[name.value].kind in WIDE

    def _name(self, name: Name) -> Resolution:
        if name.kind == "district":
            return self._area(name.value, (name.value,))
        if name.kind == "outreach_area":
            districts = tuple(each.name for each in self._districts.values() if each.outreach_area == name.value)
            return self._area(name.value, districts)
        return self._place(self._places[name.value])

    def _place(self, place: Place) -> Resolution:
        if place.rule == "county":
            return Resolution(ResolutionKind.COUNTY, place.name)
        if place.rule == "outside":
            return Resolution(ResolutionKind.OUTSIDE, place.name, elsewhere=place.outside)
        if place.rule == "ask":
            return self._ask(place.name, place.districts, place.options, ())
        return self._area(place.name, place.districts, place.near)

    def _postcode(self, postcode: Postcode) -> Resolution:
        outcode = self._outcodes.get(postcode.outcode)
        if outcode is None:
            if postcode.area in postcodes.OWN_AREAS:
                return UNKNOWN
            return Resolution(ResolutionKind.OUTSIDE, postcode.outcode)
        sector = self._sectors.get(postcode.sector or "")
        if sector is not None:
            return self._by_rule(sector.code, sector.rule, sector.districts, sector.outside, outcode)
        rule = outcode.rule
        if postcode.sector and outcode.reaches_outside and rule in ("area", "ask", "outside"):
            # Every sector that touches the county is listed, so this one lies wholly across the border.
            rule = "outside"
        return self._by_rule(postcode.sector or outcode.code, rule, outcode.districts, outcode.outside, outcode)

    def _by_rule(
        self, code: str, rule: str, districts: tuple[str, ...], outside: tuple[str, ...], outcode: Outcode
    ) -> Resolution:
        if rule == "area":
            return self._area(code, districts)
        if rule == "ask":
            titles = [(title, district) for title, district in outcode.options if district in (None, *districts)]
            return self._ask(code, districts, titles, outside)
        if rule == "outside":
            return Resolution(ResolutionKind.OUTSIDE, code, elsewhere=(outside or (None,))[0])
        return Resolution(ResolutionKind(rule), code)

    def _area(self, place: str, districts: tuple[str, ...], near: tuple[str, ...] = ()) -> Resolution:
        # A few addresses of another area do not make a postcode ambiguous (its rule says so): the first district leads.
        area = self._districts[districts[0]].outreach_area
        same = tuple(each for each in districts if self._districts[each].outreach_area == area)
        return Resolution(ResolutionKind.AREA, place, same, area, near=near)

    def _ask(
        self, place: str, districts: Sequence[str], titles: Sequence[tuple[str, str | None]], outside: tuple[str, ...]
    ) -> Resolution:
        by_district = {district: title for title, district in titles if district}
        options = [self._option(by_district.get(district, district), district) for district in districts]
        options += [self._option(title, district) for title, district in titles if district and district not in districts]
        if outside:
            across = next((title for title, district in titles if district is None), outside[0])
            options.append(AreaOption(across, elsewhere=outside[0]))
        return Resolution(ResolutionKind.AMBIGUOUS, place, tuple(districts), options=tuple(options[:MOST_OPTIONS]))

    def _option(self, title: str, district: str) -> AreaOption:
        return AreaOption(title, district, self._districts[district].outreach_area)

    def _decide(self, codes: list[Resolution], named: list[Resolution]) -> Resolution:
        decided = [code for code in codes if code.kind is ResolutionKind.AREA]
        if decided:
            return self._together(decided)
        place = self._together(named)
        if not codes or codes[0].kind is ResolutionKind.UNKNOWN:
            return place
        code = codes[0]
        if place.kind is not ResolutionKind.AREA:
            return place if place.kind is ResolutionKind.AMBIGUOUS else code
        if code.kind is ResolutionKind.AMBIGUOUS and not set(place.districts) & {each.district for each in code.options}:
            return code
        return place

    def _together(self, answers: list[Resolution]) -> Resolution:
        """One answer from several places: the area they share, or a question."""
        if not answers:
            return UNKNOWN
        settled = {answer.outreach_area for answer in answers if answer.kind is ResolutionKind.AREA}
        others = [answer for answer in answers if answer.kind is not ResolutionKind.AREA]
        open_questions = [answer for answer in others if not settled & {each.outreach_area for each in answer.options}]
        if len(settled) == 1 and not open_questions:
            return next(answer for answer in answers if answer.kind is ResolutionKind.AREA)
        if len(answers) == 1 or (not settled and len(others) == 1):
            return answers[0]
        if not settled and all(answer.kind is ResolutionKind.OUTSIDE for answer in others):
            return others[0]
        options = dict.fromkeys(option for answer in answers for option in self._as_options(answer))
        return Resolution(ResolutionKind.AMBIGUOUS, options=tuple(options)[:MOST_OPTIONS])

    def _as_options(self, answer: Resolution) -> tuple[AreaOption, ...]:
        if answer.options:
            return answer.options
        return (AreaOption(answer.place or "", answer.district, answer.outreach_area, answer.elsewhere),)

    def _suggest(self, likely: Sequence[Name]) -> Resolution:
        if not likely:
            return UNKNOWN
        names = tuple(dict.fromkeys(name.value for name in likely))
        return replace(self._name(likely[0]), kind=ResolutionKind.SUGGEST, suggestions=names)
