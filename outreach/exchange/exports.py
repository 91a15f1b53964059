"""The whole directory as a file, piece by piece: exactly what can be brought in again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from outreach.exchange import csv_files, hsds
from outreach.model import Service


def as_json(services: Iterable[Service]) -> Iterator[bytes]:
    """Give services as one page of HSDS 3, with everything that staff know of them."""
    count = 0
    yield b'{"contents": ['
    for service in services:
        text = json.dumps(hsds.write(service), ensure_ascii=False, indent=1)
        yield f"{',' if count else ''}\n{text}".encode()
        count += 1
    about = page([], 1, max(1, count), count) | {"size": count, "empty": not count}
    del about["contents"]
    yield f"],\n{json.dumps(about)[1:]}\n".encode()


def as_csv(read: Callable[[], Iterable[Service]]) -> Iterator[bytes]:
    """Give services as a table, with everything that staff know of them. They are read twice: once to know the columns."""
    return csv_files.write(read)


def page(contents: list[hsds.Document], number: int, per_page: int, total: int) -> dict[str, Any]:
    """Give a page of a list, as the standard has it."""
    pages = max(1, -(-total // per_page))
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": len(contents),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": not contents,
        "contents": contents,
    }
