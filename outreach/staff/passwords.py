"""Passwords: hashed with Argon2id. Length counts, composition does not, and the commonest ones are refused."""
from __future__ import annotations

import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 200
_FEWEST_DIFFERENT = 5
_COMMON = Path(__file__).with_name("common_passwords.txt")


class Passwords:
    """Hashes and compares. A hash takes 64 MiB and some 50 ms, so few are worked out at once."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._few = threading.BoundedSemaphore(at_once)
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._few:
            return self._hasher.hash(_normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Where nothing is kept (nobody of that name), it takes as long to say no."""
        with self._few:
            if self._nobodys is None:
                self._nobodys = self._hasher.hash("nobody's password")
            try:
                self._hasher.verify(kept or self._nobodys, _normal(password)[:LONGEST])
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None


def problem_with(password: str, *known: str) -> str | None:
    """Why a password cannot be taken, in a sentence; None where it can. `known` are the person's own names."""
    plain = _normal(password).casefold()
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. Three or four words together are good."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if len(set(plain)) < _FEWEST_DIFFERENT:
        return "Use more different characters."
    if plain in _common() or plain.rstrip("0123456789!.") in _common() or any(plain == name.casefold() for name in known):
        return "This is one of the first that somebody would try. Choose another."
    return None


@cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))


def _normal(password: str) -> str:
    # The same keys give different code points on different systems.
    return unicodedata.normalize("NFKC", password)
