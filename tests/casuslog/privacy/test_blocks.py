"""A block opens with its own key in its own place, and says vernietigd or nothing otherwise."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.errors import SchemaError
from casuslog.privacy import seal, unseal

KEY = bytes(range(32))


@given(st.binary(max_size=500), st.binary(max_size=80))
def test_what_is_sealed_opens_again(plaintext: bytes, associated: bytes) -> None:
    """Sealing and opening under the same key and associated data gives the plaintext."""
    blok = seal("sleutel-1", KEY, plaintext, associated)
    assert blok.sleutel == "sleutel-1"
    assert unseal(blok, KEY, associated) == plaintext


def test_no_nonce_comes_twice() -> None:
    """The same plaintext sealed twice is two different ciphertexts under two 96-bit nonces."""
    one, other = seal("s", KEY, b"tekst", b""), seal("s", KEY, b"tekst", b"")
    assert len(one.nonce) == 12
    assert one.nonce != other.nonce
    assert one.cijfertekst != other.cijfertekst


@pytest.mark.parametrize("wrong", ["key", "associated", "nonce", "ciphertext", "truncated", "empty nonce"])
def test_anything_else_does_not_open_and_says_nothing(wrong: str) -> None:
    """Another key, place, nonce or ciphertext: one error, which shows none of them."""
    blok = seal("s", KEY, b"J. de Vries", b"0072|melding")
    key = os.urandom(32) if wrong == "key" else KEY
    associated = b"0080|melding" if wrong == "associated" else b"0072|melding"
    changes = {
        "nonce": {"nonce": bytes(12)},
        "ciphertext": {"cijfertekst": bytes(len(blok.cijfertekst))},
        "truncated": {"cijfertekst": blok.cijfertekst[:8]},
        "empty nonce": {"nonce": b""},
    }
    with pytest.raises(SchemaError, match="damaged or does not belong") as refused:
        unseal(blok._replace(**changes.get(wrong, {})), key, associated)
    assert refused.value.__cause__ is None
