"""What every broker of the log must do, written once: RabbitMQ and the twin pass all of it, nothing is skipped.

Each case was first verified on RabbitMQ 3.10.8 (Debian 12). Run it against your own:
subclass, and say how it is reached.

::

    class TestMyBroker(BrokerContract):
        @pytest.fixture
        def broker(self, my_empty_vhost):
            return BrokerUnderTest(my_empty_vhost, close_connections=...)
"""

from __future__ import annotations

from casuslog.testing._broker_base import BrokerUnderTest
from casuslog.testing._broker_consuming import ConsumeCases
from casuslog.testing._broker_declaring import DeclareCases, StreamCases
from casuslog.testing._broker_publishing import PublishCases

__all__ = ["BrokerContract", "BrokerUnderTest"]


class BrokerContract(PublishCases, ConsumeCases, DeclareCases, StreamCases):
    """The whole contract: publishing, consuming, declaring, streams."""
