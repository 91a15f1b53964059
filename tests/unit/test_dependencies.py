"""docs/dependencies.md speaks of what is pinned now, and `make audit` never calls well what it could not ask about."""
from __future__ import annotations

import re

import pytest

from outreach.settings import ROOT
from scripts import audit

PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([a-z0-9-]+) \| ([0-9][0-9a-z.]*) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
PINNED = dict(re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(("package", "version"), [row[:2] for row in ROWS])
def test_a_package_with_a_known_hole_is_at_the_version_that_was_looked_at(package: str, version: str) -> None:
    assert PINNED.get(package) == version, "it was raised: look at its row again, and take it out if the hole is closed"


def test_every_hole_says_why_it_does_not_reach_us() -> None:
    assert len(ROWS) >= 10
    for package, _, hole, why in ROWS:
        assert re.search(r"CVE-\d{4}-\d{4,}", hole), package
        assert len(why) > 10, package


def test_what_is_said_to_be_installed_and_unused_is_pinned_and_imported_by_nothing_of_ours() -> None:
    listed = re.findall(r"`([a-z0-9-]+)`", PAGE.partition("## Not in use")[2].partition("##")[0])
    assert listed and set(listed) <= set(PINNED)
    ours = [f for name in ("outreach", "channels", "components", "actions", "console", "launcher") for f in (ROOT / name).rglob("*.py")]
    for package in listed:
        name = package.replace("-", "_")
        assert not any(re.search(rf"^\s*(?:import|from) {name}\b", f.read_text(encoding="utf-8"), re.MULTILINE) for f in ours), package


def test_nothing_of_ours_starts_aiohttps_server_or_sanics_static_files() -> None:
    for name in ("outreach", "channels", "components", "actions", "console", "launcher"):
        for file in (ROOT / name).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert "aiohttp.web" not in text and "aiohttp import web" not in text and ".static(\"/" not in text, file


def test_tensorflow_is_not_pinned() -> None:
    assert not {"tensorflow", "keras"} & set(PINNED)


SOUND = {"name": "a", "version": "1", "vulns": []}
HOLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-0", "aliases": ["CVE-0"], "fix_versions": ["3"]}]}
UNASKED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(("packages", "code"), [([SOUND], 0), ([SOUND, HOLE], 1), ([SOUND, UNASKED], 2), ([HOLE, UNASKED], 1), ([], 2)])
def test_an_audit_is_well_only_when_every_package_was_asked_about(packages: list[dict[str, object]], code: int) -> None:
    assert audit.judged(packages) == code


def test_an_audit_names_each_hole_and_what_it_could_not_ask_about(capsys: pytest.CaptureFixture[str]) -> None:
    audit.judged([SOUND, HOLE, UNASKED])
    said = capsys.readouterr().out
    assert "b 2: PYSEC-0, CVE-0; fixed in 3" in said and "1 of 3 packages: c" in said
