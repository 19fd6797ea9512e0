"""The codes that an inrichting may use: what the services know how to act upon.

They follow the values that occur in the documented inrichtingen (bronnen 000-004) and the roles of the field. A code
that steers a service is closed, so that a slip of the pen is refused; what steers nothing is free (``kenmerken``).
"""

from __future__ import annotations

from dataclasses import dataclass

KADERS = ("wmo_2007", "wmo_2015")

THEMAS = ("maatwerk_zelfredzaamheid", "beschermd_wonen", "maatschappelijke_opvang", "vrouwenopvang")

ROLLEN = (
    "consulent",
    "senior_consulent",
    "wijkteam",
    "backoffice",
    "centrumgemeente",
    "aanbieder",
    "wijkverpleegkundige",
    "welzijnsmedewerker",
    "kwaliteitscoach",
    "college",
)

TITELS = ("eigen", "mandaat", "delegatie", "open")
"""On what title somebody decides. ``open``: the source does not say; then it is shown as such (Awb afd. 10.1)."""

OMVANG = ("volledig", "voorlopig", "specifieke_voorzieningen", "per_type_consulent")

KANALEN = (
    "telefoon",
    "telefoon_kcc",
    "telefoon_uitvoeringsteam",
    "telefoon_algemeen_nummer",
    "telefoon_extern_adviesbureau",
    "email",
    "email_of_contactformulier",
    "contactformulier",
    "website",
    "digitaal",
    "digitaal_formulier",
    "formulier_met_naw",
    "regelhulp",
    "loket",
    "inloopspreekuur",
    "sociaal_wijkteam",
    "aanbieder_in_pilot",
    "post",
)

MOMENTEN_CLIENTONDERSTEUNING = (
    "bevestiging",
    "telefonische_afspraak",
    "afspraakbevestiging",
    "bevestigingsbrief",
    "folder_bij_afspraakbrief",
)

UITVOERDERS = ("uitvoeringsteam", "consulent_gemeente", "aanbieder", "extern_bureau")

INDICEERDERS = ("uitvoeringsteam", "consulent", "aanbieder", "extern_bureau")

GESPREKSMOMENTEN = ("na_melding", "voor_aanvraag", "na_aanvraag")

HUISBEZOEK = ("altijd", "elke_nieuwe_client", "meestal", "selectief", "nooit")

SCHRIJVERS = ("uitvoeringsteam", "backoffice", "backofficemedewerker_in_uitvoeringsteam")

AANVRAAGVORMEN = ("aparte_aanvraag", "ondertekend_verslag", "vervolggesprek", "bij_melding")

BESCHIKKINGSVORMEN = ("uren", "resultaat", "intensiteit", "geen_beschikking")

SOORTEN = ("maatwerk", "algemeen", "open")

BIJDRAGEN = ("cak", "rechtstreeks_aan_aanbieder", "open")

EENHEDEN = ("uur", "dagdeel", "etmaal", "stuks")

ROUTES = (
    "geautomatiseerd_besluit",
    "geen_indicatie_nodig",
    "mandaat_wijkteam",
    "zonder_keukentafelgesprek",
    "beslisboom_loket",
    "verkorte_procedure",
    "integrale_uitvraag_overslaan",
    "directe_toekenning",
    "beslisboom_of_geautomatiseerd",
    "afhandeling_administratief_of_frontoffice",
    "versneld",
    "mandaat_aanbieder_met_beslisboom",
)

TOEZICHTVORMEN = (
    "afwezig",
    "ambtenaar",
    "extern_bureau",
    "ggd",
    "gemeente_zelf",
    "samenwerkingsverband",
    "combinatie_ggd_en_gemeente",
)

KOLOMMEN = ("gekwalificeerd", "niet_gekwalificeerd", "sociaal_netwerk", "huishoudelijke_hulp")
"""Columns of the pgb table; the first three are the soorten hulpverlener."""

SOORTEN_HULPVERLENER = KOLOMMEN[:3]

TARIEFSOORTEN = ("percentage", "uurtarief", "dagdeeltarief")

TARIEFVOORWAARDEN = (
    "gekwalificeerd",
    "niet_gekwalificeerd",
    "met_regie",
    "zonder_regie",
    "werkzaam_in_instelling",
    "niet_werkzaam_in_instelling",
    "gekwalificeerd_in_sociaal_netwerk",
    "niet_gekwalificeerd_in_sociaal_netwerk",
    "zonder_vervoer",
)

DECLARATIEGEVOLGEN = ("hele_declaratie_afkeuren", "afkeuren_boven_tarief")

LOPENDE_CASUSSEN = ("dag_van_de_handeling", "dag_van_de_melding")

VARIANTSOORTEN = ("pilot", "proeftuin", "team", "voornemen")


@dataclass(frozen=True, slots=True)
class Voorziening:
    """What is known of a voorziening wherever it is offered."""

    wmo020: str
    """Productcategorie of code list WMO020 (iWmo)."""
    eenheid: str | None = None
    onderdeel_van: str | None = None


VOORZIENINGEN = {
    "huishoudelijke_hulp": Voorziening("01", "uur"),
    "huishoudelijke_hulp_1": Voorziening("01", "uur", "huishoudelijke_hulp"),
    "huishoudelijke_hulp_2": Voorziening("01", "uur", "huishoudelijke_hulp"),
    "begeleiding": Voorziening("02", "uur"),
    "begeleiding_individueel": Voorziening("02", "uur", "begeleiding"),
    "begeleiding_groep": Voorziening("07", "dagdeel", "begeleiding"),
    "dagbesteding": Voorziening("07", "dagdeel"),
    "persoonlijke_verzorging": Voorziening("03", "uur"),
    "kortdurend_verblijf": Voorziening("04", "etmaal"),
    "maatwerkarrangement": Voorziening("10"),
    "thuisondersteuning": Voorziening("06", "uur"),
    "collectief_vervoer": Voorziening("08"),
    "rolstoel": Voorziening("11", "stuks"),
    "vervoersvoorziening": Voorziening("12", "stuks"),
    "woonvoorziening": Voorziening("13", "stuks"),
    "hulpmiddel": Voorziening("14", "stuks"),
    "beschermd_wonen": Voorziening("15", "etmaal"),
    "maatschappelijke_opvang": Voorziening("16", "etmaal"),
    "vrouwenopvang": Voorziening("16", "etmaal"),
}

ALLE_BEHALVE = {
    "alle": (),
    "alle_behalve_huishoudelijke_hulp": ("huishoudelijke_hulp",),
    "alle_behalve_begeleiding_en_huishoudelijke_hulp": ("huishoudelijke_hulp", "begeleiding"),
}
"""Selectors of the pgb table that name what is left out; any other selector is a voorziening itself."""


def valt_onder(voorziening: str, geheel: str) -> bool:
    """Whether a voorziening is another, or part of it: huishoudelijke_hulp_2 is huishoudelijke_hulp."""
    return voorziening == geheel or VOORZIENINGEN[voorziening].onderdeel_van == geheel
