"""The replies that come with the product, read from `data/responses`, with the names that staff know them by."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from outreach.settings import ROOT

WEB, SMS = "web", "sms"
CHANNELS = (WEB, SMS)
CHANNEL_NAMES: Mapping[str, str] = {WEB: "Web page", SMS: "Text message"}
PREFIX = "utter_"


@dataclass(frozen=True)
class Button:
    """A choice under a reply: what stands on it, and the intent that it means."""

    title: str
    intent: str

    @property
    def payload(self) -> str:
        """As Rasa takes it."""
        return f"/{self.intent}"

    def as_dict(self) -> dict[str, str]:
        """As it is kept and said."""
        return {"title": self.title, "payload": self.payload}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Button:
        """Out of what is kept."""
        return cls(str(given["title"]), str(given["payload"]).removeprefix("/"))


@dataclass(frozen=True)
class Said:
    """What a reply says on one channel."""

    key: str
    channel: str
    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Reply:
    """A reply as it comes with the product, under its name and group. `said` is by channel."""

    key: str
    name: str
    group: str
    said: Mapping[str, Said]


class Replies:
    """All replies, in the order of the files."""

    def __init__(self, replies: Sequence[Reply], targets: Mapping[str, str]) -> None:
        """`targets` names each intent that a button can lead to."""
        self.all = tuple(replies)
        self.targets = dict(targets)
        self._by_key = {reply.key: reply for reply in replies}

    @classmethod
    def load(cls, root: Path = ROOT) -> Replies:
        """Read the files of the product. Raises OSError or KeyError where one of them or a name is missing."""
        names = _yaml(root / "content" / "wording_names.yml")
        titles = _yaml(root / "content" / "titles.yml")
        known = {**{f"{PREFIX}{intent}": title for intent, title in titles.items()}, **names["names"]}
        replies = [
            _reply(key, known[key], group, variations)
            for stem, group in names["groups"].items()
            for key, variations in _yaml(root / "data" / "responses" / f"{stem}.yml")["responses"].items()
        ]
        return cls(replies, {**titles, **names["buttons"]})

    def get(self, key: str) -> Reply | None:
        """The reply with this name, or None."""
        return self._by_key.get(key)


def _yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _reply(key: str, name: str, group: str, variations: Sequence[Mapping[str, Any]]) -> Reply:
    found = {}
    for one in variations:
        channel = one.get("channel", WEB)
        buttons = tuple(Button.from_dict(each) for each in one.get("buttons", ()))
        found[channel] = Said(key, channel, str(one["text"]).strip(), buttons)
    return Reply(key, name, group, found)
