"""What the standard has no word for (is a number free, does it show on a bill), as HSDS attributes.

An attribute is written only where the standard's own fields, read back, would not give what the directory has. So nothing is
lost, and an ordinary entry has few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

from outreach.exchange import ids

FIELDS = "Fields of the outreach directory"
KINDS = "Kinds of help"
NAMES = {
    "on_bill": "Shows on the phone bill",
    "confirmed": "Somebody has made sure of it",
    "unconfirmed": "Nobody has made sure of this field",
    "bank_holidays": "On bank holidays",
    "staff_notes": "Notes for staff",
    "slug": "The directory's short name",
    "profile": "Whether everything is here, or what the public may see",
}
T = TypeVar("T")
Values = dict[str, list[str]]


class BadValueError(ValueError):
    """An attribute that cannot be read. `field` is ours; the message is for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def attribute(owner: str, entity: str, field: str, value: str, position: int = 0) -> dict[str, Any]:
    """Give an attribute that holds one of our fields; `owner` is the UUID of the `entity` (a table of HSDS) it belongs to."""
    term = ids.made("field", field)
    name = NAMES.get(field, field.replace("_", " ").capitalize())
    return {
        "id": ids.made(owner, field, position),
        "link_id": owner,
        "link_entity": entity,
        "taxonomy_term_id": term,
        "label": name,
        "value": value,
        "taxonomy_term": {"id": term, "code": field, "name": name, "description": name, "taxonomy": FIELDS},
    }


def kind_attribute(owner: str, kind: str) -> dict[str, Any]:
    """Give the attribute that says what kind of help a service is."""
    term, name = ids.made("kind", kind), kind.capitalize()
    return {
        "id": ids.made(owner, "kind"),
        "link_id": owner,
        "link_entity": "service",
        "taxonomy_term_id": term,
        "label": "Kind of help",
        "taxonomy_term": {"id": term, "code": kind, "name": name, "description": name, "taxonomy": KINDS},
    }


def differing(owner: str, entity: str, item: Any, read_back: Any, leave: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Give attributes for every field in which an item differs from what the standard's fields alone would give."""
    found = []
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in leave or value == getattr(read_back, field.name):
            continue
        each = value if isinstance(value, tuple) else (value,)
        found += [attribute(owner, entity, field.name, _text(one), number) for number, one in enumerate(each)]
    return found


def values(document: Mapping[str, Any]) -> Values:
    """Give the values of our attributes in a document, by field; other attributes are not ours to read."""
    found: Values = {}
    for each in document.get("attributes") or ():
        code = (each.get("taxonomy_term") or {}).get("code") or ""
        if each.get("taxonomy_term_id") == ids.made("field", code):
            found.setdefault(code, []).append(each.get("value") or "")
    return found


def kind(document: Mapping[str, Any]) -> str | None:
    """Give the kind of help that a service's attributes name."""
    for each in document.get("attributes") or ():
        code = (each.get("taxonomy_term") or {}).get("code") or ""
        if each.get("taxonomy_term_id") == ids.made("kind", code):
            return str(code)
    return None


def restored(item: T, given: Values, written: Callable[[T], object]) -> T:
    """Give the item with what its attributes say.

    An attribute counts only while the standard's own fields still say the same (`written` gives them): whoever changed the
    opening time in the file meant it, whatever the attribute beside it remembers. Raises `BadValueError`.
    """
    standard = written(item)
    for field in fields(item):  # type: ignore[arg-type]
        if field.name not in given:
            continue
        changed = replace(item, **{field.name: _value(field.name, str(field.type), given[field.name])})  # type: ignore[type-var]
        if written(changed) == standard:
            item = changed
    return item


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(name: str, annotation: str, given: list[str]) -> Any:
    if annotation.startswith("tuple"):
        return tuple(each for each in given if each)
    text = given[0]
    if "bool" in annotation:
        known = {"true": True, "false": False, **({"": None} if "None" in annotation else {})}
        if text not in known:
            raise BadValueError(name, "true or false is wanted")
        return known[text]
    if "date" in annotation:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise BadValueError(name, "a date is wanted, as 2026-11-21") from None
    return text or (None if "None" in annotation else "")
