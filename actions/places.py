"""What the actions share about places: which ones a message names, and the question when one is unclear."""
from __future__ import annotations

import json

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from outreach.model import Resolution
from outreach.model.place import ResolutionKind

# A short list can be read on a phone; whoever finds nothing on it can name a bigger town.
_MOST_OPTIONS = 5


def places_in(tracker: Tracker) -> list[str]:
    """The places that the latest message names, as they stand there."""
    return [e["value"] for e in tracker.latest_message.get("entities") or [] if e.get("entity") == "place"]


def ask_which_place(dispatcher: CollectingDispatcher, question: Resolution) -> None:
    """Ask what has to be known before the place is clear, with choices where there are any."""
    if question.kind is ResolutionKind.AMBIGUOUS:
        buttons = [
            {"title": o.title, "payload": _payload(district=o.district or o.elsewhere or "outside", place=o.title)}
            for o in question.options[:_MOST_OPTIONS]
        ]
        dispatcher.utter_message(response="utter_which_place", place=question.place, buttons=buttons)
    elif question.kind is ResolutionKind.SUGGEST:
        buttons = [{"title": name, "payload": _payload(place=name)} for name in question.suggestions[:_MOST_OPTIONS]]
        dispatcher.utter_message(response="utter_place_suggested", buttons=buttons)
    elif question.kind is ResolutionKind.COUNTY:
        dispatcher.utter_message(response="utter_ask_place")
    else:
        dispatcher.utter_message(response="utter_place_unknown")


def _payload(**entities: str) -> str:
    return f"/give_location{json.dumps(entities)}"
