"""The store: append-only events per service, on PostgreSQL or SQLite, read in an order that never skips one.

See ``docs/architecture.md`` for its place and ``casuslog.testing.store_contract`` for what every store must do.
"""

from casuslog.recorded import START, Cursor
from casuslog.store._alone import Appended
from casuslog.store._along import prepared, send_along
from casuslog.store._append import LostRace
from casuslog.store._at_once import NOTHING, AtOnce, Beside, Condition, Required, Table
from casuslog.store._chain import GENESIS, canonical, link
from casuslog.store._commands import Command
from casuslog.store._horizon import Holder, Horizon
from casuslog.store._import import History, Imported
from casuslog.store._reader import EVERY_GEMEENTE, Everyone, Gemeenten
from casuslog.store._store import EventStore
from casuslog.store._tail import KeptEvent, Tail
from casuslog.store._transaction import Transaction
from casuslog.store._verify import ChainBreak

__all__ = [
    "EVERY_GEMEENTE",
    "GENESIS",
    "NOTHING",
    "START",
    "Appended",
    "AtOnce",
    "Beside",
    "ChainBreak",
    "Command",
    "Condition",
    "Cursor",
    "EventStore",
    "Everyone",
    "Gemeenten",
    "History",
    "Holder",
    "Horizon",
    "Imported",
    "KeptEvent",
    "LostRace",
    "Required",
    "Table",
    "Tail",
    "Transaction",
    "canonical",
    "link",
    "prepared",
    "send_along",
]
