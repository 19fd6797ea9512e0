"""Read your writes: wait until a service has handled the event at a position that a command answered."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from casuslog.access import NoInvolvement, admit
from casuslog.caller import Caller
from casuslog.clock import today
from casuslog.envelope import Position
from casuslog.errors import InvalidInput, Unavailable
from casuslog.hosting.operating import RunningLogConsumer
from casuslog.hosting.provider import MOST_WAITING, ServiceLog
from casuslog.hosting.reading import caller_of
from casuslog.http import http, json_response
from casuslog.rights import matrix
from casuslog.store.tables import inbox

LONGEST_WAIT = 30.0
"""Seconds that ``/wacht`` waits at most."""
LOOK_SECONDS = 0.02


class Waiting:
    """Mixin of a service: ``GET /wacht/<positie>``. ``self.log`` is its :class:`ServiceLog`."""

    log: Any
    consuming: Any = RunningLogConsumer()

    @http("GET", "/wacht/<path:positie>")
    def http_wacht(self, request: Request, positie: str) -> Response:
        """Wait until this service has handled the event at ``positie``, at most ``?seconden=``: 200, or 504 if not yet.

        Only for who may act in that stream: of any other it does not say whether there is one.
        """
        log: ServiceLog = self.log
        caller = caller_of(log, request)
        wanted, seconds = _position(positie), _seconds(request)
        _admit(log, caller, wanted)
        own_too = log.service in self.consuming.handlers.sources
        with place(log):
            handled = _wait(lambda: handled_up_to(log, wanted, own_too=own_too), wanted.sequence, seconds)
        return json_response({"positie": positie, "verwerkt": handled}, 200 if handled else 504)


def handled_up_to(log: ServiceLog, wanted: Position, *, own_too: bool = False) -> int:
    """The sequence up to which this service has handled the stream of ``wanted``.

    Of its own streams that is what it holds, unless it follows itself (``own_too``): then what it handled of them.
    """
    stream = wanted.stream
    if wanted.service == log.service and not own_too:
        return log.store.version(stream)
    query = select(inbox.c.sequence).where(
        inbox.c.consumer == log.service,
        inbox.c.gemeente == stream.gemeente,
        inbox.c.source == wanted.service,
        inbox.c.stroom == stream.kind,
        inbox.c.subject == stream.id,
    )
    with log.store.reading() as conn:
        return conn.execute(query).scalar() or 0


def _admit(log: ServiceLog, caller: Caller, wanted: Position) -> None:
    known = matrix()
    kind = wanted.stream.kind
    if kind in known.besloten and not any(r.is_for(caller.rol) and kind in r.stromen for r in known.regels):
        raise NoInvolvement()
    with log.store.reading() as conn:
        admit(conn, caller, wanted.stream.gemeente, wanted.stream.id, today(log.platform.clock), stroom=kind)


@contextlib.contextmanager
def place(log: ServiceLog) -> Iterator[None]:
    """A place among the calls that wait in one service.

    Raises:
        Unavailable: :data:`MOST_WAITING` wait already.
    """
    if not log.waiting.acquire(blocking=False):
        raise Unavailable(f"Er wachten al {MOST_WAITING} aanroepen bij {log.service}. Probeer het zo opnieuw.")
    try:
        yield
    finally:
        log.waiting.release()


def _wait(reached: Callable[[], int], wanted: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while reached() < wanted:
        if time.monotonic() >= deadline:
            return False
        eventlet.sleep(LOOK_SECONDS)
    return True


def _seconds(request: Request) -> float:
    given = request.args.get("seconden", "5")
    # Written out, because float() also takes nan and inf, and a wait of nan seconds never ends.
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", given, re.ASCII) or float(given) > LONGEST_WAIT:
        told = f"een getal van 0 tot {LONGEST_WAIT:g}"
        raise InvalidInput(f"Wacht {told} seconden.", errors={"seconden": [told]})
    return float(given)


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError:
        told = "de positie van een antwoord: dienst/gemeente/stroom/onderwerp/nummer"
        raise InvalidInput(f"Geef {told}.", errors={"positie": [told]}) from None


__all__ = ["LONGEST_WAIT", "Waiting", "handled_up_to", "place"]
