"""Keeps out of the assistant's process what Rasa and spaCy import for channels, stores, brokers and training that are not here.

Slack, Telegram, Kafka's neighbours, two databases, a plotting library, a scheduler of reminders, sklearn (what it learnt is
asked without it): most of a second of every start, and tens of megabytes. In their place stand modules that have every name, as
a class that does nothing; none of them is ever called.
"""
from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAMES = frozenset({
    "aio_pika", "aiogram", "aiormq", "apscheduler", "boto3", "botocore", "cachecontrol", "confluent_kafka", "fbmessenger",
    "matplotlib", "mattermostwrapper", "prompt_toolkit", "pymongo", "questionary", "randomname", "rocketchat_API", "sanic_cors",
    "sanic_jwt", "scipy.stats", "sklearn", "slack_sdk", "socketio", "spacy.cli", "webexteamssdk",
})  # fmt: skip


class _Absent(ModuleType):
    """A module that has whatever name it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        left_out = any(name == each or name.startswith(f"{each}.") for each in NAMES)
        return ModuleSpec(name, self, is_package=True) if left_out else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


def install() -> None:
    """Before Rasa is imported."""
    sys.meta_path.insert(0, _Finder())
