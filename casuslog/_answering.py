"""A line to PostgreSQL that has gone dead is given up in bounded time, by both ends.

When bytes vanish and nobody is told (a switch, a firewall that forgot a connection, a host without power), a connection
looks alive for hours. Three things bound that: TCP itself (probes, and how long what was sent may go unacknowledged),
for a peer that is gone; the server's own limits on statements and idle transactions; and here, under eventlet, how long
a process waits for the answer to one statement, for whoever acknowledges and never answers.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""A quiet line is probed after ten seconds, and given up after three probes five seconds apart."""
UNACKNOWLEDGED_MS = 20_000
"""How long what was sent may go unacknowledged."""
CLIENT_END: dict[str, int] = {"keepalives": 1, "tcp_user_timeout": UNACKNOWLEDGED_MS, **KEEPALIVE}
"""Arguments of a connection (libpq)."""

STATEMENT_SECONDS = 60
"""After this the server itself ends a statement."""
ANSWER_SECONDS = STATEMENT_SECONDS + 5.0
"""Nothing takes longer than the server allows; after that nobody will answer."""
CONNECT_SECONDS = 10.0
ASK_SECONDS = 5.0
"""How long a connection that rested may take to say that it is there."""
LOOK_SECONDS = 0.5
"""Between two looks who has waited too long."""
IDLE_SECONDS = 60
"""After this the server ends a session in which nothing is asked. Its client may be gone: where something in between
acknowledges what the server sends, it would keep its place for ever, and a server has only so many."""
SERVER_END = {
    **{f"tcp_{name}": seconds for name, seconds in KEEPALIVE.items()},
    "tcp_user_timeout": UNACKNOWLEDGED_MS,
    "idle_session_timeout": IDLE_SECONDS * 1000,
}
"""Settings of a session: a client that is gone leaves no transaction behind that holds up the log, and no session."""


class _Wait:
    """A greenlet that waits for the server, and until when."""

    __slots__ = ("greenlet", "until")

    def __init__(self, greenlet: Any, until: float) -> None:
        self.greenlet = greenlet
        self.until = until


_waits: dict[int, _Wait] = {}
_limits: dict[int, float] = {}
_looking = False


def install() -> None:
    """Bound the waits of psycopg2 in this process, where eventlet does the waiting. May be called again."""
    from psycopg2 import extensions

    before = extensions.get_wait_callback()
    if before is not None and before is not _wait and before.__module__.startswith("eventlet."):
        extensions.set_wait_callback(_wait)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Wait at most so long for each answer, in this greenlet."""
    from greenlet import getcurrent  # type: ignore[import-untyped]  # ships no types

    me = id(getcurrent())
    before = _limits.get(me)
    _limits[me] = seconds
    try:
        yield
    finally:
        if before is None:
            del _limits[me]
        else:
            _limits[me] = before


def _wait(connection: Any) -> None:
    """Let others run until the server has answered; psycopg2 closes the connection when this raises."""
    from eventlet import hubs
    from greenlet import getcurrent
    from psycopg2 import OperationalError, extensions

    me, making = getcurrent(), connection.status not in _AT_WORK
    limit = _limits.get(id(me)) or (CONNECT_SECONDS if making else ANSWER_SECONDS)
    waiting = _waits[id(me)] = _Wait(me, time.monotonic() + limit)
    _look_later()
    known = -1
    try:
        while (state := connection.poll()) != extensions.POLL_OK:
            if state not in (extensions.POLL_READ, extensions.POLL_WRITE):
                raise OperationalError(f"Bad result from poll: {state!r}")
            reading, number = state == extensions.POLL_READ, connection.fileno()
            if making and number != known:
                # libpq opened it unseen: whoever still listens to the number listens to what is closed since.
                hubs.notify_opened(number)
                known = number
            hubs.trampoline(number, read=reading, write=not reading)
    finally:
        if _waits.get(id(me)) is waiting:
            del _waits[id(me)]


_AT_WORK = (1, 2, 5)
"""Of psycopg2.extensions: STATUS_READY, STATUS_BEGIN, STATUS_PREPARED. Anything else is a connection in the making."""


def _look_later() -> None:
    global _looking  # one look at a time, as there is one hub
    if not _looking:
        from eventlet import hubs

        _looking = True
        hubs.get_hub().schedule_call_global(LOOK_SECONDS, _look)


def _look() -> None:
    """Wake who has waited too long. One timer for all: one for each statement would cost as much as the statement."""
    from eventlet import hubs

    global _looking
    _looking = False
    now = time.monotonic()
    for waiting in [one for one in _waits.values() if one.until <= now]:
        # Each by itself: what becomes of the one is nothing to the next.
        hubs.get_hub().schedule_call_global(0, _give_up, waiting)
    if _waits:
        _look_later()


def _give_up(waiting: _Wait) -> None:
    from psycopg2 import OperationalError

    if _waits.get(id(waiting.greenlet)) is waiting:
        waiting.greenlet.throw(OperationalError("no answer in time: the line to the database is dead"))


__all__ = ["ASK_SECONDS", "CLIENT_END", "CONNECT_SECONDS", "SERVER_END", "STATEMENT_SECONDS", "install", "within"]
