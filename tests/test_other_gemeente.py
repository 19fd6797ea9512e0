"""A gemeente that nobody saw before changes route, decider and tariff by its file: not a line of code knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from casuslog.caller import Caller
from casuslog.errors import Forbidden, Refused
from casuslog.testing.platform import Platform

STAD, DORP, EILAND = "9901", "9902", "9903"
DAG = date(2017, 3, 6)
B = "verordening:1"
BESCHERMD = "beschermd_wonen"


def voorbeeldstad(besluiter: str, elders: str, procent: int) -> dict[str, Any]:
    """The file of Voorbeeldstad: who decides, who does so on beschermd wonen, what a pgb pays."""
    rij = {"soort": "percentage", "procent": procent, "ondersteuning": "alle_behalve_huishoudelijke_hulp", "bron": B}
    return {
        "onderzoek": {
            "indicatie": {
                BESCHERMD: {
                    "wie_indiceert": {"waarde": ["uitvoeringsteam"], "bron": B},
                    "indienen_bij": {"waarde": elders, "bron": B},
                    "pakketten": {"waarde": [7], "bron": B},
                    "verplichte_velden": {"waarde": ["pakket", "woonwens"], "bron": B},
                }
            }
        },
        "beschikking": {
            "bevoegdheid": {
                "maatwerk_zelfredzaamheid": {
                    "rollen": {"waarde": [{"rol": besluiter, "titel": "mandaat"}], "bron": B},
                },
                BESCHERMD: {"besluit_gemeente": {"waarde": elders, "bron": B}},
            },
            "voorzieningen": {
                "begeleiding_individueel": {"soort": {"waarde": "maatwerk", "bron": B}},
                BESCHERMD: {"soort": {"waarde": "maatwerk", "bron": B}},
            },
        },
        "pgb": {
            "tarieven": {"sociaal_netwerk": {"rijen": [rij], "bron": B}},
            "tarief_zorg_in_natura": {"begeleiding_individueel": {"waarde": "50.00", "bron": B}},
        },
    }


def document(sleutel: str, code: str, naam: str, *versies: dict[str, Any]) -> dict[str, Any]:
    """An inrichting file."""
    return {
        "sleutel": sleutel,
        "gemeentecode": code,
        "naam": naam,
        "wettelijk_kader": "wmo_2015",
        "bronnen": {"verordening": "verzonnen verordening"},
        "versies": [{"geldig_vanaf": "2017-01-01"} | dict(versies[0] if versies else {}), *versies[1:]],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made-up gemeenten; the second decides for the first."""
    made = tmp_path_factory.mktemp("verzonnen")
    beschermd = {
        "beschikking": {
            "bevoegdheid": {
                BESCHERMD: {"rollen": {"waarde": [{"rol": "senior_consulent", "titel": "eigen"}], "bron": B}}
            },
            "voorzieningen": {BESCHERMD: {"soort": {"waarde": "maatwerk", "bron": B}}},
        }
    }
    for een in (
        document("voorbeeldstad", STAD, "Voorbeeldstad", voorbeeldstad("wijkteam", DORP, 60)),
        document("voorbeelddorp", DORP, "Voorbeelddorp", beschermd),
        document("voorbeeldeiland", EILAND, "Voorbeeldeiland", beschermd),
    ):
        schrijf(made, een)
    return made


def schrijf(folder: Path, een: dict[str, Any]) -> None:
    """Put an inrichting file in the folder."""
    (folder / f"{een['sleutel']}.yaml").write_text(yaml.safe_dump(een, allow_unicode=True), encoding="utf-8")


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    """A platform that knows only the made-up gemeenten."""
    with Platform(DAG, inrichtingen=folder) as running:
        yield running


def wie(rol: str, code: str) -> Caller:
    """Somebody of a gemeente."""
    return Caller(rol, code, f"{rol}-{code}", (code,))


INWONER = Caller("inwoner", None, "inwoner-1", (STAD, DORP, EILAND), "eigen_zaak")


def onderzocht(platform: Platform, thema: str, voorziening: str) -> str:
    """A casus in Voorbeeldstad with a finished onderzoek."""
    team = wie("wijkteam", STAD)
    casus = platform.command("melding", "registreer-melding", team, gemeente=STAD, thema=thema).casus
    platform.settle()
    platform.command(
        "onderzoek",
        "leg-gesprek-vast",
        team,
        gemeente=STAD,
        casus=casus,
        vorm="huisbezoek",
        deelnemers=["inwoner", "wijkteam"],
        identiteitsdocument="gezien",
    )
    uitkomst = [{"soort": "maatwerkvoorziening", "voorziening": voorziening}]
    platform.command(
        "onderzoek", "rond-onderzoek-af", team, gemeente=STAD, casus=casus, uitkomst=uitkomst, akkoord_inwoner=True
    )
    platform.settle()
    return casus


def beschermd(platform: Platform, besluitend: str) -> str:
    """A casus of Voorbeeldstad up to the aanvraag at the gemeente that decides."""
    casus = onderzocht(platform, BESCHERMD, BESCHERMD)
    team = wie("wijkteam", STAD)
    velden = {"woonwens": "testwaarde"}
    platform.command(
        "onderzoek", "dien-indicatie-in", team, gemeente=STAD, casus=casus, thema=BESCHERMD, pakket=7, velden=velden
    )
    platform.settle()
    platform.command("beschikking", "dien-aanvraag-in", INWONER, gemeente=besluitend, casus=casus)
    platform.settle()
    return casus


def besluit(platform: Platform, casus: str, door: Caller, gemeente: str, voorziening: str) -> None:
    """Decide and announce."""
    platform.command("beschikking", "neem-besluit", door, gemeente=gemeente, casus=casus, voorziening=voorziening)
    platform.command("beschikking", "maak-besluit-bekend", door, gemeente=gemeente, casus=casus, wijze="toezending")
    platform.settle()


def test_the_file_says_where_the_indicatie_goes_and_who_decides_there(platform: Platform) -> None:
    """Voorbeeldstad hands in at Voorbeelddorp, with its own fields; the senior there decides; the team hears."""
    platform.clock.set(DAG)
    casus = beschermd(platform, DORP)
    (ingediend,) = [e for e in platform.events("onderzoek", casus) if e.envelope.name == "indicatie-ingediend"]
    assert (ingediend["aan"], ingediend["pakket"], ingediend["ontbreekt"]) == (DORP, 7, ())
    with pytest.raises(Forbidden, match="Voorbeeldstad heeft geen mandaat") as own:
        besluit(platform, casus, wie("wijkteam", STAD), STAD, BESCHERMD)
    assert own.value.remedy.startswith("Dien de indicatie in bij Voorbeelddorp")
    with pytest.raises(Forbidden, match="geen mandaat"):
        besluit(platform, casus, wie("consulent", DORP), DORP, BESCHERMD)
    besluit(platform, casus, wie("senior_consulent", DORP), DORP, BESCHERMD)
    terug = [e for e in platform.events("onderzoek", casus) if e.envelope.name == "besluit-teruggekoppeld"]
    assert [e["uitkomst"] for e in terug] == ["toegekend"]


def test_the_file_says_who_decides_at_home(platform: Platform) -> None:
    """Here the wijkteam decides in mandaat, and a consulent does not: the other way around than elsewhere."""
    platform.clock.set(DAG)
    casus = onderzocht(platform, "maatwerk_zelfredzaamheid", "begeleiding_individueel")
    platform.command("beschikking", "dien-aanvraag-in", INWONER, gemeente=STAD, casus=casus)
    platform.settle()
    with pytest.raises(Forbidden) as refused:
        besluit(platform, casus, wie("consulent", STAD), STAD, "begeleiding_individueel")
    assert refused.value.remedy == "Laat besluiten door: wijkteam, college van Voorbeeldstad."
    besluit(platform, casus, wie("wijkteam", STAD), STAD, "begeleiding_individueel")
    (genomen,) = [e for e in platform.events("beschikking", casus) if e.envelope.name == "besluit-genomen"]
    assert (genomen.envelope.titel, genomen.envelope.inrichtingversie) == ("mandaat", "voorbeeldstad@1")


def tarief(platform: Platform, hulpverlener: str = "sociaal_netwerk") -> int:
    """What a pgb pays in Voorbeeldstad for begeleiding, in cents per hour."""
    vraag = {"voorziening": "begeleiding_individueel", "hulpverlener": hulpverlener}
    cent: int = platform.ask("pgb", "bereken-pgb-tarief", wie("consulent", STAD), gemeente=STAD, **vraag)["tarief_cent"]
    return cent


def test_the_file_says_what_a_pgb_pays(platform: Platform) -> None:
    """60 percent of 50.00 for the netwerk; for whom the file names no tariff there is none."""
    platform.clock.set(DAG)
    assert tarief(platform) == 3000
    with pytest.raises(Refused) as refused:
        tarief(platform, "gekwalificeerd")
    assert refused.value.reason == "onbekend_pgb_tarief"


def test_a_later_version_changes_all_three_from_its_day_on(platform: Platform, folder: Path) -> None:
    """Read again while it runs: another route, another decider, another tariff; what is dated before it stays."""
    eerste = voorbeeldstad("wijkteam", DORP, 60)
    later = {
        "geldig_vanaf": "2017-06-01",
        "wijzigt": voorbeeldstad("consulent", EILAND, 80),
        "overgang": {"lopende_casussen": "dag_van_de_handeling", "toelichting": "test"},
    }
    schrijf(folder, document("voorbeeldstad", STAD, "Voorbeeldstad", eerste, later))
    platform.api.post("inrichting", "/inrichtingen/herlees", wie("beheerder", STAD))
    platform.settle()
    platform.clock.set(date(2017, 5, 31))
    assert tarief(platform) == 3000
    platform.clock.set(date(2017, 6, 1))
    assert tarief(platform) == 4000
    casus = beschermd(platform, EILAND)
    besluit(platform, casus, wie("senior_consulent", EILAND), EILAND, BESCHERMD)
    eigen = onderzocht(platform, "maatwerk_zelfredzaamheid", "begeleiding_individueel")
    platform.command("beschikking", "dien-aanvraag-in", INWONER, gemeente=STAD, casus=eigen)
    platform.settle()
    with pytest.raises(Forbidden):
        besluit(platform, eigen, wie("wijkteam", STAD), STAD, "begeleiding_individueel")
    besluit(platform, eigen, wie("consulent", STAD), STAD, "begeleiding_individueel")
    (genomen,) = [e for e in platform.events("beschikking", eigen) if e.envelope.name == "besluit-genomen"]
    assert genomen.envelope.inrichtingversie == "voorbeeldstad@2"


def test_no_line_of_code_knows_a_gemeente() -> None:
    """Outside its file no gemeente is named: not by code, not by name, in any service or in casuslog."""
    root = Path(__file__).parents[1]
    sources = [p for room in ("casuslog", "services") for p in (root / room).rglob("*.py") if "testing" not in p.parts]
    namen = ("9901", "voorbeeldstad", '"0080"', '"0086"', '"0518"', "== 'leeuwarden'", '== "leeuwarden"')
    found = [(p.name, naam) for p in sources for naam in namen if naam in p.read_text(encoding="utf-8").lower()]
    assert found == []
