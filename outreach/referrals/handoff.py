"""The hand-off: the moment a referral leaves the assistant for people. Saved and queued in one transaction, or not at all."""
from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from outreach.clock import utc_now
from outreach.model import OutreachArea, Route
from outreach.privacy.sealing import Opener, Sealer
from outreach.referrals import routes
from outreach.referrals.answers import Answers
from outreach.referrals.consent import Consent
from outreach.referrals.records import NewReferral, ReferenceTaken
from outreach.referrals.reference import References
from outreach.referrals.routes import Decision
from outreach.referrals.working_days import AnswerBy, answer_by

VERSION = 1
# Sealed texts are filled up to whole blocks, so that their length does not tell how much was answered.
BLOCK = 2048
# That a reference is taken happens once in thousands of years; twenty in a row do not.
MOST_TRIES = 20


class NotOffered(Exception):
    """Referrals are not offered at the moment; the message says why. Nothing was saved."""


class Incomplete(ValueError):
    """What a referral cannot go without is missing. Nothing was saved."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"missing: {', '.join(fields)}")
        self.fields = tuple(fields)


class Rules(Protocol):
    """Where the rules for referrals are kept."""

    def routes(self) -> tuple[Route, ...]:
        """The rules, in their order."""

    def outreach_areas(self) -> tuple[OutreachArea, ...]:
        """The areas of the outreach service."""


class Store(Protocol):
    """Where referrals are saved."""

    def reference_of_form(self, form_hash: str) -> str | None:
        """The hash of the reference that this filling-in of the form was given."""

    def save(self, new: NewReferral, now: datetime) -> str:
        """Save and queue; give the hash of the form's reference. Raises ReferenceTaken."""


class HandOff:
    """Decides where a referral goes, and saves it sealed."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        references: References,
        sealer: Callable[[], Sealer | None],
        working_days: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`sealer` gives the newest public key's sealer each time, or None; `clock` gives an aware datetime."""
        self._store = store
        self._rules = rules
        self._references = references
        self._sealer = sealer
        self._working_days = working_days
        self._clock = clock

    def decide(self, answers: Answers) -> Decision:
        """Where this goes by the rules as they are now. Raises NoRoute."""
        areas = {area.name for area in self._rules.outreach_areas()}
        return routes.decide(answers, self._rules.routes(), areas)

    def answer_by(self, now: datetime | None = None) -> AnswerBy:
        """By when somebody answers, from `now`, an aware datetime."""
        return answer_by(now or self._clock(), self._working_days)

    def submit(self, answers: Answers, consent: Consent, decision: Decision, form_key: str) -> str:
        """Save and queue a referral, and give its reference. The same `form_key` again gives the same one, saved once.

        Raises NotOffered, Incomplete, and ValueError for a decision that refers nobody: then nothing was saved.
        """
        if not decision.refers:
            raise ValueError("this decision refers nobody")
        if answers.missing():
            raise Incomplete(answers.missing())
        if len(form_key) < 16:
            raise ValueError("a form's key is long and random: new_form_key makes one")
        form = self._references.hash_of_form(form_key)
        known = self._store.reference_of_form(form)
        if known is not None:
            return self._known(form_key, known)
        sealer = self._sealer()
        if sealer is None:
            raise NotOffered("there is no public key")
        for reference in islice(self._references.for_form(form_key), MOST_TRIES):
            letter = Letter(reference, answers, consent, decision, self._clock())
            new = self._new(letter, form, sealer)
            try:
                return self._known(form_key, self._store.save(new, self._clock()))
            except ReferenceTaken:
                continue
        raise NotOffered("no reference is free")

    def reference_of(self, form_key: str) -> str | None:
        """The reference of a filling-in of the form that was saved already; None where it was not."""
        known = self._store.reference_of_form(self._references.hash_of_form(form_key))
        return None if known is None else self._known(form_key, known)

    def _known(self, form_key: str, reference_hash: str) -> str:
        """The reference whose hash was stored for this form."""
        for reference in islice(self._references.for_form(form_key), MOST_TRIES):
            if self._references.same(self._references.hash(reference), reference_hash):
                return reference
        raise NotOffered("the references' key has changed")

    def _new(self, letter: Letter, form: str, sealer: Sealer) -> NewReferral:
        decision, consent = letter.decision, letter.consent
        return NewReferral(
            secrets.token_hex(8), self._references.hash(letter.reference), form, decision.area, decision.service,
            decision.through, decision.rule, sealer.seal(letter.to_bytes()), sealer.key_id, consent.wording_version,
            consent.given_at,
        )  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """What is sealed: everything the team is to know."""

    reference: str
    answers: Answers
    consent: Consent
    decision: Decision
    written_at: datetime

    def to_bytes(self) -> bytes:
        """As what is sealed, filled up to whole blocks."""
        clear = json.dumps(
            {
                "version": VERSION,
                "reference": self.reference,
                "written_at": self.written_at.isoformat(),
                "answers": self.answers.to_json(),
                "consent": self.consent.to_dict(),
                "decision": vars(self.decision),
            },
            ensure_ascii=False,
        ).encode()
        return clear.ljust(-(-len(clear) // BLOCK) * BLOCK)

    @classmethod
    def opened(cls, sealed: bytes, opener: Opener) -> Letter:
        """Open a sealed one; a number that was sealed on its own is opened too. Raises CannotOpen, ValueError."""
        found: Mapping[str, Any] = json.loads(opener.open(sealed))
        if found.get("version") != VERSION:
            raise ValueError("this was written by a later version")
        answers = Answers.from_json(found["answers"])
        if answers.contact_sealed and not answers.contact:
            number = opener.open(base64.b64decode(answers.contact_sealed)).decode()
            answers = Answers.from_dict({**answers.to_dict(), "contact": number, "contact_sealed": None})
        return cls(
            found["reference"], answers, Consent.from_dict(found["consent"]), Decision(**found["decision"]),
            datetime.fromisoformat(found["written_at"]),
        )  # fmt: skip
