"""An event as an AMQP message, both ways: envelope in the headers, encrypted record as the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from casuslog.envelope import CONTENT_TYPE, Envelope
from casuslog.errors import SchemaError
from casuslog.recorded import Cursor, StoredEvent

if TYPE_CHECKING:
    from casuslog.store import KeptEvent

PREFIX = "cloudEvents_"
"""What every attribute of the envelope begins with among the headers."""
CURSOR = "casuslog_cursor"
"""Where the event stands in the log of its service."""
PREVIOUS = "casuslog_cursor_vorige"
"""The cursor right before it in that log: a receiver sees by it that a message was lost on the way."""
HASH = "casuslog_hash"
PREVIOUS_HASH = "casuslog_hash_vorige"
"""Hexadecimal, the link in the chain of the stream: a receiver can check it over the ciphertext it got."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it arrived. ``previous`` is the cursor of its predecessor in the log, if the sender told."""

    stored: StoredEvent
    previous: Cursor | None = None


def headers(stored: StoredEvent, previous: Cursor | None = None) -> dict[str, str]:
    """The headers with which the relay sends ``stored``; all strings."""
    told = {f"{PREFIX}{name}": value for name, value in stored.envelope.attributes().items()}
    if stored.cursor is not None:
        told[CURSOR] = str(stored.cursor)
    if previous is not None:
        told[PREVIOUS] = str(previous)
    if stored.hash:
        told[HASH] = stored.hash.hex()
        told[PREVIOUS_HASH] = stored.prev_hash.hex()
    return told


def headers_of(kept: KeptEvent, previous: Cursor) -> dict[str, str]:
    """The same headers, for an event as the store keeps it: its envelope is not taken apart and put together again."""
    told = {_HEADER[name]: value for name, value in kept.attributes.items()}
    told[CURSOR] = str(kept.cursor)
    told[PREVIOUS] = str(previous)
    told[HASH] = kept.hash.hex()
    told[PREVIOUS_HASH] = kept.prev_hash.hex()
    return told


class _Headers(dict[str, str]):
    """The name of a header by that of its attribute; made once each."""

    def __missing__(self, attribute: str) -> str:
        found = self[attribute] = f"{PREFIX}{attribute}"
        return found


_HEADER = _Headers()


class _Attributes(dict[str, str]):
    """The name of an attribute by that of its header, empty where it is no header of an attribute."""

    def __missing__(self, header: str) -> str:
        found = header[len(PREFIX) :] if header.startswith(PREFIX) else ""
        # Anyone may send headers: what is remembered has an end.
        if len(self) < _REMEMBERED:
            self[header] = found
        return found


_REMEMBERED = 256
_ATTRIBUTE = _Attributes()


def attributes_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of the envelope among the headers of a message, as they came."""
    named = _ATTRIBUTE
    return {attribute: value for header, value in told.items() if (attribute := named[header])}


def read(
    told: Mapping[str, Any], body: Any, content_type: str | None, attributes: Mapping[str, Any] | None = None
) -> Message:
    """The event of a message. ``attributes``: those of its headers, where the caller took them out already.

    Raises:
        SchemaError: content type, headers or body are not those of an event. The message names no values.
    """
    if content_type != CONTENT_TYPE:
        raise SchemaError(f"het bericht heeft niet het contenttype {CONTENT_TYPE}")
    if isinstance(body, str) or not isinstance(body, bytes | bytearray | memoryview):
        raise SchemaError("het bericht heeft geen bytes als inhoud")
    envelope = _envelope(attributes_of(told) if attributes is None else attributes)
    stored = StoredEvent(envelope, bytes(body), _hex(told, HASH), _hex(told, PREVIOUS_HASH), _cursor(told, CURSOR))
    return Message(stored, _cursor(told, PREVIOUS))


def _envelope(attributes: Mapping[str, Any]) -> Envelope:
    try:
        return Envelope.from_attributes(attributes)
    except KeyError as error:
        # Our own words: the names of what is missing, never a value.
        raise SchemaError(f"de envelop is niet volledig: {error.args[0]}") from None
    except (ValueError, TypeError):
        raise SchemaError("een datum, moment of volgnummer in de envelop is niet te lezen") from None


def _cursor(told: Mapping[str, Any], name: str) -> Cursor | None:
    if name not in told:
        return None
    try:
        return _parsed(str(told[name]))
    except ValueError:
        raise SchemaError(f"de header {name} is geen cursor") from None


# Each comes twice: as the cursor of an event, and as that before the next.
_parsed = lru_cache(maxsize=64)(Cursor.parse)


def _hex(told: Mapping[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(str(told.get(name, "")))
    except ValueError:
        raise SchemaError(f"de header {name} is geen hexadecimale waarde") from None
