"""What time it is. Whoever needs the present is handed a clock, and this is the one outside tests."""
from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(timezone.utc)


def naive_utc_now() -> datetime:
    """The present in UTC without a zone, for columns that hold none."""
    return utc_now().replace(tzinfo=None)
