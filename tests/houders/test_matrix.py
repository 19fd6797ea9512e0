"""Six kinds of holders and the three demo cases: who received what, cell by cell against ``verwachting.md``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.houders.houders import HEERENVEEN, HOUDERS, LEEUWARDEN, OPSTERLAND, Cel, Uitslag, speel, tabel

VERWACHTING = Path(__file__).parent / "verwachting.md"
NIETS = "."


@pytest.fixture(scope="module")
def uitslag() -> Uitslag:
    """The three cases, played once."""
    return speel()


def verwacht() -> dict[Cel, str]:
    """Each cell of the tables."""
    cellen: dict[Cel, str] = {}
    zaak, namen = "", []
    for regel in VERWACHTING.read_text(encoding="utf-8").splitlines():
        if kop := re.fullmatch(r"## (demo_\d)", regel):
            zaak = kop[1]
        delen = [deel.strip() for deel in regel.strip("|").split("|")]
        if delen[0] == "gebeurtenis":
            namen = delen[1:-1]
        elif "/" in delen[0] and len(delen) == len(namen) + 2:
            cellen |= {(zaak, delen[0], naam): cel for naam, cel in zip(namen, delen[1:-1], strict=True)}
    return cellen


def test_every_cell_is_as_it_was_thought_out(uitslag: Uitslag) -> None:
    """Of each event each holder got all at the expected level, or nothing, in its queue and in its feed alike."""
    for zaak in ("demo_1", "demo_2", "demo_3"):
        print("\n".join(["", *tabel(uitslag, zaak)]))
    anders = []
    for (zaak, naam, houder), cel in verwacht().items():
        aantal = uitslag.gelogd[(zaak, naam)]
        wil = {} if cel == NIETS else {cel: aantal}
        for waar, gekregen in (("queue", uitslag.uit_queue), ("feed", uitslag.uit_feed)):
            nu = dict(gekregen.get((zaak, naam, houder), {}))
            if nu != wil:
                anders.append(f"{zaak} {naam}: {houder} got {nu} from its {waar}, expected {wil}")
    assert anders == []


def test_the_expectation_has_a_cell_for_everything(uitslag: Uitslag) -> None:
    """Nothing that was logged or received stands outside the tables, and no row is of something that did not happen."""
    rijen = {(zaak, naam) for zaak, naam, _ in verwacht()}
    assert rijen == set(uitslag.gelogd)
    assert {naam for _, _, naam in verwacht()} == {houder.naam for houder in HOUDERS}
    assert set(uitslag.uit_queue) <= set(verwacht())


def test_numbers_have_no_gap_for_anybody(uitslag: Uitslag) -> None:
    """What a holder may not know of leaves no hole in its numbers: 1, 2, 3, ... to the last."""
    for naam, nummers in uitslag.nummers.items():
        assert nummers == list(range(1, len(nummers) + 1)), naam


def test_what_follows_from_the_law_comes_without_asking(uitslag: Uitslag) -> None:
    """Who decides got the indicatie and what became of it, the team its feedback; nobody else has such a delivery."""
    indicatie = {"indicatie-ingediend": 1, "indicatie-teruggestuurd": 1, "indicatie-aangevuld": 1}
    besluit = {"besluit-genomen": 1, "besluit-bekendgemaakt": 1, "opdracht-verstrekt": 1, "levering-gestart": 1}
    assert uitslag.verplicht == {
        f"centrumgemeente {LEEUWARDEN}": indicatie,
        f"wijkteam {OPSTERLAND}": besluit,
        f"wijkteam {HEERENVEEN}": {},
        f"kcc {OPSTERLAND}": {},
    }


def test_six_kinds_of_holders_took_part() -> None:
    """The team, the centrumgemeente, a partner with another thema, the KCC, the aanbieder and the toezichthouder."""
    assert {houder.rol for houder in HOUDERS} == {
        "wijkteam",
        "centrumgemeente",
        "partnergemeente",
        "kcc",
        "aanbieder",
        "toezichthouder",
    }
