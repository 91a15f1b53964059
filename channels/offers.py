"""What the last reply on the web offers to press. A message counts once; where it comes a second time, it gets its reply again.

A double click, and "Try again" after a reply that was lost on its way, send the same press or the same text twice. The second
would else answer a question that nobody has read.
"""
from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field

from channels.turns import SAFETY_CHOICES, Reply
from outreach.privacy import capability

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """The choices on offer, by id; and the last message by its name (`web.Said`), with the title of its button and the replies.

    `times` counts how often each id was offered in this conversation: no two offers have the same id for an answer.
    """

    choices: dict[str, tuple[str, str]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    pressed: tuple[str, str] | None = None
    replies: list[Reply] = field(default_factory=list)

    @classmethod
    def read(cls, token: str, sealed: bytes | None) -> Offer:
        """What is stored. Where it can't be read, nothing is on offer."""
        if sealed is None:
            return cls()
        try:
            found = json.loads(capability.unseal(token, sealed))
            choices = {i: (title, payload) for i, (title, payload) in found["choices"].items()}
            pressed = None if found["pressed"] is None else (found["pressed"][0], found["pressed"][1])
            return cls(choices, found["times"], pressed, [Reply(**reply) for reply in found["replies"]])
        except Exception as error:  # noqa: BLE001 - whoever pressed is told what they can do, whatever is wrong with it
            logger.error("choices could not be read: %s", type(error).__name__)
            return cls()

    def sealed(self, token: str) -> bytes:
        """As it is stored."""
        # Not `asdict`, which copies every service in them bit by bit.
        state = {**vars(self), "replies": [vars(reply) for reply in self.replies]}
        return capability.seal(token, json.dumps(state).encode())

    def title_of(self, choice: str) -> str:
        """What stands on a choice's button; nothing where it is not known."""
        if choice in self.choices:
            return self.choices[choice][0]
        return self.pressed[1] if self.pressed is not None and self.pressed[0] == choice else ""

    def again(self, name: str | None) -> list[Reply]:
        """The replies to a message that came last and was answered; none to a choice that is on offer once more."""
        is_last = self.pressed is not None and self.pressed[0] == name and name not in self.choices
        return self.replies if is_last else []

    def taken(self, name: str | None) -> Offer:
        """With nothing left to press: the message of this name is about to be answered. One without any is never the same."""
        return Offer(times=self.times, pressed=None if name is None else (name, self.title_of(name)))

    def followed_by(self, replies: list[Reply]) -> Offer:
        """The next offer, that of these replies. The ids in them are changed where there were such before."""
        times = dict(self.times)
        for reply in replies:
            reply.choices = {_own_id(i, times): choice for i, choice in reply.choices.items()}
        offered = {i: choice for reply in replies for i, choice in reply.choices.items()}
        return Offer(offered, times, self.pressed, replies if self.pressed is not None else [])


def _own_id(of: str, times: dict[str, int]) -> str:
    if of in SAFETY_CHOICES:
        return of
    times[of] = times.get(of, 0) + 1
    return of if times[of] == 1 else f"{of}.{times[of]}"
