"""Which services each answer offers, and in which order, as staff change it. A change is in the assistant's next answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.editing.errors import EditingError, Mistake, Mistakes, NotAllowed, NothingChanged
from outreach.model import Service, Topic
from outreach.model.service import PERPETRATOR
from outreach.staff import Role, Staff
from outreach.understanding.catalogue import SAFETY

# More would never be reached: an answer shows five.
MOST = 40
CHANGED = "signposting.changed"
APART = "help for people who harm never stands beside help for people who are hurt"


class NoSuchList(EditingError):
    """The assistant has no such answer."""


class ListMovedOn(EditingError):
    """Somebody else changed the list meanwhile. `theirs` is what it is now."""

    def __init__(self, theirs: Sequence[str]) -> None:
        self.theirs = tuple(theirs)
        super().__init__("Somebody else changed this list while you were working on it. Theirs is shown below.")


@dataclass(frozen=True)
class Earlier:
    """A list as it was before somebody changed it. `number` is the change's number in the audit."""

    number: int
    changed_at: datetime
    by: str
    services: tuple[str, ...]


class Change(Protocol):
    """A transaction that is going to change lists."""

    connection: Any

    def topic(self, key: str) -> Topic | None:
        """Give a list as it is now."""

    def put(self, topic: Topic, at: datetime) -> None:
        """Let the assistant offer this from its next answer on."""


class Lists(Protocol):
    """Where the lists are kept."""

    def all(self) -> Sequence[Topic]:
        """Give every list, in the order of the answers."""

    def services(self, ids: Sequence[str]) -> Mapping[str, Service]:
        """Give services by id; those that do not exist are left out."""

    def changing(self) -> AbstractContextManager[Change]:
        """Begin a transaction; it ends with the block, and is undone by an exception."""

    def earlier(self, key: str) -> Sequence[Earlier]:
        """Give what a list was before, the latest change first."""


class Offers(Protocol):
    """What people come to see: `outreach.directory.Directory`."""

    def offered(self, topic: Topic, district: str | None = None) -> Sequence[object]:
        """Give the services that somebody in a district is shown."""

    def districts(self) -> Iterable[str]:
        """Give the county's districts."""


class Signposting:
    """What staff can do with the lists."""

    def __init__(self, lists: Lists, offers: Offers, audit: Audit, clock: Callable[[], datetime] = utc_now) -> None:
        self._lists = lists
        self._offers = offers
        self._audit = audit
        self._clock = clock

    def all(self) -> list[Topic]:
        """Give every list."""
        return list(self._lists.all())

    def one(self, key: str) -> Topic:
        """Give one list. Raises `NoSuchList`."""
        found = next((topic for topic in self._lists.all() if topic.key == key), None)
        if found is None:
            raise NoSuchList("There is no such answer.")
        return found

    def services(self, ids: Sequence[str]) -> dict[str, Service]:
        """Give services as staff have them, by id; those that do not exist are left out."""
        return dict(self._lists.services(ids))

    def earlier(self, key: str) -> list[Earlier]:
        """Give what a list was before, the latest change first."""
        return list(self._lists.earlier(key))

    def change(self, by: Staff, key: str, services: Sequence[str], seen: Sequence[str]) -> None:
        """Put a list in the place of the one that was `seen`.

        Raises `NotAllowed`, `NoSuchList`, `ListMovedOn`, `NothingChanged`, or `Mistakes` with all that is wrong.
        """
        if not by.is_any_of(Role.PUBLISHER):
            raise NotAllowed("Only a publisher can change what is offered.")
        if is_fixed(key):
            raise NotAllowed("What is offered in danger is fixed.")
        with self._lists.changing() as change:
            before = change.topic(key)
            if before is None:
                raise NoSuchList("There is no such answer.")
            if tuple(seen) != before.services:
                raise ListMovedOn(before.services)
            if tuple(services) == before.services:
                raise NothingChanged
            after = replace(before, services=tuple(services))
            mistakes = [*_mistakes(after, self._lists.services(services)), *self._left_alone(before, after)]
            if mistakes:
                raise Mistakes(mistakes)
            change.put(after, self._clock())
            kept = {"services": list(before.services)}, {"services": list(after.services)}
            self._audit.record(by.id, CHANGED, key, *kept, connection=change.connection)

    def _left_alone(self, before: Topic, after: Topic) -> Iterator[Mistake]:
        """Nobody who was offered something may be left with nothing."""
        for district in (None, *sorted(self._offers.districts())):
            if self._offers.offered(before, district) and not self._offers.offered(after, district):
                where = f"somebody in {district}" if district else "somebody who has not said where they live"
                yield Mistake("services", f"{where} would be offered nothing: keep one that reaches them")
                return


def is_fixed(key: str) -> bool:
    """Whether staff can't change a list: somebody in danger gets the same help whatever is being edited."""
    return key in SAFETY


def _mistakes(topic: Topic, known: Mapping[str, Service]) -> Iterator[Mistake]:
    if not topic.services:
        yield Mistake("services", "an answer has to offer at least one service")
    if len(topic.services) > MOST:
        yield Mistake("services", f"{MOST} at most: an answer shows the first five that reach the person")
    if len(set(topic.services)) < len(topic.services):
        yield Mistake("services", "a service stands here twice")
    for service_id in topic.services:
        service = known.get(service_id)
        if service is None:
            yield Mistake("services", f"there is no service {service_id}")
        elif (service.kind == PERPETRATOR) != topic.for_people_who_harm:
            yield Mistake("services", f"{service.name}: {APART}")
