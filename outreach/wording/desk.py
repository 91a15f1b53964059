"""The desk on which staff change wording: drafts, reviews, what is published, and the way back.

Every save is a version of its own, and none is ever changed or deleted. What is published is in the assistant's next reply.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from outreach.audit.recording import Audit
from outreach.clock import utc_now
from outreach.model.wording import (
    ANY_CHANNEL,
    DRAFT,
    DROPPED,
    IN_REVIEW,
    PUBLISHED,
    REPLACED,
    RETIRED,
    WordingVersion,
)
from outreach.wording.checks import Checked, Finding
from outreach.wording.replies import CHANNELS, Button, Replies, Reply, Said
from outreach.wording.tidy import tidy

PRODUCTS_OWN = 0
LONGEST_NOTE = 500


class NoSuchReply(LookupError):
    """There is no such reply, channel or version."""


class NotTheirs(Exception):
    """A fixed reply: it is nobody's to change."""


class MovedOn(Exception):
    """Somebody else saved since the form was opened, or that version is no longer what it was. `latest` is the newest."""

    def __init__(self, latest: WordingVersion | None) -> None:
        super().__init__("somebody else was here meanwhile")
        self.latest = latest


class Refused(Exception):
    """It can't be saved or published as it is."""

    def __init__(self, checked: Checked) -> None:
        super().__init__("; ".join(finding.says for finding in checked.errors))
        self.checked = checked


class Change(Protocol):
    """What the desk needs of a transaction."""

    connection: Any

    def versions(self, key: str) -> list[WordingVersion]:
        """All versions of a reply, newest first."""

    def add(self, version: WordingVersion) -> None:
        """Keep a new version."""

    def mark(self, version: WordingVersion, **values: Any) -> None:
        """Change what became of a version."""


class Store(Protocol):
    """Where versions are kept."""

    def history(self, key: str) -> list[WordingVersion]:
        """All versions of a reply, newest first."""

    def current(self) -> list[WordingVersion]:
        """What is published and what is being worked on."""

    def changing(self) -> AbstractContextManager[Change]:
        """One transaction."""


class Checks(Protocol):
    """What is wrong with wording."""

    def check(self, said: Said) -> Checked:
        """All that is found."""


@dataclass(frozen=True)
class Side:
    """A reply on one channel: what is said now, what is being worked on, and every version."""

    original: Said
    said: Said
    live: WordingVersion | None
    open: WordingVersion | None
    versions: tuple[WordingVersion, ...]

    @property
    def latest(self) -> int:
        """The number of the newest version, 0 before the first."""
        return max((version.version for version in self.versions), default=PRODUCTS_OWN)

    @property
    def is_changed(self) -> bool:
        """Whether people read something else than what came with the product."""
        return (self.said.text, self.said.buttons) != (self.original.text, self.original.buttons)

    def words_of(self, version: WordingVersion) -> Said:
        """What a version says."""
        return _said(version, self.original)


class WordingDesk:
    """Changes wording. `by` is always the id of a member of staff; who may do what is the caller's to check."""

    def __init__(
        self, replies: Replies, store: Store, checks: Checks, fixed: Mapping[str, str], audit: Audit,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.replies = replies
        self.fixed = fixed
        self._store = store
        self._checks = checks
        self._audit = audit
        self._clock = clock

    def sides(self, key: str) -> dict[str, Side]:
        """A reply on each channel. Raises NoSuchReply."""
        return _sides(self._reply(key), self._store.history(key))

    def overview(self) -> dict[str, dict[str, Side]]:
        """Every reply on each channel, with what is published and open alone as its versions."""
        found: dict[str, list[WordingVersion]] = {}
        for version in self._store.current():
            found.setdefault(version.key, []).append(version)
        return {reply.key: _sides(reply, found.get(reply.key, [])) for reply in self.replies.all}

    def read(self, key: str, channel: str, text: str, buttons: list[Button]) -> tuple[Said, Checked]:
        """What was typed, tidied and checked; nothing is kept. Raises NoSuchReply."""
        self._original(key, channel)
        said = Said(key, channel, tidy(text), tuple(Button(tidy(button.title), button.intent) for button in buttons))
        return said, self._checks.check(said)

    def save(self, by: str, said: Said, note: str, based_on: int) -> WordingVersion:
        """Keep a draft. `based_on` is the newest version when its writer began (0: none).

        Raises NoSuchReply, NotTheirs, MovedOn, and Refused where a check blocks it or nothing was changed.
        """
        original = self._original(said.key, said.channel)
        self._not_fixed(said.key)
        self._refuse_blocked(said)
        with self._store.changing() as change:
            side = _sides(self._reply(said.key), change.versions(said.key))[said.channel]
            if side.latest != based_on:
                raise MovedOn(_newest(side))
            if side.open is not None and side.words_of(side.open) == said:
                return side.open
            if side.said == said:
                raise Refused(_nothing_changed())
            draft = WordingVersion(
                said.key, said.channel, side.latest + 1, said.text, _own_buttons(said, original), DRAFT,
                made_by=by, made_at=self._clock(), note=tidy(note)[:LONGEST_NOTE] or None,
            )  # fmt: skip
            if side.open is not None:
                change.mark(side.open, status=REPLACED, ended_by=by, ended_at=self._clock())
            change.add(draft)
            self._record(change, by, "wording.drafted", draft, side.said)
        return draft

    def submit(self, by: str, key: str, channel: str, version: int) -> None:
        """Ask for a check of a draft. Raises NoSuchReply, MovedOn."""
        with self._store.changing() as change:
            draft = self._open(change, key, channel, version, DRAFT)
            change.mark(draft, status=IN_REVIEW)
            self._record(change, by, "wording.submitted", draft)

    def send_back(self, by: str, key: str, channel: str, version: int, note: str) -> None:
        """Hand a draft that was to be checked back to its writer, with a reason. Raises NoSuchReply, MovedOn."""
        with self._store.changing() as change:
            draft = self._open(change, key, channel, version, IN_REVIEW)
            reason = tidy(note)[:LONGEST_NOTE]
            change.mark(draft, status=DRAFT, note=reason or draft.note)
            self._record(change, by, "wording.rejected", draft, reason=reason)

    def drop(self, by: str, key: str, channel: str, version: int) -> None:
        """Give a draft up; it stays in the history. Raises NoSuchReply, MovedOn."""
        with self._store.changing() as change:
            draft = self._open(change, key, channel, version, DRAFT, IN_REVIEW)
            change.mark(draft, status=DROPPED, ended_by=by, ended_at=self._clock())
            self._record(change, by, "wording.rejected", draft, reason="given up")

    def publish(self, by: str, key: str, channel: str, version: int) -> WordingVersion:
        """Say a draft from the next reply on. Raises NoSuchReply, MovedOn, and Refused where a check blocks it now."""
        self._not_fixed(key)
        with self._store.changing() as change:
            draft = self._open(change, key, channel, version, DRAFT, IN_REVIEW)
            self._refuse_blocked(_said(draft, self._original(key, channel)))
            return self._say(change, by, draft, "wording.published")

    def restore(self, by: str, key: str, channel: str, version: int) -> WordingVersion:
        """Say an earlier version again, at once, as a new version. Raises NoSuchReply, NotTheirs, Refused."""
        self._not_fixed(key)
        original = self._original(key, channel)
        with self._store.changing() as change:
            side = _sides(self._reply(key), change.versions(key))[channel]
            earlier = next((each for each in side.versions if each.version == version), None)
            if earlier is None:
                raise NoSuchReply(f"{key}/{channel}/{version}")
            if side.words_of(earlier) == side.said:
                raise Refused(_nothing_changed())
            self._refuse_blocked(_said(earlier, original))
            again = WordingVersion(
                key, channel, side.latest + 1, earlier.text, earlier.buttons, DRAFT, made_by=by, made_at=self._clock(),
                note=f"Version {version} again",
            )  # fmt: skip
            change.add(again)
            return self._say(change, by, again, "wording.rolled_back")

    def use_products_own(self, by: str, key: str, channel: str) -> None:
        """Say again what came with the product. Raises NoSuchReply, and MovedOn where it is said already."""
        original = self._original(key, channel)
        with self._store.changing() as change:
            side = _sides(self._reply(key), change.versions(key))[channel]
            if side.live is None:
                raise MovedOn(_newest(side))
            self._silence(change, by, key, channel)
            self._audit.record(
                by, "wording.retired", key, {"version": side.live.version, **_told(side.said)},
                {"version": PRODUCTS_OWN, **_told(original)}, connection=change.connection,
            )  # fmt: skip

    def _say(self, change: Change, by: str, version: WordingVersion, action: str) -> WordingVersion:
        side = _sides(self._reply(version.key), change.versions(version.key))[version.channel]
        self._silence(change, by, version.key, version.channel)
        now = self._clock()
        change.mark(version, status=PUBLISHED, published_by=by, published_at=now)
        self._record(change, by, action, version, side.said)
        return replace(version, status=PUBLISHED, published_by=by, published_at=now)

    def _silence(self, change: Change, by: str, key: str, channel: str) -> None:
        """End what is published for a channel. What served both goes on for the other one, as that one's own."""
        versions, now = change.versions(key), self._clock()
        for version in versions:
            if version.status != PUBLISHED or version.channel not in (channel, ANY_CHANNEL):
                continue
            change.mark(version, status=RETIRED, ended_by=by, ended_at=now)
            for other in CHANNELS:
                has_own = any(each.channel == other and each.status == PUBLISHED for each in versions)
                if version.channel == ANY_CHANNEL and other != channel and not has_own:
                    number = max((each.version for each in versions if each.channel == other), default=0) + 1
                    change.add(replace(version, channel=other, version=number))

    def _open(self, change: Change, key: str, channel: str, version: int, *states: str) -> WordingVersion:
        side = _sides(self._reply(key), change.versions(key)).get(channel)
        if side is None or not any(each.version == version for each in side.versions):
            raise NoSuchReply(f"{key}/{channel}/{version}")
        if side.open is None or side.open.version != version or side.open.status not in states:
            raise MovedOn(_newest(side))
        return side.open

    def _record(
        self, change: Change, by: str, action: str, version: WordingVersion, before: Said | None = None, reason: str = ""
    ) -> None:
        after: dict[str, object] = {"version": version.version, "channel": version.channel, "text": version.text}
        after.update({"buttons": list(version.buttons)} if version.buttons is not None else {})
        after.update({"reason": reason} if reason else {})
        self._audit.record(
            by, action, version.key, None if before is None else _told(before), after, connection=change.connection
        )

    def _refuse_blocked(self, said: Said) -> None:
        checked = self._checks.check(said)
        if checked.blocked:
            raise Refused(checked)

    def _not_fixed(self, key: str) -> None:
        if key in self.fixed:
            raise NotTheirs(key)

    def _reply(self, key: str) -> Reply:
        reply = self.replies.get(key)
        if reply is None:
            raise NoSuchReply(key)
        return reply

    def _original(self, key: str, channel: str) -> Said:
        said = self._reply(key).said.get(channel)
        if said is None:
            raise NoSuchReply(f"{key}/{channel}")
        return said


def _sides(reply: Reply, versions: list[WordingVersion]) -> dict[str, Side]:
    return {channel: _side(original, versions) for channel, original in reply.said.items()}


def _side(original: Said, versions: list[WordingVersion]) -> Side:
    own = sorted((v for v in versions if v.channel == original.channel), key=lambda v: -v.version)
    both = [v for v in versions if v.channel == ANY_CHANNEL]
    live = next((v for v in (*own, *both) if v.status == PUBLISHED), None)
    said = original if live is None else _said(live, original)
    return Side(original, said, live, next((v for v in own if v.is_open), None), tuple(own))


def _said(version: WordingVersion, original: Said) -> Said:
    """What a version says, with the product's buttons where it has none of its own."""
    own = version.buttons
    buttons = original.buttons if own is None else tuple(Button.from_dict(each) for each in own)
    return Said(original.key, original.channel, version.text, buttons)


def _own_buttons(said: Said, original: Said) -> tuple[dict[str, Any], ...] | None:
    """Buttons of a version's own; None where they are the product's, so that they follow the product."""
    return None if said.buttons == original.buttons else tuple(button.as_dict() for button in said.buttons)


def _newest(side: Side) -> WordingVersion | None:
    return side.versions[0] if side.versions else None


def _told(said: Said) -> dict[str, object]:
    return {"channel": said.channel, "text": said.text, "buttons": [button.as_dict() for button in said.buttons]}


def _nothing_changed() -> Checked:
    return Checked((Finding("text", "This is what people read already: nothing was changed."),), 0, 0)
