"""A message as the twin keeps it: the bytes that a client wrote, so that types survive as they do on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import amqp
from amqp.spec import Basic


@dataclass(frozen=True, slots=True)
class Message:
    """What was published: ``properties`` as encoded by the client (headers included), never touched."""

    body: bytes
    properties: bytes
    exchange: str
    routing_key: str
    added: dict[str, Any] = field(default_factory=dict)
    """Headers that the broker adds (``x-death``)."""

    @classmethod
    def received(cls, content: amqp.Message, exchange: str, routing_key: str) -> Message:
        body = content.body
        if isinstance(body, str):
            body = body.encode(content.properties.setdefault("content_encoding", "utf-8"))
        return cls(bytes(body), content._serialize_properties(), exchange, routing_key)

    def content(self, **headers: Any) -> amqp.Message:
        """A copy for one receiver, with what the broker adds: underscores in names stand for dashes."""
        made = amqp.Message(self.body or "")
        made._load_properties(Basic.CLASS_ID, self.properties, 0)
        added = self.added | {name.replace("_", "-"): value for name, value in headers.items()}
        if added:
            made.properties["application_headers"] = (made.properties.get("application_headers") or {}) | added
        made.ready = True
        return made

    def headers(self) -> dict[str, Any]:
        return dict(self.content().properties.get("application_headers") or {})

    def died(self, queue: str, reason: str, exchange: str, routing_key: str) -> Message:
        """The message as it is dead-lettered: ``x-death`` counts each queue and reason, the latest in front."""
        headers = self.headers()
        earlier = [dict(death) for death in headers.get("x-death", ())]
        same = next((d for d in earlier if d["queue"] == queue and d["reason"] == reason), None)
        if same is None:
            now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
            same = {"count": 0, "reason": reason, "queue": queue, "time": now}
            same |= {"exchange": self.exchange, "routing-keys": [self.routing_key]}
        else:
            earlier.remove(same)
        same["count"] += 1
        first = {"x-first-death-exchange": self.exchange, "x-first-death-queue": queue, "x-first-death-reason": reason}
        added = {"x-death": [same, *earlier], **first, **{k: v for k, v in headers.items() if k in first}}
        return Message(self.body, self.properties, exchange, routing_key, added)


@dataclass(slots=True, eq=False)
class Entry:
    """A message in one queue."""

    message: Message
    number: int
    """Its place in the queue, or its offset in a stream."""
    redelivered: bool = False
    returns: int = 0
    """How often it came back: ``x-delivery-count`` of a quorum queue."""
