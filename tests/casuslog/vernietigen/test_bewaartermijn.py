"""Until when a casus is kept, from its events and the dated terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from casuslog.envelope import Actor
from casuslog.errors import Refused
from casuslog.events import VERNIETIGD
from casuslog.identifiers import new_id
from casuslog.vernietigen.bewaartermijn import Gebeurd, bewaartermijnen, ontleed
from casuslog.vernietigen.bewaring import VERSTREKEN, Bewaarstaat, Vernietig
from casuslog.vernietigen.bewaring import besluit as beslis

DAG = date(2026, 3, 2)


def besluit(uitkomst: str, tot: date | None = None, dag: date = DAG) -> Gebeurd:
    """A besluit with this outcome."""
    return Gebeurd("besluit-genomen", dag, {"uitkomst": uitkomst, "tot_en_met": tot})


@pytest.mark.parametrize(
    ("feiten", "resultaat", "tot_en_met"),
    [
        ([besluit("toegekend", date(2027, 12, 31))], "verstrekt", date(2042, 12, 31)),
        ([besluit("deels_toegekend", date(2026, 1, 1))], "verstrekt", date(2041, 3, 2)),
        ([besluit("afgewezen")], "geweigerd", date(2031, 3, 2)),
        ([besluit("afgewezen"), Gebeurd("termijn-gehaald", date(2026, 4, 1), {})], "geweigerd", date(2031, 4, 1)),
        ([Gebeurd("melding-ingetrokken", DAG, {})], "afgebroken", date(2026, 4, 13)),
        ([besluit("afgewezen"), besluit("toegekend", DAG)], "verstrekt", date(2041, 3, 2)),
        ([besluit("toegekend", None), Gebeurd("pgb-beeindigd", DAG, {})], "verstrekt", date(2041, 3, 2)),
        ([Gebeurd("toezichtonderzoek-afgerond", DAG, {})], "toezicht", date(2031, 3, 2)),
        ([besluit("toegekend", date(2028, 2, 29))], "verstrekt", date(2043, 2, 28)),
    ],
)
def test_the_outcome_decides_how_long(feiten: list[Gebeurd], resultaat: str, tot_en_met: date) -> None:
    """15 years granted, 5 refused, 42 days broken off, from the last day of the casus; of more the longest."""
    found = bewaartermijnen().van(feiten)
    assert found is not None
    assert (found.resultaat, found.tot_en_met) == (resultaat, tot_en_met)
    assert found.staat_op(tot_en_met)
    assert found.bron


def test_whether_a_running_casus_keeps_another_is_data() -> None:
    """Where the retention policy says that it does not, the term alone decides."""
    termijnen = bewaartermijnen()
    door = Actor("archivaris", "0086", "archivaris-1")
    opdracht = Vernietig(op=date(2040, 1, 1), door=door, id=new_id(), grond=VERSTREKEN, kenmerk="VL-1")
    feiten, loopt = [besluit("afgewezen")], [Gebeurd("melding-geregistreerd", date(2039, 12, 1), {})]
    with pytest.raises(Refused, match="sinds 2039-12-01") as refused:
        beslis(Bewaarstaat(), opdracht, feiten, termijnen, [loopt])
    assert refused.value.reason == "nieuwe_zaak_loopt"
    for andere in ([], [[]], [[besluit("afgewezen")]]):
        assert beslis(Bewaarstaat(), opdracht, feiten, termijnen, andere)
    assert beslis(Bewaarstaat(), opdracht, feiten, replace(termijnen, lopende_zaak_blokkeert=False), [loopt])


@pytest.mark.parametrize("feiten", [[], [Gebeurd("melding-geregistreerd", DAG, {})], [besluit("toegekend", None)]])
def test_what_runs_has_no_term_yet(feiten: list[Gebeurd]) -> None:
    """Without an outcome, or with a provision without an end, nothing runs out."""
    assert bewaartermijnen().van(feiten) is None


def test_an_outcome_that_was_destroyed_is_kept_longest() -> None:
    """Where the phase of the besluit was destroyed before, the rest is kept as if it had been granted."""
    found = bewaartermijnen().van([Gebeurd("besluit-genomen", DAG, {"uitkomst": VERNIETIGD, "tot_en_met": VERNIETIGD})])
    assert found is not None
    assert found.tot_en_met == date(2041, 3, 2)


def test_a_result_without_a_term_stops_the_start() -> None:
    """A file that names a result and no term for it is refused as a whole."""
    with pytest.raises(ValueError, match="no term for verstrekt"):
        ontleed({"resultaten": [{"resultaat": "verstrekt", "gebeurtenis": "x"}], "einde": [], "termijnen": []})
