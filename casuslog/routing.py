"""Where an event goes in the log: the routing key, and the patterns that inboxes bind with.

``<gemeentecode>.<service>.<name>.<bucket>``, four words. Nothing in it can identify a person: the bucket is shared by
one in 64 cases.
"""

from __future__ import annotations

from collections.abc import Mapping

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX
from casuslog.identifiers import casus_bucket


def routing_key(envelope: Envelope) -> str:
    """The routing key of an event, e.g. ``0086.melding.melding-geregistreerd.17``.

    A version suffix ``.v2`` of the type becomes ``-v2``, because a dot would begin another word.
    """
    return _key(envelope.gemeente, envelope.source, envelope.type, envelope.subject)


def routing_key_of(attributes: Mapping[str, str]) -> str:
    """The routing key of an event by the attributes of its envelope, as they are kept."""
    return _key(attributes["gemeente"], attributes["source"], attributes["type"], attributes["subject"])


def _key(gemeente: str, source: str, wire_type: str, subject: str) -> str:
    name = wire_type.removeprefix(TYPE_PREFIX).replace(".", "-")
    return f"{gemeente}.{source.rpartition(':')[2]}.{name}.{casus_bucket(subject)}"


def binding(service: str, gemeente: str = "*") -> str:
    """The pattern for whole streams of a service, of one gemeente or of all: ``*.melding.#``.

    An inbox binds whole streams, never single event types: otherwise it could not tell a gap from what it left out.
    """
    return f"{gemeente}.{service}.#"
