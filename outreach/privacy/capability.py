"""A conversation is a capability: who holds its secret can read it, and nobody else can (docs/adr/0004-capability.md).

The sender id is the secret. The database sees only a hash of it as the row's key, and text sealed with a key derived from
it, so a copy of the database cannot be read and cannot be matched to a person.
"""
from __future__ import annotations

import secrets
from hashlib import blake2b

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

_TOKEN_BYTES = 32


class Unreadable(Exception):
    """The sealed state does not open with this secret: it was changed, cut off, or belongs to somebody else."""


def new_token() -> str:
    """A new secret for a web conversation: 256 random bits, as 43 URL-safe characters."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def row_key(secret: str) -> str:
    """The row of the conversation with this secret: 64 hexadecimal digits, from which the secret can't be found."""
    return blake2b(secret.encode(), digest_size=32, person=b"conversation-row").hexdigest()


def seal(secret: str, clear: bytes) -> bytes:
    """Encrypt `clear` so that only the holder of `secret` can read it (XSalsa20-Poly1305)."""
    return bytes(_box(secret).encrypt(clear))


def unseal(secret: str, sealed: bytes) -> bytes:
    """Decrypt what `seal` made. Raises `Unreadable`."""
    try:
        return bytes(_box(secret).decrypt(sealed))
    except (CryptoError, ValueError, TypeError) as error:
        raise Unreadable() from error


def _box(secret: str) -> SecretBox:
    return SecretBox(blake2b(secret.encode(), digest_size=SecretBox.KEY_SIZE, person=b"conversation-key").digest())
