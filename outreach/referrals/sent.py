"""The yes that sent a referral, said again: its reply may have been lost when a process died, and so the reference with it.

For a few minutes what is left of the form is its random key, from which the reference is known again. None of the answers is.
"""
from __future__ import annotations

from datetime import datetime, timedelta

from outreach.referrals.answers import is_clear_yes
from outreach.referrals.hearing import SEND_IT, Heard

_SENT = "sent"
# Long enough to be started again and asked again. Later somebody else may hold the phone, and nothing earlier is repeated.
WITHIN = timedelta(minutes=3)


def mark(form_key: str, now: datetime) -> str:
    """What stays of a form that was sent."""
    return f"{_SENT} {now.isoformat()} {form_key}"


def is_mark(kept: object) -> bool:
    """Whether this is what `mark` made."""
    return isinstance(kept, str) and kept.startswith(f"{_SENT} ")


def is_the_yes(text: str) -> bool:
    """Whether these are the words that send."""
    return is_clear_yes(text) or Heard(text).plain in SEND_IT


def form_sent(kept: object, text: str, now: datetime) -> str | None:
    """The key of a form that was just sent, where the same yes is said once more."""
    if not isinstance(kept, str) or not is_mark(kept) or not is_the_yes(text):
        return None
    _, at, form_key = kept.split(" ", 2)
    return form_key if abs(now - datetime.fromisoformat(at)) < WITHIN else None
