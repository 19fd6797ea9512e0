"""Finding a casus by BSN: for whom it may know that the casus is there, for a purpose, and noted.

What is not there, and what the caller may not know of, get the same answer: an empty list, after the same time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import eventlet
from werkzeug.wrappers import Request, Response

from casuslog.clock import today
from casuslog.edge import Bsn, Gemeente, Strict, loaded
from casuslog.errors import Forbidden, TooMany
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.http import http, json_body, json_response
from casuslog.readmodels import bsn
from casuslog.recorded import RecordedEvent
from casuslog.rights import Reader
from casuslog.store import EVERY_GEMEENTE, Transaction
from casuslog.tokens import Buckets
from services.historie.tijdlijn import status

ANSWER_SECONDS = 0.1
"""No answer comes sooner: how long it took would tell whether there was something to judge."""
PER_SECOND, AT_ONCE = 1, 30
"""Lookups of one caller: enough for a counter, too few to try numbers."""
ONDERDEEL = "zoek_op_bsn"


@dataclass(frozen=True, kw_only=True)
class ZoekOpBsn:
    """Zoek de casussen waarin dit BSN is vastgelegd, voor zover u van de casus mag weten."""

    bsn: str
    gemeente: str | None = None


class ZoekOpBsnSchema(Strict):
    """The body of ``POST /zoek/casussen``: a BSN, and the gemeente to look in (else all of the token)."""

    into = ZoekOpBsn
    bsn = Bsn(required=True)
    gemeente = Gemeente()


ZOEK_OP_BSN = ZoekOpBsnSchema()


class Zoeken:
    """Mixin of the service: an index by BSN that holds none, and the lookup. Needs ``self.log``."""

    log: Any
    _lookups = Buckets(PER_SECOND, AT_ONCE)

    @on_event("melding", "MeldingGeregistreerd", projection=True, batch=True)
    @on_event("melding", "BsnVervangen", projection=True, batch=True)
    @on_event("onderzoek", "IdentiteitVastgesteld", projection=True, batch=True)
    def wijs_aan(self, events: Sequence[RecordedEvent], tx: Transaction) -> None:
        """Keep where a BSN leads."""
        bsn.keep(tx.conn, self.log.platform.keys, events)

    @http("POST", "/zoek/casussen", takes=ZOEK_OP_BSN)
    def http_zoek(self, request: Request) -> Response:
        """The casussen with a BSN that this caller may know of, each with its status; noted, with the purpose."""
        log: ServiceLog = self.log
        began = time.monotonic()
        reader = reader_of(log, request)
        asked: ZoekOpBsn = loaded(ZOEK_OP_BSN, json_body(request))
        _refuse_without_purpose(log, reader)
        if log.platform.settings.calls_per_second and (seconds := self._lookups.take((reader.organisatie, reader.id))):
            raise TooMany("U zoekt vaker op BSN dan deze dienst van een aanroeper aanneemt.", seconds=seconds)
        gemeenten = [asked.gemeente] if asked.gemeente else list(reader.gemeenten)
        with log.store.transaction() as tx:
            casussen = bsn.casussen_with(tx.conn, log.platform.keys, gemeenten, asked.bsn)
            found = [told for casus in casussen if (told := _told(log, tx, reader, casus, asked, request))]
            if not casussen:
                note(log, reader, ONDERDEEL, "niets", allowed=False)
        eventlet.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - began)))
        return json_response({"casussen": found})


def _told(
    log: ServiceLog, tx: Transaction, reader: Reader, casus: str, asked: ZoekOpBsn, request: Request
) -> dict[str, Any] | None:
    day = today(log.platform.clock)
    events = list(log.known.of(tx.conn, casus, EVERY_GEMEENTE, purpose="inzage"))
    if bsn.bsn_of(events) != asked.bsn:
        # It was taken for another's: of him there is nothing to find here.
        return None
    told = status(events, reader, tot_en_met=day, vandaag=day)
    holders = {event.envelope.gemeente for event in events} if told is None else {told["eigenaar"]} - {None}
    about = [(gemeente, casus) for gemeente in sorted(holders)]
    note(log, reader, ONDERDEEL, casus, allowed=told is not None, request=request, about=about, tx=tx)
    return None if told is None else {"casus": casus, **told}


def _refuse_without_purpose(log: ServiceLog, reader: Reader) -> None:
    if not reader.doelbinding:
        note(log, reader, ONDERDEEL, "niets", allowed=False)
        raise Forbidden(
            "doelbinding_ontbreekt",
            "Zoeken op BSN mag alleen voor een doel dat het token noemt.",
            rule="AVG art. 5 lid 1 onder b; Wabb art. 10 en Wmo 2015 art. 5.2.9",
            remedy="Gebruik een token met een doelbinding, bijvoorbeeld uitvoering_wmo.",
        )
