"""Which of the catalogue's intents a message has: the sentence encoder beside character n-grams, and a logistic regression.

The vector knows what a sentence means, the n-grams know how it is spelt ("hes strangeling me", "wd18"). What the regression
makes of both is weighed against what the encoder's own head holds. A long message is looked at part by part as well, so that
danger in the middle of a story is not averaged away. What else was tried, with figures, is in docs/adr/0006-classifier.md.
"""
from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components import encoder, linear, part_alarm, spelling
from components.linear import Linear
from components.part_alarm import LEAVING, NOTHING, PartAlarm
from components.spelling import LONGEST, SHORTEST, Spelling
from outreach.understanding import segments
from outreach.understanding.catalogue import SAFETY

logger = logging.getLogger(__name__)

OUT_OF_SCOPE = "out_of_scope"
ALSO = "also"
# Set on an intent that is there out of caution: something else was held to be likelier.
GUESSED = "guessed"
# Arrays alone: reading them runs nothing.
_LEARNED = "classifier.npz"
_BATCH = 64
# Each holds a batch of the longest messages in memory.
_THREADS = min(4, len(os.sched_getaffinity(0)))
# Leaving that is less sure than this gives way to a danger in a part.
_CERTAIN = 0.65


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceIntentClassifier(GraphComponent, IntentClassifier):
    """Sets `intent`, `intent_ranking`, and under `also` what else the message asks for."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`C` is the regression's inverse regularisation, `ngram_weight` what the n-grams count beside the vector.

        `also_confidence` is how sure a part of a message must be to count as a second question, `danger_confidence` and
        `leaving_confidence` as a danger, or somebody who must go, that the message as a whole does not show; `part_C` is the
        inverse regularisation of what looks for those. `caution` is by how much danger of any kind (leaving is none) counts
        more than what else the message may be, `least_guess` what share that must give it to be told of, `everyday` by how
        much out_of_scope does: balanced classes make it one intent of sixty, though it is most of what people write about.
        `head_weight` is how much of the say the encoder's own head has; the regression has the rest.
        """
        return {
            "C": 8.0, "ngram_weight": 0.8, "max_features": 40000, "ngram_dimensions": 256, "ranking_length": 5,
            "also_confidence": 0.6, "danger_confidence": 0.85, "leaving_confidence": 0.9, "part_C": 2.0, "least_guess": 0.3,
            "caution": 2.0, "everyday": 4.0, "head_weight": 0.2,
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._encoder = encoder.SentenceEncoder()
        self._spelling: Spelling | None = None
        self._regression: Linear | None = None
        self._head: encoder.Head | None = None
        self._part_alarm: PartAlarm | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceIntentClassifier:
        """Rasa's way to make an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa's fingerprint sees this class alone: what it calls is added here."""
        called = (__file__, segments.__file__, part_alarm.__file__, linear.__file__, spelling.__file__)
        return encoder.fingerprint(*(hashlib.sha256(Path(str(file)).read_bytes()).hexdigest() for file in called))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from every example that has an intent and a text."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        examples = [e for e in training_data.intent_examples if e.get(TEXT) and e.get(INTENT)]
        texts = [segments.tidy(e.get(TEXT)) for e in examples]
        ngrams = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(SHORTEST, LONGEST), min_df=2, sublinear_tf=True,
            max_features=self._config["max_features"], dtype=np.float32,
        )
        counted = ngrams.fit_transform(texts)
        reduced = TruncatedSVD(self._config["ngram_dimensions"], random_state=42).fit(counted)
        self._spelling = Spelling.fitted(ngrams, reduced.components_)
        features, intents = self._features(texts), [str(e.get(INTENT)) for e in examples]
        regression = LogisticRegression(C=self._config["C"], class_weight="balanced", max_iter=200, tol=1e-3, random_state=42)
        self._regression = Linear.fitted(regression.fit(features, intents))
        self._part_alarm = self._learn_parts(texts, intents, features)
        self._head = _head(self._regression)
        self._persist()
        return self._resource

    def _learn_parts(self, texts: Sequence[str], intents: Sequence[str], features: npt.NDArray[np.float32]) -> PartAlarm:
        short, named, harmless = [], [], []
        for text, intent, row in zip(texts, intents, features):
            parts = segments.sentences(text)
            if not parts:
                short.append(row)
                named.append(intent if intent in SAFETY else NOTHING)
            elif intent not in SAFETY:
                harmless += parts
        rows = np.vstack([*short, self._features(harmless)]) if harmless else np.vstack(short)
        return PartAlarm.learn(rows, named + [NOTHING] * len(harmless), self._config["part_C"])

    def _features(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        # Sentences of like length share a batch, so that padding costs little.
        order = np.argsort([len(text) for text in texts], kind="stable")
        batches = [order[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        vectors = np.zeros((len(texts), encoder.DIMENSIONS), dtype=np.float32)

        def fill(batch: npt.NDArray[np.intp]) -> None:
            vectors[batch] = self._encoder.encode([texts[i] for i in batch])

        if len(batches) == 1:
            fill(batches[0])
        else:
            # Only training has so many, and it may have more than one core.
            with ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(fill, batches))
        assert self._spelling is not None
        spelt = np.vstack([self._spelling.of(text) for text in texts])
        return np.hstack([vectors, spelt * np.float32(self._config["ngram_weight"])])

    def process(self, messages: list[Message]) -> list[Message]:
        """Rasa's entry: set the intent on each message, and what else it asks."""
        for message in messages:
            if message.get(TEXT):
                self._understand(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing behind this component learns from its output."""
        return training_data

    def _understand(self, message: Message) -> None:
        text = segments.tidy(message.get(TEXT))
        whole = self._probabilities([text])[0]
        ranking = self._cautious(self._ranking(whole), self._harm(whole))
        tops, alarms = self._parts(segments.sentences(text))
        chosen, also = segments.weigh(ranking[0], tops, _beyond(ranking[0], alarms), self._config["also_confidence"])
        if chosen != ranking[0]:
            ranking = _first(chosen, ranking)
        message.set(INTENT, chosen, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(ALSO, also, add_to_output=True)

    def _parts(self, parts: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What each part alone asks, where they are few enough to be questions; and the dangers among them."""
        if not parts:
            return [], []
        assert self._part_alarm is not None
        # Apart from the whole, to whose length they would be padded.
        features = self._features(parts)
        alarms = self._part_alarm.of(features, self._config["danger_confidence"], self._config["leaving_confidence"])
        few = len(parts) <= segments.MOST_QUESTIONS
        return [self._ranking(row)[0] for row in self._weighed(features)] if few else [], alarms

    def _cautious(self, ranking: list[dict[str, Any]], harm: dict[str, float]) -> list[dict[str, Any]]:
        """The ranking, led by the likeliest danger where danger of any kind, weighed by `caution`, outweighs what led it.

        A page that closes on somebody in distress does harm as well: leaving, which is not in `harm`, is not guessed at.
        """
        caution, alarm = self._config["caution"], sum(harm.values())
        if ranking[0][INTENT_NAME_KEY] in SAFETY or alarm * caution <= ranking[0][PREDICTED_CONFIDENCE_KEY]:
            return ranking
        worst = max(harm, key=lambda name: harm[name])
        # The share that it has when it is weighed so. With little of that it goes by what it is, and the fallback asks again:
        # what is merely vague is told neither of 999 nor of something else.
        weighed = caution * alarm / (1 + (caution - 1) * alarm)
        sure = weighed if weighed >= self._config["least_guess"] else alarm
        return _first({INTENT_NAME_KEY: worst, PREDICTED_CONFIDENCE_KEY: sure, GUESSED: True}, ranking)

    def _probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """How likely each intent is, a row for each text, in the order of the regression's names."""
        return self._weighed(self._features(texts))

    def _weighed(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        assert self._regression is not None
        found = self._regression.of(features)
        if self._head is not None:
            # The geometric mean: what either of them holds to be unlikely is.
            share = self._config["head_weight"]
            found = found ** (1 - share) * self._head.of(features[:, : encoder.DIMENSIONS]) ** share
        if OUT_OF_SCOPE in self._regression.names:
            found[:, self._regression.names.index(OUT_OF_SCOPE)] *= self._config["everyday"]
        scaled: npt.NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
        return scaled

    def _harm(self, probabilities: npt.NDArray[np.float64]) -> dict[str, float]:
        """How much of a message speaks for each kind of danger. Having to leave is none."""
        assert self._regression is not None
        each = zip(self._regression.names, probabilities)
        return {name: float(p) for name, p in each if name in SAFETY and name != LEAVING}

    def _ranking(self, probabilities: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
        assert self._regression is not None
        best = np.argsort(probabilities)[::-1][: self._config["ranking_length"]]
        names = self._regression.names
        return [{INTENT_NAME_KEY: names[i], PREDICTED_CONFIDENCE_KEY: float(probabilities[i])} for i in best]

    def _persist(self) -> None:
        assert self._spelling is not None
        assert self._regression is not None
        assert self._part_alarm is not None
        learned = (self._spelling.arrays(), self._regression.arrays("whole"), self._part_alarm.regression.arrays("part"))
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / _LEARNED, **{name: array for each in learned for name, array in each.items()})

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceIntentClassifier:
        """Rasa's way to bring back a trained component. Raises when the file is missing or damaged."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / _LEARNED, allow_pickle=False) as learned:
            component._spelling = Spelling.kept(learned)
            component._regression = Linear.kept(learned, "whole")
            component._part_alarm = PartAlarm(Linear.kept(learned, "part"))
        component._head = _head(component._regression)
        return component


def _head(regression: Linear) -> encoder.Head | None:
    """The encoder's own head, in the order of the regression's names. None, and a warning, where it lacks one of them."""
    head = encoder.Head.load()
    ordered = None if head is None else head.ordered(regression.names)
    if head is None:
        logger.warning("this encoder has no head.npz beside it: the regression alone decides")
    elif ordered is None:
        logger.warning("the encoder's head does not know every intent and has no say: fine-tune it (docs/developers.md)")
    return ordered


def _beyond(whole: dict[str, Any], alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The dangers in parts that say more than the whole. A guess gives way to one, and so does leaving that is not certain; of
    which kind a danger is, the whole knows better.
    """
    if whole[INTENT_NAME_KEY] not in SAFETY:
        return alarms
    unsure = whole[INTENT_NAME_KEY] == LEAVING and whole[PREDICTED_CONFIDENCE_KEY] < _CERTAIN
    return [each for each in alarms if each[INTENT_NAME_KEY] != LEAVING] if whole.get(GUESSED) or unsure else []


def _first(chosen: dict[str, Any], ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ranking with an intent moved to its head. None stays surer than the head: the fallback takes that for doubt."""
    most = chosen[PREDICTED_CONFIDENCE_KEY]
    others = (each for each in ranking if each[INTENT_NAME_KEY] != chosen[INTENT_NAME_KEY])
    return [chosen, *({**each, PREDICTED_CONFIDENCE_KEY: min(most, each[PREDICTED_CONFIDENCE_KEY])} for each in others)]
