"""The forms with which referrals are worked. `seen` is the revision that the page showed: a change since then is noticed."""
from __future__ import annotations

from datetime import datetime

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length

from console.forms import Form
from console.referral_words import ATTEMPTS, OUTCOMES, REASONS, WAYS
from console.render import LONDON
from outreach.referrals.attempts import MOST_NOTE, THEY_CAME, Attempt
from outreach.referrals.desks import Desk
from outreach.referrals.reach import Reach


class SeenForm(Form):
    """A button, and what it was pressed on."""

    seen = HiddenField()

    @property
    def revision(self) -> int:
        """The revision that the page showed; -1, which none has, where that was lost."""
        raw = str(self.seen.data or "")
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1


class AttemptForm(SeenForm):
    """An attempt to be in touch."""

    way = RadioField("How", [InputRequired("Choose how.")], validate_choice=False)
    outcome = RadioField("What came of it", [InputRequired("Choose what came of it.")], choices=list(ATTEMPTS.items()))
    day = DateField("Day", [InputRequired("Choose the day.")])
    time = TimeField("Time", [InputRequired("Choose the time.")])
    note = TextAreaField("Note, if one is needed", [
        Length(max=MOST_NOTE, message=f"This is too long: {MOST_NOTE} characters fit."),
    ])  # fmt: skip
    sure = BooleanField("That is how it was. Note it all the same.")

    def offer(self, reach: Reach) -> None:
        """Let it be one of the safe ways, or that they got in touch themselves."""
        self.way.choices = [(way, WAYS[way]) for way in (*reach.safe, THEY_CAME)]

    def made(self) -> Attempt:
        """What was tried, once the form is valid."""
        at = datetime.combine(self.day.data, self.time.data, LONDON)
        return Attempt(self.way.data, self.outcome.data, at, self.note.data or "")


class PassOnForm(SeenForm):
    """To another team, and why that is within what the person agreed to."""

    team = SelectField("To which team", [InputRequired("Choose a team.")], validate_choice=False)
    reason = RadioField("Why they would expect this", [InputRequired("Choose why.")], choices=list(REASONS.items()))

    def offer(self, desks: tuple[Desk, ...]) -> None:
        """Let it be one of these."""
        self.team.choices = [("", "Choose a team"), *((desk.team, desk.title) for desk in desks)]


class CloseForm(SeenForm):
    """What became of it."""

    outcome = RadioField("What became of it", [InputRequired("Choose what became of it.")], choices=list(OUTCOMES.items()))


class WithdrawForm(SeenForm):
    """For somebody who has told staff that they take it back."""

    asked = BooleanField("They have told us that they want to take it back.", [
        InputRequired("Tick this only if they have told us so."),
    ])  # fmt: skip


class FindForm(Form):
    """The reference that somebody reads out."""

    reference = StringField("Reference", [InputRequired("Type in the reference."), Length(max=60, message="This is too long.")])
