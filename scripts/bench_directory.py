"""What 100,000 services cost, against the starter directory's 107: a chat's services, a page of the staff's search, and of the
public list. Part of `make bench`; alone: `python scripts/bench_directory.py`.
"""
from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

MANY = 100_000
ROUNDS = 200
Calls = dict[str, Callable[[], object]]


def calls(url: str) -> Calls:
    """What is measured, on one database."""
    from outreach.adapters import database
    from outreach.adapters.directory_repository import KeptDirectory
    from outreach.adapters.exchange import FeedRows
    from outreach.adapters.service_search import ServiceSearch, Wanted
    from outreach.directory.directory import Directory
    from outreach.directory.publishing import Freshness
    from outreach.exchange.feed import Feed

    engine, freshness = database.connect(url), Freshness(90)
    directory = Directory(KeptDirectory(engine), True, freshness=freshness)
    search, feed = ServiceSearch(engine), Feed(FeedRows(engine), directory, True, freshness)
    return {
        "chat": lambda: [each.as_card(directory.now()) for each in directory.signposts("ask_refuge", "North Herts")],
        "search": lambda: search.find(Wanted(text="helpline")),
        # One service in eight has this word.
        "search_common": lambda: search.find(Wanted(text="family")),
        "list": lambda: search.find(Wanted()),
        "public_list": lambda: json.dumps(feed.page(1, 50)),
        "public_search": lambda: json.dumps(feed.page(1, 50, search="helpline")),
        "public_one": lambda: json.dumps(feed.service(str(feed.page(1, 1)["contents"][0]["id"]))),
    }


def compare(few: Calls, many: Calls, rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """The median milliseconds of each call on both, by turns, so that they meet the same machine; the first does not count."""
    found = {}
    for name in few:
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for call, into in zip((few[name], many[name]), taken):
                began = time.perf_counter()
                call()
                if number:
                    into.append((time.perf_counter() - began) * 1000)
        found[name] = (statistics.median(taken[0]), statistics.median(taken[1]))
    return found


def measure(folder: Path, rounds: int = ROUNDS) -> tuple[dict[str, object], dict[str, float]]:
    """Rows of milliseconds, and the ratios. Makes two databases in the folder first, which takes half a minute."""
    from scripts.many_services import seed

    urls = {count: f"sqlite:///{folder}/{count}.db" for count in (0, MANY)}
    for count, url in urls.items():
        seed(url, count)
    found = compare(calls(urls[0]), calls(urls[MANY]), rounds)
    rows: dict[str, object] = {
        f"{name}_100k": {"with_107_ms": round(few, 2), "with_100k_ms": round(many, 2)} for name, (few, many) in found.items()
    }
    inside = [sum(found[name][side] for name in ("chat", "search")) for side in (0, 1)]
    ratios = {"services_100k_over_107": round(inside[1] / inside[0], 3)}
    ratios.update({f"{name}_100k_over_107": round(many / few, 3) for name, (few, many) in found.items()})
    return rows, ratios


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        rows, ratios = measure(Path(folder))
    for name, value in {**rows, **ratios}.items():
        print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
