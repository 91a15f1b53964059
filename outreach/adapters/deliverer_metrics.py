"""What the deliverer shows, for Prometheus: its own rounds, and what waits for people (docs/watching.md)."""
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

from prometheus_client import Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric

from outreach.adapters.metrics_server import new_registry
from outreach.referrals.states import State
from outreach.reporting.asked import shown
from outreach.watching.backlog import HOUR, SOON, Backlog, age

logger = logging.getLogger(__name__)

# However often it is asked for, the database is asked once in so many seconds.
READ_EVERY_SECONDS = 30.0
STORED_STATES = tuple(state for state in State if state not in (State.DRAFT, State.CONSENTED))


class DelivererMetrics:
    """Its rounds, and the backlog as `read` gives it."""

    def __init__(self, read: Callable[[], Backlog], held_for: timedelta, clock: Callable[[], float] = time.time) -> None:
        """`held_for`: how long the numbers of referrals are held back. `read` raises what it likes."""
        self.registry = new_registry()
        self._rounds = Counter("outreach_deliverer_rounds", "Rounds of the deliverer.", ["ok"], registry=self.registry)
        for ok in ("yes", "no"):
            self._rounds.labels(ok)
        self._round_at = Gauge(
            "outreach_deliverer_round_timestamp_seconds", "When the last round without an error ended.",
            registry=self.registry,
        )  # fmt: skip
        self._clock = clock
        self.registry.register(_Waiting(read, held_for, clock))

    def round_over(self, ok: bool) -> None:
        """A round is over; `ok`: nothing of our own failed."""
        self._rounds.labels("yes" if ok else "no").inc()
        if ok:
            self._round_at.set(self._clock())


class _Waiting:
    """Reads the backlog when it is asked for, and shows it coarsely."""

    def __init__(self, read: Callable[[], Backlog], held_for: timedelta, clock: Callable[[], float]) -> None:
        self._read, self._held_seconds, self._clock = read, held_for.total_seconds(), clock
        self._last: Backlog | None = None
        self._read_at = float("-inf")
        self._held: dict[State, int] = {}
        self._stretch: int | None = None
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """For the registry. Of a database that can't be read no more is said than that."""
        with self._lock:
            found = self._backlog()
            held = dict(self._held)
        yield GaugeMetricFamily("outreach_backlog_read", "1 where what waits could be read.", value=found is not None)
        if found is not None:
            now = datetime.fromtimestamp(self._clock(), timezone.utc)
            yield from _referrals(found, held, now)
            yield from _content(found)

    def _backlog(self) -> Backlog | None:
        now = self._clock()
        if not 0 <= now - self._read_at < READ_EVERY_SECONDS:
            self._read_at = now
            try:
                self._last = self._read()
            except Exception as error:  # noqa: BLE001 - whatever the database raises, the metric says it
                logger.error("what waits could not be read: %s", type(error).__name__)
                self._last = None
        if self._last is not None and int(now // self._held_seconds) != self._stretch:
            self._stretch = int(now // self._held_seconds)
            self._held = {state: shown(self._last.referrals.get(state, 0)) or 0 for state in STORED_STATES}
        return self._last


def _referrals(found: Backlog, held: dict[State, int], now: datetime) -> Iterator[Metric]:
    states = GaugeMetricFamily("outreach_referrals", "Referrals by state, held back and in fives.", labels=["state"])
    for state, number in held.items():
        states.add_metric([state.value], number)
    yield states
    for name, says, value in (
        ("undelivered_oldest_seconds", "Age of the oldest referral in no inbox.", age(found.undelivered_since, now, SOON)),
        ("untold_oldest_seconds", "Age of the oldest notice that a team has not taken.", age(found.untold_since, now, SOON)),
        (
            "unacknowledged_oldest_seconds", "Age of the oldest referral with which nobody deals yet.",
            age(found.unacknowledged_since, now, HOUR),
        ),
        ("overdue", "Referrals about which nobody tried to be in touch in the stated time.", found.overdue),
        ("receivers_failing", "Receivers that did not take a notice.", found.failing),
    ):  # fmt: skip
        yield GaugeMetricFamily(f"outreach_referrals_{name}", says, value=value)


def _content(found: Backlog) -> Iterator[Metric]:
    for name, says, value in (
        ("services_oldest_check_days", "Days since the oldest check of a service that people see.", found.oldest_check_days),
        ("services_check_due", "Services whose check is due.", found.checks_due),
        ("services_never_checked", "Services that people see and nobody checked.", found.never_checked),
    ):
        yield GaugeMetricFamily(f"outreach_{name}", says, value=value)
    drafts = GaugeMetricFamily("outreach_drafts", "Changes to services and wording that are not public yet.", labels=["of"])
    for kind, number in found.drafts.items():
        drafts.add_metric([kind], number)
    yield drafts
