"""The states of an onderzoek, and an example of each command: what may be done in which (docs/api/opdrachten.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

from casuslog.envelope import Actor
from casuslog.toestanden import BESLUITENDE, EIGEN, NAAM, VERSIE, Stappen, Toestand, Toestanden
from services.onderzoek.inrichting import IndicatieRegel, OnderzoekInrichting
from services.onderzoek.onderzoek import start_termijn, termijn_verstreken
from services.onderzoek.staat import ONDERZOEK

BESCHERMD_WONEN = "beschermd_wonen"
INRICHTING = OnderzoekInrichting(
    gemeente=EIGEN,
    naam=NAAM,
    versie=VERSIE,
    team="gebiedsteam",
    indicatie=(
        IndicatieRegel(
            thema=BESCHERMD_WONEN,
            wie_indiceert=("uitvoeringsteam",),
            indienen_bij=BESLUITENDE,
            pakketten=(2,),
            verplichte_velden=("pakket", "woonwens"),
        ),
    ),
)

# What follows from the melding, and from the passing of time: no command brings it about.
_LOPEND = tuple(start_termijn(ONDERZOEK.initial, date(2017, 2, 15), INRICHTING))
_GEPLAND: Stappen = (*_LOPEND, "plan-gesprek")
_GEVOERD: Stappen = (*_GEPLAND, "leg-gesprek-vast")
_VERSLAG: Stappen = (*_GEVOERD, "verstrek-verslag")
_ONDERTEKEND: Stappen = (*_VERSLAG, "onderteken-verslag")
_AFGEROND: Stappen = (*_ONDERTEKEND, "rond-onderzoek-af")
_INGEDIEND: Stappen = (*_AFGEROND, "dien-indicatie-in")
_VERSTREKEN: Stappen = (*_GEVOERD, *termijn_verstreken(ONDERZOEK.fold(_LOPEND), date(2017, 4, 3)))
_DAG = "2017-03-22"


def _aanvulling(staat: Any, _: Actor) -> dict[str, Any]:
    """What was asked for, once something was."""
    gevraagd = staat.indicatie.open if staat.indicatie else ()
    return {"op": _DAG, "velden": dict.fromkeys(gevraagd or ("woonwens",), "in de eigen buurt")}


TOESTANDEN = (
    Toestanden(
        aggregate=ONDERZOEK,
        inrichting=INRICHTING,
        organisaties={"centrumgemeente": BESLUITENDE, "aanbieder": "98765401"},
        toestanden=(
            Toestand(naam="geen melding"),
            Toestand(naam="lopend", na=_LOPEND),
            Toestand(naam="gepland", na=_GEPLAND),
            Toestand(naam="gesprek gevoerd", na=_GEVOERD),
            Toestand(naam="plan ontvangen", na=(*_GEVOERD, "ontvang-persoonlijk-plan")),
            Toestand(naam="termijn voorbij", na=_VERSTREKEN),
            Toestand(naam="verslag verstrekt", na=_VERSLAG),
            Toestand(naam="ondertekend", na=_ONDERTEKEND),
            Toestand(naam="afgerond", na=_AFGEROND),
            Toestand(naam="indicatie ingediend", na=_INGEDIEND),
            Toestand(naam="indicatie terug", na=(*_INGEDIEND, "stuur-indicatie-terug")),
            Toestand(naam="afgebroken", na=(*_GEVOERD, "breek-onderzoek-af")),
        ),
        voorbeelden={
            "plan-gesprek": {"op": "2017-02-16", "gesprek_op": "2017-03-01"},
            "verstuur-afspraakbevestiging": {"op": "2017-02-16"},
            "leg-gesprek-vast": {"op": "2017-03-01", "vorm": "huisbezoek", "deelnemers": ["inwoner"]},
            "leg-vast-geen-gesprek": {"op": "2017-03-01", "reden": "inwoner_ziet_af"},
            "schakel-clientondersteuner-in": {"op": "2017-02-20"},
            "ontvang-persoonlijk-plan": {"op": "2017-02-20"},
            "betrek-persoonlijk-plan": {"op": _DAG, "toelichting": "het plan is gevolgd"},
            "verstrek-verslag": {"op": "2017-03-08"},
            "corrigeer-verslag": {"op": "2017-03-10"},
            "onderteken-verslag": {"op": "2017-03-15"},
            "rond-onderzoek-af": {
                "op": _DAG,
                "uitkomst": [{"soort": "maatwerkvoorziening", "voorziening": BESCHERMD_WONEN, "pakket": 2}],
                "akkoord_inwoner": True,
            },
            "breek-onderzoek-af": {"op": _DAG, "reden": "geen_medewerking"},
            "reken-vertraging-toe": {"op": _DAG, "aan": "client", "van": "2017-03-02", "tot_en_met": "2017-03-09"},
            "dien-indicatie-in": {"op": _DAG, "thema": BESCHERMD_WONEN, "pakket": 2},
            "stuur-indicatie-terug": {"op": _DAG, "velden": ["woonwens"]},
            "vul-indicatie-aan": _aanvulling,
        },
    ),
)
