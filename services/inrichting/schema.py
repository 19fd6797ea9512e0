"""What an inrichting file may say: the keys of ``deploy/inrichtingen/*.yaml`` and the rule of each."""

from __future__ import annotations

from typing import Any

from services.inrichting import codes
from services.inrichting.vormen import (
    Fouten,
    Vorm,
    alles,
    bron,
    code,
    datum,
    geld,
    gemeentecode,
    getal,
    groep,
    instelling,
    ja_nee,
    kenmerk,
    lijst,
    of_niets,
    per,
    sleutel,
    tekst,
)

_thema = code(codes.THEMAS)
_voorziening = code(tuple(codes.VOORZIENINGEN))
_voorzieningen = lijst(code(("alle", *codes.VOORZIENINGEN)))

TEAM = groep({"naam": instelling(tekst)})

_TRIAGE = groep(
    {
        "punt": instelling(sleutel),
        "doorvragen": instelling(code(("kort", "uitgebreid", "niet"))),
        "mag_verwijzen": instelling(ja_nee),
        "max_velden": instelling(lijst(sleutel)),
        "doorgeven_aan": instelling(sleutel),
    },
    verplicht=("punt", "doorvragen", "mag_verwijzen", "max_velden", "doorgeven_aan"),
)

MELDING = groep(
    {
        "startpunt": instelling(code(("melding", "aanvraag"))),
        "vormvrij": instelling(
            groep({"alle": ja_nee, "voorzieningen": lijst(_voorziening), "velden": lijst(tekst)}, verplicht=("alle",))
        ),
        "kanalen": instelling(lijst(code(codes.KANALEN), niet_leeg=True)),
        "kanaal_standaard": instelling(code(codes.KANALEN)),
        "namens_ander": instelling(groep({"toegestaan": ja_nee, "client_blijft_betrokkene": ja_nee})),
        "triage": _TRIAGE,
        "clientondersteuning": groep(
            {
                "momenten": instelling(lijst(code(codes.MOMENTEN_CLIENTONDERSTEUNING), niet_leeg=True)),
                "belegd_bij": instelling(lijst(sleutel, niet_leeg=True)),
                "kosteloos": instelling(ja_nee),
            }
        ),
        "afspraakbevestiging": groep({"vermeldt_bijstand": instelling(ja_nee)}),
        "spoed": instelling(groep({"binnen_dagen": of_niets(getal(0, 42)), "gronden": lijst(tekst), "vorm": tekst})),
    }
)

_INDICATIE = groep(
    {
        "wie_indiceert": instelling(lijst(code(codes.INDICEERDERS), niet_leeg=True)),
        "indienen_bij": instelling(gemeentecode),
        "pakketten": instelling(lijst(getal(1, 99))),
        "verplichte_velden": instelling(lijst(sleutel)),
        "terugkoppeling_aan_team": instelling(ja_nee),
    }
)

ONDERZOEK = groep(
    {
        "termijn_weken": instelling(getal(1, 6, "Wmo 2015 art. 2.3.2 lid 1: binnen zes weken")),
        "wie_onderzoekt": instelling(
            lijst(
                groep(
                    {
                        "uitvoerder": code(codes.UITVOERDERS),
                        "voorzieningen": _voorzieningen,
                        "kader": of_niets(sleutel),
                    },
                    verplicht=("uitvoerder", "voorzieningen"),
                ),
                niet_leeg=True,
            )
        ),
        "gesprek": groep(
            {
                "moment": instelling(code(codes.GESPREKSMOMENTEN)),
                "verplicht": instelling(ja_nee),
                "overslaan_bij": instelling(lijst(sleutel)),
            }
        ),
        "huisbezoek": instelling(
            groep({"wanneer": code(codes.HUISBEZOEK), "gronden": lijst(sleutel)}, verplicht=("wanneer",))
        ),
        "verslag": groep(
            {
                "voorleggen": instelling(code(("verstrekken", "ter_aanvulling_en_ondertekening"))),
                "ondertekend_is_aanvraag": instelling(ja_nee),
            }
        ),
        "akkoord_inwoner_nodig": instelling(ja_nee),
        "indicatie": per(_thema, _INDICATIE),
    }
)

_ROL = groep(
    {
        "rol": code(codes.ROLLEN),
        "titel": code(codes.TITELS),
        "omvang": code(codes.OMVANG),
        "voorzieningen": _voorzieningen,
        "definitief_door": of_niets(code(codes.ROLLEN)),
    },
    verplicht=("rol", "titel"),
)


def _rollen(waarde: Any, pad: str, fouten: Fouten) -> None:
    lijst(_ROL, niet_leeg=True)(waarde, pad, fouten)
    for plaats, rol in enumerate(waarde if isinstance(waarde, list) else ()):
        if isinstance(rol, dict) and rol.get("omvang") == "voorlopig" and not rol.get("definitief_door"):
            fouten.meld(
                f"{pad}.{plaats}.definitief_door",
                "ontbreekt; wie voorlopig besluit heeft iemand die het definitief doet",
            )


_BEVOEGDHEID = groep(
    {
        "besluit_gemeente": instelling(gemeentecode),
        "orgaan": instelling(code(("college", "burgemeester", "dagelijks_bestuur"))),
        "rollen": instelling(_rollen),
    }
)

_ARRANGEMENT = groep(
    {
        "resultaatgebieden": lijst(
            groep({"nummer": getal(1, 99), "naam": of_niets(tekst)}, verplicht=("nummer",)), niet_leeg=True
        ),
        "intensiteiten": lijst(tekst, niet_leeg=True),
        "motiveren": ja_nee,
        "omvang_optioneel": ja_nee,
        "waarschuwing_zonder_omvang": lijst(getal(1, 99)),
    },
    verplicht=("resultaatgebieden", "intensiteiten"),
)

BESCHIKKING = groep(
    {
        "termijn_weken": instelling(getal(1, 8, "Wmo 2015 art. 2.3.5 lid 2: twee weken; Wmo 2007: acht weken")),
        "bevoegdheid": per(_thema, _BEVOEGDHEID),
        "vierogen": groep({"vereist": instelling(ja_nee)}),
        "wie_schrijft": groep({"soort": instelling(code(codes.SCHRIJVERS)), "organisatie": instelling(sleutel)}),
        "aanvraag": groep(
            {
                "vorm": instelling(code(codes.AANVRAAGVORMEN)),
                "tweede_formulier_toegestaan": instelling(ja_nee),
            }
        ),
        "vorm": per(code(("standaard", *codes.VOORZIENINGEN)), instelling(code(codes.BESCHIKKINGSVORMEN))),
        "arrangement": instelling(_ARRANGEMENT),
        "voorzieningen": per(
            _voorziening,
            groep(
                {
                    "soort": instelling(code(codes.SOORTEN)),
                    "eenheid": instelling(code(codes.EENHEDEN)),
                    "beschikking_nodig": instelling(ja_nee),
                    "bijdrage": instelling(code(codes.BIJDRAGEN)),
                    "ook_bekend_als": lijst(sleutel),
                },
                verplicht=("soort",),
            ),
        ),
        "overdracht_aanbieder": instelling(code(("na_beschikking", "na_indicatie", "bij_onderzoek"))),
        "vereenvoudigde_routes": instelling(
            lijst(
                groep(
                    {
                        "soort": code(codes.ROUTES),
                        "voorzieningen": lijst(tekst),
                        "voorwaarde": tekst,
                        "uitworp": lijst(tekst),
                    },
                    verplicht=("soort", "voorzieningen"),
                )
            )
        ),
    }
)


def _rij(waarde: Any, pad: str, fouten: Fouten) -> None:
    """A row of the pgb table: a percentage of the natura tariff, or an amount per uur or dagdeel; never both."""
    _RIJ(waarde, pad, fouten)
    if not isinstance(waarde, dict):
        return
    nodig, overbodig = ("procent", "bedrag") if waarde.get("soort") == "percentage" else ("bedrag", "procent")
    if nodig not in waarde or overbodig in waarde:
        fouten.meld(f"{pad}.{nodig}", f"een {waarde.get('soort')} heeft {nodig} en geen {overbodig}")


_RIJ = groep(
    {
        "soort": code(codes.TARIEFSOORTEN),
        "procent": getal(0, 100),
        "bedrag": geld,
        "ondersteuning": code((*codes.ALLE_BEHALVE, *codes.VOORZIENINGEN)),
        "maximum": of_niets(ja_nee),
        "voorwaarde": lijst(code(codes.TARIEFVOORWAARDEN)),
        "bron": bron,
        "onzeker": tekst,
    },
    verplicht=("soort", "ondersteuning", "bron"),
)

PGB = groep(
    {
        "mogelijk": instelling(ja_nee),
        "tarieven": per(
            code(codes.KOLOMMEN),
            groep(
                {"rijen": lijst(_rij), "bron": bron, "onzeker": tekst, "toelichting": tekst},
                verplicht=("rijen", "bron"),
            ),
        ),
        "tarief_zorg_in_natura": per(_voorziening, instelling(geld)),
        "declaratieregels": groep(
            {
                "tarief_boven_overeenkomst": instelling(code(codes.DECLARATIEGEVOLGEN)),
                "beslist": instelling(code(("svb", "college"))),
            }
        ),
        "goedkeuring_zorgovereenkomst": instelling(lijst(code(("college", "svb")), niet_leeg=True)),
        "uitbetaling": instelling(code(("trekkingsrecht",))),
        "uitvoerder": instelling(code(("svb",))),
        "meerkosten_toets": instelling(code(("open", "tegen_natura"))),
    }
)

TOEZICHT = groep(
    {
        "vorm": instelling(code(codes.TOEZICHTVORMEN)),
        "toezichthouder": groep({"aangewezen": instelling(ja_nee), "organisatie": instelling(sleutel)}),
        "reactief": instelling(ja_nee),
        "proactief": instelling(ja_nee),
    }
)

PARTIJEN = groep(
    {
        "betalende_gemeente": per(_thema, instelling(gemeentecode)),
        "centrumgemeente": per(_thema, instelling(gemeentecode)),
        "backoffice": instelling(sleutel),
        "organisaties": lijst(
            groep(
                {"id": sleutel, "naam": tekst, "oin": tekst, "soort": tekst, "bron": bron, "toelichting": tekst},
                verplicht=("id", "naam"),
            )
        ),
    }
)

SECTIES: dict[str, Vorm] = {
    "team": TEAM,
    "melding": MELDING,
    "onderzoek": ONDERZOEK,
    "beschikking": BESCHIKKING,
    "pgb": PGB,
    "toezicht": TOEZICHT,
    "partijen": PARTIJEN,
    "verbanden": instelling(lijst(sleutel)),
    "kenmerken": per(kenmerk, instelling(alles)),
}
"""The sections of a version; ``wijzigt`` of a later version or a variant has the same."""

_OVERGANG = groep(
    {
        "lopende_casussen": code(codes.LOPENDE_CASUSSEN),
        "toelichting": tekst,
        "regels": lijst(
            groep(
                {
                    "id": sleutel,
                    "over": sleutel,
                    "voorwaarde": groep(
                        {
                            "oude_minuten_per_week_meer_dan": getal(0, 10080),
                            "leeftijd_vanaf": getal(0, 120),
                            "tekst": tekst,
                        }
                    ),
                    "plaatsing": tekst,
                    "duur_maanden": of_niets(getal(1, 120)),
                    "bron": bron,
                    "toelichting": tekst,
                },
                verplicht=("id", "over", "plaatsing"),
            )
        ),
    },
    verplicht=("lopende_casussen", "toelichting"),
)

_VARIANT = groep(
    {
        "sleutel": sleutel,
        "soort": code(codes.VARIANTSOORTEN),
        "geldig_vanaf": datum,
        "geldig_tot": of_niets(datum),
        "voor": lijst(tekst),
        "bron": bron,
        "toelichting": tekst,
        "wijzigt": groep(SECTIES),
    },
    verplicht=("sleutel", "soort", "geldig_vanaf", "wijzigt"),
)

_VERSIE = groep(
    {
        "geldig_vanaf": datum,
        "toelichting": tekst,
        "wijzigt": groep(SECTIES),
        "varianten": lijst(_VARIANT),
        "overgang": _OVERGANG,
        **SECTIES,
    },
    verplicht=("geldig_vanaf",),
)

DOCUMENT = groep(
    {
        "sleutel": sleutel,
        "gemeentecode": gemeentecode,
        "naam": tekst,
        "wettelijk_kader": code(codes.KADERS),
        "peildatum": tekst,
        "bronnen": per(tekst, tekst),
        "versies": lijst(_VERSIE, niet_leeg=True),
    },
    verplicht=("sleutel", "gemeentecode", "naam", "wettelijk_kader", "versies"),
)

VERBANDEN = groep(
    {
        "bronnen": per(tekst, tekst),
        "verbanden": lijst(
            groep(
                {
                    "id": sleutel,
                    "naam": tekst,
                    "eigenaar": gemeentecode,
                    "geldig_vanaf": datum,
                    "geldig_tot": of_niets(datum),
                    "leden": per(gemeentecode, tekst),
                    "overige_leden": lijst(sleutel),
                    "themas": lijst(sleutel, niet_leeg=True),
                    "rollen": per(sleutel, instelling(tekst)),
                    "rechtsvorm": instelling(sleutel),
                    "bron": bron,
                    "onzeker": tekst,
                    "toelichting": tekst,
                    "status": tekst,
                },
                verplicht=("id", "naam", "eigenaar", "geldig_vanaf", "leden", "themas", "bron"),
            ),
            niet_leeg=True,
        ),
    },
    verplicht=("verbanden",),
)
