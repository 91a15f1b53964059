"""Who texts: a keyed hash of the number, so that nothing that is stored can be matched to a phone without the key."""
from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path

from outreach.privacy.key_files import secret_key

_E164 = re.compile(r"\+[1-9]\d{6,14}")


def is_a_phone(sender: str) -> bool:
    """Whether somebody could be texted back there: not a shop's name or a short code, which would be a machine."""
    return _E164.fullmatch(sender) is not None


class Senders:
    """Turns numbers into senders' ids."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, file: Path) -> Senders:
        """Read the key, made when there is none. Raises `KeyFileError`."""
        return cls(secret_key(file))

    def id_of(self, number: str) -> str:
        """The id of whoever has this number (E.164): the secret of their conversation, 64 hexadecimal digits."""
        return blake2b(number.encode(), key=self._key, digest_size=32, person=b"sms-sender").hexdigest()
