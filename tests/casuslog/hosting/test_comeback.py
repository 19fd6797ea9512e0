"""nameko's own connection comes back within seconds, however long the broker was away."""

from __future__ import annotations

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError
from nameko.messaging import QueueConsumer

from casuslog.hosting import comeback
from casuslog.testing.instances import free_port


def test_no_pause_between_two_tries_is_longer_than_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """After many failures in a row the broker is still tried every five seconds."""
    monkeypatch.setattr(QueueConsumer, "establish_connection", QueueConsumer.establish_connection)
    comeback.install()
    pauses: list[float] = []

    class Waiting(QueueConsumer):
        connect_max_retries = 12

        def __init__(self) -> None:
            """Of a consumer only what makes its connection."""

        def create_connection(self) -> Connection:
            return Connection(f"amqp://127.0.0.1:{free_port()}//")

        def on_connection_error(self, error: Exception, interval: float) -> None:
            assert isinstance(error, OSError)
            pauses.append(interval)

    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    with pytest.raises(OperationalError), Waiting().establish_connection():
        pass
    assert pauses[0] < 1
    assert len(pauses) >= 10
    assert max(pauses) == comeback.LONGEST_SECONDS
