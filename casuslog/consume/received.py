"""A delivery, taken for an event only when it is the one that was logged: whole, and unchanged on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casuslog.consume import wire
from casuslog.errors import SchemaError
from casuslog.store import canonical, link


def read(told: Mapping[str, Any], body: Any, content_type: str | None) -> wire.Message:
    """The event of a delivery.

    What was changed on its way could otherwise stand still in the lane of another casus, or come back as what it is
    not after a repair. The owner still has the event as it was logged: it is fetched from there.

    Raises:
        SchemaError: it is no event, or its envelope and body are not those of its hash. The message names no values.
    """
    attributes = wire.attributes_of(told)
    message = wire.read(told, body, content_type, attributes)
    stored = message.stored
    # Over the headers as they came: what the envelope leaves out or writes otherwise would not be seen in it.
    if not stored.hash or link(stored.prev_hash, _text(attributes), stored.body) != stored.hash:
        raise SchemaError("het bericht is onderweg veranderd: envelop en inhoud passen niet bij de hash")
    return message


def _text(attributes: Mapping[str, Any]) -> str:
    try:
        return canonical(attributes)
    except TypeError:  # a header that is no text
        return canonical({name: str(value) for name, value in attributes.items()})


__all__ = ["read"]
