"""How the web server ends: who waits for an answer gets it, who waits to ask is let go, nobody is killed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from nameko.constants import WEB_SERVER_CONFIG_KEY
from nameko.containers import ServiceContainer
from werkzeug.wrappers import Request, Response

from casuslog.http import http
from casuslog.testing.instances import free_port


class Traag:
    """A service that answers at once, or when it is let."""

    name = "traag"
    gaat_verder = threading.Event()
    bezig = threading.Event()

    @http("GET", "/meteen")
    def meteen(self, _: Request) -> Response:
        """At once."""
        return Response("klaar")

    @http("GET", "/straks")
    def straks(self, _: Request) -> Response:
        """When it is let."""
        self.bezig.set()
        self.gaat_verder.wait(10)
        return Response("klaar")


@pytest.fixture
def draaiend() -> Iterator[tuple[ServiceContainer, str]]:
    """The service, running."""
    Traag.gaat_verder.clear()
    Traag.bezig.clear()
    port = free_port()
    container = ServiceContainer(Traag, {WEB_SERVER_CONFIG_KEY: f"127.0.0.1:{port}"})
    container.start()
    yield container, f"http://127.0.0.1:{port}"
    Traag.gaat_verder.set()
    container.stop()


def test_a_connection_that_waits_for_a_next_call_is_let_go(draaiend, caplog):
    """A client that keeps its connection open does not have to be killed, and costs no time."""
    container, url = draaiend
    with requests.Session() as session:
        assert session.get(f"{url}/meteen").text == "klaar"
        begin = time.monotonic()
        with caplog.at_level(logging.WARNING, "nameko.containers"):
            container.stop()
        assert time.monotonic() - begin < 1.0
        assert [record.getMessage() for record in caplog.records] == []


def test_a_call_under_way_is_answered_and_a_new_one_is_not_let_in(draaiend, caplog):
    """Stopping waits for the answer that is owed, and refuses whoever comes next."""
    container, url = draaiend
    answers = []
    asking = threading.Thread(target=lambda: answers.append(requests.get(f"{url}/straks").text))
    asking.start()
    assert Traag.bezig.wait(5)
    with caplog.at_level(logging.WARNING, "nameko.containers"):
        stopping = threading.Thread(target=container.stop)
        stopping.start()
        time.sleep(0.05)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/meteen", timeout=5)
        Traag.gaat_verder.set()
        stopping.join(5)
    asking.join(5)
    assert answers == ["klaar"]
    assert [record.getMessage() for record in caplog.records] == []
