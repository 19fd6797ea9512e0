"""CRC-64-AVRO, the Rabin fingerprint of the Avro specification, over a table that is made once.

fastavro makes its table anew for each fingerprint, which took longer than the fingerprint: a process that knows 79
schemas, each in four forms, spent a third of its start on it.
"""

from __future__ import annotations

EMPTY = 0xC15D213AA4D7A795
"""The fingerprint of nothing, and the polynomial."""


def rabin(data: bytes) -> bytes:
    """The fingerprint of these bytes as it stands on the wire: 8 bytes, little-endian."""
    table, result = _TABLE, EMPTY
    for byte in data:
        result = (result >> 8) ^ table[(result ^ byte) & 0xFF]
    return result.to_bytes(8, "little")


def _of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (EMPTY if byte & 1 else 0)
    return byte


_TABLE = tuple(_of_byte(byte) for byte in range(256))
