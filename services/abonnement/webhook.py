"""The webhook of a subscription: where its holder wants its numbers posted, and what came of it. Pure.

It is a delivery channel beside the queue and the feed. Before anything is posted the receiver has to say that it wants
it (CloudEvents 1.0, HTTP webhooks, section 4). Its stream has the subscription as its subject.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from casuslog.errors import Refused
from casuslog.events import DomainEvent, Fact, event_type, feit, is_destroyed
from casuslog.recorded import Aggregate

SOORT = "webhook"
"""Kind of its stream."""
STANDAARD = "CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery"
AVG = "AVG art. 32"

TE_BEVESTIGEN, ACTIEF, GEWEIGERD, OPGESCHORT, BEEINDIGD = (
    "te_bevestigen",
    "actief",
    "geweigerd",
    "opgeschort",
    "beeindigd",
)
DOOR_HOUDER, DOOR_ONTVANGER = "door_houder", "ontvanger_gestopt"
GEEN_TOESTEMMING = "geen_toestemming"


# -- events ------------------------------------------------------------------------------------------------------------


@event_type("webhook-ingesteld", service="abonnement", rule=STANDAARD, stream=SOORT)
class WebhookIngesteld(DomainEvent):
    """De houder van een abonnement wil zijn gebeurtenissen ook op een eigen adres ontvangen."""

    url: Annotated[str, feit("het adres")]
    wijze: Annotated[str, feit("binair of gestructureerd", codes="berichtwijze")]
    sleutel: Annotated[str, feit("kenmerk van de sleutel waarmee berichten worden ondertekend; niet de sleutel zelf")]
    na: Annotated[int | None, feit("het laatste nummer dat niet meer nodig is; leeg: verder waar het was")] = None


@event_type("webhook-bevestigd", service="abonnement", rule=STANDAARD, stream=SOORT)
class WebhookBevestigd(DomainEvent):
    """De ontvanger heeft gezegd dat hij berichten wil ontvangen, en hoeveel per minuut."""

    oorsprong: Annotated[str, feit("wie mag bezorgen, zoals de ontvanger het noemde")]
    per_minuut: Annotated[int | None, feit("hoeveel berichten per minuut; leeg: geen grens")] = None


@event_type("webhookaanvraag-geweigerd", service="abonnement", rule=AVG, stream=SOORT)
class WebhookaanvraagGeweigerd(DomainEvent):
    """Een houder noemde een adres dat niet wordt aangeroepen. Een webhook die al liep, loopt door."""

    reden: Annotated[str, feit("waarom", codes="webhookreden")]


@event_type("webhook-geweigerd", service="abonnement", rule=AVG, stream=SOORT)
class WebhookGeweigerd(DomainEvent):
    """Op dit adres wordt niet bezorgd: het wijst naar binnen, deugt niet, of de ontvanger wil het niet."""

    reden: Annotated[str, feit("waarom", codes="webhookreden")]


@event_type("webhook-opgeschort", service="abonnement", rule=STANDAARD, stream=SOORT)
class WebhookOpgeschort(DomainEvent):
    """Alarm: de ontvanger nam dagenlang niets aan. Er wordt niet meer bezorgd tot iemand de webhook hervat."""

    nummer: Annotated[int, feit("het nummer dat niet werd aangenomen; dit en alles erna wacht")]
    reden: Annotated[str, feit("hoe de laatste poging afliep", codes="webhookreden")]
    pogingen: Annotated[int, feit("hoe vaak het werd geprobeerd")]
    sinds: Annotated[date, feit("dag van de eerste mislukte poging")]


@event_type("webhook-hervat", service="abonnement", rule=STANDAARD, stream=SOORT)
class WebhookHervat(DomainEvent):
    """Er wordt weer bezorgd, vanaf het nummer dat wachtte."""


@event_type("webhook-beeindigd", service="abonnement", rule=STANDAARD, stream=SOORT)
class WebhookBeeindigd(DomainEvent):
    """Er wordt niet meer bezorgd: de houder zette hem uit, of de ontvanger antwoordde 410."""

    reden: Annotated[str, feit("waarom", codes="webhookreden")]


# -- state and fold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook as it stands."""

    ingesteld: WebhookIngesteld | None = None
    toestand: str = BEEINDIGD
    reden: str | None = None
    per_minuut: int | None = None


def evolve(staat: Webhook, feit_: Fact) -> Webhook:
    """The state after this fact; destroyed, it is ended."""
    if is_destroyed(feit_.data):
        return replace(staat, toestand=BEEINDIGD)
    match feit_.data:
        case WebhookIngesteld() as ingesteld:
            return Webhook(ingesteld, TE_BEVESTIGEN)
        case WebhookBevestigd(per_minuut=per_minuut):
            return replace(staat, toestand=ACTIEF, reden=None, per_minuut=per_minuut)
        case WebhookGeweigerd(reden=reden):
            return replace(staat, toestand=GEWEIGERD, reden=reden)
        case WebhookOpgeschort(reden=reden):
            return replace(staat, toestand=OPGESCHORT, reden=reden)
        case WebhookHervat():
            return replace(staat, toestand=TE_BEVESTIGEN, reden=None)
        case WebhookBeeindigd(reden=reden):
            return replace(staat, toestand=BEEINDIGD, reden=reden)
        case _:
            return staat


WEBHOOK = Aggregate(SOORT, Webhook(), evolve)


# -- what the holder asks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StelWebhookIn:
    """Post the numbers of this subscription at an address; ``nieuwe_sleutel``: sign with another key from now on."""

    url: str
    wijze: str = "gestructureerd"
    na: int | None = None
    nieuwe_sleutel: bool = False


def stel_in(staat: Webhook, opdracht: StelWebhookIn, *, sleutel: str, op: date) -> list[Fact]:
    """Begin, or change; the same again changes nothing. ``sleutel`` is the id of a new key.

    Whether the address may be called has been judged: that is technique, not law.
    """
    al = staat.ingesteld
    loopt = al is not None and staat.toestand in (TE_BEVESTIGEN, ACTIEF)
    zelfde = loopt and al is not None and (al.url, al.wijze) == (opdracht.url, opdracht.wijze)
    if zelfde and opdracht.na is None and not opdracht.nieuwe_sleutel:
        return []
    gebruikt = sleutel if al is None or opdracht.nieuwe_sleutel else al.sleutel
    return [Fact(WebhookIngesteld(url=opdracht.url, wijze=opdracht.wijze, sleutel=gebruikt, na=opdracht.na), on=op)]


def beeindig(staat: Webhook, reden: str, op: date) -> list[Fact]:
    """End it; an end is not ended again."""
    return [] if staat.toestand == BEEINDIGD else [Fact(WebhookBeeindigd(reden=reden), on=op)]


def hervat(staat: Webhook, op: date) -> list[Fact]:
    """Go on after it was suspended or refused; the receiver is asked anew.

    Raises:
        Refused: ``webhook_staat_niet_stil``.
    """
    if staat.toestand not in (OPGESCHORT, GEWEIGERD):
        raise Refused(
            "webhook_staat_niet_stil",
            f"Niet hervat: de webhook staat niet stil; zijn toestand is {staat.toestand}.",
            rule=STANDAARD,
            remedy="Stel een webhook in, of wacht op de volgende poging.",
        )
    return [Fact(WebhookHervat(), on=op)]


# -- what follows from trying ------------------------------------------------------------------------------------------


def bevestig(staat: Webhook, oorsprong: str, per_minuut: int | None, op: date) -> list[Fact]:
    """The receiver said yes."""
    if staat.toestand != TE_BEVESTIGEN:
        return []
    return [Fact(WebhookBevestigd(oorsprong=oorsprong, per_minuut=per_minuut), on=op)]


def weiger(staat: Webhook, reden: str, op: date) -> list[Fact]:
    """The receiver said no, or the address may not be called (any more)."""
    return [Fact(WebhookGeweigerd(reden=reden), on=op)] if staat.toestand in (TE_BEVESTIGEN, ACTIEF) else []


def schort_op(staat: Webhook, *, nummer: int, reden: str, pogingen: int, sinds: date, op: date) -> list[Fact]:
    """The receiver took nothing for days: an alarm, and no further tries."""
    if staat.toestand not in (TE_BEVESTIGEN, ACTIEF):
        return []
    return [Fact(WebhookOpgeschort(nummer=nummer, reden=reden, pogingen=pogingen, sinds=sinds), on=op)]
