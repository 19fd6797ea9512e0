"""The store contract on what guards the record: the database refuses changes, and the chain shows those made anyway."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from casuslog.envelope import Stream
from casuslog.errors import StoreError
from casuslog.store import EVERY_GEMEENTE, GENESIS, EventStore, link
from casuslog.store.tables import events
from casuslog.testing._proef import opened_with, stream
from casuslog.testing._store_base import OpenStore, StoreCases, append


class GuardCases(StoreCases):
    """The record cannot be changed; where someone does so with the means of the database, it shows."""

    def lift_guard(self, store: EventStore) -> None:
        """Take away what refuses changes, as an intruder with rights on the database would. Override for others."""
        with store.engine.begin() as conn:
            if conn.dialect.name == "sqlite":
                conn.exec_driver_sql("DROP TRIGGER events_refuse_update")
                conn.exec_driver_sql("DROP TRIGGER events_refuse_delete")
            else:
                conn.exec_driver_sql("DROP TRIGGER events_refuse_change ON events")

    @pytest.mark.parametrize("change", [update(events).values(body=b"x"), delete(events)], ids=["update", "delete"])
    def test_the_database_refuses_changes(self, store: EventStore, change: object) -> None:
        """Changing or removing an event is refused by the database itself, and says what to do instead."""
        made = append(store, stream(), 0, 1)
        with pytest.raises(DBAPIError, match="events are only added"), store.transaction() as tx:
            tx.conn.execute(change)  # type: ignore[call-overload]
        assert store.read_log(EVERY_GEMEENTE) == made

    def test_each_event_carries_the_hash_of_the_one_before(self, store: EventStore) -> None:
        """The chain begins at the genesis and can be computed by anyone from what is kept."""
        where = stream()
        first, second = append(store, where, 0, 1, 2)
        assert (first.prev_hash, second.prev_hash) == (GENESIS, first.hash)
        with store.engine.connect() as conn:
            text = conn.execute(select(events.c.envelope).where(events.c.version == 2)).scalar_one()
        assert json.loads(text) == second.envelope.attributes()
        assert second.hash == link(first.hash, text, second.body)

    def test_an_unharmed_record_verifies(self, store: EventStore) -> None:
        """Long and short streams of several gemeenten have no break."""
        append(store, stream("0080"), 0, *range(1001))
        append(store, stream("0074"), 0, 1)
        assert list(store.verify(EVERY_GEMEENTE)) == []

    def test_one_changed_byte_is_found(self, store: EventStore) -> None:
        """A byte changed by hand in a body shows at that event and nowhere else."""
        where = stream()
        append(store, where, 0, 1, 2, 3)
        append(store, stream(), 0, 1)
        body = list(store.read_stream(where))[1].body
        self._change(store, where, 2, body=body[:-1] + bytes([body[-1] ^ 1]))
        [found] = store.verify(EVERY_GEMEENTE)
        assert (found.stream, found.sequence) == (where, 2)
        assert [b.sequence for b in store.verify(["0080"], where)] == [2]

    def test_a_changed_envelope_is_found(self, store: EventStore) -> None:
        """An attribute changed in the kept envelope breaks the hash."""
        where = stream()
        [made] = append(store, where, 0, 1)
        changed = {**made.envelope.attributes(), "actorid": "p-18"}
        self._change(store, where, 1, envelope=json.dumps(changed, sort_keys=True, separators=(",", ":")))
        assert [b.sequence for b in store.verify(EVERY_GEMEENTE)] == [1]

    def test_a_removed_event_is_found(self, store: EventStore) -> None:
        """A hole in the middle of a stream shows."""
        where = stream()
        append(store, where, 0, 1, 2, 3)
        self.lift_guard(store)
        with store.engine.begin() as conn:
            conn.execute(delete(events).where(events.c.version == 2))
        [found] = store.verify(EVERY_GEMEENTE)
        assert (found.sequence, "ontbreken" in found.what) == (3, True)

    @pytest.mark.parametrize(
        ("column", "value"), [("gemeente", "0074"), ("type", "nl.overheid.wmo.proef-verzonnen"), ("event_id", "x")]
    )
    def test_a_column_that_differs_from_the_envelope_is_found(self, store: EventStore, column: str, value: str) -> None:
        """What is searched by must be what was recorded: a row moved to another gemeente shows."""
        where = stream()
        append(store, where, 0, 1)
        self._change(store, where, 1, **{column: value})
        [found] = store.verify(EVERY_GEMEENTE)
        assert column in found.what

    def test_verifying_one_gemeente_looks_at_that_one(self, store: EventStore) -> None:
        """The breaks of another gemeente are not shown."""
        where = stream("0074")
        append(store, where, 0, 1)
        self._change(store, where, 1, body=b"x")
        assert list(store.verify(["0080"])) == []
        assert len(list(store.verify(["0074"]))) == 1

    def test_an_era_needs_a_stopped_service_and_a_reason(self, store: EventStore, open_store: OpenStore) -> None:
        """A new era comes after all earlier ones, and the store goes on in it without a break."""
        where = stream()
        before = append(store, where, 0, 1)
        url = store.engine.url.render_as_string(hide_password=False)
        store.close()
        clock = opened_with()["clock"]
        with pytest.raises(StoreError):
            EventStore.open_era(url, "proef", reason=" ", clock=clock)
        assert EventStore.open_era(url, "proef", reason="teruggezet", clock=clock) == 2
        again = open_store(**opened_with())
        after = append(again, where, 1, 2)
        assert again.read_log(EVERY_GEMEENTE) == before + after
        assert [e.cursor.era for e in before + after if e.cursor] == [1, 2]
        assert list(again.verify(EVERY_GEMEENTE)) == []
        again.close()

    def _change(self, store: EventStore, where: Stream, version: int, **values: object) -> None:
        self.lift_guard(store)
        here = (events.c.gemeente == where.gemeente, events.c.subject == where.id, events.c.version == version)
        with store.engine.begin() as conn:
            assert conn.execute(update(events).where(*here).values(**values)).rowcount == 1
