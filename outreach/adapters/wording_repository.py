"""Staff's wording: the one published version of a reply for a channel, read afresh every time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.database import wording
from outreach.model import Wording
from outreach.model.wording import ANY_CHANNEL

PUBLISHED = "published"
RETIRED = "retired"
_PUBLISHED = (
    sa.select(wording)
    .where(
        wording.c.key == sa.bindparam("key"), wording.c.status == PUBLISHED,
        sa.or_(wording.c.channel == sa.bindparam("channel"), wording.c.channel == ANY_CHANNEL),
    )
    .order_by((wording.c.channel == ANY_CHANNEL).asc(), wording.c.version.desc())
    .limit(1)
)  # fmt: skip


class WordingRepository:
    """Reads published wording."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def published(self, key: str, channel: str) -> Wording | None:
        """Give the wording of a reply for a channel, or the one for any channel; None where staff have published none."""
        with self._engine.connect() as connection:
            row = connection.execute(_PUBLISHED, {"key": key, "channel": channel}).first()
        if row is None:
            return None
        buttons = None if row.buttons is None else tuple(row.buttons)
        return Wording(row.key, row.channel, row.version, row.text, buttons)
