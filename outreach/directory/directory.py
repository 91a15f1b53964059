"""The directory: which services there are for a topic and an area, and what may be said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from outreach.clock import utc_now
from outreach.directory.publishing import Freshness, PublishedService, publish
from outreach.model import Area, Route, Service, Topic
from outreach.model.service import PERPETRATOR

LIMIT = 5


class DirectoryRepository(Protocol):
    """Where the directory is kept."""

    def as_it_is(self) -> DirectoryRepository:
        """Give the directory to read one answer from. Whoever keeps it in memory looks here whether it has changed."""

    def service(self, service_id: str) -> Service | None:
        """Give a service as staff see it."""

    def services(self, service_ids: Sequence[str]) -> dict[str, Service]:
        """Give several services by id; those that do not exist are left out."""

    def topic(self, key: str) -> Topic | None:
        """Give which services a topic offers."""

    def areas(self) -> Mapping[str, Area]:
        """Give the areas that services name beyond a district."""

    def district_names(self) -> frozenset[str]:
        """Give the names of the county's districts."""

    def routes(self) -> tuple[Route, ...]:
        """Give the rules for referrals, in their order."""


class Directory:
    """What the assistant may say about services. Each answer is of the moment: a change by staff is in the next reply."""

    def __init__(
        self,
        repository: DirectoryRepository,
        show_unchecked: bool,
        clock: Callable[[], datetime] = utc_now,
        freshness: Freshness | None = None,
    ) -> None:
        """`clock` gives the present as an aware datetime; without `show_unchecked` only what staff have checked is shown.

        `freshness` says when a check is too long ago, and what then; without it none ever is.
        """
        self._freshness = freshness
        self._repository = repository
        self._show_unchecked = show_unchecked
        self._clock = clock

    def now(self) -> datetime:
        """The present, as this directory sees it."""
        return self._clock()

    def service(self, service_id: str) -> PublishedService | None:
        """Give a service, or None where there is none that may be shown."""
        return self.shown(self._repository.service(service_id))

    def shown(self, service: Service | None) -> PublishedService | None:
        """Give what the assistant may say of a service as things are, or None where it may say nothing."""
        return publish(service, self._show_unchecked, self._freshness, self._clock().date())

    def signposts(self, topic: str, district: str | None = None, limit: int = LIMIT) -> list[PublishedService]:
        """Give the services to offer for a topic, best first, five at most.

        `district` is one of the county's districts, or what lies outside it ("Harlow (Essex)"), or None where it is not
        known: then services of single districts are left out, unless the topic promises local ones.
        """
        rows = self._repository.as_it_is()
        found = rows.topic(topic)
        return self._offered(rows, found, district)[: max(0, limit)] if found else []

    def offered(self, topic: Topic, district: str | None = None) -> list[PublishedService]:
        """Give what is offered with this list of services, best first, five at most, as `signposts` does."""
        return self._offered(self._repository.as_it_is(), topic, district)

    def _offered(self, rows: DirectoryRepository, topic: Topic, district: str | None) -> list[PublishedService]:
        reach = _Reach(rows.areas(), rows.district_names(), topic, district)
        services = rows.services(topic.services)
        # Whatever becomes of a list or of a service: help for people who harm is never shown to people who are hurt.
        apart = (each for each in (services.get(service_id) for service_id in topic.services)
                 if each is not None and (each.kind == PERPETRATOR) == topic.for_people_who_harm)
        offered = (self.shown(service) for service in apart)
        return [service for service in offered if service is not None and reach.covers(service.areas)][:LIMIT]

    def districts(self) -> frozenset[str]:
        """Give the names of the county's districts."""
        return self._repository.district_names()

    def phone(self, service_id: str) -> str | None:
        """Give the number to ring for a service, as it is written, or None where none may be shown."""
        service = self.service(service_id)
        return service.phone if service else None

    def name(self, service_id: str) -> str | None:
        """Give a service's name, or None where it may not be shown."""
        service = self.service(service_id)
        return service.name if service else None

    def hours_sentence(self, service_id: str) -> str:
        """Say whether a service is open, as "It is open now, until 9pm."; empty where that is not known."""
        service = self.service(service_id)
        return service.opening(self._clock()).sentence if service else ""


class _Reach:
    """Whether a service's areas reach somebody."""

    def __init__(self, areas: Mapping[str, Area], districts: frozenset[str], topic: Topic, district: str | None) -> None:
        self._areas = areas
        self._districts = districts
        self._district = district
        self._local_anyway = topic.local_without_district and district is None

    def covers(self, areas: Sequence[str]) -> bool:
        """Tell whether one of the areas is where the person is."""
        return any(self._covers(area) for area in areas)

    def _covers(self, area: str) -> bool:
        if area in self._districts:
            return area == self._district or self._local_anyway
        known = self._areas.get(area)
        if known is None:
            return False
        if known.reach == "county":
            return self._district is None or self._district in self._districts
        return known.reach == "everyone" or self._elsewhere(area)

    def _elsewhere(self, area: str) -> bool:
        if self._district is None:
            return False
        return self._district == area or self._district.endswith(f"({area})")
