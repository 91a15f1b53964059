"""Named placeholders in wording: `{area}`, or `{phone.some-service}` out of the directory. Nothing else is replaced."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.([a-z0-9-]+))?\}")


class NothingToSay(Exception):
    """A placeholder has no value: the service is not shown, or what it stands for is not known."""


class Directory(Protocol):
    """What placeholders need of the directory."""

    def phone(self, service_id: str) -> str | None:
        """The number as it is shown, or None."""

    def hours_sentence(self, service_id: str) -> str:
        """Whether it is open, as a sentence; empty where that is not known."""

    def name(self, service_id: str) -> str | None:
        """The service's name, or None where it is not shown."""


class DirectoryValues:
    """Values of the placeholders that name a service: its phone as shown, its hours as a sentence, its name."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def of(self, kind: str, service_id: str) -> str | None:
        """The value, or None when the directory shows no such service or does not know it."""
        if kind == "phone":
            return self._directory.phone(service_id)
        if kind == "hours":
            return self._directory.hours_sentence(service_id)
        if kind == "name":
            return self._directory.name(service_id)
        return None


def names(text: str) -> list[str]:
    """The placeholders of a text as they stand between the braces, in order."""
    return [match.group(0)[1:-1] for match in PLACEHOLDER.finditer(text)]


def fill(text: str, directory: DirectoryValues, values: Mapping[str, Any]) -> str:
    """The text with every placeholder replaced. Raises `NothingToSay` for one without a value.

    An hours sentence that is not known is left out: the number is right without it.
    """

    def value(match: re.Match[str]) -> str:
        name, service_id = match.group(1), match.group(2)
        found = directory.of(name, service_id) if service_id else values.get(name)
        if found is None and name == "hours":
            return ""
        if found is None:
            raise NothingToSay(match.group(0))
        return str(found)

    return re.sub(r"[ \t]+(\n|$)", r"\1", PLACEHOLDER.sub(value, text))
