"""What the installations of one run have in common, so that each need not start it anew."""

from __future__ import annotations

import contextlib
import os
from functools import cached_property

from casuslog.testing.instances import PrivatePostgres, PrivateRabbit
from tests.faults.processes import Zygote


class Common:
    """A PostgreSQL, a RabbitMQ and the process that forks: each started when it is first asked for.

    An installation has a database, a vhost and processes of its own there. A fault that leaves a server in another
    state than it found it brings a server of its own.
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()

    @cached_property
    def postgres(self) -> PrivatePostgres:
        """Runs."""
        return self._open.enter_context(PrivatePostgres())

    @cached_property
    def rabbit(self) -> PrivateRabbit:
        """Runs, and proposes a short heartbeat."""
        return self._open.enter_context(PrivateRabbit(heartbeat=5))

    @cached_property
    def zygote(self) -> Zygote:
        """May still be importing."""
        made = Zygote(os.environ)
        self._open.callback(made.close)
        return made

    def close(self) -> None:
        """End what was started; what is asked for afterwards is started anew."""
        self._open.close()
        for name in ("postgres", "rabbit", "zygote"):
            self.__dict__.pop(name, None)


__all__ = ["Common"]
