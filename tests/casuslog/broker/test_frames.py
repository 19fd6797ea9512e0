"""Messages as frames: byte for byte what py-amqp would have sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from amqp import Message, spec
from amqp.method_framing import frame_writer
from amqp.serialization import dumps

from casuslog.broker._frames import publish_frames

HEADERS = {"cloudEvents_id": "0190", "cloudEvents_titel": "mandaat – bé", "leeg": ""}
PROPERTIES = {
    "content_type": "application/x",
    "content_encoding": "binary",
    "delivery_mode": 2,
    "message_id": "0190",
    "type": "nl.overheid.wmo.iets-gedaan",
}


class Socket:
    """Keeps what py-amqp writes."""

    frame_max = 4096
    bytes_sent = 0

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: Any) -> None:
        self.sent += bytes(data)


def by_amqp(body: bytes, headers: Mapping[str, str], properties: Mapping[str, Any]) -> bytes:
    """The frames as py-amqp writes them."""
    socket = Socket()
    arguments = dumps("Bssbb", (0, "casuslog.log", "0086.melding.x.01", True, False))
    message = Message(body, application_headers=dict(headers), **properties)
    frame_writer(socket, socket)(1, 7, spec.Basic.Publish, arguments, message)
    return socket.sent


def ours(body: bytes, headers: Mapping[str, Any], properties: Mapping[str, Any]) -> bytes | None:
    place = (7, "casuslog.log", "0086.melding.x.01")
    return publish_frames(*place, body, headers, properties, mandatory=True, frame_max=4096)


@pytest.mark.parametrize("size", [0, 1, 3000, 4088, 4089, 20_000])
def test_the_frames_are_those_of_py_amqp(size: int) -> None:
    """A body of any size, split over frames where it must be, is sent as py-amqp sends it."""
    assert ours(b"x" * size, HEADERS, PROPERTIES) == by_amqp(b"x" * size, HEADERS, PROPERTIES)


@pytest.mark.parametrize("left_out", sorted(PROPERTIES))
def test_a_property_that_is_absent_is_left_out(left_out: str) -> None:
    """Each property has its flag and its place; without it neither is there."""
    given = {name: value for name, value in PROPERTIES.items() if name != left_out}
    assert ours(b"x", HEADERS, given) == by_amqp(b"x", HEADERS, given)


@pytest.mark.parametrize(
    ("headers", "properties"),
    [({"n": 5}, PROPERTIES), (HEADERS, {**PROPERTIES, "expiration": "5"}), ({"x": "y" * 5000}, PROPERTIES)],
    ids=["a header that is no text", "another property", "headers longer than a frame"],
)
def test_what_it_cannot_write_is_left_to_py_amqp(headers: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """It never sends half of a message: what it does not know it does not begin with."""
    assert ours(b"x", headers, properties) is None
