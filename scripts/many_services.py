"""Puts many made-up services into a database, for measuring: `python scripts/many_services.py sqlite:////tmp/many.db 100000`.

They stand beside the starter content, look like it, and are offered for no topic, as most of a large directory would be.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

WORDS = tuple(
    [
        "Family",
        "Hope",
        "Bridge",
        "Harbour",
        "Oak",
        "River",
        "Safe",
        "Home",
        "Open",
        "Door",
        "Women",
        "Men",
        "Youth",
        "Elder",
        "Legal",
        "Health",
        "Housing",
        "Money",
        "Advice",
        "Support",
        "Centre",
        "Trust",
        "Project",
        "Link",
        "Circle",
    ]
)
AT_ONCE = 5_000


def documents(count: int, areas: list[str], seed: int = 1) -> Iterator[dict[str, Any]]:
    """Made-up services, the same for the same seed."""
    dice = random.Random(seed)
    kinds = ("helpline", "housing", "legal", "health", "children", "money")
    for number in range(count):
        name = f"{' '.join(dice.sample(WORDS, 3))} {number}"
        blank = dict.fromkeys(("alert", "accessibility", "cost", "email", "assured_date", "assurer", "staff_notes"))
        phone = {"number": f"01923 {dice.randint(200000, 899999)}", "kind": "voice", "on_bill": True}
        yield {
            **blank,
            "id": f"made-up-{number}",
            "organization": name,
            "name": name,
            "kind": dice.choice(kinds),
            "description": "Help and advice for families in the area, by phone and in person.",
            "status": "active" if dice.random() < 0.9 else "hold",
            "eligibility": "everyone",
            "service_areas": [dice.choice(areas)],
            "phones": [{**phone, "description": None, "extension": None, "cost": None, "confirmed": True}],
            "source": "made up",
            **{name: [] for name in ("languages", "urls", "schedules", "unconfirmed")},
        }


def _row(position: int, document: dict[str, Any]) -> dict[str, Any]:
    columns = {name: document[name] for name in ("kind", "status", "name")}
    return {**columns, "key": document["id"], "position": position, "document": document}


def seed(url: str, count: int) -> None:
    """Bring a database up to date, put the starter content and `count` made-up services into it."""
    import sqlalchemy as sa

    from outreach.adapters import database, service_search
    from outreach.content.importer import import_content

    engine = database.connect(url)
    database.migrate(engine)
    import_content(ROOT / "content", engine)
    with engine.connect() as connection:
        areas = sorted(row[0] for row in connection.execute(sa.select(database.district.c.key)))
    made = list(documents(count, areas))
    for start in range(0, count, AT_ONCE):
        some = made[start : start + AT_ONCE]
        rows = [_row(10_000 + start + at, each) for at, each in enumerate(some)]
        with database.writing(engine) as connection:
            connection.execute(sa.insert(database.service), rows)
            service_search.index(connection, {each["id"]: each for each in some})
            database.content_changed(connection)
    engine.dispose()


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the database, as DATABASE_URL has it")
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    given = parser.parse_args()
    seed(given.url, given.count)
    print(f"{given.count} services made up")


if __name__ == "__main__":
    main()
