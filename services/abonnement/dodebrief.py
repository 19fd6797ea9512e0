"""Messages that a receiver rejected: each with its reason, until somebody sends it again. Pure."""

from __future__ import annotations

from typing import Annotated

from casuslog.events import DomainEvent, event_type, feit

SOORT = "dodebrief"
"""Kind of the stream; its subject is the subscription."""
_REGEL = "AVG art. 5 lid 1 onder d: wie rekent op gebeurtenissen moet weten dat er een ontbreekt"

VIA_WEBHOOK, VIA_HOUDER = "webhook", "houder"
"""Who found that it is one: our webhook, or the holder, of what came by whichever way."""


@event_type("bericht-afgewezen", service="abonnement", rule=_REGEL, stream=SOORT)
class BerichtAfgewezen(DomainEvent):
    """Alarm: een ontvanger verwerkt een bericht niet. Het ligt klaar om opnieuw gestuurd te worden."""

    nummer: Annotated[int, feit("nummer in het abonnement")]
    gebeurtenis: Annotated[str, feit("id van de gebeurtenis")]
    kanaal: Annotated[str, feit("webhook, of houder: die zei het zelf", codes="afwijskanaal")]
    reden: Annotated[str, feit("waarom", codes="webhookreden")]
    status: Annotated[int | None, feit("HTTP-status van de ontvanger")] = None


@event_type("bericht-herhaald", service="abonnement", rule=_REGEL, stream=SOORT)
class BerichtHerhaald(DomainEvent):
    """Een afgewezen bericht wordt opnieuw gestuurd, met hetzelfde nummer en hetzelfde id."""

    nummer: Annotated[int, feit("nummer in het abonnement")]
    gebeurtenis: Annotated[str, feit("id van de gebeurtenis")]
