"""What a subscriber receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "cloudEvents_"
NUMMER = "casuslog_nummer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One numbered event of a subscription.

    Attributes:
        nummer: without gaps within the subscription.
        ingehouden: the number is empty: you may not (any longer) see what stood under it. All else is empty then.
        attributes: the envelope (CloudEvents attributes), as far as you may see it.
        niveau: how much it shows: ``status``, ``informatiearm``, ``feiten`` or ``volledig``.
        data: its fields, or ``None`` where it shows none.
        verwijzing: path at the service abonnement where the rest may be fetched.
    """

    nummer: int
    ingehouden: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    niveau: str = "status"
    data: Mapping[str, Any] | None = None
    verwijzing: str | None = None

    @property
    def id(self) -> str:
        """Of the event: the idempotency key, the same on queue and feed; empty when it is withheld."""
        return self.attributes.get("id", "")

    @property
    def type(self) -> str:
        """``nl.overheid.wmo.melding-geregistreerd``; empty when it is withheld."""
        return self.attributes.get("type", "")

    @property
    def casus(self) -> str:
        """Id of the casus (or of the dossier that it is about)."""
        return self.attributes.get("subject", "")


_BESIDE = frozenset({"nummer", "niveau", "verwijzing", "data", "datacontenttype", "ingehouden"})


def of_json(told: Mapping[str, Any]) -> Received:
    """From the pull feed, or from the body of a JSON subscription."""
    if told.get("ingehouden"):
        return Received(nummer=told["nummer"], ingehouden=True)
    return Received(
        nummer=told["nummer"],
        attributes={name: value for name, value in told.items() if name not in _BESIDE},
        niveau=told["niveau"],
        data=told.get("data"),
        verwijzing=told.get("verwijzing"),
    )


def of_headers(headers: Mapping[str, Any], data: Mapping[str, Any] | None) -> Received:
    """From a message whose envelope stands in its headers."""
    if headers.get("casuslog_ingehouden"):
        return Received(nummer=headers[NUMMER], ingehouden=True)
    return Received(
        nummer=headers[NUMMER],
        attributes={k.removeprefix(PREFIX): v for k, v in headers.items() if k.startswith(PREFIX)},
        niveau=headers["casuslog_niveau"],
        data=data,
        verwijzing=headers.get("casuslog_verwijzing"),
    )
