"""The PyPI package ``eventsourcing`` with its default settings, which lock the table: its fast mode loses events.

Its own recorder, pool and API, with payloads as large as ours (envelope and body). They are made beforehand: it
encodes, encrypts, chains and validates nothing while the clock runs, and keeps no key of a command.
"""

from __future__ import annotations

import os
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from sqlalchemy import make_url

NAME = "eventsourcing 9.5.6"


def recorder_at(url: str) -> PostgresApplicationRecorder:
    """A recorder on a database, as its factory makes one: pool of 5 connections, 10 more when needed."""
    parsed = make_url(url)
    datastore = PostgresDatastore(
        dbname=str(parsed.database),
        host=str(parsed.host),
        port=str(parsed.port),
        user=str(parsed.username),
        password=str(parsed.password),
        pool_size=5,
        max_overflow=10,
        connect_timeout=30,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
    recorder.create_table()
    return recorder


def events_of(count: int, size: int, per_stream: int) -> list[StoredEvent]:
    """Events of ``size`` bytes in streams of ``per_stream`` events."""
    made: list[StoredEvent] = []
    while len(made) < count:
        originator: UUID = uuid4()
        made += [
            StoredEvent(originator, version, "services.melding:MeldingGeregistreerd", os.urandom(size))
            for version in range(1, per_stream + 1)
        ]
    return made[:count]
