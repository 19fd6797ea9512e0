"""Avro single-object encoding: ``C3 01``, the 8-byte CRC-64-AVRO fingerprint (little-endian), the body.

fastavro has no such framing. Source: Avro specification 1.12, "Single-object encoding".
"""

from __future__ import annotations

from casuslog.errors import SchemaError

MARKER = b"\xc3\x01"
HEADER = len(MARKER) + 8
MAX_SIZE = 64 * 1024
"""Bytes that an encoded event may count. NL GOV profile for CloudEvents 1.1: at most 64 KB."""


def encode(fingerprint: bytes, body: bytes) -> bytes:
    """Frame a body under the fingerprint of its schema.

    Raises:
        SchemaError: the fingerprint is not 8 bytes, or the whole is larger than :data:`MAX_SIZE`.
    """
    if len(fingerprint) != 8:
        raise SchemaError(f"a fingerprint is 8 bytes, not {len(fingerprint)}")
    framed = MARKER + fingerprint + body
    if len(framed) > MAX_SIZE:
        raise SchemaError(f"an encoded event counts at most {MAX_SIZE} bytes; this one {len(framed)}")
    return framed


def decode(data: bytes) -> tuple[bytes, bytes]:
    """The fingerprint and the body of a framed event.

    Raises:
        SchemaError: it is larger than :data:`MAX_SIZE`, has another marker, or ends within the header.
    """
    if len(data) > MAX_SIZE:
        raise SchemaError(f"an encoded event counts at most {MAX_SIZE} bytes; this one {len(data)}")
    if data[:2] != MARKER[: len(data)]:
        raise SchemaError(f"no single-object encoding: it begins with {data[:2].hex()}, not {MARKER.hex()}")
    if len(data) < HEADER:
        raise SchemaError(f"truncated: {len(data)} bytes, where the header alone counts {HEADER}")
    return data[2:HEADER], data[HEADER:]
