"""A PostgreSQL and a RabbitMQ of one's own: on free ports of 127.0.0.1, in a temporary folder, gone when we are.

For tests, fault runs and trying things out; never for real data (PostgreSQL runs without fsync unless asked).
No process survives its owner: each server has a keeper (:mod:`casuslog.testing.keeper`) that ends it when the owner's
pipe closes, however the owner died.
"""

from casuslog.testing._instance import PrivateInstance, free_port, free_ports
from casuslog.testing._postgres import POSTGRES_BIN, PrivatePostgres
from casuslog.testing._rabbit import RABBITMQ_BIN, PrivateRabbit

__all__ = [
    "POSTGRES_BIN",
    "RABBITMQ_BIN",
    "PrivateInstance",
    "PrivatePostgres",
    "PrivateRabbit",
    "free_port",
    "free_ports",
]
