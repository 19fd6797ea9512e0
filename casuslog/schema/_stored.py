"""The stored form of an event: which clear schema, and at most two encrypted blocks.

Plain Avro (:func:`stored_declaration` is its schema, readable in any language), but written and read by hand here:
fastavro tries the branches of a union of records one by one, which costs ten times as much (measured: 45 against 4 us,
on a machine where the clear record of nine fields costs 29). A test holds both to the same bytes.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from casuslog.errors import SchemaError

SUFFIX = "Opgeslagen"
_KEY_ID, _NONCE = 36 << 1, 12 << 1
"""How their lengths stand in the bytes."""
_USUAL = bytes((2, _KEY_ID))
"""How a block begins that is there, as all of ours are: a key id of 36 characters, and a nonce of 12 bytes."""
_usual_form = struct.Struct("2s36sB12sBB").unpack_from
"""With the first two bytes of what follows the nonce: the length of the ciphertext, nearly always all of it."""
_USUAL_SIZE = 2 + 36 + 1 + 12
Sealed = tuple[str, bytes, bytes]
"""What a :class:`Blok` holds, without the names: a quarter of the time to make."""
Blocks = tuple[Sealed | None, Sealed | None]


class Blok(NamedTuple):
    """One encrypted block: the id of its key, its nonce (12 bytes) and the ciphertext with its tag."""

    sleutel: str
    nonce: bytes
    cijfertekst: bytes


class StoredRecord(NamedTuple):
    """The fingerprint of the clear schema, and the block of each privacy class; None where it has no field."""

    helder: bytes
    feit: Blok | None
    persoonsgegeven: Blok | None


def stored_declaration(name: str, namespace: str) -> dict[str, Any]:
    """The Avro schema of the stored form of event type ``name``: one per type, the same for all its versions."""
    blok = {
        "type": "record",
        "name": "Blok",
        "doc": "Velden van een privacyklasse, samen versleuteld met AES-256-GCM.",
        "fields": [
            {"name": "sleutel", "type": "string", "doc": "id van de sleutel"},
            {"name": "nonce", "type": "bytes", "doc": "96 bits, willekeurig"},
            {"name": "cijfertekst", "type": "bytes", "doc": "cijfertekst met GCM-tag"},
        ],
    }
    return {
        "type": "record",
        "name": f"{name}{SUFFIX}",
        "namespace": namespace,
        "doc": f"{name} zoals bewaard en verzonden: versleuteld.",
        "fields": [
            {
                "name": "helder",
                "type": {"type": "fixed", "name": "Vingerafdruk", "size": 8},
                "doc": "CRC-64-AVRO van het heldere schema",
            },
            {"name": "feit", "type": ["null", blok], "default": None},
            {"name": "persoonsgegeven", "type": ["null", "Blok"], "default": None},
        ],
    }


def write_stored(record: StoredRecord) -> bytes:
    """The Avro body of a stored record."""
    return b"".join((record.helder, _block_bytes(record.feit), _block_bytes(record.persoonsgegeven)))


def read_stored(body: bytes, begin: int = 0) -> StoredRecord:
    """The stored record in an Avro body, which begins at ``begin``.

    Raises:
        SchemaError: the body is truncated, goes on after its end, or names a branch that is not there.
    """
    feit, persoonsgegeven = read_blocks(body, begin)
    return StoredRecord(
        body[begin : begin + 8],
        None if feit is None else Blok(*feit),
        None if persoonsgegeven is None else Blok(*persoonsgegeven),
    )


def read_blocks(body: bytes, begin: int) -> Blocks:
    """The two blocks in an Avro body that begins at ``begin``, as plain tuples: for who reads many.

    Raises:
        SchemaError: as :func:`read_stored`.
    """
    try:
        feit, at = _block(body, begin + 8)
        persoonsgegeven, at = _block(body, at)
    except (IndexError, UnicodeDecodeError) as error:
        raise SchemaError(f"these bytes hold no stored event: {type(error).__name__}") from None
    if at != len(body):
        raise SchemaError(f"{len(body) - at} bytes left over after a stored event")
    return feit, persoonsgegeven


def _block_bytes(block: Blok | None) -> bytes:
    if block is None:
        return b"\x00"
    key = block.sleutel.encode()
    text = block.cijfertekst
    nonce = block.nonce
    return b"".join((b"\x02", long_bytes(len(key)), key, long_bytes(len(nonce)), nonce, long_bytes(len(text)), text))


def _block(body: bytes, at: int) -> tuple[Sealed | None, int]:
    try:
        usual, key, nonce_size, nonce, low, high = _usual_form(body, at)
    except struct.error:
        return _unusual(body, at)
    if usual != _USUAL or nonce_size != _NONCE or low & 1:
        return _unusual(body, at)
    if low < 0x80:
        begin = at + _USUAL_SIZE + 1
        end = begin + (low >> 1)
    elif high < 0x80:
        begin = at + _USUAL_SIZE + 2
        end = begin + ((low & 0x7F | high << 7) >> 1)
    else:
        return _unusual(body, at)
    if end > len(body):
        raise IndexError(end)
    return (key.decode(), nonce, body[begin:end]), end


def _unusual(body: bytes, at: int) -> tuple[Sealed | None, int]:
    branch = body[at]
    if branch == 0:
        return None, at + 1
    if branch != 2:
        raise SchemaError("these bytes hold no stored event: a block is null or there, nothing else")
    key, at = _run(body, at + 1)
    nonce, at = _run(body, at)
    text, at = _run(body, at)
    return (key.decode(), nonce, text), at


def _run(body: bytes, at: int) -> tuple[bytes, int]:
    length = body[at]
    at += 1
    if length & 0x80:
        more = body[at]
        if more & 0x80:
            length, at = _rest(body, at, length & 0x7F)
        else:
            length, at = length & 0x7F | more << 7, at + 1
    if length & 1:
        raise SchemaError("these bytes hold no stored event: a length below zero")
    end = at + (length >> 1)
    if end > len(body):
        raise IndexError(end)
    return body[at:end], end


def _rest(body: bytes, at: int, value: int) -> tuple[int, int]:
    for shift in range(7, 63, 7):
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise SchemaError("these bytes hold no stored event: a length without end")


def long_bytes(value: int) -> bytes:
    """A length as Avro writes a long: zig-zag, seven bits at a time, lowest first."""
    return _LONGS[value] if value < len(_LONGS) else _long(value)


def _long(value: int) -> bytes:
    zigzag = value << 1
    found = bytearray()
    while zigzag > 0x7F:
        found.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    found.append(zigzag)
    return bytes(found)


_LONGS = tuple(_long(value) for value in range(1024))
"""Nearly every length that there is."""
