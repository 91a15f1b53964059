"""Services and how to reach them, in the terms of HSDS 3 (Open Referral UK)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

HOLD = "hold"
ACTIVE = "active"
PERPETRATOR = "perpetrator"


@dataclass(frozen=True)
class Phone:
    """A number to ring or text. `on_bill` is None where nobody has made sure."""

    number: str
    kind: str = "voice"
    description: str | None = None
    extension: str | None = None
    cost: str | None = None
    on_bill: bool | None = None
    confirmed: bool = False


@dataclass(frozen=True)
class Url:
    """A web address: the service's site (`website`) or its live chat (`webchat`)."""

    kind: str
    url: str
    confirmed: bool = False


@dataclass(frozen=True)
class Schedule:
    """When a service is open: a recurrence rule with times, or, where that is not known, a sentence.

    `opens` and `closes` are wall-clock times "HH:MM"; "24:00" closes at midnight, and closing no later than opening
    means the next day. `bank_holidays`: closed, as_usual, open (the same times, whatever the weekday) or hours
    (`holiday_opens` to `holiday_closes` instead).
    """

    rrule: str | None = None
    opens: str | None = None
    closes: str | None = None
    timezone: str = "Europe/London"
    bank_holidays: str = "closed"
    holiday_opens: str | None = None
    holiday_closes: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    attending_type: str | None = None
    description: str | None = None
    confirmed: bool = False


@dataclass(frozen=True)
class Service:
    """One entry of the directory, with what only staff may see."""

    id: str
    organization: str
    name: str
    kind: str
    description: str
    status: str = HOLD
    alert: str | None = None
    eligibility: str | None = None
    service_areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    accessibility: str | None = None
    cost: str | None = None
    phones: tuple[Phone, ...] = ()
    urls: tuple[Url, ...] = ()
    email: str | None = None
    schedules: tuple[Schedule, ...] = ()
    assured_date: date | None = None
    assurer: str | None = None
    staff_notes: str | None = None
    source: str | None = None
    unconfirmed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """Which services a topic offers, in order."""

    key: str
    services: tuple[str, ...]
    local_without_district: bool = False
    for_people_who_harm: bool = False


@dataclass(frozen=True)
class Route:
    """One rule for where a referral goes. `when` holds the conditions, all of which must fit."""

    id: str
    when: Mapping[str, object]
    action: str
    reason: str
    service: str | None = None
    service_by_area: Mapping[str, str] = field(default_factory=dict)
    through: str | None = None
