"""The bench's ratios, on figures that were made up: what is divided by what, and that a run has all that is asked of it."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from outreach.settings import ROOT
from scripts import bench, bench_client, bench_report, bench_turns
from scripts.bench_peer import Trained
from scripts.bench_report import ratios, table

FIRST = {"median": 10.0, "p95": 20.0, "p99": 30.0, "a_second": 100.0}
SECOND = {"median": 50.0, "p95": 60.0, "p99": 70.0, "a_second": 20.0}


def rows() -> dict[str, dict[str, Any]]:
    """A whole run."""
    return {
        "start_s": {"ours": 8.0, "peer": 80.0}, "memory_mb": {"ours": 400.0, "peer": 1000.0},
        "memory_all_mb": {"ours": 700.0, "peer": 1000.0}, "parse_ms": {"ours": FIRST, "peer": SECOND},
        "encoder_ms": {"ours": {**FIRST, "median": 5.0}}, "turn_1": {"ours": FIRST, "peer": SECOND},
        "bare_turn": {"peer": {**FIRST, "median": 15.0}},
        "turn_8": {"ours": {**FIRST, "a_second": 150.0}, "peer": SECOND}, "turn_32": {"ours": FIRST, "peer": {**SECOND, "a_second": 30.0}},
        "cpu_ms": {"ours": 9.0, "peer": 18.0}, "web_ms": {"ours": FIRST}, "sms_ms": {"ours": {**FIRST, "median": 11.0}}, "form_ms": {"ours": {**FIRST, "median": 12.0}},
        "late_ms": {"ours": {"turn_2": 10.0, "turn_60": 10.5}, "peer": {"turn_2": 50.0, "turn_60": 90.0}},
        "second_text_ms": {"ours": {"alone": 10.0, "second": 18.0}, "peer": {"alone": 50.0, "second": 1050.0}},
        "conversations_ms": {"ours": {"few": 10.0, "many": 11.0, "of": 10_000}},
        "workers": {"ours": {"one_a_second": 100.0, "two_a_second": 180.0}}, "client": {"ours": {"a_second": 9000.0}},
    }  # fmt: skip


def test_what_is_written_has_every_row_and_every_ratio_that_is_asked_of_it(tmp_path: Path) -> None:
    services = {"chat_100k": {"ours": {"with_107_ms": 1.0, "with_100k_ms": 1.1}}}
    # The services' ratios come from `bench_directory`, which has the figures for them.
    bench.write(bench_report.whole({**services, **rows()}, {"services_100k_over_107": 1.1}, ["a note"]), tmp_path / "var" / "bench.json")
    written = json.loads((tmp_path / "var" / "bench.json").read_text(encoding="utf-8"))
    assert list(written) == ["notes", "rows", "ratio"] and written["notes"] == ["a note"]
    assert list(written["rows"]) == [*bench_report.ROWS, "chat_100k"]
    assert {*bench_report.AT_MOST, *bench_report.AT_LEAST} <= set(written["ratio"])


def test_a_busy_machine_a_quick_run_and_a_missing_peer_are_said() -> None:
    told = "\n".join(bench.notes(1.7, None, bench.QUICK))
    assert "BUSY" in told and "QUICK" in told and "without the peer" in told
    calm = "\n".join(bench.notes(0.2, Trained(Path("there"), 1, 240.0), bench.Size()))
    assert "BUSY" not in calm and "QUICK" not in calm and "epochs 1 of 100: " in calm


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("turn_median", 0.2), ("bare_turn", 0.3), ("start", 0.1), ("memory", 0.4), ("memory_all", 0.7), ("throughput", 5.0), ("turn_60_over_2", 1.05),
        ("peer_turn_60_over_2", 1.8), ("second_text_wait", 0.8), ("peer_second_text_wait", 20.0), ("sms_over_web", 1.1),
        ("form_over_web", 1.2), ("conversations_10k_over_100", 1.1), ("workers_2_over_1", 1.8), ("parse", 0.2),
        ("parse_over_encoder", 2.0), ("cpu", 0.5),
    ],
)  # fmt: skip
def test_each_ratio_is_what_its_name_says(name: str, value: float) -> None:
    assert ratios(rows())[name] == value


def test_the_most_that_a_side_carried_counts_at_whatever_number_at_a_time() -> None:
    changed = rows()
    changed["turn_1"]["ours"] = {**FIRST, "a_second": 300.0}
    assert ratios(changed)["throughput"] == 10.0


def test_without_a_peer_nothing_is_compared_with_it() -> None:
    alone = {name: {"ours": row["ours"]} for name, row in rows().items() if "ours" in row}
    found = ratios(alone)
    assert not {"turn_median", "start", "memory", "throughput", "parse", "bare_turn", "peer_turn_60_over_2"} & set(found)
    assert found["turn_60_over_2"] == 1.05


def test_the_table_says_what_is_held_and_what_is_not() -> None:
    printed = table(rows(), {"turn_median": 0.31, "throughput": 3.6, "parse": 0.2}, ["a note"])
    lines = {line.split()[0]: line for line in printed.splitlines() if line}
    assert "NOT HELD" in lines["turn_median"] and lines["throughput"].endswith("held") and "held" not in lines["parse"].lower()
    assert printed.startswith("a note\n")


def test_every_row_and_ratio_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_0-9]+)`", (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")))
    assert {*bench_report.ROWS, *ratios(rows()), *bench_report.AT_MOST, *bench_report.AT_LEAST} <= explained


def test_the_spread_of_a_hundred_turns_is_their_median_their_95th_and_their_99th() -> None:
    assert bench_turns.spread([float(each) for each in range(100)]) == {"median": 49.5, "p95": 95.0, "p99": 99.0}


def test_the_client_talks_to_a_server_by_turns_and_all_at_once() -> None:
    server, url = bench_client.trivial_server()

    def person() -> bench_client.Web:
        return bench_client.Web(url)

    async def both() -> tuple[list[list[float]], list[float]]:
        by_turns = await bench_client.by_turns([person, person], ("hello", "thank you"), 3)
        taken, _ = await bench_client.at_once([person] * 4, ("hello", "thank you"), 2)
        return by_turns, taken

    try:
        by_turns, taken = bench_client.run(both())
    finally:
        server.terminate()
        server.wait()
    # Of each side's four conversations the first does not count.
    assert [len(each) for each in by_turns] == [6, 6] and len(taken) == 16
