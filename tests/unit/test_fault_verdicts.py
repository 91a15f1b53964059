"""The verdict on a fault follows from what people heard, and a run that saw nothing does not hold."""
from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import soak
from scripts.faults.__main__ import Found
from scripts.faults.catalogue import FAULTS, Fault
from scripts.faults.hearing import Came, is_fixed, is_reply
from scripts.faults.house import SERVICE, Referrals
from scripts.faults.page import put, table_of
from scripts.faults.people import QUESTIONS, SENT, Answer, own_addresses, question_of
from scripts.faults.record import Record, Said
from scripts.faults.strangers import ADDRESSES, Strangers, address_of
from scripts.faults.verdict import Course, Outcome, judged
from scripts.soak import Stretch

FAULT = Fault("x", "x breaks", SERVICE, lambda house, seconds: "")
ALL_WELL = Referrals(told=3, delivered=3, lost=0, doubled=0, without_yes=0, waiting=0)
RIGHT = [Said(at, 0.1, "web", about, Came.RIGHT) for at in range(100, 140) for about in ("danger", "exit", "services")]


def outcome(*said: Said, fault: Fault = FAULT, referrals: Referrals = ALL_WELL, before: tuple[Said, ...] = ()) -> Outcome:
    course = Course(100.0, 110.0, [*RIGHT[:3], *before], [*RIGHT, *said])
    return judged(fault, course, referrals, (1.0, 1.0), "", [])


def one(came: Came, about: str = "services", at: float = 111.0, took: float = 0.1) -> Said:
    return Said(at, took, "web", about, came)


def test_where_everything_was_right_it_holds() -> None:
    assert outcome().holds


def test_the_fixed_reply_is_right_while_something_is_broken_but_not_before_and_not_for_danger() -> None:
    assert outcome(one(Came.FIXED)).holds
    assert not outcome(before=(one(Came.FIXED),)).holds
    for urgent in ("danger", "exit"):
        assert not outcome(one(Came.FIXED, urgent)).holds
        assert outcome(one(Came.FIXED, urgent), fault=replace(FAULT, cut_off=True)).holds


@pytest.mark.parametrize("came", [Came.WRONG, Came.SILENCE, Came.ERROR, Came.UNREACHED, Came.FORGOTTEN, Came.REFUSED])
def test_one_bad_reply_among_a_hundred_is_too_many(came: Came) -> None:
    assert not outcome(one(came)).holds


def test_a_right_answer_after_ten_seconds_is_silence() -> None:
    found = outcome(one(Came.RIGHT, took=10.5))
    assert found.came["silence"] == 1 and not found.holds


def test_a_referral_lost_doubled_or_sent_without_a_yes_does_not_hold_nor_does_a_run_without_any() -> None:
    for bad in ({"lost": 1}, {"doubled": 1}, {"without_yes": 1}, {"waiting": 1}, {"told": 0}):
        assert not outcome(referrals=replace(ALL_WELL, **bad)).holds, bad


def test_it_must_be_well_again_in_time_and_somebody_must_have_been_there() -> None:
    late = outcome(one(Came.FIXED, at=110.0 + FAULT.well_within + 1))
    assert late.normal_after > FAULT.well_within and not late.holds
    nobody = judged(FAULT, Course(100.0, 110.0, RIGHT[:3], []), ALL_WELL, (1.0, 1.0), "", [])
    assert not nobody.holds


def test_what_people_expect_is_what_the_project_says() -> None:
    for place, (response, _) in enumerate(QUESTIONS):
        assert place == 0 or question_of([_first_line(response)]) == place
    assert question_of([_first_line("utter_referral_sent")]) == SENT and question_of(["Hello."]) == -1
    assert is_fixed([_first_line("utter_static_fallback")]) and not is_fixed([_first_line("utter_immediate_danger")])
    assert is_reply(_first_line("utter_immediate_danger", "sms"), "utter_immediate_danger", "sms")


def _first_line(response: str, channel: str = "web") -> str:
    from sentences import responses

    variants = responses()[response]
    chosen = next((v for v in variants if v.get("channel") == channel), variants[0])
    return str(chosen["text"]).strip().splitlines()[0]


def test_an_answer_without_words_is_named_for_what_it_is() -> None:
    named = {
        Answer(0, 1.0, error="ConnectError"): Came.UNREACHED, Answer(0, 20.0, error="ReadTimeout"): Came.SILENCE,
        Answer(401, 1.0): Came.FORGOTTEN, Answer(429, 1.0): Came.REFUSED, Answer(502, 1.0): Came.ERROR,
    }  # fmt: skip
    assert {answer: answer.without_words() for answer in named} == named
    assert Answer(200, 1.0, {"messages": []}).without_words() is Came.SILENCE
    assert Answer(200, 1.0, {"messages": [{"text": "Hello."}]}).without_words() is None


def test_danger_is_answered_where_its_reply_comes_first_whatever_is_said_after_it() -> None:
    danger, fixed = ({"text": _first_line(name)} for name in ("utter_immediate_danger", "utter_static_fallback"))
    assert Answer(200, 1.0, {"messages": [danger, fixed]}).begins_with("utter_immediate_danger", "web")
    assert not Answer(200, 1.0, {"messages": [fixed, danger]}).begins_with("utter_immediate_danger", "web")
    assert not Answer(503, 1.0, {"messages": [danger]}).begins_with("utter_immediate_danger", "web")


def test_each_person_has_an_address_of_their_own_on_this_machine_and_none_of_a_strangers() -> None:
    addresses = list(islice(own_addresses(), 70_000))
    assert len(set(addresses)) == len(addresses) and not set(addresses) & {address_of(number) for number in range(ADDRESSES)}
    assert all(ip_address(address).is_loopback for address in addresses)


def test_a_fault_that_was_never_tried_is_told_and_the_run_does_not_hold() -> None:
    found = Found({"day": "2026-11-22"}, [outcome()])
    assert found.holds
    found.end([FAULT, replace(FAULT, name="y", what="y breaks")])
    assert found.not_tried == {"y breaks": "the run was ended before"} and not found.holds


def test_each_fault_has_a_name_of_its_own_and_the_page_gets_a_row_of_each(tmp_path: Path) -> None:
    assert len({fault.name for fault in FAULTS}) == len({fault.what for fault in FAULTS}) == len(FAULTS)
    run = {"day": "2026-11-22", "cores": 2, "load_at_start": 0.1, "pause": 1.0, "people": 12}
    page = tmp_path / "page.md"
    page.write_text("Before\n<!-- faults -->\nformer\n<!-- /faults -->\nAfter\n")
    failed = outcome(one(Came.WRONG))
    put("faults", table_of({"run": run, "faults": [outcome().as_json(), failed.as_json()], "not_tried": {"y": "no y"}}), page)
    written = page.read_text()
    assert written.startswith("Before\n") and written.endswith("After\n") and "former" not in written
    assert "| holds |" in written and "| **fails** |" in written and "1 wrong replies" in written and "no y" in written


def test_a_stretch_of_the_soak_holds_only_where_all_is_right_quick_and_as_much_as_wanted() -> None:
    said = [Said(float(at), 0.1, "web", "words", Came.RIGHT) for at in range(100)]
    assert Stretch.of(said, 10, 10.0).holds
    assert not Stretch.of([*said, one(Came.FIXED)], 10, 10.0).holds
    assert not Stretch.of(said, 10, 12.0).holds
    assert not Stretch.of([*said[:90], *(replace(each, took=1.2) for each in said[90:])], 10, 10.0).holds


def test_the_highest_load_is_found_between_what_was_carried_and_what_was_not(monkeypatch: pytest.MonkeyPatch) -> None:
    carries, hiccups = 33.0, [12.0]

    def during(house: object, rate: float, seconds: float) -> tuple[Stretch, Record]:
        slow = rate > carries or rate in hiccups
        if rate in hiccups:
            hiccups.remove(rate)
        said = [Said(0.0, 1.5 if slow else 0.1, "web", "words", Came.RIGHT)] * round(rate * 10)
        return Stretch.of(said, 10, rate), Record()

    monkeypatch.setattr(soak, "during", during)
    monkeypatch.setattr(soak.time, "sleep", lambda seconds: None)
    tried: list[Stretch] = []
    found = soak.highest(SimpleNamespace(is_ready=lambda: True), 1.0, tried)  # type: ignore[arg-type]
    assert found is not None and 0.94 * carries <= found.wanted <= carries
    assert len(tried) <= 11 and [each.wanted for each in tried[:3]] == [8.0, 12.0, 12.0]


def test_a_soak_that_comes_to_no_end_says_so() -> None:
    words = soak.words_of(soak.Found(SERVICE, highest=30.0, load=0.0).as_json())
    assert "| 30.0 turns a second |" in words and "**fails**: it was ended before its time" in words


def test_a_stranger_ends_though_the_first_word_to_end_is_lost() -> None:
    lost: list[int] = []

    async def do(strangers: Strangers, number: int) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            if len(lost) > 3:
                raise
            lost.append(number)

    began = time.monotonic()
    with Strangers(do, 2) as strangers:
        time.sleep(0.2)
    assert lost and not strangers._thread.is_alive() and time.monotonic() - began < 30
