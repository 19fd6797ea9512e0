"""The private servers: they serve, they come back after a crash, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from kombu import Connection

from casuslog.errors import Unavailable
from casuslog.testing import _postgres, _rabbit
from casuslog.testing.instances import PrivateInstance, PrivatePostgres, PrivateRabbit

OWNER = """
import os, signal, sys
from casuslog.testing.instances import {kind}
server = {kind}().start()
print(server.pid, server.directory, flush=True)
if sys.argv[1] == "interrupted":
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
    except KeyboardInterrupt:
        raise
os.kill(os.getpid(), signal.SIGKILL)
"""


def _psycopg(url: str) -> str:
    return url.replace("postgresql+psycopg2", "postgresql")


def _gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "\nState:\tZ" in status.read_text()


def _mention(directory: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if directory in line:
            found.append(line)
    return found


@pytest.mark.postgres
def test_each_test_gets_an_empty_database(postgres_url: str, postgres: PrivatePostgres) -> None:
    """A database URL names an empty database of this test alone."""
    other = postgres.create_database()
    with psycopg2.connect(_psycopg(postgres_url)) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n int)")
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (1,)
    link.close()
    with psycopg2.connect(_psycopg(other)) as link, link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
    link.close()
    postgres.drop_database(other)


@pytest.mark.rabbitmq
def test_each_test_gets_an_empty_vhost(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """A queue declared in one vhost does not exist in another."""
    other = rabbit.create_vhost()
    with Connection(amqp_url) as here, Connection(other) as there:
        here.default_channel.queue_declare("q", durable=True, auto_delete=False)
        with pytest.raises(there.channel_errors, match="NOT_FOUND"):
            there.default_channel.queue_declare("q", passive=True)
    rabbit.drop_vhost(other)


@pytest.mark.postgres
def test_committed_data_survives_a_crash(postgres_url: str, postgres: PrivatePostgres) -> None:
    """After SIGKILL and a start on the same port, what was committed is there."""
    postgres.execute("CREATE TABLE kept AS SELECT 7 AS n", postgres_url.rpartition("/")[2])
    postgres.restart(crash=True)
    link = psycopg2.connect(_psycopg(postgres_url))
    with link.cursor() as cursor:
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchone() == (7,)
    link.close()


@pytest.mark.rabbitmq
@pytest.mark.slow
def test_a_quorum_queue_survives_a_crash(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """After SIGKILL of the broker a durable message is still in its quorum queue."""
    with Connection(amqp_url) as link:
        channel = link.default_channel
        channel.confirm_select()
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.basic_publish(channel.prepare_message(b"x"), routing_key="kept")
        link.drain_events(timeout=5)
    # RabbitMQ 3.10 writes the directory of its quorum queues half a second late; a younger queue is lost in a crash.
    time.sleep(1.5)
    rabbit.restart(crash=True)
    assert _first_of("kept", amqp_url) == b"x"


def _first_of(queue: str, url: str, seconds: float = 20) -> bytes:
    """Consume one message; until the queue has chosen its leader again, RabbitMQ answers 541 INTERNAL_ERROR."""
    got: list[Any] = []
    deadline = time.monotonic() + seconds
    while not got:
        try:
            with Connection(url) as link:
                link.default_channel.basic_consume(queue, callback=got.append)
                link.drain_events(timeout=1)
        except (*link.connection_errors, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    return bytes(got[0].body)


@pytest.mark.rabbitmq
def test_closing_connections_cuts_every_client(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """``close_connections`` ends a client's connection from the broker's side."""
    with Connection(amqp_url) as link:
        link.connect()
        rabbit.close_connections()
        with pytest.raises(link.connection_errors):
            link.drain_events(timeout=5)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.rabbitmq
@pytest.mark.parametrize("how", ["killed", "interrupted"])
@pytest.mark.parametrize("kind", [PrivatePostgres, PrivateRabbit])
def test_nothing_outlives_its_owner(kind: type[PrivateInstance], how: str, postgres: object, rabbit: object) -> None:
    """When the owning process is killed or interrupted, server, helpers and folder are gone within seconds."""
    script = OWNER.format(kind=kind.__name__)
    # A shell gives background jobs an ignored Ctrl-C, which they would hand on: the owner has to hear it.
    owner = subprocess.run(
        [sys.executable, "-c", script, how], capture_output=True, text=True, timeout=100, preexec_fn=_hear_interrupts
    )
    assert owner.returncode in (-signal.SIGKILL, -signal.SIGINT), owner.stderr
    pid, directory = owner.stdout.split()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and (_mention(directory) or not _gone(int(pid)) or os.path.exists(directory)):
        time.sleep(0.1)
    assert _mention(directory) == []
    assert _gone(int(pid))
    assert not os.path.exists(directory)


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def small() -> Iterator[PrivatePostgres]:
    """A PostgreSQL whose disk can be filled, where that can be had."""
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted, which takes root")
    with PrivatePostgres(disk_mb=200) as server:
        yield server


@pytest.mark.postgres
@pytest.mark.slow
def test_a_full_disk_refuses_and_takes_again_when_there_is_room(small: PrivatePostgres) -> None:
    """Without room PostgreSQL refuses to grow a table; with room it goes on, and the disk is gone with the server."""
    assert small.disk is not None
    small.execute("CREATE TABLE t (filler text)")
    grow = "INSERT INTO t SELECT repeat('x', 2000) FROM generate_series(1, 2000)"
    assert small.disk.fill() > 0
    assert small.disk.free < 4096
    with pytest.raises(psycopg2.errors.DiskFull):
        small.execute(grow)
    small.disk.make_room()
    small.execute(grow)
    small.close()
    assert not small.directory.exists()
    assert str(small.directory) not in Path("/proc/self/mounts").read_text()


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_small_disk_goes_with_its_owner() -> None:
    """When the owner is killed its disk is unmounted as well."""
    script = OWNER.format(kind="PrivatePostgres").replace("PrivatePostgres()", "PrivatePostgres(disk_mb=200)")
    owner = subprocess.run([sys.executable, "-c", script, "killed"], capture_output=True, text=True, timeout=100)
    directory = owner.stdout.split()[1]
    deadline = time.monotonic() + 15
    while os.path.exists(directory) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not os.path.exists(directory)
    assert directory not in Path("/proc/self/mounts").read_text()


def test_a_disk_that_may_not_be_mounted_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mounting is refused the server does not start on another disk instead; the error says what it takes."""
    server = PrivatePostgres(disk_mb=200)
    assert server.disk is not None
    monkeypatch.setenv("PATH", "/nergens")
    for _ in range(2):
        with pytest.raises(Unavailable, match="no small disk"):
            server.start()
    server.close()
    assert not server.directory.exists()


def test_a_missing_server_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where PostgreSQL or RabbitMQ is not installed the error names the script that installs it."""
    monkeypatch.setattr(_postgres, "POSTGRES_BIN", tmp_path)
    monkeypatch.setattr(_rabbit, "RABBITMQ_BIN", tmp_path)
    for server in (PrivatePostgres(), PrivateRabbit()):
        with pytest.raises(Unavailable, match="ensure-servers"):
            server.start()
        server.close()
        assert not server.directory.exists()


def _run_without_servers(**env: str) -> subprocess.CompletedProcess[str]:
    one = f"{__file__}::test_each_test_gets_an_empty_database"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", one]
    given = os.environ | {"CASUSLOG_POSTGRES_BIN": "/nergens"} | env
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)


def test_without_servers_the_tests_fail_and_say_what_to_do() -> None:
    """A test that needs a server fails where there is none, naming the script that installs it."""
    done = _run_without_servers(CASUSLOG_TESTS_WITHOUT_SERVERS="")
    assert done.returncode == 1
    assert "scripts/ensure-servers" in done.stdout
    assert "CASUSLOG_TESTS_WITHOUT_SERVERS=1" in done.stdout


def test_tests_left_out_are_counted() -> None:
    """Who asks for it may leave these tests out; the summary says how many."""
    done = _run_without_servers(CASUSLOG_TESTS_WITHOUT_SERVERS="1")
    assert done.returncode == 0
    assert "1 tests LEFT OUT" in done.stdout
