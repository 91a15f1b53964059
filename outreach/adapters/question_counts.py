"""The table of counts: what is asked and what is not answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from outreach.adapters.database import metadata, writing
from outreach.reporting.counting import Cell

question_count = sa.Table(
    "question_count",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("channel", sa.String(10), primary_key=True),
    sa.Column("topic", sa.String(60), primary_key=True),
    sa.Column("area", sa.String(80), primary_key=True),
    sa.Column("outcome", sa.String(20), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)
_KEY = [column for column in question_count.primary_key.columns]


class QuestionCounts:
    """Adds to the counts, reads them, and forgets old ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, counts: Mapping[Cell, int]) -> None:
        """Add to what is there, all or nothing."""
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        with writing(self._engine) as connection:
            # In one order everywhere, so that two processes never wait for each other.
            for cell, number in sorted(counts.items(), key=lambda item: str(item[0])):
                statement = insert(question_count).values(**cell.__dict__, count=number)
                more = question_count.c.count + statement.excluded["count"]
                connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_={"count": more}))

    def forget_before(self, day: date) -> None:
        """Delete the counts of earlier days."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(question_count).where(question_count.c.day < day))

    def between(self, first: date, last: date) -> dict[Cell, int]:
        """The counts of some days, both included."""
        query = sa.select(question_count).where(question_count.c.day.between(first, last))
        with self._engine.connect() as connection:
            return {
                Cell(row.day, row.channel, row.topic, row.area, row.outcome): row.count for row in connection.execute(query)
            }

    def first_day(self) -> date | None:
        """The earliest day with counts."""
        with self._engine.connect() as connection:
            found: date | None = connection.execute(sa.select(sa.func.min(question_count.c.day))).scalar()
        return found
