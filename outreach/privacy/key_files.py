"""Keys in files of their own, which nobody but their owner may read."""
from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

_BYTES = 32
_NOBODY_ELSE = 0o077


class KeyFileError(Exception):
    """A key's file cannot be used. The message says which, and what to do; it holds nothing of the key."""


def secret_key(path: Path) -> bytes:
    """The 32 random bytes in a file, made at the first call. Processes that start at once get the same. Raises KeyFileError."""
    try:
        if not path.exists():
            _make(path, secrets.token_hex(_BYTES))
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise KeyFileError(f"the key file {path} cannot be used ({type(error).__name__})") from error
    if len(key) != _BYTES:
        raise KeyFileError(f"the key file {path} does not hold a key")
    return key


def derived(key: bytes, purpose: bytes, message: bytes = b"") -> bytes:
    """32 bytes that only the key's holder can make. `purpose`, up to 16 bytes, keeps uses of one key apart."""
    return blake2b(message, key=key, person=purpose, digest_size=_BYTES).digest()


def read_private(path: Path) -> str:
    """The text of a file that only its owner may read. Raises KeyFileError where it is missing, or others may read it."""
    try:
        if path.stat().st_mode & _NOBODY_ELSE:
            raise KeyFileError(f"others may read {path}: do `chmod 600` on it, and think of its keys as seen")
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise KeyFileError(f"the key file {path} cannot be read ({type(error).__name__})") from error


def write_private(path: Path, text: str) -> None:
    """Put a text in place of a file's, all or nothing, for its owner alone."""
    _complete(path, text, os.replace)


def _make(path: Path, text: str) -> None:
    def link_unless_there(new: Path, to: Path) -> None:
        # Where another process was quicker, its key counts.
        with suppress(FileExistsError):
            os.link(new, to)
        os.unlink(new)

    _complete(path, text, link_unless_there)


def _complete(path: Path, text: str, put: Callable[[Path, Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    put(new, path)
