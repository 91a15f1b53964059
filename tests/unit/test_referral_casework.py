"""Staff work referrals: those of their own teams, one change at a time, and nothing of what was answered lies about."""
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from nacl.public import PrivateKey
from referring import AREA_NAMES, CANARIES, DEE, DESKS, House, everything_in

from outreach.adapters.referral_delivery import Mail
from outreach.privacy.sealing import CannotOpen, Opener
from outreach.referrals.answers import Answers, SafeTimes, safe_times
from outreach.referrals.attempts import MOST_NOTE, Attempt
from outreach.referrals.casework import NotASafeWay, OutsideSafeTimes, VoicemailNotSafe, WrongTime
from outreach.referrals.delivery import body_of
from outreach.referrals.inbox import Withdrawn
from outreach.referrals.keeping import NOTICE
from outreach.referrals.reach import reach_of, windows_in_words, within
from outreach.referrals.records import NoSuchReferral
from outreach.referrals.states import NotAllowed, State
from outreach.referrals.teams import Team, Teams
from outreach.referrals.worked import ChangedMeanwhile, NotOpen, Worked
from outreach.referrals.working_days import working_days_since
from outreach.staff import Role, Staff

HERS, OTHER = "Welwyn Hatfield and Hertsmere", "St Albans and Dacorum"
OTHER_TEAM = "outreach-st-albans-dacorum"
KIM = Staff("kim", "Kim", frozenset({Role.CASEWORKER}), frozenset({HERS}))
LEE = Staff("lee", "Lee", frozenset({Role.CASEWORKER}), frozenset({HERS}))
SAM = Staff("sam", "Sam", frozenset({Role.CASEWORKER}), frozenset({OTHER}))
GATE = Staff("gate", "Gil", frozenset({Role.CASEWORKER}), frozenset({"beacon"}))
BOSS = Staff("boss", "Bo", frozenset({Role.MANAGER}))
WEEKDAYS_9_TO_3 = safe_times("weekdays 9am-3pm")


@pytest.fixture
def house(database_url: str) -> House:
    return House(database_url, told=True)


def came(house: House, **changes: object) -> Worked:
    house.clock.pass_by(seconds=1)
    house.submit(**changes)
    house.deliverer.deliver_due()
    return house.casework.waiting(BOSS)[-1]


def seen(house: House, found: Worked) -> int:
    return house.work.one(found.referral.id).revision


def tried(house: House, found: Worked, by: Staff = KIM, **changes: object) -> None:
    made = replace(Attempt("text", "no-answer", house.clock()), **changes)
    house.casework.attempt(by, found.referral.id, seen(house, found), made)


def actions(house: House) -> list[tuple[str, str]]:
    return [(entry.by, entry.action) for entry in house.inbox.audit()]


# Whose they are

def test_a_caseworker_sees_the_referrals_of_their_own_areas_and_no_others(house: House) -> None:
    hers = came(house)
    others = came(house, outreach_area=OTHER, district="Dacorum")
    assert [each.referral.id for each in house.casework.waiting(KIM)] == [hers.referral.id]
    assert [each.referral.id for each in house.casework.waiting(SAM)] == [others.referral.id]
    assert [each.referral.id for each in house.casework.waiting(BOSS)] == [hers.referral.id, others.referral.id]


def test_a_man_s_referral_is_the_gateway_s_and_not_the_area_s(house: House) -> None:
    came(house)
    his = came(house, describes_as="man")
    assert [each.referral.id for each in house.casework.waiting(GATE)] == [his.referral.id]
    assert his.referral.id not in [each.referral.id for each in house.casework.waiting(KIM)]


def test_only_caseworkers_and_managers_see_any(house: House) -> None:
    came(house)
    for role in set(Role) - {Role.CASEWORKER, Role.MANAGER}:
        assert house.casework.waiting(Staff("x", "X", frozenset({role}), AREA_NAMES)) == []
    assert house.casework.waiting(Staff("x", "X", frozenset({Role.CASEWORKER}))) == []


def test_every_team_that_the_rules_refer_to_has_a_desk(house: House) -> None:
    assert {desk.key for desk in DESKS.all()} == {*AREA_NAMES, "beacon"}
    assert {desk.through for desk in DESKS.all() if desk.area} == {"beacon"}


def test_another_area_s_referral_is_as_good_as_not_there_and_asking_leaves_a_trace(house: House) -> None:
    found = came(house)
    calls = (
        lambda: house.casework.find(SAM, found.referral.id),
        lambda: house.casework.open(SAM, found.referral.id),
        lambda: house.casework.acknowledge(SAM, found.referral.id, found.revision),
        lambda: tried(house, found, by=SAM),
        lambda: house.casework.pass_on(SAM, found.referral.id, found.revision, "beacon", "asked-for"),
        lambda: house.casework.close(SAM, found.referral.id, found.revision, "supported"),
        lambda: house.casework.withdraw(SAM, found.referral.id, found.revision),
    )
    for call in calls:
        with pytest.raises(NoSuchReferral):
            call()
    assert actions(house) == [("sam", "referral.refused")] * len(calls)
    assert house.only().state is State.DELIVERED
    with pytest.raises(NoSuchReferral):
        house.casework.find(SAM, "<what somebody typed>")
    assert len(actions(house)) == len(calls), "what somebody typed is no referral, and is not recorded"


# Opening

def test_opening_is_in_the_audit_before_anything_is_read(house: House) -> None:
    found = came(house)
    house.opener = Opener([PrivateKey.generate()])
    with pytest.raises(CannotOpen):
        house.casework.open(KIM, found.referral.id)
    assert actions(house) == [("kim", "referral.opened")]


def test_where_the_audit_cannot_be_written_nothing_is_opened(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = came(house)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(house.audit, "record", broken)
    with pytest.raises(RuntimeError):
        house.casework.open(KIM, found.referral.id)
    with pytest.raises(RuntimeError):
        house.casework.acknowledge(KIM, found.referral.id, found.revision)
    assert house.only().state is State.DELIVERED, "the change and its line in the audit are one"


def test_an_opened_one_says_all_that_was_answered(house: House) -> None:
    found = came(house)
    opened = house.casework.open(KIM, found.referral.id)
    assert opened.letter.answers == DEE
    assert (opened.reach.safe, opened.reach.unsafe) == (("text",), ("call", "email"))


def test_one_is_found_by_the_reference_that_the_person_has_but_only_by_whose_it_is(house: House) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    assert house.casework.with_reference(KIM, house.references, f"it is {reference.lower()}") == house.only().id
    assert house.casework.with_reference(SAM, house.references, reference) is None
    assert house.casework.with_reference(KIM, house.references, "no idea") is None


# How to be in touch

@pytest.mark.parametrize(
    ("changes", "safe", "unsafe"),
    [
        ({"contact_way": "call"}, ("call",), ("text", "email")),
        ({"contact_way": "text"}, ("text",), ("call", "email")),
        ({"contact_way": "email", "contact": "dee@example.org"}, ("email",), ("call", "text")),
        ({"safe_to_contact": None}, (), ("call", "text", "email")),
        ({"safe_to_contact": False}, (), ("call", "text", "email")),
        ({"contact": None}, (), ("call", "text", "email")),
        ({"contact_way": "carrier pigeon"}, (), ("call", "text", "email")),
    ],
)
def test_only_the_way_that_was_called_safe_is_safe(
    changes: dict[str, object], safe: tuple[str, ...], unsafe: tuple[str, ...]
) -> None:
    reach = reach_of(replace(DEE, **changes))
    assert (reach.safe, reach.unsafe) == (safe, unsafe)


def test_a_voicemail_that_nobody_was_asked_about_is_not_safe() -> None:
    assert [reach_of(Answers(voicemail=said)).voicemail for said in (None, False, True)] == [False, False, True]


@pytest.mark.parametrize(
    ("at", "safe"),
    [
        ("2026-11-20T09:00", True), ("2026-11-20T14:59", True), ("2026-11-20T15:00", False), ("2026-11-20T08:59", False),
        ("2026-11-21T10:00", False), ("2026-07-03T08:30", True), ("2026-07-03T14:30", False),
    ],
)
def test_safe_times_are_london_s_in_winter_and_summer(at: str, safe: bool) -> None:
    assert isinstance(WEEKDAYS_9_TO_3, SafeTimes)
    assert within(WEEKDAYS_9_TO_3, datetime.fromisoformat(at).replace(tzinfo=timezone.utc)) is safe


def test_of_words_that_are_not_certain_nothing_is_claimed(house: House) -> None:
    assert within(SafeTimes("before the school run"), house.clock()) is None
    assert within(None, house.clock()) is None
    with pytest.raises(ValueError, match="time zone"):
        within(None, datetime(2026, 1, 1))


def test_what_the_times_were_understood_as_is_said_in_words() -> None:
    assert windows_in_words(WEEKDAYS_9_TO_3) == ["Monday, Tuesday, Wednesday, Thursday, Friday: 09:00 to 15:00"]
    assert windows_in_words(safe_times("any time")) == ["Every day: any time"]
    assert windows_in_words(safe_times("after 8pm")) == ["Every day: 20:00 to midnight"]
    assert windows_in_words(None) == []


# By when

def test_one_is_overdue_in_working_days_until_somebody_has_tried(house: House) -> None:
    found = came(house)  # a Friday: the answer is due by the end of Tuesday
    assert found.due(2).day == date(2026, 11, 24)
    for days, late in ((0, 0), (4, 0), (5, 1), (7, 3), (10, 4)):
        assert found.overdue(2, house.clock() + timedelta(days=days)) == late, days
    house.clock.pass_by(days=5)
    house.casework.acknowledge(KIM, found.referral.id, found.revision)
    assert house.work.one(found.referral.id).overdue(2, house.clock()) == 1, "to say that one deals with it is no answer"
    tried(house, found)
    assert house.work.one(found.referral.id).overdue(2, house.clock()) == 0


def test_no_day_is_late_over_christmas() -> None:
    after = datetime(2026, 12, 29, 8, tzinfo=timezone.utc)
    assert working_days_since(date(2026, 12, 24), after) == 1  # 25 and 28 December are bank holidays in 2026
    assert working_days_since(date(2026, 12, 30), after) == 0


# Two at once

def test_the_second_of_two_caseworkers_changes_nothing_and_is_told(house: House) -> None:
    found = came(house)
    both_saw = found.revision
    house.casework.acknowledge(KIM, found.referral.id, both_saw)
    calls = (
        lambda: house.casework.acknowledge(LEE, found.referral.id, both_saw),
        lambda: house.casework.close(LEE, found.referral.id, both_saw, "supported"),
        lambda: house.casework.pass_on(LEE, found.referral.id, both_saw, "beacon", "asked-for"),
        lambda: house.casework.withdraw(LEE, found.referral.id, both_saw),
        lambda: house.casework.attempt(LEE, found.referral.id, both_saw, Attempt("text", "reached", house.clock())),
    )
    for call in calls:
        with pytest.raises(ChangedMeanwhile):
            call()
    now = house.work.one(found.referral.id)
    assert (now.referral.state, now.handler, now.attempts) == (State.ACKNOWLEDGED, "kim", 0)
    assert [by for by, _ in actions(house)] == ["kim"], "what did not happen is not in the audit"


def test_of_many_at_the_very_same_moment_one_does_it(house: House) -> None:
    found = came(house)

    def do(number: int) -> bool:
        who = replace(KIM, id=f"kim-{number}")
        try:
            if number % 2:
                house.casework.acknowledge(who, found.referral.id, found.revision)
            else:
                house.casework.attempt(who, found.referral.id, found.revision, Attempt("text", "reached", house.clock()))
        except ChangedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(do, range(16))) == 1
    assert len({by for by, _ in actions(house)}) == 1 and house.audit.verify().holds


def test_a_form_that_is_sent_twice_is_one_attempt(house: House) -> None:
    found = came(house)
    once = found.revision
    house.casework.attempt(KIM, found.referral.id, once, Attempt("text", "reached", house.clock()))
    with pytest.raises(ChangedMeanwhile):
        house.casework.attempt(KIM, found.referral.id, once, Attempt("text", "reached", house.clock()))
    assert len(house.rows("referral_attempt")) == 1


# Attempts

def test_an_attempt_says_that_somebody_deals_with_it(house: House) -> None:
    found = came(house)
    tried(house, found)
    now = house.work.one(found.referral.id)
    assert (now.referral.state, now.handler, now.attempts) == (State.ACKNOWLEDGED, "kim", 1)
    assert now.last_attempt_at == house.clock()


def test_what_was_tried_is_sealed_and_comes_back_to_whoever_opens_it(house: House, tmp_path: Path) -> None:
    found = came(house, safe_times=WEEKDAYS_9_TO_3)
    tried(house, found, outcome="someone-else", note="a Zanzibarian neighbour picked up")
    tried(house, found, way="they-came", outcome="reached")
    opened = house.casework.open(LEE, found.referral.id)
    assert [(a.way, a.outcome, a.note, a.outside_safe_times) for a in opened.attempts if a] == [
        ("text", "someone-else", "a Zanzibarian neighbour picked up", False), ("they-came", "reached", "", None),
    ]
    stored = everything_in(tmp_path)
    for each in ("Zanzibarian", "someone-else", "they-came", "outside_safe"):
        assert each.encode() not in stored, each
    assert len({len(row["sealed"]) for row in house.rows("referral_attempt")}) == 1
    assert [each for each in CANARIES if each.encode() in stored] == []


def test_nobody_notes_an_attempt_in_a_way_that_was_not_called_safe(house: House) -> None:
    found = came(house)
    for way in ("call", "email", "nonsense"):
        with pytest.raises(NotASafeWay):
            tried(house, found, way=way)


def test_outside_the_safe_times_whoever_notes_it_has_to_be_sure(house: House) -> None:
    found = came(house, safe_times=WEEKDAYS_9_TO_3)
    at = house.clock.pass_by(hours=8)  # 18:00
    made = Attempt("text", "reached", at)
    with pytest.raises(OutsideSafeTimes):
        house.casework.attempt(KIM, found.referral.id, found.revision, made)
    assert house.rows("referral_attempt") == []
    house.casework.attempt(KIM, found.referral.id, found.revision, made, sure=True)
    (noted,) = house.casework.open(KIM, found.referral.id).attempts
    assert noted is not None and noted.outside_safe_times is True


def test_a_voicemail_that_was_not_called_safe_has_to_be_noted_twice(house: House) -> None:
    found = came(house, contact_way="call", voicemail=None)
    made = Attempt("call", "message-left", house.clock())
    with pytest.raises(VoicemailNotSafe):
        house.casework.attempt(KIM, found.referral.id, found.revision, made)
    house.casework.attempt(KIM, found.referral.id, found.revision, made, sure=True)
    fine = came(house, contact_way="call", voicemail=True)
    tried(house, fine, way="call", outcome="message-left")


def test_an_attempt_was_made_between_the_referral_and_now(house: House) -> None:
    found = came(house)
    for at in (house.clock() + timedelta(hours=1), house.clock() - timedelta(days=1)):
        with pytest.raises(WrongTime):
            tried(house, found, at=at)
    for changes in ({"outcome": "danced"}, {"note": "x" * (MOST_NOTE + 1)}):
        with pytest.raises(ValueError, match=r"^(an attempt|a note)"):
            tried(house, found, **changes)
    tried(house, found, note="💌" * MOST_NOTE)


def test_nothing_is_noted_on_one_that_has_ended(house: House) -> None:
    found = came(house)
    house.casework.close(KIM, found.referral.id, found.revision, "supported")
    with pytest.raises(NotOpen):
        tried(house, found)
    with pytest.raises(NotOpen):
        house.casework.pass_on(KIM, found.referral.id, seen(house, found), "beacon", "asked-for")


# Passing on

def test_one_that_is_passed_on_is_the_new_team_s_and_no_longer_the_old_one_s(house: House) -> None:
    found = came(house)
    house.casework.pass_on(KIM, found.referral.id, found.revision, OTHER_TEAM, "lives-there")
    house.deliverer.deliver_due()
    with pytest.raises(NoSuchReferral):
        house.casework.find(KIM, found.referral.id)
    assert house.casework.waiting(KIM) == []
    (theirs,) = house.casework.waiting(SAM)
    now = theirs.referral
    assert (now.team, now.through, now.area, now.state) == (OTHER_TEAM, "beacon", OTHER, State.DELIVERED)
    assert house.casework.open(SAM, now.id).letter.answers == DEE
    assert theirs.due(2) == found.due(2), "passing it on gives nobody more time"
    assert ("kim", "referral.passed_on") in actions(house)


def test_the_new_team_is_told_and_the_old_one_is_told_to_delete_its_copy(house: House) -> None:
    teams = ("beacon", OTHER_TEAM, "outreach-welwyn-hatfield-hertsmere")
    house.teams = Teams({team: Team(team, "https://x.example/hook", (b"s" * 32,)) for team in teams})
    found = came(house)
    house.receiver.got.clear()
    house.casework.pass_on(KIM, found.referral.id, found.revision, OTHER_TEAM, "lives-there")
    house.deliverer.deliver_due()
    told = sorted((notice.recipient, notice.kind) for notice in house.receiver.got.values())
    assert told == [
        ("beacon", "referral"), (OTHER_TEAM, "referral"), ("outreach-welwyn-hatfield-hertsmere", "passed-on"),
    ]


def test_the_team_that_had_it_is_told_which_and_not_whose_it_is_now(house: House) -> None:
    mine = "outreach-welwyn-hatfield-hertsmere"
    house.teams = Teams({mine: Team(mine, "https://x.example/hook", (b"s" * 32,))})
    found = came(house)
    house.casework.pass_on(KIM, found.referral.id, found.revision, OTHER_TEAM, "lives-there")
    house.deliverer.deliver_due()
    (news,) = [notice for notice in house.receiver.got.values() if notice.kind == "passed-on"]
    told = json.loads(body_of(news, house.only()))
    assert (told["type"], told["data"]) == ("referral.passed_on", {"referral": found.referral.id})
    mail = Mail("localhost", 25, "referrals@example.org", "", "", False)._message(news, "duty@example.org").as_string()
    assert "A referral was passed on" in mail and OTHER_TEAM not in mail and OTHER not in mail


def test_one_that_comes_back_is_not_deleted_by_late_news(house: House) -> None:
    mine = "outreach-welwyn-hatfield-hertsmere"
    house.teams = Teams({team: Team(team, "https://x.example/hook", (b"s" * 32,)) for team in (mine, OTHER_TEAM)})
    found = came(house)
    house.receiver.fails = lambda: True
    house.casework.pass_on(KIM, found.referral.id, found.revision, OTHER_TEAM, "lives-there")
    house.deliverer.deliver_due()
    house.casework.pass_on(SAM, found.referral.id, seen(house, found), mine, "lives-there")
    house.receiver.fails = lambda: False
    house.receiver.got.clear()
    house.clock.pass_by(hours=2)
    house.deliverer.deliver_due()
    assert {(n.recipient, n.kind) for n in house.receiver.got.values()} == {(mine, "referral"), (OTHER_TEAM, "passed-on")}


def test_a_withdrawn_one_is_told_of_once_to_each_who_ever_had_it(house: House) -> None:
    house.teams = Teams({team: Team(team, "https://x.example/hook", (b"s" * 32,)) for team in ("beacon", OTHER_TEAM)})
    found = came(house)
    house.casework.pass_on(KIM, found.referral.id, found.revision, OTHER_TEAM, "asked-for")
    house.deliverer.deliver_due()
    house.receiver.got.clear()
    house.casework.withdraw(SAM, found.referral.id, seen(house, found))
    house.deliverer.deliver_due()
    assert sorted((n.recipient, n.kind) for n in house.receiver.got.values()) == [
        ("beacon", "withdrawn"), (OTHER_TEAM, "withdrawn"),
    ]


def test_to_the_gateway_it_keeps_the_area_that_the_person_lives_in(house: House) -> None:
    found = came(house)
    house.casework.pass_on(KIM, found.referral.id, found.revision, "beacon", "asked-for")
    house.deliverer.deliver_due()
    (theirs,) = house.casework.waiting(GATE)
    assert (theirs.referral.team, theirs.referral.through, theirs.referral.area) == ("beacon", None, HERS)


@pytest.mark.parametrize(
    ("team", "reason"),
    [("hcc-children", "asked-for"), ("outreach-welwyn-hatfield-hertsmere", "asked-for"), (OTHER_TEAM, "why not"), ("", "")],
)
def test_it_goes_to_no_team_and_for_no_reason_but_the_listed_ones(house: House, team: str, reason: str) -> None:
    found = came(house)
    with pytest.raises(ValueError, match="desk"):
        house.casework.pass_on(KIM, found.referral.id, found.revision, team, reason)
    assert house.only().state is State.DELIVERED


# Ends

def test_the_steps_of_a_worked_referral_are_all_in_the_audit(house: House) -> None:
    found = came(house)
    house.casework.open(KIM, found.referral.id)
    house.casework.acknowledge(KIM, found.referral.id, seen(house, found))
    tried(house, found)
    house.clock.pass_by(minutes=1)
    house.casework.close(KIM, found.referral.id, seen(house, found), "supported")
    assert [action for _, action in actions(house)] == [
        "referral.opened", "referral.acknowledged", "referral.attempted", "referral.closed",
    ]
    assert {entry.referral_id for entry in house.inbox.audit()} == {found.referral.id}
    assert house.audit.verify().holds
    assert [(d.what, d.by) for d in house.casework.done(house.work.one(found.referral.id))] == [
        ("consented", "person"), ("queued", "person"), ("delivered", "deliverer"), ("acknowledged", "kim"), ("attempt", "kim"),
        ("closed", "kim"),
    ]


def test_a_closed_one_leaves_the_inbox_and_can_be_looked_up_until_it_is_deleted(house: House) -> None:
    found = came(house)
    with pytest.raises(ValueError, match="outcome"):
        house.casework.close(KIM, found.referral.id, found.revision, "dunno")
    house.casework.close(KIM, found.referral.id, found.revision, "supported")
    assert house.casework.waiting(KIM) == []
    assert [each.referral.outcome for each in house.casework.closed(KIM)] == ["supported"]
    assert house.casework.closed(SAM) == []
    with pytest.raises(NotAllowed):
        house.casework.acknowledge(KIM, found.referral.id, seen(house, found))
    house.clock.pass_by(days=91)
    assert house.deliverer.purge() == 1
    assert house.casework.closed(KIM) == []


@pytest.mark.parametrize("who", ["the person", "staff"])
def test_a_withdrawn_one_vanishes_with_all_that_was_noted(house: House, who: str) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    (found,) = house.casework.waiting(KIM)
    tried(house, found)
    if who == "staff":
        house.casework.withdraw(KIM, found.referral.id, seen(house, found))
    else:
        assert house.afterwards.withdraw(reference, "me")
    assert house.casework.waiting(KIM) == house.casework.closed(KIM) == []
    for call in (house.casework.open, house.casework.find):
        with pytest.raises(Withdrawn):
            call(KIM, found.referral.id)
    assert house.rows("referral_attempt") == []
    assert house.only().sealed is None


def test_nothing_of_a_referral_outlives_it(house: House) -> None:
    found = came(house)
    tried(house, found)
    house.casework.pass_on(KIM, found.referral.id, seen(house, found), OTHER_TEAM, "lives-there")
    house.deliverer.deliver_due()
    house.casework.close(SAM, found.referral.id, seen(house, found), "supported")
    house.clock.pass_by(days=91)
    assert house.deliverer.purge() == 1
    for table in ("referral", "referral_attempt", "referral_passing", "state_change", "outbox"):
        assert house.rows(table) == [], table


# Left alone

def test_an_open_one_that_nobody_works_is_deleted_after_a_year_and_not_without_notice(house: House) -> None:
    found = came(house)
    house.clock.pass_by(days=365 - NOTICE.days - 1)
    assert house.deliverer.purge() == 0
    assert house.work.one(found.referral.id).delete_at is None
    house.clock.pass_by(days=1)
    assert house.deliverer.purge() == 0
    assert house.work.one(found.referral.id).delete_at == house.clock() + NOTICE
    house.clock.pass_by(days=NOTICE.days, seconds=-1)
    assert house.deliverer.purge() == 0
    house.clock.pass_by(seconds=1)
    assert house.deliverer.purge() == 1
    assert house.rows("referral") == []
    assert actions(house) == [("deliverer", "referral.left_alone"), ("deliverer", "referral.purged")]


def test_one_that_was_left_alone_for_years_still_gets_its_notice(house: House) -> None:
    came(house)
    house.clock.pass_by(days=4000)
    assert house.deliverer.purge() == house.deliverer.purge() == 0
    house.clock.pass_by(days=NOTICE.days)
    assert house.deliverer.purge() == 1


def test_whoever_does_something_about_it_keeps_it(house: House) -> None:
    found = came(house)
    house.clock.pass_by(days=364)
    house.deliverer.purge()
    tried(house, found)
    house.clock.pass_by(days=NOTICE.days + 1)
    assert house.deliverer.purge() == 0
    assert house.work.one(found.referral.id).delete_at is None


def test_with_the_setting_at_nought_nothing_open_is_ever_deleted(house: House) -> None:
    from outreach.referrals.keeping import Keeping

    found = came(house)
    house.clock.pass_by(days=364)
    house.deliverer.purge()
    never = Keeping(house.work, 0, house.clock)
    assert never.tidy() == 0
    assert house.work.one(found.referral.id).delete_at is None
    house.clock.pass_by(days=4000)
    assert never.tidy() == 0
    assert house.only().state is State.DELIVERED


def test_one_that_is_on_its_way_is_not_left_alone(house: House) -> None:
    house.submit()
    house.clock.pass_by(days=4000)
    assert house.deliverer.purge() == 0
    house.clock.pass_by(days=4000)
    assert house.deliverer.purge() == 0
