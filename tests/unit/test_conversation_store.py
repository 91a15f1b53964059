"""The conversation store: the last turns and the slots, sealed, and nothing that was forgotten comes back."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, AllSlotsReset, Restarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from components.conversation_store import TURNS_KEPT, ConversationStore
from outreach.adapters.conversations import Conversations, conversation
from outreach.adapters.database import connect, migrate
from outreach.privacy import capability

TOKEN = "a" * 43
KEY = capability.row_key(TOKEN)
DOMAIN = Domain.from_dict({
    "intents": ["ask"],
    "slots": {
        name: {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]} for name in ("place", "area")
    },
})


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def conversations(clock: Clock, database_url: str) -> Iterator[Conversations]:
    engine = connect(database_url)
    migrate(engine)
    yield Conversations(engine, timedelta(minutes=30), clock)


@pytest.fixture
def store(conversations: Conversations) -> ConversationStore:
    conversations.begin(KEY, "first")
    return ConversationStore(DOMAIN, conversations)


def wait(coroutine: Any) -> Any:
    return asyncio.new_event_loop().run_until_complete(coroutine)


def tracker_of(store: ConversationStore) -> DialogueStateTracker:
    found = wait(store.retrieve(TOKEN))
    assert found is not None
    return found


def turn(store: ConversationStore, text: str, *events: Any) -> None:
    """What Rasa does in a turn: read, add to, write."""
    tracker = tracker_of(store)
    tracker.update_with_events([
        ActionExecuted("action_listen"), UserUttered(text, {"name": "ask", "confidence": 1.0}), *events,
        ActionExecuted("utter_ask"),
    ], DOMAIN)
    wait(store.save(tracker))


def said(store: ConversationStore) -> list[str]:
    return [e.text for e in tracker_of(store).events if isinstance(e, UserUttered)]


def test_the_last_turns_are_kept_and_earlier_ones_are_not(store: ConversationStore) -> None:
    for number in range(6):
        turn(store, f"message {number}")
    assert said(store) == [f"message {number}" for number in range(6 - TURNS_KEPT, 6)]


def test_the_first_thing_kept_is_the_listening_before_the_message(store: ConversationStore) -> None:
    for number in range(6):
        turn(store, f"message {number}")
    first = tracker_of(store).events[0]
    assert isinstance(first, ActionExecuted) and first.action_name == "action_listen"


def test_slots_and_the_form_outlive_the_turns_in_which_they_were_set(store: ConversationStore) -> None:
    turn(store, "i live in hitchin", SlotSet("place", "Hitchin"), SlotSet("area", "North Herts"), ActiveLoop("a_form"))
    for number in range(5):
        turn(store, f"message {number}")
    tracker = tracker_of(store)
    assert tracker.get_slot("place") == "Hitchin" and tracker.get_slot("area") == "North Herts"
    assert tracker.active_loop_name == "a_form"


def test_a_slot_that_was_emptied_or_restarted_stays_empty(store: ConversationStore) -> None:
    turn(store, "i live in hitchin", SlotSet("place", "Hitchin"), SlotSet("area", "North Herts"))
    turn(store, "no, not there", SlotSet("place", None))
    for number in range(5):
        turn(store, f"message {number}")
    assert tracker_of(store).get_slot("place") is None and tracker_of(store).get_slot("area") == "North Herts"
    turn(store, "start again", Restarted())
    for number in range(5):
        turn(store, f"message {number}")
    assert tracker_of(store).get_slot("area") is None


def test_slots_can_be_had_without_the_rest_and_are_the_same(store: ConversationStore) -> None:
    names = ("place", "area")
    assert store.slot_values("b" * 43, names) == {} and store.slot_values(TOKEN, names) == {}
    for events in (
        [SlotSet("place", "Hitchin")], [SlotSet("area", "North Herts")], [], [SlotSet("place", None)], [], [], [SlotSet("place", "Ware")],
        [AllSlotsReset(), SlotSet("area", "East Herts")], [], [Restarted()], [SlotSet("area", "")],
    ):
        turn(store, "a message", *events)
        tracker = tracker_of(store)
        assert store.slot_values(TOKEN, names) == {name: tracker.get_slot(name) for name in names if tracker.get_slot(name)}
        assert store.slot_values(TOKEN, ("area",)).keys() <= {"area"}


def test_turn_sixty_is_no_bigger_than_turn_three(store: ConversationStore, conversations: Conversations) -> None:
    sizes = []
    for _ in range(60):
        turn(store, "the same message", SlotSet("place", "Hitchin"))
        row = conversations.find(KEY)
        assert row is not None and row.sealed_state is not None
        sizes.append(len(row.sealed_state))
    assert max(sizes[3:]) <= sizes[3] + 64


def test_what_is_stored_shows_nothing_that_was_said(store: ConversationStore, conversations: Conversations) -> None:
    turn(store, "he took my passport", SlotSet("place", "Hitchin"))
    row = conversations.find(KEY)
    assert row is not None and row.sealed_state is not None
    assert b"passport" not in row.sealed_state and b"Hitchin" not in row.sealed_state
    assert "passport" in json.dumps(json.loads(capability.unseal(TOKEN, row.sealed_state)))


def test_nothing_is_stored_where_no_conversation_was_begun(conversations: Conversations) -> None:
    store = ConversationStore(DOMAIN, conversations)
    assert wait(store.retrieve(TOKEN)) is None
    tracker = wait(store.get_or_create_tracker(TOKEN))
    tracker.update(UserUttered("hello"))
    wait(store.save(tracker))
    assert wait(store.retrieve(TOKEN)) is None


def test_a_turn_that_ends_after_the_forgetting_stores_nothing(store: ConversationStore, conversations: Conversations) -> None:
    late = tracker_of(store)
    late.update(UserUttered("he took my passport"))
    conversations.forget(KEY)
    wait(store.save(late))
    assert conversations.find(KEY) is None


def test_a_late_turn_does_not_write_into_the_conversation_that_began_since(
    store: ConversationStore, conversations: Conversations
) -> None:
    late = tracker_of(store)
    late.update(UserUttered("he took my passport"))
    conversations.forget(KEY)
    conversations.begin(KEY, "second")
    wait(store.save(late))
    assert said(store) == []
    assert not conversations.save_choices(KEY, "first", b"late")


def test_a_row_that_was_changed_is_an_error_and_not_an_empty_conversation(
    store: ConversationStore, conversations: Conversations
) -> None:
    turn(store, "hello")
    conversations.save_state(KEY, "first", b"\x00" * 100)
    with pytest.raises(capability.Unreadable):
        wait(store.retrieve(TOKEN))


def test_a_database_that_fails_is_an_error_and_not_an_empty_conversation(store: ConversationStore) -> None:
    tracker = tracker_of(store)
    engine = store._conversations._engine
    conversation.drop(engine)
    with pytest.raises(sa.exc.DatabaseError):
        wait(store.retrieve(TOKEN))
    with pytest.raises(sa.exc.DatabaseError):
        wait(store.save(tracker))


def test_an_idle_conversation_is_not_found_and_then_deleted(
    store: ConversationStore, conversations: Conversations, clock: Clock
) -> None:
    clock.now += timedelta(minutes=29)
    turn(store, "still here")
    clock.now += timedelta(minutes=29)
    assert said(store) == ["still here"] and conversations.purge_idle() == 0
    clock.now += timedelta(minutes=2)
    assert wait(store.retrieve(TOKEN)) is None
    assert conversations.purge_idle() == 1 and conversations.purge_idle() == 0


def test_nobody_can_list_who_is_talking(store: ConversationStore) -> None:
    turn(store, "hello")
    assert list(wait(store.keys())) == []


def test_when_a_form_ends_what_was_told_before_its_end_is_gone(store: ConversationStore) -> None:
    turn(store, "can somebody call me", ActiveLoop("action_referral"))
    turn(store, "my number is 07700 900123")
    turn(store, "stop", ActiveLoop(None))
    assert said(store) == ["stop"]
    turn(store, "is there a refuge")
    turn(store, "and what about my dog")
    assert "my number" not in " ".join(said(store))
