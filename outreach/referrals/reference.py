"""References: short, easy to say, not to be guessed, and stored only as a keyed hash.

Ten characters of Crockford's base 32 without A and E, so that no reference is a word, in groups: "K7DP-2MXW-9C". The last
is a check character that finds any single slip and any two characters changed about. The other nine hold 44 bits.
"""
from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from hashlib import blake2b

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
WORD_MAKING = frozenset("AE")
LENGTH = 10
# Every reference has one, so that no ordinary word is taken for a reference.
TELLING_DIGITS = frozenset("23456789")
MISREAD = str.maketrans("OIL", "011")
# Characters one by one, with at most a few spaces or dashes between.
SPOKEN = re.compile(r"(?<![0-9A-Z])[0-9A-Z](?:[\s\-\u2010-\u2015.,/]{0,3}[0-9A-Z])*")
USUAL_GROUPS = ([4, 4, 2], [4, 6], [8, 2], [LENGTH], [1] * LENGTH)
_MODULUS = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)


class References:
    """Makes references and their hashes, under a key of the server's."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def for_form(self, form_key: str) -> Iterator[str]:
        """The references that a filling-in of the form may have, the first one free: the same each time for the same key."""
        for number in range(1 << 16):
            digest = self._digest(b"reference-of", f"{number}:{form_key}")
            body = "".join(ALPHABET[digest[at] % 32] for at in range(LENGTH - 1))
            whole = body + _check_character(body)
            if not WORD_MAKING & set(whole) and TELLING_DIGITS & set(whole):
                yield written(whole)

    def hash(self, reference: str) -> str:
        """What is stored of a reference, 64 hexadecimal digits; the same however it is spelled."""
        return self._digest(b"reference", _normal(reference)).hex()

    def hash_of_form(self, form_key: str) -> str:
        """What is stored of a form's key."""
        return self._digest(b"form", form_key).hex()

    def same(self, one: str, other: str) -> bool:
        """Whether two hashes are equal, in constant time."""
        return hmac.compare_digest(one.encode(), other.encode())

    def _digest(self, purpose: bytes, text: str) -> bytes:
        return blake2b(text.encode(), key=self._key, digest_size=32, person=purpose).digest()


def written(characters: str) -> str:
    """With its dashes, as it is shown."""
    return f"{characters[:4]}-{characters[4:8]}-{characters[8:]}"


def find_in(text: object) -> str | None:
    """The reference in somebody's words, as it is shown; None where there is none whose check character is right."""
    if not isinstance(text, str):
        return None
    found = [each for run in SPOKEN.findall(text[:2000].upper()) for each in _candidates(run)]
    # "my ref is K7DP-2MXW-9C": by chance "is K7DP-2MXW" may be right as well, but nobody groups it so.
    return written(min(found, key=lambda each: not each[1])[0]) if found else None


def _candidates(run: str) -> Iterator[tuple[str, bool]]:
    """Ten characters in a row that begin and end with a piece of the run, and are right; and whether their groups are usual."""
    pieces = re.findall(r"[0-9A-Z]+", run)
    for first in range(len(pieces)):
        joined, lengths = "", []
        for piece in pieces[first:]:
            joined += piece
            lengths.append(len(piece))
            if len(joined) >= LENGTH:
                break
        if len(joined) == LENGTH and TELLING_DIGITS & set(joined) and is_right(joined):
            yield joined.translate(MISREAD), lengths in USUAL_GROUPS


def is_right(characters: str) -> bool:
    """Whether ten characters may be a reference: in the alphabet, misread ones put right, and with their check."""
    normal = characters.upper().translate(MISREAD)
    if len(normal) != LENGTH or not set(normal) <= set(ALPHABET) - WORD_MAKING:
        return False
    return _check_character(normal[:-1]) == normal[-1]


def _normal(reference: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", reference.upper()).translate(MISREAD)


def _check_character(body: str) -> str:
    """The sum over GF(32) of each character times its own power of x: one change, or two exchanged, gives another."""
    total, weight = 0, 1
    for character in body:
        weight = _times(weight, 2)
        total ^= _times(ALPHABET.index(character), weight)
    return ALPHABET[total]


def _times(one: int, other: int) -> int:
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 32:
            one ^= _MODULUS
        other >>= 1
    return product
