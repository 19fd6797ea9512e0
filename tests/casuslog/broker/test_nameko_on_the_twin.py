"""nameko 2.14.1 on the twin as on RabbitMQ: rpc, events, http, timer, an unknown service, stopping."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
import requests
from nameko.events import BROADCAST, EventDispatcher, event_handler
from nameko.exceptions import RemoteError, UnknownService
from nameko.rpc import RpcProxy, rpc
from nameko.runners import ServiceRunner
from nameko.standalone.rpc import ClusterRpcProxy
from nameko.timer import timer
from nameko.web.handlers import http

from casuslog.broker.connection import prepare
from casuslog.testing.instances import free_port

SEEN: list[Any] = []


class Vrager:
    """Asks, tells and ticks."""

    name = "vrager"
    rekenaar = RpcProxy("rekenaar")
    nergens = RpcProxy("nergens")
    dispatch = EventDispatcher()

    @rpc
    def twice(self, number: int) -> Any:
        return self.rekenaar.twice(number)

    @rpc
    def ask_nobody(self) -> str:
        try:
            return str(self.nergens.anything())
        except UnknownService as error:
            return f"onbekend: {error}"

    @rpc
    def tell(self, count: int) -> None:
        for number in range(count):
            self.dispatch("geteld", number)

    @http("GET", "/twice/<int:number>")
    def over_http(self, _request: Any, number: int) -> str:
        return str(self.rekenaar.twice(number))

    @timer(interval=0.1)
    def tick(self) -> None:
        SEEN.append("tick")


class Rekenaar:
    """Answers and listens."""

    name = "rekenaar"

    @rpc
    def twice(self, number: int) -> int:
        if number < 0:
            raise ValueError("negatief")
        return 2 * number

    @event_handler("vrager", "geteld")
    def counted(self, number: int) -> None:
        SEEN.append(("pool", number))

    @event_handler("vrager", "geteld", handler_type=BROADCAST, reliable_delivery=False)
    def heard(self, number: int) -> None:
        SEEN.append(("broadcast", number))

    @event_handler("vrager", "geteld", requeue_on_error=True)
    def failing_twice(self, number: int) -> None:
        SEEN.append(("tried", number))
        if sum(1 for seen in SEEN if seen == ("tried", 0)) < 3 and number == 0:
            raise ValueError("nog niet")


@pytest.fixture
def running(broker_url: str) -> Iterator[dict[str, Any]]:
    SEEN.clear()
    prepare(broker_url)
    config = {"AMQP_URI": broker_url, "WEB_SERVER_ADDRESS": f"127.0.0.1:{free_port()}", "max_workers": 1}
    runner = ServiceRunner(config)
    runner.add_service(Vrager)
    runner.add_service(Rekenaar)
    runner.start()
    yield config
    runner.stop()


def wait_for(seen: set[Any]) -> None:
    deadline = time.monotonic() + 10
    while not seen <= set(SEEN) and time.monotonic() < deadline:
        eventlet.sleep(0.05)
    assert seen <= set(SEEN)


def test_services_call_each_other(running: dict[str, Any]) -> None:
    """rpc through one service to another, a remote error, and an unknown service that does not hang."""
    with ClusterRpcProxy(running, timeout=10) as services:
        assert services.vrager.twice(3) == 6
        assert services.vrager.ask_nobody().startswith("onbekend")
        with pytest.raises(RemoteError, match="negatief"):
            services.vrager.twice(-1)
        with pytest.raises(UnknownService):
            services.nergens.anything()


def test_events_reach_every_handler_once(running: dict[str, Any]) -> None:
    """Each event comes once at each handler; one that fails and is requeued comes again there and nowhere else."""
    with ClusterRpcProxy(running, timeout=10) as services:
        services.vrager.tell(10)
    numbers = range(10)
    wait_for({("pool", n) for n in numbers} | {("broadcast", n) for n in numbers} | {("tried", n) for n in numbers})
    eventlet.sleep(0.3)
    assert sorted(s for s in SEEN if s[0] == "pool") == [("pool", n) for n in numbers]
    assert sorted(s for s in SEEN if s[0] == "broadcast") == [("broadcast", n) for n in numbers]
    assert SEEN.count(("tried", 0)) == 3


def test_http_and_timer_run_beside_it(running: dict[str, Any]) -> None:
    """An http entrypoint may call another service, and a timer ticks meanwhile."""
    answer = requests.get(f"http://{running['WEB_SERVER_ADDRESS']}/twice/4", timeout=10)
    assert answer.text == "8"
    wait_for({"tick"})
