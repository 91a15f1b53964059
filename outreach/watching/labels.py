"""Every label that a metric can have. All sets are closed: what is not in one is counted as `other`."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from outreach.understanding.catalogue import SAFETY

OTHER = "other"
CHANNELS = ("web", "sms")
# What became of a turn.
ANSWERED, NOT_UNDERSTOOD, OUT_OF_SCOPE, FIXED_REPLY = "answered", "not_understood", "out_of_scope", "fixed_reply"
OUTCOMES = (ANSWERED, NOT_UNDERSTOOD, OUT_OF_SCOPE, FIXED_REPLY)
# Why the fixed reply with the helpline went out.
TOO_SLOW, FAILED, NO_WORDS, ACTION, STORE = "too_slow", "failed", "no_words", "action", "store"
CAUSES = (TOO_SLOW, FAILED, NO_WORDS, ACTION, STORE)
# What found a safety intent; a button names its intent itself.
FOUND_BY = ("matcher", "classifier", "button")
# How somebody left: an exit word before anything else; words that had to be understood; Exit on the page, or closing it.
BY_WORD, BY_MEANING, BY_PAGE = "word", "meaning", "page"
DOORS = (BY_WORD, BY_MEANING, BY_PAGE)
# Where a request came in. Leaving has no door of its own here: it would show when somebody left.
ENTRANCES = ("web", "sms", OTHER)
STATUSES = ("ok", "400", "401", "403", "404", "405", "408", "413", "415", "422", "429", "500", "503", OTHER)
PARTS = ("understanding", "content", "database", "actions", "safety")
# The classes of errors that are told apart.
ERRORS = frozenset((
    "AssertionError", "AttributeError", "CancelledError", "ClientConnectorError", "ClientOSError", "ClientResponseError",
    "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "CannotOpen", "ContentError", "DatabaseError",
    "FileNotFoundError", "GraphRunError", "IndexError", "IntegrityError", "InterfaceError", "JSONDecodeError", "KeyError",
    "KeyFileError", "LockError", "MemoryError", "NotReady", "OSError", "OperationalError", "PermissionError",
    "ReadOnlyError", "RuntimeError", "SealingError", "ServerDisconnectedError", "ServerTimeoutError", "StorageError",
    "TimeoutError", "TypeError", "UnicodeDecodeError", "Unreadable", "ValueError",
))  # fmt: skip

_STATIC_FALLBACK = "utter_static_fallback"
_WORD = re.compile(r"\w+")


def known(value: str, among: Collection[str]) -> str:
    """The value, if it is one of these; `other` if not."""
    return value if value in among else OTHER


def outcome_of(responses: Sequence[str | None]) -> str:
    """What became of a turn, by the names of its replies (`utter_...`; None for words of an action's own)."""
    if _STATIC_FALLBACK in responses:
        return FIXED_REPLY
    if any(each in ("utter_not_understood", "utter_not_understood_again", "utter_place_unknown") for each in responses):
        return NOT_UNDERSTOOD
    return OUT_OF_SCOPE if "utter_out_of_scope" in responses else ANSWERED


def safety_of(parsed: Mapping[str, Any] | None, pressed: bool) -> tuple[str, str] | None:
    """The safety intent of a message and what found it; None for every other message. `pressed`: it was a button."""
    intent = (parsed or {}).get("intent") or {}
    name = intent.get("name")
    if name not in SAFETY:
        return None
    return str(name), "button" if pressed else "matcher" if intent.get("found_by") else "classifier"


def status_of(status: int) -> str:
    """A status as it is counted: everything that was not refused is `ok`."""
    return "ok" if status < 400 else known(str(status), STATUSES)


def error_in(line: str) -> str:
    """The first known class of error that a line of the log names."""
    return next((word for word in _WORD.findall(line) if word in ERRORS), OTHER)
