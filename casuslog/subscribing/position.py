"""How far a subscriber is, in a file of its own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class Position:
    """The last number that was done, per subscription, in a SQLite file; durable before it is acknowledged."""

    def __init__(self, path: Path | str, abonnement: str) -> None:
        self._path = str(path)
        self._abonnement = abonnement
        with self._open() as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS position (abonnement TEXT PRIMARY KEY, nummer INTEGER NOT NULL)")

    @property
    def nummer(self) -> int:
        """The last number that was done; 0 at the beginning."""
        with self._open() as conn:
            row = conn.execute("SELECT nummer FROM position WHERE abonnement = ?", (self._abonnement,)).fetchone()
        return int(row[0]) if row else 0

    def save(self, nummer: int) -> None:
        """Keep that all up to this number are done; an earlier one changes nothing."""
        with self._open() as conn:
            conn.execute(
                "INSERT INTO position VALUES (?, ?) ON CONFLICT (abonnement) "
                "DO UPDATE SET nummer = max(nummer, excluded.nummer)",
                (self._abonnement, nummer),
            )

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        conn = sqlite3.connect(self._path, timeout=30)
        try:
            with conn:
                yield conn
        finally:
            conn.close()
