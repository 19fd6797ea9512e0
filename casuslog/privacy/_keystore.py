"""The key store: who may still be read. One key per gemeente, phase, subject, betrokkene and privacy class."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, Select, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError

from casuslog.clock import Clock, SystemClock
from casuslog.errors import StoreError, Unavailable
from casuslog.events import Privacy
from casuslog.privacy._atonce import Fresh, find_or_make, find_or_make_page
from casuslog.privacy._blocks import KEY_SIZE, Cipher
from casuslog.privacy._cache import Ciphers, DataKey, ShortMemory
from casuslog.privacy._engine import make_engine
from casuslog.privacy._erasing import Erasing
from casuslog.privacy._many import Unwrapping, rows_of, rows_of_holders
from casuslog.privacy._root import RootKey
from casuslog.privacy._tables import LIVING, PER_HOLDER, gemeentesleutels, metadata, sleutels
from casuslog.privacy._wrap import unwrap, wrap

CACHE_SECONDS = 60.0
"""How long a destruction elsewhere may go unnoticed, at most."""
_TRIES = 3
_MIGRATION_LOCK = 0x6361737573_01
_PAGE = 500
_HOLDER = ["gemeente", "fase", "subject", "betrokkene", "klasse"]
Holder = tuple[str, str, str, str, Privacy]
"""Whose key: gemeente, phase, subject, betrokkene, and the privacy class."""
_log = structlog.get_logger(__name__)


class KeyStore(Erasing):
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
        self._at_once = engine.dialect.name == "postgresql"
        self._transacting = engine.execution_options(isolation_level="READ COMMITTED") if self._at_once else engine
        self._root = root
        self._clock = clock or SystemClock()
        ttl = min(cache_seconds, CACHE_SECONDS)
        self._held: ShortMemory[tuple[str, bytes]] = ShortMemory(ttl, monotonic)
        self._known: ShortMemory[DataKey] = ShortMemory(ttl, monotonic)
        self._ciphers = Ciphers()
        self._sought: ShortMemory[bool] = ShortMemory(ttl, monotonic)
        """Whose keys were asked for ahead: what was not there then is not asked for ahead again, for as long."""
        self._wrappings: ShortMemory[bytes] = ShortMemory(ttl, monotonic)
        """The keys of gemeenten, for making new keys."""
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
        self._engine.dispose()

    def key_for(self, gemeente: str, fase: str, subject: str, betrokkene: str, klasse: Privacy) -> tuple[str, bytes]:
        """The id and the bytes of the living key of this holder and class, made if there is none.

        After a destruction new facts of the same holder get a new key; the old ones stay unreadable.
        """
        holder = (gemeente, fase, subject, betrokkene, klasse.value)
        held = self._held.get(holder)
        if held is None and self._at_once:
            return self._found_or_made(holder[:4], [klasse.value])[klasse.value]
        if held is None:
            cleared = self._held.cleared
            with self._turn:
                held = self._read_living(holder) or self._create(holder)
            self._held.put(holder, held, cleared)
        return held

    def have_all(self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Iterable[Privacy]) -> None:
        """Have at hand the keys of one holder that :meth:`key_for` is about to be asked for.

        On PostgreSQL they are found or made in one round trip; on SQLite there is none to spare.
        """
        if not self._at_once:
            return
        holder = (gemeente, fase, subject, betrokkene)
        missing = [klasse.value for klasse in klassen if self._held.get((*holder, klasse.value)) is None]
        if missing:
            self._found_or_made(holder, missing)

    def make_many(self, holders: Iterable[Holder]) -> None:
        """Have the living keys of many holders at hand, made where there are none, in a few statements.

        What :meth:`key_for` does for one. For an import: a round trip per key would take longer than the events.
        """
        of_gemeente: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for gemeente, *rest, klasse in dict.fromkeys(holders):
            holder = (gemeente, *map(str, rest), Privacy(klasse).value)
            if self._held.get(holder) is None:
                of_gemeente[gemeente].append(holder)
        for gemeente, wanted in of_gemeente.items():
            wanted.sort()  # in one order everywhere, so that two who make the same keys do not wait for each other
            make_page = self._make_page_at_once if self._at_once else self._make_page
            for start in range(0, len(wanted), _PAGE):
                make_page(gemeente, wanted[start : start + _PAGE])

    def find_many(self, holders: Iterable[Holder]) -> None:
        """Have the living keys of holders at hand that :meth:`key_for` may be asked for; makes none.

        On PostgreSQL in one question; on SQLite there is no round trip to spare.
        """
        if not self._at_once:
            return
        wanted = [(*map(str, rest), Privacy(klasse).value) for *rest, klasse in holders]
        missing = [one for one in wanted if self._held.get(one) is None and self._sought.get(one) is None]
        if not missing:
            return
        cleared, unwrapping = self._held.cleared, Unwrapping(self._unwrapped_gemeente)
        with self._reading() as conn:
            rows = rows_of_holders(conn, missing)
        for one in missing:
            self._sought.put(one, True, self._sought.cleared)
        for *holder, key_id, wrapped, wrapping, root_id in rows:
            gemeente = holder[0]
            # One that cannot be unwrapped says so when it is asked for.
            with contextlib.suppress(StoreError):
                by = (gemeente, bytes(wrapping), root_id)
                key = unwrapping.key(bytes(wrapped), _belongs(gemeente, key_id), by=by)
                self._held.put(tuple(holder), (key_id, key), cleared)

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
        with _away_is_unavailable(), self._transacting.begin() as conn:
            yield conn

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _away_is_unavailable(), self._engine.connect() as conn:
            yield conn

    def forget(self) -> None:
        """See :class:`Erasing`."""
        self._held.clear()
        self._known.clear()
        self._ciphers.clear()
        self._wrappings.clear()

    def _read_living(self, holder: tuple[str, ...]) -> tuple[str, bytes] | None:
        living = _with_wrapping().where(
            LIVING, *(column == value for column, value in zip(PER_HOLDER, holder, strict=True))
        )
        with self._reading() as conn:
            row = conn.execute(living).one_or_none()
        return None if row is None else (row.id, self._unwrapped(row))

    def _create(self, holder: tuple[str, ...]) -> tuple[str, bytes]:
        gemeente = holder[0]
        cleared = self._wrappings.cleared
        with self._writing() as conn:
            wrapping = self._wrappings.get(gemeente) or self._gemeente_key(conn, gemeente)
            row = self._new_row(wrapping, holder)
            once = _insert(conn, sleutels).on_conflict_do_nothing(index_elements=_HOLDER, index_where=LIVING)
            made = conn.execute(once.returning(sleutels.c.id), {**row, "aangemaakt": self._clock.now()}).first()
        # Only now is it sure that the key of the gemeente is kept.
        self._wrappings.put(gemeente, wrapping, cleared)
        if made is not None:
            return row["id"], unwrap(wrapping, row["ingepakt"], _belongs(gemeente, row["id"]))
        # Another process was first: its key stands, and ours was never used.
        found = self._read_living(holder)
        if found is None:
            raise StoreError("a key was destroyed while it was being made; try again")
        return found

    def _found_or_made(self, holder: tuple[str, ...], klassen: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """On PostgreSQL: what :meth:`key_for` answers, for several classes of one holder. All are kept by then."""
        gemeente, missing = holder[0], sorted(klassen)
        cleared, wrapping = self._held.cleared, self._wrapping_of(holder[0])
        done: dict[str, tuple[str, bytes]] = {}
        for _ in range(_TRIES):
            fresh = {klasse: _fresh(wrapping, gemeente, klasse) for klasse in missing}
            found = find_or_make(self._engine, holder, list(fresh.values()), self._clock.now())
            for klasse, (key_id, wrapped) in found.items():
                key = fresh[klasse].key if wrapped is None else unwrap(wrapping, wrapped, _belongs(gemeente, key_id))
                done[klasse] = (key_id, key)
                self._held.put((*holder, klasse), done[klasse], cleared)
            missing = [klasse for klasse in missing if klasse not in done]
            if not missing:
                return done
        raise StoreError("a key was destroyed while it was being made; try again")

    def _wrapping_of(self, gemeente: str) -> bytes:
        """The key of a gemeente, which is kept."""
        wrapping, cleared = self._wrappings.get(gemeente), self._wrappings.cleared
        if wrapping is None:
            with self._writing() as conn:
                wrapping = self._gemeente_key(conn, gemeente)
            # Only now is it sure that it is kept.
            self._wrappings.put(gemeente, wrapping, cleared)
        return wrapping

    def _make_page_at_once(self, gemeente: str, holders: list[tuple[str, ...]]) -> None:
        """On PostgreSQL. What another process makes at that very moment is not among them: :meth:`key_for` finds it."""
        cleared, wrapping = self._held.cleared, self._wrapping_of(gemeente)
        fresh = {holder: _fresh(wrapping, gemeente, holder[-1]) for holder in holders}
        for holder, key_id, wrapped in find_or_make_page(self._engine, fresh, self._clock.now()):
            key = fresh[holder].key if wrapped is None else unwrap(wrapping, wrapped, _belongs(gemeente, key_id))
            self._held.put(holder, (key_id, key), cleared)

    def _make_page(self, gemeente: str, holders: list[tuple[str, ...]]) -> None:
        cleared = self._held.cleared
        with self._turn:
            with self._writing() as conn:
                wrapping, now = self._gemeente_key(conn, gemeente), self._clock.now()
                rows = [self._new_row(wrapping, holder) | {"aangemaakt": now} for holder in holders]
                statement = _insert(conn, sleutels)
                conn.execute(statement.on_conflict_do_nothing(index_elements=_HOLDER, index_where=LIVING), rows)
            living = _with_wrapping().add_columns(*PER_HOLDER[1:]).where(LIVING, sleutels.c.gemeente == gemeente)
            with self._reading() as conn:
                found = conn.execute(living.where(tuple_(*PER_HOLDER).in_(holders))).all()
        for row in found:
            holder = (gemeente, row.fase, row.subject, row.betrokkene, row.klasse)
            self._held.put(holder, (row.id, self._unwrapped(row)), cleared)

    @staticmethod
    def _new_row(wrapping: bytes, holder: tuple[str, ...]) -> dict[str, Any]:
        key_id = str(uuid.uuid4())
        wrapped = wrap(wrapping, secrets.token_bytes(KEY_SIZE), _belongs(holder[0], key_id))
        return {"id": key_id, **dict(zip(_HOLDER, holder, strict=True)), "ingepakt": wrapped}

    def _gemeente_key(self, conn: Connection, gemeente: str) -> bytes:
        fresh = wrap(self._root.secret, secrets.token_bytes(KEY_SIZE), gemeente)
        row = {"gemeente": gemeente, "ingepakt": fresh, "rootsleutel": self._root.id, "aangemaakt": self._clock.now()}
        conn.execute(_insert(conn, gemeentesleutels).on_conflict_do_nothing(index_elements=["gemeente"]), row)
        c = gemeentesleutels.c
        kept = conn.execute(select(c.ingepakt, c.rootsleutel).where(c.gemeente == gemeente)).one()
        return self._unwrapped_gemeente(gemeente, kept.ingepakt, kept.rootsleutel)

    def _read(self, key_ids: list[str], gemeente: str, purpose: str) -> dict[str, bytes | None]:
        cleared = self._known.cleared
        rows: list[Row[Any]] = []
        with self._turn, self._reading() as conn:
            for start in range(0, len(key_ids), _PAGE):
                page = key_ids[start : start + _PAGE]
                asked = _with_wrapping().where(sleutels.c.gemeente == gemeente, sleutels.c.id.in_(page))
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
                key = unwrapping.key(bytes(wrapped), _belongs(gemeente, key_id), by=by)
                found[gemeente][key_id] = key
                self._known.put((gemeente, key_id), DataKey(key), cleared)
        for gemeente, count in Counter(gemeente for gemeente, _ in asked).items():
            _log.debug("keys_read", gemeente=gemeente, purpose=purpose, keys=count)

    def _remembered(self, row: Row[Any], cleared: int) -> bytes:
        key = self._unwrapped(row)
        self._known.put((row.gemeente, row.id), DataKey(key), cleared)
        return key

    def _unwrapped(self, row: Row[Any]) -> bytes:
        wrapping = self._unwrapped_gemeente(row.gemeente, row.gemeentesleutel, row.rootsleutel)
        return unwrap(wrapping, row.ingepakt, _belongs(row.gemeente, row.id))

    def _unwrapped_gemeente(self, gemeente: str, wrapped: bytes, root_id: str) -> bytes:
        if root_id != self._root.id:
            raise StoreError(f"the keys of gemeente {gemeente} hang on root key {root_id}, not on {self._root.id}")
        return unwrap(self._root.secret, wrapped, gemeente)


@contextlib.contextmanager
def _away_is_unavailable() -> Iterator[None]:
    """A database that is away is no broken event: whoever decodes tries again instead of parking."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the key store is away; nothing was lost, try again") from error


def _fresh(wrapping: bytes, gemeente: str, klasse: str) -> Fresh:
    key_id, key = str(uuid.uuid4()), secrets.token_bytes(KEY_SIZE)
    return Fresh(klasse, key_id, key, wrap(wrapping, key, _belongs(gemeente, key_id)))


def _belongs(gemeente: str, key_id: str) -> str:
    return f"{gemeente}|{key_id}"


def _with_wrapping() -> Select[Any]:
    c, of_gemeente = sleutels.c, gemeentesleutels.c
    return select(
        c.id,
        c.gemeente,
        c.ingepakt,
        c.vernietigd,
        of_gemeente.ingepakt.label("gemeentesleutel"),
        of_gemeente.rootsleutel,
    ).join_from(sleutels, gemeentesleutels, c.gemeente == of_gemeente.gemeente)


def _insert(conn: Connection, table: Any) -> Any:
    return (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(table)
