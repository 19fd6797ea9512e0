"""The service historie: the shared case history to read. It keeps what the log carried, and judges each reading.

What stands in the way of destroying a casus, and what was decided about it, is recorded here too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from casuslog.access import NoInvolvement
from casuslog.clock import today
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import as_of, note, reader_of
from casuslog.hosting.service import CasusService
from casuslog.http import http, json_response
from casuslog.readmodels import keep
from casuslog.recorded import RecordedEvent
from casuslog.rights import Level
from casuslog.store import EVERY_GEMEENTE, Transaction
from casuslog.vernietigen.opdrachten import OPDRACHTEN
from services.historie.tijdlijn import AlleenStatus, gebeurtenis, status, tijdlijn
from services.historie.toestanden import TOESTANDEN
from services.historie.vernietigd import Vernietigingen, weiger_vernietigd
from services.historie.zoeken import Zoeken


class HistorieService(Zoeken, Vernietigingen, CasusService):
    """Timelines and statuses, across services. A toezicht dossier is no part of it."""

    name = "historie"
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = OPDRACHTEN
    bewaart: ClassVar[bool] = True

    @on_event("melding", projection=True, batch=True)
    @on_event("onderzoek", projection=True, batch=True)
    @on_event("beschikking", projection=True, batch=True)
    @on_event("pgb", projection=True, batch=True)
    def bewaar(self, events: Sequence[RecordedEvent], tx: Transaction) -> None:
        """Keep what the log carried."""
        keep(tx.conn, events)

    @http("GET", "/casussen/<string:casus>/tijdlijn")
    def http_tijdlijn(self, request: Request, casus: str) -> Response:
        """The timeline of a casus for this caller, oldest first. ``op``: up to this day."""
        log: ServiceLog = self.log
        reader, op = reader_of(log, request), as_of(log, request)
        with log.store.transaction() as tx:
            events = _events(log, tx, casus)
            rows = tijdlijn(events, reader, log.privacy_of, tot_en_met=op, vandaag=today(log.platform.clock))
            about = _over(casus, {row["gemeente"] for row in rows}, events)
            note(
                log, reader, "tijdlijn", casus, allowed=bool(rows), request=request, about=about, shown=len(rows), tx=tx
            )
        if not rows:
            raise NoInvolvement()
        return json_response({"casus": casus, "op": op.isoformat(), "tijdlijn": rows})

    @http("GET", "/casussen/<string:casus>/gebeurtenissen/<string:id>")
    def http_gebeurtenis(self, request: Request, casus: str, id: str) -> Response:
        """One event with its content. Who may know of it and no more is told so; to anybody else there is none.
        Of a casus that was destroyed it is gone (410), for who may know that."""
        log: ServiceLog = self.log
        reader = reader_of(log, request)
        with log.store.transaction() as tx:
            events = _events(log, tx, casus)
            zicht, row = gebeurtenis(events, id, reader, log.privacy_of, vandaag=today(log.platform.clock))
            note(
                log,
                reader,
                "gebeurtenis",
                casus,
                allowed=row is not None,
                request=request,
                about=_over(casus, {row["gemeente"]} if row else (), events),
                shown=int(row is not None),
                tx=tx,
            )
        if zicht >= Level.STATUS and row is None:
            raise AlleenStatus(reader.rol)
        if row is None:
            weiger_vernietigd(events, reader, vandaag=today(log.platform.clock))
            raise NoInvolvement()
        return json_response({"casus": casus, **row})

    @http("GET", "/casussen/<string:casus>")
    def http_status(self, request: Request, casus: str) -> Response:
        """The status of a casus for this caller: step, since when, owner, team, next step. ``op``: as of this day."""
        log: ServiceLog = self.log
        reader, op = reader_of(log, request), as_of(log, request)
        with log.store.transaction() as tx:
            events = _events(log, tx, casus)
            told = status(events, reader, tot_en_met=op, vandaag=today(log.platform.clock))
            about = _over(casus, {told["eigenaar"]} - {None} if told else (), events)
            note(log, reader, "status", casus, allowed=told is not None, request=request, about=about, tx=tx)
        if told is None:
            raise NoInvolvement()
        return json_response({"casus": casus, "op": op.isoformat(), **told})


def _events(log: ServiceLog, tx: Transaction, casus: str) -> list[RecordedEvent]:
    """All that the log carried of a casus. Streams with a subject of their own stay out altogether."""
    return list(log.known.of(tx.conn, casus, EVERY_GEMEENTE, purpose="inzage"))


def _over(casus: str, shown: Collection[str], events: Sequence[RecordedEvent]) -> list[tuple[str, str]]:
    """Who answers for a reading: the gemeenten of what was shown; of what was refused, all that hold the casus."""
    return [(gemeente, casus) for gemeente in shown or {event.envelope.gemeente for event in events}]
