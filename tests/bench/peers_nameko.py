"""nameko's own ``EventDispatcher`` and ``event_handler``, with their defaults, each in a process of its own.

What one would use instead. The dispatcher waits for a confirm per event and promises nothing about a database; the
handler acknowledges whatever its method did. Nothing here is of Casuslog.
"""

from __future__ import annotations

import time
from typing import Any

from tests.bench.child import Child, arguments, serve

SOURCE = "naast"
"""The service that dispatches; its exchange is ``naast.events``."""
EVENT = "gebeurd"
EXCHANGE = f"{SOURCE}.events"
QUEUE = f"evt-{SOURCE}-{EVENT}--ontvanger.ontvang"
"""The queue of the handler, by nameko's own naming."""
NOOP, INSERT, STAMP = "noop", "insert", "stamp"
"""What the handler does: nothing; one INSERT and a commit; keep how long ago the event was dispatched."""
TABLE = "nameko_effect"


def dispatcher(amqp_uri: str) -> Child:
    """Orders: ``dispatch(count, size)`` gives ``seconds``; ``pace(per_second, seconds)`` dispatches with its moment."""
    return Child(__name__, role="dispatcher", amqp_uri=amqp_uri)


def handler(amqp_uri: str, effect: str = NOOP, url: str = "", workers: int = 10) -> Child:
    """A service with one ``event_handler``.

    Args:
        amqp_uri: where; dispatcher and handler share it.
        effect: :data:`NOOP`, :data:`INSERT` or :data:`STAMP`.
        url: SQLAlchemy URL of the database for :data:`INSERT`.
        workers: ``max_workers``, which is the prefetch too; nameko's default is 10.

    Orders: ``bind()`` makes the queue and leaves; ``handle(count)`` starts the service, handles so many and stops it,
    and gives the ``seconds`` from the first call to the last; ``listen()`` starts it and ``heard(count)`` gives the
    latencies in seconds of so many events and stops it.
    """
    return Child(__name__, role="handler", amqp_uri=amqp_uri, effect=effect, url=url, workers=workers)


def preload(amqp_uri: str, count: int, size: int = 1000) -> None:
    """Put events in the queue of a bound handler, quickly, as the dispatcher would have sent them."""
    from kombu import Connection

    with Connection(amqp_uri) as connection:
        producer = connection.Producer(serializer="json")
        for number in range(count):
            producer.publish(_data(number, size), exchange=EXCHANGE, routing_key=EVENT, delivery_mode=2)
        # A round trip after the last: the broker has taken them all in.
        while connection.default_channel.queue_declare(QUEUE, passive=True).message_count < count:
            time.sleep(0.01)


def _data(number: int, size: int) -> dict[str, Any]:
    return {"n": number, "t": time.time(), "text": "x" * max(0, size - 50)}


def _dispatcher(amqp_uri: str) -> None:
    import eventlet
    from nameko.containers import ServiceContainer
    from nameko.events import EventDispatcher
    from nameko.rpc import rpc
    from nameko.testing.services import entrypoint_hook

    class Dispatching:
        name = SOURCE
        send = EventDispatcher()

        @rpc
        def dispatch(self, count: int, size: int) -> dict[str, float]:
            started = time.monotonic()
            for number in range(count):
                self.send(EVENT, _data(number, size))
            return {"seconds": time.monotonic() - started}

        @rpc
        def pace(self, per_second: float, seconds: float) -> dict[str, float]:
            started, late = time.monotonic(), 0.0
            for number in range(int(per_second * seconds)):
                ahead = started + number / per_second - time.monotonic()
                late = max(late, -ahead)
                eventlet.sleep(max(0.0, ahead))
                self.send(EVENT, _data(number, 1000))
            return {"seconds": time.monotonic() - started, "late": late}

    container = ServiceContainer(Dispatching, {"AMQP_URI": amqp_uri})
    container.start()

    def order(method: str, **given: Any) -> Any:
        with entrypoint_hook(container, method, timeout=300) as call:
            return call(**given)

    _serve({name: _bound(order, name) for name in ("dispatch", "pace")})
    container.stop()


def _bound(order: Any, name: str) -> Any:
    return lambda **given: order(name, **given)


def _handler(amqp_uri: str, effect: str, url: str, workers: int) -> None:
    from eventlet import sleep
    from nameko.containers import ServiceContainer
    from nameko.events import event_handler

    heard: list[float] = []
    stamps: list[float] = []
    act = _effect(effect, url, stamps)

    class Handling:
        name = "ontvanger"

        @event_handler(SOURCE, EVENT)
        def ontvang(self, data: dict[str, Any]) -> None:
            act(data)
            heard.append(time.monotonic())

    running: list[ServiceContainer] = []

    def listen() -> None:
        heard.clear()
        stamps.clear()
        container = ServiceContainer(Handling, {"AMQP_URI": amqp_uri, "max_workers": workers})
        container.start()
        running.append(container)

    def leave() -> None:
        running.pop().stop()

    def bind() -> None:
        listen()
        leave()

    def handle(count: int) -> dict[str, float]:
        listen()
        while len(heard) < count:
            sleep(0.005)
        seconds = heard[count - 1] - heard[0]
        leave()
        return {"seconds": seconds}

    def latencies(count: int, patience: float = 30.0) -> list[float]:
        deadline = time.monotonic() + patience
        while len(heard) < count and time.monotonic() < deadline:
            sleep(0.02)
        leave()
        return list(stamps)

    _serve({"bind": bind, "handle": handle, "listen": listen, "heard": latencies})


def _effect(effect: str, url: str, stamps: list[float]) -> Any:
    if effect == NOOP:
        return lambda data: None  # noqa: ARG005  # the limit: a handler that does nothing
    if effect == STAMP:
        return lambda data: stamps.append(time.time() - data["t"])
    from sqlalchemy import create_engine, text

    engine = create_engine(url, pool_size=10, max_overflow=90)
    with engine.begin() as conn:
        conn.execute(
            text(f"CREATE TABLE IF NOT EXISTS {TABLE} (id bigserial PRIMARY KEY, n bigint, t double precision)")
        )
    insert = text(f"INSERT INTO {TABLE} (n, t) VALUES (:n, :t)")  # a constant

    def write(data: dict[str, Any]) -> None:
        with engine.begin() as conn:
            conn.execute(insert, {"n": data["n"], "t": data["t"]})

    return write


def _serve(orders: Any) -> None:
    import sys

    from eventlet import tpool

    serve(orders, read=lambda: str(tpool.execute(sys.stdin.readline)))


def main() -> None:
    """One side, as its arguments say."""
    import eventlet

    eventlet.monkey_patch()
    given = arguments()
    {"dispatcher": _dispatcher, "handler": _handler}[given.pop("role")](**given)


if __name__ == "__main__":
    main()
