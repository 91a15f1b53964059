"""Changing services: drafts, a second person for numbers and status, publishing, withdrawing, going back.

Whatever is done here is kept as a version and recorded in the audit, in one transaction. Nothing that was ever typed is
thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.editing.checking import checked
from outreach.editing.errors import (
    EditingError,
    Mistake,
    Mistakes,
    MovedOn,
    NeedsSecondPerson,
    NoSuchService,
    NotAllowed,
    NothingChanged,
)
from outreach.editing.rules import audited, in_order_of, same_words, sensitive, with_assurance_of
from outreach.editing.versions import FILES, Action, Change, Document, Entry, State, Version, VersionStore
from outreach.model.service import HOLD
from outreach.staff import Role, Staff

LONDON = ZoneInfo("Europe/London")
# How somebody made sure of an entry, and how that is said.
WAYS = {"phone": "by phone", "email": "by e-mail", "website": "on its website", "in_person": "in person"}
# A mistyped year would keep a correction back for ever.
LONGEST_AHEAD = timedelta(days=366)
# Who did what a background process did.
SCHEDULER = "schedule"
WENT_STALE = "The entry changed after this was approved, so it was not published. Please look again."


class ServiceEditing:
    """What staff can do with services. Every method says in an EditingError why it did nothing."""

    def __init__(self, store: VersionStore, audit: Audit, clock: Callable[[], datetime] = utc_now) -> None:
        """`clock` gives the present as an aware datetime."""
        self._store = store
        self._audit = audit
        self._clock = clock

    def entry(self, service_id: str) -> Entry:
        """Give a service with every version. Raises NoSuchService."""
        return _entry(service_id, self._store.versions(service_id), self._store.live(service_id), self._clock())[0]

    def areas(self) -> frozenset[str]:
        """Give the names of the areas that a service may name."""
        return self._store.areas()

    def create(self, by: Staff, document: Document, note: str = "") -> Version:
        """Keep the first draft of a new service. Raises Mistakes, also where its id is taken."""
        _must_be(by, Role.EDITOR, Role.PUBLISHER)
        with self._store.changing() as change:
            found = checked(document, None, change.areas())
            if change.versions(found["id"]) or change.live(found["id"]) is not None:
                raise Mistakes([Mistake("id", "there is a service with this short name already")])
            return self._draft(change, by, Entry(found["id"], []), with_assurance_of(found, None), note)

    def save(self, by: Staff, service_id: str, document: Document, made_from: int, note: str = "") -> Version:
        """Keep a new draft. `made_from` is the number of the version that its author had before them.

        Raises MovedOn where somebody else saved something meanwhile, Mistakes, NothingChanged.
        """
        _must_be(by, Role.EDITOR, Role.PUBLISHER)
        with self._store.changing() as change:
            entry = self._read(change, service_id)
            live = entry.live.document if entry.live else None
            found = with_assurance_of(checked({**document, "id": service_id}, live, change.areas()), live)
            found = in_order_of(entry.head.document, found)
            base = entry.version(made_from)
            if entry.head.number != made_from and (base is None or not same_words(base.document, entry.head.document)):
                raise MovedOn(entry.head)
            if same_words(entry.head.document, found):
                raise NothingChanged
            return self._draft(change, by, entry, found, note)

    def submit(self, by: Staff, service_id: str, number: int) -> None:
        """Ask a second person to look at a draft."""
        _must_be(by, Role.EDITOR, Role.PUBLISHER)
        with self._store.changing() as change:
            version = _pending(self._read(change, service_id), number, State.DRAFT)
            change.update(replace(version, state=State.IN_REVIEW, review_note=""))
            self._record(change, by.id, "service.submitted", version)

    def reject(self, by: Staff, service_id: str, number: int, note: str = "") -> None:
        """Put aside what is being worked on: a publisher anybody's, an author their own. It stays in the history."""
        with self._store.changing() as change:
            version = _pending(self._read(change, service_id), number)
            if by.id not in version.authors:
                _must_be(by, Role.PUBLISHER)
            change.update(self._reviewed(replace(version, publish_at=None), by, State.REJECTED, note))
            action = "service.unscheduled" if version.state is State.SCHEDULED else "service.rejected"
            self._record(change, by.id, action, version)

    def publish(self, by: Staff, service_id: str, number: int, seen_live: int | None) -> Version:
        """Make a version public at once. `seen_live` is the number of what was public when the publisher looked.

        Raises NeedsSecondPerson where numbers or status change and the publisher had a hand in it, and MovedOn where
        something else was published meanwhile.
        """
        with self._store.changing() as change:
            entry = self._read(change, service_id)
            version = self._approved(change, by, entry, number, seen_live)
            return self._make_public(change, by.id, entry, self._reviewed(version, by, State.PUBLISHED), "service.published")

    def schedule(self, by: Staff, service_id: str, number: int, seen_live: int | None, at: datetime) -> Version:
        """Approve a version now, to be made public at a time to come. Raises as `publish` does, and Mistakes for the time."""
        if at <= self._clock():
            raise Mistakes([Mistake("publish_at", "choose a time that is still to come")])
        if at > self._clock() + LONGEST_AHEAD:
            raise Mistakes([Mistake("publish_at", "choose a time within a year from now")])
        with self._store.changing() as change:
            entry = self._read(change, service_id)
            version = self._reviewed(self._approved(change, by, entry, number, seen_live), by, State.SCHEDULED)
            version = replace(version, publish_at=at, approved_against=entry.live.number if entry.live else None)
            change.update(version)
            self._record(change, by.id, "service.scheduled", version, due_at=at.isoformat())
            return version

    def publish_due(self) -> int:
        """Make public what was scheduled and whose time has come; gives how many. For a background process.

        What changed after its approval is not published: it goes back to waiting for a second person, and says why.
        """
        if not self._store.anything_due(self._clock()):
            return 0
        published = 0
        with self._store.changing() as change:
            for version in change.due(self._clock()):
                published += self._publish_when_due(change, version)
        return published

    def withdraw(self, by: Staff, service_id: str, reason: str) -> Version:
        """Take a service off the public list at once. One publisher may: a wrong number can't wait for a second person."""
        _must_be(by, Role.PUBLISHER)
        if not reason.strip():
            raise Mistakes([Mistake("reason", "say why, for whoever looks at this next")])
        with self._store.changing() as change:
            entry, live = self._read_live(change, service_id)
            if live.document["status"] == HOLD:
                raise NothingChanged
            version = self._new(entry, by, {**live.document, "status": HOLD}, Action.WITHDRAWN, reason.strip())
            return self._make_public(change, by.id, entry, version, "service.withdrawn")

    def assure(self, by: Staff, service_id: str, way: str, seen_live: int | None, note: str = "") -> Version:
        """Record that this person made sure of what is public today with the service itself; `way` is one of WAYS.

        `seen_live` is the number of what they made sure of. Raises MovedOn where something else was published meanwhile.
        """
        _must_be(by, Role.EDITOR, Role.PUBLISHER)
        if way not in WAYS:
            raise Mistakes([Mistake("way", "say how you checked")])
        with self._store.changing() as change:
            entry, live = self._read_live(change, service_id)
            _must_be_seen(entry, seen_live)
            today = self._clock().astimezone(LONDON).date().isoformat()
            document = {**live.document, "assured_date": today, "assurer": by.name}
            version = self._new(entry, by, document, Action.ASSURED, f"Checked {WAYS[way]}. {note.strip()}".strip())
            return self._make_public(change, by.id, entry, version, "service.assured", way=way)

    def roll_back(self, by: Staff, service_id: str, number: int) -> Version:
        """Go back to a version. One that people have seen before is public again at once, others become a draft.

        What would bring a withdrawn service back waits for a second person. Numbers don't: they were public before.
        """
        with self._store.changing() as change:
            entry = self._read(change, service_id)
            wanted = entry.version(number)
            if wanted is None:
                raise NoSuchService("There is no such version.")
            live = entry.live.document if entry.live else None
            found = checked(wanted.document, live, change.areas())
            if live is not None and same_words(live, found):
                raise NothingChanged
            if not wanted.was_public or (live is not None and live["status"] != found["status"]):
                return self._draft(change, by, entry, with_assurance_of(found, live), f"Version {number} again")
            _must_be(by, Role.PUBLISHER)
            version = replace(self._new(entry, by, found, Action.ROLLED_BACK, f"Back to version {number}"), made_from=number)
            return self._make_public(change, by.id, entry, version, "service.rolled_back")

    def take_in(
        self,
        by: Staff,
        confirmed_by: Staff | None,
        documents: Iterable[Document],
        note: str,
        went_on: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Make many documents public in one transaction, all or nothing; gives how many differed from what was public.

        `went_on` is told after each how many are done. Raises Mistakes (fields begin with the service's id) and, where
        numbers or status change and nobody else has confirmed, NeedsSecondPerson.
        """
        _must_be(by, Role.PUBLISHER)
        changed = 0
        with self._store.changing() as change:
            areas = change.areas()
            for done, document in enumerate(documents, 1):
                changed += self._take_in_one(change, by, confirmed_by, document, areas, note)
                went_on(done)
        return changed

    def _take_in_one(
        self, change: Change, by: Staff, confirmed_by: Staff | None, document: Document, areas: frozenset[str], note: str
    ) -> bool:
        service_id = str(document.get("id"))
        versions, live = change.versions(service_id), change.live(service_id)
        try:
            found = checked(document, live, areas)
        except Mistakes as error:
            raise Mistakes([Mistake(f"{service_id}: {each.field}", each.message) for each in error.mistakes]) from None
        if live is not None and dict(live) == found:
            return False
        because = sensitive(live, found)
        if because and (confirmed_by is None or confirmed_by.id == by.id):
            raise NeedsSecondPerson(because)
        entry = self._read(change, service_id) if versions or live is not None else Entry(service_id, [])
        version = self._new(entry, by, found, Action.TAKEN_IN, note)
        if confirmed_by is not None:
            version = self._reviewed(version, confirmed_by, State.PUBLISHED)
        self._make_public(change, by.id, entry, version, "service.published")
        return True

    def _read(self, change: Change, service_id: str) -> Entry:
        """Give the entry, with a version for what changed it from outside: an import of the files."""
        entry, outside = _entry(service_id, change.versions(service_id), change.live(service_id), self._clock())
        if outside is not None:
            for version in entry.versions:
                if version.state is State.SUPERSEDED and version.number == outside.made_from:
                    change.update(version)
            change.add(outside)
        return entry

    def _read_live(self, change: Change, service_id: str) -> tuple[Entry, Version]:
        entry = self._read(change, service_id)
        if entry.live is None:
            raise NoSuchService("This service has not been published yet.")
        return entry, entry.live

    def _draft(self, change: Change, by: Staff, entry: Entry, document: Document, note: str) -> Version:
        _must_be(by, Role.EDITOR, Role.PUBLISHER)
        version = self._new(entry, by, document, Action.EDITED, note.strip())
        before = entry.pending
        if before is not None:
            change.update(replace(before, state=State.SUPERSEDED, publish_at=None))
            version = replace(version, authors=tuple(dict.fromkeys((*before.authors, by.id))))
        version = replace(version, state=State.DRAFT, published_at=None)
        change.add(version)
        self._record(change, by.id, "service.drafted", version, against=entry.live)
        return version

    def _new(self, entry: Entry, by: Staff, document: Document, action: Action, note: str) -> Version:
        number = max((each.number for each in entry.versions), default=0) + 1
        made_from = entry.head.number if entry.versions else None
        return Version(
            entry.service_id,
            number,
            document,
            State.PUBLISHED,
            action,
            by.id,
            by.name,
            self._clock(),
            note,
            made_from,
            (by.id,),
        )

    def _approved(self, change: Change, by: Staff, entry: Entry, number: int, seen_live: int | None) -> Version:
        """Give the version as it may be published by this person, or raise why not."""
        _must_be(by, Role.PUBLISHER)
        version = _pending(entry, number)
        _must_be_seen(entry, seen_live)
        before = entry.live.document if entry.live else None
        document = with_assurance_of(checked(version.document, before, change.areas()), before)
        because = sensitive(before, document)
        if because and by.id in version.authors:
            raise NeedsSecondPerson(because)
        return replace(version, document=document)

    def _publish_when_due(self, change: Change, version: Version) -> bool:
        entry = self._read(change, version.service_id)
        against = entry.version(version.approved_against) if version.approved_against is not None else None
        live = entry.live
        still_so = live is None if against is None else live is not None and same_words(live.document, against.document)
        try:
            if not still_so:
                raise EditingError(WENT_STALE)
            before = live.document if live else None
            document = with_assurance_of(checked(version.document, before, change.areas()), before)
        except EditingError as error:
            note = WENT_STALE if not still_so else f"It could not be published as it stands: {error}"
            change.update(replace(version, state=State.IN_REVIEW, publish_at=None, review_note=note))
            self._record(change, SCHEDULER, "service.unscheduled", version)
            return False
        due = replace(version, document=document, state=State.PUBLISHED)
        self._make_public(change, version.reviewed_by or SCHEDULER, entry, due, "service.published")
        return True

    def _make_public(self, change: Change, by: str, entry: Entry, version: Version, action: str, **more: Any) -> Version:
        now, live = self._clock(), entry.live
        version = replace(version, state=State.PUBLISHED, published_at=now)
        if live is not None:
            change.update(replace(live, state=State.SUPERSEDED))
        if entry.version(version.number) is None:
            change.add(version)
        else:
            change.update(version)
        change.put_live(version.service_id, version.document, now)
        self._record(change, by, action, version, against=live, **more)
        return version

    def _reviewed(self, version: Version, by: Staff, state: State, note: str = "") -> Version:
        return replace(
            version,
            state=state,
            reviewed_by=by.id,
            reviewed_by_name=by.name,
            reviewed_at=self._clock(),
            review_note=note.strip(),
        )

    def _record(
        self, change: Change, by: str, action: str, version: Version, against: Version | None = None, **more: Any
    ) -> None:
        before, after = audited(against.document if against else None, version.document)
        shows = action in (
            "service.drafted",
            "service.published",
            "service.withdrawn",
            "service.rolled_back",
            "service.assured",
        )
        self._audit.record(
            by,
            action,
            version.service_id,
            {"version": against.number, "changes": before} if against and shows else None,
            {"version": version.number, **({"changes": after} if shows else {}), **more},
            connection=change.connection,
        )


def _entry(service_id: str, versions: Sequence[Version], live: Document | None, now: datetime) -> tuple[Entry, Version | None]:
    """Give the entry, and the version that is still missing for what the files last put there."""
    entry = Entry(service_id, versions)
    if live is None and not versions:
        raise NoSuchService("There is no such service.")
    if live is None or (entry.live is not None and dict(entry.live.document) == dict(live)):
        return entry, None
    number = max((each.number for each in versions), default=0) + 1
    made_from = entry.live.number if entry.live else None
    outside = Version(
        service_id,
        number,
        live,
        State.PUBLISHED,
        Action.IMPORTED,
        FILES,
        "the product's files",
        now,
        made_from=made_from,
        published_at=now,
    )
    before = [replace(each, state=State.SUPERSEDED) if each.state is State.PUBLISHED else each for each in versions]
    return Entry(service_id, [outside, *before]), outside


def _pending(entry: Entry, number: int, *states: State) -> Version:
    pending = entry.pending
    if pending is None or pending.number != number or (states and pending.state not in states):
        raise MovedOn(entry.head)
    return pending


def _must_be_seen(entry: Entry, seen_live: int | None) -> None:
    """Raise MovedOn where what is public says something else than the version that somebody had before them."""
    live, seen = entry.live, entry.version(seen_live) if seen_live is not None else None
    if live is not None and live.number != seen_live and (seen is None or not same_words(seen.document, live.document)):
        raise MovedOn(live)


def _must_be(by: Staff, *roles: Role) -> None:
    if not by.is_any_of(*roles):
        raise NotAllowed("Your role does not let you do this.")
