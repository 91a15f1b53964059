"""Checking services, signposts and routes, and giving them as documents."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from outreach.content.checking import Checker
from outreach.content.misprints import misprints
from outreach.content.place_files import Documents, PlaceContent
from outreach.content.reading import ContentError, Located, Problem, read_yaml
from outreach.directory import hours, numbers
from outreach.directory.publishing import UNCONFIRMABLE
from outreach.model.service import ACTIVE, HOLD, PERPETRATOR

SERVICE_FIELDS = (
    "id", "organization", "name", "kind", "description", "status", "alert", "eligibility", "service_areas", "languages",
    "accessibility", "cost", "phones", "urls", "email", "schedules", "assured_date", "assurer", "staff_notes", "source",
    "unconfirmed",
)  # fmt: skip
PHONE_FIELDS = ("number", "kind", "description", "extension", "cost", "on_bill", "confirmed")
SCHEDULE_FIELDS = (
    "rrule", "opens", "closes", "timezone", "bank_holidays", "holiday_opens", "holiday_closes", "valid_from", "valid_to",
    "attending_type", "description", "confirmed",
)  # fmt: skip
KINDS = frozenset(
    (
        "emergency", "police", "national", "helpline", "information", "children", "outreach", "refuge", "health",
        "perpetrator", "housing", "safeguarding", "webchat", "legal", "money", "immigration", "app", "place",
        "pets", "employer",
    )
)  # fmt: skip
PUBLIC_TEXT = ("name", "description", "alert", "eligibility", "accessibility", "cost")
# Where a refuge or a sexual assault referral centre stands is never written down, not even by accident in a description.
SECRET_PLACES = re.compile(r"\brefuges?\b|\bsarc\b|sexual assault referral", re.IGNORECASE)
FULL_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")


@dataclass
class ServiceContent:
    """What the service files hold, checked, as documents by key."""

    services: Documents = field(default_factory=dict)
    topics: Documents = field(default_factory=dict)
    routes: Documents = field(default_factory=dict)


def read_services(folder: Path, places: PlaceContent) -> ServiceContent:
    """Read the service files of a content folder; raises ContentError with everything that is wrong with them."""
    check, content = Checker(), ServiceContent()
    files = sorted((folder / "services").glob("*.yml"))
    if not files:
        check.problems.append(Problem("services", 1, "", "there are no service files"))
    for file in files:
        _reading(check, lambda: _services(file, f"services/{file.name}", content, places, check))  # noqa: B023
    if not check.problems:
        _reading(check, lambda: _signposts(folder, content, check))
        _reading(check, lambda: _routes(folder, content, places, check))
        for team in places.teams:
            check.known(team, "service", content.services)
    if check.problems:
        raise ContentError(check.problems)
    return content


def check_service(plain: Mapping[str, Any], areas: Collection[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Check one service that was typed in or handed over, as the files are checked; `areas` are those it may name.

    Gives its document, with every field there, and what is wrong; the document is good only where nothing is. A problem's
    `field` says where, as "phones[0].number". Dates may be text.
    """
    check = Checker()
    document = _service(_located(_with_dates(plain), ""), areas, check)
    return document, check.problems


def _with_dates(plain: Mapping[str, Any]) -> dict[str, Any]:
    schedules = [
        {name: _day(value) if name in ("valid_from", "valid_to") else value for name, value in each.items()}
        if isinstance(each, Mapping)
        else each
        for each in plain.get("schedules") or ()
    ]
    # A form and another's file say "nothing here" by null; a content file leaves the name out.
    timed = [
        {name: value for name, value in each.items() if value is not None} if isinstance(each, Mapping) else each
        for each in schedules
    ]
    return {**plain, "schedules": timed, "assured_date": _day(plain.get("assured_date"))}


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _located(value: Any, at: str) -> Located:
    if isinstance(value, Mapping):
        return Located({str(k): _located(v, f"{at}.{k}" if at else str(k)) for k, v in value.items()}, "", 0, at)
    if isinstance(value, (list, tuple)):
        return Located([_located(each, f"{at}[{number}]") for number, each in enumerate(value)], "", 0, at)
    return Located(value, "", 0, at)


def _reading(check: Checker, read: Any) -> None:
    try:
        read()
    except ContentError as error:
        check.problems.extend(error.problems)


def _services(file: Path, name: str, content: ServiceContent, places: PlaceContent, check: Checker) -> None:
    top = check.mapping(read_yaml(file, name), ("services",))
    for item in check.items(top, "services"):
        document = _service(item, places.area_names, check)
        service_id = document["id"]
        if service_id in content.services:
            check.wrong(item.value["id"], f"{service_id!r} is given twice")
        elif service_id:
            content.services[service_id] = document


def _service(item: Located, areas: Collection[str], check: Checker) -> dict[str, Any]:
    entry = check.mapping(item, SERVICE_FIELDS)
    assured = check.day(entry, "assured_date")
    document = {
        "id": check.id(item, entry),
        "organization": check.text(item, entry, "organization", True),
        "name": check.text(item, entry, "name", True),
        "kind": check.choice(item, entry, "kind", KINDS),
        "description": check.text(item, entry, "description", True),
        "status": check.choice(item, entry, "status", (ACTIVE, HOLD)),
        **{name: check.text(item, entry, name) for name in ("alert", "eligibility", "accessibility", "cost")},
        "service_areas": [
            check.known(at, "area", areas) for at in _wanted(item, entry, "service_areas", check)
        ],
        "languages": [str(at.value) for at in check.items(entry, "languages")],
        "phones": [_phone(at, check) for at in check.items(entry, "phones")],
        "urls": [_url(at, check) for at in check.items(entry, "urls")],
        "email": check.email(entry, "email"),
        "schedules": [_schedule(at, check) for at in check.items(entry, "schedules")],
        "assured_date": assured.isoformat() if assured else None,
        **{name: check.text(item, entry, name) for name in ("assurer", "staff_notes", "source")},
        "unconfirmed": [check.known(at, "such field", UNCONFIRMABLE) for at in check.items(entry, "unconfirmed")],
    }
    if assured and not document["assurer"]:
        check.wrong(entry["assured_date"], "who checked it is missing: fill in assurer")
    _check_no_address(entry, document, check)
    return document


def _wanted(item: Located, entry: dict[str, Located], name: str, check: Checker) -> list[Located]:
    found = check.items(entry, name)
    if not found:
        check.wrong(entry.get(name, item), f"{name}: at least one is wanted")
    return found


def _check_no_address(entry: dict[str, Located], document: dict[str, Any], check: Checker) -> None:
    words = " ".join(str(document[name] or "") for name in ("name", "description", "organization", "kind"))
    if not SECRET_PLACES.search(words):
        return
    for name in PUBLIC_TEXT:
        if name in entry and FULL_POSTCODE.search(str(entry[name].value)):
            check.wrong(entry[name], "holds a postcode: where a refuge or a SARC stands is never written down")


def _phone(at: Located, check: Checker) -> dict[str, Any]:
    entry = check.mapping(at, PHONE_FIELDS)
    number = check.text(at, entry, "number", True)
    found = (numbers.problem(number), misprints().problem(number)) if number else ()
    wrong = "; ".join(each for each in found if each)
    if wrong:
        check.wrong(entry["number"], wrong)
    return {
        "number": number,
        "kind": check.choice(at, entry, "kind", ("voice", "sms", "relay"), "voice"),
        **{name: check.text(at, entry, name) for name in ("description", "extension", "cost")},
        "on_bill": check.flag(entry, "on_bill", None),
        "confirmed": check.flag(entry, "confirmed", False),
    }


def _url(at: Located, check: Checker) -> dict[str, Any]:
    entry = check.mapping(at, ("kind", "url", "confirmed"))
    url = check.text(at, entry, "url", True)
    if url and not re.fullmatch(r"https://[^\s/]+\.[^\s]+", url):
        check.wrong(entry["url"], "an address that begins https:// is wanted")
    kind = check.choice(at, entry, "kind", ("website", "webchat"))
    return {"kind": kind, "url": url, "confirmed": check.flag(entry, "confirmed", False)}


def _schedule(at: Located, check: Checker) -> dict[str, Any]:
    entry = check.mapping(at, SCHEDULE_FIELDS)
    confirmed = check.flag(entry, "confirmed", False)
    description = check.text(at, entry, "description", required="rrule" not in entry)
    how = ("phone", "online", "in_person")
    attending = check.choice(at, entry, "attending_type", how) if "attending_type" in entry else None
    document = {"description": description, "attending_type": attending, "confirmed": confirmed}
    if "rrule" in entry:
        document.update(_timed(at, entry, check))
    return document


def _timed(at: Located, entry: dict[str, Located], check: Checker) -> dict[str, Any]:
    first, last = check.day(entry, "valid_from"), check.day(entry, "valid_to")
    holidays = check.choice(at, entry, "bank_holidays", ("closed", "open", "as_usual", "hours"), "closed")
    special = holidays == "hours"
    document = {
        "rrule": _rule(at, entry, check),
        "opens": check.clock(at, entry, "opens"),
        "closes": check.clock(at, entry, "closes"),
        "timezone": check.choice(at, entry, "timezone", ("Europe/London",), "Europe/London"),
        "bank_holidays": holidays,
        "holiday_opens": check.clock(at, entry, "holiday_opens") if special else None,
        "holiday_closes": check.clock(at, entry, "holiday_closes") if special else None,
        "valid_from": first.isoformat() if first else None,
        "valid_to": last.isoformat() if last else None,
    }
    if document["opens"] and document["opens"] == document["closes"]:
        check.wrong(entry["closes"], 'closes as it opens; for all day write "00:00" to "24:00"')
    return document


def _rule(at: Located, entry: dict[str, Located], check: Checker) -> str | None:
    rule = check.text(at, entry, "rrule", True)
    if rule is None:
        return None
    try:
        hours.check_rule(rule)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        check.wrong(entry["rrule"], f"not a recurrence rule: {error}")
        return None
    if not re.search(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)\b", rule):
        check.wrong(entry["rrule"], "a rule for days is wanted: DAILY, WEEKLY, MONTHLY or YEARLY")
    if re.search(r"COUNT=|INTERVAL=(?!1\b)|FREQ=YEARLY", rule) and "valid_from" not in entry:
        check.wrong(entry["rrule"], "a rule that counts needs valid_from to count from")
    elif "FREQ=WEEKLY" in rule and "BYDAY" not in rule:
        check.wrong(entry["rrule"], "say the days, as BYDAY=MO,TU")
    return rule


def _signposts(folder: Path, content: ServiceContent, check: Checker) -> None:
    root = read_yaml(folder / "signposts.yml", "signposts.yml")
    topics = check.mapping(root, ("topics",)).get("topics")
    if topics is None or not isinstance(topics.value, dict):
        check.wrong(topics or root, "topics are missing")
        return
    for key, item in topics.value.items():
        entry = check.mapping(item, ("services", "local_without_district", "for_people_who_harm"))
        listed = _wanted(item, entry, "services", check)
        seen: set[Any] = set()
        for at in listed:
            check.unique(at, at.value, seen, "service")
        document = {
            "key": key,
            "services": [check.known(at, "service", content.services) for at in listed],
            "local_without_district": check.flag(entry, "local_without_district", False),
            "for_people_who_harm": check.flag(entry, "for_people_who_harm", False),
        }
        _check_apart(listed, bool(document["for_people_who_harm"]), content.services, check)
        content.topics[key] = document


def _check_apart(listed: list[Located], for_people_who_harm: bool, services: Documents, check: Checker) -> None:
    """Help for people who harm never stands beside help for people who are hurt."""
    for at in listed:
        service = services.get(at.value) if isinstance(at.value, str) else None
        if service and (service["kind"] == PERPETRATOR) != for_people_who_harm:
            check.wrong(at, "services for people who harm and for people who are hurt are never shown together")


def _routes(folder: Path, content: ServiceContent, places: PlaceContent, check: Checker) -> None:
    top = check.mapping(read_yaml(folder / "routes.yml", "routes.yml"), ("routes",))
    fields = ("id", "when", "action", "service", "service_by_area", "through", "reason")
    for item in check.items(top, "routes"):
        entry = check.mapping(item, fields)
        route_id = check.id(item, entry)
        when = check.mapping(entry.get("when", item), ("under_16", "outside_county", "gender", "outreach_area"))
        document = {
            "id": route_id,
            "when": {name: each.plain() for name, each in when.items()},
            "action": check.choice(item, entry, "action", ("signpost", "refer")),
            "reason": check.text(item, entry, "reason", True),
            "service": _service_of(entry, "service", content.services, check),
            "service_by_area": _by_area(item, entry, content.services, places.outreach_areas, check),
            "through": _service_of(entry, "through", content.services, check),
        }
        if not document["service"] and not document["service_by_area"]:
            check.wrong(item, "a service, or a service by area, is wanted")
        if route_id in content.routes:
            check.wrong(entry["id"], f"{route_id!r} is given twice")
        elif route_id:
            content.routes[route_id] = document


def _service_of(entry: dict[str, Located], name: str, services: Collection[str], check: Checker) -> str | None:
    at = entry.get(name)
    return check.known(at, "service", services) if at is not None and at.value is not None else None


def _by_area(
    item: Located, entry: dict[str, Located], services: Collection[str], areas: Collection[str], check: Checker
) -> dict[str, str | None]:
    at = entry.get("service_by_area")
    if at is None:
        return {}
    by_area = check.mapping(at, areas)
    for area in areas:
        if area not in by_area:
            check.wrong(at, f"the outreach area {area!r} is missing")
    return {area: check.known(each, "service", services) for area, each in by_area.items()}
