"""How each team wants to be told that a referral waits, from `content/teams.yml`."""
from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from outreach.content.checking import Checker
from outreach.content.reading import ContentError, Located, read_yaml
from outreach.referrals.records import EMAIL, WEBHOOK
from outreach.settings import SettingsError, secret

logger = logging.getLogger(__name__)

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
SHORTEST_SECRET = 24
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Team:
    """A receiver of notices. `secrets` sign the webhook, several while one is being changed."""

    service: str
    webhook: str | None = None
    secrets: tuple[bytes, ...] = ()
    email: str | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The ways in which it is told."""
        return tuple(target for target, there in ((WEBHOOK, self.webhook), (EMAIL, self.email)) if there)


class Teams:
    """The teams by the id of their service. One without settings has the staff's inbox alone."""

    def __init__(self, teams: Mapping[str, Team]) -> None:
        self._teams = dict(teams)

    def get(self, service: str) -> Team:
        """The settings of a team."""
        return self._teams.get(service, Team(service))

    def needs_email(self) -> bool:
        """Whether a mail server is needed."""
        return any(team.email for team in self._teams.values())

    @classmethod
    def load(cls, file: Path, environment: Mapping[str, str]) -> Teams:
        """Read the settings; the secrets are in the environment. Raises ContentError with everything that is wrong."""
        check, teams = Checker(), {}
        top = check.mapping(read_yaml(file, file.name), ("teams",))
        for item in check.items(top, "teams"):
            entry = check.mapping(item, ("service", "webhook", "webhook_secret_env", "email"))
            service = check.id(item, entry, "service")
            webhook = _address(item, entry, check)
            secrets = _secrets(item, entry, environment, check) if webhook else ()
            email = check.email(entry, "email")
            if service in teams:
                check.wrong(item, f"{service!r} is given twice")
            elif service:
                teams[service] = Team(service, webhook, secrets, email)
        if check.problems:
            raise ContentError(check.problems)
        return cls(teams)


class CurrentTeams:
    """The settings as the file has them now. A file that is spoiled while this runs is logged, and the last good one counts."""

    def __init__(self, file: Path, environment: Mapping[str, str]) -> None:
        """Read it for the first time. Raises ContentError."""
        self._file = file
        self._environment = environment
        self._seen = _stamp(file)
        self._teams = Teams.load(file, environment)

    def __call__(self) -> Teams:
        """The settings, read again where the file has changed."""
        stamp = _stamp(self._file)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._teams = Teams.load(self._file, self._environment)
            except ContentError as error:
                logger.error("the teams' settings cannot be used, the earlier ones stay: %s", error)
        return self._teams


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _address(item: Located, entry: dict[str, Located], check: Checker) -> str | None:
    address = check.text(item, entry, "webhook")
    if address is None:
        return None
    parts = urlsplit(address)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username:
        check.wrong(entry["webhook"], "an address beginning with https:// is wanted, without a name and password")
        return None
    return address


def _secrets(
    item: Located, entry: dict[str, Located], environment: Mapping[str, str], check: Checker
) -> tuple[bytes, ...]:
    """The secrets in an environment variable, with spaces between, each "whsec_" and base64, as Standard Webhooks has it.

    They may be in a file, as those of the settings may.
    """
    variable = check.text(item, entry, "webhook_secret_env", required=True)
    if variable is None:
        return ()
    found = []
    try:
        given = secret(variable, environment).split()
    except SettingsError as error:
        check.wrong(entry["webhook_secret_env"], str(error))
        return ()
    for each in given:
        try:
            key = base64.b64decode(each.removeprefix(SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) < SHORTEST_SECRET:
            check.wrong(entry["webhook_secret_env"], f"{variable} is not whsec_ and base64 of 24 bytes or more")
            return ()
        found.append(key)
    if not found:
        check.wrong(entry["webhook_secret_env"], f"the environment has no {variable}")
    return tuple(found)
