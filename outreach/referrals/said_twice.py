"""A yes that comes twice, because its reply was lost or a button was pressed again: the second has read no new question."""
from __future__ import annotations

from datetime import datetime, timedelta

from outreach.referrals.answers import yes_no
from outreach.referrals.hearing import SEND_NOW, Heard
from outreach.referrals.sent import is_the_yes
from outreach.referrals.steps import AGREED, CONSENT, ENOUGH, SUMMARY

# The page offers "Try again" after nine seconds, and somebody has to see and press it. The consent and the summary take
# longer to read than this; where a short question is answered sooner in the same words, it is asked once more.
WITHIN = timedelta(seconds=20)
# Where a yes allows or tells something. Elsewhere it is no answer anyhow.
_YES_COUNTS_AT = (CONSENT, AGREED, SUMMARY, "safe_to_contact", "over_16", "voicemail", "children_at_home")

Kept = dict[str, str]


def kept(step: str | None, said: Heard, now: datetime) -> Kept | None:
    """What is kept of the words that answered a question, None where they are no yes. At ENOUGH any word for it is one."""
    ends = step == ENOUGH and said.plain in SEND_NOW
    if not (ends or is_the_yes(said.text) or yes_no(said.text) is True):
        return None
    return {"words": said.plain, "at": now.isoformat()}


def is_again(last: Kept | None, step: str, said: Heard, now: datetime) -> bool:
    """Whether these are the words of the yes that was taken just before, and would now answer another question."""
    if last is None or step not in _YES_COUNTS_AT or said.plain != last["words"]:
        return False
    # A clock that was put back in between tells nothing, and must not make every yes of an hour the same one.
    return abs(now - datetime.fromisoformat(last["at"])) < WITHIN
