"""Taking a referral back, and asking where it is, by its reference alone."""
from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.referral import heard, utter
from actions.signpost import show_services
from outreach import bootstrap
from outreach.directory.whereabouts import Whereabouts
from outreach.referrals import reference
from outreach.referrals.dialogue import Say
from outreach.referrals.hearing import INTERRUPTS, STOP, SURE, Heard, is_only_a_reference

LOOP = "action_reference"
_WITHDRAW, _STATUS = "withdraw_referral", "ask_referral_status"
_HOW_IT_STANDS, _TAKE_BACK = "How it stands", "Take it back"
_WORDS_FOR_BACK = frozenset(("take it back", "withdraw", "withdraw it", "withdraw please", "please withdraw it", "take back"))
_WORDS_FOR_STATUS = frozenset(("how it stands", "how does it stand", "status", "where is it", "how is it going", "check it"))
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
        said, begun = heard(tracker), _begun(tracker)
        kept = reference.find_in(begun)
        given = reference.find_in(said.text)
        if given and (begun is None or kept) and is_only_a_reference(said.text):
            return _ask_what_for(dispatcher, given, tracker.get_latest_input_channel())
        if kept and given is None:
            return _done_with(kept, dispatcher, said, tracker)
        wanted = _wanted(said, None if kept else begun)
        if given is not None:
            reply = _done(wanted, said.text, tracker.sender_id)
            dispatcher.utter_message(response=reply)
            # One that was misread can be given again.
            return _asking(wanted) if reply == "utter_reference_unknown" else _over()
        if begun is None and is_only_a_reference(said.text):
            dispatcher.utter_message(response="utter_reference_unknown")
            return _asking(_STATUS)
        if begun is None or kept or (said.intent in (_WITHDRAW, _STATUS) and wanted != begun):
            dispatcher.utter_message(response=f"utter_{wanted}")
            return _asking(wanted)
        if _looks_like_a_reference(said):
            dispatcher.utter_message(response="utter_reference_unknown")
            return _asking(wanted)
        return _leave(dispatcher, said, Whereabouts.from_slots(tracker.slots))


def _begun(tracker: Tracker) -> str | None:
    """What was asked before, while it is still waited for. A loop that was left for danger leaves its slot behind."""
    waiting = (tracker.active_loop or {}).get("name") == LOOP
    return str(tracker.get_slot("reference_for")) if waiting and tracker.get_slot("reference_for") else None


def _ask_what_for(dispatcher: CollectingDispatcher, given: str, channel: str | None) -> Events:
    """A reference and nothing else: what it is for is asked, and it need not be given again."""
    utter(dispatcher, Say(fixed="reference_alone", choices=(_HOW_IT_STANDS, _TAKE_BACK)), channel)
    return _asking(given)


def _done_with(kept: str, dispatcher: CollectingDispatcher, said: Heard, tracker: Tracker) -> Events:
    """What was said to that question: do it with the reference, or answer what they turned to."""
    wanted = _said_what_for(said)
    if wanted is None:
        return _leave(dispatcher, said, Whereabouts.from_slots(tracker.slots), "utter_not_understood")
    reply = _done(wanted, kept, tracker.sender_id)
    dispatcher.utter_message(response=reply)
    return _asking(wanted) if reply == "utter_reference_unknown" else _over()


def _said_what_for(said: Heard) -> str | None:
    """What is to be done with a reference; taking it back only on words for that, since it can't be undone."""
    if said.plain in _WORDS_FOR_BACK or (said.intent == _WITHDRAW and said.confidence >= SURE):
        return _WITHDRAW
    if said.plain in _WORDS_FOR_STATUS or (said.intent == _STATUS and said.confidence >= SURE):
        return _STATUS
    return None


def _wanted(said: Heard, begun: str | None) -> str:
    """What to do with the reference. Alone it says nothing of that, so what was asked before it counts."""
    asked = said.intent if said.intent in (_WITHDRAW, _STATUS) and said.confidence >= SURE else None
    if begun and (asked is None or not _has_words_of_its_own(said)):
        return str(begun)
    return asked or (said.intent if said.intent in (_WITHDRAW, _STATUS) else _STATUS) or _STATUS


def _has_words_of_its_own(said: Heard) -> bool:
    """Whether there is more to a message than a reference and a word or two around it."""
    return sum(word.isalpha() and len(word) > 1 for word in said.plain.split()) >= 3 or said.plain.startswith("withdraw")


def _looks_like_a_reference(said: Heard) -> bool:
    """Whether somebody seems to have meant one, misread or cut off."""
    return any(any(c.isdigit() for c in word) and len(word) >= 2 for word in said.plain.split())


def _leave(
    dispatcher: CollectingDispatcher, said: Heard, where: Whereabouts, otherwise: str = "utter_reference_unknown"
) -> Events:
    """They have no reference, or have turned to something else: that is answered."""
    if said.intent in INTERRUPTS and said.confidence >= SURE and said.plain not in STOP:
        dispatcher.utter_message(response=f"utter_{said.intent}")
        show_services(dispatcher, str(said.intent), where)
    elif said.intent in ("thanks", "goodbye", "affirm", "deny"):
        dispatcher.utter_message(response=f"utter_{said.intent}")
    else:
        dispatcher.utter_message(response=otherwise)
    return _over()


def _done(wanted: str, text: str, who: str) -> str:
    afterwards = bootstrap.afterwards()
    if wanted == _WITHDRAW:
        return "utter_referral_withdrawn" if afterwards.withdraw(text, who) else "utter_reference_unknown"
    status = afterwards.status(text, who)
    return _REPLIES[status.value] if status else "utter_reference_unknown"


def _asking(wanted: str) -> Events:
    return [SlotSet("reference_for", wanted), ActiveLoop(LOOP), FollowupAction("action_listen")]


def _over() -> Events:
    return [SlotSet("reference_for", None), ActiveLoop(None), FollowupAction("action_listen")]
