"""The second factor: six digits from an app (TOTP, RFC 6238), and recovery codes for when the phone is lost."""
from __future__ import annotations

import base64
import hmac
import io
import re
import secrets
from datetime import datetime

import pyotp
import segno
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from outreach.privacy.key_files import derived

STEP_SECONDS = 30
# A phone's clock may be half a minute off, and people type slowly.
_STEPS_OFF = (0, -1, 1)
_ISSUER = "Outreach console"
RECOVERY_CODES = 10
# Without the letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 3, 4
_SECRET_BYTES = 20


class Factors:
    """Secrets of second factors: made, sealed for keeping, compared. `key` is the console's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._box = SecretBox(derived(key, b"staff-factor"))

    def secret_for(self, token: str) -> str:
        """The secret that goes with a one-time link or session: always the same, so that nothing is kept until it is used."""
        return base64.b32encode(derived(self._key, b"staff-secret", token.encode())[:_SECRET_BYTES]).decode("ascii")

    def seal(self, secret: str) -> bytes:
        """How a secret is kept."""
        return bytes(self._box.encrypt(secret.encode()))

    def step(self, sealed: bytes | None, code: str, now: datetime) -> int | None:
        """The 30-second step whose code this is, of those around now; None where it is not the code."""
        try:
            return step_of(self._box.decrypt(sealed).decode(), code, now) if sealed else None
        except CryptoError:
            return None

    def recovery_hash(self, code: str) -> str:
        """What is kept of a recovery code."""
        return derived(self._key, b"staff-recovery", plain(code).encode()).hex()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """As `Factors.step`, for a secret in the clear."""
    typed, current = plain(code), int(now.timestamp()) // STEP_SECONDS
    for step in (current + off for off in _STEPS_OFF):
        if hmac.compare_digest(pyotp.TOTP(secret).at(step * STEP_SECONDS).encode(), typed.encode()):
            return step
    return None


def plain(code: str) -> str:
    """A code as it was meant: without blanks and dashes, in small letters."""
    return re.sub(r"[\s-]", "", code).lower()


def new_recovery_codes() -> list[str]:
    """Ten codes of 59 random bits each."""
    return ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
            for _ in range(RECOVERY_CODES)]


def readable(secret: str) -> str:
    """A secret in groups of four, for typing it in."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def qr_svg(secret: str, login: str) -> bytes:
    """The secret as a picture that authenticator apps read."""
    picture = io.BytesIO()
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)
    segno.make(address, error="m").save(picture, kind="svg", scale=4, border=2, xmldecl=False, svgclass=None, lineclass=None)
    return picture.getvalue()
