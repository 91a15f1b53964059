"""Working referrals over HTTP: who sees which, what opening one shows, and what is left of it anywhere."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path

import pytest
from consoles import Console, Staffer
from referral_inbox import HERS, OTHER, OTHER_TEAM, Inbox
from referring import CANARIES, everything_in, holds
from running import Person, Running
from test_referral_form import ASKS, FIRST, MORE, YES
from webforms import fields_of

from outreach.adapters.referral_log import ReferralLog
from outreach.referrals.answers import safe_times
from outreach.referrals.reference import find_in
from scripts.keys import add_pair

NOTE = "a Zanzibarian neighbour picked up"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """One for all of these; each brings its own referrals."""
    started = Inbox.start(tmp_path_factory.mktemp("inbox"), tmp_path_factory.mktemp("keys"))
    yield started
    started.console.stop()


def fields(staffer: Staffer, referral: str, what: str, **values: object) -> dict[str, object]:
    """The form as the page has it now, with values filled in."""
    found = fields_of(staffer.get(f"/referrals/{referral}").text, f"/referrals/{referral}/{what}")
    return {**found, **{f"{what.replace('-', '_')}-{name}": value for name, value in values.items()}}


def attempt(staffer: Staffer, referral: str, **values: object) -> dict[str, object]:
    """The form of an attempt as the opened page has it."""
    page = staffer.post(f"/referrals/{referral}/open").text
    return {**fields_of(page, f"/referrals/{referral}/attempt"), "way": "text", "outcome": "no-answer", **values}


def text_of(response: object) -> str:
    """The words of a page, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())  # type: ignore[attr-defined]


def test_a_referral_is_opened_worked_and_closed_and_the_audit_has_each_step(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    assert f"/referrals/{referral}" in kim.get("/referrals").text
    shown = text_of(kim.post(f"/referrals/{referral}/open"))
    for said in ("Deirdre Quillfeather", "07400 998877", "tuesdays before the school run", "marmaladefox", "Tigrinya"):
        assert said in shown, said
    assert "It is yours" in text_of(
        kim.post_and_follow(f"/referrals/{referral}/acknowledge", fields(kim, referral, "acknowledge"))
    )
    assert "Noted" in text_of(kim.post_and_follow(f"/referrals/{referral}/attempt", attempt(kim, referral, note=NOTE)))
    again = text_of(kim.post(f"/referrals/{referral}/open"))
    assert NOTE in again and "No answer yet" in again
    closed = kim.post_and_follow(f"/referrals/{referral}/close", fields(kim, referral, "close", outcome="supported"))
    assert "They have the support they asked for" in text_of(closed)
    assert f"/referrals/{referral}" not in kim.get("/referrals").text
    assert f"/referrals/{referral}" in kim.get("/referrals?show=closed").text
    assert [action for by, action in inbox.audited(referral) if by == kim.id] == [
        "referral.opened", "referral.acknowledged", "referral.opened", "referral.attempted", "referral.opened",
        "referral.closed",
    ]
    assert inbox.audit.verify().holds


def test_before_it_is_opened_no_page_says_anything_of_the_person(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    for path in ("/referrals", "/referrals?show=long", f"/referrals/{referral}"):
        page = kim.get(path)
        assert page.status_code == 200
        assert [each for each in CANARIES if each in page.text] == [], path
    assert inbox.audited(referral) == []


def test_an_opened_one_is_kept_by_no_browser_and_no_address_leads_back_to_it(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    opened = kim.post(f"/referrals/{referral}/open")
    assert opened.headers["cache-control"] == "no-store"
    for what in ("open", "attempt", "close"):
        back = kim.get(f"/referrals/{referral}/{what}")
        assert (back.status_code, back.headers["location"]) == (303, f"/referrals/{referral}")
    assert kim.get(f"/referrals/{referral}/nonsense").status_code == 404
    assert len(inbox.audited(referral)) == 1


PATHS = ("", "/open", "/acknowledge", "/attempt", "/pass-on", "/close", "/withdraw")


def test_a_caseworker_of_another_area_finds_nothing_and_leaves_a_trace(inbox: Inbox) -> None:
    referral, sam = inbox.came(), inbox.caseworker(OTHER)
    assert referral not in sam.get("/referrals").text
    nothing = text_of(sam.get("/referrals/0123456789abcdef"))
    filled = {"pass_on-team": "beacon", "pass_on-reason": "asked-for", "close-outcome": "other", "withdraw-asked": "y", "way": "text",
              "outcome": "reached", "day": "2026-11-21", "time": "10:00"}  # fmt: skip
    for path in PATHS:
        answer = sam.post(f"/referrals/{referral}{path}", filled) if path else sam.get(f"/referrals/{referral}")
        assert answer.status_code == 404, path
        assert text_of(answer) == nothing, "as if there were none"
    assert inbox.state(referral) == "delivered"
    assert inbox.audited(referral) == [(sam.id, "referral.refused")] * len(PATHS)


@pytest.mark.parametrize("role", ["editor", "publisher", "auditor"])
def test_other_roles_reach_nothing_of_it(inbox: Inbox, role: str) -> None:
    referral, other = inbox.came(), inbox.staff(role)
    for path in PATHS:
        answer = other.post(f"/referrals/{referral}{path}", {}) if path else other.get(f"/referrals/{referral}")
        assert answer.status_code == 403, path
    assert other.get("/referrals").status_code == other.post("/referrals/find", {"reference": "x"}).status_code == 403
    assert inbox.audited(referral) == []


def test_a_manager_sees_every_team_s_and_a_man_s_is_the_gateway_s(inbox: Inbox) -> None:
    hers, his = inbox.came(), inbox.came(describes_as="man")
    boss, gil, kim = inbox.staff("manager"), inbox.caseworker("beacon"), inbox.caseworker()
    sees = [[each in staffer.get("/referrals").text for each in (hers, his)] for staffer in (boss, gil, kim)]
    assert sees == [[True, True], [False, True], [True, False]]
    assert boss.post(f"/referrals/{his}/open").status_code == 200


def test_the_safe_way_comes_first_the_others_are_crossed_out_and_the_code_word_is_on_top(inbox: Inbox) -> None:
    referral, kim = inbox.came(contact_way="call", voicemail=None), inbox.caseworker()
    page = kim.post(f"/referrals/{referral}/open")
    words = text_of(page)
    in_order = ["marmaladefox", "Ring 07400 998877", "Do not leave a voicemail.", "Do not text this number.", "Do not e-mail them.",
                "tuesdays before the school run", "say it is the Thistledown library", "Deirdre Quillfeather"]
    places = [words.index(each) for each in in_order]
    assert places == sorted(places)
    assert "<del>Text 07400 998877</del>" in page.text
    assert 'value="text"' not in page.text, "an unsafe way can't be chosen"


def test_outside_the_safe_times_the_page_warns_and_asks_once_more(inbox: Inbox) -> None:
    # Safe on every day but the one that it is, and the one before and after.
    now = datetime.now(timezone.utc)
    days = [f"{now + timedelta(days=each):%A}" for each in (2, 3, 4)]
    referral, kim = inbox.came(safe_times=safe_times(", ".join(days))), inbox.caseworker()
    filled = attempt(kim, referral, note=NOTE)
    assert "That is not a time they called safe." in text_of(kim.post(f"/referrals/{referral}/open"))
    warned = kim.post(f"/referrals/{referral}/attempt", filled)
    assert warned.status_code == 422 and "outside the times that they called safe" in text_of(warned)
    kept = fields_of(warned.text, f"/referrals/{referral}/attempt")
    assert (kept["note"], kept["way"], kept["outcome"]) == (NOTE, "text", "no-answer"), "what was typed is kept"
    assert inbox.work.one(referral).attempts == 0
    kim.post_and_follow(f"/referrals/{referral}/attempt", {**kept, "sure": "y"})
    assert inbox.work.one(referral).attempts == 1
    assert "Outside the safe times" in text_of(kim.post(f"/referrals/{referral}/open"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"way": "call"}, "They did not call this way safe."), ({"way": ""}, "Choose how."), ({"outcome": "danced"}, "Not a valid choice"),
        ({"day": "yesterday"}, "Not a valid date"), ({"day": "2020-01-01"}, "Choose a time between"),
        ({"day": "0001-01-01"}, "Choose a time between"), ({"day": "9999-12-31"}, "Choose a time between"), ({"note": "x" * 500}, "This is too long"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_attempt_stands_beside_its_field(inbox: Inbox, changed: dict[str, str], said: str) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    answer = kim.post(f"/referrals/{referral}/attempt", {**attempt(kim, referral), **changed})
    assert answer.status_code == 422 and said in text_of(answer)
    assert inbox.work.one(referral).attempts == 0


def test_the_second_of_two_caseworkers_sees_what_the_first_did_and_nothing_is_doubled(inbox: Inbox) -> None:
    referral, kim, lee = inbox.came(), inbox.caseworker(name="Kim First"), inbox.caseworker(name="Lee Second")
    lees = {what: fields(lee, referral, what) for what in ("acknowledge", "close", "pass-on", "withdraw")}
    lees_attempt = attempt(lee, referral, note="I wrote this for a while")
    kim.post_and_follow(f"/referrals/{referral}/attempt", attempt(kim, referral))
    lees["close"]["close-outcome"] = "other"
    lees["pass-on"] |= {"pass_on-team": "beacon", "pass_on-reason": "asked-for"}
    lees["withdraw"]["withdraw-asked"] = "y"
    for what, values in lees.items():
        told = lee.post(f"/referrals/{referral}/{what}", values)
        assert told.status_code == 409, what
        assert "Somebody changed this while you had it open" in text_of(told)
        assert "Kim First tried to be in touch." in text_of(told).split("New", 1)[1]
    told = lee.post(f"/referrals/{referral}/attempt", lees_attempt)
    assert told.status_code == 409 and "Kim First deals with it." in text_of(told)
    now = fields_of(told.text, f"/referrals/{referral}/attempt")
    assert now["note"] == "I wrote this for a while"
    assert (inbox.state(referral), inbox.work.one(referral).attempts) == ("acknowledged", 1)
    lee.post_and_follow(f"/referrals/{referral}/attempt", now)
    assert inbox.work.one(referral).attempts == 2


def test_a_button_that_is_pressed_twice_does_it_once(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    filled = attempt(kim, referral)
    assert [kim.post(f"/referrals/{referral}/attempt", filled).status_code for _ in range(2)] == [303, 409]
    assert inbox.work.one(referral).attempts == 1


@pytest.mark.parametrize("seen", ["", "x", "-1", "99999999999999999999", "²"])
def test_a_form_that_lost_what_it_was_about_changes_nothing(inbox: Inbox, seen: str) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    assert kim.post(f"/referrals/{referral}/acknowledge", {"acknowledge-seen": seen}).status_code == 409
    assert inbox.state(referral) == "delivered"


def test_one_that_is_passed_on_is_the_other_team_s(inbox: Inbox) -> None:
    referral, kim, sam = inbox.came(), inbox.caseworker(), inbox.caseworker(OTHER)
    page = kim.get(f"/referrals/{referral}")
    assert "hcc-children" not in page.text, "only teams that the person could expect"
    kim.post_and_follow(f"/referrals/{referral}/pass-on",
                        fields(kim, referral, "pass-on", team=OTHER_TEAM, reason="lives-there"))
    inbox.deliverer.deliver_due()
    assert kim.get(f"/referrals/{referral}").status_code == 404
    told = text_of(sam.get(f"/referrals/{referral}"))
    assert f"Kim Caseworker passed it on from {HERS} to {OTHER}. They live in that team's area." in told
    assert sam.post(f"/referrals/{referral}/open").status_code == 200


@pytest.mark.parametrize("values", [{}, {"team": "beacon"}, {"team": "hcc-children", "reason": "asked-for"}])
def test_it_is_not_passed_on_without_a_team_and_a_reason(inbox: Inbox, values: dict[str, str]) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    answer = kim.post(f"/referrals/{referral}/pass-on", fields(kim, referral, "pass-on", **values))
    assert answer.status_code == 422
    assert inbox.state(referral) == "delivered"


def test_one_that_staff_take_back_is_gone_at_once(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    assert kim.post(f"/referrals/{referral}/withdraw", fields(kim, referral, "withdraw")).status_code == 422
    assert inbox.state(referral) == "delivered", "nothing by a slip of the hand"
    after = kim.post_and_follow(f"/referrals/{referral}/withdraw", fields(kim, referral, "withdraw", asked="y"))
    assert "Do not contact them" in text_of(after) and referral not in after.text
    assert inbox.work.one(referral).referral.sealed is None
    for answer in (kim.get(f"/referrals/{referral}"), kim.post(f"/referrals/{referral}/open")):
        assert answer.status_code == 410 and "Do not contact them." in text_of(answer)


def test_one_that_the_person_takes_back_while_it_is_open_is_not_worked_any_further(inbox: Inbox) -> None:
    reference, kim = inbox.submit(), inbox.caseworker()
    inbox.deliverer.deliver_due()
    referral = kim.post("/referrals/find", {"reference": reference}).headers["location"].rpartition("/")[2]
    filled = attempt(kim, referral)
    assert inbox.afterwards.withdraw(reference, "me")
    answer = kim.post(f"/referrals/{referral}/attempt", filled)
    assert answer.status_code == 410 and "They have taken it back" in text_of(answer)
    assert kim.post("/referrals/find", {"reference": reference}).status_code == 410


def test_by_its_reference_one_is_found_by_those_alone_who_may_see_it(inbox: Inbox) -> None:
    reference, kim, sam = inbox.submit(), inbox.caseworker(), inbox.caseworker(OTHER)
    inbox.deliverer.deliver_due()
    assert kim.post("/referrals/find", {"reference": f" {reference.lower()} "}).status_code == 303
    refused = sam.post("/referrals/find", {"reference": reference})
    unknown = sam.post("/referrals/find", {"reference": "nothing at all"})
    assert refused.status_code == unknown.status_code == 422
    assert text_of(refused).count("There is no referral with this reference that you can see.") == 2


def test_what_is_late_and_what_is_left_alone_is_shown(inbox: Inbox) -> None:
    late, fresh, kim = inbox.came(), inbox.came(), inbox.caseworker()
    ago = datetime.now(timezone.utc) - timedelta(days=400)
    with inbox.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE referral SET created_at = ?, changed_at = ? WHERE id = ?", (str(ago)[:26], str(ago)[:26], late)
        )
    inbox.deliverer.purge()
    for show in ("overdue", "long"):
        page = kim.get(f"/referrals?show={show}").text
        assert (late in page, fresh in page) == (True, False), show
    page = kim.get("/referrals")
    assert "working days late" in text_of(page) and "Soon to be deleted" in text_of(page)
    first, second = (page.text.rindex(f"/referrals/{each}") for each in (late, fresh))
    assert first < second, "oldest first"
    kim.post_and_follow(f"/referrals/{late}/acknowledge", fields(kim, late, "acknowledge"))
    assert "Soon to be deleted" not in text_of(kim.get("/referrals"))


def test_a_caseworker_without_an_area_is_told_so(inbox: Inbox) -> None:
    inbox.came()
    page = inbox.staff("caseworker").get("/referrals")
    assert "Your account has no area yet" in text_of(page) and "<tbody>" not in page.text


def test_without_the_key_it_is_said_plainly_and_the_try_is_recorded(
    inbox: Inbox, start_console: Callable[..., Console]
) -> None:
    referral = inbox.came()
    keyless = start_console(DATABASE_URL=inbox.console.database_url, REFERRAL_PRIVATE_KEYS="/nowhere/referral.key",
                            CONSOLE_KEY_FILE=str(inbox.console.key_file))
    keyless.key_file = inbox.console.key_file
    kim = keyless.signed_in("caseworker", areas=[HERS])
    answer = kim.post(f"/referrals/{referral}/open")
    assert answer.status_code == 503 and "It can't be opened" in text_of(answer)
    assert inbox.audited(referral) == [(kim.id, "referral.opened")]


def test_from_the_chat_to_the_right_area_s_inbox_and_back_to_the_person(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    add_pair(tmp_path / "keys" / "referral.pub", tmp_path / "keys" / "referral.key")
    running = Running(tmp_path).start()
    try:
        person = Person(running.url)
        for said in [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE]:
            person.say(said)
        person.choose("Yes, send it")
        reference = find_in(person.heard())
        assert reference
        console = Console.beside(running)
        kim, sam = (console.signed_in("caseworker", areas=[area], name=area) for area in (HERS, OTHER))
        referral = arrived(kim)
        assert referral not in sam.get("/referrals").text
        assert sam.post(f"/referrals/{referral}/open").status_code == 404
        assert "marmaladefox" in text_of(kim.post(f"/referrals/{referral}/open"))
        kim.post_and_follow(f"/referrals/{referral}/acknowledge", fields(kim, referral, "acknowledge"))
        asks = Person(running.url)
        asks.say(f"what is happening with my referral {reference}")
        assert "dealt with" in asks.heard(), asks.heard()
        kim.post_and_follow(f"/referrals/{referral}/close", fields(kim, referral, "close", outcome="supported"))
        steps = [entry.action for entry in ReferralLog(console.engine, console.audit).audit()]
        assert steps == ["referral.refused", "referral.opened", "referral.acknowledged", "referral.closed"]
        left = everything_in(tmp_path).lower()
        for said in ("quillfeather", "998877", "school run", "marmaladefox", "tigrinya", reference.lower()):
            assert not holds(left, said), said
    finally:
        running.stop()


def arrived(staffer: Staffer) -> str:
    """The id of the one referral in an inbox, once it can be worked: the list has it before the deliverer is done with it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = re.findall(r'href="/referrals/(\w{16})"', staffer.get("/referrals").text)
        if found and f"/referrals/{found[0]}/acknowledge" in staffer.get(f"/referrals/{found[0]}").text:
            return str(found[0])
        time.sleep(0.2)
    raise AssertionError("nothing arrived")


# Last, because it looks at all that the tests before it left

def test_nothing_that_was_opened_or_noted_is_in_the_database_or_the_logs(inbox: Inbox) -> None:
    referral, kim = inbox.came(), inbox.caseworker()
    kim.post_and_follow(f"/referrals/{referral}/attempt", attempt(kim, referral, note=NOTE))
    assert NOTE in kim.post(f"/referrals/{referral}/open").text
    left = everything_in(inbox.console.folder)
    assert len(left) > 100_000
    # A place and a word that the county's content has too say nothing of a person.
    for each in (set(CANARIES) - {"Bushey", "interpreter"}) | {"Deirdre", "998877", "Zanzibarian", "I wrote this for a while"}:
        assert not holds(left, each), each
    dump = "\n".join(str(row) for table in ("referral_attempt", "state_change", "referral_passing", "audit") for row in inbox.rows(table))
    assert [each for each in (*CANARIES, "no-answer", "Outside") if each in dump] == []
