"""What every store must do, written once. Run it against your own: subclass, and say how a store is opened.

::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self, my_url):
            return lambda **given: EventStore.open(my_url, "proef", **given)

Each call of ``open_store`` opens the same database again. Cases that need two writers use threads; under eventlet these
are greenthreads.
"""

from __future__ import annotations

from casuslog.testing._store_alone import AloneCases
from casuslog.testing._store_appending import AppendCases
from casuslog.testing._store_base import OpenStore
from casuslog.testing._store_commands import CommandCases
from casuslog.testing._store_guarding import GuardCases
from casuslog.testing._store_importing import ImportCases
from casuslog.testing._store_reading import ReadCases

__all__ = ["OpenStore", "StoreContract"]


class StoreContract(AppendCases, AloneCases, ImportCases, ReadCases, CommandCases, GuardCases):
    """The whole contract: appending, reading, idempotent commands, and what guards the record."""
