"""A message as the bytes of its AMQP frames, where all its headers are text: the same bytes as py-amqp's, sooner.

py-amqp writes the table of headers field by field in Python; an event has more than twenty. A test holds these bytes
against those of py-amqp itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

METHOD, HEADER, BODY = 1, 2, 3
"""Types of frames."""
END = b"\xce"
OVERHEAD = 8
"""Bytes of a frame around what it holds."""

_FRAME = Struct(">BHI")
_LONG = Struct(">I")
_CONTENT = Struct(">HHQ")
_PUBLISH = b"\x00\x3c\x00\x28\x00\x00"  # class 60, method 40, and a field that is always 0
_BASIC = 60
NAMES = 256
"""Names of headers that are remembered; there are some thirty."""
_MANDATORY = {True: b"\x01", False: b"\x00"}

# Flag and name of the properties that are short texts, in the order of the specification.
_HEADERS_FLAG, _MODE_FLAG = 1 << 13, 1 << 12
_BEFORE = ((1 << 15, "content_type"), (1 << 14, "content_encoding"))
_AFTER = ((1 << 7, "message_id"), (1 << 5, "type"))
KNOWN = frozenset(name for _, name in (*_BEFORE, *_AFTER)) | {"delivery_mode"}
"""Properties that can be written here."""


def publish_frames(
    channel: int,
    exchange: str,
    routing_key: str,
    body: bytes,
    headers: Mapping[str, str],
    properties: Mapping[str, Any],
    *,
    mandatory: bool,
    frame_max: int,
) -> bytes | None:
    """The frames of one ``Basic.Publish``; ``None`` where py-amqp has to make them.

    Args:
        channel: number of the channel.
        headers: text only.
        properties: of :data:`KNOWN`.
        mandatory: whether the broker returns what no queue takes.
        frame_max: the longest frame that was agreed upon, in bytes.
    """
    if not KNOWN.issuperset(properties):
        return None
    try:
        table = _table(headers)
        arguments = _PUBLISH + _short(exchange) + _short(routing_key) + _MANDATORY[mandatory]
        head = _CONTENT.pack(_BASIC, 0, len(body)) + _properties(properties, table)
    except (AttributeError, OverflowError):
        return None  # a header that is no text, a name or key that is too long: py-amqp says what is wrong with it
    longest = frame_max - OVERHEAD
    if len(head) > longest:
        return None
    parts = [body[at : at + longest] for at in range(0, len(body), longest)]
    return b"".join(
        [
            _frame(METHOD, channel, arguments),
            _frame(HEADER, channel, head),
            *(_frame(BODY, channel, part) for part in parts),
        ]
    )


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, channel, len(payload)) + payload + END


def _properties(given: Mapping[str, Any], table: bytes) -> bytes:
    flags, parts = _HEADERS_FLAG, [b""]
    for flag, name in _BEFORE:
        if given.get(name) is not None:
            flags |= flag
            parts.append(_short(given[name]))
    parts.append(_long(table))
    if given.get("delivery_mode") is not None:
        flags |= _MODE_FLAG
        parts.append(given["delivery_mode"].to_bytes(1))
    for flag, name in _AFTER:
        if given.get(name) is not None:
            flags |= flag
            parts.append(_short(given[name]))
    parts[0] = flags.to_bytes(2)
    return b"".join(parts)


class _Names(dict[str, bytes]):
    """The bytes before the length of a header: its name, and the type of its value (a long text). Made once each."""

    def __missing__(self, name: str) -> bytes:
        found = _short(name) + b"S"
        if len(self) < NAMES:
            self[name] = found
        return found


_NAMED = _Names()


def _table(headers: Mapping[str, str], pack: Callable[[int], bytes] = _LONG.pack) -> bytes:
    # Written out: it is done for every header of every event.
    parts: list[bytes] = []
    add = parts.append
    for name, value in headers.items():
        encoded = value.encode()
        add(_NAMED[name])
        add(pack(len(encoded)))
        add(encoded)
    return b"".join(parts)


def _short(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(1) + encoded


def _long(encoded: bytes) -> bytes:
    return _LONG.pack(len(encoded)) + encoded
