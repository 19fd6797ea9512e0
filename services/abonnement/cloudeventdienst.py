"""One number of the feed in the form and mode that its reader asks for: the message that the queue would have had."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog.clock import today
from casuslog.cloudevents import STRUCTURED
from casuslog.codes import codes
from casuslog.errors import InvalidInput, NotFound
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.http import http
from casuslog.identifiers import is_uuid
from services.abonnement import brieven, feed
from services.abonnement.logboek import LEESBAAR
from services.abonnement.posten import als, http_bericht, van_nummer


class CloudEventDienst:
    """Mixin of the service: numbers as CloudEvents. Needs ``self.log`` and ``self.register``."""

    log: Any
    register: Any

    @http("GET", "/abonnementen/<string:abonnement>/gebeurtenissen/<int:nummer>/cloudevent")
    def http_cloudevent(self, request: Request, abonnement: str, nummer: int) -> Response:
        """One number as the CloudEvent that it is on queue and webhook, in ``vorm`` (json, avro) and ``wijze``.

        ``wijze``: binair (attributes as ``ce-`` headers) or gestructureerd. No more than the profile of the
        subscription says.
        """
        vorm, wijze = (
            _keuze(request, "vorm", "berichtvorm", "json"),
            _keuze(request, "wijze", "berichtwijze", STRUCTURED),
        )
        log: ServiceLog = self.log
        lezer = reader_of(log, request)
        with log.store.transaction() as tx:
            found = self.register.een(tx, abonnement) if is_uuid(abonnement) else None
            inschrijving, rij, event = feed.van_houder(found, lezer), None, None
            if inschrijving is not None:
                rij = brieven.rij_van(tx, inschrijving.id, nummer)
                gevraagd, dag = als(inschrijving, vorm=vorm, wijze=None), today(log.platform.clock)
                event = None if rij is None else van_nummer(tx, log.known, log.platform.codec, gevraagd, rij, dag)
        leesbaar = event is not None and event.attributes.get("niveau") in LEESBAAR
        about = [(rij.gemeente, rij.subject)] if leesbaar and rij is not None else []
        allowed = inschrijving is not None
        note(log, lezer, "abonnement", abonnement, allowed=allowed, request=request, about=about, shown=len(about))
        if inschrijving is None:
            raise feed.GeenAbonnement()
        if event is None:
            raise NotFound(f"Nummer {nummer} is in dit abonnement niet uitgegeven.")
        headers, body = http_bericht(event, wijze)
        return Response(body, headers=headers)


def _keuze(request: Request, name: str, codelijst: str, default: str) -> str:
    given, known = request.args.get(name, default), codes(codelijst).codes
    if given not in known:
        told = f"kies uit {', '.join(known)}"
        raise InvalidInput(f"{name} klopt niet: {told}.", errors={name: [told]})
    return given
