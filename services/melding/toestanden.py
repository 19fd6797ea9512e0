"""The states of a melding, and an example of each command: what may be done in which (docs/api/opdrachten.md)."""

from __future__ import annotations

from casuslog.toestanden import ANDERE, EIGEN, NAAM, VERSIE, Toestand, Toestanden
from services.melding.inrichting import MeldingInrichting, Triage
from services.melding.melding import MELDING, TELLING

INRICHTING = MeldingInrichting(
    gemeente=EIGEN,
    naam=NAAM,
    versie=VERSIE,
    team="gebiedsteam",
    triage=Triage(doorgeven_aan="gebiedsteam"),
    soorten={"huishoudelijke_hulp_1": "algemeen"},
)

_CONTACT = ("registreer-contact",)
_GEMELD = (*_CONTACT, "registreer-melding")
_BEVESTIGD = (*_GEMELD, "bevestig-melding")
_DOORGEGEVEN = (*_BEVESTIGD, "geef-melding-door")
_DAG = "2017-02-16"

TOESTANDEN = (
    Toestanden(
        aggregate=MELDING,
        inrichting=INRICHTING,
        toestanden=(
            Toestand(naam="niets"),
            Toestand(naam="contact", na=_CONTACT),
            Toestand(naam="gemeld", na=_GEMELD),
            Toestand(naam="bevestigd", na=_BEVESTIGD),
            Toestand(naam="doorgegeven", na=_DOORGEGEVEN),
            Toestand(naam="aangenomen", na=(*_DOORGEGEVEN, "accepteer-overdracht")),
            Toestand(naam="ingetrokken", na=(*_BEVESTIGD, "trek-melding-in")),
            Toestand(naam="afgesloten", na=(*_BEVESTIGD, "sluit-melding")),
        ),
        voorbeelden={
            "registreer-contact": {"op": "2017-02-14", "kanaal": "telefoon"},
            "verhelder-vraag": {"op": _DAG, "vraag": "hulp bij het huishouden"},
            "verwijs-door": {"op": _DAG, "naar": "algemeen_maatschappelijk_werk"},
            "registreer-melding": {"op": "2017-02-15", "kanaal": "telefoon", "akkoord_inwoner": True},
            "bevestig-melding": {"op": _DAG},
            "bied-clientondersteuning-aan": {"op": _DAG, "moment": "gesprek"},
            "sla-clientondersteuning-af": {"op": _DAG},
            "geef-melding-door": {"op": _DAG},
            "accepteer-overdracht": {"op": _DAG},
            "geef-toestemming": {"op": _DAG, "aan": "clientondersteuner", "omvang": ["voortgang"]},
            "trek-melding-in": {"op": _DAG, "reden": "opgelost"},
            "sluit-melding": {"op": _DAG, "reden": "dubbele_melding"},
            "leg-persoonsverwisseling-vast": {"op": _DAG, "reden": "naamgenoot"},
            "leg-overlijden-vast": {"op": _DAG},
            "leg-verhuizing-vast": {"op": _DAG, "naar_gemeente": ANDERE},
            "vervang-bsn": {"op": _DAG, "bsn": "999990342"},
        },
    ),
    Toestanden(
        aggregate=TELLING,
        inrichting=INRICHTING,
        toestanden=(Toestand(naam="altijd"),),
        voorbeelden={
            "tel-gebruik-algemene-voorziening": {"op": _DAG, "voorziening": "huishoudelijke_hulp_1"},
        },
    ),
)
