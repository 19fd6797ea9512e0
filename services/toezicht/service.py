"""The service toezicht: dossiers of the toezichthouder, who is independent of who decides, buys and pays."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from casuslog.commands import CommandType, Decide, Readers, by_itself, by_policy
from casuslog.envelope import Actor, Stream
from casuslog.errors import Forbidden
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.hosting.service import CasusService
from casuslog.http import http, json_response
from casuslog.identifiers import new_id
from casuslog.readmodels import Policy
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from casuslog.store.tables import events
from services.toezicht import toezicht
from services.toezicht.commands import OPDRACHTEN
from services.toezicht.inrichting import ToezichtInrichting
from services.toezicht.opdrachten import OntvangSignaal, OntvangTermijnsignaal
from services.toezicht.toestanden import TOESTANDEN

_DECIDE: dict[str, Decide] = {
    "beoordeel-signaal": by_itself(toezicht.beoordeel_signaal),
    "meld-calamiteit": by_policy(toezicht.meld_calamiteit),
    "start-toezichtonderzoek": by_itself(toezicht.start_onderzoek),
    "vorder-gegevens": by_itself(toezicht.vorder_gegevens),
    "rond-toezichtonderzoek-af": by_itself(toezicht.rond_af),
    "informeer-college": by_itself(toezicht.informeer_college),
}
_BEGINT = ("meld-calamiteit", "start-toezichtonderzoek")


def _inrichting(policy: Policy) -> ToezichtInrichting:
    return ToezichtInrichting.van_beleid(policy.beleid)


class ToezichtService(Foutmeldingen, CasusService):
    """Signals, calamiteiten and onderzoeken of the toezichthouder."""

    name = "toezicht"
    readers = Readers(inrichting=_inrichting)
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = tuple(
        CommandType(
            name=name,
            schema=schema,
            aggregate=toezicht.TOEZICHT,
            decide=_DECIDE[name],
            begins=name in _BEGINT,
            subject_field="dossier",
        )
        for name, schema in OPDRACHTEN.items()
    )

    @on_event("pgb", "SignaalAanToezichtGegeven")
    def ontvang_signaal(self, event: RecordedEvent, tx: Transaction) -> None:
        """A signal that somebody gave opens a dossier."""
        log: ServiceLog = self.log
        opdracht = OntvangSignaal(
            op=event.envelope.feitdatum,
            door=log.system,
            herkomst=event.envelope.service,
            aard=event["aard"],
            over=event["over"],
            week=event["week"],
            toelichting=event["toelichting"],
        )
        self._open(event, tx, lambda staat, _: toezicht.ontvang_signaal(staat, opdracht))

    @on_event("onderzoek", "TermijnOverschreden")
    @on_event("beschikking", "TermijnOverschreden")
    def ontvang_termijnsignaal(self, event: RecordedEvent, tx: Transaction) -> None:
        """A term that ran out is a signal too, where the inrichting says so."""
        log: ServiceLog = self.log
        opdracht = OntvangTermijnsignaal(
            op=event.envelope.feitdatum,
            door=log.system,
            soort=event["soort"],
            uiterlijk=event["uiterlijk"],
            service=event.envelope.service,
        )
        self._open(
            event,
            tx,
            lambda staat, policy: toezicht.ontvang_termijnsignaal(staat, opdracht, _inrichting(policy)),
        )

    @http("GET", "/dossiers")
    def http_dossiers(self, request: Request) -> Response:
        """The dossiers of a gemeente, newest last, for its toezichthouder: id, first day, what it began with."""
        log: ServiceLog = self.log
        reader = reader_of(log, request)
        try:
            toezicht.toets_inzage(toezicht.Dossier(), Actor(reader.rol, reader.organisatie, reader.id))
        except Forbidden:
            note(log, reader, "dossiers", ",".join(reader.gemeenten), allowed=False)
            raise
        query = (
            select(events.c.subject, events.c.envelope)
            .where(events.c.gemeente.in_(reader.gemeenten), events.c.stroom == toezicht.TOEZICHT.kind)
            .where(events.c.version == 1)
            .order_by(events.c.position)
        )
        with log.store.reading() as conn:
            rows = [(row.subject, json.loads(row.envelope)) for row in conn.execute(query)]
        about = [(e["gemeente"], dossier) for dossier, e in rows]
        note(log, reader, "dossiers", ",".join(reader.gemeenten), allowed=True, request=request, about=about)
        told = [{"dossier": dossier, "sinds": e["feitdatum"], "begon_met": e["type"]} for dossier, e in rows]
        return json_response({"dossiers": told})

    def _open(self, event: RecordedEvent, tx: Transaction, decide: Any) -> None:
        log: ServiceLog = self.log
        # A new id each time: one that could be computed from the event would tell who sees the event where to look.
        # The inbox sees to it that an event opens one dossier.
        stream = Stream(event.envelope.gemeente, toezicht.TOEZICHT.kind, new_id())
        log.react(tx, event, toezicht.TOEZICHT, stream, decide, hidden=True)
