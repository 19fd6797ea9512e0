"""RabbitMQ definitions: what stands in the broker, and what each service and relay may do there.

Made from the topology and from which service follows which; `rabbitmqctl import_definitions` takes it, on 3.10 and 4.
Patterns are anchored: an unanchored one matches more than meant.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casuslog.broker.topology import (
    HOLDER_ARGUMENTS,
    HOLDER_PREFIX,
    LOG_EXCHANGE,
    STREAM_MAX_AGE,
    STREAM_MAX_BYTES,
    STREAM_QUEUE,
)
from casuslog.consume.inbox import inbox_of

RELAY = "relay"
RPC = "nameko-rpc"
"""Exchange of the questions of one service to another."""
DELIVERING = "abonnement"
"""The service that feeds the queues of holders."""
MANAGING = "houderbeheer"
"""Makes the users of holders through the management API, which takes that of an administrator only."""
NOTHING = "^$"
_REPLY = "[0-9a-f-]{36}"
"""The routing key of an answer: the id of who asked."""


def user_of(name: str) -> str:
    """The user of a service, of the relays, or of who makes the users of holders."""
    return f"casuslog-{name}"


def holders_vhost(vhost: str) -> str:
    """Where the queues of holders stand: what is in the log cannot even be named there."""
    return f"{vhost}-houders"


def definitions(
    follows: Mapping[str, Sequence[str]], *, vhost: str = "casuslog", passwords: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The definitions of an installation.

    Args:
        follows: per service the services that it follows.
        vhost: where it all stands, but for the queues of holders (:func:`holders_vhost`).
        passwords: by user; who is not named cannot log in before ``rabbitmqctl change_password``.
    """
    given = passwords or {}
    users = [user_of(name) for name in (*follows, RELAY)]
    apart, managing = holders_vhost(vhost), user_of(MANAGING)
    return {
        "vhosts": [{"name": vhost}, {"name": apart}],
        "users": [
            *(_user(user, given.get(user, "")) for user in users),
            _user(managing, given.get(managing, ""), "administrator"),
        ],
        "permissions": [*(_service(name, vhost) for name in follows), _relay(vhost), _delivering(apart)],
        "topic_permissions": [
            *(_topics(name, sources, vhost) for name, sources in follows.items()),
            _all_topics(vhost),
        ],
        "policies": [_unroutable_is_refused(vhost), _unroutable_is_refused(apart)],
        "exchanges": [_exchange(LOG_EXCHANGE, vhost), _exchange(RPC, vhost)],
        "queues": [_stream(vhost), *_inboxes(follows, vhost)],
        "bindings": [_binding(STREAM_QUEUE, "#", vhost), *_bindings(follows, vhost)],
    }


def text_of(made: Mapping[str, Any]) -> str:
    """Definitions as they stand in a file."""
    return json.dumps(made, indent=2) + "\n"


def _user(name: str, password: str, *tags: str) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": _hashed(password) if password else "",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": list(tags),
    }


def _hashed(password: str) -> str:
    """As RabbitMQ keeps it: four bytes of salt, and the SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _service(name: str, vhost: str) -> dict[str, Any]:
    own = [_exactly(f"casuslog.inbox.{name}"), _exactly(f"rpc-{name}"), r"rpc\.reply-.*"]
    holders = [re.escape(HOLDER_PREFIX) + ".*"] if name == DELIVERING else []
    default = [r"amq\.default"] if name == DELIVERING else []
    exchanges = [_exactly(RPC), _exactly(LOG_EXCHANGE)]
    return {
        "user": user_of(name),
        "vhost": vhost,
        "configure": _anchored([*own, *exchanges, *holders]),
        # To bind a queue is to write to it and to read its exchange. Nobody but a relay writes to the log.
        "write": _anchored([*own, _exactly(RPC), *holders, *default]),
        "read": _anchored([*own, *exchanges, *holders]),
    }


def _delivering(vhost: str) -> dict[str, Any]:
    """Who feeds the queues of holders, where nothing else stands."""
    holders = re.escape(HOLDER_PREFIX) + ".*"
    return {
        "user": user_of(DELIVERING),
        "vhost": vhost,
        "configure": _anchored([holders]),
        "write": _anchored([holders, r"amq\.default"]),
        "read": _anchored([holders]),
    }


def _relay(vhost: str) -> dict[str, Any]:
    inboxes = r"casuslog\.inbox\..*"
    own = [_exactly(LOG_EXCHANGE), _exactly(STREAM_QUEUE)]
    return {
        "user": user_of(RELAY),
        "vhost": vhost,
        "configure": _anchored([*own, inboxes]),
        # It mends the bindings of inboxes that are there, and reads none of them.
        "write": _anchored([*own, inboxes]),
        "read": _anchored([_exactly(LOG_EXCHANGE)]),
    }


def _topics(name: str, sources: Sequence[str], vhost: str) -> dict[str, Any]:
    """A service binds the streams of whom it follows, and publishes nothing on the log."""
    keys = [re.escape(key).replace(r"\#", "#") for key in inbox_of(name, sources).keys]
    return {
        "user": user_of(name),
        "vhost": vhost,
        "exchange": LOG_EXCHANGE,
        "write": NOTHING,
        "read": _anchored(keys) if keys else NOTHING,
    }


def _all_topics(vhost: str) -> dict[str, Any]:
    return {
        "user": user_of(RELAY),
        "vhost": vhost,
        "exchange": LOG_EXCHANGE,
        "write": "^[0-9]{4}\\..*$",
        "read": "^.*$",
    }


def _unroutable_is_refused(vhost: str) -> dict[str, Any]:
    """A queue of a holder holds what it was given: the broker never drops its oldest message for a new one, and lays
    what the holder rejects where it is read. Also of queues that were made before their arguments said so.
    """
    return {
        "vhost": vhost,
        "name": "casuslog-houders",
        "pattern": f"^{re.escape(HOLDER_PREFIX)}[0-9a-f-]{{36}}$",
        "apply-to": "queues",
        "definition": {name.removeprefix("x-"): value for name, value in HOLDER_ARGUMENTS.items()},
        "priority": 1,
    }


def _exchange(name: str, vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _stream(vhost: str) -> dict[str, Any]:
    arguments = {"x-queue-type": "stream", "x-max-age": STREAM_MAX_AGE, "x-max-length-bytes": STREAM_MAX_BYTES}
    return _queue(STREAM_QUEUE, arguments, vhost)


def _inboxes(follows: Mapping[str, Sequence[str]], vhost: str) -> Iterator[dict[str, Any]]:
    for name, sources in follows.items():
        if sources:
            inbox = inbox_of(name, sources)
            yield _queue(inbox.queue, inbox.arguments, vhost)


def _queue(name: str, arguments: Mapping[str, Any], vhost: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(arguments)}


def _bindings(follows: Mapping[str, Sequence[str]], vhost: str) -> Iterator[dict[str, Any]]:
    for name, sources in follows.items():
        if sources:
            inbox = inbox_of(name, sources)
            yield from (_binding(inbox.queue, key, vhost) for key in inbox.keys)


def _binding(queue: str, key: str, vhost: str) -> dict[str, Any]:
    return {
        "source": LOG_EXCHANGE,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def _exactly(name: str) -> str:
    return re.escape(name)


def _anchored(patterns: Sequence[str]) -> str:
    return f"^({'|'.join(patterns)})$"


__all__ = ["definitions", "holders_vhost", "text_of", "user_of"]
