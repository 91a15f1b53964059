"""Model objects to and from plain documents, as they lie in files and in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, TypeVar

from outreach.model.place import Area, District, Outcode, OutreachArea, Place, Sector
from outreach.model.service import Phone, Route, Schedule, Service, Topic, Url

Document = Mapping[str, Any]
T = TypeVar("T")


def to_document(item: Any) -> dict[str, Any]:
    """Give a model object as JSON takes it: dates as text, tuples as lists."""
    document: dict[str, Any] = _plain(asdict(item))
    return document


def service(document: Document) -> Service:
    """Read a service; raises KeyError or TypeError where the document is no service."""
    return Service(
        **{
            **_known(Service, document),
            "phones": tuple(Phone(**phone) for phone in document.get("phones") or ()),
            "urls": tuple(Url(**url) for url in document.get("urls") or ()),
            "schedules": tuple(_schedule(schedule) for schedule in document.get("schedules") or ()),
            "service_areas": tuple(document.get("service_areas") or ()),
            "languages": tuple(document.get("languages") or ()),
            "unconfirmed": tuple(document.get("unconfirmed") or ()),
            "assured_date": _date(document.get("assured_date")),
        }
    )


def topic(document: Document) -> Topic:
    """Read which services a topic offers."""
    return Topic(**{**_known(Topic, document), "services": tuple(document["services"])})


def route(document: Document) -> Route:
    """Read a rule for referrals."""
    return Route(**_known(Route, document))


def place(document: Document) -> Place:
    """Read a place."""
    return _with_tuples(Place, document)


def outcode(document: Document) -> Outcode:
    """Read the first half of a postcode."""
    return _with_tuples(Outcode, document)


def sector(document: Document) -> Sector:
    """Read an outcode with its next digit."""
    return _with_tuples(Sector, document)


def district(document: Document) -> District:
    """Read a district."""
    return _with_tuples(District, document)


def outreach_area(document: Document) -> OutreachArea:
    """Read an outreach area."""
    return OutreachArea(**_known(OutreachArea, document))


def area(document: Document) -> Area:
    """Read an area that services name."""
    return Area(**_known(Area, document))


def _with_tuples(kind: type[T], document: Document) -> T:
    values = {
        name: tuple(tuple(each) if isinstance(each, list) else each for each in value)
        if isinstance(value, (list, tuple))
        else value
        for name, value in _known(kind, document).items()
    }
    return kind(**values)


def _schedule(document: Document) -> Schedule:
    valid_from, valid_to = _date(document.get("valid_from")), _date(document.get("valid_to"))
    return Schedule(**{**_known(Schedule, document), "valid_from": valid_from, "valid_to": valid_to})


def _known(kind: type[Any], document: Document) -> dict[str, Any]:
    """Leave out what this version does not know, so that an older process can read a newer row."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def _date(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
