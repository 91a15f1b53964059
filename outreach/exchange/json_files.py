"""Reads HSDS 3 / Open Referral UK JSON: a list of services, or a page of them as a feed gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from math import isfinite
from typing import Any

from outreach.exchange import hsds, own, schema
from outreach.exchange.entries import MOST_FINDINGS, BadFileError, Entry, Finding, bad, in_words, text_of
from outreach.model import Phone, Schedule, Service, Url, documents
from outreach.model.service import HOLD

# What a file from elsewhere can speak about. The rest (notes, what is confirmed, when we checked) is kept as we have it.
FROM_ELSEWHERE = {
    "name": "name", "description": "description", "organization": "organization", "status": "status", "alert": "alert",
    "eligibility_description": "eligibility", "fees_description": "cost", "email": "email", "service_areas": "service_areas",
    "languages": "languages", "phones": "phones", "url": "urls", "additional_urls": "urls", "schedules": "schedules",
    "service_at_locations": "accessibility",
}  # fmt: skip
DEEPEST = 40
ADDRESS_LEFT_OUT = "The file gives a place or an address. Addresses are never kept here, so it is left out."
CHECK_LEFT_OUT = "The file says when others checked it. Here it counts as checked only once you have."


def read(data: bytes, kind: str) -> tuple[int, Iterator[Entry]]:
    """Give how many services a file has, and its entries one by one.

    A new service that does not say what kind of help it is becomes a `kind`. Raises `BadFileError` at once where the file is
    no list of services; the entries raise it at their end for everything that is wrong in it.
    """
    listed = _services(text_of(data))
    return len(listed), _entries(listed, kind)


def _entries(listed: list[Any], kind: str) -> Iterator[Entry]:
    findings: list[Finding] = []
    for number, raw in enumerate(listed, start=1):
        where = f"Entry {number}"
        document = _without_nulls(raw)
        found = list(_problems(document, where))
        if not found:
            try:
                yield _entry(document, where, kind)
            except own.BadValueError as error:
                found = [Finding(where, in_words(error.field), str(error), document["name"])]
        findings += found
        if len(findings) >= MOST_FINDINGS:
            break
    if findings:
        raise BadFileError(findings[:MOST_FINDINGS])


def _services(text: str) -> list[Any]:
    root = _parsed(text)
    if isinstance(root, dict):
        page = root
        root = next((page[name] for name in ("contents", "services") if name in page), None)
        if isinstance(root, list) and page.get("total_pages") == 1 and page.get("total_items") not in (None, len(root)):
            said = f"The file says that it has {page['total_items']} services, but {len(root)} are in it."
            raise bad(f"{said} It may be cut off.")
    if not isinstance(root, list):
        raise bad("There is no list of services in this file. It must be a list, or hold one under “contents”.")
    if not root:
        raise bad("There is no service in this file.")
    return root


def _parsed(text: str) -> Any:
    try:
        root = json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once)
        json.dumps(root, ensure_ascii=False).encode("utf-8")  # half of a pair of characters can't be kept
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated"):
            message = "The file is cut off: it ends in the middle. Take it out or download it again."
            raise bad(message, f"Line {error.lineno}") from None
        raise bad(f"This is not good JSON, at character {error.colno}.", f"Line {error.lineno}") from None
    except UnicodeEncodeError:
        raise bad("The file holds characters that no text has. It may be damaged.") from None
    except RecursionError:
        raise bad("The file is nested too deeply to be a list of services.") from None
    except ValueError as error:
        raise bad(f"This is not good JSON: {error}.") from None
    return root


def _no_number(_: str) -> float:
    raise ValueError("a number in it is none")


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _no_number(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice in one place")
    return found


def _without_nulls(value: Any, depth: int = 0) -> Any:
    """Many feeds write null where the standard leaves the field out."""
    if depth > DEEPEST:
        raise bad("The file is nested too deeply to be a list of services.")
    if isinstance(value, dict):
        return {name: _without_nulls(each, depth + 1) for name, each in value.items() if each is not None}
    return [_without_nulls(each, depth + 1) for each in value] if isinstance(value, list) else value


def _problems(document: Any, where: str) -> Iterator[Finding]:
    name = document.get("name") if isinstance(document, Mapping) else None
    for field, message in schema.problems(document):
        yield Finding(where, field, message, name if isinstance(name, str) else "")


def _entry(document: Mapping[str, Any], where: str, kind: str) -> Entry:
    short_name = hsds.short_name(document)
    service = hsds.read(document, short_name, kind)
    whole = documents.to_document(service)
    notes = [ADDRESS_LEFT_OUT] if _has_place(document) else []
    if hsds.is_full(document):
        return Entry(where, short_name, service.name, whole, tuple(notes))
    if service.assured_date:
        notes.append(CHECK_LEFT_OUT)
    stated = _stated(document, service, whole)
    return Entry(where, short_name, service.name, stated, tuple(notes), otherwise={"kind": kind, "status": HOLD})


def _stated(document: Mapping[str, Any], service: Service, whole: Mapping[str, Any]) -> dict[str, Any]:
    """What a file that does not hold everything speaks about."""
    given = {ours: whole[ours] for theirs, ours in FROM_ELSEWHERE.items() if theirs in document}
    if own.kind(document):
        given["kind"] = whole["kind"]
    if not whole["accessibility"]:
        given.pop("accessibility", None)
    for name, parts in (("phones", service.phones), ("urls", service.urls), ("schedules", service.schedules)):
        if name in given:
            given[name] = [_unlike_default(part) for part in parts]
    return given


def _unlike_default(part: Phone | Url | Schedule) -> dict[str, Any]:
    unlike = {each.name for each in fields(part) if getattr(part, each.name) != each.default}
    wanted = {"number", "kind", "url", *unlike}
    return {name: value for name, value in documents.to_document(part).items() if name in wanted}


def _has_place(document: Mapping[str, Any]) -> bool:
    for each in document.get("service_at_locations") or ():
        location = each.get("location") or {}
        if location.get("addresses") or "latitude" in location or location.get("location_type") in ("physical", "postal"):
            return True
    return False
