"""The world in which consumers are tested, and the brokers on which."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from casuslog.broker import twin
from casuslog.identifiers import new_id
from tests.casuslog.consume.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two owners and a consumer on SQLite."""
    made = World(tmp_path)
    yield made
    made.close()


@dataclass
class Broker:
    """A broker of this test alone. ``cut`` closes every connection from its side."""

    url: str
    cut: Callable[[], None]


@pytest.fixture(params=["tweeling", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The twin, and RabbitMQ."""
    if request.param == "rabbitmq":
        rabbit = request.getfixturevalue("rabbit")
        yield Broker(request.getfixturevalue("amqp_url"), rabbit.close_connections)
        return
    name = f"test-{new_id()}"
    yield Broker(f"{twin.SCHEME}://{name}", lambda: twin.broker(name).close_connections())
    twin.broker(name).forget()
