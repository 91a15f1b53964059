"""Staff's wording: the one published version of a reply for a channel, read afresh every time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.database import wording
from outreach.model import Wording
from outreach.model.wording import ANY_CHANNEL

PUBLISHED = "published"
RETIRED = "retired"


class WordingRepository:
    """Reads published wording."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def published(self, key: str, channel: str) -> Wording | None:
        """Give the wording of a reply for a channel, or the one for any channel; None where staff have published none."""
        query = (
            sa.select(wording)
            .where(wording.c.key == key, wording.c.status == PUBLISHED, wording.c.channel.in_([channel, ANY_CHANNEL]))
            .order_by((wording.c.channel == ANY_CHANNEL).asc(), wording.c.version.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        buttons = None if row.buttons is None else tuple(row.buttons)
        return Wording(row.key, row.channel, row.version, row.text, buttons)
