"""A conversation is a capability."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.privacy import capability


@given(st.binary(max_size=2000), st.text(min_size=1, max_size=100))
@settings(max_examples=50, deadline=None)
def test_what_is_sealed_comes_back_for_its_holder(clear: bytes, secret: str) -> None:
    assert capability.unseal(secret, capability.seal(secret, clear)) == clear


def test_nobody_else_can_read_it() -> None:
    sealed = capability.seal("mine", b"he took my keys")
    assert b"keys" not in sealed
    with pytest.raises(capability.Unreadable):
        capability.unseal("yours", sealed)


@pytest.mark.parametrize("damage", [lambda s: s[:-1], lambda s: s[:10], lambda s: b"", lambda s: s[:-1] + bytes([s[-1] ^ 1])])
def test_a_changed_or_cut_row_is_unreadable_not_something_else(damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(capability.Unreadable):
        capability.unseal("mine", damage(capability.seal("mine", b"text")))


def test_the_row_does_not_show_the_secret_nor_does_the_key_equal_the_row() -> None:
    token = capability.new_token()
    assert token not in capability.row_key(token)
    assert len(capability.row_key(token)) == 64
    assert capability.row_key(token) != capability.row_key(capability.new_token())


def test_a_token_has_256_bits() -> None:
    assert len(capability.new_token()) == 43
    assert len({capability.new_token() for _ in range(1000)}) == 1000
