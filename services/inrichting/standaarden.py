"""What holds where a file says nothing: the law, or a default with its reason. Never a fact about a gemeente.

Each entry is ``path -> (value, origin)``; the origin begins with ``wet``, ``standaard:`` or ``niet genoemd:`` (nothing
is said and nothing is assumed). A file overrides any of them.
"""

from __future__ import annotations

from typing import Any

_WMO = "wet Wmo 2015"

VAST: dict[str, tuple[Any, str]] = {
    "kop.team.naam": ("uitvoeringsteam", "standaard: de soortnaam, zolang de eigen naam niet bekend is"),
    "melding.startpunt": ("melding", f"{_WMO} art. 2.3.2 lid 1"),
    "melding.vormvrij": (
        {"alle": True, "voorzieningen": [], "velden": ["naam", "adres", "woonplaats"]},
        f"{_WMO} art. 2.3.2 lid 1 (stelt geen vormeis)",
    ),
    "melding.kanalen": ([], "niet genoemd: elk bekend kanaal kan"),
    "melding.kanaal_standaard": ("telefoon", "standaard: het kanaal dat overal voorkomt"),
    "melding.namens_ander": (
        {"toegestaan": True, "client_blijft_betrokkene": True},
        f"{_WMO} art. 2.3.2 lid 1 (door of namens)",
    ),
    "melding.triage": (None, "niet genoemd: geen aparte triage voor de melding"),
    "melding.bevestiging": ({"verplicht": True}, f"{_WMO} art. 2.3.2 lid 1"),
    "melding.persoonlijk_plan": ({"dagen": 7}, f"{_WMO} art. 2.3.2 lid 2"),
    "melding.clientondersteuning.momenten": (
        ["bevestiging"],
        "standaard: bij de bevestiging (Wmo 2015 art. 2.3.2 lid 3)",
    ),
    "melding.clientondersteuning.belegd_bij": (["mee"], "standaard: de organisatie die het vaakst genoemd wordt"),
    "melding.clientondersteuning.kosteloos": (True, f"{_WMO} art. 2.2.4 lid 1 onder a"),
    "melding.afspraakbevestiging.vermeldt_bijstand": (False, "niet genoemd: niet verplicht om te vermelden"),
    "melding.spoed": (None, "niet genoemd: geen eigen spoedprocedure"),
    "onderzoek.termijn_weken": (6, f"{_WMO} art. 2.3.2 lid 1"),
    "onderzoek.wie_onderzoekt": (
        [{"uitvoerder": "uitvoeringsteam", "voorzieningen": ["alle"], "kader": None}],
        "standaard: het team van de gemeente",
    ),
    "onderzoek.gesprek.moment": ("na_melding", "standaard: het gesprek hoort bij het onderzoek na de melding"),
    "onderzoek.gesprek.verplicht": (True, "standaard: zonder gesprek wordt de reden vastgelegd"),
    "onderzoek.gesprek.overslaan_bij": ([], "niet genoemd: geen vaste gronden om het gesprek over te slaan"),
    "onderzoek.huisbezoek": ({"wanneer": "meestal", "gronden": []}, "standaard: wat gemeenten meestal doen"),
    "onderzoek.verslag.voorleggen": ("verstrekken", f"{_WMO} art. 2.3.2 lid 8"),
    "onderzoek.verslag.ondertekend_is_aanvraag": (False, "standaard: een aanvraag is een eigen stuk"),
    "onderzoek.akkoord_inwoner_nodig": (False, "niet genoemd: geen akkoord vereist voor de indicatie"),
    "beschikking.termijn_weken": (2, f"{_WMO} art. 2.3.5 lid 2"),
    "beschikking.vierogen.vereist": (False, "niet genoemd: geen tweede paar ogen vereist"),
    "beschikking.wie_schrijft.soort": ("backoffice", "standaard: de backoffice schrijft"),
    "beschikking.aanvraag.vorm": ("aparte_aanvraag", "standaard: aparte ondertekende aanvraag na het onderzoek"),
    "beschikking.vorm.standaard": ("uren", "standaard: de vorm die overal voorkomt"),
    "beschikking.voorzieningen": ({}, "niet genoemd: geen voorzieningen"),
    "beschikking.arrangement": (None, "niet genoemd: geen resultaatgebieden en intensiteiten"),
    "beschikking.overdracht_aanbieder": ("na_beschikking", "standaard: opdracht na de bekendmaking"),
    "beschikking.vereenvoudigde_routes": ([], "niet genoemd: geen vereenvoudigde route"),
    "pgb.mogelijk": (True, f"{_WMO} art. 2.3.6 lid 1"),
    "pgb.declaratieregels.tarief_boven_overeenkomst": (
        "hele_declaratie_afkeuren",
        "standaard: geen bron noemt regels; de hele declaratie wordt afgewezen",
    ),
    "pgb.declaratieregels.beslist": ("svb", "standaard: de SVB beslist over een declaratie"),
    "pgb.goedkeuring_zorgovereenkomst": (
        ["college", "svb"],
        "standaard: Uitvoeringsregeling Wmo 2015 art. 2a (tekst 2025)",
    ),
    "pgb.uitbetaling": ("trekkingsrecht", f"{_WMO} art. 2.6.2"),
    "pgb.uitvoerder": ("svb", f"{_WMO} art. 2.6.2"),
    "pgb.afronding": ("half_omhoog_op_centen", "standaard: op hele centen, half omhoog, daarna vermenigvuldigen"),
    "pgb.meerkosten_toets": ("open", "standaard: open waar het tarief zorg in natura niet bekend is"),
    "partijen.centrumgemeente": ({}, "niet genoemd: geen centrumgemeente"),
    "toezicht.vorm": ("ambtenaar", "standaard: een aangewezen ambtenaar"),
    "toezicht.toezichthouder.aangewezen": (True, f"{_WMO} art. 6.1 lid 1"),
    "toezicht.reactief": (True, "standaard: onderzoek na een signaal of calamiteit"),
    "toezicht.proactief": (False, "niet genoemd: geen toezicht volgens planning"),
    "toezicht.stroom": ("toezicht_besloten", "standaard: een eigen, besloten stroom"),
    "toezicht.gescheiden_van": (
        ["inkoop", "consulent", "wijkteam", "kcc", "backoffice"],
        "standaard: toezicht los van inkoop en toekenning",
    ),
}

WMO_2007: dict[str, tuple[Any, str]] = {
    "melding.startpunt": ("aanvraag", "wet Wmo 2007 (kent geen melding met termijn)"),
    "onderzoek.termijn_weken": (None, "wet Wmo 2007 (geen termijn voor een onderzoek na een melding)"),
    "beschikking.termijn_weken": (8, "wet Awb art. 4:13 (acht weken na de ondertekende aanvraag)"),
}
"""What differs under the law of before 2015."""


def eigen(gemeente: str, sleutel: str) -> dict[str, tuple[Any, str]]:
    """Defaults that fall back to the gemeente itself."""
    zelf = "standaard: de gemeente zelf"
    return {
        "beschikking.wie_schrijft.organisatie": (sleutel, zelf),
        "toezicht.toezichthouder.organisatie": (sleutel, zelf),
        "partijen.backoffice": (sleutel, zelf),
        "partijen.betalende_gemeente.maatwerk_zelfredzaamheid": (gemeente, zelf),
    }


def bevoegdheid(eigen_besluit: bool) -> dict[str, tuple[Any, str]]:
    """Who decides where the source names no decider: a consulent in mandaat, or another gemeente on an open title."""
    if eigen_besluit:
        rol, titel, grond = (
            "consulent",
            "mandaat",
            "standaard: consulent in mandaat van het college; geen bron noemt het mandaat",
        )
    else:
        rol, titel, grond = (
            "centrumgemeente",
            "open",
            "standaard: college van de besluitende gemeente; de titel is open",
        )
    rollen = [{"rol": rol, "titel": titel, "omvang": "volledig", "voorzieningen": ["alle"], "definitief_door": None}]
    return {"orgaan": ("college", "wet Wmo 2015 art. 2.3.5"), "rollen": (rollen, grond)}
