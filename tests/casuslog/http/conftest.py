"""What the tests of HTTP have in common: a service that runs on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nameko.constants import WEB_SERVER_CONFIG_KEY
from nameko.containers import ServiceContainer

from casuslog.testing.instances import free_port


@pytest.fixture(scope="module")
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of the class ``Echo`` of the test module, running."""
    number = free_port()
    container = ServiceContainer(request.module.Echo, {WEB_SERVER_CONFIG_KEY: f"127.0.0.1:{number}"})
    container.start()
    yield number
    container.stop()
