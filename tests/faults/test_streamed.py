"""The reader of the stream: every message once, in order, over cut connections too, and all of it anew when asked."""

from typing import Any

import pytest

from casuslog.broker.connection import connect_to
from casuslog.broker.publish import ConfirmingPublisher, Outgoing
from casuslog.broker.topology import declare_log
from casuslog.testing.instances import PrivateRabbit
from tests.casuslog.consume.brokers import until
from tests.faults.streamed import StreamReader

pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]


def test_it_reads_on_where_it_was_and_anew_when_asked(amqp_url: str, rabbit: PrivateRabbit) -> None:
    """A cut connection is told once and made anew; what was read does not come again, and nothing is left out."""
    found: list[tuple[int, Any]] = []
    reader = StreamReader(amqp_url, lambda offset, headers: found.append((offset, headers["n"])))
    _publish(amqp_url, range(5))
    until(lambda: reader.read() or len(found) == 5)
    rabbit.close_connections()
    with pytest.raises(Exception, match=r".+"):
        until(lambda: reader.read() or False, 10)
    _publish(amqp_url, range(5, 8))
    until(lambda: reader.read() or len(found) == 8)
    assert found == [(n, n) for n in range(8)]
    reader.forget()
    reader.read()
    assert found[8:] == [(n, n) for n in range(8)], "read anew it is all of it, at once: its end was seen before"
    reader.close()


def _publish(amqp_url: str, numbers: range) -> None:
    with connect_to(amqp_url, name="test") as connection:
        declare_log(connection.default_channel)
        publisher = ConfirmingPublisher(connection)
        for n in numbers:
            publisher.publish(Outgoing("0086.melding.iets.00", b"-", {"n": n}))
        publisher.flush()
