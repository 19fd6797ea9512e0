"""AsyncAPI 3.0: queue, feed and webhook, with every event that can arrive and real encoded examples."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version as installed
from typing import Any

from casuslog.cloudevents import AVRO_DATA
from casuslog.documents._channels import channels, operations, security_schemes, servers
from casuslog.documents._described import Described
from casuslog.documents._types import data_schema
from casuslog.envelope import Envelope
from casuslog.schema import CLOUDEVENTS_JSON

NUMBERING: dict[str, Any] = {
    "casuslog_nummer": {
        "type": "integer",
        "minimum": 1,
        "description": "Number within the subscription, without gaps: a hole means that something was lost.",
    },
    "casuslog_niveau": {
        "type": "string",
        "enum": ["status", "informatiearm", "feiten", "volledig"],
        "description": "How much of the event this message shows.",
    },
    "casuslog_verwijzing": {
        "type": "string",
        "description": "Path at the service abonnement where the rest may be fetched; judged and logged then.",
    },
}


def asyncapi(events: Sequence[Described]) -> dict[str, Any]:
    """The document, as plain data."""
    messages = {event.version.name: _message(event) for event in events}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Casuslog",
            "version": installed("casuslog"),
            "description": "The case history of the sociaal domein, as the holder of a subscription receives it.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": CLOUDEVENTS_JSON,
        "servers": servers(),
        "channels": channels((*messages, "Ingehouden")),
        "operations": operations(),
        "components": {
            "messages": {**messages, "Ingehouden": _withheld()},
            "schemas": {"Envelop": _envelope()},
            "securitySchemes": security_schemes(),
        },
    }


def _message(event: Described) -> dict[str, Any]:
    version = event.version
    fixed = {"type": {"const": version.wire_type}, "data": data_schema(event.declaration)}
    return {
        "name": version.wire_type,
        "title": version.name,
        "summary": event.meaning,
        "contentType": CLOUDEVENTS_JSON,
        "x-avro": {"contentType": AVRO_DATA, "schema": version.dataschema, "exampleHex": event.as_avro().hex()},
        "x-grondslag": event.law,
        "headers": {"type": "object", "properties": NUMBERING, "required": ["casuslog_nummer"]},
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelop"}, {"type": "object", "properties": fixed}]},
        "examples": [
            {
                "name": "volledig",
                "headers": {"casuslog_nummer": 1, "casuslog_niveau": "volledig"},
                "payload": {**event.as_json(), "nummer": 1, "niveau": "volledig"},
            }
        ],
    }


def _withheld() -> dict[str, Any]:
    return {
        "name": "ingehouden",
        "title": "Ingehouden",
        "summary": "A number whose event may no longer be shown: it keeps the numbers without gaps, and says nothing.",
        "headers": {
            "type": "object",
            "properties": {"casuslog_nummer": NUMBERING["casuslog_nummer"], "casuslog_ingehouden": {"const": True}},
            "required": ["casuslog_nummer", "casuslog_ingehouden"],
        },
    }


def _envelope() -> dict[str, Any]:
    names = [name for name in Envelope.__dataclass_fields__ if name != "geimporteerd"]
    properties = {name: {"type": "string"} for name in (*names, "geimporteerd", "specversion", "datacontenttype")}
    return {
        "type": "object",
        "description": "CloudEvents 1.0, NL GOV profile. All attributes are strings.",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "time", "subject", "gemeente", "feitdatum"],
    }
