"""What every test needs: eventlet first. A container started without the patch hangs (nameko 2.13 and later)."""

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402  # the patch comes before every other import
from collections.abc import Iterator  # noqa: E402
from typing import TypeVar  # noqa: E402

import pytest  # noqa: E402

pytest.register_assert_rewrite("casuslog.testing")  # the contract suites stand there, for others to run

from casuslog.errors import Unavailable  # noqa: E402
from casuslog.testing.instances import PrivateInstance, PrivatePostgres, PrivateRabbit  # noqa: E402

WITHOUT_SERVERS = "CASUSLOG_TESTS_WITHOUT_SERVERS"
NO_SERVER = "no server"

Server = TypeVar("Server", bound=PrivateInstance)


@pytest.fixture(autouse=True)
def fast_teardown() -> None:
    """In the place of nameko's own, which after each test stops every consumer, also of a platform that tests share."""


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PrivatePostgres]:
    server = PrivatePostgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _rabbit_server() -> Iterator[PrivateRabbit]:
    server = PrivateRabbit()
    yield server
    server.close()


@pytest.fixture
def postgres(_postgres_server: PrivatePostgres) -> PrivatePostgres:
    """The private PostgreSQL of this test process, running. A test may kill it; the next one gets it back alive."""
    return _awake(_postgres_server)


@pytest.fixture
def rabbit(_rabbit_server: PrivateRabbit) -> PrivateRabbit:
    """The private RabbitMQ of this test process, running. A test may kill it; the next one gets it back alive."""
    return _awake(_rabbit_server)


@pytest.fixture
def postgres_url(postgres: PrivatePostgres) -> Iterator[str]:
    """URL of an empty database for this test alone: ``postgresql+psycopg2://...``."""
    url = postgres.create_database()
    yield url
    _awake(postgres).drop_database(url)


@pytest.fixture
def amqp_url(rabbit: PrivateRabbit) -> Iterator[str]:
    """URL of an empty vhost for this test alone: ``amqp://...``."""
    url = rabbit.create_vhost()
    yield url
    _awake(rabbit).drop_vhost(url)


def _awake(server: Server) -> Server:
    try:
        server.resume()
        return server.start()
    except Unavailable as error:
        if os.environ.get(WITHOUT_SERVERS) == "1":
            pytest.skip(f"{NO_SERVER}: {error.detail.splitlines()[0]}")
        pytest.fail(f"{error.detail}\nOr set {WITHOUT_SERVERS}=1 to leave these tests out.", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were left out for want of a server: a skipped test proves nothing."""
    skipped = [r for r in terminalreporter.stats.get("skipped", ()) if NO_SERVER in str(r.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests LEFT OUT: no PostgreSQL or RabbitMQ here ({WITHOUT_SERVERS}=1)", red=True
        )
