"""The living keys of holders, for whoever writes: found, or made where there are none, one by one or many at once."""

from __future__ import annotations

import contextlib
import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from casuslog.clock import Clock
from casuslog.errors import StoreError
from casuslog.events import Privacy
from casuslog.privacy._atonce import Fresh, KeysAtOnce, Wanted, find_or_make_page
from casuslog.privacy._blocks import KEY_SIZE, Cipher
from casuslog.privacy._cache import Ciphers, DataKey, ShortMemory
from casuslog.privacy._many import Unwrapping, rows_of_holders
from casuslog.privacy._root import RootKey
from casuslog.privacy._tables import LIVING, PER_HOLDER, gemeentesleutels, sleutels
from casuslog.privacy._wrap import Wrapping, unwrap, wrap

_TRIES = 3
_PAGE = 500
_HOLDER = ["gemeente", "fase", "subject", "betrokkene", "klasse"]
Holder = tuple[str, str, str, str, Privacy]
"""Whose key: gemeente, phase, subject, betrokkene, and the privacy class."""


class Living:
    """The part of a key store that finds and makes the keys to write with."""

    _engine: Engine
    _clock: Clock
    _root: RootKey
    _turn: Any
    _at_once: KeysAtOnce | None
    """Where a statement can find or make keys by itself: on PostgreSQL."""
    _held: ShortMemory[tuple[str, DataKey]]
    """By holder and class: the id of its living key, and the key."""
    _ciphers: Ciphers
    _sought: ShortMemory[bool]
    """Whose keys were asked for ahead: what was not there then is not asked for ahead again, for as long."""
    _wrappings: ShortMemory[bytes]
    """The keys of gemeenten, for making new keys."""

    def _writing(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def _reading(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def key_for(self, gemeente: str, fase: str, subject: str, betrokkene: str, klasse: Privacy) -> tuple[str, bytes]:
        """The id and the bytes of the living key of this holder and class, made if there is none.

        After a destruction new facts of the same holder get a new key; the old ones stay unreadable.
        """
        key_id, key = self._living((gemeente, fase, subject, betrokkene, klasse.value))
        return key_id, key.key

    def ciphers_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Collection[Privacy]
    ) -> dict[Privacy, tuple[str, Cipher]]:
        """As :meth:`key_for`, for several classes of one holder, made ready to encrypt.

        A cipher is remembered with its key and no longer, and forgotten with it.
        """
        holder, found = (gemeente, fase, subject, betrokkene), dict[Privacy, tuple[str, Cipher]]()
        now, entry_of = self._held.monotonic(), self._held.entry
        for klasse in klassen:
            entry = entry_of((*holder, klasse.value))
            if entry is None or entry[0] <= now:
                break
            key_id, key = entry[1]
            found[klasse] = key_id, key.cipher or self._ciphers.of(key)
        else:
            return found
        self.have_all(*holder, klassen)
        living = {klasse: self._living((*holder, klasse.value)) for klasse in klassen}
        return {klasse: (key_id, self._ciphers.of(key)) for klasse, (key_id, key) in living.items()}

    def _living(self, holder: tuple[str, ...]) -> tuple[str, DataKey]:
        held = self._held.get(holder)
        if held is None and self._at_once is not None:
            return self._found_or_made(self._at_once, holder[:4], [holder[4]])[holder[4]]
        if held is None:
            cleared = self._held.cleared
            with self._turn:
                key_id, key = self._read_living(holder) or self._create(holder)
            held = key_id, DataKey(key)
            self._held.put(holder, held, cleared)
        return held

    def have_all(self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Iterable[Privacy]) -> None:
        """Have at hand the keys of one holder that :meth:`key_for` is about to be asked for.

        On PostgreSQL they are found or made in one round trip; on SQLite there is none to spare.
        """
        if self._at_once is None:
            return
        holder = (gemeente, fase, subject, betrokkene)
        missing = [klasse.value for klasse in klassen if self._held.get((*holder, klasse.value)) is None]
        if missing:
            self._found_or_made(self._at_once, holder, missing)

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
            make_page = self._make_page if self._at_once is None else self._make_page_at_once
            for start in range(0, len(wanted), _PAGE):
                make_page(gemeente, wanted[start : start + _PAGE])

    def find_many(self, holders: Iterable[Holder]) -> None:
        """Have the living keys of holders at hand that :meth:`key_for` may be asked for; makes none.

        On PostgreSQL in one question; on SQLite there is no round trip to spare.
        """
        if self._at_once is None:
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
                key = unwrapping.key(bytes(wrapped), belongs(gemeente, key_id), by=by)
                self._held.put(tuple(holder), (key_id, DataKey(key)), cleared)

    def _read_living(self, holder: tuple[str, ...]) -> tuple[str, bytes] | None:
        living = with_wrapping().where(
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
            return row["id"], unwrap(wrapping, row["ingepakt"], belongs(gemeente, row["id"]))
        # Another process was first: its key stands, and ours was never used.
        found = self._read_living(holder)
        if found is None:
            raise StoreError("a key was destroyed while it was being made; try again")
        return found

    def _found_or_made(
        self, at_once: KeysAtOnce, holder: tuple[str, ...], klassen: Iterable[str]
    ) -> dict[str, tuple[str, DataKey]]:
        """On PostgreSQL: what :meth:`key_for` answers, for several classes of one holder. All are kept by then."""
        gemeente, missing = holder[0], sorted(klassen)
        cleared, wrapping = self._held.cleared, self._wrapping_of(holder[0])
        done: dict[str, tuple[str, DataKey]] = {}
        for _ in range(_TRIES):
            ready = Wrapping(wrapping)
            fresh = {klasse: _fresh(ready, gemeente, klasse) for klasse in missing}
            found = at_once.find_or_make(Wanted(holder, list(fresh.values()), self._clock.now()))
            for klasse, (key_id, wrapped) in found.items():
                key = fresh[klasse].key if wrapped is None else unwrap(wrapping, wrapped, belongs(gemeente, key_id))
                done[klasse] = (key_id, DataKey(key))
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
        ready = Wrapping(wrapping)
        fresh = {holder: _fresh(ready, gemeente, holder[-1]) for holder in holders}
        for holder, key_id, wrapped in find_or_make_page(self._engine, fresh, self._clock.now()):
            key = fresh[holder].key if wrapped is None else unwrap(wrapping, wrapped, belongs(gemeente, key_id))
            self._held.put(holder, (key_id, DataKey(key)), cleared)

    def _make_page(self, gemeente: str, holders: list[tuple[str, ...]]) -> None:
        cleared = self._held.cleared
        with self._turn:
            with self._writing() as conn:
                wrapping, now = self._gemeente_key(conn, gemeente), self._clock.now()
                rows = [self._new_row(wrapping, holder) | {"aangemaakt": now} for holder in holders]
                statement = _insert(conn, sleutels)
                conn.execute(statement.on_conflict_do_nothing(index_elements=_HOLDER, index_where=LIVING), rows)
            living = with_wrapping().add_columns(*PER_HOLDER[1:]).where(LIVING, sleutels.c.gemeente == gemeente)
            with self._reading() as conn:
                found = conn.execute(living.where(tuple_(*PER_HOLDER).in_(holders))).all()
        for row in found:
            holder = (gemeente, row.fase, row.subject, row.betrokkene, row.klasse)
            self._held.put(holder, (row.id, DataKey(self._unwrapped(row))), cleared)

    @staticmethod
    def _new_row(wrapping: bytes, holder: tuple[str, ...]) -> dict[str, Any]:
        key_id = str(uuid.uuid4())
        wrapped = wrap(wrapping, secrets.token_bytes(KEY_SIZE), belongs(holder[0], key_id))
        return {"id": key_id, **dict(zip(_HOLDER, holder, strict=True)), "ingepakt": wrapped}

    def _gemeente_key(self, conn: Connection, gemeente: str) -> bytes:
        fresh = wrap(self._root.secret, secrets.token_bytes(KEY_SIZE), gemeente)
        row = {"gemeente": gemeente, "ingepakt": fresh, "rootsleutel": self._root.id, "aangemaakt": self._clock.now()}
        conn.execute(_insert(conn, gemeentesleutels).on_conflict_do_nothing(index_elements=["gemeente"]), row)
        c = gemeentesleutels.c
        kept = conn.execute(select(c.ingepakt, c.rootsleutel).where(c.gemeente == gemeente)).one()
        return self._unwrapped_gemeente(gemeente, kept.ingepakt, kept.rootsleutel)

    def _unwrapped(self, row: Row[Any]) -> bytes:
        wrapping = self._unwrapped_gemeente(row.gemeente, row.gemeentesleutel, row.rootsleutel)
        return unwrap(wrapping, row.ingepakt, belongs(row.gemeente, row.id))

    def _unwrapped_gemeente(self, gemeente: str, wrapped: bytes, root_id: str) -> bytes:
        if root_id != self._root.id:
            raise StoreError(f"the keys of gemeente {gemeente} hang on root key {root_id}, not on {self._root.id}")
        return unwrap(self._root.secret, wrapped, gemeente)


def _fresh(wrapping: Wrapping, gemeente: str, klasse: str) -> Fresh:
    key_id, key = str(uuid.uuid4()), secrets.token_bytes(KEY_SIZE)
    return Fresh(klasse, key_id, key, wrapping.wrap(key, belongs(gemeente, key_id)))


def belongs(gemeente: str, key_id: str) -> str:
    """What ties the wrapped bytes of a key to the gemeente and the id that it is kept under."""
    return f"{gemeente}|{key_id}"


def with_wrapping() -> Select[Any]:
    """A question for keys as they are kept, each with the key of its gemeente."""
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
