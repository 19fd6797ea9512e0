"""What was changed on its way from the relay is never taken for an event; its owner still has the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casuslog.consume import received, wire
from casuslog.consume.catchup import Watch
from casuslog.envelope import CONTENT_TYPE
from casuslog.errors import SchemaError
from casuslog.identifiers import new_id
from casuslog.recorded import START
from tests.casuslog.consume.world import World, log, with_previous

Delivery = tuple[dict[str, Any], bytes]


def another_casus(told: dict[str, Any], body: bytes) -> Delivery:
    return {**told, "cloudEvents_subject": new_id()}, body


def another_number(told: dict[str, Any], body: bytes) -> Delivery:
    return {**told, "cloudEvents_sequence": "7"}, body


def another_gemeente(told: dict[str, Any], body: bytes) -> Delivery:
    return {**told, "cloudEvents_gemeente": "0080"}, body


def more(told: dict[str, Any], body: bytes) -> Delivery:
    return {**told, "cloudEvents_geimporteerd": "true"}, body


def flipped(told: dict[str, Any], body: bytes) -> Delivery:
    return told, body[:-1] + bytes([body[-1] ^ 1])


def cut(told: dict[str, Any], body: bytes) -> Delivery:
    return told, body[:-3]


def no_hash(told: dict[str, Any], body: bytes) -> Delivery:
    return {name: value for name, value in told.items() if name != wire.HASH}, body


def no_cursor(told: dict[str, Any], body: bytes) -> Delivery:
    return {**told, wire.CURSOR: "morgen"}, body


CHANGES = [another_casus, another_number, another_gemeente, more, flipped, cut, no_hash, no_cursor]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_on_its_way_is_refused(world: World, change: Callable[..., Delivery]) -> None:
    """Envelope, body and hash belong together; a delivery as it was sent is read as what was logged."""
    [event] = log(world.stores["bron"], new_id())
    told = wire.headers(event, START)
    assert received.read(told, event.body, CONTENT_TYPE) == wire.Message(event, START)
    with pytest.raises(SchemaError):
        received.read(*change(told, event.body), CONTENT_TYPE)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_delivery_parks_no_casus_and_the_owner_gives_the_real_one(
    world: World, change: Callable[..., Delivery]
) -> None:
    """It stands among the unreadable; the events take effect once and in order, and a replay changes nothing."""
    events = log(world.stores["bron"], new_id(), 3)
    consumer, acked = world.consumer(), []
    for n, (event, previous) in enumerate(with_previous(events)):
        told, body = wire.headers(event, previous), event.body
        if n == 1:
            told, body = change(told, body)
        consumer.deliver(told, body, CONTENT_TYPE, lambda n=n: acked.append(n))
        consumer.settle()
    assert consumer.attention.is_set()
    Watch(consumer).step()
    consumer.settle()
    assert world.effects() == [str(event.envelope.position) for event in events]
    assert sorted(acked) == [0, 1, 2]
    assert [lane.lane for lane in consumer.parking.list()] == ["onleesbaar"]
    assert consumer.parking.replay("onleesbaar").handled == 0
    assert world.effects() == [str(event.envelope.position) for event in events]


def test_a_changed_last_delivery_is_missed_at_once(world: World) -> None:
    """When nothing comes after it that shows the hole, what could not be read is itself the sign to ask the owner."""
    [event] = log(world.stores["bron"], new_id())
    consumer = world.consumer()
    consumer.deliver(*flipped(wire.headers(event, START), event.body), CONTENT_TYPE, lambda: None)
    consumer.settle()
    assert consumer.attention.is_set()
    Watch(consumer).step()
    consumer.settle()
    assert world.effects() == [str(event.envelope.position)]
