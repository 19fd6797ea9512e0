"""From store to log: one relay per service publishes what was committed, in order, until it is confirmed."""

from casuslog.relay._amqp import LogPublisher
from casuslog.relay._lease import Lease
from casuslog.relay._position import Fenced, RelayPosition
from casuslog.relay._relay import Publisher, Relay
from casuslog.relay._status import RelayStatus

__all__ = ["Fenced", "Lease", "LogPublisher", "Publisher", "Relay", "RelayPosition", "RelayStatus"]
