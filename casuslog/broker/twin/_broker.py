"""The brokers of this process, by name."""

from __future__ import annotations

import threading

from casuslog.broker.twin._session import Session
from casuslog.broker.twin._vhost import Vhost


class TwinBroker:
    """One broker in memory. It forgets everything with the process: events are kept in the store, not here."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.RLock()
        self._vhosts: dict[str, Vhost] = {}
        self._sessions: list[Session] = []

    def open(self, vhost: str) -> Session:
        """Open a connection; a vhost exists once someone connects to it."""
        with self._lock:
            found = self._vhosts.setdefault(vhost, Vhost(vhost))
            for queue in [q for q in found.queues.values() if q.expired]:
                found.delete_queue(queue)
            session = Session(found, self._lock, self._sessions.remove)
            self._sessions.append(session)
            return session

    def close_connections(self, reason: str = "CONNECTION_FORCED - closed by the operator") -> None:
        """Close every connection from the broker's side, as an operator does: clients get 320 and the reason."""
        with self._lock:
            for session in list(self._sessions):
                session.close_by_broker(320, reason)

    def cut(self) -> None:
        """Break every connection without a word, as a failing network does."""
        for session in list(self._sessions):
            session.cut()

    def forget(self) -> None:
        """Lose all connections, queues and exchanges, as a crash does."""
        self.cut()
        with self._lock:
            self._vhosts.clear()


_brokers: dict[str, TwinBroker] = {}
_brokers_lock = threading.Lock()


def broker(name: str = "localhost") -> TwinBroker:
    """The broker that ``tweeling://<name>`` reaches in this process; made when first asked for."""
    key = "localhost" if name in ("", "127.0.0.1") else name
    with _brokers_lock:
        return _brokers.setdefault(key, TwinBroker(key))
