"""The directory's rows as model objects. Nothing is kept in memory: a change by another process is in the next answer."""

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


class DirectoryRepository:
    """Reads services, topics, routes and places."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
        rows = self._rows(sa.select(database.content_revision.c.number))
        return int(next((row.number for row in rows), 0))

    def _all(self, table: sa.Table, read: Callable[[documents.Document], T]) -> tuple[T, ...]:
        return tuple(read(row.document) for row in self._rows(sa.select(table.c.document).order_by(table.c.position)))

    def _rows(self, query: Any) -> Iterable[Any]:
        with self._engine.connect() as connection:
            rows: list[Any] = connection.execute(query).all()
            return rows
