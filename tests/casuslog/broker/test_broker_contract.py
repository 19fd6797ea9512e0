"""RabbitMQ and the twin keep one contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from casuslog.broker import twin
from casuslog.testing.broker_contract import BrokerContract, BrokerUnderTest
from casuslog.testing.instances import PrivateRabbit


@pytest.mark.rabbitmq
class TestRabbitMQ(BrokerContract):
    """RabbitMQ as Debian ships it."""

    @pytest.fixture
    def broker(self, amqp_url: str, rabbit: PrivateRabbit) -> BrokerUnderTest:
        return BrokerUnderTest(amqp_url, rabbit.close_connections)


class TestTwin(BrokerContract):
    """The broker in this process."""

    @pytest.fixture
    def broker(self) -> Iterator[BrokerUnderTest]:
        ours = twin.broker("contract")
        yield BrokerUnderTest("tweeling://contract/proef", ours.close_connections)
        ours.forget()
