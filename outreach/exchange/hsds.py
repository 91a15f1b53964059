"""A service as HSDS 3 (Open Referral UK) has it, and back. Nothing that the directory knows is lost on the way.

| the directory | the standard |
|---|---|
| id | `id`, a UUID made from it; the short name itself is the attribute `slug` |
| organization | `organization` with name and description |
| status hold | `status` inactive; of the standard's others, inactive, defunct and temporarily closed are read as hold |
| eligibility, cost | `eligibility_description`, `fees_description` |
| accessibility | `accessibility` of a virtual location: a place is never kept |
| urls | `additional_urls`, and the first website as `url` too |
| phone kinds voice, sms, relay | `type` voice, text, textphone |
| schedules | `freq`, `byday` and so on, `opens_at`, `closes_at` |
| everything else | `attributes` (outreach/exchange/own.py) |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from outreach.exchange import ids, own, rules
from outreach.model import Phone, Schedule, Service, Url
from outreach.model.service import ACTIVE, HOLD

Document = dict[str, Any]
VERSION = "3.0"
PHONE_TYPES = {"voice": "voice", "sms": "text", "relay": "textphone"}
PHONE_KINDS = {"voice": "voice", "cell": "voice", "text": "sms", "textphone": "relay"}
URL_KINDS = ("website", "webchat")
# Written apart from the service's attributes: as objects of their own, or not to be changed by an attribute.
PARTS = ("id", "kind", "phones", "urls", "schedules")
FULL, PUBLIC = "full", "public"
NOT_PUBLIC = frozenset({"staff_notes", "source", "assurer", "unconfirmed", "email", "confirmed"})


def write(service: Service, profile: str = FULL) -> Document:
    """Give a service as the standard has it; with `PUBLIC` without what only staff may see (it must be published already)."""
    uuid = ids.service_uuid(service.id)
    leave = NOT_PUBLIC if profile == PUBLIC else frozenset()
    if profile == PUBLIC:
        service = replace(service, email=None)
    document = _plain(service)
    tables: dict[str, tuple[Phone | Url | Schedule, ...]] = {
        "phones": service.phones,
        "additional_urls": service.urls,
        "schedules": service.schedules,
    }
    for name, parts in tables.items():
        written = [_part(uuid, name, number, part, leave) for number, part in enumerate(parts)]
        if written:
            document[name] = written
    document["attributes"] = [
        own.attribute(uuid, "service", "slug", service.id),
        own.attribute(uuid, "service", "profile", profile),
        own.kind_attribute(uuid, service.kind),
        *own.differing(uuid, "service", service, _plainly_read(document, service.id), {*PARTS, *leave}),
    ]
    return document


def read(document: Mapping[str, Any], short_name: str, kind: str) -> Service:
    """Read a service whose document has been checked against the schema. Raises `own.BadValueError`."""
    service = replace(_plainly_read(document, short_name), kind=own.kind(document) or kind)
    service = own.restored(service, own.values(document), lambda each: _plain(each))
    return replace(
        service,
        phones=tuple(_read_phone(each) for each in document.get("phones") or ()),
        urls=tuple(_read_urls(document)),
        schedules=tuple(_read_schedule(each) for each in document.get("schedules") or ()),
    )


def short_name(document: Mapping[str, Any]) -> str:
    """Give the directory's name for a service: its own, or one made from its UUID where it comes from elsewhere."""
    slug = next(iter(own.values(document).get("slug", ())), "")
    uuid = str(document["id"]).lower()
    return slug if slug and ids.service_uuid(slug) == uuid else ids.foreign_name(uuid)


def is_full(document: Mapping[str, Any]) -> bool:
    """Tell whether a document holds everything that the directory knows, staff's notes too."""
    return own.values(document).get("profile") == [FULL]


def _plain(service: Service) -> Document:
    """The standard's fields alone, without lists of parts that carry attributes."""
    uuid = ids.service_uuid(service.id)
    organization = ids.made("organization", service.organization)
    document: Document = {
        "id": uuid,
        "organization_id": organization,
        "organization": {"id": organization, "name": service.organization, "description": service.organization},
        "name": service.name,
        "description": service.description,
        "status": "active" if service.status == ACTIVE else "inactive",
        "alert": service.alert,
        "email": service.email,
        "url": next((each.url for each in service.urls if each.kind == "website"), None),
        "eligibility_description": service.eligibility,
        "fees_description": service.cost,
        "assured_date": service.assured_date.isoformat() if service.assured_date else None,
        "service_areas": _named(uuid, "service_areas", service.service_areas),
        "languages": _named(uuid, "languages", service.languages),
    }
    if service.accessibility:
        document["service_at_locations"] = [_virtual(uuid, service.accessibility)]
    return {name: value for name, value in document.items() if value not in (None, [])}


def _plainly_read(document: Mapping[str, Any], short_name: str) -> Service:
    assured = document.get("assured_date")
    return Service(
        id=short_name,
        organization=(document.get("organization") or {}).get("name") or "",
        name=document["name"],
        kind="",
        description=document.get("description") or "",
        status=ACTIVE if document["status"] == "active" else HOLD,
        alert=document.get("alert") or None,
        eligibility=document.get("eligibility_description") or None,
        service_areas=_names(document, "service_areas"),
        languages=_names(document, "languages"),
        accessibility=_accessibility(document),
        cost=document.get("fees_description") or None,
        email=document.get("email") or None,
        assured_date=date.fromisoformat(assured) if assured else None,
        assurer=document.get("assurer_email") or None,
    )


def _part(service: str, table: str, number: int, part: Phone | Url | Schedule, leave: frozenset[str]) -> Document:
    uuid = ids.made(service, table, number)
    if isinstance(part, Phone):
        entity, plain, back = "phone", _plain_phone(part), _plain_phone_read
    elif isinstance(part, Url):
        entity, plain, back = "url", _plain_url(part), _plain_url_read  # type: ignore[assignment]
    else:
        entity, plain, back = "schedule", _plain_schedule(part), _plain_schedule_read  # type: ignore[assignment]
    document = {"id": uuid, "service_id": service, **plain}
    attributes = own.differing(uuid, entity, part, back(document), leave)
    return {**document, "attributes": attributes} if attributes else document


def _plain_phone(phone: Phone) -> Document:
    whole = phone.extension if phone.extension and str(phone.extension).isascii() and phone.extension.isdecimal() else None
    document = {
        "number": phone.number,
        "type": PHONE_TYPES.get(phone.kind, phone.kind),
        "description": phone.description,
        "extension": int(whole) if whole and len(whole) < 16 else None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _plain_phone_read(document: Mapping[str, Any]) -> Phone:
    extension, kind = document.get("extension"), document.get("type") or "voice"
    return Phone(
        number=document["number"],
        kind=PHONE_KINDS.get(kind, kind),
        description=document.get("description") or None,
        extension=str(int(extension)) if extension is not None else None,
    )


def _read_phone(document: Mapping[str, Any]) -> Phone:
    return own.restored(_plain_phone_read(document), own.values(document), _plain_phone)


def _plain_url(url: Url) -> Document:
    return {"label": url.kind, "url": url.url}


def _plain_url_read(document: Mapping[str, Any]) -> Url:
    label = document.get("label")
    return Url(kind=label if label in URL_KINDS else "website", url=document["url"])


def _read_urls(document: Mapping[str, Any]) -> list[Url]:
    urls = [
        own.restored(_plain_url_read(each), own.values(each), _plain_url) for each in document.get("additional_urls") or ()
    ]
    first = document.get("url")
    if first and first not in [each.url for each in urls]:
        urls.insert(0, Url(kind="website", url=first))
    return urls


def _plain_schedule(schedule: Schedule) -> Document:
    document = {
        "valid_from": schedule.valid_from.isoformat() if schedule.valid_from else None,
        "valid_to": schedule.valid_to.isoformat() if schedule.valid_to else None,
        "attending_type": schedule.attending_type,
        "description": schedule.description,
        **rules.written(schedule),
    }
    return {name: value for name, value in document.items() if value is not None}


def _plain_schedule_read(document: Mapping[str, Any]) -> Schedule:
    first, last = document.get("valid_from"), document.get("valid_to")
    return Schedule(
        **rules.read(document),
        valid_from=date.fromisoformat(first) if first else None,
        valid_to=date.fromisoformat(last) if last else None,
        attending_type=document.get("attending_type") or None,
        description=document.get("description") or None,
    )


def _read_schedule(document: Mapping[str, Any]) -> Schedule:
    return own.restored(_plain_schedule_read(document), own.values(document), _plain_schedule)


def _named(service: str, table: str, names: tuple[str, ...]) -> list[Document]:
    return [{"id": ids.made(service, table, number), "service_id": service, "name": name} for number, name in enumerate(names)]


def _names(document: Mapping[str, Any], table: str) -> tuple[str, ...]:
    return tuple(each["name"] for each in document.get(table) or () if each.get("name"))


def _virtual(service: str, accessibility: str) -> Document:
    here, location = ids.made(service, "service_at_location"), ids.made(service, "location")
    described = {"id": ids.made(service, "accessibility"), "location_id": location, "description": accessibility}
    return {
        "id": here,
        "service_id": service,
        "location_id": location,
        "location": {"id": location, "location_type": "virtual", "accessibility": [described]},
    }


def _accessibility(document: Mapping[str, Any]) -> str | None:
    locations = [each.get("location") or {} for each in document.get("service_at_locations") or ()]
    words = [each.get("description") for location in locations for each in location.get("accessibility") or ()]
    return " ".join(word for word in words if word) or None
