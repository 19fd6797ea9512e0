"""What AsyncAPI says beside the events: servers, who is let in, and the three channels over which a holder receives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from casuslog.broker.topology import DELIVERY_LIMIT, HOLDER_ARGUMENTS, holder_queue
from casuslog.cloudevents import AVRO_DATA, CLOUDEVENTS_AVRO, JSON_DATA
from casuslog.documents._openapi import QUERY
from casuslog.schema import CLOUDEVENTS_JSON

HOLDER, FEED, WEBHOOK = "houder", "feed", "webhook"
MODES: list[dict[str, str]] = [
    {"vorm": "avro", "wijze": "binair", "contentType": AVRO_DATA, "body": "single-object encoding of the record"},
    {
        "vorm": "avro",
        "wijze": "gestructureerd",
        "contentType": CLOUDEVENTS_AVRO,
        "body": "CloudEvents Avro format; data are bytes in single-object encoding",
    },
    {"vorm": "json", "wijze": "gestructureerd", "contentType": CLOUDEVENTS_JSON, "body": "CloudEvents JSON format"},
    {"vorm": "json", "wijze": "binair", "contentType": JSON_DATA, "body": "the data alone"},
]
"""The forms and modes that a subscription may choose; the same on every channel."""
_FEED_QUERY = ("na", "limiet", "wacht", "casus", "van_gemeente", "sinds")


def servers() -> dict[str, Any]:
    """The broker, the service abonnement, and the receiver's own address."""
    host = {"description": "of the installation"}
    return {
        "broker": {
            "host": "{host}:5671",
            "protocol": "amqps",
            "protocolVersion": "0-9-1",
            "description": "RabbitMQ; each holder has a user of its own, with rights on its queue alone.",
            "variables": {"host": host},
            "security": [{"$ref": "#/components/securitySchemes/broker"}],
        },
        "abonnement": {
            "host": "{host}:8107",
            "protocol": "https",
            "description": "The service abonnement: see openapi/abonnement.yaml for all of it.",
            "variables": {"host": host},
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
        "ontvanger": {
            "host": "{ontvanger}",
            "protocol": "https",
            "description": "Yours: the address that you name for the webhook. Only https, never inside, no redirects.",
            "variables": {"ontvanger": {"description": "host of the receiver"}},
            "security": [{"$ref": "#/components/securitySchemes/ondertekening"}],
        },
    }


def security_schemes() -> dict[str, Any]:
    """How each side knows the other."""
    return {
        "broker": {"type": "userPassword", "description": "The holder's own user."},
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Of the holder, in the role of the subscription.",
        },
        "ondertekening": {
            "type": "http",
            "scheme": "signature",
            "description": "HTTP Message Signatures (RFC 9421), label casuslog, hmac-sha256, with Content-Digest "
            "(RFC 9530); the key: GET /abonnementen/{abonnement}/webhook/sleutel.",
        },
    }


def channels(names: Iterable[str]) -> dict[str, Any]:
    """Queue, feed and webhook; the same messages on each."""
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    parameters = {"abonnement": {"description": "id of the subscription"}}
    return {
        HOLDER: {
            "address": holder_queue("{abonnement}"),
            "description": "The holder's own queue; nobody else can read it. At most 100 messages wait in it.",
            "servers": [{"$ref": "#/servers/broker"}],
            "parameters": parameters,
            "messages": messages,
            "bindings": {
                "amqp": {
                    "is": "queue",
                    "queue": {
                        "name": holder_queue("{abonnement}"),
                        "durable": True,
                        "exclusive": False,
                        "autoDelete": False,
                    },
                    "bindingVersion": "0.3.0",
                }
            },
            "x-queue-arguments": {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT, **HOLDER_ARGUMENTS},
            "x-modes": MODES,
        },
        FEED: {
            "address": "/abonnementen/{abonnement}/gebeurtenissen",
            "description": "Everything after a number, as a page of structured JSON; it waits for more when asked to.",
            "servers": [{"$ref": "#/servers/abonnement"}],
            "parameters": parameters,
            "messages": messages,
        },
        WEBHOOK: {
            "address": "/",
            "description": "Each number, in order, posted to the address that the holder named, after it said yes to "
            "OPTIONS (WebHook-Request-Origin). 2xx accepts, 410 ends it, 429 with Retry-After asks for time, another "
            "4xx of its own makes a dead letter, anything else is tried again for four days.",
            "servers": [{"$ref": "#/servers/ontvanger"}],
            "messages": messages,
            "x-modes": MODES,
        },
    }


def operations() -> dict[str, Any]:
    """What a holder does: receive from the queue, ask the feed, be called."""
    asked = {name: {**QUERY[name]["schema"], "description": QUERY[name]["description"]} for name in _FEED_QUERY}
    return {
        "ontvang": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{HOLDER}"},
            "summary": "Receive what the subscription selects and the rights of the day allow.",
            "bindings": {"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
        },
        "haal": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{FEED}"},
            "summary": "Ask for everything after a number.",
            "bindings": {
                "http": {"method": "GET", "query": {"type": "object", "properties": asked}, "bindingVersion": "0.3.0"}
            },
        },
        "word-gebeld": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{WEBHOOK}"},
            "summary": "Be called with each number.",
            "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
        },
    }
