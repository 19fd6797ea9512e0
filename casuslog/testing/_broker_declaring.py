"""Cases of the broker contract: what may be declared, how long it lives, what is refused, and streams."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from casuslog.testing._broker_base import PATIENCE, WAITING_KINDS, BrokerCases, BrokerUnderTest, Client, bodies

KINDS = pytest.mark.parametrize("kind", ["classic", "quorum", "stream"])


def exists(client: Client, queue: str) -> bool:
    """Whether a queue of this name exists, be it another connection's."""
    try:
        client.channel.queue_declare(queue, passive=True)
    except client.connection.channel_errors as error:
        if error.reply_code not in (404, 405):
            raise
        return bool(error.reply_code == 405)
    return True


class DeclareCases(BrokerCases):
    """Declaring and the lives of queues and exchanges."""

    @KINDS
    def test_declaring_again_changes_nothing(self, client: Client, kind: str) -> None:
        """The same declaration may be repeated; another one under the same name is refused: 406."""
        client.declare("q", kind)
        client.declare("q", kind)
        with pytest.raises(client.connection.channel_errors, match="inequivalent arg"):
            client.declare("q", kind, max_length_bytes=1000)
        with pytest.raises(client.connection.channel_errors, match="inequivalent arg"):
            client.declare("q", "classic" if kind != "classic" else "quorum")

    @pytest.mark.parametrize("kind", ["quorum", "stream"])
    @pytest.mark.parametrize("broken", [{"durable": False}, {"exclusive": True}, {"auto_delete": True}])
    def test_a_replicated_queue_is_durable_and_shared(self, client: Client, kind: str, broken: dict[str, bool]) -> None:
        """Quorum queues and streams cannot be transient, exclusive or auto-deleted: 406."""
        given = {"durable": True, "auto_delete": False, "exclusive": False, **broken}
        with pytest.raises(client.connection.channel_errors, match="invalid property"):
            client.channel.queue_declare("q", arguments={"x-queue-type": kind}, **given)

    @pytest.mark.parametrize(
        ("kind", "argument"),
        [("classic", {"delivery_limit": 3}), ("stream", {"single_active_consumer": True}), ("raar", {})],
    )
    def test_an_argument_of_another_kind_is_refused(self, client: Client, kind: str, argument: dict[str, Any]) -> None:
        """A queue argument that the kind does not have, or an unknown kind, is refused: 406."""
        with pytest.raises(client.connection.channel_errors, match="invalid arg"):
            client.declare("q", kind, **argument)

    def test_what_is_not_there_is_not_found(self, client: Client) -> None:
        """Asking for a queue or exchange that is not there is 404, and the channel works on after it."""
        assert not exists(client, "nergens")
        asked: tuple[Callable[[], object], ...] = (
            lambda: client.channel.exchange_declare("nergens", "topic", passive=True),
            lambda: client.channel.queue_bind("nergens", "amq.topic", "k"),
            lambda: client.channel.basic_consume("nergens"),
            lambda: client.channel.queue_purge("nergens"),
        )
        for ask in asked:
            with pytest.raises(client.connection.channel_errors, match="NOT_FOUND"):
                ask()
        client.declare("q")
        assert exists(client, "q")

    def test_deleting_what_is_not_there_is_no_error(self, client: Client) -> None:
        """Deleting a queue or exchange that is gone already succeeds."""
        client.channel.queue_delete("nergens")
        client.channel.exchange_delete("nergens")
        assert client.connection.connected

    def test_an_exchange_keeps_its_type(self, client: Client) -> None:
        """An exchange cannot be declared again with another type: 406."""
        client.channel.exchange_declare("x", "topic", durable=True, auto_delete=False)
        with pytest.raises(client.connection.channel_errors, match="inequivalent arg 'type'"):
            client.channel.exchange_declare("x", "fanout", durable=True, auto_delete=False)

    def test_reserved_names_are_refused(self, client: Client) -> None:
        """Names that begin with ``amq.`` belong to the broker, and nothing binds to the default exchange: 403."""
        with pytest.raises(client.connection.channel_errors, match="ACCESS_REFUSED"):
            client.channel.queue_declare("amq.mijn")
        client.declare("q")
        with pytest.raises(client.connection.channel_errors, match="ACCESS_REFUSED"):
            client.channel.queue_bind("q", "", "k")

    def test_a_queue_without_a_name_gets_one(self, client: Client) -> None:
        """An empty name makes the broker choose one."""
        assert client.channel.queue_declare("").queue.startswith("amq.gen-")

    def test_an_exclusive_queue_belongs_to_its_connection(self, client: Client, connect: Callable[[], Client]) -> None:
        """Nobody else may touch an exclusive queue (405), and it ends with its connection."""
        other = connect()
        client.channel.queue_declare("q", exclusive=True, auto_delete=False)
        with pytest.raises(other.connection.channel_errors, match="RESOURCE_LOCKED"):
            other.channel.queue_declare("q", passive=True)
        client.sever()
        assert self._goes(other, "q")

    def test_an_auto_delete_queue_ends_with_its_last_consumer(self, client: Client) -> None:
        """It exists until it had a consumer and has none any more."""
        client.channel.queue_declare("q", auto_delete=True)
        assert exists(client, "q")
        for tag in ("one", "two"):
            client.consume("q", consumer_tag=tag)
        client.channel.basic_cancel("one")
        assert exists(client, "q")
        client.channel.basic_cancel("two")
        assert self._goes(client, "q")

    def test_an_unused_queue_expires(self, client: Client) -> None:
        """A queue with ``x-expires`` goes when nobody has used it for that long."""
        client.channel.queue_declare("q", auto_delete=False, arguments={"x-expires": 300})
        client.consume("q", consumer_tag="one")
        client.settle(0.6)
        assert exists(client, "q")
        client.channel.basic_cancel("one")
        time.sleep(1)
        assert not exists(client, "q")

    def test_an_auto_delete_exchange_ends_with_its_last_binding(self, client: Client) -> None:
        """It exists until it had a binding and has none any more."""
        client.declare("q")
        client.channel.exchange_declare("x", "topic", durable=True, auto_delete=True)
        client.channel.queue_bind("q", "x", "k")
        client.channel.queue_unbind("q", "x", "k")
        with pytest.raises(client.connection.channel_errors, match="NOT_FOUND"):
            client.channel.exchange_declare("x", "topic", passive=True)

    @WAITING_KINDS
    def test_a_queue_can_be_emptied(self, client: Client, kind: str) -> None:
        """Purging tells how many messages were dropped."""
        client.publish(client.declare("q", kind), *"123")
        assert client.channel.queue_purge("q") == 3
        assert client.channel.basic_get("q") is None

    def test_a_consumer_tag_is_used_once(self, client: Client) -> None:
        """Using a consumer tag twice on a channel closes the connection: 530."""
        client.consume(client.declare("q"), consumer_tag="one")
        with pytest.raises(client.connection.connection_errors, match="NOT_ALLOWED"):
            client.consume("q", consumer_tag="one")

    def test_a_closed_connection_says_why(self, client: Client, broker: BrokerUnderTest) -> None:
        """When the broker closes a connection its client gets 320 CONNECTION_FORCED, and may connect anew."""
        broker.close_connections()
        with pytest.raises(client.connection.connection_errors, match="CONNECTION_FORCED"):
            client.settle(PATIENCE)
        again = Client(broker.url)
        again.declare("q")
        again.connection.release()

    @staticmethod
    def _goes(client: Client, queue: str) -> bool:
        deadline = time.monotonic() + PATIENCE
        while exists(client, queue) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not exists(client, queue)


class StreamCases(BrokerCases):
    """The stream queue: a log that is read, not emptied."""

    @pytest.fixture
    def stream(self, client: Client) -> str:
        """A stream with ten messages, ``0`` to ``9``."""
        client.publish(client.declare("s", "stream"), *"0123456789")
        return "s"

    @staticmethod
    def read(client: Client, stream: str, offset: int | str | None, count: int, prefetch: int = 10) -> list[Any]:
        """Read ``count`` messages from an offset, acknowledging each."""
        got: list[Any] = []

        def take(message: Any) -> None:
            got.append(message)
            client.channel.basic_ack(message.delivery_tag)

        client.channel.basic_qos(0, prefetch, False)
        arguments = {} if offset is None else {"x-stream-offset": offset}
        tag = client.channel.basic_consume(stream, callback=take, arguments=arguments)
        client.until(got, count)
        client.settle()
        client.channel.basic_cancel(tag)
        return got

    def test_reading_removes_nothing(self, client: Client, stream: str) -> None:
        """Every reader from the first offset gets everything, with its offset, never as redelivered."""
        for _ in range(2):
            got = self.read(client, stream, "first", 10)
            assert bodies(got) == list("0123456789")
            assert [m.headers["x-stream-offset"] for m in got] == list(range(10))
            assert not any(m.delivery_info["redelivered"] for m in got)

    def test_reading_from_an_offset(self, client: Client, stream: str) -> None:
        """A number is the first offset to read; a negative one is the beginning."""
        assert bodies(self.read(client, stream, 7, 3)) == ["7", "8", "9"]
        assert len(self.read(client, stream, -4, 10)) == 10

    @pytest.mark.parametrize("offset", ["next", None])
    def test_reading_what_comes(
        self, client: Client, connect: Callable[[], Client], stream: str, offset: str | None
    ) -> None:
        """``next``, which is also the default, gives only what comes after."""
        other = connect()
        other.channel.basic_qos(0, 10, False)
        got: list[Any] = []
        arguments = {} if offset is None else {"x-stream-offset": offset}
        other.channel.basic_consume(stream, callback=got.append, arguments=arguments)
        other.settle()
        client.publish(stream, "10", "11")
        assert bodies(other.until(got, 2)) == ["10", "11"]
        assert [m.headers["x-stream-offset"] for m in got] == [10, 11]

    def test_acknowledging_makes_room(self, client: Client, stream: str) -> None:
        """With a small prefetch a reader that acknowledges gets everything, in order."""
        assert bodies(self.read(client, stream, "first", 10, prefetch=2)) == list("0123456789")

    def test_a_reader_that_was_cut_begins_where_it_says(self, connect: Callable[[], Client], stream: str) -> None:
        """The broker keeps no place for a reader: what was unacknowledged is not sent to anybody else."""
        first, second = connect(), connect()
        first.until(first.consume(stream, prefetch=5, arguments={"x-stream-offset": "first"}), 5)
        first.sever()
        assert bodies(self.read(second, stream, 8, 2)) == ["8", "9"]

    def test_a_stream_wants_prefetch(self, client: Client, stream: str) -> None:
        """A consumer without prefetch is refused: 406."""
        with pytest.raises(client.connection.channel_errors, match="prefetch count is not set"):
            client.channel.basic_consume(stream)

    @pytest.mark.parametrize(
        "misuse",
        [
            lambda client, stream: client.consume(stream, no_ack=True),
            lambda client, stream: client.channel.basic_get(stream),
            lambda client, stream: client.channel.queue_purge(stream),
            lambda client, stream: _return_one(client, stream),
        ],
        ids=["no_ack", "get", "purge", "reject"],
    )
    def test_a_stream_is_no_queue(self, client: Client, stream: str, misuse: Callable[[Client, str], object]) -> None:
        """What a stream cannot do closes the connection: 540."""
        with pytest.raises(client.connection.connection_errors, match="NOT_IMPLEMENTED"):
            misuse(client, stream)

    @pytest.mark.parametrize("wrong", [{"max_age": "raar"}])
    def test_a_stream_checks_its_limits(self, client: Client, wrong: dict[str, str]) -> None:
        """A retention that cannot be read is refused."""
        with pytest.raises(client.connection.connection_errors, match="INTERNAL_ERROR"):
            client.declare("s", "stream", **wrong)


def _return_one(client: Client, stream: str) -> None:
    got = client.consume(stream, arguments={"x-stream-offset": "first"})
    client.channel.basic_reject(client.until(got, 1)[0].delivery_tag, requeue=True)
    client.settle()
