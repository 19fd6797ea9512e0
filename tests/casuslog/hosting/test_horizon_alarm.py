"""The alarm of the horizon: who holds up every reader is logged while it lasts, and that it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import structlog
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from casuslog.errors import Unavailable
from casuslog.hosting import horizon as subject
from casuslog.hosting.horizon import AGAIN_SECONDS, HorizonAlarm, servers_of
from casuslog.store import EventStore, Holder, Horizon
from casuslog.testing._proef import opened_with
from casuslog.testing.instances import PrivatePostgres

SINCE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HUNG = Holder(4711, "elders", "psql", "idle in transaction", 30.0, SINCE)
OTHER = Holder(4712, "elders", "psql", "idle in transaction", 30.0, SINCE)


class Looks:
    """A store whose horizon is what a test says, look by look."""

    def __init__(self, *seen: Horizon | Exception) -> None:
        self._seen = list(seen)

    def horizon(self) -> Horizon:
        one = self._seen.pop(0)
        if isinstance(one, Exception):
            raise one
        return one


def stalled(holder: Holder = HUNG) -> Horizon:
    return Horizon(30.0, (holder,))


def logged(*seen: Horizon, times: Iterator[float] | None = None) -> list[dict[str, Any]]:
    """What is logged when the horizon is seen like this."""
    moments = times or iter(range(1000))
    alarm = HorizonAlarm(cast("EventStore", Looks(*seen)), monotonic=lambda: next(moments))
    structlog.reset_defaults()
    with capture_logs() as lines:
        for _ in seen:
            alarm.look()
    return cast("list[dict[str, Any]]", lines)


def test_it_names_session_database_application_and_since_when() -> None:
    """Who reads the log can end the right session without looking any further."""
    [line] = logged(stalled(), stalled())
    assert line["log_level"] == "error"
    assert {name: line[name] for name in ("sessie", "database", "toepassing", "toestand", "sinds", "seconden")} == {
        "sessie": 4711,
        "database": "elders",
        "toepassing": "psql",
        "toestand": "idle in transaction",
        "sinds": "2026-03-02T09:00:00+00:00",
        "seconden": 30.0,
    }


def test_one_look_is_no_alarm() -> None:
    """A long transaction that writes at its very end holds the horizon for a moment; so does another after it."""
    assert logged(stalled(), Horizon(), stalled(), stalled(OTHER), Horizon()) == []


def test_a_short_transaction_is_no_alarm() -> None:
    """What has been open for less than a few seconds is work, not a stall."""
    short = Horizon(4.9, (HUNG,))
    assert logged(short, short, short) == []


def test_it_is_told_anew_while_it_lasts() -> None:
    """Not at every look, and not only once."""
    moments = iter([0.0, 1.0, 2.0, 2.0 + AGAIN_SECONDS])
    assert len(logged(*[stalled()] * 4, times=moments)) == 2


def test_the_end_is_told() -> None:
    """An alarm that was told is also told to be over, once."""
    lines = logged(stalled(), stalled(), Horizon(), Horizon())
    assert [line["log_level"] for line in lines] == ["error", "info"]


def test_a_database_that_is_away_ends_no_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on looking, and tells of the stall that it finds after the database came back."""
    monkeypatch.setattr(subject, "LOOK_SECONDS", 0.001)
    stopping = threading.Event()

    class Back(Looks):
        def horizon(self) -> Horizon:
            if len(self._seen) == 1:
                stopping.set()
            return super().horizon()

    structlog.reset_defaults()
    with capture_logs() as lines:
        HorizonAlarm(cast("EventStore", Back(Unavailable("weg"), stalled(), stalled()))).run(stopping)
    assert [line["log_level"] for line in lines if line["log_level"] == "error"] == ["error"]


@pytest.mark.postgres
def test_a_transaction_in_another_database_is_seen(
    postgres_url: str, postgres: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real server: somebody elsewhere leaves a writing transaction open, and is named with session and since."""
    monkeypatch.setattr("casuslog.store._horizon.ALARM_SECONDS", 0.1)
    store = EventStore.open(postgres_url, "proef", **opened_with())
    foreign = create_engine(postgres.url(), connect_args={"application_name": "vreemd"})
    alarm = HorizonAlarm(store)
    structlog.reset_defaults()
    with foreign.begin() as conn, capture_logs() as lines:
        pid = conn.execute(text("SELECT pg_backend_pid(), pg_current_xact_id(), pg_sleep(0.2)")).one()[0]
        alarm.look()
        alarm.look()
    alarm.look()
    foreign.dispose()
    store.close()
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["sessie"], line["database"], line["toepassing"]) == (pid, "postgres", "vreemd")
    assert datetime.fromisoformat(str(line["sinds"])).tzinfo is not None


def test_databases_of_one_server_are_watched_once(tmp_path: Any) -> None:
    """The horizon is that of a server: one watch for each, and none for a file."""

    class On:
        def __init__(self, url: str) -> None:
            self.engine = create_engine(url)

    on_one = [On("postgresql+psycopg2://a@een/x"), On("postgresql+psycopg2://a@een/y")]
    other, file = On("postgresql+psycopg2://a@twee/x"), On(f"sqlite:///{tmp_path}/een.db")
    found = servers_of(cast("list[EventStore]", [*on_one, other, file]))
    assert found == [on_one[1], other]
