"""The pgb table of the sixteen Frisian gemeenten (bron 004, lines 575-744), cell by cell, against the files."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from services.inrichting.beleid import Beleid, herkomst_van, is_aanname
from services.inrichting.codes import KOLOMMEN, SOORTEN_HULPVERLENER
from services.inrichting.model import InrichtingDocument

# gekwalificeerd, niet gekwalificeerd, sociaal netwerk, huishoudelijke hulp; "leeg" is an empty cell.
TABEL = {
    "achtkarspelen": (
        "100%",
        "75%",
        "75%",
        "100% (gekwalificeerd); 16,00 euro/uur (niet_gekwalificeerd, zonder_regie); "
        "23,50 euro/uur (niet_gekwalificeerd, met_regie)",
    ),
    "ameland": (
        "100%",
        "20,00 euro/uur",
        "20,00 euro/uur",
        "leeg",
    ),
    "de-fryske-marren": (
        "75%",
        "50%",
        "20,00 euro/uur (max)",
        "25,00 euro/uur (werkzaam_in_instelling); 16,00 euro/uur (niet_werkzaam_in_instelling)",
    ),
    "harlingen": (
        "95%",
        "75%",
        "75%",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
    "heerenveen": (
        "75%",
        "50%",
        "25%",
        "leeg",
    ),
    "leeuwarden": (
        "80%",
        "20,00 euro/uur",
        "20,00 euro/uur",
        "leeg",
    ),
    "littenseradiel": (
        "75%",
        "75% (alle_behalve_begeleiding_en_huishoudelijke_hulp); 20,00 euro/uur (begeleiding)",
        "75% (alle_behalve_begeleiding_en_huishoudelijke_hulp); 20,00 euro/uur (begeleiding)",
        "75% (gekwalificeerd); 50% (niet_gekwalificeerd)",
    ),
    "ooststellingwerf": (
        "75%",
        "50% (gekwalificeerd_in_sociaal_netwerk)",
        "25% (niet_gekwalificeerd_in_sociaal_netwerk)",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
    "opsterland": (
        "75%",
        "50% (gekwalificeerd_in_sociaal_netwerk)",
        "25% (niet_gekwalificeerd_in_sociaal_netwerk)",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
    "schiermonnikoog": (
        "100%",
        "20,00 euro/uur",
        "20,00 euro/uur",
        "leeg",
    ),
    "smallingerland": (
        "35,62 euro/uur (begeleiding); 25,48 euro/dagdeel (begeleiding_groep, zonder_vervoer)",
        "20,35 euro/uur (begeleiding); 20,36 euro/dagdeel (begeleiding_groep, zonder_vervoer)",
        "20,35 euro/uur (begeleiding); 20,36 euro/dagdeel (begeleiding_groep, zonder_vervoer)",
        "15,52 euro/uur",
    ),
    "sudwest-fryslan": (
        "75%",
        "75% (alle_behalve_begeleiding_en_huishoudelijke_hulp); 20,00 euro/uur (begeleiding)",
        "75% (alle_behalve_begeleiding_en_huishoudelijke_hulp); 20,00 euro/uur (begeleiding)",
        "75% (gekwalificeerd); 50% (niet_gekwalificeerd)",
    ),
    "terschelling": (
        "95%",
        "75%",
        "75%",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
    "tytsjerksteradiel": (
        "100%",
        "75%",
        "75%",
        "100% (gekwalificeerd); 14,15 euro/uur (niet_gekwalificeerd, zonder_regie); "
        "21,13 euro/uur (niet_gekwalificeerd, met_regie)",
    ),
    "vlieland": (
        "95%",
        "75%",
        "75%",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
    "weststellingwerf": (
        "75%",
        "50% (gekwalificeerd_in_sociaal_netwerk)",
        "25% (niet_gekwalificeerd_in_sociaal_netwerk)",
        "16,64 euro/uur (huishoudelijke_hulp_1); 23,29 euro/uur (huishoudelijke_hulp_2)",
    ),
}

_EENHEID = {"uurtarief": "euro/uur", "dagdeeltarief": "euro/dagdeel"}
_VANZELFSPREKEND = ("alle_behalve_huishoudelijke_hulp", "huishoudelijke_hulp")


def _cel(beleid: Beleid, kolom: str, in_bestand: list[dict[str, Any]]) -> str:
    rijen = [rij for rij in beleid["pgb"]["tarieven"] if rij["kolom"] == kolom]
    return "; ".join(map(_rij, rijen, in_bestand)) or "leeg"


def _rij(rij: dict[str, Any], in_bestand: dict[str, Any]) -> str:
    cent = rij["bedrag_cent"]
    bedrag = f"{rij['procent']}%" if cent is None else f"{cent // 100},{cent % 100:02d} {_EENHEID[rij['soort']]}"
    erbij = [] if rij["ondersteuning"] in _VANZELFSPREKEND else [rij["ondersteuning"]]
    erbij += in_bestand.get("voorwaarde", [])
    erbij += ["max"] if rij["maximum"] else []
    return f"{bedrag} ({', '.join(erbij)})" if erbij else bedrag


@pytest.mark.parametrize(("sleutel", "plaats"), list(product(TABEL, range(4))))
def test_each_cell_of_the_pgb_table_is_what_the_source_says(
    sleutel: str, plaats: int, beleiden: dict[str, Beleid], documenten: dict[str, InrichtingDocument]
) -> None:
    """A tariff in the beleid is the one in the cell of its gemeente and column, with its conditions."""
    kolom = KOLOMMEN[plaats]
    in_bestand = documenten[sleutel].versies[0].secties["pgb"]["tarieven"][kolom]["rijen"]

    assert _cel(beleiden[f"{sleutel}@1"], kolom, in_bestand) == TABEL[sleutel][plaats]


def test_every_frisian_tariff_names_its_line_in_the_source(beleiden: dict[str, Beleid]) -> None:
    """No amount stands in a beleid without the lines that it was read from."""
    for sleutel in TABEL:
        beleid = beleiden[f"{sleutel}@1"]
        for plaats in range(len(beleid["pgb"]["tarieven"])):
            assert (herkomst_van(beleid, f"pgb.tarieven.{plaats}") or "").startswith("bron 004:")


_REGIE = (("met_regie",), ("zonder_regie",))
_INSTELLING = (("werkzaam_in_instelling",), ("niet_werkzaam_in_instelling",))
_NETWERK = (("gekwalificeerd_in_sociaal_netwerk",), ("niet_gekwalificeerd_in_sociaal_netwerk",))
_OMSTANDIGHEDEN = [
    {voorwaarde for groep in combinatie for voorwaarde in groep}
    for combinatie in product(_REGIE, _INSTELLING, _NETWERK, (("zonder_vervoer",), ()))
]


@pytest.mark.parametrize("sleutel", TABEL)
def test_at_most_one_tariff_holds_for_a_full_set_of_circumstances(sleutel: str, beleiden: dict[str, Beleid]) -> None:
    """A voorziening, a soort hulpverlener and all circumstances together never find two tariffs."""
    pgb = beleiden[f"{sleutel}@1"]["pgb"]
    for voorziening, soort, omstandigheden in product(pgb["voorzieningen"], SOORTEN_HULPVERLENER, _OMSTANDIGHEDEN):
        gelden = [rij["id"] for rij in pgb["tarieven"] if _geldt(rij, voorziening, soort, omstandigheden)]
        assert len(gelden) <= 1, (voorziening, soort, omstandigheden)


def _geldt(rij: dict[str, Any], voorziening: str, soort: str, omstandigheden: set[str]) -> bool:
    return (
        voorziening in rij["voorzieningen"]
        and soort in rij["soorten_hulpverlener"]
        and set(rij["voorwaarden"]) <= omstandigheden
    )


def test_a_general_tariff_leaves_out_what_its_own_column_names_apart(beleiden: dict[str, Beleid]) -> None:
    """In Smallingerland begeleiding has an hourly tariff and begeleiding in a group one per dagdeel, not both."""
    tarieven = {rij["id"]: rij for rij in beleiden["smallingerland@1"]["pgb"]["tarieven"]}

    assert tarieven["gekwalificeerd.1"]["voorzieningen"] == ["begeleiding_individueel"]
    assert tarieven["gekwalificeerd.2"]["voorzieningen"] == ["begeleiding_groep"]
    assert tarieven["gekwalificeerd.2"]["voorwaarden"] == ["zonder_vervoer"]


def test_a_netwerk_condition_in_the_column_niet_gekwalificeerd_is_about_the_netwerk(
    beleiden: dict[str, Beleid],
) -> None:
    """In Opsterland the second column is about the qualified in the netwerk; outside it no tariff is known."""
    tarieven = {rij["id"]: rij for rij in beleiden["opsterland@1"]["pgb"]["tarieven"]}

    assert tarieven["niet_gekwalificeerd.1"]["soorten_hulpverlener"] == ["sociaal_netwerk"]
    assert not any("niet_gekwalificeerd" in r["soorten_hulpverlener"] for r in tarieven.values() if r["procent"])


def test_the_netwerk_in_the_column_huishoudelijke_hulp_is_an_assumption(beleiden: dict[str, Beleid]) -> None:
    """Achtkarspelen names gekwalificeerd and not; that the netwerk is the latter is shown as an assumption."""
    beleid = beleiden["achtkarspelen@1"]
    rijen = [r["id"] for r in beleid["pgb"]["tarieven"]]
    zonder_regie = rijen.index("huishoudelijke_hulp.2")

    assert beleid["pgb"]["tarieven"][zonder_regie]["soorten_hulpverlener"] == ["niet_gekwalificeerd", "sociaal_netwerk"]
    assert is_aanname(beleid, f"pgb.tarieven.{zonder_regie}.soorten_hulpverlener")
    assert not is_aanname(beleid, f"pgb.tarieven.{zonder_regie}.bedrag_cent")


def test_the_percentages_do_not_reach_huishoudelijke_hulp(beleiden: dict[str, Beleid]) -> None:
    """Huishoudelijke hulp has a column of its own: 95 percent in Harlingen is not about HH2."""
    gekwalificeerd = beleiden["harlingen@1"]["pgb"]["tarieven"][0]

    assert gekwalificeerd["procent"] == 95
    assert not {"huishoudelijke_hulp_1", "huishoudelijke_hulp_2"} & set(gekwalificeerd["voorzieningen"])
