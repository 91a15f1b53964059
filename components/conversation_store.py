"""Rasa's tracker store for conversations that are capabilities (docs/adr/0004-capability.md).

Keeps the slots and the last turns only, sealed with a key that is derived from the sender id. It makes no conversation:
the channel begins one, and saving into one that was forgotten does nothing.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from outreach import bootstrap
from outreach.adapters.conversations import Conversations
from outreach.privacy import capability
from outreach.understanding.catalogue import SAFETY

# What a rule can look back on, and a correction refers to.
TURNS_KEPT = 2
# The slot in which a referral is talked through.
FORM_SLOT = "referral"
# A tracker may be written only into the conversation from which it was read: the generation travels on it under this name.
_GENERATION = "_outreach_generation"


class ConversationStore(TrackerStore):
    """Reads and writes trackers. Raises what the database raises: the channel answers with the fixed reply then."""

    def __init__(self, domain: Domain | None = None, conversations: Conversations | None = None, **_: Any) -> None:
        super().__init__(domain, None)
        self._conversations = conversations or bootstrap.conversations()

    @property
    def domain(self) -> Domain:
        """The domain whose slots a tracker has; Rasa sets it when a model is loaded."""
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        self._domain = domain or Domain.empty()

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker with its slots and last turns; None before the first turn and after forgetting.

        Raises `capability.Unreadable` when the row was tampered with.
        """
        row = self._conversations.find(capability.row_key(sender_id))
        if row is None:
            return None
        kept = json.loads(capability.unseal(sender_id, row.sealed_state)) if row.sealed_state else {}
        events = [*_as_events(kept), *(Event.from_parameters(e) for e in kept.get("events", []))]
        tracker = DialogueStateTracker.from_events(sender_id, events, self._domain.slots, domain=self._domain)
        setattr(tracker, _GENERATION, row.generation)
        return tracker

    def slot_values(self, sender_id: str, names: Sequence[str]) -> dict[str, Any]:
        """What these slots hold, without the rest of the tracker; without those that hold nothing.

        Raises `capability.Unreadable` when the row was tampered with.
        """
        row = self._conversations.find(capability.row_key(sender_id))
        kept = json.loads(capability.unseal(sender_id, row.sealed_state)) if row and row.sealed_state else {}
        values = dict(kept.get("slots", {}))
        for event in kept.get("events", []):
            if event["event"] == SlotSet.type_name:
                values[event["name"]] = event["value"]
            elif event["event"] in (AllSlotsReset.type_name, Restarted.type_name):
                values.clear()
        return {name: values[name] for name in names if values.get(name)}

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A tracker that is not stored: there is no conversation to store it in."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the tracker, unless its conversation was forgotten since it was read."""
        generation = getattr(tracker, _GENERATION, None)
        if generation is None:
            return
        sealed = capability.seal(tracker.sender_id, json.dumps(_kept(tracker)).encode())
        self._conversations.save_state(capability.row_key(tracker.sender_id), generation, sealed)

    async def keys(self) -> Iterable[str]:
        """Nobody's: sender ids are secrets and are not stored."""
        return []


def _kept(tracker: DialogueStateTracker) -> dict[str, Any]:
    events = list(tracker.events)
    # After danger, or when a form has ended, nothing that it was told is kept: not in slots, not in the turn before.
    turns = 1 if _in_danger(tracker) or _form_ended(tracker, events) else TURNS_KEPT
    cut = _start_of_last_turns(events, turns)
    slots: dict[str, Any] = {}
    loop = None
    for event in events[:cut]:
        if isinstance(event, (AllSlotsReset, Restarted)):
            slots, loop = {}, None if isinstance(event, Restarted) else loop
        elif isinstance(event, SlotSet):
            slots[event.key] = event.value
        elif isinstance(event, ActiveLoop):
            loop = event.name
    last = events[cut:]
    if tracker.active_loop_name is None:
        slots.pop(FORM_SLOT, None)
        last = [event for event in last if not (isinstance(event, SlotSet) and event.key == FORM_SLOT)]
    return {"slots": slots, "loop": loop, "events": [event.as_dict() for event in last]}


def _form_ended(tracker: DialogueStateTracker, events: list[Event]) -> bool:
    return tracker.active_loop_name is None and any(isinstance(event, ActiveLoop) for event in events)


def _in_danger(tracker: DialogueStateTracker) -> bool:
    message = tracker.latest_message
    return message is not None and message.intent.get("name") in SAFETY


def _start_of_last_turns(events: list[Event], turns: int) -> int:
    """The index of the `action_listen` before the oldest turn that is kept: a rule's first step matches on it."""
    said = [i for i, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(said) <= turns:
        return 0
    start = said[-turns]
    while start > 0 and not _listens(events[start]):
        start -= 1
    return start


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _as_events(kept: dict[str, Any]) -> list[Event]:
    """What the forgotten turns left behind, as events at the beginning of the tracker."""
    if not kept:
        return []
    events: list[Event] = [SessionStarted()] if kept["slots"] or kept["loop"] else []
    events += [SlotSet(key, value) for key, value in kept["slots"].items()]
    if kept["loop"]:
        events.append(ActiveLoop(kept["loop"]))
    return events
