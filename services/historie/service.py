"""The service historie: the shared case history to read. It keeps what the log carried, and judges each reading."""

from __future__ import annotations

from datetime import date

from werkzeug.wrappers import Request, Response

from casuslog.commands import NoInvolvement
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import as_of, note, reader_of
from casuslog.hosting.service import CasusService
from casuslog.http import http, json_response
from casuslog.recorded import RecordedEvent
from casuslog.store import EVERY_GEMEENTE, Transaction
from services.historie.tijdlijn import status, tijdlijn


class HistorieService(CasusService):
    """Timelines and statuses, across services. A toezicht dossier is no part of it."""

    name = "historie"

    @on_event("melding", projection=True)
    @on_event("onderzoek", projection=True)
    @on_event("beschikking", projection=True)
    @on_event("pgb", projection=True)
    def bewaar(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep what the log carried."""
        self.keep(event, tx)

    @http("GET", "/casussen/<string:casus>/tijdlijn")
    def http_tijdlijn(self, request: Request, casus: str) -> Response:
        """The timeline of a casus for this caller, oldest first. ``op``: as of this day."""
        log: ServiceLog = self.log
        reader, op = reader_of(log, request), as_of(log, request)
        rows = tijdlijn(_events(log, casus, op), reader, log.privacy_of, op)
        note(log, reader, "tijdlijn", casus, allowed=bool(rows))
        if not rows:
            raise NoInvolvement()
        return json_response({"casus": casus, "op": op.isoformat(), "tijdlijn": rows})

    @http("GET", "/casussen/<string:casus>")
    def http_status(self, request: Request, casus: str) -> Response:
        """The status of a casus for this caller: step, since when, owner, team, next step. ``op``: as of this day."""
        log: ServiceLog = self.log
        reader, op = reader_of(log, request), as_of(log, request)
        told = status(_events(log, casus, op), reader, op)
        note(log, reader, "status", casus, allowed=told is not None)
        if told is None:
            raise NoInvolvement()
        return json_response({"casus": casus, "op": op.isoformat(), **told})


def _events(log: ServiceLog, casus: str, op: date) -> list[RecordedEvent]:
    """The casus as it was known on a day: what happened later is left out. Streams of their own stay out altogether."""
    with log.store.transaction() as tx:
        known = log.known.of(tx.conn, casus, EVERY_GEMEENTE, purpose="inzage")
        return [event for event in known if event.envelope.feitdatum <= op]
