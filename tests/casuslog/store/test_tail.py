"""The log as a relay follows it: what ``read_log`` gives, as it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event

from casuslog.consume import wire
from casuslog.errors import Unavailable
from casuslog.identifiers import new_id
from casuslog.recorded import START
from casuslog.routing import routing_key, routing_key_of
from casuslog.store import EVERY_GEMEENTE, Tail
from tests.casuslog.consume.world import World, log


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path):
    """A store on each database."""
    made = World(tmp_path, None if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield made
    made.close()


def test_it_gives_the_same_events_in_the_same_order(world: World) -> None:
    """Page after page, with the same headers and routing key that the event itself would have."""
    store = world.stores["bron"]
    for _ in range(3):
        log(store, new_id(), 3, woongemeente="0080", thema="huishouden")
    tail, after, found = Tail(store.engine), START, []
    while page := tail.page(after, 4):
        found += page
        after = page[-1].cursor
    tail.close()
    read = store.read_log(EVERY_GEMEENTE)
    assert [(one.body, one.hash, one.prev_hash, one.cursor) for one in found] == [
        (one.body, one.hash, one.prev_hash, one.cursor) for one in read
    ]
    for kept, stored in zip(found, read, strict=True):
        assert wire.headers_of(kept, START) == wire.headers(stored, START)
        assert routing_key_of(kept.attributes) == routing_key(stored.envelope)


def test_it_knows_of_events_after_a_cursor(world: World) -> None:
    """What was committed is known, whether it can be read yet or not."""
    store = world.stores["bron"]
    [event] = log(store, new_id())
    tail = Tail(store.engine)
    assert (tail.hides(START), tail.hides(event.cursor)) == (True, False)
    tail.close()


@pytest.mark.postgres
def test_a_page_of_a_backlog_costs_what_it_holds(tmp_path: Path, postgres_url: str) -> None:
    """The plan is made once, on an empty table: by the index in its order, never by gathering all that is behind."""
    world = World(tmp_path, postgres_url)
    store, plans = world.stores["bron"], []
    tail = Tail(store.engine)
    for _ in range(8):  # PostgreSQL makes the plan that it keeps after five
        assert tail.page(START, 500) == []
    log(store, new_id(), 3)

    def explained(_conn, _cursor, statement: str, parameters: object, _context, _many: bool) -> tuple[str, object]:
        return f"EXPLAIN {statement}", parameters

    event.listen(store.engine, "before_cursor_execute", explained, retval=True)
    event.listen(store.engine, "after_cursor_execute", lambda _c, cursor, *_: plans.extend(cursor.fetchall()))
    tail.page(START, 500)
    plan = "\n".join(line for (line,) in plans)
    assert "Index Scan using events_log on events" in plan
    assert "Sort" not in plan
    assert "Bitmap" not in plan
    world.close()


@pytest.mark.postgres
def test_it_reads_no_further_than_what_is_final(tmp_path: Path, postgres_url: str) -> None:
    """Behind an open transaction that may still log before them, events are known and not read."""
    from sqlalchemy import text

    world = World(tmp_path, postgres_url)
    store = world.stores["bron"]
    tail = Tail(store.engine)
    with store.engine.connect() as earlier:
        earlier.execute(text("SELECT pg_current_xact_id()"))
        log(store, new_id(), 2)
        assert (tail.page(START, 10), tail.hides(START)) == ([], True)
    assert len(tail.page(START, 10)) == 2
    tail.close()
    world.close()


@pytest.mark.postgres
def test_it_comes_back_after_its_connection_was_lost(tmp_path: Path, postgres_url: str, postgres) -> None:
    """A session that the server ended is one failure; the next look goes over a new one."""
    world = World(tmp_path, postgres_url)
    store = world.stores["bron"]
    log(store, new_id())
    tail = Tail(store.engine)
    assert len(tail.page(START, 10)) == 1
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'casuslog-bron'")
    with pytest.raises(Unavailable):
        tail.page(START, 10)
    assert len(tail.page(START, 10)) == 1
    tail.close()
    world.close()
