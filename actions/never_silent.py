"""What every action stands on: whatever breaks in it, the person gets words, and the log gets no more than a class name."""
from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

logger = logging.getLogger(__name__)

Events = list[dict[str, Any]]


class NeverSilentAction(Action, ABC):
    """An action that utters the fixed reply with the helpline when it fails."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Rasa's entry; the work is in `act`."""
        try:
            return await self.act(dispatcher, tracker)
        except Exception as error:
            logger.error("%s failed: %s", self.name(), type(error).__name__, exc_info=True)
            dispatcher.messages.clear()
            dispatcher.utter_message(response="utter_static_fallback")
            return []

    @abstractmethod
    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Do the action's work and return its events."""
