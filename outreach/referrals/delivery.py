"""Telling people that a referral waits, or was taken back: at least once, with one key for each thing told, without end."""
from __future__ import annotations

import base64
import hmac
import json
import logging
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from outreach.clock import utc_now
from outreach.referrals.records import INBOX, PASSED_ON, REFERRAL, WITHDRAWN, NoSuchReferral, Notice, StoredReferral
from outreach.referrals.teams import Team, Teams

logger = logging.getLogger(__name__)

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0
# Longer than any sender takes, so that nobody else tells the same meanwhile.
LEASE = timedelta(seconds=90)
# What a webhook calls each kind of notice.
TYPES = {REFERRAL: "queued", WITHDRAWN: "withdrawn", PASSED_ON: "passed_on"}


class NotTold(Exception):
    """The receiver did not take it. `reason` is a class's name or a status, nothing that the receiver said."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """One way of telling."""

    def send(self, notice: Notice, referral: StoredReferral, team: Team) -> None:
        """Tell the team. Raises NotTold."""


class Store(Protocol):
    """Where notices wait."""

    def claim(self, now: datetime, lease_for: timedelta, leave_out: Collection[tuple[str, str]] = ()) -> Notice | None:
        """Take the next notice that is due."""

    def get(self, referral_id: str) -> StoredReferral:
        """The referral with this id. Raises NoSuchReferral."""

    def put_in_inbox(self, notice: Notice, tell: Iterable[tuple[str, str]], now: datetime) -> bool:
        """Deliver to the inbox, and queue what is to be told."""

    def told(self, notice: Notice, now: datetime) -> bool:
        """The receiver has it."""

    def not_told(self, notice: Notice, next_at: datetime, error: str) -> None:
        """To be tried again."""

    def cancel(self, notice: Notice, now: datetime) -> None:
        """There is nothing to tell any more."""

    def purge(self, now: datetime) -> int:
        """Delete what has been kept long enough."""


def pause_after(attempts: int, chance: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after so many tries: doubled each time up to an hour, and up to half of it less, by chance."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 20))
    return timedelta(seconds=longest * (1 - chance() / 2))


class Deliverer:
    """Delivers what is due. Several may run at once."""

    def __init__(
        self,
        store: Store,
        teams: Callable[[], Teams],
        senders: Mapping[str, Sender],
        lease: timedelta = LEASE,
        clock: Callable[[], datetime] = utc_now,
        tidy: Callable[[], int] = lambda: 0,
    ) -> None:
        """`teams` gives the settings as they are now; `senders` are by target; `tidy` deletes what was left alone."""
        self._store = store
        self._teams = teams
        self._senders = senders
        self._lease = lease
        self._clock = clock
        self._tidy = tidy

    def deliver_due(self, now: datetime | None = None) -> int:
        """Deliver everything that is due, and say how many were. A receiver that fails is left alone until the next call."""
        done, failing = 0, set[tuple[str, str]]()
        while True:
            moment = now or self._clock()
            notice = self._store.claim(moment, self._lease, failing)
            if notice is None:
                return done
            try:
                done += self._deliver(notice, moment)
            except NotTold as error:
                failing.add((notice.target, notice.recipient))
                self._store.not_told(notice, moment + pause_after(notice.attempts), error.reason)
                logger.warning("a notice by %s was not taken (%s), try %d", notice.target, error.reason, notice.attempts)

    def purge(self) -> int:
        """Delete the referrals that have been kept long enough, and say how many they were."""
        return self._store.purge(self._clock()) + self._tidy()

    def _deliver(self, notice: Notice, now: datetime) -> bool:
        try:
            referral = self._store.get(notice.referral_id)
        except NoSuchReferral:
            return False  # purged meanwhile, and the notice with it
        if notice.target == INBOX:
            return self._into_inbox(notice, referral, now)
        if notice.kind == REFERRAL and referral.sealed is None:
            self._store.cancel(notice, now)
            return False
        sender = self._senders.get(notice.target)
        team = self._teams().get(notice.recipient)
        if sender is None or notice.target not in team.targets:
            raise NotTold("NotConfigured")
        sender.send(notice, referral, team)
        return self._store.told(notice, now)

    def _into_inbox(self, notice: Notice, referral: StoredReferral, now: datetime) -> bool:
        teams = self._teams()
        tell = [(target, service) for service in referral.recipients for target in teams.get(service).targets]
        if self._store.put_in_inbox(notice, tell, now):
            return True
        self._store.cancel(notice, now)
        return False


def body_of(notice: Notice, referral: StoredReferral) -> str:
    """What a webhook is told, the same each time: nothing in the clear but where it goes and by which rule."""
    data: dict[str, Any] = {"referral": referral.id}
    if notice.kind != PASSED_ON:  # whose it is now is not for the team that had it
        data |= {"team": referral.team, "through": referral.through}
    if notice.kind == REFERRAL:
        sealed = base64.b64encode(referral.sealed or b"").decode()
        data |= {"area": referral.area, "rule": referral.rule, "key_id": referral.key_id, "sealed": sealed}
    told = {"type": f"referral.{TYPES[notice.kind]}", "data": data}
    return json.dumps({**told, "timestamp": notice.created_at.isoformat()}, separators=(",", ":"))


def signed(key: str, body: str, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: the notice's key, the time, and a signature for each secret."""
    seconds = int(now.timestamp())
    content = f"{key}.{seconds}.{body}".encode()
    signatures = (base64.b64encode(hmac.digest(secret, content, sha256)).decode() for secret in secrets)
    return {
        "webhook-id": key, "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }  # fmt: skip
