"""Who posts to webhooks, and with which key its messages are signed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from casuslog.envelope import Actor
from casuslog.events import Privacy
from casuslog.http.outward import Outward
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore
from casuslog.recorded import Context
from services.abonnement.webhookstand import Stand

SLEUTELFASE = "webhook"
"""Under this phase the keys for signing stand in the key store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Afzender:
    """Who posts: the installation as receivers know it.

    Args:
        oorsprong: its DNS name, which a receiver allows.
        adres: base URL at which others reach the service abonnement; empty: receivers can only answer at once.
        uit: how calls go out.
    """

    oorsprong: str
    adres: str = ""
    uit: Outward = field(default_factory=Outward)


def sleutel(keys: KeyStore, stand: Stand) -> bytes:
    """The key with which messages of a webhook are signed; made when it is first asked for."""
    assert stand.webhook.ingesteld is not None
    kenmerk = stand.webhook.ingesteld.sleutel
    return keys.key_for(stand.stream.gemeente, SLEUTELFASE, stand.stream.id, kenmerk, Privacy.FEIT)[1]


def bewijs(keys: KeyStore, stand: Stand) -> str:
    """What makes the address for a later permission hard to guess; it changes with the key."""
    return hmac.new(sleutel(keys, stand), b"toestemming", hashlib.sha256).hexdigest()


def van_dienst() -> Context:
    """The context of what the service does by itself here."""
    cause = new_id()
    return Context(actor=Actor("systeem", None, "casuslog-abonnement"), correlationid=cause, causationid=cause)
