"""Wrong copies of numbers that matter are refused, and other people's right numbers are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.content import importer
from outreach.content.misprints import Misprints
from outreach.settings import ROOT

MISPRINTS = Misprints.load()
HELPLINE = "08088088088"


@pytest.mark.parametrize("number", ["08088 088 088", "0808 808 8088", "08 088 088 088", "+44 8088 088 088", "0808 2000 247"])
def test_the_right_number_is_fine_however_it_is_written(number: str) -> None:
    assert MISPRINTS.problem(number) is None


@pytest.mark.parametrize(
    "number",
    ["09088 088 088", "0908 808 8088", "08088 088 087", "0808 808 808", "08088 088 0888", "08088 088 808", "0808 802 9999",
     "020 7395 7771", "0808 2000 274"],
)  # fmt: skip
def test_a_known_or_likely_misprint_is_refused_and_says_which(number: str) -> None:
    problem = MISPRINTS.problem(number)
    assert problem and problem.startswith("this ")
    assert MISPRINTS.in_text(f"Ring {number} at any time.") == problem


@given(at=st.integers(0, 10), digit=st.sampled_from("0123456789"), slip=st.sampled_from(["change", "add", "drop", "swap"]))
def test_every_slip_of_a_finger_is_caught(at: int, digit: str, slip: str) -> None:
    before, here, after = HELPLINE[:at], HELPLINE[at], HELPLINE[at + 1 :]
    typed = {
        "change": before + digit + after,
        "add": before + digit + here + after,
        "drop": before + after,
        "swap": before + after[:1] + here + after[1:],
    }[slip]
    assert (MISPRINTS.problem(typed) is None) == (typed == HELPLINE)


def test_no_number_of_the_directory_is_taken_for_a_misprint() -> None:
    services = importer.read(ROOT / "content")["service"].values()
    numbers = [phone["number"] for service in services for phone in service["phones"]]
    assert [number for number in numbers if MISPRINTS.problem(number)] == []
