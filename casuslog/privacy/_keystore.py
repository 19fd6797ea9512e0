"""The key store: who may still be read. One key per gemeente, phase, subject, betrokkene and privacy class."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, text

from casuslog.clock import Clock, SystemClock
from casuslog.errors import StoreError
from casuslog.privacy._atonce import KeysAtOnce
from casuslog.privacy._blocks import Cipher
from casuslog.privacy._cache import Ciphers, DataKey, ShortMemory
from casuslog.privacy._engine import away_is_unavailable, make_engine
from casuslog.privacy._erasing import Erasing
from casuslog.privacy._living import Living, belongs, with_wrapping
from casuslog.privacy._many import Unwrapping, rows_of
from casuslog.privacy._root import RootKey
from casuslog.privacy._tables import metadata, sleutels

CACHE_SECONDS = 60.0
"""How long a destruction elsewhere may go unnoticed, at most."""
_MIGRATION_LOCK = 0x6361737573_01
_PAGE = 500
_log = structlog.get_logger(__name__)


class KeyStore(Living, Erasing):
    """Data keys of 32 bytes, each wrapped by the key of its gemeente, which the root key wraps.

    Nothing here works without a gemeente. Reading asks for a purpose (doelbinding), which is counted in
    :attr:`uses` and logged with the key id; neither ever holds personal data.
    """

    def __init__(
        self,
        engine: Engine,
        root: RootKey,
        *,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        cache_seconds: float = CACHE_SECONDS,
    ) -> None:
        """Over ``engine``, which on PostgreSQL is in autocommit; see :meth:`open`."""
        self.uses: Counter[tuple[str, str]] = Counter()
        """How often a key was asked for, per (gemeente, purpose)."""
        self._engine = engine
        self._at_once = KeysAtOnce(engine) if engine.dialect.name == "postgresql" else None
        self._transacting = engine.execution_options(isolation_level="READ COMMITTED") if self._at_once else engine
        self._root = root
        self._clock = clock or SystemClock()
        ttl = min(cache_seconds, CACHE_SECONDS)
        self._held: ShortMemory[tuple[str, DataKey]] = ShortMemory(ttl, monotonic)
        self._known: ShortMemory[DataKey] = ShortMemory(ttl, monotonic)
        self._ciphers = Ciphers()
        self._sought: ShortMemory[bool] = ShortMemory(ttl, monotonic)
        self._wrappings: ShortMemory[bytes] = ShortMemory(ttl, monotonic)
        # A SQLite file has one writer, an in-memory one has one connection: callers take turns, briefly.
        self._turn = threading.RLock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()

    @classmethod
    def open(cls, url: str, root: RootKey, **options: Any) -> KeyStore:
        """The key store at a URL (``sqlite:///...`` or ``postgresql+psycopg2://...``); it makes its tables."""
        engine = make_engine(url)
        store = cls(engine, root, **options)
        store.create_tables()
        return store

    def create_tables(self) -> None:
        """Make the tables that are not there; safe when several processes start at once."""
        with self._turn, self._writing() as conn:
            if conn.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            else:
                conn.exec_driver_sql("BEGIN IMMEDIATE")
            metadata.create_all(conn)

    def close(self) -> None:
        """Forget all keys and close the connections."""
        self.forget()
        if self._at_once is not None:
            self._at_once.close()
        self._engine.dispose()

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None:
        """The bytes of a key, or None when it has been destroyed.

        Args:
            key_id: as it stands in a block.
            gemeente: whose key it is; another one's is not found.
            purpose: what it is read for (doelbinding), a fixed word such as ``tijdlijn``; mandatory.

        Raises:
            StoreError: the key store does not know this key: it is lost or of another store, which is not *vernietigd*.
            ValueError: no purpose.
        """
        known = self._known.get((gemeente, key_id))
        if known is None or not purpose:
            return self.get_many((key_id,), gemeente, purpose)[key_id]
        self.uses[gemeente, purpose] += 1
        return known.key

    def cipher(self, key_id: str, gemeente: str, purpose: str) -> Cipher | None:
        """As :meth:`get`, made ready to decrypt: of keys that are asked for again and again that is kept with the key.

        It is remembered no longer than its key, and forgotten with it.
        """
        cleared, known = self._known.cleared, self._known.get((gemeente, key_id))
        if known is not None and purpose:
            self.uses[gemeente, purpose] += 1
            return known.cipher or self._ciphers.of(known)
        key = self.get_many((key_id,), gemeente, purpose)[key_id]
        known = self._known.get((gemeente, key_id))
        if key is None or known is None or cleared != self._known.cleared:
            return None if key is None else Cipher(key)
        return self._ciphers.of(known)

    def ciphers(self, key_ids: Collection[str], gemeente: str, purpose: str) -> Mapping[str, Cipher | None]:
        """As :meth:`cipher`, of all keys of one event."""
        memory, found = self._known, dict[str, Cipher | None]()
        now, entry_of = memory.monotonic(), memory.entry
        for key_id in key_ids:
            entry = entry_of((gemeente, key_id))
            if entry is None or entry[0] <= now or not purpose:
                return {each: self.cipher(each, gemeente, purpose) for each in key_ids}
            known = entry[1]
            found[key_id] = known.cipher or self._ciphers.of(known)
        self.uses[gemeente, purpose] += len(found)
        return found

    def get_many(self, key_ids: Iterable[str], gemeente: str, purpose: str) -> Mapping[str, bytes | None]:
        """As :meth:`get` for many keys of one gemeente, in as few questions to the database as possible."""
        if not purpose:
            raise ValueError("reading personal data asks for a purpose (doelbinding)")
        wanted = list(dict.fromkeys(key_ids))
        self.uses[gemeente, purpose] += len(wanted)
        found: dict[str, bytes | None] = {}
        for key_id in wanted:
            known = self._known.get((gemeente, key_id))
            if known is not None:
                found[key_id] = known.key
        missing = [key_id for key_id in wanted if key_id not in found]
        if missing:
            found.update(self._read(missing, gemeente, purpose))
        return found

    def get_of(self, asked: Mapping[str, Iterable[str]], purpose: str) -> Mapping[str, Mapping[str, bytes | None]]:
        """As :meth:`get_many` for a page of events of several gemeenten, in one question to the database.

        A key is found under its own gemeente only. One that this store does not know, or cannot unwrap, is left out
        instead of raised, so that it does not stand in the way of the others: :meth:`get` says what is wrong with it.

        Args:
            asked: ids of keys by gemeente.
            purpose: what they are read for (doelbinding); mandatory.
        """
        if not purpose:
            raise ValueError("reading personal data asks for a purpose (doelbinding)")
        found: dict[str, dict[str, bytes | None]] = {}
        missing: list[tuple[str, str]] = []
        for gemeente, key_ids in asked.items():
            wanted = set(key_ids)
            self.uses[gemeente, purpose] += len(wanted)
            held = {key_id: self._known.get((gemeente, key_id)) for key_id in wanted}
            found[gemeente] = {key_id: known.key for key_id, known in held.items() if known is not None}
            missing += [(gemeente, key_id) for key_id, known in held.items() if known is None]
        if missing:
            self._read_of(missing, found, purpose)
        return found

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with away_is_unavailable(), self._transacting.begin() as conn:
            yield conn

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with away_is_unavailable(), self._engine.connect() as conn:
            yield conn

    def forget(self) -> None:
        """See :class:`Erasing`."""
        self._held.clear()
        self._known.clear()
        self._ciphers.clear()
        self._wrappings.clear()

    def _read(self, key_ids: list[str], gemeente: str, purpose: str) -> dict[str, bytes | None]:
        cleared = self._known.cleared
        rows: list[Row[Any]] = []
        with self._turn, self._reading() as conn:
            for start in range(0, len(key_ids), _PAGE):
                page = key_ids[start : start + _PAGE]
                asked = with_wrapping().where(sleutels.c.gemeente == gemeente, sleutels.c.id.in_(page))
                rows.extend(conn.execute(asked))
        found = {row.id: None if row.vernietigd else self._remembered(row, cleared) for row in rows}
        _log.debug("keys_read", gemeente=gemeente, purpose=purpose, keys=len(key_ids))
        for key_id in key_ids:
            if key_id not in found:
                raise StoreError(f"gemeente {gemeente} has no key {key_id} here: not destroyed, but lost or elsewhere")
        return found

    def _read_of(self, asked: list[tuple[str, str]], found: dict[str, dict[str, bytes | None]], purpose: str) -> None:
        """Add to ``found`` what the database holds of these pairs of gemeente and key id."""
        cleared = self._known.cleared
        unwrapping = Unwrapping(self._unwrapped_gemeente)
        with self._turn, self._reading() as conn:
            rows = rows_of(conn, asked)
        for gemeente, key_id, wrapped, gone, wrapping, root_id in rows:
            if gone:
                found[gemeente][key_id] = None
                continue
            with contextlib.suppress(StoreError):
                by = (gemeente, bytes(wrapping), root_id)
                key = unwrapping.key(bytes(wrapped), belongs(gemeente, key_id), by=by)
                found[gemeente][key_id] = key
                self._known.put((gemeente, key_id), DataKey(key), cleared)
        for gemeente, count in Counter(gemeente for gemeente, _ in asked).items():
            _log.debug("keys_read", gemeente=gemeente, purpose=purpose, keys=count)

    def _remembered(self, row: Row[Any], cleared: int) -> bytes:
        key = self._unwrapped(row)
        self._known.put((row.gemeente, row.id), DataKey(key), cleared)
        return key
