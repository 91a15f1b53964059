"""Several deliverers on one PostgreSQL: each notice is told by one of them, and none is left behind."""
from __future__ import annotations

import threading
import time
from collections import Counter

from engines import Postgres
from referring import House

from outreach.adapters.database import connect, migrate
from outreach.adapters.referrals import ReferralStore
from outreach.clock import utc_now
from outreach.referrals.delivery import Deliverer
from outreach.referrals.records import WEBHOOK, Notice, StoredReferral
from outreach.referrals.teams import Team

REFERRALS, DELIVERERS = 50, 3


class Told:
    """A team's system that counts what it is told. The first to tell it something waits a while for a second one to come."""

    def __init__(self) -> None:
        self.referrals: Counter[str] = Counter()
        self.by: Counter[str] = Counter()

    def send(self, notice: Notice, referral: StoredReferral, team: Team) -> None:
        self.referrals[referral.id] += 1
        self.by[threading.current_thread().name] += 1
        until = time.monotonic() + 10
        while len(self.by) < 2 and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.005)


def test_fifty_referrals_and_three_deliverers_tell_each_once(postgres: Postgres) -> None:
    url = postgres.create("deliverers")
    house, told = House(url, told=True), Told()
    for _ in range(REFERRALS):
        house.submit()
    together = threading.Barrier(DELIVERERS)

    def deliver() -> None:
        engine = connect(url)
        deliverer = Deliverer(ReferralStore(engine), lambda: house.teams, {WEBHOOK: told}, clock=utc_now)
        together.wait()
        until = time.monotonic() + 60
        while house.store.waiting()[0] and time.monotonic() < until:
            deliverer.deliver_due()
        engine.dispose()

    threads = [threading.Thread(target=deliver) for _ in range(DELIVERERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert house.store.waiting() == (0, None)
    assert len(told.referrals) == REFERRALS and set(told.referrals.values()) == {1}
    assert len(told.by) > 1, "they shared the work"
    assert {row["state"] for row in house.rows("referral")} == {"delivered"}
    house.engine.dispose()


def test_processes_that_start_at_once_migrate_once(postgres: Postgres) -> None:
    url = postgres.create("together")
    errors: list[BaseException] = []

    def start() -> None:
        engine = connect(url)
        try:
            migrate(engine)
        except BaseException as error:
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
