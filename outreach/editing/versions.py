"""A version of a service: what it says, who wrote it, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

Document = Mapping[str, Any]


class State(str, Enum):
    """How far a version has come."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"

    @property
    def words(self) -> str:
        """The state as staff read it."""
        return _STATES[self]


class Action(str, Enum):
    """How a version came about."""

    IMPORTED = "imported"
    EDITED = "edited"
    ASSURED = "assured"
    WITHDRAWN = "withdrawn"
    ROLLED_BACK = "rolled_back"
    TAKEN_IN = "taken_in"

    @property
    def words(self) -> str:
        """What happened, as staff read it."""
        return _ACTIONS[self]


_STATES = {
    State.DRAFT: "Draft",
    State.IN_REVIEW: "Waiting for a second person",
    State.SCHEDULED: "Approved, to be published later",
    State.PUBLISHED: "What people see now",
    State.SUPERSEDED: "Replaced by a later version",
    State.REJECTED: "Not used",
}
_ACTIONS = {
    Action.IMPORTED: "Came from the product's files",
    Action.EDITED: "Changed",
    Action.ASSURED: "Checked with the service",
    Action.WITHDRAWN: "Withdrawn from the public list",
    Action.ROLLED_BACK: "Went back to an earlier version",
    Action.TAKEN_IN: "Brought in from a file",
}
OPEN = (State.DRAFT, State.IN_REVIEW, State.SCHEDULED)
# Who made what nobody on the staff made.
FILES = "files"


@dataclass(frozen=True)
class Version:
    """One version of a service. Its document never changes once others have seen it; its state does.

    `made_from` is the number of the version that its author had before them. `authors` are the staff ids of everybody
    whose changes since the last published version are in it: none of them can be its second person. `approved_against` is
    what was public when it was approved. Times are aware, in UTC.
    """

    service_id: str
    number: int
    document: Document
    state: State
    action: Action
    made_by: str
    made_by_name: str
    made_at: datetime
    note: str = ""
    made_from: int | None = None
    authors: tuple[str, ...] = ()
    reviewed_by: str | None = None
    reviewed_by_name: str | None = None
    reviewed_at: datetime | None = None
    review_note: str = ""
    publish_at: datetime | None = None
    approved_against: int | None = None
    published_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in OPEN

    @property
    def was_public(self) -> bool:
        """Whether people ever saw it."""
        return self.published_at is not None

    @property
    def name(self) -> str:
        """The service's name in this version."""
        return str(self.document["name"])


@dataclass(frozen=True)
class Entry:
    """A service as staff see it: what is public, what is being worked on, and everything before, latest first."""

    service_id: str
    versions: Sequence[Version]

    @property
    def live(self) -> Version | None:
        """What the assistant reads now; None for a service that was never published."""
        return next((each for each in self.versions if each.state is State.PUBLISHED), None)

    @property
    def pending(self) -> Version | None:
        """The draft, or what waits for a second person or for its time."""
        return next((each for each in self.versions if each.is_open), None)

    @property
    def head(self) -> Version:
        """What somebody who edits starts from."""
        return self.pending or self.live or self.versions[0]

    @property
    def name(self) -> str:
        """Its name."""
        return (self.live or self.versions[0]).name

    def version(self, number: int) -> Version | None:
        """Give a version by its number."""
        return next((each for each in self.versions if each.number == number), None)


class Change(Protocol):
    """One transaction on versions. What was read in it is still so when it writes."""

    @property
    def connection(self) -> Any:
        """What the audit writes through, so that it is in the same transaction."""

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first."""

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""

    def add(self, version: Version) -> None:
        """Keep a new version."""

    def update(self, version: Version) -> None:
        """Keep a version's new state."""

    def put_live(self, service_id: str, document: Document, at: datetime) -> None:
        """Let the assistant read this from its next answer on."""

    def due(self, at: datetime) -> list[Version]:
        """Give the scheduled versions whose time has come."""

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""


class VersionStore(Protocol):
    """Where versions are kept."""

    def changing(self) -> AbstractContextManager[Change]:
        """Give a transaction, kept at its end unless something is raised in it."""

    def versions(self, service_id: str) -> list[Version]:
        """Give every version of a service, latest first, without writing."""

    def live(self, service_id: str) -> Document | None:
        """Give what the assistant reads now."""

    def anything_due(self, at: datetime) -> bool:
        """Tell whether a scheduled version's time has come."""

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
