"""What `make bench` found, as ratios and as a table. Works on plain rows, so that it can be tried without measuring.

A row is `{"ours": …, "peer": …}`, each a figure or a few with names. docs/bench.md says what every row and ratio means.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]

# The rows that a whole run has, in the table's order. `bench_directory` adds its own.
ROWS = (
    "start_s", "memory_mb", "memory_all_mb", "parse_ms", "encoder_ms", "turn_1", "bare_turn", "turn_8", "turn_32", "cpu_ms",
    "web_ms", "sms_ms", "form_ms", "late_ms", "second_text_ms", "conversations_ms", "workers", "client",
)  # fmt: skip
# What a ratio may be at most, or has to be at least.
AT_MOST = {
    "turn_median": 0.3, "start": 0.25, "memory": 0.45, "turn_60_over_2": 1.15, "services_100k_over_107": 1.2,
    "conversations_10k_over_100": 1.2, "second_text_wait": 1.0, "sms_over_web": 1.2, "form_over_web": 1.5,
}  # fmt: skip
AT_LEAST = {"throughput": 3.5, "workers_2_over_1": 1.7}


def whole(rows: Rows, more: Mapping[str, float], notes: list[str]) -> dict[str, Any]:
    """What var/bench.json holds: the notes, the rows in the table's order, and the ratios, with `more` that were worked out
    elsewhere.
    """
    known = {name: rows[name] for name in ROWS if name in rows}
    return {"notes": notes, "rows": {**known, **rows}, "ratio": {**ratios(rows), **more}}


def ratios(rows: Rows) -> dict[str, float]:
    """Every ratio that the rows allow. A run without the peer has none that compares with it."""
    found: dict[str, float] = {}
    for name, over, under in _pairs(rows):
        if over is not None and under:
            found[name] = round(over / under, 3)
    for side, name in (("ours", "second_text_wait"), ("peer", "peer_second_text_wait")):
        two = rows.get("second_text_ms", {}).get(side)
        if two:
            found[name] = round((two["second"] - two["alone"]) / two["alone"], 3)
    return found


def _pairs(rows: Rows) -> Iterator[tuple[str, float | None, float | None]]:
    """The name of each ratio, what is divided, and by what."""

    def figure(row: str, side: str, *names: str) -> float | None:
        found: Any = rows.get(row, {}).get(side)
        for name in names:
            found = None if found is None else found.get(name)
        return None if found is None else float(found)

    for name, row, inside in (
        ("turn_median", "turn_1", ("median",)), ("turn_p95", "turn_1", ("p95",)), ("turn_p99", "turn_1", ("p99",)),
        ("turn_8_median", "turn_8", ("median",)), ("turn_32_median", "turn_32", ("median",)),
        ("parse", "parse_ms", ("median",)), ("start", "start_s", ()),
        ("memory", "memory_mb", ()), ("memory_all", "memory_all_mb", ()), ("cpu", "cpu_ms", ()),
    ):  # fmt: skip
        yield name, figure(row, "ours", *inside), figure(row, "peer", *inside)
    yield "bare_turn", figure("bare_turn", "peer", "median"), figure("turn_1", "peer", "median")
    yield "throughput", _most_a_second(rows, "ours"), _most_a_second(rows, "peer")
    yield "parse_over_encoder", figure("parse_ms", "ours", "median"), figure("encoder_ms", "ours", "median")
    yield "turn_60_over_2", figure("late_ms", "ours", "turn_60"), figure("late_ms", "ours", "turn_2")
    yield "peer_turn_60_over_2", figure("late_ms", "peer", "turn_60"), figure("late_ms", "peer", "turn_2")
    yield "sms_over_web", figure("sms_ms", "ours", "median"), figure("web_ms", "ours", "median")
    yield "form_over_web", figure("form_ms", "ours", "median"), figure("web_ms", "ours", "median")
    yield "conversations_10k_over_100", figure("conversations_ms", "ours", "many"), figure("conversations_ms", "ours", "few")
    yield "workers_2_over_1", figure("workers", "ours", "two_a_second"), figure("workers", "ours", "one_a_second")


def _most_a_second(rows: Rows, side: str) -> float | None:
    """The most turns a second that a side carried, at whatever number at a time it carried them."""
    found = [rows[row][side]["a_second"] for row in ("turn_1", "turn_8", "turn_32") if rows.get(row, {}).get(side)]
    return max(found, default=None)


def held(name: str, value: float) -> bool | None:
    """Whether a ratio is where it has to be; None where nothing is asked of it."""
    if name in AT_MOST:
        return value <= AT_MOST[name]
    return value >= AT_LEAST[name] if name in AT_LEAST else None


def table(rows: Rows, ratio: Mapping[str, float], notes: list[str]) -> str:
    """All of it, to be read."""
    lines = [*notes, "", f"{'':30} {'ours':42} peer"]
    lines += [f"{name:30} {_shown(row.get('ours')):42} {_shown(row.get('peer'))}".rstrip() for name, row in rows.items()]
    lines += ["", f"{'ratio':30} {'':10} {'has to be':14}"]
    for name, value in ratio.items():
        wanted = f"at most {AT_MOST[name]}" if name in AT_MOST else f"at least {AT_LEAST[name]}" if name in AT_LEAST else ""
        verdict = {True: "held", False: "NOT HELD", None: ""}[held(name, value)]
        lines.append(f"{name:30} {value:<10} {wanted:14} {verdict}".rstrip())
    return "\n".join(lines)


def _shown(figures: Any) -> str:
    if figures is None:
        return "-"
    if isinstance(figures, Mapping):
        return ", ".join(f"{name} {value}" for name, value in figures.items())
    return str(figures)
