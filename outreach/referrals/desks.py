"""Whose referrals are whose: each team that referrals go to has a desk, and staff work those of their own desks.

The team of an outreach area is one, and so is every other team that the rules refer to: the gateway, for example, whom a man's
referral is for. That a referral goes *through* the gateway does not make it the gateway's to read here.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from outreach.model import OutreachArea, Route
from outreach.referrals.routes import REFER
from outreach.staff import Role, Staff


@dataclass(frozen=True)
class Desk:
    """One team. `key` is what `Staff.areas` holds: an outreach area's name, or another team's service id."""

    key: str
    title: str
    team: str
    area: str | None = None
    through: str | None = None


class Desks:
    """All desks, as the rules for referrals have them now."""

    def __init__(self, desks: Iterable[Desk], reasons: Mapping[str, str]) -> None:
        """`reasons` say in words why each rule sends somebody where it does."""
        self._by_team = {desk.team: desk for desk in desks}
        self._reasons = dict(reasons)

    @classmethod
    def of(cls, routes: Sequence[Route], areas: Sequence[OutreachArea], name_of: Callable[[str], str | None]) -> Desks:
        """Out of the rules. `name_of` gives a service's name, or None where there is no such service."""
        gateways = {team: route.through for route in routes for team in route.service_by_area.values()}
        found = [Desk(area.name, area.name, area.team, area.name, gateways.get(area.team)) for area in areas]
        known = {desk.team for desk in found}
        for team in dict.fromkeys(each for route in routes if route.action == REFER for each in (route.service, route.through)):
            if team and team not in known:
                found.append(Desk(team, name_of(team) or team, team))
        return cls(found, {route.id: route.reason for route in routes})

    def all(self) -> tuple[Desk, ...]:
        """Every desk, the outreach areas first."""
        return tuple(self._by_team.values())

    def of_team(self, team: str) -> Desk:
        """A team's desk. One that the rules no longer name has a desk that nobody but managers works."""
        return self._by_team.get(team) or Desk(team, team, team)

    def reason_of(self, rule: str) -> str:
        """Why a rule sends somebody where it does; empty for a rule that there is no longer."""
        return self._reasons.get(rule, "")

    def teams_of(self, staff: Staff) -> frozenset[str] | None:
        """The teams whose referrals somebody works; None means all of them, as for a manager."""
        if staff.is_any_of(Role.MANAGER):
            return None
        if not staff.is_any_of(Role.CASEWORKER):
            return frozenset()
        return frozenset(desk.team for desk in self._by_team.values() if desk.key in staff.areas)
