"""A subscriber of one gemeente: a process of its own that keeps what it receives, and acknowledges after that."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from kombu import Queue, messaging
from kombu.exceptions import OperationalError

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue

HEARTBEAT = 5
PREFETCH = 20
COLUMNS = ("nummer", "event_id", "gemeente", "service", "stroom", "casus", "sequence", "oorzaak", "ingehouden", "again")
TABLE = f"CREATE TABLE IF NOT EXISTS received (n INTEGER PRIMARY KEY AUTOINCREMENT, {', '.join(COLUMNS)})"


def open_kept(path: Path) -> sqlite3.Connection:
    """The file in which a subscriber keeps what it received, in the order of arrival."""
    kept = sqlite3.connect(path, timeout=20, isolation_level=None)
    kept.execute("PRAGMA journal_mode=WAL")
    kept.execute(TABLE)
    return kept


def run(url: str, abonnement: str, path: str) -> None:
    """Receive for ever; a broken connection comes back by itself, and a queue that is not there yet is waited for."""
    probe = connect_to(url, name="abonnee")
    away = (OSError, OperationalError, *probe.connection_errors, *probe.channel_errors)
    with closing(open_kept(Path(path))) as kept:
        while True:
            try:
                _receive(url, abonnement, kept)
            except away:
                time.sleep(0.2)


def _receive(url: str, abonnement: str, kept: sqlite3.Connection) -> None:
    def arrived(message: Any) -> None:
        values = told(message.headers, again=bool(message.delivery_info.get("redelivered")))
        marks = ", ".join("?" * len(COLUMNS))
        kept.execute(f"INSERT INTO received ({', '.join(COLUMNS)}) VALUES ({marks})", values)  # our words
        message.ack()

    with connect_to(url, name=f"abonnee {abonnement}", heartbeat=HEARTBEAT) as connection:
        channel = connection.channel()
        channel.basic_qos(0, PREFETCH, False)
        queue = Queue(holder_queue(abonnement), no_declare=True)
        with messaging.Consumer(channel, [queue], on_message=arrived, auto_declare=False):
            while True:
                connection.heartbeat_check(rate=2)
                try:
                    connection.drain_events(timeout=1)
                except (socket.timeout, TimeoutError):  # noqa: UP041  # eventlet's green sockets raise their own
                    continue


def told(headers: dict[str, Any], *, again: bool) -> tuple[Any, ...]:
    """What the headers of a delivery say, in the order of :data:`COLUMNS`."""
    event = {name.removeprefix("cloudEvents_"): value for name, value in headers.items()}
    source = str(event.get("source", "")).rpartition(":")[2]
    sequence = event.get("sequence")
    return (
        int(event["casuslog_nummer"]),
        event.get("id"),
        event.get("gemeente"),
        source,
        event.get("stroom"),
        event.get("subject"),
        None if sequence is None else int(sequence),
        event.get("oorzaak"),
        bool(event.get("casuslog_ingehouden")),
        again,
    )


def received(path: Path, after: int) -> Iterator[sqlite3.Row]:
    """What a subscriber kept beyond row ``after``."""
    if not path.exists():
        return
    with closing(open_kept(path)) as kept:
        kept.row_factory = sqlite3.Row
        yield from kept.execute("SELECT * FROM received WHERE n > ? ORDER BY n", (after,)).fetchall()
