"""Bringing a file in: read, looked at, confirmed, done. What is under way is in memory alone.

The file itself is not kept, only what it would change. If the console stops, imports that wait are forgotten: nothing of
them has been changed, and the file can be brought in again. One that was being put in place is done wholly or not at all.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from threading import Lock, Thread
from typing import Any, Protocol

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.editing.errors import EditingError
from outreach.exchange import plan
from outreach.exchange.entries import BadFileError, Finding
from outreach.exchange.plan import Change, Current, Plan
from outreach.staff import Role, Staff

logger = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
# How long an import waits to be confirmed, and how many there can be at once.
KEPT = timedelta(hours=24)
MOST_AT_ONCE = 10


class Phase(str, Enum):
    """How far an import has come."""

    READING = "reading"
    READY = "ready"
    ASKED = "asked"
    APPLYING = "applying"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


UNDER_WAY = (Phase.READING, Phase.APPLYING)
OPEN = (*UNDER_WAY, Phase.READY, Phase.ASKED)


class NotNowError(Exception):
    """This cannot be done with an import as it stands. The message is for the person who tried."""


class TakesIn(Protocol):
    """What makes documents public, all or nothing: `outreach.editing.services.ServiceEditing`."""

    def take_in(
        self,
        by: Staff,
        confirmed_by: Staff | None,
        documents: Iterable[Mapping[str, Any]],
        note: str,
        went_on: Callable[[int], None] = ...,
    ) -> int:
        """Raises `EditingError` and changes nothing, or gives how many services changed."""


@dataclass
class Import:
    """One file on its way in. `done` of `total` says how far the present phase is."""

    id: str
    by: Staff
    format: str
    begun_at: datetime
    phase: Phase = Phase.READING
    done: int = 0
    total: int = 0
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    message: str = ""
    confirmed_by: Staff | None = None
    changed: int = 0

    def as_it_is(self) -> Import:
        """Give a copy that does not change. A page that says what would change must not say half of it."""
        return copy(self)

    @property
    def is_under_way(self) -> bool:
        """Whether it goes on by itself."""
        return self.phase in UNDER_WAY

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.phase in OPEN

    @property
    def needs_second(self) -> bool:
        """Whether another person has to confirm it."""
        return self.plan is not None and bool(self.plan.because)


def _in_thread(work: Callable[[], None]) -> None:
    Thread(target=work, name="import", daemon=True).start()


class Imports:
    """Every import of this process."""

    def __init__(
        self,
        current: Current,
        editing: Callable[[Sequence[str]], TakesIn],
        audit: Audit,
        clock: Callable[[], datetime] = utc_now,
        start: Callable[[Callable[[], None]], None] = _in_thread,
    ) -> None:
        """`editing` gives what changes the services with these ids; `start` sets work going without waiting for it."""
        self._current = current
        self._editing = editing
        self._audit = audit
        self._clock = clock
        self._start = start
        self._lock = Lock()
        # Two at once would each be compared with a directory that the other is changing.
        self._applying = Lock()
        self._jobs: dict[str, Import] = {}

    def begin(self, by: Staff, filename: str, data: bytes, kind: str) -> Import:
        """Begin to read a file; `kind` is what a new service is that does not say. Raises `NotNowError`."""
        if not by.is_any_of(Role.PUBLISHER):
            raise NotNowError("Only a publisher can bring a file in.")
        with self._lock:
            self._forget_old()
            if sum(job.is_open for job in self._jobs.values()) >= MOST_AT_ONCE:
                raise NotNowError("Too many files are waiting already. Put one of them in place or drop it first.")
            job = Import(secrets.token_urlsafe(12), by, plan.format_of(filename, data), self._clock())
            self._jobs[job.id] = job
        self._start(lambda: self._read(job, data, kind))
        return job

    def seen_by(self, staff: Staff) -> list[Import]:
        """Give the imports that somebody may see, the latest first."""
        with self._lock:
            self._forget_old()
            jobs = [job for job in self._jobs.values() if _may_see(job, staff)]
        return sorted(jobs, key=lambda job: job.begun_at, reverse=True)

    def find(self, job_id: str, staff: Staff) -> Import | None:
        """Give an import, or None where there is none that this person may see."""
        return next((job for job in self.seen_by(staff) if job.id == job_id), None)

    def ask(self, job: Import, by: Staff) -> None:
        """Let a second person see it and confirm it. Raises `NotNowError`."""
        with self._lock:
            _must_be(job, Phase.READY)
            if job.by.id != by.id:
                raise NotNowError("Only the person who brought the file can do this.")
            job.phase = Phase.ASKED

    def apply(self, job: Import, by: Staff) -> None:
        """Begin to put it in place. Raises `NotNowError`, also where a second person is wanted and this is the first."""
        with self._lock:
            _must_be(job, Phase.READY, Phase.ASKED)
            second = by.id != job.by.id
            if second and not (job.phase is Phase.ASKED and by.is_any_of(Role.PUBLISHER, Role.MANAGER)):
                raise NotNowError("Your role does not let you do this.")
            if job.needs_second and not second:
                about = " and ".join(job.plan.because if job.plan else ())
                raise NotNowError(f"A second person has to confirm this, because it changes {about}.")
            job.confirmed_by = by if second else None
            job.phase, job.done, job.total = Phase.APPLYING, 0, len(job.plan.changes if job.plan else ())
        self._start(lambda: self._apply(job))

    def drop(self, job: Import) -> None:
        """Give it up; nothing was changed. Raises `NotNowError` while it is being put in place."""
        with self._lock:
            if job.phase is Phase.APPLYING:
                raise NotNowError("It is being put in place and can't be stopped now.")
            self._jobs.pop(job.id, None)

    def _read(self, job: Import, data: bytes, kind: str) -> None:
        def went_on(done: int, total: int) -> None:
            job.done, job.total = done, total

        try:
            job.plan = plan.make(data, job.format, kind, self._current, went_on)
            self._record(job, job.by.id, "exchange.checked")
        except BadFileError as error:
            job.findings, job.phase = error.findings, Phase.REFUSED
        except Exception as error:  # noqa: BLE001 - in a thread, nobody else would hear of it
            # Whatever a file may do to us, the person who waits is told, and nothing was changed.
            _log("reading", error)
            job.message, job.phase = "Something went wrong while reading the file. Nothing was changed.", Phase.FAILED
        else:
            job.phase = Phase.READY

    def _apply(self, job: Import) -> None:
        assert job.plan is not None, "only what was read is applied"

        def went_on(done: int) -> None:
            job.done = done

        try:
            with self._applying:
                documents = self._still_so(job.plan.changes)
                note = f"From a file of {job.plan.format.upper()}"
                editing = self._editing([change.service_id for change in job.plan.changes])
                job.changed = editing.take_in(job.by, job.confirmed_by, documents, note, went_on)
        except EditingError as error:
            job.message, job.phase = f"Nothing was changed. {error}", Phase.FAILED
        except Exception as error:  # noqa: BLE001 - in a thread, nobody else would hear of it
            _log("applying", error)
            job.message, job.phase = "Something went wrong, and nothing was changed. Try again.", Phase.FAILED
        else:
            job.phase = Phase.DONE
            self._record(job, (job.confirmed_by or job.by).id, "exchange.imported")

    def _still_so(self, changes: Iterable[Change]) -> Iterator[Mapping[str, Any]]:
        """Give what is to be made public, as long as each is still what the preview showed. Raises `EditingError`."""
        listed = list(changes)
        now: Mapping[str, Mapping[str, Any]] | None = None
        for change in listed:
            if now is None:  # read when the first is asked for: by then nobody else can write
                now = self._current.documents([each.service_id for each in listed])
            live = now.get(change.service_id)
            if (None if live is None else dict(live)) != (None if change.before is None else dict(change.before)):
                raise EditingError(f"{change.name} was changed by somebody else meanwhile. Bring the file in again.")
            yield change.after

    def _record(self, job: Import, by: str, action: str) -> None:
        made = job.plan
        if made is None:
            return
        counts = {"added": made.added, "changed": made.changed, "unchanged": made.unchanged, "refused": 0}
        self._audit.record(by, action, job.id, None, {"format": made.format, "digest": made.digest, **counts})

    def _forget_old(self) -> None:
        ends = self._clock() - KEPT
        for job in [job for job in self._jobs.values() if job.begun_at < ends and not job.is_under_way]:
            del self._jobs[job.id]


def _may_see(job: Import, staff: Staff) -> bool:
    if job.by.id == staff.id:
        return True
    asked = job.phase is Phase.ASKED and staff.is_any_of(Role.PUBLISHER, Role.MANAGER)
    return asked or (job.confirmed_by is not None and job.confirmed_by.id == staff.id)


def _must_be(job: Import, *phases: Phase) -> None:
    if job.phase not in phases:
        raise NotNowError("Somebody has dealt with this already.")


def _log(what: str, error: Exception) -> None:
    logger.error("%s a file failed: %s", what, type(error).__name__)
