"""What is told of what was destroyed: to who asks for it, that it is gone; to who answers for it, how much it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog.codes import gemeente as gemeente_of
from casuslog.errors import Forbidden, Refused
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import reader_of
from casuslog.http import http, json_response
from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level, Reader, sight
from casuslog.vernietigen.gebeurtenissen import CASUS, GEGEVENS_VERNIETIGD
from casuslog.vernietigen.vastgelegd import afgerond

TELLERS = frozenset(
    {"beheerder", "archivaris", "functionaris_gegevensbescherming", "college", "gemeenteraad", "beleidsmedewerker"}
)
"""Roles that hear how many were destroyed: numbers without a person. Which ones is for the archivaris."""


class Vernietigd(Refused):
    """What is asked for was destroyed. It is told only to who may know that the casus was there."""

    status = 410

    def __init__(self, op: date) -> None:
        super().__init__(
            "vernietigd",
            f"De gegevens van deze casus zijn op {op} vernietigd: er zijn alleen soort, tijd en aantal over.",
            rule="Archiefwet 1995 art. 3; Wmo 2015 art. 5.3.4",
            remedy="Vraag hoeveel casussen vernietigd zijn: GET /vernietigingen/<gemeente>.",
        )


def weiger_vernietigd(events: Sequence[RecordedEvent], reader: Reader, *, vandaag: date) -> None:
    """Say that a casus was destroyed, to who may know it.

    Args:
        events: all that is known of the casus.
        reader: who asks for something of it that is not there.
        vandaag: the day of reading.

    Raises:
        Vernietigd: it was, and the reader may know it.
    """
    betrokken = Involvements.of(events)
    for event in events:
        if event.envelope.name != GEGEVENS_VERNIETIGD or event["omvang"] != CASUS:
            continue
        if sight(reader, event.envelope, betrokken, on=vandaag).level >= Level.STATUS:
            raise Vernietigd(event.envelope.feitdatum)


def geteld(besloten: Iterable[RecordedEvent]) -> list[dict[str, Any]]:
    """How many destructions, per year, scope, ground and outcome of the casus; from their decisions."""
    per = Counter(
        (event.envelope.feitdatum.year, event["omvang"], event["grond"], event["resultaat"] or "") for event in besloten
    )
    return [
        {"jaar": jaar, "omvang": omvang, "grond": grond, "resultaat": resultaat or None, "aantal": aantal}
        for (jaar, omvang, grond, resultaat), aantal in sorted(per.items())
    ]


class Vernietigingen:
    """Mixin of the service that keeps what was decided about destroying. Needs ``self.log``."""

    log: Any

    @http("GET", "/vernietigingen/<string:gemeente>")
    def http_vernietigingen(self, request: Request, gemeente: str) -> Response:
        """How much a gemeente destroyed, as numbers: per year, scope, ground and outcome. Of whom is not told."""
        log: ServiceLog = self.log
        reader, code = reader_of(log, request), gemeente_of(gemeente).code
        if reader.rol not in TELLERS or code not in reader.gemeenten:
            raise Forbidden(
                "rol_telt_niet",
                f"De rol {reader.rol} hoort niet hoeveel gemeente {code} vernietigde.",
                rule="AVG art. 5 lid 2: verantwoording door wie ervoor instaat",
                remedy=f"Vraag het in een van deze rollen, voor de eigen gemeente: {', '.join(sorted(TELLERS))}.",
            )
        return json_response({"gemeente": code, "vernietigingen": geteld(afgerond(log.store, code))})
