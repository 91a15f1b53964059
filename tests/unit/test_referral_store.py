"""What is stored of a referral, and what becomes of it."""
from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from referring import CANARIES, DEE, KEEP_FOR, START, House, everything_in

from outreach.privacy.sealing import CannotOpen, Opener
from outreach.referrals.afterwards import Status
from outreach.referrals.answers import Answers
from outreach.referrals.consent import Consent, new_form_key
from outreach.referrals.handoff import Incomplete, NotOffered
from outreach.referrals.inbox import Withdrawn
from outreach.referrals.records import NoSuchReferral
from outreach.referrals.states import ALLOWED, NotAllowed, State, check


@pytest.fixture
def house(database_url: str) -> House:
    return House(database_url, told=True)


def test_a_submitted_referral_is_saved_and_queued_at_once(house: House) -> None:
    house.submit()
    assert house.only().state is State.QUEUED
    (notice,) = house.rows("outbox")
    assert (notice["target"], notice["kind"], notice["delivered_at"]) == ("inbox", "referral", None)
    assert [(row["before"], row["after"], row["by"]) for row in house.rows("state_change")] == [
        ("draft", "consented", "person"), ("consented", "queued", "person"),
    ]


def test_nothing_that_was_answered_can_be_found_in_the_files(house: House, tmp_path: Path) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    stored = everything_in(tmp_path)
    assert [each for each in (*CANARIES, reference, reference.replace("-", "")) if each.encode() in stored] == []
    assert [each for each in CANARIES if each.lower().encode() in stored.lower()] == []


def test_with_the_private_key_all_of_it_is_there(house: House) -> None:
    reference = house.submit()
    letter = house.inbox.open(house.only().id, "kim", house.opener)
    assert letter.answers == DEE
    assert letter.reference == reference
    assert letter.consent == house.consent()
    assert letter.decision.recipients == ("beacon", "outreach-welwyn-hatfield-hertsmere")


def test_the_clear_columns_say_only_where_it_goes(house: House) -> None:
    house.submit()
    (row,) = house.rows("referral")
    clear = {name: row[name] for name in ("area", "team", "through", "rule", "outcome")}
    assert clear == {
        "area": "Welwyn Hatfield and Hertsmere", "team": "outreach-welwyn-hatfield-hertsmere", "through": "beacon",
        "rule": "outreach-area", "outcome": None,
    }


def test_the_length_of_what_is_sealed_does_not_tell_how_much_was_answered(house: House) -> None:
    few = Answers(outreach_area=DEE.outreach_area, contact_way="call", contact="+447400998877", safe_to_contact=True)
    house.submit(few)
    house.submit()
    assert len({len(row["sealed"]) for row in house.rows("referral")}) == 1


def test_a_number_that_the_channel_sealed_is_read_by_the_team_alone(house: House) -> None:
    import base64

    assert house.sealer is not None
    sealed = base64.b64encode(house.sealer.seal(b"+447400112233")).decode()
    house.submit(contact=None, contact_sealed=sealed)
    assert house.inbox.open(house.only().id, "kim", house.opener).answers.contact == "+447400112233"


def test_the_same_form_sent_twice_is_one_referral_with_one_reference(house: House) -> None:
    key = new_form_key()
    assert house.submit(form_key=key) == house.submit(form_key=key, name="Dee Again")
    assert len(house.rows("referral")) == len(house.rows("outbox")) == 1


def test_two_forms_are_two_referrals(house: House) -> None:
    assert house.submit() != house.submit()
    assert len(house.rows("referral")) == 2


def test_a_reference_that_is_taken_gives_way_to_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = house.submit()
    real = house.references.for_form
    monkeypatch.setattr(house.references, "for_form", lambda key: itertools.chain([taken], real(key)))
    key = new_form_key()
    new = house.submit(form_key=key)
    assert new != taken
    assert house.submit(form_key=key) == new


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"contact": None}, ("contact",)), ({"contact_way": None}, ("contact_way",)), ({"safe_to_contact": None},
     ("safe_to_contact",)),
        ({"safe_to_contact": False}, ("safe_to_contact",)), ({"on_behalf_of": "someone"}, ("person_agreed",)),
        ({"on_behalf_of": "professional", "person_agreed": False}, ("person_agreed",)),
    ],
)
def test_without_what_it_cannot_go_without_nothing_is_stored(
    house: House, changes: dict[str, object], missing: tuple[str, ...]
) -> None:
    with pytest.raises(Incomplete) as error:
        house.submit(**changes)
    assert error.value.fields == missing
    assert house.rows("referral") == house.rows("outbox") == house.rows("state_change") == []


@pytest.mark.parametrize("changes", [{"over_16": False}, {"outside": True, "outreach_area": None}, {"outreach_area": None}])
def test_somebody_who_is_signposted_is_never_stored(house: House, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="refers nobody"):
        house.submit(**changes)
    assert house.rows("referral") == []


def test_without_a_public_key_nothing_is_stored(house: House) -> None:
    house.sealer = None
    with pytest.raises(NotOffered):
        house.submit()
    assert house.rows("referral") == []


@pytest.mark.parametrize("empty", ["purpose", "recipient", "wording_version"])
def test_consent_is_never_less_than_a_whole_record(empty: str) -> None:
    whole = {"purpose": "referral", "recipient": "beacon", "wording_version": "1", "given_at": START}
    with pytest.raises(ValueError, match="consent"):
        Consent(**{**whole, empty: ""})
    with pytest.raises(ValueError, match="consent"):
        Consent(**{**whole, "given_at": START.replace(tzinfo=None)})


def test_a_failure_on_the_way_leaves_nothing_at_all(house: House) -> None:
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'x'); END"
            if connection.dialect.name == "sqlite" else "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (false) NOT VALID"
        )
    with pytest.raises(NotOffered):
        house.submit()
    assert house.rows("referral") == house.rows("state_change") == []


def test_a_withdrawn_referral_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    reference = house.submit()
    sealed = house.only().sealed
    house.deliverer.deliver_due()
    assert house.afterwards.withdraw(reference, "me")
    found = house.only()
    assert (found.state, found.sealed) == (State.WITHDRAWN, None)
    if house.engine.dialect.name == "sqlite":
        with house.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert sealed is not None and sealed[40:80] not in everything_in(tmp_path)
    with pytest.raises(Withdrawn):
        house.inbox.open(found.id, "kim", house.opener)


@pytest.mark.parametrize("after", [State.QUEUED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED])
def test_it_can_be_withdrawn_whatever_has_become_of_it(house: House, after: State) -> None:
    reference = house.submit()
    if after is not State.QUEUED:
        house.deliverer.deliver_due()
    if after in (State.ACKNOWLEDGED, State.CLOSED):
        house.inbox.acknowledge(house.only().id, "kim")
    if after is State.CLOSED:
        house.inbox.close(house.only().id, "kim", "supported")
    assert house.only().state is after
    assert house.afterwards.withdraw(reference, "me")
    assert house.only().sealed is None
    assert house.afterwards.withdraw(reference, "me")


def test_only_the_allowed_changes_of_state_are_possible(house: House) -> None:
    for before, after in itertools.product(State, State):
        if after in ALLOWED[before]:
            check(before, after)
        else:
            with pytest.raises(NotAllowed):
                check(before, after)
    house.submit()
    with pytest.raises(NotAllowed):
        house.inbox.acknowledge(house.only().id, "kim")
    assert house.only().state is State.QUEUED


def test_each_change_is_timed(house: House) -> None:
    house.submit()
    house.clock.pass_by(minutes=1)
    house.deliverer.deliver_due()
    house.clock.pass_by(hours=1)
    house.inbox.acknowledge(house.only().id, "kim")
    house.clock.pass_by(days=1)
    house.inbox.close(house.only().id, "kim", "supported")
    (row,) = house.rows("referral")
    times = [str(row[f"{state}_at"])[:16] for state in ("queued", "delivered", "acknowledged", "closed")]
    assert times == ["2026-11-20 10:00", "2026-11-20 10:01", "2026-11-20 11:01", "2026-11-21 11:01"]
    assert [row["by"] for row in house.rows("state_change")][2:] == ["deliverer", "kim", "kim"]


@pytest.mark.parametrize("end", ["close", "withdraw"])
def test_what_has_ended_is_deleted_on_time_and_not_before(house: House, end: str) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    if end == "close":
        house.inbox.close(house.only().id, "kim", "supported")
    else:
        house.afterwards.withdraw(reference, "me")
        house.deliverer.deliver_due()
    house.submit()
    house.clock.now += KEEP_FOR - timedelta(seconds=1)
    assert house.deliverer.purge() == 0
    house.clock.pass_by(seconds=1)
    assert house.deliverer.purge() == 1
    assert house.only().state is State.QUEUED
    ids = {row["referral_id"] for table in ("outbox", "state_change") for row in house.rows(table)}
    assert ids == {house.only().id}
    assert house.afterwards.status(reference, "me") is None


def test_nothing_is_deleted_while_a_team_is_still_to_be_told_that_it_was_withdrawn(house: House) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    house.afterwards.withdraw(reference, "me")
    house.receiver.fails = lambda: True
    house.clock.pass_by(days=91)
    house.deliverer.deliver_due()
    assert house.deliverer.purge() == 0
    house.receiver.fails = lambda: False
    house.clock.pass_by(hours=1)
    house.deliverer.deliver_due()
    assert house.deliverer.purge() == 1


def test_whoever_opens_one_is_in_the_audit_even_when_it_does_not_open(house: House) -> None:
    from nacl.public import PrivateKey

    house.submit()
    with pytest.raises(CannotOpen):
        house.inbox.open(house.only().id, "mallory", Opener([PrivateKey.generate()]))
    assert [(entry.by, entry.action, entry.referral_id) for entry in house.inbox.audit()] == [
        ("mallory (command line)", "referral.opened", house.only().id)
    ]


def test_what_an_earlier_version_recorded_is_still_read_first(house: House) -> None:
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO referral_audit (at, by, action, detail) VALUES ('2026-11-01 10:00:00', 'kim', 'list', 'open')"
        )
    house.inbox.listing("lee")
    assert [(entry.by, entry.action) for entry in house.inbox.audit()] == [
        ("kim", "list"), ("lee (command line)", "referral.listed"),
    ]


def test_an_unknown_id_is_said_to_be_one(house: House) -> None:
    with pytest.raises(NoSuchReferral):
        house.inbox.acknowledge("0" * 16, "kim")


def test_what_was_sealed_for_an_old_key_is_read_after_a_new_one_was_made(house: House) -> None:
    from nacl.public import PrivateKey

    from outreach.privacy.sealing import Sealer

    house.submit()
    new = PrivateKey.generate()
    house.sealer = Sealer(new.public_key)
    house.submit(name="Later")
    both = Opener([house.private, new])
    names = [house.inbox.open(each.id, "kim", both).answers.name for each in house.store.all()]
    assert sorted(map(str, names)) == sorted([str(DEE.name), "Later"])


def test_the_status_says_one_of_three_things(house: House) -> None:
    reference = house.submit()
    assert house.afterwards.status(f"my ref is {reference.lower()} thanks", "me") is Status.RECEIVED
    house.deliverer.deliver_due()
    assert house.afterwards.status(reference.replace("-", " "), "me") is Status.RECEIVED
    house.inbox.acknowledge(house.only().id, "kim")
    assert house.afterwards.status(reference, "me") is Status.BEING_DEALT_WITH
    house.inbox.close(house.only().id, "kim", "no-contact")
    assert house.afterwards.status(reference, "me") is Status.CLOSED


def test_guessing_is_stopped_and_tells_nothing(house: House) -> None:
    reference = house.submit()
    other = House("sqlite://", key=b"o" * 32)
    for _ in range(5):
        assert house.afterwards.status(other.submit(), "guesser") is None
    assert house.afterwards.status(reference, "guesser") is None
    assert house.afterwards.withdraw(reference, "guesser") is False
    assert house.only().state is State.QUEUED
    assert house.afterwards.status(reference, "somebody else") is Status.RECEIVED


def test_words_without_a_reference_are_no_guess(house: House) -> None:
    reference = house.submit()
    for _ in range(20):
        assert house.afterwards.status("i lost it", "me") is None
        assert house.afterwards.withdraw(None, "me") is False
    assert house.afterwards.status(reference, "me") is Status.RECEIVED


def test_answers_come_back_as_they_went() -> None:
    assert Answers.from_json(DEE.to_json()) == DEE
    assert Answers.from_dict({**DEE.to_dict(), "requested_slot": "x"}) == DEE
    assert Answers.from_dict({"safe_times": "mornings", "help_wanted": ["legal"]}).safe_times is not None
    with pytest.raises(ValueError, match="later"):
        Answers.from_json(replace(DEE).to_json().replace('"version": 1', '"version": 2'))
