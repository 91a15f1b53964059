"""Telling the teams: at least once, each thing with one key, and never dropped."""
from __future__ import annotations

import base64
import itertools
import json
import random
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from referring import CANARIES, House, Receiver, sqlite

from outreach.content.reading import ContentError
from outreach.referrals.delivery import LONGEST_PAUSE, Deliverer, body_of, pause_after, signed
from outreach.referrals.records import EMAIL, WEBHOOK, Notice
from outreach.referrals.states import State
from outreach.referrals.teams import CurrentTeams, Team, Teams
from outreach.settings import ROOT

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(sqlite(tmp_path), told=True)


def test_it_is_in_the_inbox_whether_or_not_a_team_can_be_told(house: House) -> None:
    house.receiver.fails = lambda: True
    house.submit()
    house.deliverer.deliver_due()
    assert house.only().state is State.DELIVERED


def test_a_team_without_settings_has_the_inbox_alone(tmp_path: Path) -> None:
    house = House(sqlite(tmp_path))
    house.submit()
    assert house.deliverer.deliver_due() == 1
    assert house.only().state is State.DELIVERED
    assert len(house.rows("outbox")) == 1


def test_a_receiver_that_is_down_for_a_week_loses_nothing(house: House) -> None:
    references = [house.submit() for _ in range(3)]
    down_until = house.clock.now + timedelta(days=7)
    house.receiver.fails = lambda: house.clock.now < down_until
    while house.clock.now < down_until + timedelta(hours=2):
        house.deliverer.deliver_due()
        house.clock.pass_by(minutes=10)
    assert len(house.receiver.got) == len(references)
    assert house.store.waiting() == (0, None)
    times = house.receiver.times
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(waits) <= timedelta(seconds=LONGEST_PAUSE, minutes=10)
    assert len(times) < 3 * 7 * 24 * 3  # and it is not hammered


def test_a_receiver_that_took_it_is_not_told_again(house: House) -> None:
    house.submit()
    for _ in range(5):
        house.deliverer.deliver_due()
        house.clock.pass_by(hours=2)
    assert len(house.receiver.tries) == 1


def test_what_is_told_again_has_the_same_key(house: House) -> None:
    answers = iter([True, True, False])
    house.receiver.fails = lambda: next(answers)
    house.submit()
    for _ in range(5):
        house.deliverer.deliver_due()
        house.clock.pass_by(hours=2)
    assert len(house.receiver.tries) == 3 and len(set(house.receiver.tries)) == 1


def test_a_worker_that_dies_after_telling_is_made_good_by_the_next(house: House) -> None:
    """Between the receiver's yes and our own note of it: told twice, with one key."""
    house.submit()
    house.deliverer.deliver_due()
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE outbox SET delivered_at = NULL, lease = 'dead', leased_until = '2026-11-20 10:01:30.000000'"
        )
        connection.exec_driver_sql("UPDATE outbox SET delivered_at = created_at WHERE target = 'inbox'")
    house.deliverer.deliver_due()
    assert len(house.receiver.tries) == 1  # the lease still holds
    house.clock.pass_by(minutes=2)
    house.deliverer.deliver_due()
    assert len(house.receiver.tries) == 2 and len(house.receiver.got) == 1


def test_one_team_that_is_down_does_not_hold_up_another(house: House) -> None:
    house.teams = Teams({
        "beacon": Team("beacon", "https://down.example", (b"s" * 32,)),
        "outreach-welwyn-hatfield-hertsmere": Team("outreach-welwyn-hatfield-hertsmere", "https://up.example",
     (b"s" * 32,)),
    })
    told: list[str] = []

    class OneDown(Receiver):
        def send(self, notice: Notice, referral: object, team: Team) -> None:  # type: ignore[override]
            self.fails = lambda: team.service == "beacon"
            super().send(notice, referral, team)  # type: ignore[arg-type]
            told.append(team.service)

    deliverer = Deliverer(house.store, lambda: house.teams, {WEBHOOK: OneDown()}, clock=house.clock)
    for _ in range(4):
        house.submit()
    deliverer.deliver_due()
    assert told == ["outreach-welwyn-hatfield-hertsmere"] * 4


def test_two_deliverers_at_once_tell_each_thing_once(house: House) -> None:
    for _ in range(40):
        house.submit()
    workers = [threading.Thread(target=house.deliverer.deliver_due) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(house.receiver.tries) == len(house.receiver.got) == 40


def test_what_was_withdrawn_before_it_was_told_is_never_told(house: House) -> None:
    reference = house.submit()
    house.afterwards.withdraw(reference, "me")
    house.deliverer.deliver_due()
    assert house.receiver.tries == []
    assert house.only().state is State.WITHDRAWN


def test_a_team_that_was_told_is_told_of_the_withdrawal(house: House) -> None:
    reference = house.submit()
    house.deliverer.deliver_due()
    house.afterwards.withdraw(reference, "me")
    house.afterwards.withdraw(reference, "me")
    house.deliverer.deliver_due()
    assert [kind for _, kind in house.receiver.tries] == ["referral", "withdrawn"]
    assert len(set(house.receiver.tries)) == 2


def test_a_team_that_may_have_heard_is_told_of_the_withdrawal_and_no_more_of_the_rest(house: House) -> None:
    reference = house.submit()
    house.receiver.fails = lambda: True
    house.deliverer.deliver_due()
    house.receiver.fails = lambda: False
    house.afterwards.withdraw(reference, "me")
    house.clock.pass_by(hours=2)
    house.deliverer.deliver_due()
    assert [kind for _, kind in house.receiver.tries] == ["referral", "withdrawn"]
    assert [notice.kind for notice in house.receiver.got.values()] == ["withdrawn"]


def test_a_closed_one_is_not_told_any_more(house: House) -> None:
    house.submit()
    house.receiver.fails = lambda: True
    house.deliverer.deliver_due()
    house.inbox.close(house.only().id, "kim", "supported")
    house.receiver.fails = lambda: False
    house.clock.pass_by(hours=2)
    house.deliverer.deliver_due()
    assert house.receiver.got == {}


def test_pauses_grow_to_an_hour_and_no_further() -> None:
    chance = random.Random(4).random
    pauses = [pause_after(attempt, chance).total_seconds() for attempt in range(1, 400)]
    assert 2.5 <= pauses[0] <= 5
    assert all(1800 <= pause <= 3600 for pause in pauses[10:])
    assert len({round(pause) for pause in pauses[20:]}) > 100  # workers do not all come back together


def test_the_webhook_says_nothing_in_the_clear_about_the_person(house: House) -> None:
    house.submit()
    house.deliverer.deliver_due()
    (notice,) = house.receiver.got.values()
    body = body_of(notice, house.only())
    assert [each for each in CANARIES if each in body] == []
    told = json.loads(body)
    assert told["type"] == "referral.queued" and set(told) == {"type", "timestamp", "data"}
    assert house.opener.open(base64.b64decode(told["data"]["sealed"]))


def test_the_signature_is_as_standard_webhooks_has_it() -> None:
    """The example of the specification's reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    moment = datetime.fromtimestamp(1614265330, tz=timezone.utc)
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', [secret], moment)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    headers = signed("msg_1", "{}", [b"a" * 32, b"b" * 32], datetime.now(timezone.utc))
    assert headers["webhook-signature"].count("v1,") == 2


def teams_file(folder: Path, text: str) -> Path:
    file = folder / "teams.yml"
    file.write_text(f"teams:\n{text}\n...\n", encoding="utf-8")
    return file


def test_the_project_s_own_teams_file_can_be_read() -> None:
    assert Teams.load(ROOT / "content" / "teams.yml", {}).get("beacon").targets == ()


def test_a_team_may_have_a_webhook_and_an_address(tmp_path: Path) -> None:
    entry = "{service: beacon, webhook: 'https://x.example/h', webhook_secret_env: S, email: duty@x.example}"
    file = teams_file(tmp_path, f"  - {entry}")
    assert Teams.load(file, {"S": SECRET}).get("beacon").targets == (WEBHOOK, EMAIL)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  - {service: beacon, webhook: 'http://x.example', webhook_secret_env: S}", "https://"),
        ("  - {service: beacon, webhook: 'https://u:p@x.example', webhook_secret_env: S}", "https://"),
        ("  - {service: beacon, webhook: 'https://x.example'}", "missing"),
        ("  - {service: beacon, webhook: 'https://x.example', webhook_secret_env: NONE}", "no NONE"),
        ("  - {service: beacon, webhook: 'https://x.example', webhook_secret_env: SHORT}", "24 bytes"),
        ("  - {service: beacon, email: nobody}", "e-mail"),
        ("  - {service: beacon}\n  - {service: beacon}", "twice"),
        ("  - {service: beacon, secret: abc}", "not a field"),
    ],
)
def test_a_wrong_setting_of_a_team_is_named_and_no_secret_shown(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ContentError) as error:
        Teams.load(teams_file(tmp_path, text), {"S": SECRET, "SHORT": "whsec_c2hvcnQ="})
    assert says in str(error.value) and "c2hvcnQ" not in str(error.value)


def test_a_file_that_is_spoiled_later_does_not_stop_what_is_told(tmp_path: Path) -> None:
    file = teams_file(tmp_path, "  - {service: beacon, email: duty@x.example}")
    current = CurrentTeams(file, {})
    file.write_text("teams: [", encoding="utf-8")
    assert current().get("beacon").email == "duty@x.example"
    teams_file(tmp_path, "  - {service: beacon, email: night-duty@x.example}")
    assert current().get("beacon").email == "night-duty@x.example"
