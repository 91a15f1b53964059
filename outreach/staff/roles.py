"""What a member of staff may do: roles, with the least that each needs."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(str, Enum):
    """A role. A person can hold several."""

    EDITOR = "editor"
    PUBLISHER = "publisher"
    CASEWORKER = "caseworker"
    MANAGER = "manager"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The role's name as staff read it."""
        return self.value.capitalize()

    @property
    def help(self) -> str:
        """What somebody with this role can do, in a sentence."""
        return _HELP[self]


_HELP = {
    Role.EDITOR: "Drafts changes to services and wording.",
    Role.PUBLISHER: "Checks what others have drafted, and publishes it.",
    Role.CASEWORKER: "Works the referrals of their own areas.",
    Role.MANAGER: "Looks after people and sees the referrals of every area.",
    Role.AUDITOR: "Reads the record of who did what.",
}


@dataclass(frozen=True)
class Staff:
    """Somebody who has come in. `areas` are the outreach areas whose referrals a caseworker works."""

    id: str
    name: str
    roles: frozenset[Role]
    areas: frozenset[str] = frozenset()

    def is_any_of(self, *roles: Role) -> bool:
        """Whether this person holds one of the roles."""
        return not self.roles.isdisjoint(roles)
