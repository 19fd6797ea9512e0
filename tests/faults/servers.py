"""What is done to the servers themselves: their memory alarm, their queues, their open transactions, their disk.

Everything here is undone when its ``with`` ends, and each tells how to see that it struck.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2

from casuslog.testing.instances import PrivatePostgres, PrivateRabbit
from tests.faults.fault import DidNotStrike

POLICY = "vol"
WAIT_SECONDS = 20.0


def eventually(holds: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """Wait until something holds, and give it.

    Raises:
        DidNotStrike: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise DidNotStrike(f"not seen within {seconds:.0f} s: {what}")
        time.sleep(0.1)
    return found


# RabbitMQ


@contextlib.contextmanager
def memory_alarm(rabbit: PrivateRabbit) -> Iterator[None]:
    """Let the broker find that it has too little memory: it then reads nothing more from who publishes."""
    before = rabbit.evaluate("vm_memory_monitor:get_vm_memory_high_watermark().")
    rabbit.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.0001), ok.")
    try:
        eventually(lambda: "memory" in rabbit.evaluate("rabbit_alarm:get_alarms()."), "a memory alarm")
        yield
    finally:
        rabbit.evaluate(f"vm_memory_monitor:set_vm_memory_high_watermark({before}), ok.")


def blocked(rabbit: PrivateRabbit) -> int:
    """How many connections tried to publish under an alarm, and are not read from until it is over."""
    return int(rabbit.evaluate("length([1 || [{state, blocked}] <- rabbit_networking:connection_info_all([state])])."))


@contextlib.contextmanager
def full_queue(rabbit: PrivateRabbit, url: str, queue: str, length: int) -> Iterator[None]:
    """Let a queue refuse what comes after ``length`` messages, by a policy as an operator would set it."""
    vhost = vhost_of(url)
    limits = json.dumps({"max-length": length, "overflow": "reject-publish"})
    name, escaped = json.dumps(POLICY), json.dumps(limits)
    pattern = json.dumps(f"^{queue.replace('.', '[.]')}$")
    rabbit.evaluate(
        f"ok = rabbit_policy:parse_set(<<{json.dumps(vhost)}>>, <<{name}>>, <<{pattern}>>, <<{escaped}>>, 1, "
        f'<<"queues">>, <<"{rabbit.user}">>).'
    )
    try:
        yield
    finally:
        rabbit.evaluate(f'ok = rabbit_policy:delete(<<{json.dumps(vhost)}>>, <<{name}>>, <<"{rabbit.user}">>).')


def depth(rabbit: PrivateRabbit, url: str, queue: str) -> int:
    """How many messages wait in a queue; those that were handed over and not acknowledged do not count."""
    resource = f"rabbit_misc:r(<<{json.dumps(vhost_of(url))}>>, queue, <<{json.dumps(queue)}>>)"
    asked = f"{{ok, Q}} = rabbit_amqqueue:lookup({resource}), {{ok, Ready, _}} = rabbit_amqqueue:stat(Q), Ready."
    return int(rabbit.evaluate(asked))


def connections(rabbit: PrivateRabbit) -> int:
    """How many clients are connected, as the broker sees it."""
    return int(rabbit.evaluate("length(rabbit_networking:connections_local())."))


def vhost_of(url: str) -> str:
    """The vhost of an AMQP URL."""
    return unquote(urlsplit(url).path.removeprefix("/")) or "/"


# PostgreSQL


def session(url: str, name: str) -> Any:
    """A session of a stranger, by the name with which it shows; psycopg2, in a transaction from its first statement."""
    plain = url.replace("postgresql+psycopg2", "postgresql")
    return psycopg2.connect(plain, application_name=name, connect_timeout=10)


@contextlib.contextmanager
def hanging(url: str, name: str) -> Iterator[int]:
    """A stranger wrote something in this database and went for coffee. Gives the process id of the session."""
    stranger = session(url, name)
    try:
        with stranger.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS public.koffie (n int)")
            stranger.commit()
            cursor.execute("INSERT INTO public.koffie VALUES (1)")
        yield int(stranger.info.backend_pid)
    finally:
        stranger.close()


def move_to_a_fresh_cluster(old: PrivatePostgres, fresh: PrivatePostgres, *databases: str) -> None:
    """Dump databases, end their server, and restore them in a new one in its place.

    Nobody may be writing. Afterwards the transaction ids begin anew, as in any fresh cluster.
    """
    dumped = [(name, str(old.directory / f"{name}.dump")) for name in databases]
    for name, file in dumped:
        old.tool("pg_dump", "--format=custom", f"--file={file}", f"--dbname={name}")
    old.stop()
    fresh.start()
    for name, file in dumped:
        fresh.create_database(name)
        fresh.tool("pg_restore", "--exit-on-error", f"--dbname={name}", file)


def one(connection: Any, query: str, *values: Any) -> Any:
    """The first value of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
        return None if row is None else row[0]
