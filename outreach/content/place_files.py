"""Checking districts, places and postcodes, and giving them as documents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outreach.content.checking import Checker
from outreach.content.reading import ContentError, Located, Problem, read_csv, read_yaml

PLACE_COLUMNS = (
    "place", "districts", "kind", "rule", "match", "aliases", "whole_aliases", "options", "near", "outside", "note",
)  # fmt: skip
OUTCODE_COLUMNS = ("outcode", "districts", "rule", "reaches_outside", "outside", "options", "note")
SECTOR_COLUMNS = ("sector", "districts", "rule", "outside")
PLACE_RULES = ("area", "ask", "outside", "county")
OUTCODE_RULES = ("area", "ask", "outside", "obsolete", "not_a_place")
SECTOR_RULES = ("area", "ask", "outside")
MATCHES = ("any", "after", "whole")
REACHES = ("everyone", "county", "elsewhere")

Documents = dict[str, dict[str, Any]]


@dataclass
class PlaceContent:
    """What the place files hold, checked, as documents by key."""

    districts: Documents = field(default_factory=dict)
    outreach_areas: Documents = field(default_factory=dict)
    areas: Documents = field(default_factory=dict)
    places: Documents = field(default_factory=dict)
    outcodes: Documents = field(default_factory=dict)
    sectors: Documents = field(default_factory=dict)
    teams: list[Located] = field(default_factory=list)

    @property
    def area_names(self) -> set[str]:
        """Every name that a service may give as where it works."""
        return {*self.districts, *self.areas}


def read_places(folder: Path) -> PlaceContent:
    """Read the place files of a content folder; raises ContentError with everything that is wrong with them."""
    check, content = Checker(), PlaceContent()
    for read in (_districts, _places, _outcodes, _sectors):
        try:
            read(folder, content, check)
        except ContentError as error:
            check.problems.extend(error.problems)
            if read is _districts:
                break  # without districts everything else would be wrong too
    if check.problems:
        raise ContentError(check.problems)
    return content


def _districts(folder: Path, content: PlaceContent, check: Checker) -> None:
    root = read_yaml(folder / "districts.yml", "districts.yml")
    top = check.mapping(root, ("valid_until", "note", "outreach_areas", "districts", "service_areas"))
    check.day(top, "valid_until")
    for item in check.items(top, "outreach_areas"):
        entry = check.mapping(item, ("name", "team"))
        name, team = check.text(item, entry, "name", True), check.id(item, entry, "team")
        if name and team:
            _add(content.outreach_areas, name, {"name": name, "team": team}, item, check)
            content.teams.append(entry["team"])
    for item in check.items(top, "districts"):
        entry = check.mapping(item, ("name", "outreach_area", "aliases"))
        name, area = check.text(item, entry, "name", True), check.text(item, entry, "outreach_area", True)
        if area:
            check.known(entry["outreach_area"], "outreach area", content.outreach_areas)
        aliases = [str(each.value) for each in check.items(entry, "aliases")]
        if name:
            _add(content.districts, name, {"name": name, "outreach_area": area, "aliases": aliases}, item, check)
    for item in check.items(top, "service_areas"):
        entry = check.mapping(item, ("name", "reach"))
        name, reach = check.text(item, entry, "name", True), check.choice(item, entry, "reach", REACHES)
        if name:
            _add(content.areas, name, {"name": name, "reach": reach}, item, check)
    if not content.districts:
        check.wrong(root, "there are no districts")


def _places(folder: Path, content: PlaceContent, check: Checker) -> None:
    for row in read_csv(folder / "places.csv", "places.csv", PLACE_COLUMNS):
        entry = row.value
        name, rule = check.text(row, entry, "place", True), check.choice(row, entry, "rule", PLACE_RULES)
        document = {
            "name": name,
            "districts": _known_districts(entry["districts"], content.districts, check),
            "kind": check.text(row, entry, "kind", True),
            "rule": rule,
            "match": check.choice(row, entry, "match", MATCHES),
            "aliases": _split(entry["aliases"], ";"),
            "whole_aliases": _split(entry["whole_aliases"], ";"),
            "options": _options(entry["options"], content.districts, check),
            "near": _split(entry["near"], "|"),
            "outside": check.text(row, entry, "outside"),
            "note": entry["note"].value,
        }
        _check_rule(row, document, content, check)
        if name:
            _add(content.places, name, document, row, check)


def _outcodes(folder: Path, content: PlaceContent, check: Checker) -> None:
    for row in read_csv(folder / "outcodes.csv", "outcodes.csv", OUTCODE_COLUMNS):
        entry = row.value
        code = check.text(row, entry, "outcode", True)
        document = {
            "code": code,
            "districts": _known_districts(entry["districts"], content.districts, check),
            "rule": check.choice(row, entry, "rule", OUTCODE_RULES),
            "reaches_outside": entry["reaches_outside"].value == "yes",
            "outside": _split(entry["outside"], "|"),
            "options": _options(entry["options"], content.districts, check),
            "note": entry["note"].value,
        }
        _check_rule(row, document, content, check)
        if code:
            _add(content.outcodes, code, document, row, check)


def _sectors(folder: Path, content: PlaceContent, check: Checker) -> None:
    for row in read_csv(folder / "sectors.csv", "sectors.csv", SECTOR_COLUMNS):
        entry = row.value
        code = check.text(row, entry, "sector", True)
        if code and content.outcodes:
            check.known(Located(code.split(" ")[0], row.file, row.line, "sector"), "outcode", content.outcodes)
        document = {
            "code": code,
            "districts": _known_districts(entry["districts"], content.districts, check),
            "rule": check.choice(row, entry, "rule", SECTOR_RULES),
            "outside": _split(entry["outside"], "|"),
        }
        _check_rule(row, document, content, check)
        if code:
            _add(content.sectors, code, document, row, check)


def _check_rule(row: Located, document: dict[str, Any], content: PlaceContent, check: Checker) -> None:
    rule, districts = document["rule"], document["districts"]
    if rule in ("area", "ask") and not districts:
        check.wrong(row.value["districts"], f"the rule {rule!r} needs a district")
    if rule == "ask" and len(districts) + len(document.get("options", ())) + len(document.get("outside") or ()) < 2:
        check.wrong(row.value["rule"], "asking needs two things to ask about: more districts, options, or what lies outside")


def _known_districts(at: Located, districts: Collection[str], check: Checker) -> list[str]:
    names = _split(at, "|")
    for name in names:
        check.known(Located(name, at.file, at.line, at.field), "district", districts)
    return [name for name in names if name in districts]


def _options(at: Located, districts: Collection[str], check: Checker) -> list[list[str | None]]:
    """What to ask about, as "title:district;title:district"; one without a district lies outside the county."""
    options: list[list[str | None]] = []
    for part in _split(at, ";"):
        title, colon, district = part.partition(":")
        if not colon:
            check.wrong(at, f'"title:district" is wanted, not {part!r}')
        elif district:
            check.known(Located(district, at.file, at.line, at.field), "district", districts)
        options.append([title, district or None])
    return options


def _split(at: Located, separator: str) -> list[str]:
    return [part.strip() for part in str(at.value).split(separator) if part.strip()]


def _add(into: Documents, key: str, document: dict[str, Any], at: Located, check: Checker) -> None:
    if key in into:
        check.problems.append(Problem(at.file, at.line, "", f"{key!r} is given twice"))
    into[key] = document
