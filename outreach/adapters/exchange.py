"""The directory's rows for files and for the public feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from outreach.adapters import database
from outreach.adapters.service_search import SHOWN, service_term
from outreach.exchange.feed import Row, Wanted
from outreach.model import Service, documents

# As many as any database takes in one list.
AT_ONCE = 500
ENOUGH = 1000
_LAST = "\U0010ffff"


class WholeDirectory:
    """Everything, for taking out and for comparing a file with; see `outreach.exchange.plan.Current`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def documents(self, service_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Give services as staff have them, by id; those that do not exist are left out."""
        table = database.service
        found: dict[str, Mapping[str, Any]] = {}
        with self._engine.connect() as connection:
            for some in _slices(service_ids):
                rows = connection.execute(sa.select(table.c.key, table.c.document).where(table.c.key.in_(some)))
                found.update({row.key: row.document for row in rows})
        return found

    def ids(self) -> list[str]:
        """Give the id of every service, in the order of the directory."""
        table = database.service
        with self._engine.connect() as connection:
            return list(connection.execute(sa.select(table.c.key).order_by(table.c.position, table.c.key)).scalars())

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        names = sa.union(sa.select(database.area.c.key), sa.select(database.district.c.key))
        with self._engine.connect() as connection:
            return frozenset(connection.execute(names).scalars())

    def services(self) -> Iterator[Service]:
        """Give every service as staff have it, in the order of the directory."""
        for some in _slices(self.ids()):
            found = self.documents(some)
            yield from (documents.service(found[each]) for each in some if each in found)


class FeedRows:
    """What the feed may show, found by the terms that search keeps; see `outreach.exchange.feed.Rows`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self) -> int:
        """Give the number of the content's last change."""
        with self._engine.connect() as connection:
            return int(connection.execute(sa.select(database.content_revision.c.number)).scalar() or 0)

    def count(self, wanted: Wanted) -> int:
        """Give how many services fit."""
        with self._engine.connect() as connection:
            some = _fitting(connection, wanted).subquery()
            return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar() or 0)

    def page(self, wanted: Wanted, offset: int, limit: int) -> list[Row]:
        """Give some of the services that fit, by name."""
        with self._engine.connect() as connection:
            some = _fitting(connection, wanted)
            some = some.order_by(service_term.c.sort, service_term.c.service_id).offset(offset).limit(limit)
            ids = [row.service_id for row in connection.execute(some)]
        found = {row.service.id: row for row in self.rows(ids)}
        return [found[each] for each in ids if each in found]

    def rows(self, service_ids: Iterable[str]) -> list[Row]:
        """Give services by id, whether or not they may be shown."""
        table, listed = database.service, list(service_ids)
        columns = (table.c.key, table.c.document, table.c.edited_at)
        with self._engine.connect() as connection:
            return [
                Row(documents.service(row.document), _aware(row.edited_at))
                for some in _slices(listed)
                for row in connection.execute(sa.select(*columns).where(table.c.key.in_(some)))
            ]

    def name_of(self, uuid: str) -> str | None:
        """Give the short name of the service that has this UUID."""
        wanted = sa.select(service_term.c.service_id).where(service_term.c.term == f"uuid:{uuid}")
        with self._engine.connect() as connection:
            found = connection.execute(wanted).scalar()
            return None if found is None else str(found)


def _fitting(connection: Connection, wanted: Wanted) -> Any:
    """The services that fit. The rarest word leads, so that only what it names is looked at."""
    terms = [(f"={word}"[:100], True) for word in wanted.words]
    terms += [(f"kind:{wanted.kind}"[:120], False)] if wanted.kind else []
    lead = min(terms, key=lambda term: _common(connection, *term)) if terms else (SHOWN, False)
    some = sa.select(service_term.c.sort, service_term.c.service_id).where(_fits(service_term, *lead))
    if lead[1]:  # several words of one service may begin alike
        some = some.distinct()
    for term in [(SHOWN, False), *terms]:
        if term != lead:
            some = some.where(_has(*term))
    if wanted.checked_since is not None or not wanted.unchecked:
        some = some.join(database.service, database.service.c.key == service_term.c.service_id)
        some = some.where(_checked(wanted.checked_since, wanted.unchecked))
    return some


def _common(connection: Connection, term: str, prefix: bool) -> int:
    """How common a term is, counted no further than is needed to choose."""
    some = sa.select(service_term.c.service_id).where(_fits(service_term, term, prefix)).limit(ENOUGH).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar() or 0)


def _checked(since: date | None, unchecked: bool) -> Any:
    assured = database.service.c.assured_date
    enough = assured >= since if since is not None else assured.is_not(None)
    return sa.or_(assured.is_(None), enough) if unchecked else enough


def _has(term: str, prefix: bool) -> Any:
    other = service_term.alias()
    same = other.c.service_id == service_term.c.service_id
    return sa.select(other.c.service_id).where(same, _fits(other, term, prefix)).exists()


def _fits(table: Any, term: str, prefix: bool) -> Any:
    return sa.and_(table.c.term >= term, table.c.term < term + _LAST) if prefix else table.c.term == term


def _slices(listed: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(listed), AT_ONCE):
        yield list(listed[start : start + AT_ONCE])


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=timezone.utc) if moment is not None and moment.tzinfo is None else moment
