"""What bringing a file in would do: nothing is changed by looking."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from outreach.directory.numbers import digits
from outreach.editing.checking import checked
from outreach.editing.errors import Mistakes
from outreach.editing.rules import sensitive
from outreach.editing.words import Difference, differences
from outreach.exchange import csv_files, ids, json_files
from outreach.exchange.entries import MOST_FINDINGS, BadFileError, Entry, Finding, bad, in_words

Document = Mapping[str, Any]
JSON, CSV = "json", "csv"
READERS = {JSON: json_files.read, CSV: csv_files.read}
MOST_SERVICES = 10_000
# By what a part of a service is known again where a file gives only some of it.
KNOWN_BY: Mapping[str, Callable[[Document], object]] = {
    "phones": lambda part: (digits(str(part.get("number") or "")), part.get("kind") or "voice"),
    "urls": lambda part: part.get("url"),
    "schedules": lambda part: tuple(part.get(name) for name in ("rrule", "opens", "closes", "description")),
}


class Current(Protocol):
    """The directory as it is."""

    def documents(self, service_ids: Sequence[str]) -> Mapping[str, Document]:
        """Give services as staff have them, by id; those that do not exist are left out."""

    def ids(self) -> Collection[str]:
        """Give the id of every service."""

    def areas(self) -> Collection[str]:
        """Give the names of the areas that a service may name."""


@dataclass(frozen=True)
class Change:
    """One service that would be added or changed. `because` is why a second person must look at it, empty where none must."""

    where: str
    service_id: str
    before: Document | None
    after: Document
    because: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The service's name."""
        return str(self.after["name"])

    @property
    def is_new(self) -> bool:
        """Whether there is no such service yet."""
        return self.before is None

    @property
    def differences(self) -> list[Difference]:
        """What changes, in words; of a new service, all that it says."""
        return differences(self.before, self.after)


@dataclass(frozen=True)
class Plan:
    """What a file would do. `digest` is the file's SHA-256: the file itself is not kept."""

    format: str
    digest: str
    changes: tuple[Change, ...]
    unchanged: int

    @property
    def added(self) -> int:
        """How many services are new."""
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """How many services would change."""
        return len(self.changes) - self.added

    @property
    def because(self) -> tuple[str, ...]:
        """What a second person has to look at, in words; empty where nobody has to."""
        return tuple(dict.fromkeys(reason for change in self.changes for reason in change.because))


def format_of(filename: str, data: bytes) -> str:
    """Tell whether a file is JSON or CSV, by its name or else by how it begins."""
    for name in (JSON, CSV):
        if filename.lower().endswith(f".{name}"):
            return name
    return JSON if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else CSV


def make(
    data: bytes, format: str, kind: str, current: Current, went_on: Callable[[int, int], None] = lambda done, total: None
) -> Plan:
    """Read a file, check all of it and compare it with the directory. Raises `BadFileError` with everything that is wrong.

    `went_on` is told how many entries of how many are done.
    """
    total, entries = READERS[format](data, kind)
    if total > MOST_SERVICES:
        raise bad(f"The file has {total:,} services; {MOST_SERVICES:,} at most can be brought in at once. Divide it.")
    listed, findings = _all(entries, lambda done: went_on(done, 2 * total))
    listed = _with_our_names(listed, current)
    live = current.documents([entry.service_id for entry in listed])
    areas = frozenset(current.areas())
    changes, unchanged, seen = [], 0, dict[str, str]()
    for done, entry in enumerate(listed, start=1):
        first = seen.setdefault(entry.service_id, entry.where)
        if first != entry.where:
            findings.append(Finding(entry.where, "id", f"the same service stands at {first} already", entry.name))
        try:
            change = _change(entry, live.get(entry.service_id), areas)
            unchanged += change is None
            changes += [change] if change else []
        except Mistakes as error:
            findings += [Finding(entry.where, in_words(each.field), each.message, entry.name) for each in error.mistakes]
        went_on(total + done, 2 * total)
    if findings:
        raise BadFileError(findings[:MOST_FINDINGS])
    return Plan(format, hashlib.sha256(data).hexdigest(), tuple(changes), unchanged)


def _all(entries: Iterator[Entry], went_on: Callable[[int], None]) -> tuple[list[Entry], list[Finding]]:
    """Every entry that can be read, and what is wrong with the others: all of it is said at once."""
    listed: list[Entry] = []
    try:
        for entry in entries:
            listed.append(entry)
            went_on(len(listed))
    except BadFileError as error:
        return listed, list(error.findings)
    return listed, []


def _with_our_names(entries: list[Entry], current: Current) -> list[Entry]:
    """A UUID from elsewhere may be one that we gave out: then it means our service."""
    if not any(entry.service_id.startswith(ids.FOREIGN) for entry in entries):
        return entries
    ours = {ids.service_uuid(name): name for name in current.ids()}
    found = []
    for entry in entries:
        name = ours.get(ids.service_uuid(entry.service_id), entry.service_id)
        given = {**entry.given, **({"id": name} if "id" in entry.given else {})}
        found.append(Entry(entry.where, name, entry.name, given, entry.notes, entry.otherwise))
    return found


def _change(entry: Entry, live: Document | None, areas: Collection[str]) -> Change | None:
    """What an entry would do, or None where the directory says the same already. Raises `Mistakes`."""
    merged = {**(live if live is not None else entry.otherwise), **entry.given, "id": entry.service_id}
    for name, known_by in KNOWN_BY.items():
        if live is not None and entry.given.get(name):
            ours = {known_by(part): part for part in live.get(name) or ()}
            merged[name] = [{**ours.get(known_by(part), {}), **part} for part in entry.given[name]]
    after = checked(merged, live, areas)
    if live is not None and after == dict(live):
        return None
    return Change(entry.where, entry.service_id, live, after, tuple(sensitive(live, after)), entry.notes)
