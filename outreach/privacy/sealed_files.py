"""Whole files sealed with a public key, of any length: for backups, which lie where this product does not look after them.

A sealed file is a first line, a random key sealed for the public key (PyNaCl's SealedBox), and a secret stream in chunks. The
last chunk says that it is the last, so that a file that was cut off is known as one.
"""
from __future__ import annotations

from typing import BinaryIO

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

FIRST = b"outreach-sealed-1\n"
_CHUNK = 64 * 1024
_MORE = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_SEALED_KEY = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES + bindings.crypto_box_SEALBYTES
_HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL


class CannotOpenFile(Exception):
    """A sealed file cannot be opened: it is none, it is for another key, or it was changed or cut off."""


def seal_file(clear: BinaryIO, sealed: BinaryIO, key: PublicKey) -> None:
    """Read all of `clear`, and write it sealed."""
    stream_key = bindings.crypto_secretstream_xchacha20poly1305_keygen()
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, stream_key)
    sealed.write(FIRST + bytes(SealedBox(key).encrypt(stream_key)) + header)
    chunk = clear.read(_CHUNK)
    while True:
        following = clear.read(_CHUNK)
        tag = _MESSAGE if following else _FINAL
        sealed.write(bindings.crypto_secretstream_xchacha20poly1305_push(state, chunk, None, tag))
        if not following:
            return
        chunk = following


def open_file(sealed: BinaryIO, clear: BinaryIO, key: PrivateKey) -> None:
    """Write what was sealed to `clear`. Raises CannotOpenFile, and what was written by then is not to be used."""
    if sealed.read(len(FIRST)) != FIRST:
        raise CannotOpenFile("this is no sealed file")
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    try:
        stream_key = SealedBox(key).decrypt(sealed.read(_SEALED_KEY))
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, sealed.read(_HEADER), stream_key)
    except Exception as error:
        raise CannotOpenFile("this was sealed for another key, or changed") from error
    while True:
        chunk = sealed.read(_CHUNK + _MORE)
        try:
            part, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, chunk, None)
        except (CryptoError, ValueError, RuntimeError) as error:
            raise CannotOpenFile("this was changed or cut off") from error
        clear.write(part)
        if tag == _FINAL:
            break
    if sealed.read(1):
        raise CannotOpenFile("something was put behind it")
