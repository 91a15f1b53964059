"""The deliverer's process: tells teams of referrals, and deletes those that have been kept long enough."""
from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable

from outreach.privacy import logs
from outreach.referrals.delivery import Deliverer
from outreach.settings import Settings, SettingsError, load

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_PURGE_SECONDS = 60.0
# After a failure of our own (the database is away), a little longer.
_LONGEST_PAUSE = 30.0


def main() -> None:
    """Deliver until stopped. Exits with one line when it can't begin."""
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"deliverer: {error}")
    logs.install(settings.log_level)
    from outreach import bootstrap
    from outreach.content.reading import ContentError

    try:
        deliverer = bootstrap.deliverer()
    except (ContentError, SettingsError) as error:
        sys.exit(f"deliverer: {error}")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    deliver_until(stopping, deliverer, _watched(settings))


def _watched(settings: Settings) -> Callable[[bool], None]:
    """Serve metrics where a port is set for them, and give what is to be told of each round."""
    if not settings.deliverer_metrics_port:
        return _unwatched
    from outreach import bootstrap
    from outreach.adapters.metrics_server import serve

    metrics = bootstrap.deliverer_metrics()
    try:
        serve(metrics.registry, settings.metrics_host, settings.deliverer_metrics_port)
    except OSError as error:
        # Referrals go on all the same.
        logger.error("metrics can't be served: %s", type(error).__name__)
    return metrics.round_over


def _unwatched(ok: bool) -> None:
    """Nobody is told."""


def deliver_until(
    stopping: threading.Event, deliverer: Deliverer, round_over: Callable[[bool], None] = _unwatched
) -> None:
    """Deliver what is due once a second, and delete what is over once a minute. `round_over` is told if each went well."""
    pause, purge_at = _POLL_SECONDS, 0.0
    while not stopping.wait(pause):
        try:
            deliverer.deliver_due()
            if time.monotonic() >= purge_at:
                deliverer.purge()
                purge_at = time.monotonic() + _PURGE_SECONDS
            pause = _POLL_SECONDS
            round_over(True)
        except Exception as error:
            # Nothing may end it: what is queued must be told.
            logger.error("delivery failed: %s", type(error).__name__, exc_info=True)
            pause = min(pause * 2, _LONGEST_PAUSE)
            round_over(False)


if __name__ == "__main__":
    main()
