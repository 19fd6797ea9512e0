"""What was accepted, kept by who asked for it: the record against which everything else is held."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command that was answered: what the answer promises is from now on owed to everybody.

    ``events`` are the ids in the answer; ``position`` is where the last of them stands; ``at`` is seconds of the
    monotonic clock; ``tries`` counts the requests that it took (the same key each time).
    """

    key: str
    service: str
    command: str
    gemeente: str
    casus: str
    events: tuple[str, ...]
    position: str
    at: float
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Odd:
    """An answer that no correct command should get, whatever breaks: a refusal, or an error of the program (500)."""

    key: str
    command: str
    gemeente: str
    status: int
    code: str


class Ledger:
    """Append-only, in memory and line by line in a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._accepted: list[Accepted] = []
        self.odd: list[Odd] = []

    def accept(self, one: Accepted) -> None:
        """Note an accepted command before anybody hears of it."""
        with self._lock:
            self._file.write(f"{json.dumps(asdict(one))}\n")
            self._file.flush()
            self._accepted.append(one)

    def wonder(self, one: Odd) -> None:
        """Note an answer that should not have been given."""
        with self._lock:
            self._file.write(f"{json.dumps(asdict(one))}\n")
            self._file.flush()
            self.odd.append(one)

    def accepted(self, since: int = 0) -> list[Accepted]:
        """What was accepted, from number ``since`` on (from 0)."""
        with self._lock:
            return self._accepted[since:]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
