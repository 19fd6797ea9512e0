"""Appends that are under way in one process at the same moment: one statement and one commit, each its own outcome."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eventlet
import pytest

from casuslog.errors import Conflict, KeyReused, Unavailable
from casuslog.store import EVERY_GEMEENTE, Appended, EventStore
from casuslog.store._grouped import Grouped
from casuslog.testing._proef import COUNTED, context, counted, opened_with, stream
from casuslog.testing._store_alone import command
from casuslog.testing._store_base import at_work, log_of

pytestmark = pytest.mark.postgres

HERE = Path(__file__).resolve().parents[3]
Outcome = Appended | BaseException


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    """An empty store."""
    opened = EventStore.open(postgres_url, "proef", **opened_with())
    yield opened
    opened.close()


def in_one_statement(
    store: EventStore, *acts: Callable[[], Appended], before: Callable[[], Any] = list
) -> list[Outcome]:
    """What came of appends that all waited for the same statement, which ran after ``before()``."""
    grouped = _grouped(store)
    company = grouped._company
    run, held, outcomes = grouped._together.run, threading.Event(), dict[int, Outcome]()

    def first_waits(prepared: Any, values: Any) -> list[Any]:
        if not held.is_set():
            _until(lambda: len(company._waiting) == len(acts))
            company._went = len(acts)  # half of those who are there go together: as if as many went before
            held.set()
        elif len(statements) == 1:
            before()
        statements.append(prepared.name)
        return run(prepared, values)

    def trying(place: int, act: Callable[[], Appended]) -> None:
        _until(lambda: company._under_way and len(company._waiting) == place)
        try:
            outcomes[place] = act()
        except BaseException as error:
            outcomes[place] = error

    statements: list[str] = []
    grouped._together.run = first_waits  # type: ignore[method-assign]
    try:
        tried = [lambda place=place, act=act: trying(place, act) for place, act in enumerate(acts)]
        with at_work(lambda: store.append(stream(), 0, counted(0), context()), *tried):
            pass
    finally:
        grouped._together.run = run  # type: ignore[method-assign]
    assert statements[1:2] == ["casuslog_append_shared"]
    return [outcomes[place] for place in range(len(acts))]


def test_those_of_the_same_moment_share_one_transaction(store: EventStore) -> None:
    """One event or several, with or without a command: each gets its events as they are read back, in one chain."""
    begun = stream()
    store.append(begun, 0, counted(1, 2), context())
    where = [(begun, 2, (3,)), (stream(), 0, (1,)), (stream(), 0, (1, 2, 3)), (stream(), 0, (4,))]
    made = in_one_statement(
        store,
        *(
            lambda at=at, version=version, n=n: store.append(
                at, version, counted(*n), context(), command=command(at.id) if len(n) == 1 else None
            )
            for at, version, n in where
        ),
    )
    assert len({event.cursor.xid for one in made for event in one.events}) == 1
    for (at, version, numbers), one in zip(where, made, strict=True):
        assert list(store.read_stream(at, after=version)) == one.events
        assert [event.envelope.sequence for event in one.events] == [version + n + 1 for n in range(len(numbers))]
        positions = [event.cursor.position for event in one.events]
        assert positions == sorted(positions)
        if len(numbers) == 1:
            again = store.append(at, 0, counted(9), context(), command=command(at.id))
            assert (again.answer, again.repeated) == (one.answer, True)
    with store.transaction() as tx:
        assert tx.load(COUNTED, begun) == (6, 3)
    assert len(log_of(store)) == 9
    assert list(store.verify(EVERY_GEMEENTE)) == []


def test_who_is_refused_stops_nobody(store: EventStore, postgres_url: str) -> None:
    """A stale version, a key that was used and a key for another body fail beside others that are kept, and keep
    nothing themselves."""
    old = stream()
    first = store.append(old, 0, counted(1), context(), command=command("used"))
    store.append(stream(), 0, counted(1), context(), command=command("for another"))
    other = EventStore.open(postgres_url, "proef", **{**opened_with(), "codec": store.codec})
    other.append(old, 1, counted(2), context())
    other.close()
    stale, repeated, reused, kept = in_one_statement(
        store,
        lambda: store.append(old, 1, counted(3, 4), context(), command=command("stale")),
        lambda: store.append(stream(), 0, counted(5), context(), command=command("used")),
        lambda: store.append(stream(), 0, counted(6), context(), command=command("for another", b"another body")),
        lambda: store.append(stream(), 0, counted(7), context(), command=command("new")),
    )
    assert isinstance(stale, Conflict)
    assert (stale.expected, stale.actual) == (1, 2)
    assert (repeated.answer, repeated.events, repeated.repeated) == (first.answer, (), True)
    assert isinstance(reused, KeyReused)
    assert len(kept.events) == 1
    assert len(log_of(store)) == 5  # three of before, the one that waited for company, and the one that was kept
    with store.transaction() as tx:
        assert tx.recall_command("0080", "p-17", "stale", b"hash") is None


def test_two_upon_the_same_version_never_share_a_statement(store: EventStore) -> None:
    """Of one stream, or under one key, the second waits for the next statement and finds the first committed."""
    where = stream()
    first, second, under_key, again = in_one_statement(
        store,
        lambda: store.append(where, 0, counted(1), context()),
        lambda: store.append(where, 0, counted(2), context()),
        lambda: store.append(stream(), 0, counted(3), context(), command=command("k")),
        lambda: store.append(stream(), 0, counted(4), context(), command=command("k")),
    )
    assert list(store.read_stream(where)) == first.events
    assert isinstance(second, Conflict)
    assert (second.expected, second.actual) == (0, 1)
    assert (again.answer, again.repeated) == (under_key.answer, True)


@pytest.mark.parametrize("commits", [True, False])
def test_who_meets_an_open_transaction_waits_by_itself(store: EventStore, commits: bool) -> None:
    """Another transaction holds one of the streams: the others are kept while it is open, each whole, and in the end
    the one that waited loses or is kept."""
    where, release = stream(), threading.Event()
    open_ = threading.Event()
    kept: list[int] = []

    def hold() -> None:
        with store.transaction() as tx:
            tx.append(where, 0, counted(1), context())
            open_.set()
            _until(lambda: len(kept) == 2)
            release.set()
            if not commits:
                tx.conn.rollback()

    def beside(*numbers: int) -> Appended:
        made = store.append(stream(), 0, counted(*numbers), context(), command=command(str(numbers)))
        kept.append(len(made.events))
        return made

    with at_work(hold):
        assert open_.wait(5)
        met, one, three = in_one_statement(
            store,
            lambda: store.append(where, 0, counted(2, 3), context(), command=command("met")),
            lambda: beside(1),
            lambda: beside(1, 2, 3),
        )
    assert release.is_set()
    assert [len(one.events), len(three.events)] == [1, 3]
    if commits:
        assert isinstance(met, Conflict)
        assert (met.expected, met.actual, store.version(where)) == (0, 1, 1)
    else:
        assert list(store.read_stream(where)) == met.events
    with store.transaction() as tx:
        assert (tx.recall_command("0080", "p-17", "met", b"hash") is None) == commits
    assert list(store.verify(EVERY_GEMEENTE)) == []


def test_what_is_wrong_with_one_shows_to_its_own_caller(store: EventStore) -> None:
    """A value that the database cannot hold undoes the statement; then each goes by itself and only that one fails."""
    wrong, right = in_one_statement(
        store,
        lambda: store.append(stream(), 0, counted(1), context(), command=command("a\x00b")),
        lambda: store.append(stream(), 0, counted(1, 2), context(), command=command("quo\"te, {back\\slash} 'n NULL")),
    )
    assert isinstance(wrong, ValueError)
    assert len(right.events) == 2
    again = store.append(stream(), 0, counted(1), context(), command=command("quo\"te, {back\\slash} 'n NULL"))
    assert (again.answer, again.repeated) == (right.answer, True)


def test_a_gemeente_meets_nothing_of_another_in_a_shared_statement(store: EventStore) -> None:
    """The same subject and the same key in two gemeenten are two streams and two commands, each read by its own."""
    ours, theirs = stream("0080"), stream("0074")
    theirs = type(theirs)(theirs.gemeente, theirs.kind, ours.id)
    made = in_one_statement(
        store,
        lambda: store.append(ours, 0, counted(1), context(), command=command("k")),
        lambda: store.append(theirs, 0, counted(2, 3), context(), command=command("k", b"another body")),
    )
    assert [len(one.events) for one in made] == [1, 2]
    assert store.read_log(frozenset({"0074"})) == made[1].events == list(store.read_stream(theirs))
    assert store.read_log(frozenset({"0080"}))[-1:] == made[0].events == list(store.read_stream(ours))


def test_a_connection_that_breaks_answers_nobody_yes(store: EventStore) -> None:
    """All who were in the statement hear that it is not known; done again under their keys all is kept once."""
    where = [stream(), stream(), stream()]

    def add(at: Any) -> Appended:
        return store.append(at, 0, counted(1), context(), command=command(at.id))

    broken = in_one_statement(
        store, *(lambda at=at: add(at) for at in where), before=lambda: _grouped(store)._together._idle[0].close()
    )
    assert [type(one) for one in broken] == [Unavailable] * 3
    assert len({id(one) for one in broken}) == 3
    assert [len(add(at).events) for at in where] == [1] * 3


def test_who_is_broken_off_while_it_waits_leaves_the_queue(store: EventStore) -> None:
    """Nothing is kept of it, and those behind it have their turn."""

    def broken_off() -> Appended:
        with eventlet.Timeout(0.1):
            return store.append(gone, 0, counted(1), context())

    gone, where, company = stream(), stream(), _grouped(store)._company
    outcomes: list[BaseException] = []

    def waits() -> None:
        _until(lambda: company._under_way)
        try:
            broken_off()
        except eventlet.Timeout as timeout:
            outcomes.append(timeout)

    with (
        _held(store, until=lambda: bool(outcomes)),
        at_work(
            lambda: store.append(stream(), 0, counted(1), context()),
            waits,
            lambda: _until(lambda: bool(company._waiting)) or store.append(where, 0, counted(1), context()),
        ),
    ):
        pass
    assert len(outcomes) == 1
    assert (store.version(gone), store.version(where)) == (0, 1)
    assert store.append(gone, 0, counted(1), context()).events


def test_ungrouped_each_has_a_transaction_of_its_own(postgres_url: str) -> None:
    """A store can be opened without: then nobody waits for another's statement, at the price of one each."""
    store = EventStore.open(postgres_url, "proef", **opened_with(), grouped=False)
    with at_work(*[lambda: store.append(stream(), 0, counted(1, 2), context())] * 6):
        pass
    log = log_of(store)
    assert (len(log), len({event.cursor.xid for event in log})) == (12, 6)
    store.close()


@pytest.mark.slow
def test_what_was_answered_outlives_the_process(postgres_url: str) -> None:
    """Killed under load: every append that was answered is there, whole, and no other is there in part."""
    script = """
import sys, threading
from casuslog.store import EventStore
from casuslog.testing._proef import context, counted, opened_with, stream
store = EventStore.open(sys.argv[1], "proef", **opened_with())
def work():
    while True:
        where = stream()
        store.append(where, 0, counted(1, 2, 3), context())
        sys.stdout.write(where.id + "\\n")
        sys.stdout.flush()
for _ in range(8):
    threading.Thread(target=work).start()
"""
    # Opened first: keys and tables are made once.
    store = EventStore.open(postgres_url, "proef", **opened_with())
    with subprocess.Popen(
        [sys.executable, "-c", script, postgres_url], cwd=HERE, stdout=subprocess.PIPE, text=True
    ) as at:
        assert at.stdout is not None
        answered = [at.stdout.readline().strip() for _ in range(200)]
        at.send_signal(signal.SIGKILL)
        answered += [line.strip() for line in at.stdout if line.endswith("\n")]
    time.sleep(0.2)  # a statement that was under way ends without its client
    lengths: dict[str, int] = {}
    for event in log_of(store):
        lengths[event.envelope.subject] = lengths.get(event.envelope.subject, 0) + 1
    assert set(answered) <= set(lengths)
    assert set(lengths.values()) == {3}
    xids = {event.cursor.xid for event in log_of(store)}
    assert len(xids) < len(lengths), "none of them shared a statement: this test shows nothing"
    assert list(store.verify(EVERY_GEMEENTE)) == []
    store.close()


def _grouped(store: EventStore) -> Grouped:
    assert store._alone is not None
    grouped = store._alone._rows.__self__  # type: ignore[attr-defined]
    assert isinstance(grouped, Grouped)
    return grouped


@contextlib.contextmanager
def _held(store: EventStore, *, until: Callable[[], bool]) -> Iterator[None]:
    """The next statement waits until something is so."""
    together = _grouped(store)._together
    run = together.run

    def waiting(prepared: Any, values: Any) -> list[Any]:
        _until(until)
        return run(prepared, values)

    together.run = waiting  # type: ignore[method-assign]
    try:
        yield
    finally:
        together.run = run  # type: ignore[method-assign]


def _until(so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.005)
