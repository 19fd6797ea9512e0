"""The broker's side of one connection: its channels, what it owes the client, and what becomes of it when cut."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import amqp
from amqp.serialization import dumps, loads
from amqp.spec import Basic, Channel, Confirm, Connection
from amqp.spec import Exchange as ExchangeSpec
from amqp.spec import Queue as QueueSpec

from casuslog.broker.twin._channel import HANDLERS, ServerChannel, Signature
from casuslog.broker.twin._faults import ChannelFault, ConnectionFault, not_implemented
from casuslog.broker.twin._vhost import Vhost

Frame = tuple[int, Signature, bytes, amqp.Message | None]

ARGUMENTS: dict[Signature, str] = {
    Channel.Open: "s",
    Channel.Close: "BsBB",
    Channel.CloseOk: "",
    Channel.FlowOk: "b",
    Connection.Close: "BsBB",
    Connection.CloseOk: "",
    ExchangeSpec.Declare: "BssbbbbbF",
    ExchangeSpec.Delete: "Bsbb",
    QueueSpec.Declare: "BsbbbbbF",
    QueueSpec.Bind: "BsssbF",
    QueueSpec.Unbind: "BsssF",
    QueueSpec.Delete: "Bsbbb",
    QueueSpec.Purge: "Bsb",
    Basic.Qos: "lBb",
    Basic.Consume: "BssbbbbF",
    Basic.Cancel: "sb",
    Basic.Publish: "Bssbb",
    Basic.Get: "Bsb",
    Basic.Ack: "Lb",
    Basic.Reject: "Lb",
    Basic.Nack: "Lbb",
    Basic.Recover: "b",
    Basic.RecoverAsync: "b",
    Confirm.Select: "b",
}
"""How the arguments of each method are encoded (AMQP 0.9.1 with RabbitMQ's extensions)."""


class Session:
    """One connection as the broker sees it. All entry points but :meth:`next` hold the broker's lock."""

    def __init__(self, vhost: Vhost, lock: threading.RLock, gone: Callable[[Session], None]) -> None:
        self.vhost = vhost
        self.alive = True
        self.channels: dict[int, ServerChannel] = {}
        self._lock = lock
        self._gone = gone
        self._closing = False
        self._outgoing: deque[Frame] = deque()
        self._wake = threading.Condition()

    def next(self, timeout: float | None) -> Frame:
        """The next frame for the client; waits for it without polling.

        Raises:
            TimeoutError: none came in time.
            OSError: the connection was cut.
        """
        try:
            return self._outgoing.popleft()
        except IndexError:
            pass
        with self._wake:
            self._wake.wait_for(lambda: self._outgoing or not self.alive, timeout)
            if self._outgoing:
                return self._outgoing.popleft()
        if not self.alive:
            raise OSError("Server unexpectedly closed connection")
        raise TimeoutError("timed out")

    def send(self, channel: int, method: Signature, form: str = "", *values: Any, content: Any = None) -> None:
        payload = b"\0\0\0\0" + (dumps(form, values) if form else b"")
        with self._wake:
            self._outgoing.append((channel, method, payload, content))
            self._wake.notify_all()

    def receive(self, number: int, method: Signature, arguments: bytes, content: amqp.Message | None) -> None:
        """Handle one method of the client.

        Raises:
            BrokenPipeError: the connection was cut.
        """
        with self._lock:
            if not self.alive:
                raise BrokenPipeError("Server unexpectedly closed connection")
            if self._closing and method not in (Connection.CloseOk, Connection.Close):
                return
            try:
                self._dispatch(number, method, arguments, content)
            except ConnectionFault as fault:
                self.close_by_broker(fault.code, fault.text, method)
            except ChannelFault as fault:
                self.channels[number].close_by_broker(fault, method)

    def _dispatch(self, number: int, method: Signature, arguments: bytes, content: amqp.Message | None) -> None:
        if method not in ARGUMENTS:
            raise not_implemented(f"the twin does not know method {method}")
        values = loads(ARGUMENTS[method], arguments, 0)[0] if ARGUMENTS[method] else []
        if method in (Connection.Close, Connection.CloseOk):
            if method == Connection.Close:
                self.send(0, Connection.CloseOk)
            self._release()
            # The client reads its CloseOk and then ends; nothing more is owed to it.
            return
        if method == Channel.Open:
            self.channels[number] = ServerChannel(number, self)
            self.send(number, Channel.OpenOk)
            return
        channel = self.channels.get(number)
        if channel is None or (channel.closing and method != Channel.CloseOk):
            return
        if content is not None:
            channel.publish(values, content)
        else:
            HANDLERS[method](channel, *values)

    def close_by_broker(self, code: int, text: str, method: Signature = (0, 0)) -> None:
        """Close the connection in an orderly way: the client hears why."""
        self._release()
        self._closing = True
        self.send(0, Connection.Close, "BsBB", code, text[:250], *method)

    def cut(self) -> None:
        """End the connection as a broken line does: nothing is said, what was not acknowledged goes back."""
        with self._lock:
            if not self.alive:
                return
            self._release()
            with self._wake:
                self.alive = False
                self._outgoing.clear()
                self._wake.notify_all()
            self._gone(self)

    def _release(self) -> None:
        channels, self.channels = list(self.channels.values()), {}
        for channel in channels:
            channel.drop_consumers()
        for channel in channels:
            channel.drop_unacknowledged()
        for queue in [q for q in self.vhost.queues.values() if q.declared.owner is self]:
            self.vhost.delete_queue(queue)
