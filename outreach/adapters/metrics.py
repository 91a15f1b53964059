"""What the assistant counts about itself, for Prometheus (docs/watching.md).

Nothing here takes words, ids, numbers, addresses or places: only the closed labels of `outreach.watching.labels`, and times.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric

from outreach.adapters.metrics_server import new_registry
from outreach.understanding.catalogue import SAFETY
from outreach.watching import labels
from outreach.watching.held import Held

# Up to the limit of a turn and beyond, so that the worst is told apart from the bad.
TURN_SECONDS = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
ACTION_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
HELD_FOR = timedelta(minutes=60)


class Metrics:
    """The assistant's counts. Counting takes microseconds, never waits for anything and never raises."""

    def __init__(self, held_for: timedelta = HELD_FOR, clock: Callable[[], float] = time.time) -> None:
        self.registry = new_registry()
        self._safety = Held([(i, f) for i in SAFETY for f in labels.FOUND_BY], held_for, clock)
        self._left = Held([(channel, door) for channel in labels.CHANNELS for door in labels.DOORS], held_for, clock)
        self.registry.register(_HeldCounts(self._safety, self._left))
        self._turns = self._counter("turns", "Turns that are over.", ("channel", "outcome"), labels.CHANNELS, labels.OUTCOMES)
        self._fixed = self._counter(
            "fixed_replies", "Fixed replies with the helpline.", ("channel", "cause"), labels.CHANNELS, labels.CAUSES
        )
        self._begun = self._counter("conversations", "Conversations begun.", ("channel",), labels.CHANNELS)
        self._idled = self._counter("conversations_idled", "Conversations forgotten because they idled.", ())
        self._requests = self._counter(
            "requests", "Requests answered.", ("entrance", "status"), labels.ENTRANCES, labels.STATUSES
        )
        self._texts_refused = self._counter("texts_refused", "Texts beyond a limit.", ())
        self._errors = self._counter("errors", "Errors in the log.", ("error",), sorted({*labels.ERRORS, labels.OTHER}))
        self._turn_seconds = self._histogram("turn_seconds", "How long a turn took.", ("channel",), TURN_SECONDS)
        self._action_seconds = self._histogram("action_seconds", "How long a call of an action took.", ("ok",), ACTION_SECONDS)
        for channel in labels.CHANNELS:
            self._turn_seconds.labels(channel)
        for ok in ("yes", "no"):
            self._action_seconds.labels(ok)
        self._parts = Gauge("outreach_part_ready", "1 where a part works.", ["part"], registry=self.registry)
        self._checked = Gauge(
            "outreach_parts_checked_timestamp_seconds", "When the parts were last looked at.", registry=self.registry
        )
        self._build = Gauge("outreach_build", "Always 1.", ["version", "model"], registry=self.registry)

    def _counter(self, name: str, says: str, names: Sequence[str], *values: Iterable[str]) -> Counter:
        """A counter with every label there from the beginning, at 0: a rate needs a beginning, and nothing appears later."""
        counter = Counter(f"outreach_{name}", says, names, registry=self.registry)
        for first in values[0] if values else ():
            for rest in values[1] if len(values) > 1 else (None,):
                counter.labels(*([first] if rest is None else [first, rest]))
        return counter

    def _histogram(self, name: str, says: str, names: Sequence[str], buckets: Sequence[float]) -> Histogram:
        return Histogram(f"outreach_{name}", says, names, registry=self.registry, buckets=buckets)

    def turn_over(self, channel: str, responses: Sequence[str | None], seconds: float) -> None:
        """A turn is over: the names of its replies, and how long it took."""
        outcome = labels.outcome_of(responses)
        self._turns.labels(channel, outcome).inc()
        self._turn_seconds.labels(channel).observe(seconds)

    def fixed_reply(self, channel: str, cause: str) -> None:
        """Somebody gets the fixed reply; `cause` is one of `labels.CAUSES`."""
        self._fixed.labels(channel, cause).inc()

    def understood(self, parsed: Any, pressed: bool) -> None:
        """A message was understood. Only safety intents are counted, and held back."""
        found = labels.safety_of(parsed, pressed)
        if found is not None:
            self._safety.add(found)

    def left(self, channel: str, door: str) -> None:
        """Somebody left, through one of `labels.DOORS`. Held back."""
        self._left.add((channel, door))

    def begun(self, channel: str) -> None:
        """A conversation began."""
        self._begun.labels(channel).inc()

    def idled(self, number: int) -> None:
        """So many conversations were forgotten because they idled."""
        self._idled.inc(number)

    def answered_request(self, path: str, status: int) -> None:
        """A request was answered. Of the path no more is kept than which channel it leads to."""
        entrance = "web" if path.startswith("/chat") else "sms" if path.startswith("/sms") else labels.OTHER
        self._requests.labels(entrance, labels.status_of(status)).inc()

    def text_refused(self) -> None:
        """A text came beyond a limit."""
        self._texts_refused.inc()

    @contextmanager
    def action_call(self) -> Iterator[None]:
        """Times a call of an action. Which one is not kept: it would say what somebody asked."""
        began, ok = time.perf_counter(), "no"
        try:
            yield
            ok = "yes"
        finally:
            self._action_seconds.labels(ok).observe(time.perf_counter() - began)

    def error(self, line: str) -> None:
        """An error was logged; of its line no more is kept than the class."""
        self._errors.labels(labels.error_in(line)).inc()

    def looked_at(self, failing: Sequence[str]) -> None:
        """The parts were looked at, and these fail."""
        for part in labels.PARTS:
            self._parts.labels(part).set(part not in failing)
        self._checked.set_to_current_time()

    def built_from(self, version: str, model: str) -> None:
        """Which version runs, and which model."""
        self._build.labels(version, model).set(1)


class _HeldCounts:
    """Gives what may be seen of the held counts, when it is asked for."""

    def __init__(self, safety: Held, left: Held) -> None:
        self._safety, self._left = safety, left

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        told = ("outreach_safety", "Safety intents, held back and in fives.", ("intent", "found_by"), self._safety)
        left = ("outreach_left", "How people left, held back and in fives.", ("channel", "door"), self._left)
        for name, says, names, held in (told, left):
            family = CounterMetricFamily(name, says, labels=names)
            for cell, number in held.shown().items():
                family.add_metric(cell, number)
            yield family


class ErrorCounter(logging.Handler):
    """Counts what is logged as an error. Put it where `outreach.privacy.logs` has already taken all words out."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.ERROR)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self._metrics.error(record.getMessage())
