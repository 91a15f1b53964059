"""The directory's rows as model objects. A change by another process is in the next answer, also where rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database
from outreach.model import (
    Area,
    District,
    Outcode,
    OutreachArea,
    Place,
    Route,
    Sector,
    Service,
    Topic,
    documents,
)

T = TypeVar("T")
# Services that are kept in memory at once, far more than the lists of all topics name.
MOST_KEPT = 2000

_REVISION = sa.select(database.content_revision.c.number)


class DirectoryRepository:
    """Reads services, topics, routes and places."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def as_it_is(self) -> DirectoryRepository:
        """Give the directory to read one answer from. Here each read is a query of its own."""
        return self

    def service(self, service_id: str) -> Service | None:
        """Give a service as staff see it: ask the Directory for what may be shown."""
        return self.services([service_id]).get(service_id)

    def services(self, service_ids: Sequence[str]) -> dict[str, Service]:
        """Give several services by id, in one query; those that do not exist are left out."""
        table = database.service
        wanted = sa.select(table.c.key, table.c.document).where(table.c.key.in_(list(service_ids)))
        return {row.key: documents.service(row.document) for row in self._rows(wanted)}

    def topic(self, key: str) -> Topic | None:
        """Give which services a topic offers."""
        table = database.topic
        rows = self._rows(sa.select(table.c.document).where(table.c.key == key))
        return next((documents.topic(row.document) for row in rows), None)

    def areas(self) -> Mapping[str, Area]:
        """Give the areas that services name beyond a district, by name."""
        return {each.name: each for each in self._all(database.area, documents.area)}

    def district_names(self) -> frozenset[str]:
        """Give the names of the county's districts."""
        return frozenset(row.key for row in self._rows(sa.select(database.district.c.key)))

    def districts(self) -> tuple[District, ...]:
        """Give the county's districts."""
        return self._all(database.district, documents.district)

    def outreach_areas(self) -> tuple[OutreachArea, ...]:
        """Give the areas of the outreach service."""
        return self._all(database.outreach_area, documents.outreach_area)

    def routes(self) -> tuple[Route, ...]:
        """Give the rules for referrals, in the order in which they are tried."""
        return self._all(database.route, documents.route)

    def places(self) -> tuple[Place, ...]:
        """Give every place."""
        return self._all(database.place, documents.place)

    def outcodes(self) -> tuple[Outcode, ...]:
        """Give every first half of a postcode."""
        return self._all(database.outcode, documents.outcode)

    def sectors(self) -> tuple[Sector, ...]:
        """Give every postcode sector."""
        return self._all(database.sector, documents.sector)

    def revision(self) -> int:
        """Give the number of the content's last change: whoever keeps content reads it again when this goes up."""
        rows = self._rows(_REVISION)
        return int(next((row.number for row in rows), 0))

    def _all(self, table: sa.Table, read: Callable[[documents.Document], T]) -> tuple[T, ...]:
        return tuple(read(row.document) for row in self._rows(sa.select(table.c.document).order_by(table.c.position)))

    def _rows(self, query: Any) -> Iterable[Any]:
        with self._engine.connect() as connection:
            rows: list[Any] = connection.execute(query).all()
            return rows


class KeptDirectory(DirectoryRepository):
    """The same rows, read once for each revision of the content: an answer costs one small query and not one for each thing.

    Whoever changes content has to say so in the same transaction (`database.content_changed`): then nothing old is given.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._read = _AtRevision(engine, -1)

    def as_it_is(self) -> DirectoryRepository:
        """Give the directory as it is at this moment. Raises what SQLAlchemy raises where there is no database."""
        revision, kept = self.revision(), self._read
        if revision != kept.number:
            self._read = kept = _AtRevision(self._engine, revision)
        return kept

    def service(self, service_id: str) -> Service | None:
        """Give a service as staff see it, as it is at this moment."""
        return self.as_it_is().service(service_id)

    def district_names(self) -> frozenset[str]:
        """Give the names of the county's districts, as they are at this moment."""
        return self.as_it_is().district_names()


class _AtRevision(DirectoryRepository):
    """What was read of the directory at one revision. Rows that changed while they were read belong to a later one."""

    def __init__(self, engine: Engine, number: int) -> None:
        super().__init__(engine)
        self.number = number
        self._services: dict[str, Service | None] = {}
        self._topics: dict[str, Topic | None] = {}
        self._areas: Mapping[str, Area] | None = None
        self._districts: frozenset[str] | None = None

    def service(self, service_id: str) -> Service | None:
        return self.services([service_id]).get(service_id)

    def services(self, service_ids: Sequence[str]) -> dict[str, Service]:
        # Threads of the console share this: whoever empties it takes nothing from under another's hands.
        known = self._services
        missing = [each for each in service_ids if each not in known]
        if missing:
            if len(known) + len(missing) > MOST_KEPT:
                self._services = {}
                return super().services(service_ids)
            found = super().services(missing)
            known.update({each: found.get(each) for each in missing})
        kept = {each: known[each] for each in service_ids}
        return {each: service for each, service in kept.items() if service is not None}

    def topic(self, key: str) -> Topic | None:
        if key not in self._topics:
            self._topics[key] = super().topic(key)
        return self._topics[key]

    def areas(self) -> Mapping[str, Area]:
        if self._areas is None:
            self._areas = super().areas()
        return self._areas

    def district_names(self) -> frozenset[str]:
        if self._districts is None:
            self._districts = super().district_names()
        return self._districts
