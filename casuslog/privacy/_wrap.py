"""Wrapping one key by another: AES-256-GCM, bound to what the key is for, so that rows cannot be swapped."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casuslog.errors import StoreError
from casuslog.privacy._blocks import KEY_SIZE, NONCE_SIZE

WRAPPED_SIZE = NONCE_SIZE + KEY_SIZE + 16


def wrap(wrapping: bytes, key: bytes, belongs_to: str) -> bytes:
    """The key, encrypted: nonce, ciphertext and tag, 60 bytes."""
    return Wrapping(wrapping).wrap(key, belongs_to)


def unwrap(wrapping: bytes, wrapped: bytes, belongs_to: str) -> bytes:
    """The key again.

    Raises:
        StoreError: the row was changed, or another key wrapped it.
    """
    return Wrapping(wrapping).unwrap(wrapped, belongs_to)


class Wrapping:
    """A wrapping key made ready, for several keys at once; as secret as the key, and held no longer than them."""

    __slots__ = ("_cipher",)

    def __init__(self, wrapping: bytes) -> None:
        self._cipher = AESGCM(wrapping)

    def wrap(self, key: bytes, belongs_to: str) -> bytes:
        """As :func:`wrap`."""
        nonce = os.urandom(NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, key, belongs_to.encode())

    def unwrap(self, wrapped: bytes, belongs_to: str) -> bytes:
        """As :func:`unwrap`."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:], belongs_to.encode())
        except (InvalidTag, ValueError):
            raise StoreError(f"{belongs_to}: the key store holds something else than was put in") from None
