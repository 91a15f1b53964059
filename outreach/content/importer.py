"""Puts the files of a content folder into the database: `python -m outreach.content.importer content/`.

Everything is checked first, and one transaction does all or nothing. A second run changes nothing. What staff have
changed since is theirs: it is counted, and left as it is. Nothing is deleted: a row that the files no longer have stays.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from outreach.adapters import database, service_search
from outreach.content.place_files import Documents, read_places
from outreach.content.reading import ContentError
from outreach.content.service_files import read_services
from outreach.settings import SettingsError, load

DONE, DATABASE_FAILED, BAD_CONTENT = 0, 1, 2
MOST_PROBLEMS = 50


@dataclass
class Counts:
    """What an import did with one kind of content."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.updated)


def read(folder: Path) -> dict[str, Documents]:
    """Read and check a content folder: documents by key, by table. Raises ContentError with everything that is wrong."""
    places = read_places(folder)
    services = read_services(folder, places)
    return {
        "service": services.services,
        "topic": services.topics,
        "route": services.routes,
        "outreach_area": places.outreach_areas,
        "district": places.districts,
        "area": places.areas,
        "place": places.places,
        "outcode": places.outcodes,
        "sector": places.sectors,
    }


def import_content(folder: Path, engine: Engine) -> dict[str, Counts]:
    """Put a content folder into the database, all or nothing; the counts are by table. Raises ContentError."""
    content = read(folder)
    with database.writing(engine, patient=True) as connection:
        database.take_turn(connection)
        counts = {table: _import_table(connection, table, documents) for table, documents in content.items()}
        service_search.fill(connection)
        if any(each.changed for each in counts.values()):
            database.content_changed(connection)
    return counts


def digest(document: Any) -> str:
    """Give the fingerprint of a document, the same whatever the order of its fields."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _import_table(connection: Connection, name: str, documents: Documents) -> Counts:
    table, counts = database.CONTENT_TABLES[name], Counts()
    rows = {row.key: row for row in connection.execute(sa.select(table)).all()}
    new: list[dict[str, Any]] = []
    for position, (key, document) in enumerate(documents.items()):
        row, fingerprint = rows.get(key), digest(document)
        if row is None:
            new.append(_values(name, key, position, document, fingerprint))
        elif _is_staffs(row):
            counts.kept += 1
        elif row.imported_digest == fingerprint and row.position == position:
            counts.unchanged += 1
        else:
            values = _values(name, key, position, document, fingerprint)
            connection.execute(sa.update(table).where(table.c.key == key).values(**values))
            if name == "service":
                service_search.index(connection, {key: document})
            counts.updated += 1
    if new:
        connection.execute(sa.insert(table), new)
        counts.added = len(new)
    return counts


def _is_staffs(row: Any) -> bool:
    """Whether staff made this row or changed it since it was imported, marked or not."""
    return row.edited_at is not None or row.imported_digest is None or digest(row.document) != row.imported_digest


def _values(name: str, key: str, position: int, document: dict[str, Any], fingerprint: str) -> dict[str, Any]:
    values = {"key": key, "position": position, "document": document, "imported_digest": fingerprint}
    if name == "service":
        assured = document["assured_date"]
        values |= {field: document[field] for field in ("kind", "status", "name")}
        values["assured_date"] = date.fromisoformat(assured) if assured else None
    return values


def _report(counts: dict[str, Counts]) -> str:
    lines = [
        f"{name:14}{each.added:5} added{each.updated:5} updated{each.unchanged:5} unchanged{each.kept:5} kept as staff have it"
        for name, each in counts.items()
    ]
    if not any(each.changed for each in counts.values()):
        lines.append("nothing has changed: the database already has this content")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; gives the exit code: 0 done, 1 the database failed, 2 the files are wrong."""
    parser = argparse.ArgumentParser(prog="python -m outreach.content.importer", description=__doc__)
    parser.add_argument("folder", type=Path, help="the content folder")
    parser.add_argument("--check", action="store_true", help="check the files and change nothing")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            found = read(options.folder)
            _say(", ".join(f"{len(documents)} {name}" for name, documents in found.items()) + ": all good")
            return DONE
        engine = database.connect(load().database_url)
        database.migrate(engine)
        _say(_report(import_content(options.folder, engine)))
        return DONE
    except ContentError as error:
        for problem in error.problems[:MOST_PROBLEMS]:
            _complain(str(problem))
        _complain(f"{len(error.problems)} problems: nothing was changed")
        return BAD_CONTENT
    except SettingsError as error:
        _complain(str(error))
        return BAD_CONTENT
    except SQLAlchemyError as error:
        _complain(f"the database failed ({type(error).__name__}): nothing was changed")
        return DATABASE_FAILED


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
