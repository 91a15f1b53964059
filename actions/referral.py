"""A referral, talked through one message at a time. The talking is `outreach.referrals.dialogue`; this is Rasa's side of it."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.places import places_in
from actions.signpost import show_services
from outreach import bootstrap
from outreach.directory.whereabouts import Whereabouts
from outreach.referrals.answers import Answers
from outreach.referrals.consent import Consent
from outreach.referrals.dialogue import Heard, Outcome, Say

LOOP = "action_referral"
# A choice of the form is an answer in words, not an intent.
WORDS = "="


class ActionReferral(NeverSilentAction):
    """Begins the form on `request_referral`, and goes on with it while it is the active loop."""

    def name(self) -> str:
        """The name in the domain."""
        return LOOP

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Hear the message, say what comes of it, and keep the state only while the form goes on."""
        where, said, state = Whereabouts.from_slots(tracker.slots), heard(tracker), tracker.get_slot("referral")
        dialogue = bootstrap.referral_dialogue(tracker.get_latest_input_channel() or "web")
        if state is None:
            if bootstrap.referrals_offered() is not None:
                dispatcher.utter_message(response="utter_no_referral_now")
                show_services(dispatcher, "request_referral", where)
                return over()
            outcome = dialogue.begin(said, where)
        else:
            outcome = dialogue.go_on(state, said, datetime.now(timezone.utc))
        if outcome.send:
            return _send(dispatcher, outcome.state or {})
        _say(dispatcher, outcome, where)
        return over() if outcome.state is None else [SlotSet("referral", outcome.state), ActiveLoop(LOOP), _listen()]


def heard(tracker: Tracker) -> Heard:
    """The latest message as the inside takes it."""
    message = tracker.latest_message
    intent = message.get("intent") or {}
    return Heard(
        str(message.get("text") or ""), intent.get("name"), float(intent.get("confidence") or 0.0), tuple(places_in(tracker))
    )


def over() -> Events:
    """The form is over, and nothing of it is kept."""
    return [SlotSet("referral", None), ActiveLoop(None), _listen()]


def _listen() -> dict[str, Any]:
    return dict(FollowupAction("action_listen"))


def _say(dispatcher: CollectingDispatcher, outcome: Outcome, known: Whereabouts) -> None:
    if outcome.question:
        dispatcher.utter_message(response=f"utter_{outcome.question}")
        show_services(dispatcher, outcome.question, known)
    for say in outcome.says:
        utter(dispatcher, say)
    if outcome.topic:
        show_services(dispatcher, outcome.topic, outcome.where or known)


def utter(dispatcher: CollectingDispatcher, say: Say) -> None:
    """Utter one thing, with its choices as answers in words."""
    buttons = [{"title": title, "payload": f"{WORDS}{title}"} for title in say.choices]
    if say.text is not None:
        dispatcher.utter_message(text=say.text, buttons=buttons)
    else:
        dispatcher.utter_message(response=say.response, buttons=buttons, **say.values)


def _send(dispatcher: CollectingDispatcher, state: dict[str, Any]) -> Events:
    """Save and queue; only then is it said. A failure says so and keeps the answers for another try."""
    hand_off = bootstrap.hand_off()
    answers = Answers.from_dict(state["answers"])
    decision = hand_off.decide(answers)
    if not decision.refers:
        dispatcher.utter_message(response="utter_referral_failed")
        return over()
    given = state["consent"]
    consent = Consent(
        purpose="referral", recipient=", ".join(decision.recipients), wording_version=given["version"],
        given_at=datetime.fromisoformat(given["given_at"]),
    )
    reference = hand_off.submit(answers, consent, decision, state["key"])
    dispatcher.utter_message(response="utter_referral_sent", reference=reference, by=hand_off.answer_by().sentence)
    return over()
