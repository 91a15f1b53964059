"""Taking a referral back, and asking where it is, by its reference alone."""
from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.referral import heard, over
from outreach import bootstrap
from outreach.referrals import reference
from outreach.understanding.catalogue import ANSWERABLE

LOOP = "action_reference"
_WITHDRAW, _STATUS = "withdraw_referral", "ask_referral_status"
_REPLIES = {
    "received": "utter_referral_status_received",
    "being dealt with": "utter_referral_status_dealt_with",
    "closed": "utter_referral_status_closed",
}


class ActionReference(NeverSilentAction):
    """Answers `withdraw_referral` and `ask_referral_status`, and asks for the reference while it is missing."""

    def name(self) -> str:
        """The name in the domain."""
        return LOOP

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Do what was asked as soon as there is a reference; leave when something else is asked."""
        said = heard(tracker)
        wanted = said.intent if said.intent in (_WITHDRAW, _STATUS) else tracker.get_slot("reference_for") or _STATUS
        if reference.find_in(said.text) is not None:
            dispatcher.utter_message(response=_done(str(wanted), said.text, tracker.sender_id))
            return _over()
        begun = tracker.get_slot("reference_for") is not None
        if begun and said.intent in ANSWERABLE and said.intent not in (_WITHDRAW, _STATUS) and said.confidence > 0.6:
            dispatcher.utter_message(response=f"utter_{said.intent}")
            return _over()
        if begun:
            dispatcher.utter_message(response="utter_reference_unknown")
            return _over()
        dispatcher.utter_message(response=f"utter_{wanted}")
        return [SlotSet("reference_for", wanted), ActiveLoop(LOOP), *over()[2:]]


def _done(wanted: str, text: str, who: str) -> str:
    afterwards = bootstrap.afterwards()
    if wanted == _WITHDRAW:
        return "utter_referral_withdrawn" if afterwards.withdraw(text, who) else "utter_reference_unknown"
    status = afterwards.status(text, who)
    return _REPLIES[status.value] if status else "utter_reference_unknown"


def _over() -> Events:
    return [SlotSet("reference_for", None), *over()[1:]]
