"""How often somebody may try a password before they have to wait."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreach.clock import utc_now
from outreach.network import network_of
from outreach.privacy.key_files import derived
from outreach.staff.records import Rows

# Of one name, and from one address (an office may share one), within the window. A name that nobody has counts as well, so that
# being locked out does not tell that there is such a name.
OF_A_NAME = 5
FROM_AN_ADDRESS = 30
WINDOW = timedelta(minutes=15)


class TooManyTries(Exception):
    """No further try is looked at for so many `minutes`."""

    def __init__(self, minutes: int) -> None:
        super().__init__(minutes)
        self.minutes = minutes


@dataclass(frozen=True)
class Tried:
    """What is counted, under a hash, and how often it may try."""

    who: str
    limit: int


class Tries:
    """Counts tries. `key` is the console's own: under it, names and addresses are hashed."""

    def __init__(self, key: bytes, clock: Callable[[], datetime] = utc_now) -> None:
        self._key = key
        self._clock = clock

    def of_name(self, login: str) -> Tried:
        """Those for a sign-in name."""
        return Tried(derived(self._key, b"staff-name-tries", login.encode()).hex(), OF_A_NAME)

    def from_address(self, address: str) -> Tried:
        """Those from an address."""
        return Tried(derived(self._key, b"staff-from-tries", network_of(address).encode()).hex(), FROM_AN_ADDRESS)

    def of_session(self, account_id: str) -> Tried:
        """Those by somebody who is in already, of their own password."""
        return Tried(derived(self._key, b"staff-own-tries", account_id.encode()).hex(), OF_A_NAME)

    def count(self, rows: Rows, *tried: Tried) -> set[Tried]:
        """Count a try before it is looked at, so that many at once are counted too. Gives those whose last it was.

        Raises TooManyTries.
        """
        now = self._clock()
        before = {each: rows.tries(each.who, now, WINDOW) for each in tried}
        if any(count >= each.limit for each, count in before.items()):
            raise TooManyTries(math.ceil(WINDOW.total_seconds() / 60))
        last = {each for each, count in before.items() if count + 1 == each.limit}
        for each, count in before.items():
            # The last one that is looked at begins the wait.
            rows.count_try(each.who, count + 1, now, anew=count == 0 or each in last)
        return last

    def forget(self, rows: Rows, tried: Tried) -> None:
        """It was the right one: begin at none."""
        rows.forget_tries(tried.who)
