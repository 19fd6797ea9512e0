"""Which keys there are of a casus, and destroying them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, select, update

from casuslog.clock import Clock
from casuslog.privacy._tables import LIVING, sleutels
from casuslog.privacy._wrap import WRAPPED_SIZE

_PAGE = 500
_log = structlog.get_logger("casuslog.privacy")


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known of a key besides itself. ``destroyed``: when, or ``None`` while it lives."""

    id: str
    fase: str
    betrokkene: str
    klasse: str
    created: datetime
    destroyed: datetime | None


class Erasing:
    """The part of a key store that destroys."""

    _engine: Engine
    _clock: Clock
    _turn: Any

    def _writing(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def _reading(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def forget(self) -> None:
        """Forget what this process remembers of keys: a destruction elsewhere is in force here at once."""
        raise NotImplementedError

    def keys_of(self, gemeente: str, subject: str) -> list[KeyInfo]:
        """All keys of a gemeente for a subject, also the destroyed ones, by phase, betrokkene and class."""
        c = sleutels.c
        query = select(c.id, c.fase, c.betrokkene, c.klasse, c.aangemaakt, c.vernietigd)
        query = query.where(c.gemeente == gemeente, c.subject == subject)
        query = query.order_by(c.fase, c.betrokkene, c.klasse, c.aangemaakt)
        with self._turn, self._reading() as conn:
            return [KeyInfo(*row) for row in conn.execute(query)]

    def destroy(self, gemeente: str, fase: str, subject: str, betrokkene: str | None = None) -> int:
        """Destroy the keys of a phase, of one betrokkene or of all; returns how many were destroyed now.

        The wrapped bytes are overwritten. In this process it holds at once, elsewhere within ``CACHE_SECONDS``.
        """
        c = sleutels.c
        of_holder = (c.gemeente == gemeente) & (c.fase == fase) & (c.subject == subject)
        if betrokkene is not None:
            of_holder &= c.betrokkene == betrokkene
        return self._destroy(gemeente, of_holder, fase=fase)

    def destroy_keys(self, gemeente: str, key_ids: Collection[str]) -> int:
        """Destroy these keys of a gemeente; as :meth:`destroy`. One that is destroyed already stays so."""
        ids = sorted(key_ids)
        pages = [ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE)]
        c = sleutels.c
        return sum(self._destroy(gemeente, (c.gemeente == gemeente) & c.id.in_(page)) for page in pages)

    def compact(self) -> None:
        """Leave no old copy of a destroyed key in the files of the database.

        SQLite zeroes what is overwritten by itself. PostgreSQL keeps the old row until the table is written anew,
        which locks the keys for that moment. Copies elsewhere (archived WAL, backups of the key store) are for who
        keeps those.
        """
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.exec_driver_sql("VACUUM FULL sleutels")

    def _destroy(self, gemeente: str, which: Any, **told: str) -> int:
        gone = update(sleutels).where(which, LIVING)
        gone = gone.values(ingepakt=bytes(WRAPPED_SIZE), vernietigd=self._clock.now())
        with self._turn, self._writing() as conn:
            count = conn.execute(gone).rowcount
        self.forget()
        _log.info("keys_destroyed", gemeente=gemeente, count=count, **told)
        return count
