"""What others say is wrong with the events of a service: received from the log, listed for whoever can mend it."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from casuslog.errors import Forbidden
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.reading import caller_of
from casuslog.http import http, json_response
from casuslog.readmodels.tables import foutmeldingen
from casuslog.recorded import RecordedEvent
from casuslog.rights.matrix import matrix
from casuslog.store import Transaction

BEHEERDER, TOEZICHTHOUDER = "beheerder", "toezichthouder"


class Foutmeldingen:
    """Mixin of a service whose events others receive. Needs ``self.log``, a ``ServiceLog``."""

    name: ClassVar[str]
    log: Any

    @on_event("abonnement", "FoutGemeld", projection=True)
    def ontvang_foutmelding(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep what is said of an event of this service; the same twice is kept once."""
        if event["bron"] != self.name:
            return
        e = event.envelope
        al = select(foutmeldingen.c.id).where(foutmeldingen.c.id == e.id)
        if tx.conn.execute(al).first() is not None:
            return
        tx.conn.execute(
            foutmeldingen.insert().values(
                id=e.id,
                gemeente=e.gemeente,
                stroom=event["stroom"],
                gebeurtenis=event["gebeurtenis"],
                regel=event["regel"],
                veld=event["veld"],
                organisatie=e.actororganisatie,
                rol=e.actorrol,
                op=e.feitdatum,
            )
        )

    @http("GET", "/foutmeldingen")
    def http_foutmeldingen(self, request: Request) -> Response:
        """What receivers said is wrong, newest last: rule, event and who said so, never content.

        For a beheerder, of the gemeenten of its token; of closed streams for the toezichthouder alone.
        """
        caller = caller_of(self.log, request)
        if caller.rol not in (BEHEERDER, TOEZICHTHOUDER) or not caller.gemeenten:
            raise Forbidden(
                "rol_beheerder_vereist",
                f"De rol {caller.rol} ziet de foutmeldingen over {self.name} niet.",
                rule="AVG art. 32: alleen wie de dienst beheert",
                remedy="Gebruik een token met de rol beheerder en de gemeenten waarvoor u beheert.",
            )
        besloten = foutmeldingen.c.stroom.in_(sorted(matrix().besloten))
        zichtbaar = besloten if caller.rol == TOEZICHTHOUDER else ~besloten
        query = select(foutmeldingen).where(foutmeldingen.c.gemeente.in_(caller.gemeenten), zichtbaar)
        with self.log.store.reading() as conn:
            rows = conn.execute(query.order_by(foutmeldingen.c.id)).mappings().all()
        shown = [{**row, "op": row["op"].isoformat()} for row in rows]
        return json_response({"service": self.name, "foutmeldingen": shown})


__all__ = ["Foutmeldingen"]
