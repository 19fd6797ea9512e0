"""A service's own streams to read: each event judged for its reader, by the one pure function."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog.access import NoInvolvement
from casuslog.clock import today
from casuslog.codes import gemeente as gemeente_of
from casuslog.envelope import Stream
from casuslog.errors import Forbidden
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import as_of, note, reader_of
from casuslog.http import http, json_response
from casuslog.readmodels import InvolvementRegister
from casuslog.rights import Involvement, Involvements, Reader, matrix
from casuslog.rights.showing import shown
from casuslog.verwerkingen import over_iemand

GEEN_BETROKKENHEID = "geen_betrokkenheid"


class Streams:
    """Mixin of a service: ``GET /stromen/<gemeente>/<soort>/<id>``. ``self.log`` is its :class:`ServiceLog`."""

    log: Any

    @http("GET", "/stromen/<string:gemeente>/<string:soort>/<string:subject>")
    def http_stroom(self, request: Request, gemeente: str, soort: str, subject: str) -> Response:
        """The events of one stream of this service for this caller, oldest first. ``op``: those up to this day."""
        log: ServiceLog = self.log
        reader, op = reader_of(log, request), as_of(log, request)
        stream, day = Stream(gemeente_of(gemeente).code, soort, subject), today(log.platform.clock)
        with log.store.transaction() as tx:
            events = list(log.store.codec.decode_many(tx.read_stream(stream), purpose="inzage", typed=False))
            recorded = InvolvementRegister.of(tx.conn, subject, day)
            involved = Involvements.of(events).involving(
                *(Involvement(i.organisatie, i.als, i.vanaf, i.tot, i.thema, door=i.gemeente) for i in recorded)
            )
            asked = (event for event in events if event.envelope.feitdatum <= op)
            rows = list(shown(asked, reader, involved, log.privacy_of, on=day))
            about = [(stream.gemeente, subject)] if events and over_iemand(soort) else []
            seen = len(rows)
            note(log, reader, soort, subject, allowed=bool(rows), request=request, about=about, shown=seen, tx=tx)
        if not rows:
            raise _nothing_to_see(reader, soort)
        return json_response({"stroom": str(stream), "gebeurtenissen": rows})


def _nothing_to_see(reader: Reader, kind: str) -> Exception:
    """The same refusal whether the stream exists or not: only role and kind of stream decide which."""
    known = matrix()
    if kind not in known.besloten and (reason := known.redenen["casus"].get(reader.rol)):
        return Forbidden(
            reason,
            "Geweigerd: zonder toestemming van de inwoner ziet een ander niets van de zaak.",
            rule="melder zijn geeft geen inzagerecht; AVG art. 6 lid 1 onder a",
            remedy="Vraag de inwoner om toestemming voor het deel dat u nodig hebt.",
        )
    reason = known.redenen["besloten"].get(reader.rol, GEEN_BETROKKENHEID) if kind in known.besloten else ""
    if reason in ("", GEEN_BETROKKENHEID):
        return NoInvolvement()
    return Forbidden(
        reason,
        f"Geweigerd: dit is een besloten stroom; de rol {reader.rol} heeft er geen toegang.",
        rule="Wmo 2015 art. 6.1: de toezichthouder staat los van inkoop en uitvoering",
        remedy="Vraag de toezichthouder om een bericht in algemene zin.",
    )
