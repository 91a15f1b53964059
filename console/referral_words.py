"""What the pages about referrals call things."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from outreach.referrals.answers import Answers
from outreach.referrals.contacts import contact_shown
from outreach.referrals.desks import Desks
from outreach.referrals.reach import Reach
from outreach.referrals.states import State
from outreach.referrals.worked import ASKED_FOR, LIVES_THERE, Done, Worked

STATES = {
    State.QUEUED: "On its way", State.DELIVERED: "New", State.ACKNOWLEDGED: "Being dealt with", State.FAILED: "Did not arrive",
    State.CLOSED: "Closed", State.WITHDRAWN: "Taken back",
}  # fmt: skip
OUTCOMES = {
    "supported": "They have the support they asked for", "passed-on": "Another service supports them, with their agreement",
    "declined": "They no longer want support", "no-contact": "We could not reach them safely", "other": "Something else",
}  # fmt: skip
WAYS = {"call": "A call", "text": "A text", "email": "An e-mail", "they-came": "They got in touch with us"}
ATTEMPTS = {
    "reached": "We were in touch", "no-answer": "No answer yet", "message-left": "Left a message or sent one",
    "someone-else": "Somebody else answered", "not-theirs": "It does not work, or is not theirs",
}  # fmt: skip
REASONS = {LIVES_THERE: "They live in that team's area", ASKED_FOR: "They asked for that team, or agreed to it"}
# How a safe way is used, and how it is said that one is not: before the contact, and without one.
USE = {"call": "Ring", "text": "Send a text to", "email": "Write an e-mail to"}
NEVER = {
    "call": ("Ring", "Do not ring this number.", "Do not ring them."),
    "text": ("Text", "Do not text this number.", "Do not text them."),
    "email": ("E-mail", "Do not write to this address.", "Do not e-mail them."),
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Something that was done, as the page tells it. `new`: since the page that somebody had open."""

    at: datetime
    words: str
    new: bool


def steps(done: Iterable[Done], names: Mapping[str, str], desks: Desks, seen: int | None = None) -> list[Step]:
    """What was done, in words. `seen` is the revision that somebody had before them: what came after it is new."""
    told, count = [], 0
    for each in done:
        # Passing on shows as a change of state too, and that is counted.
        count += each.what != "passed-on"
        words = _step(each, names.get(each.by, each.by), desks)
        if words:
            told.append(Step(each.at, words, seen is not None and count > seen))
    return told


def _step(done: Done, name: str, desks: Desks) -> str:
    if done.what == "passed-on":
        old, new = (desks.of_team(team).title for team in (done.before, done.after))
        reason = REASONS.get(done.reason, done.reason)
        return f"{name} passed it on from {old} to {new}. {reason}."
    return {
        "consented": "The person agreed to be contacted.",
        "delivered": "It arrived in the inbox.",
        "acknowledged": f"{name} deals with it.",
        "attempt": f"{name} tried to be in touch.",
        "closed": f"{name} closed it.",
        "failed": "It could not be delivered.",
    }.get(done.what, "")


@dataclass(frozen=True)
class Unsafe:
    """A way that nobody may use: `crossed` is shown crossed out, `words` say it."""

    crossed: str
    words: str


def safe_lines(reach: Reach) -> list[tuple[str, str]]:
    """How to be in touch: what to do, and the number or address."""
    return [(USE[way], contact_shown(reach.contact or "")) for way in reach.safe]


def unsafe_lines(reach: Reach) -> list[Unsafe]:
    """The ways that nobody may use."""
    lines = []
    for way in reach.unsafe:
        verb, this, them = NEVER[way]
        contact = reach.contact or ""
        fits = bool(contact) and (way == "email") == ("@" in contact)
        lines.append(Unsafe(f"{verb} {contact_shown(contact)}" if fits else verb, this if fits else them))
    return lines


def answers_told(answers: Answers) -> list[tuple[str, str]]:
    """What else was answered, for people to read. How to be in touch is told apart."""
    lines = [
        ("What to call them", answers.name), ("Where they are", answers.place), ("District", answers.district),
        ("Outreach area", answers.outreach_area), ("16 or over", answers.over_16),
        ("Describes themselves as", answers.describes_as), ("Help wanted", ", ".join(answers.help_wanted)),
        ("Children at home", answers.children_at_home), ("Language or access needs", answers.needs),
    ]  # fmt: skip
    return [(title, _said(value)) for title, value in lines]


def _said(value: bool | str | None) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value or "Not said"


def short_id(worked: Worked) -> str:
    """Enough of the id to tell one from another by."""
    return worked.referral.id[:6]
