"""The acceptance scenarios that are built, played through the public commands and held to everything in ``dan``.

What is expected stands in ``tests/data/scenarios.yaml`` only. ``make scenarios`` prints a line for each of the 68.
"""

# ruff: noqa: N802 - the tests bear the ids of their scenarios

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.scenarios.bestand import Scenario, scenario
from tests.scenarios.stappen import STAPPEN
from tests.scenarios.uitvoeren import Uitvoering, verschillen


@pytest.fixture(scope="module")
def uitvoering() -> Iterator[Uitvoering]:
    """What plays scenarios; those whose beleid agrees share a platform."""
    with Uitvoering() as klaar:
        yield klaar


def houd(uitvoering: Uitvoering, id: str) -> None:
    """Play it and hold it to the file; then see that no expectation of the file could be otherwise unnoticed."""
    spel = uitvoering.gespeeld(scenario(id))
    assert list(verschillen(spel)) == []
    for pad, dan in andere_verwachtingen(spel.scenario):
        spel.scenario = replace(scenario(id), dan=dan)
        assert merkt(spel), f"{id}: {pad} could be anything"


def merkt(spel: Any) -> bool:
    """Whether a difference is told, or the expectation is refused for being of another kind."""
    try:
        return next(verschillen(spel), None) is not None
    except (TypeError, ValueError, KeyError, StopIteration):
        return True


def andere_verwachtingen(een: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """The expectations with one value changed, one after the other."""
    for pad, waarde in bladeren({naam: een.dan[naam] for naam in ("gebeurtenissen", "uitkomst", "weigeringen")}):
        if pad[-1] in ("grondslag", "stap", "type") or waarde == []:
            continue
        dan = copy.deepcopy(dict(een.dan))
        plek: Any = dan
        for naam in pad[:-1]:
            plek = plek[naam]
        plek[pad[-1]] = anders(waarde)
        yield ".".join(str(naam) for naam in pad), dan


def bladeren(waarde: Any, pad: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The values of a nested mapping, each with its path; a list of plain values is one value."""
    if isinstance(waarde, dict):
        for naam, deel in waarde.items():
            yield from bladeren(deel, (*pad, naam))
    elif isinstance(waarde, list) and any(isinstance(deel, dict | list) for deel in waarde):
        for plaats, deel in enumerate(waarde):
            yield from bladeren(deel, (*pad, plaats))
    else:
        yield pad, waarde


def anders(waarde: Any) -> Any:
    """Another value of the same kind."""
    match waarde:
        case bool():
            return not waarde
        case int():
            return waarde + 1
        case list():
            return [*waarde, "anders"]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", waarde):
        return date.fromisoformat(waarde).replace(year=2031).isoformat()
    return "1.23" if re.fullmatch(r"\d+\.\d+", waarde) else "iets_anders"


def test_S01_vormvrije_melding_met_alleen_naw(uitvoering: Uitvoering) -> None:
    """Den Haag: a melding with name and address only, cliëntondersteuning offered twice, no aanvraag yet."""
    houd(uitvoering, "S01")


def test_S05_dochter_meldt_namens_haar_moeder(uitvoering: Uitvoering) -> None:
    """Haarlem: who reports for another sees nothing of the dossier, and after consent the appointments only."""
    houd(uitvoering, "S05")


def test_S06_kcc_verwijst_en_de_inwoner_meldt_later_toch(uitvoering: Uitvoering) -> None:
    """De Fryske Marren: a referral takes away no melding; the triage keeps no more than it needs."""
    houd(uitvoering, "S06")


def test_S07_kcc_geeft_door_en_het_team_accepteert(uitvoering: Uitvoering) -> None:
    """De Fryske Marren: the term runs from the contact, past Ascension Day and the Friday equated to a holiday."""
    houd(uitvoering, "S07")


def test_S17_ondertekend_verslag_is_aanvraag(uitvoering: Uitvoering) -> None:
    """Haarlem: the signed verslag is the aanvraag; a second form cannot be asked for."""
    houd(uitvoering, "S17")


def test_S28_arrangement_van_gebieden_en_intensiteiten(uitvoering: Uitvoering) -> None:
    """Den Haag: a besluit in resultaatgebied x intensiteit; an aanbieder that counts in hours is a signal."""
    houd(uitvoering, "S28")


def test_S34_opsterland_indiceert_en_leeuwarden_besluit(uitvoering: Uitvoering) -> None:
    """Beschermd wonen: indicatie back and forth, besluit by Leeuwarden, terugkoppeling; nobody else sees it."""
    houd(uitvoering, "S34")


def test_S35_algemene_voorziening_en_dan_maatwerk(uitvoering: Uitvoering) -> None:
    """Leeuwarden: HH1 without besluit, CAK or pgb; after onderzoek HH2 with a besluit."""
    houd(uitvoering, "S35")


def test_S43_pgb_harlingen_in_twee_varianten(uitvoering: Uitvoering) -> None:
    """Harlingen: 95 and 75 percent of the natura tariff, and what the two variants cost in a year."""
    houd(uitvoering, "S43")


def test_S44_pgb_heerenveen_met_drie_soorten_hulpverlener(uitvoering: Uitvoering) -> None:
    """Heerenveen: the tariff follows the soort hulpverlener; the netwerk has 25 percent, also for a daughter."""
    houd(uitvoering, "S44")


def test_S57_calamiteit_bij_de_toezichthouder(uitvoering: Uitvoering) -> None:
    """Heerenveen: a calamiteit is for the toezichthouder alone: not the kcc, not the inkoper, not another aanbieder."""
    houd(uitvoering, "S57")


def test_S62_samenwerkingsverbanden_per_thema_en_periode(uitvoering: Uitvoering) -> None:
    """Nine Frisian gemeenten: what a verband shares on a day opens a subscription, and its end closes it."""
    houd(uitvoering, "S62")


def test_S67_kcc_ziet_status_en_aanbieder_de_eigen_client(uitvoering: Uitvoering) -> None:
    """De Fryske Marren: who is at the desk hears who has the case, who provides sees its own opdracht, all is noted."""
    houd(uitvoering, "S67")


def test_S68_vernietiging_aan_het_einde_van_de_bewaartermijn(uitvoering: Uitvoering) -> None:
    """Haarlem: fifteen years and then gone, also at who had a copy; kept while a new case of the same person runs."""
    houd(uitvoering, "S68")


def test_every_built_scenario_has_a_test() -> None:
    """A scenario that is translated is tested under its own id."""
    assert {naam.split("_")[1] for naam in globals() if re.match(r"test_S\d\d_", naam)} == set(STAPPEN)


def test_other_gemeenten_dates_and_amounts_of_the_same_kinds_work_as_well(uitvoering: Uitvoering) -> None:
    """S44 in Smallingerland, on another day, at 90, 60 and 30 percent of 41.35."""
    een = scenario("S44")
    procent = {"gekwalificeerd": 90, "niet_gekwalificeerd": 60, "netwerk": 30}
    waarden = {"pgb_procent": procent, "zin_tarief": {"begeleiding_individueel": "41.35", "eenheid": "uur"}}
    beleid = tuple(
        {**regel, "gemeente": "Smallingerland", "waarde": waarden[regel["sleutel"]], "geldig_vanaf": "2018-01-01"}
        for regel in een.beleid
    )
    tarieven = {"gekwalificeerd": "37.22", "niet_gekwalificeerd": "24.81", "netwerk": "12.41"}
    verwacht = [
        {"type": "PgbTariefVastgesteld", "gegevens": {"kring": kring, "tarief": tarief}}
        for kring, tarief in tarieven.items()
    ]
    ander = replace(
        een,
        id="S44",
        gemeenten=("Smallingerland",),
        beleid=beleid,
        stappen=tuple(replace(stap, dag=date(2018, 5, 7)) for stap in een.stappen),
        dan={**een.dan, "gebeurtenissen": {"pgb": verwacht}, "uitkomst": tarieven},
    )
    assert uitvoering.speel(ander) == []
