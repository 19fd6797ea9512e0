"""Dead letters: booking one, listing them, and sending one again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from casuslog.appending import append
from casuslog.clock import AMSTERDAM
from casuslog.edge import MOST
from casuslog.envelope import Stream
from casuslog.errors import NotFound, Refused
from casuslog.events import DomainEvent, Fact
from casuslog.recorded import Aggregate, Context
from casuslog.store import Transaction
from services.abonnement.dodebrief import SOORT, VIA_HOUDER, BerichtAfgewezen, BerichtHerhaald
from services.abonnement.tabellen import WACHT, leveringen
from services.abonnement.webhook import ACTIEF
from services.abonnement.webhookstand import moment
from services.abonnement.webhooktabellen import DOOD, HERHAALD, HERHALEN, dode_brieven, webhooks

_STROOM: Aggregate[None] = Aggregate(SOORT, None, lambda staat, _: staat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Afwijzing:
    """That a number was rejected."""

    nummer: int
    kanaal: str
    reden: str
    status: int | None = None


def boek(tx: Transaction, gemeente: str, abonnement: str, afwijzing: Afwijzing, nu: datetime, context: Context) -> bool:
    """Book a dead letter, once; one that was sent again and rejected again is one again. Gives whether it was new.

    Raises:
        NotFound: the number was not given.
    """
    levering = _levering(tx, abonnement, afwijzing.nummer)
    al = _een(tx, abonnement, afwijzing.nummer)
    if al is not None and al.staat == DOOD:
        return False
    waarden = {
        "kanaal": afwijzing.kanaal,
        "reden": afwijzing.reden,
        "status": afwijzing.status,
        "sinds": moment(nu),
        "staat": DOOD,
    }
    if al is None:
        sleutel = {"abonnement": abonnement, "nummer": afwijzing.nummer, "gemeente": gemeente}
        tx.conn.execute(insert(dode_brieven).values(**sleutel, event_id=levering.event_id, keren=1, **waarden))
    else:
        tx.conn.execute(update(dode_brieven).where(*_die(al)).values(keren=al.keren + 1, **waarden))
    data = BerichtAfgewezen(
        nummer=afwijzing.nummer,
        gebeurtenis=levering.event_id,
        kanaal=afwijzing.kanaal,
        reden=afwijzing.reden,
        status=afwijzing.status,
    )
    _schrijf(tx, gemeente, abonnement, data, nu, context)
    return True


def herhaal(tx: Transaction, gemeente: str, abonnement: str, nummer: int, nu: datetime, context: Context) -> str:
    """Send a dead letter again: by the webhook if it came from there, else by the queue. Gives which.

    Raises:
        NotFound: it is none.
        Refused: ``webhook_niet_actief``.
    """
    brief = _een(tx, abonnement, nummer)
    if brief is None or brief.staat != DOOD:
        raise NotFound(f"Nummer {nummer} is geen dode brief van dit abonnement.")
    if brief.kanaal == VIA_HOUDER:
        door, staat = "queue", HERHAALD
        opnieuw = update(leveringen).where(leveringen.c.abonnement == abonnement, leveringen.c.nummer == nummer)
        tx.conn.execute(opnieuw.values(staat=WACHT))
    else:
        door, staat = "webhook", HERHALEN
        _eis_actief(tx, abonnement)
    tx.conn.execute(update(dode_brieven).where(*_die(brief)).values(staat=staat))
    data = BerichtHerhaald(nummer=nummer, gebeurtenis=brief.event_id)
    _schrijf(tx, gemeente, abonnement, data, nu, context)
    return door


def te_herhalen(tx: Transaction, abonnement: str) -> int | None:
    """The first number that is to be posted again."""
    query = (
        select(dode_brieven.c.nummer)
        .where(dode_brieven.c.abonnement == abonnement, dode_brieven.c.staat == HERHALEN)
        .order_by(dode_brieven.c.nummer)
        .limit(1)
    )
    found: int | None = tx.conn.execute(query).scalar_one_or_none()
    return found


def aangenomen(tx: Transaction, abonnement: str, nummer: int) -> None:
    """A number that was posted again was accepted now."""
    wacht = (dode_brieven.c.abonnement == abonnement, dode_brieven.c.nummer == nummer, dode_brieven.c.staat == HERHALEN)
    tx.conn.execute(update(dode_brieven).where(*wacht).values(staat=HERHAALD))


def lijst(tx: Transaction, *, abonnement: str | None = None, gemeenten: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The dead letters of a subscription, or of all that these gemeenten granted, oldest first."""
    van = dode_brieven.c.abonnement == abonnement if abonnement else dode_brieven.c.gemeente.in_(list(gemeenten))
    query = select(dode_brieven).where(van, dode_brieven.c.staat != HERHAALD).order_by(dode_brieven.c.sinds)
    return [
        {
            "abonnement": rij.abonnement,
            "nummer": rij.nummer,
            "gebeurtenis": rij.event_id,
            "kanaal": rij.kanaal,
            "reden": rij.reden,
            "status": rij.status,
            "sinds": rij.sinds,
            "staat": rij.staat,
            "keren": rij.keren,
        }
        for rij in tx.conn.execute(query)
    ]


def _levering(tx: Transaction, abonnement: str, nummer: int) -> Any:
    found = rij_van(tx, abonnement, nummer)
    if found is None:
        raise NotFound(f"Nummer {nummer} is in dit abonnement niet uitgegeven.")
    return found


def rij_van(tx: Transaction, abonnement: str, nummer: int) -> Any:
    """The delivery of a number; ``None`` when it was not given, also where no number can be so large."""
    if nummer > MOST:
        return None
    query = select(leveringen).where(leveringen.c.abonnement == abonnement, leveringen.c.nummer == nummer)
    return tx.conn.execute(query).one_or_none()


def _een(tx: Transaction, abonnement: str, nummer: int) -> Any:
    if nummer > MOST:
        return None
    query = select(dode_brieven).where(dode_brieven.c.abonnement == abonnement, dode_brieven.c.nummer == nummer)
    return tx.conn.execute(query).one_or_none()


def _die(brief: Any) -> tuple[Any, ...]:
    return dode_brieven.c.abonnement == brief.abonnement, dode_brieven.c.nummer == brief.nummer


def _eis_actief(tx: Transaction, abonnement: str) -> None:
    toestand = tx.conn.execute(
        select(webhooks.c.toestand).where(webhooks.c.abonnement == abonnement)
    ).scalar_one_or_none()
    if toestand != ACTIEF:
        raise Refused(
            "webhook_niet_actief",
            f"Niet herhaald: de webhook is niet actief maar {toestand or 'weg'}.",
            rule="een dode brief gaat dezelfde weg",
            remedy="Hervat de webhook, of stel hem opnieuw in.",
        )


def _schrijf(
    tx: Transaction, gemeente: str, abonnement: str, data: DomainEvent, nu: datetime, context: Context
) -> None:
    stream = Stream(gemeente, SOORT, abonnement)
    _, versie = tx.load(_STROOM, stream)
    append(tx, stream, versie, [Fact(data, on=nu.astimezone(AMSTERDAM).date())], context)
