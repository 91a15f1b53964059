"""Not understood: says so and offers what there is; the second time in a row, the helpline and a person."""
from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.never_silent import Events, NeverSilentAction
from actions.signpost import show_services
from outreach.directory.whereabouts import Whereabouts


class ActionNotUnderstood(NeverSilentAction):
    """Answers `nlu_fallback`."""

    def name(self) -> str:
        """The name in the domain."""
        return "action_not_understood"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Tell first from second by the turn before."""
        if not _also_last_time(tracker):
            dispatcher.utter_message(response="utter_not_understood")
            return []
        dispatcher.utter_message(response="utter_not_understood_again")
        show_services(dispatcher, "not_understood", Whereabouts.from_slots(tracker.slots))
        return []


def _also_last_time(tracker: Tracker) -> bool:
    said = [e for e in tracker.events if e.get("event") == "user"]
    return len(said) > 1 and said[-2]["parse_data"]["intent"]["name"] == "nlu_fallback"
