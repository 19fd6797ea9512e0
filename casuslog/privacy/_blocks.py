"""Sealing and opening the block of one privacy class: AES-256-GCM, bound to where it stands."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casuslog.envelope import Envelope
from casuslog.errors import SchemaError
from casuslog.schema import Blok, Sealed

KEY_SIZE = 32
NONCE_SIZE = 12
"""96 bits, drawn at random for each block. A key seals one phase of one casus: far below the 2**32 allowed."""


def associated_data(envelope: Envelope, binding: str) -> bytes:
    """What a block is bound to: ``gemeente|stroom|subject|event id|class|clear fingerprint (hex)``.

    A ciphertext that is moved to another event, casus, gemeente, class or schema no longer opens. ``binding`` holds the
    last two (:attr:`casuslog.schema.Block.binding`).
    """
    return (place_of(envelope) + binding).encode()


def place_of(envelope: Envelope) -> str:
    """How the associated data of both blocks of an event begins, up to and including the bar before the class."""
    e = envelope
    return f"{e.gemeente}|{e.stroom}|{e.subject}|{e.id}|"


def seal(key_id: str, key: bytes, plaintext: bytes, associated: bytes) -> Blok:
    """Encrypt the Avro body of one privacy class under a data key of 32 bytes."""
    nonce = os.urandom(NONCE_SIZE)
    return Blok(key_id, nonce, AESGCM(key).encrypt(nonce, plaintext, associated))


Cipher = AESGCM
"""A key made ready. Making it takes longer than opening a block, and it weighs 2.5 kB: keep few of them."""


def unseal(blok: Sealed, key: bytes | Cipher, associated: bytes) -> bytes:
    """The plaintext of a block; ``key`` is its data key, or the cipher of it where more blocks follow.

    Raises:
        SchemaError: key, associated data, nonce or ciphertext do not belong together. The codec adds the event id.
    """
    try:
        _, nonce, text = blok
        cipher = AESGCM(key) if isinstance(key, bytes) else key
        return cipher.decrypt(nonce, text, associated)
    except (InvalidTag, ValueError):
        # Nothing of the cause is shown: which part was wrong is of use to whoever tampered only.
        raise SchemaError("an encrypted block is damaged or does not belong here") from None
