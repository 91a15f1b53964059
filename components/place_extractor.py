"""Finds the places and postcodes of the gazetteer in a message, as entities named `place`."""
from __future__ import annotations

import hashlib
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from outreach import bootstrap
from outreach.settings import ROOT


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PlaceExtractor(GraphComponent):
    """Adds an entity for each place that is mentioned; the longest match wins."""

    def __init__(self) -> None:
        self._gazetteer = bootstrap.gazetteer()

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> PlaceExtractor:
        """Rasa's way to make the component."""
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Changes with the gazetteer."""
        files = sorted((ROOT / "content").glob("*.csv"))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def process(self, messages: list[Message]) -> list[Message]:
        """Rasa's entry: add what is found to the message's entities."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                found = [
                    {"entity": "place", "value": m.text, "start": m.start, "end": m.end, "extractor": "PlaceExtractor"}
                    for m in self._gazetteer.mentions(text)
                ]
                message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages
