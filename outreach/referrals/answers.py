"""What somebody answered, as it is sealed for the team. The questions' validators are offered here as well."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from outreach.referrals.contacts import contact, contact_email, contact_number
from outreach.referrals.safe_times import SafeTimes, Window, safe_times
from outreach.referrals.words import (
    HELP,
    Problem,
    clean,
    code_word,
    contact_way,
    describes_as,
    free_words,
    help_wanted,
    name,
)
from outreach.referrals.yes_no import is_clear_yes, over_16, yes_no

__all__ = [
    "HELP", "SELF", "Answers", "Problem", "SafeTimes", "UnknownVersion", "Window", "clean", "code_word", "contact",
    "contact_email", "contact_number", "contact_way", "describes_as", "free_words", "help_wanted", "is_clear_yes", "name",
    "over_16", "safe_times", "yes_no",
]  # fmt: skip

VERSION = 1
SELF = "self"


class UnknownVersion(ValueError):
    """The answers were written by a later version of this product."""


@dataclass(frozen=True)
class Answers:
    """The answers to the form; what was skipped is None or empty.

    `contact` is an E.164 number or an e-mail address; on SMS `contact_sealed` takes its place: the sender's number, sealed by
    the channel, as base64. `safe_to_contact` is what was answered for that very way. `on_behalf_of`: self, someone or
    professional; for the latter two the person must have agreed.
    """

    name: str | None = None
    place: str | None = None
    district: str | None = None
    outreach_area: str | None = None
    outside: bool = False
    contact_way: str | None = None
    contact: str | None = None
    contact_sealed: str | None = None
    safe_to_contact: bool | None = None
    safe_times: SafeTimes | None = None
    over_16: bool | None = None
    describes_as: str | None = None
    voicemail: bool | None = None
    if_someone_answers: str | None = None
    code_word: str | None = None
    help_wanted: tuple[str, ...] = ()
    children_at_home: bool | None = None
    needs: str | None = None
    on_behalf_of: str = SELF
    person_agreed: bool | None = None

    def missing(self) -> tuple[str, ...]:
        """The fields without which this cannot be referred: how to be in touch and that it is safe, the area, agreement."""
        wanted = {
            "outreach_area": bool(self.outreach_area),
            "contact_way": bool(self.contact_way),
            "contact": bool(self.contact or self.contact_sealed),
            "safe_to_contact": self.safe_to_contact is True,
            "person_agreed": self.on_behalf_of == SELF or self.person_agreed is True,
        }
        return tuple(field for field, there in wanted.items() if not there)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        found = {**asdict(self), "help_wanted": list(self.help_wanted)}
        return {**found, "safe_times": self.safe_times.to_dict() if self.safe_times else None}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Answers:
        """What `to_dict` gave, or a dict of slots: names that are not answers are left out, and so are empty ones."""
        names = {field.name for field in fields(cls)}
        values = {key: value for key, value in found.items() if key in names and value not in (None, "", [], ())}
        times = values.get("safe_times")
        if times is not None and not isinstance(times, SafeTimes):
            values["safe_times"] = SafeTimes(times) if isinstance(times, str) else SafeTimes.from_dict(times)
        if "help_wanted" in values:
            values["help_wanted"] = tuple(values["help_wanted"])
        return cls(**values)

    def to_json(self) -> str:
        """As text, with the version of its form."""
        return json.dumps({"version": VERSION, **self.to_dict()}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Answers:
        """What `to_json` gave. Raises UnknownVersion for a later version's, ValueError for anything else."""
        found = json.loads(text)
        if not isinstance(found, dict) or not isinstance(found.get("version"), int):
            raise ValueError("these are no answers")
        if found["version"] > VERSION:
            raise UnknownVersion(f"version {found['version']} is later than {VERSION}")
        return cls.from_dict(found)
