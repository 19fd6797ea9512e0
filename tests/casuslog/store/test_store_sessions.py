"""The connections that a store holds ready for statements of their own: none lost, none too many, errors by name."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest

from casuslog._sessions import MOST
from casuslog.errors import Unavailable
from casuslog.store import EventStore, _alone, _commands
from casuslog.testing._proef import context, counted, opened_with, stream
from casuslog.testing._store_alone import command
from casuslog.testing._store_base import at_work
from casuslog.testing.instances import PrivatePostgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    """An empty store."""
    opened = EventStore.open(postgres_url, "proef", **opened_with())
    yield opened
    opened.close()


@pytest.mark.parametrize("count", [1, 9])
def test_a_database_that_takes_no_connections_is_unavailable(
    postgres: PrivatePostgres, store: EventStore, count: int
) -> None:
    """Also where no connection was open yet, so that the first thing to fail is making one."""
    for sessions in store._sessions:
        sessions.close()
    postgres.stop()
    try:
        for _ in range(3):
            with pytest.raises(Unavailable):
                store.append(stream(), 0, counted(*range(count)), context(), command=command())
    finally:
        postgres.start()
    assert len(store.append(stream(), 0, counted(*range(count)), context(), command=command()).events) == count


def test_who_waits_for_a_session_is_not_beaten_to_it_by_an_error(store: EventStore) -> None:
    """Whoever comes meanwhile may take the one that came free: then the other waits on, and no more are made than may
    be."""
    sessions = store._sessions[0]
    sessions._open = MOST
    sessions._idle = _Stolen()
    waited: list[object] = []

    def wait() -> None:
        try:
            waited.append(sessions._next_idle())
        except BaseException as error:
            waited.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    _until(lambda: sessions._waiting == 1)
    sessions._idle.shown = 1
    with sessions._turn:
        sessions._turn.notify()
    time.sleep(0.05)
    assert (waited, sessions._open) == ([], MOST)
    sessions._idle.shown = 0
    sessions._give_back(given := _Mute())  # type: ignore[arg-type]
    waiting.join(5)
    assert waited == [given]
    sessions._open = 0


def test_who_is_broken_off_while_it_asks_whether_a_session_is_there_leaves_its_place(store: EventStore) -> None:
    """A call that is given up closes the session that it had taken; another may be made in its place."""
    sessions = store._sessions[0]
    before, mute = sessions._open, _Mute()
    sessions._open += 1
    sessions._idle.append(mute)  # type: ignore[arg-type]
    with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.05):
        sessions._taken()
    assert (sessions._open, mute.closed) == (before, True)


def test_a_repeat_that_meets_its_first_just_then_gets_its_answer(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is kept between the two looks of the second, at the key and at the stream: that is no conflict."""
    where = stream()
    store.append(where, 0, counted(1), context())
    looks = [_commands.answered, _alone.head_of]
    first: list[object] = []

    def append() -> None:
        first[0] = store.append(where, 1, counted(2), context(), command=command()).answer

    def meanwhile(look: int) -> object:
        def looked(*asked: object) -> object:
            found = looks[look](*asked)
            if not first:
                first.append(None)
                with at_work(append):
                    pass
            return found

        return looked

    store._alone._heads.clear()  # type: ignore[union-attr]
    monkeypatch.setattr(_alone._commands, "answered", meanwhile(0))
    monkeypatch.setattr(_alone, "head_of", meanwhile(1))
    again = store.append(where, 1, counted(2), context(), command=command())
    assert (again.repeated, again.answer) == (True, first[0])
    assert store.version(where) == 2


class _Stolen(list[Any]):
    """Shows more than there is to take: another was first."""

    shown = 0

    def __len__(self) -> int:
        return super().__len__() + self.shown

    def __bool__(self) -> bool:
        return len(self) > 0


class _Mute:
    """A session that never answers whether it is there."""

    closed = False

    def fresh(self) -> bool:
        time.sleep(5)
        return True

    def close(self) -> None:
        self.closed = True


def _until(so: Any) -> None:
    ends = time.monotonic() + 10
    while not so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.005)
