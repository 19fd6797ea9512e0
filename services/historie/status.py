"""The status of a casus, as anyone outside may hear it: eight steps from melding to levering, folded from the log.

A besluit shows only after its bekendmaking (Awb 3:41): until then the casus is *in behandeling*. What was decided is
content and stands beside the status (``uitkomst``, ``leveringsvorm``), for whoever may see content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

MELDING_ONTVANGEN = "melding_ontvangen"
ONDERZOEK_LOOPT = "onderzoek_loopt"
AANVRAAG_ONTVANGEN = "aanvraag_ontvangen"
MEER_INFORMATIE_NODIG = "meer_informatie_nodig"
IN_BEHANDELING = "in_behandeling"
BESLUIT_GENOMEN = "besluit_genomen"
OPDRACHT_GEGEVEN = "opdracht_gegeven"
PGB_TOEGEKEND = "pgb_toegekend"
LEVERING_GESTART = "levering_gestart"
INGETROKKEN = "ingetrokken"
AFGESLOTEN = "afgesloten"
DOORVERWEZEN = "doorverwezen"
CONTACT = "contact"

VOLGENDE_STAP: Mapping[str, str] = {
    CONTACT: "de vraag verhelderen",
    DOORVERWEZEN: "geen; een melding blijft altijd mogelijk",
    MELDING_ONTVANGEN: "het onderzoek beginnen",
    ONDERZOEK_LOOPT: "het onderzoek afronden",
    AANVRAAG_ONTVANGEN: "besluiten op de aanvraag",
    MEER_INFORMATIE_NODIG: "de aanvulling ontvangen",
    IN_BEHANDELING: "het besluit bekendmaken",
    # The same whatever was decided: who hears the next step need not hear the outcome.
    BESLUIT_GENOMEN: "het besluit uitvoeren",
    OPDRACHT_GEGEVEN: "de levering beginnen",
    PGB_TOEGEKEND: "zorgovereenkomsten sluiten",
    LEVERING_GESTART: "geen",
    INGETROKKEN: "geen",
    AFGESLOTEN: "geen",
}

STAP: Mapping[str, str] = {
    "contact-geregistreerd": CONTACT,
    "doorverwezen": DOORVERWEZEN,
    "melding-geregistreerd": MELDING_ONTVANGEN,
    "gesprek-gepland": ONDERZOEK_LOOPT,
    "gesprek-gevoerd": ONDERZOEK_LOOPT,
    "gesprek-achterwege-gelaten": ONDERZOEK_LOOPT,
    "verslag-opgesteld": ONDERZOEK_LOOPT,
    "verslag-verstrekt": ONDERZOEK_LOOPT,
    "onderzoek-afgerond": ONDERZOEK_LOOPT,
    "melding-ingetrokken": INGETROKKEN,
    "melding-afgesloten": AFGESLOTEN,
    "onderzoek-afgebroken": AFGESLOTEN,
    "aanvraag-ontvangen": AANVRAAG_ONTVANGEN,
    "aanvulling-gevraagd": MEER_INFORMATIE_NODIG,
    "aanvulling-ontvangen": AANVRAAG_ONTVANGEN,
    "aanvraag-ingetrokken": INGETROKKEN,
    "besluit-genomen": IN_BEHANDELING,
    "besluit-bekendgemaakt": BESLUIT_GENOMEN,
    "opdracht-verstrekt": OPDRACHT_GEGEVEN,
    "toekenning-aan-svb-gemeld": PGB_TOEGEKEND,
    "levering-gestart": LEVERING_GESTART,
}
"""Which event brings a casus to which step."""

_RANK = {
    name: rank
    for rank, name in enumerate(
        (
            CONTACT,
            DOORVERWEZEN,
            MELDING_ONTVANGEN,
            ONDERZOEK_LOOPT,
            AANVRAAG_ONTVANGEN,
            MEER_INFORMATIE_NODIG,
            IN_BEHANDELING,
            BESLUIT_GENOMEN,
            OPDRACHT_GEGEVEN,
            PGB_TOEGEKEND,
            LEVERING_GESTART,
            AFGESLOTEN,
            # The last: an onderzoek that is broken off because the inwoner withdrew does not hide that he did.
            INGETROKKEN,
        )
    )
}
_BACK = {"aanvulling-ontvangen", "contact-geregistreerd", "melding-geregistreerd"}
"""Events after which a casus may stand at an earlier step than it did."""


@dataclass(frozen=True, slots=True)
class Gebeurd:
    """What the status looks at of one event."""

    naam: str
    op: date
    gemeente: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CasusStatus:
    """Where a casus stands: the step, since when, who has it, what comes next; and what was decided."""

    status: str | None = None
    sinds: date | None = None
    eigenaar: str | None = None
    team: str | None = None
    uitkomst: str | None = None
    leveringsvorm: str | None = None

    @property
    def volgende_stap(self) -> str | None:
        """What has to happen next."""
        return None if self.status is None else VOLGENDE_STAP[self.status]


def status_op(gebeurd: Iterable[Gebeurd], dag: date) -> CasusStatus:
    """The status at the end of ``dag``, from the events of a casus in order."""
    status = CasusStatus()
    besloten: dict[str, Any] = {}
    for feit in gebeurd:
        if feit.op <= dag:
            status = _na(status, feit, besloten)
    return status


def _na(status: CasusStatus, feit: Gebeurd, besloten: dict[str, Any]) -> CasusStatus:
    if feit.naam == "besluit-genomen":
        besloten.update(uitkomst=feit.data["uitkomst"], leveringsvorm=feit.data["leveringsvorm"])
    if feit.naam == "besluit-bekendgemaakt":
        status = replace(status, **besloten)
    if feit.naam == "melding-geregistreerd":
        status = replace(status, team=feit.data["ontvangen_door"])
    if feit.naam == "overdracht-geaccepteerd":
        status = replace(status, team=feit.data["door"])
    stap = STAP.get(feit.naam)
    if stap is None or (_lager(stap, status.status) and feit.naam not in _BACK):
        return status
    return replace(status, status=stap, sinds=feit.op, eigenaar=feit.gemeente)


def _lager(stap: str, nu: str | None) -> bool:
    return nu is not None and _RANK[stap] < _RANK[nu]
