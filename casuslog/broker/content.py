"""The content type of an event in the log, as kombu knows it: raw bytes, handed over as they are.

Decoding then fails where it can be parked, in our own consumer; a decoder inside kombu would make nameko drop what
does not decode.
"""

from __future__ import annotations

from kombu.serialization import register

from casuslog.envelope import CONTENT_TYPE

SERIALIZER = "casuslog-event"
ENCODING = "binary"


def install() -> None:
    """Register the serializer :data:`SERIALIZER`. May be called again."""
    register(SERIALIZER, _as_it_is, _as_it_is, content_type=CONTENT_TYPE, content_encoding=ENCODING)


def _as_it_is(body: bytes) -> bytes:
    return bytes(body)
