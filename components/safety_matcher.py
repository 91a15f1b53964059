"""The second look: patterns for danger, self-harm, a child at risk and leaving, behind the classifier and its fallback.

What a pattern finds wins over what the classifier thought, unless that is more urgent still and no mere guess. And where
somebody says that they are alone, the classifier alone does not send them away.
"""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import ALSO, GUESSED
from outreach.safety import matcher, spelling
from outreach.understanding.catalogue import ANSWERABLE, SAFETY

FOUND_BY = "found_by"
LEAVING = "quick_exit"
# Somebody else's emergency is not set aside with the leaving where the classifier is this sure of it.
_SURE = 0.4
# A pattern for another emergency is believed rather than a classifier that is less sure than this of a more urgent one.
_CERTAIN = 0.65
# As in config.yml, of the fallback before this.
_ENOUGH = 0.2


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class SafetyMatcher(GraphComponent):
    """Replaces the intent when a safety pattern matches, and keeps what was asked beside it under `also`."""

    def __init__(self) -> None:
        self._matcher = matcher.SafetyMatcher.load()

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SafetyMatcher:
        """Rasa's way to make the component."""
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Changes with the patterns and with the code that applies them."""
        files = (matcher.PATTERNS, Path(matcher.__file__), Path(spelling.__file__))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def process(self, messages: list[Message]) -> list[Message]:
        """Rasa's entry."""
        for message in messages:
            if message.get(TEXT):
                self._look_again(message)
        return messages

    def _look_again(self, message: Message) -> None:
        found = self._matcher.match(message.get(TEXT))
        thought = (message.get(INTENT) or {}).get(INTENT_NAME_KEY)
        if found is None:
            if thought == LEAVING and self._matcher.alone(message.get(TEXT)):
                self._stay(message)
            return
        as_urgent = thought in SAFETY and SAFETY.index(thought) <= SAFETY.index(found.intent)
        if as_urgent and not self._doubts(message, found.intent):
            # A form must leave what a pattern found as well, however plainly it answers the question.
            message.set(INTENT, {**message.get(INTENT), FOUND_BY: found.pattern}, add_to_output=True)
            return
        intent = {INTENT_NAME_KEY: found.intent, PREDICTED_CONFIDENCE_KEY: 1.0, FOUND_BY: found.pattern}
        others = [r for r in message.get(INTENT_RANKING_KEY, []) if r[INTENT_NAME_KEY] != found.intent]
        also = [name for name in message.get(ALSO, []) if name != found.intent]
        if thought in ANSWERABLE and thought not in also:
            also.insert(0, thought)
        message.set(INTENT, intent, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [intent, *others], add_to_output=True)
        message.set(ALSO, also, add_to_output=True)

    @staticmethod
    def _doubts(message: Message, found: str) -> bool:
        """Whether the classifier is less sure of something more urgent than a pattern is of what it found.

        "My mate found me trying to hang myself" sounds like danger from somebody else as well. Leaving is never put before a
        danger that may be there.
        """
        thought = message.get(INTENT)
        unsure = bool(thought.get(GUESSED)) or thought[PREDICTED_CONFIDENCE_KEY] < _CERTAIN
        return unsure and found not in (LEAVING, thought[INTENT_NAME_KEY])

    @staticmethod
    def _stay(message: Message) -> None:
        """Take what comes after leaving: the next thing that is no emergency, unless one is likely."""
        others = [r for r in message.get(INTENT_RANKING_KEY, []) if r[INTENT_NAME_KEY] != LEAVING]
        likely = [r for r in others if r[INTENT_NAME_KEY] not in SAFETY or r[PREDICTED_CONFIDENCE_KEY] >= _SURE]
        among = sum(r[PREDICTED_CONFIDENCE_KEY] for r in likely)
        ranking = [{**r, PREDICTED_CONFIDENCE_KEY: r[PREDICTED_CONFIDENCE_KEY] / among} for r in likely if among]
        unsure = not ranking or ranking[0][PREDICTED_CONFIDENCE_KEY] < _ENOUGH
        nothing = {INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME, PREDICTED_CONFIDENCE_KEY: _ENOUGH}
        message.set(INTENT, nothing if unsure else ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
