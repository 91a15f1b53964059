"""Checks a document against the standard's schema, and says in plain words what does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from outreach.exchange import ids
from outreach.exchange.entries import in_words

SCHEMAS = Path(__file__).resolve().parent / "schemas"
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_KINDS = {
    "string": "text", "number": "a number", "integer": "a whole number", "array": "a list", "object": "a group of named fields",
    "boolean": "true or false",
}  # fmt: skip
_FORMATS = {
    "uuid": "a UUID is wanted, as 8f6f1f0e-3d0a-5c53-9c58-0a4b6f1c7d21",
    "date": "a date is wanted, as 2026-11-21",
    "date-time": "a date with a time is wanted, as 2026-11-21T09:00:00Z",
    "time": "a time is wanted, as 09:00",
    "email": "an e-mail address is wanted",
    "uri": "a web address is wanted, as https://example.org",
}


def problems(document: Any) -> Iterator[tuple[str, str]]:
    """Give everything in which a service's document does not fit the standard, as (field in words, sentence)."""
    for error in validator().iter_errors(document):
        yield in_words(_path(error)), _sentence(error)


@lru_cache(maxsize=1)
def validator() -> Draft202012Validator:
    """The validator for a service with all that hangs on it."""
    return Draft202012Validator(schema("service"), format_checker=_formats())


def schema(name: str) -> dict[str, Any]:
    """Give one of the schemas that come with the product (`service`, `page`)."""
    read: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return read


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    tests: dict[str, Callable[[str], object]] = {
        "uuid": ids.as_uuid,
        "date": lambda text: len(text) == 10 and date.fromisoformat(text),
        "date-time": lambda text: "T" in text and datetime.fromisoformat(text.replace("Z", "+00:00")),
        "time": _TIME.fullmatch,
        "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+").fullmatch,
        "uri": re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.IGNORECASE).fullmatch,
    }
    for name, test in tests.items():
        checker.checks(name, raises=ValueError)(_for_text(test))
    return checker


def _for_text(test: Callable[[str], object]) -> Callable[[object], bool]:
    # A format says nothing about what is no text: that is for the type.
    return lambda value: bool(test(value)) if isinstance(value, str) else True


def _path(error: ValidationError) -> str:
    path = ""
    for part in error.absolute_path:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    if error.validator == "required":
        missing = next((name for name in error.validator_value if name not in error.instance), "")
        path += f".{missing}" if path else missing
    return path


def _sentence(error: ValidationError) -> str:
    wanted = error.validator_value
    if error.validator == "required":
        return "is missing"
    if error.validator == "type":
        return f"{_KINDS.get(str(wanted), str(wanted))} is wanted here, not {_kind_of(error.instance)}"
    if error.validator == "enum":
        return f"must be one of: {', '.join(str(each) for each in wanted)}"
    if error.validator == "format":
        return _FORMATS.get(str(wanted), f"does not read as {wanted}")
    return "does not fit the standard"


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a group of named fields" if isinstance(value, Mapping) else "nothing"
