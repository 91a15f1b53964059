"""After the answer in words: the services for it, near the person where that is known, and what else was asked."""
from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.places import ask_which_place, places_in
from outreach import bootstrap
from outreach.content.titles import Titles
from outreach.directory.whereabouts import Whereabouts, heard
from outreach.understanding.catalogue import ANSWERABLE

REFERRAL = "request_referral"


class ActionSignpost(NeverSilentAction):
    """Shows the services of the message's intent, then answers what else the message asked."""

    def name(self) -> str:
        """The name in the domain."""
        return "action_signpost"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Give the services; a place in the message is remembered, an unclear one asked about."""
        intent = tracker.latest_message["intent"]["name"]
        new = heard(bootstrap.gazetteer(), places_in(tracker), tracker.latest_message.get("text") or "", answering=False)
        where = new if new and not new.question else Whereabouts.from_slots(tracker.slots)
        show_services(dispatcher, intent, where)
        for also in [name for name in tracker.latest_message.get("also") or [] if name in ANSWERABLE][:1]:
            dispatcher.utter_message(response="utter_also")
            _answer(dispatcher, also)
            show_services(dispatcher, also, where)
        if new and new.question:
            ask_which_place(dispatcher, new.question)
        return [SlotSet(name, value) for name, value in where.as_slots().items()] if where is new else []


def _answer(dispatcher: CollectingDispatcher, also: str) -> None:
    """A second question's answer. A referral does not begin behind another answer: it is offered, where one can be taken."""
    if also != REFERRAL:
        dispatcher.utter_message(response=f"utter_{also}")
    elif bootstrap.referrals_offered() is not None:
        dispatcher.utter_message(response="utter_no_referral_now")
    else:
        begin = {"title": Titles.load().of(REFERRAL), "payload": f"/{REFERRAL}"}
        dispatcher.utter_message(response=f"utter_{REFERRAL}", buttons=[begin])


def show_services(dispatcher: CollectingDispatcher, topic: str, where: Whereabouts) -> None:
    """Utter the services for a topic as cards. Utters nothing when there are none."""
    directory = bootstrap.directory()
    cards: list[dict[str, Any]] = [
        service.as_card(directory.now()) for service in directory.signposts(topic, where.district)
    ]
    if cards:
        dispatcher.utter_message(json_message={"services": cards})
