"""What of a service may be shown. Nothing on hold, unconfirmed or premium-rate leaves by any other door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from outreach.directory import hours, numbers
from outreach.directory.hours import Opening
from outreach.model import Phone, Schedule, Service, Url
from outreach.model.service import ACTIVE

# Fields that may be unconfirmed, and what each is when it is left out.
HIDDEN: dict[str, Any] = {
    "service_areas": (),
    "languages": (),
    "accessibility": None,
    "cost": None,
    "phones": (),
    "email": None,
    "schedules": (),
    "eligibility": None,
}
URL_KINDS = ("website", "webchat")
EVERYTHING = "all"
UNCONFIRMABLE = frozenset({*HIDDEN, *URL_KINDS, EVERYTHING})


@dataclass(frozen=True)
class Freshness:
    """What becomes of an entry that was last checked more than `due_days` days ago: marked as such, or hidden."""

    due_days: int
    hide: bool = False

    def is_stale(self, service: Service, today: date) -> bool:
        """Tell whether it is past its time. What was never checked is not: that is said, or hidden, in a way of its own."""
        return service.assured_date is not None and service.assured_date < self.last_good_day(today)

    def last_good_day(self, today: date) -> date:
        """The earliest day on which a check still counts."""
        return today - timedelta(days=self.due_days)


@dataclass(frozen=True)
class PublishedService:
    """A service with only what may be shown of it. `stale`: its last check was too long ago, and that is said with it."""

    service: Service
    stale: bool = False

    @property
    def id(self) -> str:
        """The directory's name for it."""
        return self.service.id

    @property
    def name(self) -> str:
        """Its name, as people know it."""
        return self.service.name

    @property
    def areas(self) -> tuple[str, ...]:
        """Where it works."""
        return self.service.service_areas

    @property
    def phones(self) -> tuple[Phone, ...]:
        """Its numbers, the first one first to try."""
        return self.service.phones

    @property
    def phone(self) -> str | None:
        """The number to ring; where there is none, the number to text."""
        voice = next((phone.number for phone in self.phones if phone.kind != "sms"), None)
        return voice or next((phone.number for phone in self.phones), None)

    @property
    def website(self) -> str | None:
        """Its site."""
        return next((url.url for url in self.service.urls if url.kind == "website"), None)

    @property
    def checked(self) -> bool:
        """Whether staff have made sure of it."""
        return self.service.assured_date is not None

    def opening(self, now: datetime) -> Opening:
        """Whether its phone is open, or, where it has none, whatever it has."""
        return hours.opening(self._phone_schedules(), now)

    def as_card(self, now: datetime) -> dict[str, Any]:
        """The service as the web channel's contract has it; what is not known or not confirmed is None."""
        opening, assured = self.opening(now), self.service.assured_date
        card = {
            "id": self.id,
            "name": self.name,
            "summary": self.service.description,
            "phones": [_card_phone(phone) for phone in self.phones],
            "hours": {
                "text": opening.text,
                "usual": opening.usual,
                "open_now": opening.open_now,
                "next_change": opening.next_change.isoformat() if opening.next_change else None,
            }
            if opening.text
            else None,
            "areas": list(self.areas),
            "website": self.website,
            "last_checked": assured.isoformat() if assured else None,
        }
        return {**card, "check_due": True} if self.stale else card

    def _phone_schedules(self) -> tuple[Schedule, ...]:
        schedules = self.service.schedules
        if any(phone.kind == "voice" for phone in self.phones):
            by_phone = tuple(each for each in schedules if each.attending_type != "online")
            return by_phone or schedules
        return schedules


def publish(
    service: Service | None, show_unchecked: bool, freshness: Freshness | None = None, today: date | None = None
) -> PublishedService | None:
    """Give what may be shown of a service, or None where nothing may.

    Without `freshness` no check is ever too long ago; with it, `today` is wanted.
    """
    if service is None or service.status != ACTIVE or EVERYTHING in service.unconfirmed:
        return None
    if service.assured_date is None and not show_unchecked:
        return None
    stale = freshness is not None and today is not None and freshness.is_stale(service, today)
    if stale and freshness is not None and freshness.hide:
        return None
    hidden = {name: value for name, value in HIDDEN.items() if name in service.unconfirmed}
    shown = replace(
        service,
        **{
            "phones": tuple(_phone(phone, service) for phone in service.phones if _may_show(phone)),
            "urls": tuple(url for url in service.urls if _may_link(url, service)),
            "schedules": tuple(each for each in service.schedules if each.confirmed),
            "staff_notes": None,
            "source": None,
            "assurer": None,
            **hidden,
        },
    )
    return PublishedService(shown, stale)


def _may_show(phone: Phone) -> bool:
    # Files and the console refuse premium numbers too; this is the last door before a person sees one.
    return phone.confirmed and not numbers.is_premium(phone.number)


def _may_link(url: Url, service: Service) -> bool:
    return url.confirmed and url.kind not in service.unconfirmed


def _phone(phone: Phone, service: Service) -> Phone:
    return replace(phone, cost=None) if "cost" in service.unconfirmed else phone


def _card_phone(phone: Phone) -> dict[str, Any]:
    return {
        "number": phone.number,
        "href": numbers.href(phone.number, phone.kind),
        "kind": phone.kind,
        "description": phone.description,
        "cost": phone.cost,
        "on_bill": phone.on_bill,
    }
