"""The confirming publisher when a broker hangs, dies or is slow; and the connection it stands on."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from kombu import Consumer, Queue

from casuslog.broker import twin
from casuslog.broker.connection import connect_to, reaching
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import declare_holder
from casuslog.envelope import CONTENT_TYPE
from casuslog.errors import Unavailable
from casuslog.testing.instances import PrivateRabbit, free_port


def send(publisher: ConfirmingPublisher, queue: str, count: int, **properties: str) -> None:
    for _ in range(count):
        publisher.publish(Outgoing(queue, b"x", properties=properties))
    publisher.flush()


def test_the_body_comes_out_as_raw_bytes(broker_url: str) -> None:
    """kombu hands over an event undecoded, so that decoding fails where it can be parked."""
    got: list[tuple[object, str]] = []
    with connect_to(broker_url, name="test") as connection:
        holder = declare_holder(connection.default_channel, "h")
        publisher = ConfirmingPublisher(connection, exchange="")
        publisher.publish(Outgoing(holder, b"\xc3\x01\xff geen avro"))
        publisher.flush()
        consumer = Consumer(
            connection.default_channel,
            [Queue(holder, no_declare=True)],
            callbacks=[lambda body, message: got.append((body, message.content_type))],
            accept=[CONTENT_TYPE],
        )
        with consumer:
            connection.drain_events(timeout=10)
    assert got == [(b"\xc3\x01\xff geen avro", CONTENT_TYPE)]


@pytest.mark.rabbitmq
@pytest.mark.slow
def test_a_broker_that_hangs_is_given_up(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """When confirms stay away the publisher raises after its confirm timeout; the confirmed prefix stands."""
    connection = connect_to(amqp_url, name="test")
    holder = declare_holder(connection.default_channel, "h")
    publisher = ConfirmingPublisher(connection, exchange="", confirm_timeout=2)
    for _ in range(3):
        publisher.publish(Outgoing(holder, b"x"))
    assert publisher.flush() == 3
    rabbit.pause()
    started = time.monotonic()
    with pytest.raises(Unavailable, match="confirmed nothing for"):
        send(publisher, holder, 3)
    rabbit.resume()
    assert 2 <= time.monotonic() - started < 10
    assert publisher.confirmed == 3
    connection.collect()


@pytest.mark.rabbitmq
@pytest.mark.slow
def test_a_broker_that_dies_fails_the_publisher(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """SIGKILL of the broker: the next call raises Unavailable, and so does connecting until it is back."""
    connection = connect_to(amqp_url, name="test", timeout=2)
    holder = declare_holder(connection.default_channel, "h")
    publisher = ConfirmingPublisher(connection, exchange="")
    publisher.publish(Outgoing(holder, b"x"))
    publisher.flush()
    rabbit.kill()
    with pytest.raises(Unavailable):
        send(publisher, holder, 5)
    connection.collect()
    again = connect_to(amqp_url, name="test", timeout=2)
    with pytest.raises(Unavailable, match="away"), reaching(again):
        again.connect()


@pytest.mark.rabbitmq
def test_an_idle_publisher_keeps_its_connection(amqp_url: str) -> None:
    """``drain`` keeps the heartbeat: a connection lives on while nothing is published."""
    connection = connect_to(amqp_url, name="test", heartbeat=2)
    holder = declare_holder(connection.default_channel, "h")
    publisher = ConfirmingPublisher(connection, exchange="")
    deadline = time.monotonic() + 7
    while time.monotonic() < deadline:
        publisher.drain()
        time.sleep(0.3)
    publisher.publish(Outgoing(holder, b"x"))
    assert publisher.flush() == 1
    connection.release()


@pytest.mark.rabbitmq
def test_the_next_broker_is_tried(amqp_url: str) -> None:
    """Of several URLs the first that answers is used."""
    nobody = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    with connect_to(f"{nobody};{amqp_url}", name="test", timeout=2) as connection, reaching(connection):
        connection.ensure_connection(max_retries=2, timeout=10)
        declare_holder(connection.default_channel, "h")
        assert connection.connected


@pytest.mark.rabbitmq
@pytest.mark.slow
def test_a_window_is_much_faster_than_one_confirm_each(amqp_url: str) -> None:
    """Pipelined confirms publish several times as many messages a second as waiting for each."""
    with connect_to(amqp_url, name="test") as connection:
        holder = declare_holder(connection.default_channel, "h")

        def rate(window: int, count: int) -> float:
            publisher = ConfirmingPublisher(connection, exchange="", window=window)
            started = time.monotonic()
            for _ in range(count):
                publisher.publish(Outgoing(holder, b"x" * 500))
            publisher.flush()
            return count / (time.monotonic() - started)

        rate(1000, 1000)
        assert rate(1000, 5000) > 3 * rate(1, 500)


def test_a_password_is_not_in_the_error() -> None:
    """What is logged when the broker is away names the host and not the password."""
    connection = connect_to(f"amqp://gebruiker:geheim@127.0.0.1:{free_port()}/", name="test", timeout=1)
    with pytest.raises(Unavailable) as raised, reaching(connection):
        connection.connect()
    assert "geheim" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)


THREADS = """
import threading
from casuslog.broker.connection import connect_to
from casuslog.broker.publish import ConfirmingPublisher, Outgoing

COUNT = 2000
with connect_to("tweeling://threads/", name="p") as first:
    first.default_channel.queue_declare("q", auto_delete=False)
    got = []

    def consume():
        with connect_to("tweeling://threads/", name="c") as link:
            channel = link.default_channel
            channel.basic_qos(0, 10, False)
            def take(message):
                got.append(int(message.body))
                channel.basic_ack(message.delivery_tag)
            channel.basic_consume("q", callback=take)
            while len(got) < COUNT:
                link.drain_events(timeout=10)

    consumer = threading.Thread(target=consume)
    consumer.start()
    publisher = ConfirmingPublisher(first, exchange="")
    for n in range(COUNT):
        publisher.publish(Outgoing("q", str(n).encode()))
    publisher.flush()
    consumer.join(30)
    assert got == list(range(COUNT)), len(got)
print("in order")
"""


def test_the_twin_works_in_plain_threads() -> None:
    """Without eventlet, a publisher and a consumer in two threads meet on the twin, in order."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "in order", done.stderr


def test_the_twin_waits_without_polling(twin_url: str) -> None:
    """A waiting consumer is woken by the message, within milliseconds, and uses no processor until then."""
    import eventlet

    with connect_to(twin_url, name="c") as waiting, connect_to(twin_url, name="p") as other:
        waiting.default_channel.queue_declare("q", auto_delete=False)
        moments: list[float] = []
        waiting.default_channel.basic_consume("q", no_ack=True, callback=lambda _m: moments.append(time.monotonic()))
        thread = eventlet.spawn(waiting.drain_events, timeout=10)
        used = time.process_time()
        eventlet.sleep(1)
        assert time.process_time() - used < 0.2
        sent = time.monotonic()
        publisher = ConfirmingPublisher(other, exchange="")
        publisher.publish(Outgoing("q", b"x"))
        thread.wait()
        assert moments[0] - sent < 0.2


@pytest.mark.parametrize("argument", ["x-message-ttl", "x-max-priority"])
def test_the_twin_says_what_it_cannot_do(twin_url: str, argument: str) -> None:
    """What RabbitMQ has and the twin has not is refused aloud, never ignored."""
    with connect_to(twin_url, name="c") as link, pytest.raises(link.connection_errors, match="NOT_IMPLEMENTED"):
        link.default_channel.queue_declare("q", arguments={argument: 5})


def test_the_twin_refuses_a_message_that_expires(twin_url: str) -> None:
    """A message with an expiration is refused aloud."""
    with connect_to(twin_url, name="c") as link:
        publisher = ConfirmingPublisher(link, exchange="")
        with pytest.raises(Unavailable, match="NOT_IMPLEMENTED"):
            send(publisher, "q", 1, expiration="1000")


def test_a_twin_that_is_forgotten_is_empty(twin_url: str) -> None:
    """Forgetting a twin cuts its connections and drops its queues, as a crash of a broker without disks would."""
    link = connect_to(twin_url, name="c")
    link.default_channel.queue_declare("q", auto_delete=False)
    twin.broker(twin_url.split("/")[2]).forget()
    with pytest.raises(link.connection_errors):
        link.drain_events(timeout=1)
    link.collect()
    with connect_to(twin_url, name="c") as again, pytest.raises(again.channel_errors, match="NOT_FOUND"):
        again.default_channel.queue_declare("q", passive=True)
