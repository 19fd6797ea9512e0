"""``GET /verwerkingen/<gemeente>/<casus>``: who saw what of a casus at this service, when and why."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog import verwerkingen
from casuslog.access import NoInvolvement
from casuslog.clock import today
from casuslog.codes import gemeente as gemeente_of
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.http import http, json_response
from casuslog.readmodels import InvolvementRegister
from casuslog.rights import Reader
from casuslog.rights.involvement import CLIENT, PERSONEN
from casuslog.store import Transaction

FG = "functionaris_gegevensbescherming"


class Verwerkingenlogboek:
    """Mixin of a service. ``self.log`` is its :class:`ServiceLog`."""

    log: Any

    @http("GET", "/verwerkingen/<string:gemeente>/<string:casus>")
    def http_verwerkingen(self, request: Request, gemeente: str, casus: str) -> Response:
        """The processing records of a casus, oldest first: for the functionaris gegevensbescherming, and the inwoner.

        A casus of which this service shows nothing to this caller, and one that was never read here, look the same.
        """
        log: ServiceLog = self.log
        reader, code = reader_of(log, request), gemeente_of(gemeente).code
        with log.store.transaction() as tx:
            allowed = self._mag(tx, reader, code, casus)
            found = verwerkingen.van(tx.conn, log.platform.keys, log.service, code, casus)
            about = [(code, casus)] if found else []
            note(log, reader, "verwerkingen", casus, allowed=allowed, request=request, about=about, tx=tx)
        if not allowed:
            raise NoInvolvement()
        return json_response({"casus": casus, "gemeente": code, "verwerkingen": found})

    def _mag(self, tx: Transaction, reader: Reader, gemeente: str, casus: str) -> bool:
        if reader.rol == FG:
            return gemeente in reader.gemeenten
        if reader.rol not in PERSONEN:
            return False
        log: ServiceLog = self.log
        involved = InvolvementRegister.of(tx.conn, casus, today(log.platform.clock))
        return any((i.gemeente, i.organisatie, i.als) == (gemeente, reader.id, CLIENT) for i in involved)


__all__ = ["FG", "Verwerkingenlogboek"]
