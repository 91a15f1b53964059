"""Finding services for staff: by words, number, area, kind and status, as quick with 100,000 as with a hundred.

Each service has a few terms: the words of its names, the digits of its numbers, its areas, kind and status. A term's rows
lie in the order in which the list shows them, so that a page of it is read, never a whole table. Whoever writes to the table
`service` calls `index`; `fill` finds those that nobody indexed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters import database
from outreach.directory.numbers import digits
from outreach.directory.publishing import EVERYTHING
from outreach.exchange import ids
from outreach.model.service import ACTIVE, HOLD

# Compared by their bytes everywhere, so that what begins alike lies together in every database.
_PLAIN = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")

service_term = sa.Table(
    "service_term",
    database.metadata,
    sa.Column("term", _PLAIN, primary_key=True),
    sa.Column("sort", _PLAIN, primary_key=True),
    sa.Column("service_id", sa.String(120), primary_key=True),
    sa.Index("ix_service_term_service", "service_id", "term"),
)
EVERY = "*"
# Of what the public may see at all; whether it was checked, and when, is asked besides.
SHOWN = "shown"
PAGE = 25
# Counted no further than this: "more than 1,000" says enough, and counting all of 100,000 takes longer than the page.
COUNTED = 1000
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\+?[\d ()-]*\d[\d ()-]*")
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for. `text` holds words, or a phone number in any spelling; empty fields don't narrow it."""

    text: str = ""
    area: str = ""
    kind: str = ""
    status: str = ""


@dataclass(frozen=True)
class Found:
    """A service in a list. `document` is what is public now."""

    id: str
    name: str
    kind: str
    status: str
    assured_date: date | None
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """Part of what was found.

    `total` is at most COUNTED + 1, which says that there are more than COUNTED; None where there are many and to count them
    would take too long.
    """

    services: list[Found]
    total: int | None
    number: int
    has_next: bool


class ServiceSearch:
    """Lists of services for staff."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, wanted: Wanted, page: int = 1) -> Page:
        """Give a page of what fits, by name; the first page is 1."""
        with self._engine.connect() as connection:
            parts = sorted(
                (_Part(term, _count(connection, term)) for term in _terms_wanted(wanted)), key=lambda part: part.count
            )
            ids, total = _walk(connection, parts, page)
            return Page(_found(connection, ids[:PAGE]), total, page, len(ids) > PAGE)

    def due(self, before: date, page: int = 1) -> Page:
        """Give what people see and was last checked before a day, the oldest first."""
        table = database.service
        return self._list(sa.and_(table.c.status == ACTIVE, table.c.assured_date < before), page)

    def never_checked(self, page: int = 1) -> Page:
        """Give what people see and nobody has checked."""
        table = database.service
        return self._list(sa.and_(table.c.status == ACTIVE, table.c.assured_date.is_(None)), page)

    def on_hold(self, page: int = 1) -> Page:
        """Give what nobody sees."""
        return self._list(database.service.c.status == HOLD, page)

    def _list(self, where: Any, page: int) -> Page:
        table = database.service
        some = sa.select(table.c.key).where(where).order_by(table.c.assured_date, table.c.key)
        with self._engine.connect() as connection:
            total = _counted(connection, sa.select(table.c.key).where(where))
            ids = [row.key for row in connection.execute(some.offset(PAGE * (page - 1)).limit(PAGE + 1))]
            return Page(_found(connection, ids[:PAGE]), total, page, len(ids) > PAGE)


@dataclass(frozen=True)
class _Term:
    """A term, or everything that begins with it."""

    text: str
    prefix: bool = False

    def fits(self, column: Any) -> Any:
        return sa.and_(column >= self.text, column < self.text + _LAST) if self.prefix else column == self.text


@dataclass(frozen=True)
class _Part:
    term: _Term
    count: int


def index(connection: Connection, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Let services be found by what their documents say now."""
    if not documents:
        return
    keys = list(documents)
    for start in range(0, len(keys), 500):
        connection.execute(sa.delete(service_term).where(service_term.c.service_id.in_(keys[start : start + 500])))
    rows = [
        {"term": term, "sort": _sort(document), "service_id": key}
        for key, document in documents.items()
        for term in sorted(_terms_of(key, document))
    ]
    connection.execute(sa.insert(service_term), rows)


def fill(connection: Connection) -> int:
    """Index the services that nobody has; gives how many."""
    table = database.service
    known = sa.select(service_term.c.service_id).where(service_term.c.service_id == table.c.key, service_term.c.term == EVERY)
    missing = connection.execute(sa.select(table.c.key, table.c.document).where(~known.exists())).all()
    index(connection, {row.key: row.document for row in missing})
    return len(missing)


def _terms_of(key: str, document: Mapping[str, Any]) -> set[str]:
    named = (document["name"], document["organization"], "" if key.startswith(ids.FOREIGN) else key)
    words = {word for name in named for word in _words(str(name or ""))}
    shown = document["status"] == ACTIVE and EVERYTHING not in (document.get("unconfirmed") or ())
    return {
        EVERY,
        *([SHOWN] if shown else []),
        f"uuid:{ids.service_uuid(key)}",
        f"kind:{document['kind']}",
        f"status:{document['status']}",
        *(f"area:{area}"[:120] for area in document.get("service_areas") or ()),
        *(f"={word}"[:120] for word in words),
        *(f"#{digits(phone['number'])}"[:120] for phone in document.get("phones") or ()),
    }


def _terms_wanted(wanted: Wanted) -> list[_Term]:
    exact = (("area", wanted.area), ("kind", wanted.kind), ("status", wanted.status))
    terms = [_Term(f"{name}:{value}"[:120]) for name, value in exact if value]
    text = wanted.text.strip()
    if _NUMBER.fullmatch(text) and len(digits(text)) >= 3:
        terms.append(_Term(f"#{digits(text)}"[:100], prefix=True))
    else:
        terms += [_Term(f"={word}"[:100], prefix=True) for word in dict.fromkeys(_words(text))][:8]
    return terms or [_Term(EVERY)]


def _walk(connection: Connection, parts: list[_Part], page: int) -> tuple[list[str], int | None]:
    """Give the ids of a page and one more, and how many there are where that is soon known.

    The rarest term leads. Where it is rare, all of it is looked at. Where even that is common, the list is walked by name and
    each service asked for the other terms, which finds enough for a page soon; to count on would take longer than the page.
    """
    lead, others = parts[0], parts[1:]
    start, end = PAGE * (page - 1), PAGE * page + 1
    if lead.count <= COUNTED:
        found = connection.execute(_some(lead.term, others)).all()
        return [row.service_id for row in found[start:end]], len(found)
    total = COUNTED + 1 if not others and not lead.term.prefix else None
    some = _some(_Term(EVERY), parts) if lead.term.prefix else _some(lead.term, others)
    return [row.service_id for row in connection.execute(some.offset(start).limit(end - start))], total


def _some(lead: _Term, others: Iterable[_Part]) -> Any:
    """What has the leading term and the others, in the order of the list."""
    first = service_term.alias()
    fits = [lead.fits(first.c.term), *(_has(first, part.term) for part in others)]
    found = sa.select(first.c.sort, first.c.service_id).where(*fits).order_by(first.c.sort, first.c.service_id)
    return found.distinct() if lead.prefix else found


def _has(first: Any, term: _Term) -> Any:
    other = service_term.alias()
    return sa.select(other.c.service_id).where(other.c.service_id == first.c.service_id, term.fits(other.c.term)).exists()


def _count(connection: Connection, term: _Term) -> int:
    return _counted(connection, sa.select(service_term.c.service_id).where(term.fits(service_term.c.term)))


def _counted(connection: Connection, some: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.limit(COUNTED + 1).subquery())).scalar() or 0)


def _found(connection: Connection, ids: list[str]) -> list[Found]:
    table = database.service
    columns = (table.c.key, table.c.name, table.c.kind, table.c.status, table.c.assured_date, table.c.document)
    rows = {row.key: row for row in connection.execute(sa.select(*columns).where(table.c.key.in_(ids)))}
    return [
        Found(row.key, row.name, row.kind, row.status, row.assured_date, row.document) for key in ids if (row := rows.get(key))
    ]


def _sort(document: Mapping[str, Any]) -> str:
    return " ".join(_words(str(document["name"])))[:120]


def _words(text: str) -> Iterable[str]:
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "").replace("'", ""))
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))
