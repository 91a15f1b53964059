"""Sealed with a public key, so that whoever stores it cannot read it (docs/referrals.md).

A sealed blob is one byte for its form, eight for the key's name, and what PyNaCl's SealedBox made. The public keys are
used by the assistant, the newest of them to seal. The private keys are read by the staff's side alone.
"""
from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from outreach.privacy.key_files import read_private

FORM = b"\x01"
_NAME_BYTES = 8
_ONE_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


class SealingError(Exception):
    """Keys cannot be used. The message says why, in one line without anything of a key."""


class CannotOpen(Exception):
    """A sealed blob cannot be opened: its key is not among the kept ones, or it was changed or cut off."""


class Sealer:
    """Seals with a public key. It cannot open what it sealed."""

    def __init__(self, key: PublicKey) -> None:
        self._box = SealedBox(key)
        self.key_id = key_id(key)

    def seal(self, clear: bytes) -> bytes:
        """Give the sealed blob."""
        return FORM + bytes.fromhex(self.key_id) + bytes(self._box.encrypt(clear))


class Opener:
    """Opens what was sealed for any of the kept private keys."""

    def __init__(self, keys: Iterable[PrivateKey]) -> None:
        self._boxes = {key_id(key.public_key): SealedBox(key) for key in keys}
        if not self._boxes:
            raise SealingError("there is no private key")

    def open(self, sealed: bytes) -> bytes:
        """Give what was sealed. Raises CannotOpen."""
        box = self._boxes.get(key_of(sealed))
        if box is None:
            raise CannotOpen("the key that this was sealed for is not among the kept ones")
        try:
            return bytes(box.decrypt(sealed[1 + _NAME_BYTES :]))
        except (CryptoError, ValueError, TypeError) as error:
            raise CannotOpen("this was changed or cut off") from error


def key_id(key: PublicKey) -> str:
    """The name of a key: 16 hexadecimal digits."""
    return blake2b(bytes(key), digest_size=_NAME_BYTES, person=b"referral-key").hexdigest()


def key_of(sealed: bytes) -> str:
    """The name of the key for which a blob was sealed. Raises CannotOpen for something else."""
    if len(sealed) <= 1 + _NAME_BYTES or sealed[:1] != FORM:
        raise CannotOpen("this is nothing that was sealed")
    return sealed[1 : 1 + _NAME_BYTES].hex()


def sealer(public_keys: str) -> Sealer:
    """Seals with the newest, the last, of the keys that a setting gives: in base64 with commas, or in a file by lines.

    Raises SealingError.
    """
    return Sealer(PublicKey(_keys(_public_text(public_keys))[-1]))


def opener(private_keys: Path) -> Opener:
    """Opens with the keys of a file, one a line. Raises SealingError, and KeyFileError where others may read the file."""
    return Opener(PrivateKey(key) for key in _keys(read_private(private_keys)))


def _public_text(setting: str) -> str:
    parts = setting.replace(",", " ").split()
    if parts and all(_ONE_KEY.fullmatch(part) for part in parts):
        return "\n".join(parts)
    try:
        return Path(setting).read_text(encoding="ascii")
    except FileNotFoundError:
        raise SealingError("there is no public key: `make keys` makes a pair") from None
    except (OSError, ValueError) as error:
        raise SealingError(f"the public key's file cannot be read ({type(error).__name__})") from error


def _keys(text: str) -> list[bytes]:
    """The keys of a file: one a line in base64; what follows a "#" is for people."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines if line]
    except (binascii.Error, ValueError):
        raise SealingError("a line of the keys is not base64") from None
    if not keys:
        raise SealingError("there is no key in it: `make keys` makes a pair")
    if any(len(key) != PublicKey.SIZE for key in keys):
        raise SealingError("a line of the keys is not a whole key")
    return keys
