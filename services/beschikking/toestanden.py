"""The states of a beschikking, and an example of each command: what may be done in which (docs/api/opdrachten.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from casuslog.toestanden import BESLUITENDE, EIGEN, NAAM, VERSIE, Toestand, Toestanden
from services.beschikking.inrichting import BeschikkingInrichting, Bevoegdheid, Rol, Voorziening
from services.beschikking.staat import BESCHIKKING
from services.beschikking.voorkennis import NIETS_BEKEND, Voorkennis

THEMA = "maatwerk_zelfredzaamheid"
BEGELEIDING = "begeleiding_individueel"
INRICHTING = BeschikkingInrichting(
    gemeente=EIGEN,
    naam=NAAM,
    versie=VERSIE,
    team="gebiedsteam",
    termijn_weken=2,
    bevoegdheden=(Bevoegdheid(THEMA, EIGEN, NAAM, "college", (Rol("consulent", "mandaat", "volledig"),)),),
    vierogen=False,
    schrijver=None,
    aanvraag_vorm="aparte_aanvraag",
    tweede_formulier=True,
    arrangement=None,
    voorzieningen={BEGELEIDING: Voorziening(BEGELEIDING, "maatwerk", "02")},
)

ONDERZOEK_LOOPT = replace(
    NIETS_BEKEND, melding_op=date(2017, 2, 15), onderzoek_uiterlijk=date(2017, 3, 29), thema=THEMA
)
ONDERZOCHT: Voorkennis = replace(
    ONDERZOEK_LOOPT, onderzoek_afgerond_op=date(2017, 3, 22), identiteit_op=date(2017, 3, 1), pgb_uitgelegd=True
)

_AANGEVRAAGD = ("dien-aanvraag-in",)
_GEVRAAGD = (*_AANGEVRAAGD, "vraag-aanvulling")
_BESLOTEN = (*_AANGEVRAAGD, "neem-besluit")
_BEKEND = (*_BESLOTEN, "maak-besluit-bekend")
_OPDRACHT = (*_BEKEND, "verstrek-opdracht")
AANBIEDER = "98765401"


def _na(naam: str, *stappen: str) -> Toestand:
    return Toestand(naam=naam, na=stappen, weet="onderzoek afgerond, identiteit vastgesteld", voorkennis=ONDERZOCHT)


TOESTANDEN = (
    Toestanden(
        aggregate=BESCHIKKING,
        inrichting=INRICHTING,
        organisaties={"aanbieder": AANBIEDER, "centrumgemeente": BESLUITENDE},
        toestanden=(
            Toestand(
                naam="onderzoek loopt", weet="melding gedaan, onderzoek niet afgerond", voorkennis=ONDERZOEK_LOOPT
            ),
            _na("onderzoek afgerond"),
            _na("aangevraagd", *_AANGEVRAAGD),
            _na("aanvulling gevraagd", *_GEVRAAGD),
            _na("aangevuld", *_GEVRAAGD, "ontvang-aanvulling"),
            _na("ingetrokken", *_AANGEVRAAGD, "trek-aanvraag-in"),
            _na("besloten", *_BESLOTEN),
            _na("bekendgemaakt", *_BEKEND),
            _na("opdracht verstrekt", *_OPDRACHT),
            _na("levering gestart", *_OPDRACHT, "meld-start-levering"),
        ),
        voorbeelden={
            "dien-aanvraag-in": {"op": "2017-03-24", "thema": THEMA},
            "vraag-aanvulling": {"op": "2017-03-27", "gegevens": ["indicatie"], "uiterlijk": "2017-04-05"},
            "ontvang-aanvulling": {"op": "2017-03-31", "gegevens": ["indicatie"]},
            "trek-aanvraag-in": {"op": "2017-03-31"},
            "neem-besluit": {
                "op": "2017-04-04",
                "voorziening": BEGELEIDING,
                "uren_per_week": "3",
                "van": "2017-05-01",
                "tot_en_met": "2018-04-30",
            },
            "maak-besluit-bekend": {"op": "2017-04-06", "wijze": "toezending"},
            "verstrek-opdracht": {"op": "2017-04-10", "aanbieder": AANBIEDER, "ingang": "2017-05-01"},
            "meld-start-levering": {"op": "2017-05-01"},
            "leg-uitwerking-vast": {"op": "2017-05-02", "uren_per_week": "3"},
        },
    ),
)
