"""How soon nameko's own connection comes back: after an outage of minutes it would wait for half a minute more.

kombu's consumer, on which nameko's stands, waits two seconds longer after each failure, up to thirty. Over that
connection go the questions of one service to another, with which what was missed is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nameko.messaging import QueueConsumer

FIRST_SECONDS, MORE_SECONDS, LONGEST_SECONDS = 0.5, 1.0, 5.0
"""The first pause; how much longer each next one is; the longest."""


@contextmanager
def _connected(consumer: Any) -> Iterator[Any]:
    with consumer.create_connection() as connection:
        connection.ensure_connection(
            consumer.on_connection_error,
            consumer.connect_max_retries,
            interval_start=FIRST_SECONDS,
            interval_step=MORE_SECONDS,
            interval_max=LONGEST_SECONDS,
        )
        yield connection


def install() -> None:
    """Let every nameko container in this process come back like that. May be called again."""
    QueueConsumer.establish_connection = _connected
