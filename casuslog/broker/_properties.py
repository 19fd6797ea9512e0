"""The properties of a delivery, read from its frame: what py-amqp reads, sooner where all headers are text.

py-amqp reads a table of headers value by value, each by way of its type; an event has more than twenty, all of them
text, and as long as in the event before it. Whatever is otherwise in any way goes through py-amqp, so that nothing is
read in two ways.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from amqp.serialization import PROPERTY_CLASSES, decode_properties_basic

from casuslog.broker._frames import NAMES

BASIC = 60
"""The class of AMQP whose content are messages."""
_TEXT = b"S"
_TYPE_AND_LENGTH = struct.Struct(">cI")
_LONG = struct.Struct(">I")
_HEADERS_FLAG, _MODE_FLAG = 1 << 13, 1 << 12
_BEFORE = ((1 << 15, "content_type"), (1 << 14, "content_encoding"))
_AFTER = ((1 << 7, "message_id"), (1 << 5, "type"))
_READ_HERE = _HEADERS_FLAG | _MODE_FLAG | sum(flag for flag, _ in (*_BEFORE, *_AFTER))


class _Otherwise(Exception):
    """Not what is read here."""


def install() -> None:
    """Let py-amqp read properties with :func:`read`. May be called again."""
    PROPERTY_CLASSES[BASIC] = read


def read(frame: bytes, offset: int) -> tuple[dict[str, Any], int]:
    """The properties that begin at ``offset``, and where they end; just as py-amqp gives them."""
    try:
        return _read(frame, offset)
    except (_Otherwise, UnicodeDecodeError, IndexError, struct.error):
        found: tuple[dict[str, Any], int] = decode_properties_basic(frame, offset)
        return found


def _read(frame: bytes, at: int) -> tuple[dict[str, Any], int]:
    flags = frame[at] << 8 | frame[at + 1]
    if flags & ~_READ_HERE or not flags & _HEADERS_FLAG or frame.__class__ is not bytes:
        raise _Otherwise
    found: dict[str, Any] = {}
    at += 2
    for flag, name in _BEFORE:
        if flags & flag:
            found[name], at = _short(frame, at)
    found["application_headers"], at = _table(frame, at)
    if flags & _MODE_FLAG:
        found["delivery_mode"] = frame[at]
        at += 1
    for flag, name in _AFTER:
        if flags & flag:
            found[name], at = _short(frame, at)
    return found, at


def _short(frame: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + frame[at]
    if end > len(frame):
        raise _Otherwise
    return frame[at + 1 : end].decode(), end


class _Names(dict[bytes, str]):
    """The names of headers by their bytes. Remembered, for they are the same in every event."""

    def __missing__(self, encoded: bytes) -> str:
        found = encoded.decode()
        if len(self) < NAMES:
            self[encoded] = found
        return found


_NAMED = _Names()


class _Layout:
    """Where names and values stand in a table: the same in most events of one type."""

    __slots__ = ("named", "names", "unpack")

    def __init__(self, parts: list[tuple[str, bytes, int]]) -> None:
        self.names = tuple(name for name, _, _ in parts)
        self.named = tuple(before for _, before, _ in parts)
        """What stands before each value: its name, its type and its length."""
        self.unpack = struct.Struct("".join(f"{len(before)}s{size}s" for _, before, size in parts)).unpack_from


_LAYOUTS: dict[int, _Layout] = {}
"""By the size of the table, the first that was seen of that size."""
_LONGEST = 4096
"""Bytes of a table of which the layout is remembered, at most."""


def _table(frame: bytes, at: int) -> tuple[dict[str, str], int]:
    size: int = _LONG.unpack_from(frame, at)[0]
    at += 4
    end = at + size
    if end > len(frame):
        raise _Otherwise
    layout = _LAYOUTS.get(size)
    if layout is None:
        return _first(frame, at, end), end
    parts = layout.unpack(frame, at)
    if parts[::2] != layout.named:
        return _one_by_one(frame, at, end), end
    return dict(zip(layout.names, [value.decode() for value in parts[1::2]], strict=True)), end


def _first(frame: bytes, at: int, end: int) -> dict[str, str]:
    """Read a table, and remember its layout."""
    found = _one_by_one(frame, at, end)
    if len(_LAYOUTS) < NAMES and end - at <= _LONGEST:
        parts, whole = [], end - at
        while at < end:
            begin = at + 6 + frame[at]
            size = _LONG.unpack_from(frame, begin - 4)[0]
            parts.append((_NAMED[frame[at + 1 : begin - 5]], frame[at:begin], size))
            at = begin + size
        _LAYOUTS[whole] = _Layout(parts)
    return found


def _one_by_one(
    frame: bytes,
    at: int,
    end: int,
    unpack: Callable[[bytes, int], tuple[Any, ...]] = _TYPE_AND_LENGTH.unpack_from,
    named: dict[bytes, str] = _NAMED,
) -> dict[str, str]:
    # Written out: it is done for every header of every event.
    found: dict[str, str] = {}
    while at < end:
        after = at + 1 + frame[at]
        kind, size = unpack(frame, after)
        if kind != _TEXT:
            raise _Otherwise
        begin = after + 5
        name = named[frame[at + 1 : after]]
        at = begin + size
        found[name] = frame[begin:at].decode()
    if at != end:
        raise _Otherwise
    return found
