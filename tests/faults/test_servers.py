"""What the fault run does to servers: it strikes, it can be seen, and it is undone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from kombu import Connection

from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.errors import StoreError, Unavailable
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.testing._proef import opened_with, stream
from casuslog.testing._store_base import append
from casuslog.testing.instances import PrivatePostgres, PrivateRabbit
from tests.faults.fault import DidNotStrike
from tests.faults.servers import (
    blocked,
    connections,
    depth,
    eventually,
    full_queue,
    hanging,
    memory_alarm,
    move_to_a_fresh_cluster,
    one,
    session,
)

QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def link(amqp_url: str) -> Iterator[Connection]:
    """A connection with a quorum queue ``bak``."""
    with Connection(amqp_url) as made:
        made.default_channel.queue_declare("bak", durable=True, auto_delete=False, arguments=QUORUM)
        yield made


def publisher(link: Connection) -> ConfirmingPublisher:
    return ConfirmingPublisher(link, exchange="", confirm_timeout=2)


def put(link: Connection, count: int) -> None:
    """Publish into ``bak``, one by one."""
    sending = publisher(link)
    for _ in range(count):
        sending.publish(Outgoing("bak", b"x"))
        sending.flush()


@pytest.mark.rabbitmq
def test_a_full_queue_refuses_until_there_is_room(link: Connection, amqp_url: str, rabbit: PrivateRabbit) -> None:
    """Beyond its length the broker answers with a nack; without the policy it takes again. Nothing was dropped."""
    with full_queue(rabbit, amqp_url, "bak", 3):
        with pytest.raises(Unavailable, match="refused"):
            put(link, 50)
        held = depth(rabbit, amqp_url, "bak")
        assert held >= 3
    put(link, 1)
    eventually(lambda: depth(rabbit, amqp_url, "bak") == held + 1, "one more")


@pytest.mark.rabbitmq
def test_a_memory_alarm_blocks_who_publishes(link: Connection, rabbit: PrivateRabbit) -> None:
    """Under the alarm no confirm comes; afterwards what was sent is confirmed after all."""
    sending = publisher(link)
    with memory_alarm(rabbit):
        sending.publish(Outgoing("bak", b"x"))
        eventually(lambda: sending.drain() == 0 and blocked(rabbit) == 1, "the blocked connection")
        assert sending.drain() == 0
    sending.flush()
    assert (sending.confirmed, blocked(rabbit)) == (1, 0)


@pytest.mark.rabbitmq
def test_connections_are_counted_as_the_broker_sees_them(link: Connection, rabbit: PrivateRabbit) -> None:
    """A client counts from its login to its end."""
    before = connections(rabbit)
    link.close()
    eventually(lambda: connections(rabbit) == before - 1, "one fewer")


@pytest.mark.postgres
def test_a_stranger_holds_the_log_until_he_is_gone(postgres: PrivatePostgres, postgres_url: str) -> None:
    """From another database of the server; who asks for the horizon is told the session."""
    store = EventStore.open(postgres_url, "proef", **opened_with())
    with hanging(postgres.url(), "koffie") as pid:
        append(store, stream(), 0, 1)
        assert store.read_log(EVERY_GEMEENTE) == []
        assert [(h.pid, h.application) for h in store.horizon().holders] == [(pid, "koffie")]
    eventually(lambda: len(store.read_log(EVERY_GEMEENTE)) == 1, "the event")
    store.close()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_restore_in_a_fresh_cluster_needs_a_new_era() -> None:
    """In the place of the old server stands one with other transaction ids: the store refuses it until an era opens."""
    with PrivatePostgres() as old:
        url = old.create_database("proef")
        store = EventStore.open(url, "proef", **opened_with())
        append(store, stream(), 0, 1, 2)
        kept = [event.envelope.id for event in store.read_log(EVERY_GEMEENTE)]
        store.close()
        fresh = PrivatePostgres(in_place_of=old)
        with contextlib.closing(fresh):
            move_to_a_fresh_cluster(old, fresh, "proef")
            assert not old.running
            assert fresh.url("proef") == url
            with pytest.raises(StoreError):
                EventStore.open(url, "proef", **opened_with())
            EventStore.open_era(url, "proef", reason="proef", clock=opened_with()["clock"])
            again = EventStore.open(url, "proef", **opened_with())
            append(again, stream(), 0, 3)
            assert [event.envelope.id for event in again.read_log(EVERY_GEMEENTE)][:2] == kept
            assert len(again.read_log(EVERY_GEMEENTE)) == 3
            again.close()


@pytest.mark.postgres
def test_a_session_shows_under_its_name(postgres: PrivatePostgres) -> None:
    """What is seen of it on the server is the name that it was given."""
    stranger = session(postgres.url(), "vreemd")
    assert one(stranger, "SELECT application_name FROM pg_stat_activity WHERE pid = %s", stranger.info.backend_pid) == (
        "vreemd"
    )
    stranger.close()


def test_what_is_not_seen_in_time_did_not_strike() -> None:
    """A fault that cannot be shown to have happened is no fault that was survived."""
    with pytest.raises(DidNotStrike, match="a comet"):
        eventually(lambda: False, "a comet", 0.2)
    assert eventually(lambda: 7, "seven") == 7
