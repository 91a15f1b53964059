"""Where a referral goes: the first rule that fits decides, and the same answers always give the same route."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from outreach.model import Route
from outreach.referrals.answers import Answers

REFER = "refer"
ANY = "any"
# Somebody's own words count as a man's where they name one and no woman, and deny nothing.
NAMES_MAN = re.compile(r"\b(?:man|male|bloke|guy|gentleman|lad|fella)\b", re.IGNORECASE)
NAMES_OTHER = re.compile(r"\b(?:woman|female|lady|girl|not|non|never|neither|nor|no|isn['’]?t)\b", re.IGNORECASE)


class NoRoute(LookupError):
    """No rule fits. The rules' file ends with one for everybody, so somebody has taken it out."""


@dataclass(frozen=True)
class Decision:
    """What happens to a request: `rule` decided. `through` is the gateway by which the team takes referrals."""

    rule: str
    action: str
    service: str
    reason: str
    through: str | None = None
    area: str | None = None

    @property
    def refers(self) -> bool:
        """Whether the person's details go to somebody. Otherwise they are only given the service."""
        return self.action == REFER

    @property
    def recipients(self) -> tuple[str, ...]:
        """The services that get the referral: the gateway, where there is one, and the team."""
        return (self.through, self.service) if self.through else (self.service,)


def decide(answers: Answers, routes: Sequence[Route], areas: Collection[str]) -> Decision:
    """Give the route: pure, the same for the same answers. `areas` are the outreach areas. Raises NoRoute."""
    area = answers.outreach_area if answers.outreach_area in areas and not answers.outside else None
    for route in routes:
        if all(_fits(name, wanted, answers, area) for name, wanted in route.when.items()):
            service = route.service_by_area.get(area or "") or route.service
            if service:
                return Decision(route.id, route.action, service, route.reason, route.through, area)
    raise NoRoute


def _fits(name: str, wanted: object, answers: Answers, area: str | None) -> bool:
    condition = CONDITIONS.get(name)
    return condition is not None and condition(wanted, answers, area)


def _gender(answers: Answers) -> str | None:
    words = answers.describes_as or ""
    return "man" if NAMES_MAN.search(words) and not NAMES_OTHER.search(words) else answers.describes_as


CONDITIONS: Mapping[str, Callable[[object, Answers, str | None], bool]] = {
    "under_16": lambda wanted, answers, _area: (answers.over_16 is False) is wanted,
    "outside_county": lambda wanted, answers, _area: answers.outside is wanted,
    "gender": lambda wanted, answers, _area: _gender(answers) == wanted,
    "outreach_area": lambda wanted, _answers, area: area is not None and wanted in (ANY, area),
}
