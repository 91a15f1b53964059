"""Why a change to a service could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from outreach.editing.versions import Version


class EditingError(Exception):
    """Something could not be done, and nothing was changed. The message is for the person who tried."""


class NoSuchService(EditingError):
    """There is no such service, or no such version of it."""


class NothingChanged(EditingError):
    """What was to be saved is what is there already."""

    def __init__(self) -> None:
        super().__init__("Nothing was changed, so there is nothing to save.")


class NotAllowed(EditingError):
    """This person may not do this."""


class NeedsSecondPerson(NotAllowed):
    """Somebody else has to look at it first. `because` says what it is about, in words."""

    def __init__(self, because: Sequence[str]) -> None:
        self.because = tuple(because)
        super().__init__(f"A second person has to check this first, because it changes {' and '.join(because)}.")


class MovedOn(EditingError):
    """Somebody else changed the service meanwhile. `theirs` is what is there now."""

    def __init__(self, theirs: Version) -> None:
        self.theirs = theirs
        super().__init__(f"This entry changed while you were working on it. The latest version is by {theirs.made_by_name}.")


@dataclass(frozen=True)
class Mistake:
    """Something that is wrong with a field, as "phones[0].number"; `field` is empty where it is about the whole."""

    field: str
    message: str


class Mistakes(EditingError):
    """What was typed can't be kept as it is."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in mistakes))
