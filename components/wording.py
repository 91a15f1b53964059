"""What the assistant says: staff's published wording from the database, with the trained domain's text as last resort.

A changed row is in the next reply: nothing is cached. Safety replies never touch the database, so nothing can silence them.
Only named placeholders are replaced, by `outreach.content.placeholders`, never by `str.format`.
"""
from __future__ import annotations

import copy
import logging
from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from outreach import bootstrap
from outreach.content import placeholders
from outreach.content.titles import Titles
from outreach.understanding.catalogue import SAFETY

logger = logging.getLogger(__name__)

STATIC_FALLBACK = "utter_static_fallback"
FIXED = frozenset({STATIC_FALLBACK, *(f"utter_{intent}" for intent in SAFETY)})


class PublishedWording(TemplatedNaturalLanguageGenerator):
    """Rasa's in-process NLG. It always gives something to say for a response that the domain has.

    It is a templated one because Rasa hands the loaded model's responses to those alone, as `responses`.
    """

    def __init__(self, endpoint_config: Any = None, domain: Domain | None = None) -> None:
        super().__init__((domain or Domain.empty()).responses)
        self._wording = bootstrap.wording()
        self._values = placeholders.DirectoryValues(bootstrap.directory())
        self._titles = Titles.load()

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The response with its placeholders filled in, or None when there is no such response.

        What a placeholder needs that cannot be had (a database that is gone) gives the fixed reply with the helpline.
        """
        reply = self._from_domain(utter_action, output_channel)
        if reply is None:
            return None
        if utter_action in FIXED:
            reply.setdefault("buttons", []).extend(self._also_asked(tracker))
            return reply
        try:
            self._publish(reply, utter_action, output_channel)
            reply["text"] = placeholders.fill(reply["text"], self._values, {**tracker.current_slot_values(), **kwargs})
        except Exception as error:  # noqa: BLE001 - whatever broke, somebody is waiting for words
            logger.error("wording of %s failed: %s", utter_action, type(error).__name__)
            return self._from_domain(STATIC_FALLBACK, output_channel)
        return reply

    def _from_domain(self, utter_action: str, channel: str) -> dict[str, Any] | None:
        variations = self.responses.get(utter_action, [])
        for wanted in (channel, None):
            for variation in variations:
                if variation.get("channel") == wanted:
                    return copy.deepcopy({k: v for k, v in variation.items() if k != "channel"})
        return None

    def _publish(self, reply: dict[str, Any], utter_action: str, channel: str) -> None:
        published = self._wording.published(utter_action, "sms" if channel == "sms" else "web")
        if published is not None:
            reply["text"] = published.text
            if published.buttons is not None:
                reply["buttons"] = list(published.buttons)

    def _also_asked(self, tracker: DialogueStateTracker) -> list[dict[str, str]]:
        """After a safety reply, what else the message asked is offered, so that it is not lost."""
        message = tracker.latest_message
        also = (message.parse_data or {}).get("also", []) if message else []
        return [{"title": self._titles.of(intent), "payload": f"/{intent}"} for intent in also[:2]]
