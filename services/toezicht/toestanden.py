"""The states of a dossier, and an example of each command: what may be done in which (docs/api/opdrachten.md)."""

from __future__ import annotations

from datetime import date

from casuslog.envelope import Actor
from casuslog.toestanden import NAAM, VERSIE, Stappen, Toestand, Toestanden
from services.toezicht.inrichting import ToezichtInrichting
from services.toezicht.opdrachten import OntvangSignaal
from services.toezicht.toezicht import TOEZICHT, ontvang_signaal

INRICHTING = ToezichtInrichting(naam=NAAM, versie=VERSIE, aangewezen=True, organisatie="ggd")

_SIGNAAL: Stappen = tuple(
    ontvang_signaal(
        TOEZICHT.initial,
        OntvangSignaal(
            op=date(2017, 4, 5), door=Actor("systeem", None, "casuslog-toezicht"), herkomst="pgb", aard="tarief"
        ),
    )
)
_LOOPT: Stappen = (*_SIGNAAL, "start-toezichtonderzoek")
_DAG = "2017-04-12"

TOESTANDEN = (
    Toestanden(
        aggregate=TOEZICHT,
        inrichting=INRICHTING,
        organisaties={"aanbieder": "98765401"},
        toestanden=(
            Toestand(naam="niets"),
            Toestand(naam="signaal ontvangen", na=_SIGNAAL),
            Toestand(naam="signaal beoordeeld", na=(*_SIGNAAL, "beoordeel-signaal")),
            Toestand(naam="calamiteit gemeld", na=("meld-calamiteit",)),
            Toestand(naam="onderzoek loopt", na=_LOOPT),
            Toestand(naam="onderzoek afgerond", na=(*_LOOPT, "rond-toezichtonderzoek-af")),
        ),
        voorbeelden={
            "meld-calamiteit": {"op": _DAG, "ontvanger": "toezichthouder", "gebeurtenis": "val_met_ernstig_letsel"},
            "beoordeel-signaal": {"op": _DAG, "uitkomst": "geen_onderzoek"},
            "start-toezichtonderzoek": {"op": _DAG, "soort": "reactief"},
            "vorder-gegevens": {"op": _DAG, "bij": "98765401"},
            "rond-toezichtonderzoek-af": {"op": "2017-05-12"},
            "informeer-college": {"op": "2017-05-15", "strekking": "verbetering_gevraagd"},
        },
    ),
)
