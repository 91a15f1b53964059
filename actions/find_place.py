"""A person says where they are: its outreach area and the services there, or the question that is left."""
from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.places import ask_which_place, places_in
from actions.signpost import show_services
from outreach import bootstrap
from outreach.content.fixed_replies import fixed_reply
from outreach.directory.whereabouts import Whereabouts, heard

_HELP_THERE = {"Find a refuge": "ask_refuge", "Someone to talk to": "ask_helpline"}


class ActionFindPlace(NeverSilentAction):
    """Answers `give_location`, typed or chosen."""

    def name(self) -> str:
        """The name in the domain."""
        return "action_find_place"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say back what was understood; ask when it is unclear; outside the county is no refusal."""
        where = _chosen(tracker) or heard(
            bootstrap.gazetteer(), places_in(tracker), tracker.latest_message.get("text") or "", answering=True
        )
        if where is None:
            dispatcher.utter_message(response="utter_give_location")
            return []
        if where.question:
            ask_which_place(dispatcher, where.question)
            return []
        if where.outside:
            dispatcher.utter_message(response="utter_outside_county", place=where.place)
            show_services(dispatcher, "outside_county", where)
        else:
            _say_the_area(dispatcher, where, tracker.get_latest_input_channel())
            show_services(dispatcher, "give_location", where)
        return [SlotSet(name, value) for name, value in where.as_slots().items()]


def _say_the_area(dispatcher: CollectingDispatcher, where: Whereabouts, channel: str | None) -> None:
    """What there is there. That the team could get in touch is said only while it can be asked to."""
    if bootstrap.referrals_offered() is None:
        dispatcher.utter_message(response="utter_area_found", place=where.place, area=where.area)
        return
    text = fixed_reply("area_found", channel, place=str(where.place), area=str(where.area))
    buttons = [{"title": title, "payload": f"/{intent}"} for title, intent in _HELP_THERE.items()]
    dispatcher.utter_message(text=text, buttons=buttons)


def _chosen(tracker: Tracker) -> Whereabouts | None:
    """The district of a button that was offered to make an unclear place clear."""
    entities = {e["entity"]: e["value"] for e in tracker.latest_message.get("entities") or []}
    district = entities.get("district")
    if not district:
        return None
    area = bootstrap.gazetteer().resolve(district).outreach_area
    return Whereabouts(entities.get("place") or district, district, area, outside=area is None)
