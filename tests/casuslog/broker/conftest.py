"""Brokers for these tests: the twin, and RabbitMQ."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from casuslog.broker import twin


@pytest.fixture
def twin_url() -> Iterator[str]:
    """URL of a twin of this test alone."""
    name = f"t{secrets.token_hex(4)}"
    yield f"tweeling://{name}/"
    twin.broker(name).forget()


@pytest.fixture(params=["twin", pytest.param("rabbit", marks=pytest.mark.rabbitmq)])
def broker_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty broker: each test runs on the twin and on RabbitMQ."""
    url: str = request.getfixturevalue("twin_url" if request.param == "twin" else "amqp_url")
    return url
