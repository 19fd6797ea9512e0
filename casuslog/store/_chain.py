"""The hash chain of a stream: each event carries the hash of the one before it, over ciphertext.

So a file can be proven whole years later, also after the keys of its data were destroyed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from json.encoder import encode_basestring

GENESIS = bytes(32)
"""What stands for the hash before the first event of a stream."""


def canonical(attributes: Mapping[str, str]) -> str:
    """Envelope attributes as JSON in one form only: keys sorted, no spaces, no escapes beyond JSON's own."""
    # Written out, for json.dumps makes an encoder each time: a third of its time, and the same text (a test compares).
    quoted = encode_basestring
    return "{" + ",".join([f"{quoted(name)}:{quoted(attributes[name])}" for name in sorted(attributes)]) + "}"


def link(prev_hash: bytes, envelope: str, body: bytes) -> bytes:
    """The hash of an event: SHA-256 over the previous hash, the length and bytes of its envelope, and its body.

    Args:
        prev_hash: 32 bytes, :data:`GENESIS` for the first event.
        envelope: its canonical text as it is kept.
        body: the stored (encrypted) body.

    Returns:
        32 bytes. The length (8 bytes, big-endian) keeps envelope and body apart.
    """
    text = envelope.encode()
    digest = hashlib.sha256(prev_hash)
    digest.update(len(text).to_bytes(8, "big"))
    digest.update(text)
    digest.update(body)
    return digest.digest()
