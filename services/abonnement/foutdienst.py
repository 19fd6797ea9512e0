"""The way back over HTTP: the holder of a subscription reports a fault in an event that it received."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog.appending import append
from casuslog.clock import today
from casuslog.edge import Code, CodeOf, Strict
from casuslog.envelope import Stream
from casuslog.errors import NotFound
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of, reader_of
from casuslog.http import http, json_body, json_response
from casuslog.identifiers import is_uuid, new_id
from casuslog.recorded import Context
from casuslog.rights import Level
from casuslog.store import Transaction
from services.abonnement import brieven, feed
from services.abonnement import foutmelding as f
from services.abonnement.casus import Casus
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.nummering import DOEL
from services.abonnement.webhookdienst import gelezen
from services.abonnement.zicht import zicht


class MeldFout(Strict):
    """The body of a foutmelding."""

    into = f.MeldFout
    regel = CodeOf("foutregel", required=True)
    veld = Code()


MELD_FOUT = MeldFout()


class FoutDienst:
    """Mixin of the service. Needs ``self.log`` and ``self.register``."""

    log: Any
    register: Any

    @http("POST", "/abonnementen/<string:abonnement>/gebeurtenissen/<int:nummer>/foutmelding", takes=MELD_FOUT)
    def http_meld_fout(self, request: Request, abonnement: str, nummer: int) -> Response:
        """The holder says which rule an event breaks, and in which field; its source receives that as an event."""
        log: ServiceLog = self.log
        opdracht: f.MeldFout = gelezen(MELD_FOUT, json_body(request))
        lezer, cause = reader_of(log, request), new_id()
        context = Context(actor=caller_of(log, request).actor, correlationid=cause, causationid=cause)

        def meld(tx: Transaction) -> dict[str, Any]:
            found = self.register.een(tx, abonnement) if is_uuid(abonnement) else None
            inschrijving = feed.van_houder(found, lezer)
            if inschrijving is None:
                raise feed.GeenAbonnement()
            gemeente, over = self._waarover(tx, inschrijving, nummer)
            stream = Stream(gemeente, f.SOORT, inschrijving.id)
            staat, versie = tx.load(f.FOUTMELDING, stream)
            facts = f.meld(staat, opdracht, over, today(log.platform.clock))
            append(tx, stream, versie, facts, context)
            return {"nummer": nummer, "gebeurtenis": over.gebeurtenis, "bron": over.bron, "nieuw": bool(facts)}

        return json_response(log.store.run_transaction(meld))

    def _waarover(self, tx: Transaction, inschrijving: Inschrijving, nummer: int) -> tuple[str, f.Waarover]:
        """The owner of the event, and the event; one that may not be seen (any more) is not there."""
        log: ServiceLog = self.log
        rij = brieven.rij_van(tx, inschrijving.id, nummer)
        casus = None if rij is None else Casus.lees(tx, log.known, rij.subject, DOEL)
        event = None if casus is None or rij is None else casus.event(rij.event_id)
        if casus is None or event is None:
            raise NotFound(f"Nummer {nummer} is in dit abonnement niet te lezen.")
        if zicht(inschrijving, event.envelope, casus.betrokken, today(log.platform.clock)).level < Level.STATUS:
            raise NotFound(f"Nummer {nummer} is in dit abonnement niet te lezen.")
        velden = log.privacy_of(event.envelope.type)
        e = event.envelope
        return e.gemeente, f.Waarover(
            nummer=nummer, gebeurtenis=e.id, bron=e.service, stroom=e.stroom, velden=frozenset(velden)
        )
