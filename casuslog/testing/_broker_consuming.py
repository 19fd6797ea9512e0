"""Cases of the broker contract: what a consumer may rely on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from casuslog.testing._broker_base import WAITING_KINDS, BrokerCases, Client, bodies, counts, redelivered


class ConsumeCases(BrokerCases):
    """Prefetch, acknowledging, returning, counting, dead letters and whose turn it is."""

    @WAITING_KINDS
    def test_prefetch_bounds_what_is_unacknowledged(self, client: Client, kind: str) -> None:
        """A consumer holds no more than its prefetch; an acknowledgement makes room for the next."""
        client.publish(client.declare("q", kind), *"12345")
        got = client.consume("q", prefetch=2)
        client.settle()
        assert bodies(got) == ["1", "2"]
        client.channel.basic_ack(got[0].delivery_tag)
        client.settle()
        assert bodies(got) == ["1", "2", "3"]

    @WAITING_KINDS
    def test_multiple_acknowledges_all_up_to_it(self, client: Client, kind: str) -> None:
        """An acknowledgement with ``multiple`` covers every earlier delivery, and no later one."""
        client.publish(client.declare("q", kind), *"12345")
        got = client.consume("q", prefetch=3)
        client.until(got, 3)
        client.channel.basic_ack(got[1].delivery_tag, multiple=True)
        client.settle()
        assert bodies(got) == ["1", "2", "3", "4", "5"]

    @WAITING_KINDS
    def test_without_acknowledgements_everything_comes(self, client: Client, kind: str) -> None:
        """With ``no_ack`` prefetch does not count and nothing is left in the queue."""
        client.publish(client.declare("q", kind), *"12345")
        got = client.consume("q", prefetch=1, no_ack=True)
        assert bodies(client.until(got, 5)) == ["1", "2", "3", "4", "5"]

    @WAITING_KINDS
    def test_a_message_is_acknowledged_once(self, client: Client, kind: str) -> None:
        """An unknown or repeated delivery tag closes the channel: 406."""
        client.publish(client.declare("q", kind), "1")
        got = client.consume("q")
        client.until(got, 1)
        client.channel.basic_ack(got[0].delivery_tag)
        client.channel.basic_ack(got[0].delivery_tag)
        with pytest.raises(client.connection.channel_errors, match="unknown delivery tag"):
            client.settle()

    def test_a_classic_queue_takes_a_message_back_where_it_stood(self, client: Client) -> None:
        """Requeued messages come again before what was behind them, in their old order, marked as redelivered."""
        client.publish(client.declare("q", "classic"), *"123456")
        got = client.consume("q", prefetch=5, consumer_tag="one")
        client.until(got, 5)
        client.channel.basic_cancel("one")
        for n in (4, 1, 3):
            client.channel.basic_reject(got[n].delivery_tag, requeue=True)
        again = client.consume("q")
        assert bodies(client.until(again, 4)) == ["2", "4", "5", "6"]
        assert redelivered(again) == [True, True, True, False]

    def test_a_quorum_queue_hands_out_first_what_came_back(self, client: Client) -> None:
        """With a delivery limit, returned messages come before all others, in the order of returning, counted."""
        client.publish(client.declare("q", delivery_limit=1000), *"123456")
        got = client.consume("q", prefetch=5, consumer_tag="one")
        client.until(got, 5)
        client.channel.basic_cancel("one")
        for n in (4, 1, 3):
            client.channel.basic_reject(got[n].delivery_tag, requeue=True)
        again = client.consume("q")
        assert bodies(client.until(again, 4)) == ["5", "2", "4", "6"]
        assert redelivered(again) == [True, True, True, False]
        assert counts(again) == [1, 1, 1, None]

    def test_a_quorum_queue_without_limit_puts_a_returned_message_last(self, client: Client) -> None:
        """Without a delivery limit a message that its consumer returns goes to the end: order is lost. Set a limit."""
        client.publish(client.declare("q"), *"123")
        message = client.take("q")
        client.channel.basic_reject(message.delivery_tag, requeue=True)
        assert bodies(client.until(client.consume("q"), 3)) == ["2", "3", "1"]

    @pytest.mark.parametrize("how", ["nack", "recover"])
    def test_all_can_be_returned_at_once(self, client: Client, how: str) -> None:
        """``nack`` with multiple and ``recover`` return everything unacknowledged, in order."""
        client.publish(client.declare("q", delivery_limit=1000), *"123456")
        got = client.consume("q", prefetch=5)
        client.until(got, 5)
        if how == "nack":
            client.nack(got[4].delivery_tag, multiple=True, requeue=True)
        else:
            client.channel.basic_recover(True)
        client.until(got, 10)
        assert bodies(got) == ["1", "2", "3", "4", "5"] * 2
        assert counts(got[5:]) == [1] * 5

    @pytest.mark.parametrize("how", ["severed", "closed", "channel closed"])
    @pytest.mark.parametrize(("kind", "limit"), [("classic", None), ("quorum", None), ("quorum", 1000)])
    def test_a_cut_returns_everything_unacknowledged_in_order(
        self, connect: Callable[[], Client], kind: str, limit: int | None, how: str
    ) -> None:
        """Whatever ends a consumer, another gets what it held, in order, before what nobody has seen."""
        first, second = connect(), connect()
        first.declare("q", kind, **({} if limit is None else {"delivery_limit": limit}))
        first.publish("q", *"123456")
        got = first.consume("q", prefetch=4)
        first.until(got, 4)
        first.channel.basic_ack(got[0].delivery_tag)
        first.settle()
        {"severed": first.sever, "closed": first.connection.release, "channel closed": first.channel.close}[how]()
        second.channel.basic_qos(0, 1, False)
        again: list[str] = []
        while len(again) < 5:
            message = second.take("q")
            again.append(bytes(message.body).decode())
            assert message.delivery_info["redelivered"] is (again[-1] in "2345")
            if kind == "quorum":
                assert message.headers["x-delivery-count"] == (1 if again[-1] in "2345" else 0)
            second.channel.basic_ack(message.delivery_tag)
        assert again == ["2", "3", "4", "5", "6"]

    def test_beyond_the_delivery_limit_a_message_is_dead(self, client: Client) -> None:
        """A quorum queue delivers a message its limit and once more; then it is dead-lettered, with the reason."""
        client.declare("dead")
        client.declare("q", delivery_limit=2, dead_letter_exchange="", dead_letter_routing_key="dead")
        client.publish("q", "1", kind="proef")
        got = client.consume("q", prefetch=1)
        for turn in range(3):
            client.channel.basic_reject(client.until(got, turn + 1)[turn].delivery_tag, requeue=True)
        dead = client.take("dead")
        assert counts(got) == [None, 1, 2]
        assert dead.headers["kind"] == "proef"
        assert dead.headers["x-first-death-reason"] == "delivery_limit"
        assert dead.delivery_info["redelivered"] is False

    def test_beyond_the_delivery_limit_without_a_dead_letter_exchange_it_is_gone(self, client: Client) -> None:
        """Where no dead-letter exchange is named the message is dropped and the next one comes."""
        client.publish(client.declare("q", delivery_limit=1), "1", "2")
        got = client.consume("q", prefetch=1)
        for turn in range(2):
            client.channel.basic_reject(client.until(got, turn + 1)[turn].delivery_tag, requeue=True)
        assert bodies(client.until(got, 3)) == ["1", "1", "2"]

    @WAITING_KINDS
    def test_a_rejected_message_is_dead_lettered(self, client: Client, kind: str) -> None:
        """Rejected without requeue it goes to the dead-letter exchange, under its own key, counted in ``x-death``."""
        client.channel.exchange_declare("dlx", "fanout", durable=True, auto_delete=False)
        client.channel.queue_bind(client.declare("dead"), "dlx")
        client.publish(client.declare("q", kind, dead_letter_exchange="dlx"), "1")
        client.channel.basic_reject(client.take("q").delivery_tag, requeue=False)
        dead = client.take("dead")
        assert (dead.delivery_info["exchange"], dead.delivery_info["routing_key"]) == ("dlx", "q")
        death = dead.headers["x-death"][0]
        assert (death["count"], death["reason"], death["queue"]) == (1, "rejected", "q")
        assert (death["exchange"], death["routing-keys"]) == ("", ["q"])

    def test_consumers_of_a_queue_take_turns(self, client: Client) -> None:
        """Two consumers of a classic queue get a message each in turn."""
        client.declare("q", "classic")
        one, two = client.consume("q", prefetch=3), client.consume("q", prefetch=3)
        client.publish("q", *"1234")
        client.settle()
        assert sorted(bodies(one) + bodies(two)) == ["1", "2", "3", "4"]
        assert len(one) == len(two) == 2

    @WAITING_KINDS
    def test_only_one_consumer_is_active(self, connect: Callable[[], Client], kind: str) -> None:
        """With single active consumer the first gets all; when it is cut the next one takes over, from where it was."""
        first, second = connect(), connect()
        first.declare("q", kind, single_active_consumer=True)
        one, two = first.consume("q", prefetch=3), second.consume("q", prefetch=10)
        first.publish("q", *"123456")
        first.until(one, 3)
        second.settle()
        assert (bodies(one), bodies(two)) == (["1", "2", "3"], [])
        first.channel.basic_ack(one[0].delivery_tag)
        first.settle()
        first.sever()
        assert bodies(second.until(two, 5)) == ["2", "3", "4", "5", "6"]

    def test_a_quorum_queue_with_one_active_consumer_gives_to_nobody_else(self, client: Client) -> None:
        """basic.get from a quorum queue with single active consumer is refused: 405."""
        client.publish(client.declare("q", single_active_consumer=True), "1")
        with pytest.raises(client.connection.channel_errors, match="RESOURCE_LOCKED"):
            client.channel.basic_get("q")

    @WAITING_KINDS
    def test_a_cancelled_consumer_keeps_what_it_has(self, client: Client, kind: str) -> None:
        """After a cancel nothing new comes, and what was delivered can still be acknowledged."""
        client.publish(client.declare("q", kind), *"123")
        got = client.consume("q", prefetch=1, consumer_tag="one")
        client.until(got, 1)
        client.channel.basic_cancel("one")
        client.channel.basic_ack(got[0].delivery_tag)
        client.settle()
        assert bodies(got) == ["1"]
        assert bodies(client.until(client.consume("q"), 2)) == ["2", "3"]

    @WAITING_KINDS
    def test_a_consumer_hears_that_its_queue_is_gone(
        self, client: Client, connect: Callable[[], Client], kind: str
    ) -> None:
        """Deleting a queue cancels its consumers, who are told."""
        gone: list[str] = []
        client.declare("q", kind)
        client.consume("q", consumer_tag="one", on_cancel=gone.append)
        connect().channel.queue_delete("q")
        client.until(gone, 1)
        assert gone == ["one"]

    @WAITING_KINDS
    def test_taking_one_message(self, client: Client, kind: str) -> None:
        """basic.get gives the first message or nothing, and it stays unacknowledged until acknowledged."""
        client.declare("q", kind)
        assert client.channel.basic_get("q") is None
        client.publish("q", "1")
        message = client.take("q")
        assert (bytes(message.body), message.delivery_info["routing_key"]) == (b"1", "q")
        assert client.channel.basic_get("q") is None
