"""Coming in: passwords, codes, one-time links, tries and sessions."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import AuditLog, Wanted
from outreach.adapters.database import connect, migrate
from outreach.adapters.staff import StaffStore
from outreach.staff import Role
from outreach.staff.accounts import Accounts, Joined, LinkOver, WrongCode, WrongPassword
from outreach.staff.passwords import Passwords, problem_with
from outreach.staff.records import Account, ChangedMeanwhile, LoginTaken, NotPossible
from outreach.staff.second_factor import Factors, new_recovery_codes, qr_svg, readable
from outreach.staff.sessions import Sessions
from outreach.staff.signing_in import Refused, SignIn
from outreach.staff.tries import FROM_AN_ADDRESS, OF_A_NAME, WINDOW, TooManyTries, Tries

KEY = bytes(range(32))
GOOD = "harbour violin cabbage"
HOME = "192.0.2.7"
AREA = "Watford and Three Rivers"


@dataclass
class House:
    """Everything together, with a clock that is set by hand."""

    engine: Engine
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc))

    def __post_init__(self) -> None:
        store, clock = StaffStore(self.engine), lambda: self.now
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        factors, tries = Factors(KEY), Tries(KEY, clock)
        self.audit = AuditLog(self.engine, clock)
        self.sessions = Sessions(store, timedelta(minutes=20), timedelta(hours=8), clock)
        self.accounts = Accounts(store, self.sessions, passwords, factors, tries, self.audit, clock)
        self.door = SignIn(store, self.sessions, passwords, factors, tries, self.audit, clock)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def code(self, secret: str, steps: int = 0) -> str:
        return pyotp.TOTP(secret).at(int(self.now.timestamp()), counter_offset=steps)

    def joins(self, token: str, name: str = "", login: str = "") -> tuple[str, Joined]:
        """Use a link; the secret on the phone, and what came of it."""
        secret = self.accounts.secret_of(token)
        joined = self.accounts.join(token, GOOD, self.code(secret), name, login)
        self.later(seconds=60)
        return secret, joined

    def manager(self) -> tuple[Account, str, Joined]:
        """The first manager, with the secret on their phone."""
        token = self.accounts.first_manager_link()
        assert token
        secret, joined = self.joins(token, "Dee", "dee")
        return next(each for each in self.accounts.all() if each.login == "dee"), secret, joined

    def invited(self, login: str, *roles: Role) -> tuple[Account, str]:
        account, token = self.accounts.invite(self.accounts.all()[0].id, login.title(), login, roles, [AREA])
        secret, _ = self.joins(token)
        return self.accounts.get(account.id), secret

    def comes_in(self, login: str, secret: str, password: str = GOOD, steps: int = 0) -> str:
        return self.door.come_in(login, password, self.code(secret, steps), HOME).token

    def actions(self) -> list[str]:
        return [entry.action for entry in reversed(self.audit.page(Wanted(), 0, 100)[0])]


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    engine = connect(database_url)
    migrate(engine)
    yield House(engine)
    engine.dispose()


# Passwords


@pytest.mark.parametrize("bad", ["short", "elevenchars", "password1234", "Password2026!", "aaaaaaaaaaaaaa", "123456789012",
                                 "HERTFORDSHIRE", "dee.jones@example", "x" * 201])
def test_a_password_that_would_be_tried_first_or_is_too_short_is_refused(bad: str) -> None:
    assert problem_with(bad, "Dee Jones", "dee.jones@example")


@pytest.mark.parametrize("good", [GOOD, "correcthorse paper", "ünïcödé pass phrase", "no digits at all here", "PASSWORD of my own"])
def test_composition_does_not_matter(good: str) -> None:
    assert problem_with(good, "Dee Jones", "dee") is None


def test_a_password_is_kept_as_an_argon2_hash_and_typed_in_anyhow_the_same() -> None:
    passwords = Passwords()
    kept = passwords.hash("café violin cabbage")
    assert kept.startswith("$argon2id$") and "violin" not in kept
    assert passwords.matches(kept, "cafe\u0301 violin cabbage")
    assert not passwords.matches(kept, "cafe violin cabbage")
    assert not passwords.matches(None, "nobody's password")


# Codes


def test_a_code_works_once(house: House) -> None:
    _, secret, _ = house.manager()
    assert house.comes_in("dee", secret)
    with pytest.raises(Refused):
        house.comes_in("dee", secret)
    house.later(seconds=30)
    assert house.comes_in("dee", secret)


def test_a_code_before_one_that_was_used_is_refused(house: House) -> None:
    _, secret, _ = house.manager()
    assert house.comes_in("dee", secret, steps=1)
    with pytest.raises(Refused):
        house.comes_in("dee", secret, steps=0)


def test_the_code_that_set_up_the_phone_is_used_up_too(house: House) -> None:
    token = house.accounts.first_manager_link()
    assert token
    secret = house.accounts.secret_of(token)
    house.accounts.join(token, GOOD, house.code(secret), "Dee", "dee")
    with pytest.raises(Refused):
        house.comes_in("dee", secret)


@pytest.mark.parametrize("steps", [-2, 2, 100])
def test_a_code_of_another_time_is_refused(house: House, steps: int) -> None:
    _, secret, _ = house.manager()
    house.later(minutes=5)
    with pytest.raises(Refused):
        house.comes_in("dee", secret, steps=steps)


def test_two_at_once_with_one_code_are_one(house: House) -> None:
    _, secret, _ = house.manager()
    came: list[str] = []

    def come() -> None:
        with suppress(Refused):
            came.append(house.comes_in("dee", secret))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 1


def test_a_recovery_code_works_once_and_says_how_many_are_left(house: House) -> None:
    _, _, joined = house.manager()
    code = joined.recovery_codes[3].upper().replace("-", " ")
    assert house.door.come_in("dee", GOOD, code, HOME).recovery_left == 9
    with pytest.raises(Refused):
        house.door.come_in("dee", GOOD, code, HOME)


def test_somebody_elses_recovery_code_is_none(house: House) -> None:
    _, _, joined = house.manager()
    house.invited("sam", Role.EDITOR)
    with pytest.raises(Refused):
        house.door.come_in("sam", GOOD, joined.recovery_codes[0], HOME)
    assert house.door.come_in("dee", GOOD, joined.recovery_codes[0], HOME)


def test_recovery_codes_differ_and_are_kept_hashed(house: House) -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10 and all(len(code) == 14 for code in codes)
    _, _, joined = house.manager()
    dump = "\n".join(str(row) for row in house.engine.connect().execute(sa.text("SELECT * FROM staff_recovery")))
    assert dump and not any(code in dump or code.replace("-", "") in dump for code in joined.recovery_codes)


def test_the_secret_on_the_phone_is_sealed_where_it_is_kept(house: House) -> None:
    _, secret, _ = house.manager()
    row = house.engine.connect().execute(sa.text("SELECT factor, password_hash FROM staff")).one()
    assert secret.encode() not in row.factor and pyotp.TOTP(secret).byte_secret() not in row.factor
    with pytest.raises(Refused):
        SignInWithAnotherKey(house).come_in("dee", GOOD, house.code(secret), HOME)


def SignInWithAnotherKey(house: House) -> SignIn:  # noqa: N802 - reads as what it makes
    store, clock = StaffStore(house.engine), lambda: house.now
    other = Factors(bytes(32))
    return SignIn(store, house.sessions, Passwords(), other, Tries(KEY, clock), house.audit, clock)


def test_the_secret_is_shown_as_a_picture_without_styles_and_as_text_in_groups() -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    picture = qr_svg(secret, "dee")
    assert picture.startswith(b"<svg") and b"style" not in picture and b"script" not in picture
    assert picture != qr_svg(secret, "sam") and picture != qr_svg(secret[::-1], "dee")
    assert readable(secret) == "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"


# Being refused


def test_nothing_tells_whether_there_is_such_a_name(house: House) -> None:
    """The same error for a wrong name, password and code; and the same lock."""
    _, secret, _ = house.manager()
    wrong = (("nobody", GOOD, house.code(secret)), ("dee", "wrong password!", house.code(secret)), ("dee", GOOD, "000000"))
    for login, password, code in wrong:
        with pytest.raises(Refused) as refused:
            house.door.come_in(login, password, code, HOME)
        assert refused.value.args == ()
    for login in ("nobody", "dee"):
        for _ in range(OF_A_NAME):
            try:
                house.door.come_in(login, "wrong password!", "000000", HOME)
            except Refused:
                pass
            except TooManyTries:
                break
        with pytest.raises(TooManyTries):
            house.door.come_in(login, "wrong password!", "000000", HOME)


def test_a_wrong_name_takes_as_long_as_a_wrong_password(house: House) -> None:
    """Both compare a hash: counted, since timing differs from machine to machine."""
    house.manager()
    compared: list[str | None] = []
    real = house.door._passwords.matches
    house.door._passwords.matches = lambda kept, given: (compared.append(kept), real(kept, given))[1]  # type: ignore[method-assign]
    for login in ("nobody", "dee"):
        with pytest.raises(Refused):
            house.door.come_in(login, "wrong password!", "000000", HOME)
    assert compared[0] is None and compared[1] is not None


def test_after_five_tries_even_the_right_ones_wait_and_then_work(house: House) -> None:
    _, secret, _ = house.manager()
    for _ in range(OF_A_NAME):
        with pytest.raises(Refused):
            house.door.come_in("dee", "wrong password!", house.code(secret), HOME)
    with pytest.raises(TooManyTries) as many:
        house.comes_in("dee", secret)
    assert many.value.minutes == 15
    house.later(minutes=14)
    with pytest.raises(TooManyTries):
        house.comes_in("dee", secret)
    house.later(minutes=2)
    assert house.comes_in("dee", secret)
    assert house.actions().count("staff.tries_used_up") == 1


def test_coming_in_begins_the_count_anew(house: House) -> None:
    _, secret, _ = house.manager()
    for _ in range(3):
        for _ in range(OF_A_NAME - 1):
            with pytest.raises(Refused):
                house.door.come_in("dee", "wrong password!", "000000", HOME)
        assert house.comes_in("dee", secret)
        house.later(seconds=30)


def test_an_address_that_tries_many_names_waits_as_well(house: House) -> None:
    _, secret, _ = house.manager()
    for number in range(FROM_AN_ADDRESS):
        with pytest.raises(Refused):
            house.door.come_in(f"name-{number}", GOOD, "000000", HOME)
    with pytest.raises(TooManyTries):
        house.comes_in("dee", secret)
    assert house.door.come_in("dee", GOOD, house.code(secret), "198.51.100.9").token


def test_one_home_of_the_newer_addresses_counts_as_one() -> None:
    tries = Tries(KEY)
    assert tries.from_address("2001:db8:1:2::1") == tries.from_address("2001:db8:1:2:ffff::9")
    assert tries.from_address("2001:db8:1:2::1") != tries.from_address("2001:db8:1:3::1")
    assert tries.from_address("192.0.2.1") != tries.from_address("192.0.2.2")
    # As a socket for both kinds of address tells the older ones: they are no one home.
    assert tries.from_address("::ffff:192.0.2.1") != tries.from_address("::ffff:192.0.2.2")


def test_neither_names_nor_addresses_that_tried_are_kept_in_the_clear(house: House) -> None:
    with pytest.raises(Refused):
        house.door.come_in("somebody.typed.this", "wrong password!", "000000", HOME)
    dump = "\n".join(str(row) for row in house.engine.connect().execute(sa.text("SELECT * FROM sign_in_try")))
    assert dump and "somebody" not in dump and HOME not in dump


def test_many_tries_at_once_are_all_counted(house: House) -> None:
    house.manager()
    outcomes: list[str] = []

    def come() -> None:
        try:
            house.door.come_in("dee", "wrong password!", "000000", HOME)
        except (Refused, TooManyTries) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=come) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("Refused") == OF_A_NAME and outcomes.count("TooManyTries") == 12 - OF_A_NAME


# Sessions


def test_a_session_ends_when_nothing_is_done_in_it(house: House) -> None:
    _, _, joined = house.manager()
    for _ in range(5):
        house.later(minutes=18)
        assert house.sessions.staff_of(joined.token)
    house.later(minutes=20)
    assert house.sessions.staff_of(joined.token) is None
    house.now -= timedelta(minutes=20)
    assert house.sessions.staff_of(joined.token) is None, "what is over stays over"


def test_a_session_ends_after_a_working_day_whatever_is_done(house: House) -> None:
    _, _, joined = house.manager()
    for _ in range(31):
        house.later(minutes=15)
        assert house.sessions.staff_of(joined.token)
    house.later(minutes=15)
    assert house.sessions.staff_of(joined.token) is None


def test_signing_in_gives_a_new_token_and_ends_the_browsers_earlier_session(house: House) -> None:
    _, secret, joined = house.manager()
    new = house.door.come_in("dee", GOOD, house.code(secret), HOME, earlier=joined.token).token
    assert new != joined.token
    assert house.sessions.staff_of(new) and house.sessions.staff_of(joined.token) is None


def test_only_the_hash_of_a_session_is_kept(house: House) -> None:
    _, _, joined = house.manager()
    dump = "\n".join(str(row) for row in house.engine.connect().execute(sa.text("SELECT * FROM staff_session")))
    assert dump and joined.token not in dump


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "' OR 1=1 --", "\0"])
def test_what_is_no_token_is_nobody(house: House, token: str) -> None:
    house.manager()
    assert house.sessions.staff_of(token) is None


# Links


def test_the_first_managers_link_works_once(house: House) -> None:
    token = house.accounts.first_manager_link()
    assert token and house.joins(token, "Dee", "dee")
    with pytest.raises(LinkOver):
        house.accounts.link(token)
    with pytest.raises(LinkOver):
        house.accounts.join(token, GOOD, house.code(Factors(KEY).secret_for(token)), "Eve", "eve")
    assert house.accounts.first_manager_link() is None
    assert [account.login for account in house.accounts.all()] == ["dee"]


def test_a_new_start_makes_a_new_link_and_the_old_one_is_over(house: House) -> None:
    old, new = house.accounts.first_manager_link(), house.accounts.first_manager_link()
    assert old and new
    with pytest.raises(LinkOver):
        house.accounts.link(old)
    assert house.accounts.link(new)


def test_a_link_is_too_old_after_a_day(house: House) -> None:
    token = house.accounts.first_manager_link()
    assert token
    house.later(hours=24)
    with pytest.raises(LinkOver):
        house.accounts.link(token)


def test_a_link_for_the_first_manager_is_over_when_there_is_one(house: House) -> None:
    """Also where it was somebody else's way in: one from the command line."""
    first = house.accounts.first_manager_link()
    assert first
    house.joins(house.accounts.manager_link(), "Dee", "dee")
    with pytest.raises(LinkOver):
        house.accounts.link(first)


def test_two_at_once_with_one_link_are_one(house: House) -> None:
    token = house.accounts.first_manager_link()
    assert token
    code, outcomes = house.code(house.accounts.secret_of(token)), []

    def join(login: str) -> None:
        try:
            house.accounts.join(token, GOOD, code, login, login)
            outcomes.append("joined")
        except LinkOver:
            outcomes.append("over")

    threads = [threading.Thread(target=join, args=(f"m{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["joined", "over", "over", "over"]


def test_a_wrong_code_leaves_the_link_good(house: House) -> None:
    token = house.accounts.first_manager_link()
    assert token
    with pytest.raises(WrongCode):
        house.accounts.join(token, GOOD, "000000", "Dee", "dee")
    assert house.joins(token, "Dee", "dee")


def test_a_sign_in_name_that_is_taken_leaves_the_link_good(house: House) -> None:
    dee, _, _ = house.manager()
    with pytest.raises(LoginTaken):
        house.accounts.invite(dee.id, "Another Dee", "DEE ", [Role.EDITOR], [])
    token = house.accounts.manager_link()
    with pytest.raises(LoginTaken):
        house.accounts.join(token, GOOD, house.code(house.accounts.secret_of(token)), "Another Dee", "dee")
    assert house.accounts.link(token)


def test_somebody_invited_comes_in_with_the_roles_they_were_given(house: House) -> None:
    house.manager()
    sam, secret = house.invited("sam", Role.CASEWORKER)
    staff = house.sessions.staff_of(house.comes_in("sam", secret))
    assert staff and staff.roles == {Role.CASEWORKER} and staff.areas == {AREA} and staff.id == sam.id


# What managers do


def test_the_last_manager_can_be_neither_turned_off_nor_made_something_else(house: House) -> None:
    dee, _, _ = house.manager()
    with pytest.raises(NotPossible):
        house.accounts.disable(dee.id, dee.id)
    with pytest.raises(NotPossible):
        house.accounts.change(dee.id, dee.id, "Dee", [Role.EDITOR], [], dee.changed_at)
    # Somebody who has not come in yet is no manager to rely on.
    house.accounts.invite(dee.id, "Sam", "sam", [Role.MANAGER], [])
    with pytest.raises(NotPossible):
        house.accounts.disable(dee.id, dee.id)
    house.invited("kim", Role.MANAGER)
    house.accounts.disable(dee.id, dee.id)


def test_an_account_turned_off_is_out_at_once_and_stays_out(house: House) -> None:
    dee, _, _ = house.manager()
    sam, secret = house.invited("sam", Role.EDITOR)
    token = house.comes_in("sam", secret)
    house.accounts.disable(dee.id, sam.id)
    assert house.sessions.staff_of(token) is None
    house.later(seconds=30)
    with pytest.raises(Refused):
        house.comes_in("sam", secret)
    house.accounts.enable(dee.id, sam.id)
    assert house.sessions.staff_of(token) is None
    assert house.comes_in("sam", secret)


def test_a_link_of_an_account_turned_off_is_over(house: House) -> None:
    dee, _, _ = house.manager()
    sam, token = house.accounts.invite(dee.id, "Sam", "sam", [Role.EDITOR], [])
    house.accounts.disable(dee.id, sam.id)
    with pytest.raises(LinkOver):
        house.accounts.link(token)


@pytest.mark.parametrize(("roles", "areas", "ends"), [
    ([Role.EDITOR, Role.PUBLISHER], [AREA], True), ([Role.EDITOR], [], True), ([Role.EDITOR], [AREA], False),
])
def test_another_role_or_area_ends_sessions_another_name_does_not(
    house: House, roles: list[Role], areas: list[str], ends: bool
) -> None:
    dee, _, _ = house.manager()
    sam, secret = house.invited("sam", Role.EDITOR)
    token = house.comes_in("sam", secret)
    house.accounts.change(dee.id, sam.id, "Sam Again", roles, areas, sam.changed_at)
    assert (house.sessions.staff_of(token) is None) is ends


def test_rights_that_were_taken_away_meanwhile_do_not_come_back(house: House) -> None:
    dee, _, _ = house.manager()
    sam, _ = house.invited("sam", Role.CASEWORKER, Role.EDITOR)
    house.accounts.change(dee.id, sam.id, "Sam", [Role.EDITOR], [], sam.changed_at)
    for seen in (sam.changed_at, None):
        with pytest.raises(ChangedMeanwhile):
            house.accounts.change(dee.id, sam.id, "Samuel", sam.roles, sam.areas, seen)
    now = house.accounts.get(sam.id)
    assert (now.name, now.roles, now.areas) == ("Sam", {Role.EDITOR}, frozenset())
    house.accounts.change(dee.id, sam.id, "Samuel", now.roles, now.areas, now.changed_at)
    assert house.accounts.get(sam.id).name == "Samuel"
    assert house.actions()[-2:] == ["staff.changed", "staff.changed"]


def test_coming_in_or_another_phone_is_no_change_of_rights(house: House) -> None:
    dee, _, _ = house.manager()
    sam, secret = house.invited("sam", Role.EDITOR)
    house.comes_in("sam", secret)
    house.accounts.end_sessions(dee.id, sam.id)
    house.accounts.change(dee.id, sam.id, "Samuel", sam.roles, sam.areas, sam.changed_at)


def test_a_reset_takes_everything_away_until_the_new_link_is_used(house: House) -> None:
    dee, _, _ = house.manager()
    sam, secret = house.invited("sam", Role.EDITOR)
    token = house.comes_in("sam", secret)
    link = house.accounts.reset(dee.id, sam.id)
    house.later(seconds=30)
    assert house.sessions.staff_of(token) is None
    with pytest.raises(Refused):
        house.comes_in("sam", secret)
    new_secret, _ = house.joins(link)
    assert new_secret != secret and house.comes_in("sam", new_secret)


def test_nobody_resets_their_own_and_the_command_line_resets_the_last_manager(house: House) -> None:
    dee, _, _ = house.manager()
    with pytest.raises(NotPossible):
        house.accounts.reset(dee.id, dee.id)
    assert house.accounts.reset("command line", dee.id)


# One's own


def test_another_password_ends_the_other_sessions_and_keeps_this_one(house: House) -> None:
    dee, secret, joined = house.manager()
    here = house.comes_in("dee", secret)
    with pytest.raises(WrongPassword):
        house.accounts.change_password(dee.id, "wrong password!", "another long one", here)
    house.accounts.change_password(dee.id, GOOD, "another long one", here)
    assert house.sessions.staff_of(here) and house.sessions.staff_of(joined.token) is None
    house.later(seconds=30)
    assert house.comes_in("dee", secret, "another long one")


def test_whoever_finds_a_screen_open_cannot_guess_the_password(house: House) -> None:
    dee, _, joined = house.manager()
    for _ in range(OF_A_NAME):
        with pytest.raises(WrongPassword):
            house.accounts.renew_recovery_codes(dee.id, "wrong password!")
    with pytest.raises(TooManyTries):
        house.accounts.change_password(dee.id, GOOD, "another long one", joined.token)
    house.later(minutes=WINDOW.total_seconds() / 60 + 1)
    assert len(house.accounts.renew_recovery_codes(dee.id, GOOD)) == 10


def test_another_phone_takes_over_and_the_old_one_is_out(house: House) -> None:
    dee, secret, joined = house.manager()
    new = house.accounts.own_secret(joined.token)
    with pytest.raises(WrongCode):
        house.accounts.change_factor(dee.id, GOOD, "000000", joined.token)
    codes = house.accounts.change_factor(dee.id, GOOD, house.code(new), joined.token)
    house.later(seconds=60)
    with pytest.raises(Refused):
        house.comes_in("dee", secret)
    assert house.comes_in("dee", new)
    with pytest.raises(Refused):
        house.door.come_in("dee", GOOD, joined.recovery_codes[0], HOME)
    assert house.door.come_in("dee", GOOD, codes[0], HOME)


# The audit


def test_everything_is_recorded_without_names(house: House) -> None:
    dee, _, _ = house.manager()
    sam, secret = house.invited("sam", Role.EDITOR)
    house.comes_in("sam", secret)
    house.accounts.change(dee.id, sam.id, "Sam", [Role.PUBLISHER], [], sam.changed_at)
    house.accounts.disable(dee.id, sam.id)
    house.accounts.enable(dee.id, sam.id)
    house.accounts.reset(dee.id, sam.id)
    assert house.actions() == [
        "staff.first_manager", "staff.invited", "staff.joined", "staff.signed_in", "staff.changed", "staff.disabled",
        "staff.enabled", "staff.sign_in_reset",
    ]
    told = str([entry for entry in house.audit.page(Wanted(), 0, 100)[0]]).lower()
    assert "sam" not in told.replace("same", "") and "'dee'" not in told
    assert house.audit.verify().holds
