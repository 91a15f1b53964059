"""What others may read of the directory: published services alone, as Open Referral UK has them, a page at a time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from typing import Protocol

from outreach.content.service_files import KINDS
from outreach.directory.publishing import Freshness, PublishedService
from outreach.exchange import exports, hsds, ids, own
from outreach.model import Service

PER_PAGE = 50
MOST_PER_PAGE = 100
MOST_WORDS = 8
# The profile that the feed follows, as its own documents name it.
PROFILE = "https://docs.openreferral.org/en/latest/hsds/"
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Wanted:
    """What is asked for. `checked_since`: those checked before are left out; `unchecked`: those never checked are in."""

    kind: str = ""
    words: tuple[str, ...] = ()
    unchecked: bool = True
    checked_since: date | None = None


@dataclass(frozen=True)
class Row:
    """A service as staff have it, and when they last changed it; None where it is as it came with the product."""

    service: Service
    edited_at: datetime | None


class Rows(Protocol):
    """Where the directory is kept."""

    def revision(self) -> int:
        """Give the number of the content's last change."""

    def count(self, wanted: Wanted) -> int:
        """Give how many services fit."""

    def page(self, wanted: Wanted, offset: int, limit: int) -> list[Row]:
        """Give some of the services that fit, by name."""

    def rows(self, service_ids: Iterable[str]) -> list[Row]:
        """Give services by id, whether or not they may be shown."""

    def name_of(self, uuid: str) -> str | None:
        """Give the short name of the service that has this UUID."""


class Publisher(Protocol):
    """What may be said of a service: `outreach.directory.directory.Directory`."""

    def now(self) -> datetime:
        """The present."""

    def shown(self, service: Service | None) -> PublishedService | None:
        """Give what may be said of a service, or None where nothing may."""


class BadQueryError(ValueError):
    """What was asked for cannot be given. The message is for whoever wrote the query."""


class Feed:
    """Pages of published services, and single ones."""

    def __init__(self, rows: Rows, directory: Publisher, show_unchecked: bool, freshness: Freshness) -> None:
        self._rows = rows
        self._directory = directory
        self._show_unchecked = show_unchecked
        self._freshness = freshness
        self._lock = Lock()
        self._counts: dict[Wanted, int] = {}
        self._counted_at: int | None = None

    def tag(self, *asked: object) -> str:
        """Give what identifies an answer: it changes with the content, and with the day, since checks grow old."""
        known = (self._rows.revision(), self._directory.now().date(), self._show_unchecked, self._freshness, *asked)
        return hashlib.sha256(repr(known).encode()).hexdigest()[:32]

    def page(self, number: int, per_page: int, term: str = "", search: str = "") -> dict[str, object]:
        """Give a page; `term` is the UUID of a kind of help, `search` words of a name. Raises `BadQueryError`."""
        if number < 1 or not 1 <= per_page <= MOST_PER_PAGE:
            raise BadQueryError(f"page is a number from 1, per_page one from 1 to {MOST_PER_PAGE}")
        wanted = self._wanted(_kind_of(term) if term else "", search)
        total = self._total(wanted)
        rows = self._rows.page(wanted, (number - 1) * per_page, per_page) if (number - 1) * per_page < total else []
        contents = [document for row in rows if (document := self._document(row)) is not None]
        return exports.page(contents, number, per_page, total)

    def service(self, name: str) -> hsds.Document | None:
        """Give a service by its UUID or short name, or None where there is none that may be shown."""
        uuid = ids.as_uuid(name)
        short_name = self._rows.name_of(uuid) if uuid else name
        rows = self._rows.rows([short_name]) if short_name else []
        return self._document(rows[0]) if rows else None

    def _document(self, row: Row) -> hsds.Document | None:
        shown = self._directory.shown(row.service)
        if shown is None:
            return None
        document = hsds.write(replace(shown.service, unconfirmed=()), hsds.PUBLIC)
        if row.edited_at:
            document["last_modified"] = row.edited_at.isoformat(timespec="seconds")
        if shown.stale:
            document["attributes"].append(own.attribute(document["id"], "service", "check_due", "true"))
        return document

    def _wanted(self, kind: str, search: str) -> Wanted:
        today = self._directory.now().date()
        since = self._freshness.last_good_day(today) if self._freshness.hide else None
        return Wanted(kind, tuple(dict.fromkeys(_WORD.findall(search.lower())))[:MOST_WORDS], self._show_unchecked, since)

    def _total(self, wanted: Wanted) -> int:
        """How many there are is counted once for every change of the content."""
        revision = self._rows.revision()
        with self._lock:
            if self._counted_at != revision or len(self._counts) > 500:
                self._counts, self._counted_at = {}, revision
            if wanted in self._counts:
                return self._counts[wanted]
        total = self._rows.count(wanted)
        with self._lock:
            if self._counted_at == revision:
                self._counts[wanted] = total
        return total


def metadata() -> dict[str, object]:
    """What the feed is, as the standard's API says it at its root."""
    return {"version": hsds.VERSION, "profile": PROFILE, "openapi_url": None}


def kinds() -> dict[str, str]:
    """Give every kind of help by the UUID of its term."""
    return {ids.made("kind", kind): kind for kind in sorted(KINDS)}


def _kind_of(term: str) -> str:
    kind = kinds().get(term.lower())
    if kind is None:
        raise BadQueryError("taxonomy_term_id is none of the terms that this feed uses")
    return kind
