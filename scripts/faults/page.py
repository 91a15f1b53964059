"""The tables of docs/reliability.md, from what the runs found. The words around them are written by hand."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outreach.settings import ROOT

PAGE = ROOT / "docs" / "reliability.md"
_HEADS = (
    "fault", "replies", "fixed", "not reached", "wrong", "silence", "errors", "danger, leaving: not right", "longest wait",
    "well again after", "referrals told, lost, doubled", "outcome",
)  # fmt: skip


def table_of(found: dict[str, Any]) -> str:
    """The table of a run of faults, and what it was run on."""
    rows = [_HEADS, ("---",) * len(_HEADS), *(_row(each) for each in found["faults"])]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([_run(found["run"]), "", *table, *_failures(found["faults"]), *_not_tried(found["not_tried"])])


def _run(run: dict[str, Any]) -> str:
    busy = "" if run["load_at_start"] < 1 else f" The machine had other work too (load {run['load_at_start']} at the start)."
    lasted = f" It took {run['minutes']} minutes." if "minutes" in run else ""
    return (
        f"Run on {run['day']}, on {run['cores']} cores, with {run['people']} people who think for about {run['pause']:g} s. "
        f"PostgreSQL, Redis, two assistants and nginx; \"one machine\" is SQLite and one assistant with nothing in front."
        f"{lasted}{busy}"
    )


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    came, sent = each["came"], each["referrals"]
    return (
        each["what"], str(each["replies"]), str(came["fixed reply"]), str(came["not reached"]), str(came["wrong"]),
        str(came["silence"]), str(came["error without words"]), f"{each['urgent_fixed']} of {each['urgent']}",
        f"{each['longest']:.1f} s", f"{each['normal_after']:.0f} s", f"{sent['told']}, {sent['lost']}, {sent['doubled']}",
        "holds" if each["holds"] else "**fails**",
    )  # fmt: skip


def _failures(faults: Sequence[dict[str, Any]]) -> list[str]:
    failed = [f"- **{each['what']}**: {'; '.join(each['failures'])}." for each in faults if not each["holds"]]
    return ["", "What failed:", "", *failed] if failed else []


def _not_tried(why: dict[str, str]) -> list[str]:
    return ["", "What could not be tried:", "", *(f"- **{what}**: {reason}." for what, reason in why.items())] if why else []


def put(name: str, text: str, page: Path = PAGE) -> None:
    """Write a text between the page's marks of this name. Raises `ValueError` where they are missing."""
    whole = page.read_text(encoding="utf-8")
    begins, ends = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = whole.partition(begins)
    _, closed, after = rest.partition(ends)
    if not found or not closed:
        raise ValueError(f"{page.name} has no marks for {name}")
    page.write_text(f"{before}{begins}{text}\n{ends}{after}", encoding="utf-8")
