"""A referral, talked through one message at a time. The talking is `outreach.referrals.dialogue`; this is Rasa's side of it."""
from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.places import places_in
from actions.signpost import show_services
from outreach import bootstrap
from outreach.content.fixed_replies import fixed_reply
from outreach.directory.whereabouts import Whereabouts
from outreach.referrals import sent
from outreach.referrals.answers import Answers
from outreach.referrals.consent import Consent
from outreach.referrals.dialogue import TO_SEND, Heard, Outcome, Say

logger = logging.getLogger(__name__)

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
        channel = tracker.get_latest_input_channel() or "web"
        dialogue = bootstrap.referral_dialogue(channel)
        now = datetime.now(timezone.utc)
        form_sent = sent.form_sent(tracker.get_slot("reference_for"), said.text, now) if state is None else None
        if form_sent:
            return _say_sent(dispatcher, bootstrap.hand_off().reference_of(form_sent), form_sent)
        if state is None:
            if bootstrap.referrals_offered() is not None:
                dispatcher.utter_message(response="utter_no_referral_now")
                show_services(dispatcher, "request_referral", where)
                return over()
            outcome = dialogue.begin(said, now, where)
        else:
            outcome = dialogue.go_on(state, said, now)
        if outcome.send:
            return _send(dispatcher, outcome.state or {})
        _say(dispatcher, outcome, where, channel)
        if outcome.withdraw:
            return over(then="action_reference")
        return over() if outcome.state is None else [SlotSet("referral", outcome.state), ActiveLoop(LOOP), _listen()]


def heard(tracker: Tracker) -> Heard:
    """The latest message as the inside takes it."""
    message = tracker.latest_message
    intent = message.get("intent") or {}
    return Heard(
        str(message.get("text") or ""), intent.get("name"), float(intent.get("confidence") or 0.0), tuple(places_in(tracker)),
        (message.get("metadata") or {}).get("sealed_number"),
    )  # fmt: skip


def over(then: str = "action_listen") -> Events:
    """The form is over, and nothing of it is kept. The message goes on to another action where it is for that."""
    return [SlotSet("referral", None), ActiveLoop(None), dict(FollowupAction(then))]


def _listen() -> dict[str, Any]:
    return dict(FollowupAction("action_listen"))


def _say(dispatcher: CollectingDispatcher, outcome: Outcome, known: Whereabouts, channel: str) -> None:
    if outcome.question:
        dispatcher.utter_message(response=f"utter_{outcome.question}")
        show_services(dispatcher, outcome.question, known)
    for say in outcome.says:
        utter(dispatcher, say, channel)
    if outcome.topic:
        show_services(dispatcher, outcome.topic, outcome.where or known)


def utter(dispatcher: CollectingDispatcher, say: Say, channel: str | None = None) -> None:
    """Utter one thing, with its choices as answers in words."""
    if say.fixed is not None:
        say = replace(say, text=fixed_reply(say.fixed, channel, **say.values))
    buttons = [{"title": title, "payload": f"{WORDS}{title}"} for title in say.choices]
    if say.text is not None:
        dispatcher.utter_message(text=say.text, buttons=buttons)
    else:
        dispatcher.utter_message(response=say.response, buttons=buttons, **say.values)


def _send(dispatcher: CollectingDispatcher, state: dict[str, Any]) -> Events:
    """Save and queue; only then is it said. A failure says so and keeps the answers: another yes tries again."""
    try:
        reference = _handed_off(state)
    except Exception as error:  # noqa: BLE001 - its class alone: what a database says may hold what was to be saved
        logger.error("a referral could not be saved: %s", type(error).__name__)
        utter(dispatcher, Say("utter_referral_failed", choices=TO_SEND))
        return [_listen()]
    return _say_sent(dispatcher, reference, state["key"])


def _say_sent(dispatcher: CollectingDispatcher, reference: str | None, form_key: str) -> Events:
    """Tell the reference. The mark that stays for a few minutes holds none of the answers."""
    if reference is None:
        dispatcher.utter_message(response="utter_referral_failed")
        return over()
    by = bootstrap.hand_off().answer_by().sentence
    dispatcher.utter_message(response="utter_referral_sent", reference=reference, by=by)
    return [SlotSet("reference_for", sent.mark(form_key, datetime.now(timezone.utc))), *over()]


def _handed_off(state: dict[str, Any]) -> str | None:
    """The reference, once it is saved and queued. None where the rules refer this to nobody."""
    hand_off, answers, given = bootstrap.hand_off(), Answers.from_dict(state["answers"]), state["consent"]
    decision = hand_off.decide(answers)
    if not decision.refers:
        return None
    consent = Consent(
        purpose="referral", recipient=", ".join(decision.recipients), wording_version=given["version"],
        given_at=datetime.fromisoformat(given["given_at"]),
    )  # fmt: skip
    return hand_off.submit(answers, consent, decision, state["key"])
