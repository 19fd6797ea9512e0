"""What whoever keeps a service running asks of it: how it stands, what is parked, and its log as it grows.

All of it is for the role *beheerder*. ``/status`` holds figures only; the rest is for the gemeenten of its token, and
shows envelopes and reasons, never content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, ClassVar

import structlog
from nameko.extensions import DependencyProvider
from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from casuslog.caller import Caller
from casuslog.consume import timers
from casuslog.consume.books import UNREADABLE, Books
from casuslog.consume.parking import ParkedEvent, ParkedLane, Parking
from casuslog.errors import Forbidden, InvalidInput, NotFound, Unavailable
from casuslog.events import TYPE_PREFIX
from casuslog.hosting.entrypoint import LogConsumer
from casuslog.hosting.measuring import measured, metrics_response
from casuslog.hosting.reading import caller_of, ensure_beheerder
from casuslog.hosting.standing import lag, standing
from casuslog.http import http, json_response
from casuslog.metrics import Figure, Figures
from casuslog.recorded import START, Cursor, StoredEvent
from casuslog.rights.matrix import matrix
from casuslog.store.tables import parked

PAGE = 100
LONGEST_PAGE = 500

_log = structlog.get_logger("casuslog.beheer")


class RunningLogConsumer(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Gives a service the consumer of its own container: the one that its ``@on_event`` methods share."""

    consumer = LogConsumer()

    def get_dependency(self, worker_ctx: Any) -> LogConsumer:  # noqa: ARG002  # nameko's signature
        return self.consumer


class Operating:
    """Mixin of a service: its status, its parked lanes, its log. Needs ``self.log``, a ``ServiceLog``."""

    name: ClassVar[str]
    log: Any
    consuming: Any = RunningLogConsumer()

    @http("GET", "/status")
    def http_status_van_dienst(self, request: Request) -> Response:
        """How the service stands: cursors, counts and times."""
        caller = self._beheerder(request)
        sources, running = self.consuming.handlers.sources, self.consuming.running
        ready = not sources or (running is not None and running.connected)
        told = standing(self.log.store, self.log.platform.clock, sources, ready=ready)
        return json_response(told | self.more_standing(caller))

    def more_standing(self, caller: Caller) -> dict[str, Any]:  # noqa: ARG002  # for who tells more
        """What a service tells of its standing beside what they all do, to this beheerder."""
        return {}

    @http("GET", "/metrics")
    def http_metrics(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes the request
        """The figures of this service for Prometheus; open, for there is nothing of anybody in them."""
        figures = measured(self.log.store, self.log.platform.clock, self.consuming)
        return metrics_response(self.log.registry, figures, Figures(self._refused), Figures(self.figures))

    def _refused(self) -> Iterator[Figure]:
        for reason, count in self.log.platform.gate.refused.of(self.name).items():
            yield "signins_refused_total", (self.name, reason), count

    def figures(self) -> Iterable[Figure]:
        """What a service can tell beside what they all do."""
        return ()

    @http("GET", "/achterstand")
    def http_achterstand(self, request: Request) -> Response:
        """How long the first event after ``?na=<cursor>`` has been waiting for a reader that is there."""
        self._beheerder(request)
        behind = lag(self.log.store, _cursor(request), self.log.platform.clock)
        oldest = None if behind.oldest is None else behind.oldest.isoformat()
        return json_response({"service": self.name, "oudste": oldest, "seconden": behind.seconds})

    @http("GET", "/gebeurtenissen")
    def http_gebeurtenissen(self, request: Request) -> Response:
        """The log of this service after ``?na=<cursor>``: envelopes only, without streams that are besloten.

        ``gemeente`` (may be repeated) and ``limiet`` narrow it.
        """
        caller = self._beheerder(request)
        asked = _gemeenten(request, caller)
        after = _cursor(request)
        page = self.log.store.read_log(asked, after=after, limit=limit_of(request))
        shown = [_attributes(stored) for stored in page if stored.envelope.stroom not in matrix().besloten]
        following = page[-1].cursor if page else after
        return json_response({"service": self.name, "gebeurtenissen": shown, "volgende": str(following)})

    @http("GET", "/geparkeerd")
    def http_geparkeerd(self, request: Request) -> Response:
        """The lanes and terms that stand still, longest first, each with its reason."""
        caller = self._beheerder(request)
        visible = self._visible_lanes(caller)
        lanes = [_lane(lane) for lane in self._parking().list() if lane.lane in visible]
        terms = [_term(timer, reason) for timer, reason in self._parked_timers(caller)]
        return json_response({"service": self.name, "banen": lanes, "termijnen": terms})

    @http("GET", "/geparkeerd/<path:baan>")
    def http_geparkeerde_baan(self, request: Request, baan: str) -> Response:
        """The events of one parked lane, in order; of the gemeenten of the caller."""
        caller = self._beheerder(request)
        own = {*caller.gemeenten, ""}
        found = self._parking().show(baan) if baan in self._visible_lanes(caller) else []
        shown = [_event(event) for event in found if event.gemeente in own]
        terms = [_term(t, reason) for t, reason in self._parked_timers(caller) if t.key == baan]
        if not shown and not terms:
            raise _not_parked(baan)
        return json_response({"service": self.name, "baan": baan, "gebeurtenissen": shown, "termijnen": terms})

    @http("POST", "/geparkeerd/<path:baan>/herhaal")
    def http_herhaal(self, request: Request, baan: str) -> Response:
        """Handle a parked lane anew after a repair, in order until one fails again; or plan a parked term anew."""
        caller = self._beheerder(request)
        if baan in self._visible_lanes(caller):
            outcome = self._replay_lane(baan)
        elif any(timer.key == baan for timer, _ in self._parked_timers(caller)):
            outcome = self._replay_timer(baan)
        else:
            raise _not_parked(baan)
        _log.info("geparkeerd herhaald", service=self.name, baan=baan, door=caller.id, **outcome)
        return json_response({"service": self.name, "baan": baan, **outcome})

    def _replay_lane(self, lane: str) -> dict[str, Any]:
        parking = self.consuming.parking
        if parking is None:
            raise Unavailable(f"De dienst {self.name} verwerkt nu niets. Probeer het opnieuw als zij draait.")
        replay = parking.replay(lane)
        return {"verwerkt": replay.handled, "over": replay.left, "reden": replay.reason}

    def _replay_timer(self, key: str) -> dict[str, Any]:
        planned = self.log.store.run_transaction(lambda tx: timers.replay(tx.conn, key))
        return {"verwerkt": 0, "over": 0 if planned else 1, "reden": None, "opnieuw_gepland": planned}

    def _parking(self) -> Parking:
        # A service that consumes nothing now can still show what it parked before.
        found: Parking | None = self.consuming.parking
        return found or Parking(self.log.store, Books(self.name))

    def _visible_lanes(self, caller: Caller) -> Collection[str]:
        """Lanes with an event of a gemeente of the caller; what could not be read is of nobody, so of everybody."""
        own = parked.c.gemeente.in_([*caller.gemeenten, ""])
        query = select(parked.c.lane).distinct().where(parked.c.consumer == self.name, own)
        with self.log.store.reading() as conn:
            return set(conn.execute(query).scalars())

    def _parked_timers(self, caller: Caller) -> list[tuple[timers.Timer, str]]:
        with self.log.store.reading() as conn:
            found = timers.parked(conn)
        return [(timer, reason) for timer, reason in found if timer.stream.gemeente in caller.gemeenten]

    def _beheerder(self, request: Request) -> Caller:
        caller = caller_of(self.log, request)
        ensure_beheerder(caller, self.name)
        return caller


def _not_parked(lane: str) -> NotFound:
    return NotFound(f"Baan {lane} is niet geparkeerd.")


def _cursor(request: Request) -> Cursor:
    given = request.args.get("na")
    if not given:
        return START
    try:
        return Cursor.parse(given)
    except ValueError as error:
        raise InvalidInput(str(error), errors={"na": [str(error)]}) from None


def limit_of(request: Request) -> int:
    """How many rows a beheerder asks for: ``?limiet=``.

    Raises:
        InvalidInput: no number from 1 to :data:`LONGEST_PAGE`.
    """
    given = request.args.get("limiet", str(PAGE))
    if not given.isdigit() or not 1 <= int(given) <= LONGEST_PAGE:
        told = f"limiet is een getal van 1 tot {LONGEST_PAGE}"
        raise InvalidInput(f"De {told}.", errors={"limiet": [told]})
    return int(given)


def _gemeenten(request: Request, caller: Caller) -> list[str]:
    asked = request.args.getlist("gemeente")
    strange = sorted(set(asked) - set(caller.gemeenten))
    if strange:
        raise Forbidden(
            "gemeente_niet_in_token",
            f"Het token geldt niet voor gemeente {', '.join(strange)}.",
            rule="wie beheert, beheert voor de gemeenten van zijn token",
            remedy=f"Vraag gemeenten uit het token: {', '.join(caller.gemeenten)}.",
            field="gemeente",
        )
    return asked or list(caller.gemeenten)


def _attributes(stored: StoredEvent) -> dict[str, str]:
    return {**stored.envelope.attributes(), "cursor": str(stored.cursor)}


def _lane(lane: ParkedLane) -> dict[str, Any]:
    return {
        "baan": lane.lane,
        "gebeurtenissen": lane.events,
        "sinds": lane.since.isoformat(),
        "soort": lane.type.removeprefix(TYPE_PREFIX),
        "reden": lane.reason,
    }


def _event(event: ParkedEvent) -> dict[str, Any]:
    # Of what could not be read nothing is known, also not whether its headers hold something personal.
    about = {} if event.lane == UNREADABLE else {"bron": event.source, "stroom": event.stroom, "id": event.event_id}
    return {
        "nr": event.n,
        "gemeente": event.gemeente or None,
        **about,
        "sequence": event.sequence,
        "soort": event.type.removeprefix(TYPE_PREFIX) if about else UNREADABLE,
        "toestand": event.state,
        "pogingen": event.attempts,
        "sinds": event.parked_at.isoformat(),
        "reden": event.reason,
    }


def _term(timer: timers.Timer, reason: str) -> dict[str, Any]:
    return {
        "baan": timer.key,
        "termijn": timer.name,
        "gemeente": timer.stream.gemeente,
        "stroom": timer.stream.kind,
        "onderwerp": timer.stream.id,
        "uiterlijk": timer.due_on.isoformat(),
        "reden": reason,
    }


__all__ = ["Operating", "RunningLogConsumer", "limit_of"]
