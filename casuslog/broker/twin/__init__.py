"""The in-process twin of RabbitMQ: a broker in memory behind a kombu transport, for ``make run`` and for tests.

After :func:`install` the URL ``tweeling://[name][/vhost]`` works wherever kombu or nameko takes an AMQP URL. The client
side is py-amqp itself; the broker side behaves as RabbitMQ 3.10.8 was measured to, and both pass the same contract
suite (:mod:`casuslog.testing.broker_contract`).

What it does not do, and says so when asked (540 NOT_IMPLEMENTED): message expiry, priorities, transactions, bindings
between exchanges, headers exchanges. It serves one process and keeps nothing after it.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES

from casuslog.broker.twin._broker import TwinBroker, broker
from casuslog.broker.twin._client import Transport

SCHEME = "tweeling"

__all__ = ["SCHEME", "Transport", "TwinBroker", "broker", "install"]


def install() -> None:
    """Teach kombu the scheme ``tweeling://``. May be called again."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
