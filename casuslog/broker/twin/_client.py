"""The client's side: py-amqp itself, with the twin where its socket would be.

Only framing and the socket are left out. What a channel raises, how a confirm is awaited, which types a header comes
back as: all of that is py-amqp's own code, as it is on RabbitMQ.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from kombu.transport import pyamqp

from casuslog.broker.twin._broker import broker
from casuslog.broker.twin._session import Session

YIELD_EVERY = 64
"""After so many methods a client lets other (green) threads run, as a socket would make it do."""

SERVER = {
    "product": "RabbitMQ",
    "version": "3.10.8",
    "platform": "casuslog twin",
    "capabilities": {"publisher_confirms": True, "basic.nack": True, "consumer_cancel_notify": True},
}
CLIENT = {"consumer_cancel_notify": True, "connection.blocked": True}


class Line:
    """Stands where py-amqp has its socket."""

    sock = None

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def connected(self) -> bool:
        return self.session.alive

    def close(self) -> None:
        self.session.cut()

    def having_timeout(self, timeout: float | None) -> AbstractContextManager[None]:
        del timeout  # writing never waits
        return nullcontext()


class Connection(pyamqp.Connection):
    """A py-amqp connection to the broker of this process."""

    def connect(self, callback: Any = None) -> Any:
        if self.connected:
            return callback() if callback else None
        session = broker(self.host.partition(":")[0]).open(self.virtual_host)
        self.transport = Line(session)
        self.server_properties = SERVER
        self.client_properties["capabilities"] = CLIENT
        self.on_inbound_frame = self._no_frames
        self.frame_writer = self._write
        self._written = 0
        self._handshake_complete = True
        return self.on_open(self)

    def _no_frames(self, frame: Any) -> None:
        raise NotImplementedError("the twin hands over methods, not frames")

    def _write(self, kind: int, channel: int, method: tuple[int, int], arguments: Any, content: Any) -> None:
        if kind != 1:
            return  # a heartbeat
        self.bytes_sent += 1
        self.transport.session.receive(channel, method, arguments or b"", content)
        self._written += 1
        if self._written % YIELD_EVERY == 0:
            time.sleep(0)

    def blocking_read(self, timeout: float | None = None) -> bool:
        channel, method, payload, content = self.transport.session.next(timeout)
        self.bytes_recv += 1
        self.on_inbound_method(channel, method, payload, content)
        return True


class Transport(pyamqp.Transport):
    """``tweeling://[name][/vhost]``: kombu's transport to the twin of that name in this process."""

    Connection = Connection
    driver_name = "tweeling"
    implements = pyamqp.Transport.implements.extend(asynchronous=False, heartbeats=False)

    def driver_version(self) -> str:
        return "1"
