"""Terms against every vector of the reference cases and of the scenarios."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from casuslog.termijnen import bereken, bezwaar, dagen_tussen, onderzoek, vrije_dag, weken_tussen

REPO = Path(__file__).parents[3]
DATA = REPO / "tests" / "data"
DEMO = yaml.safe_load((REPO / "deploy" / "demo" / "demo-zaken.yaml").read_text(encoding="utf-8"))
SCENARIOS = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))


def day(value: Any) -> date:
    """A day as the files write it."""
    return value if isinstance(value, date) else date.fromisoformat(value)


DEMO_TERMS = [
    (f"{case['id']}-{entry['naam']}", entry)
    for case in DEMO["cases"]
    for entry in case["berekening"]
    if entry["soort"] == "termijn"
]
SCENARIO_SUMS = [
    (f"{scenario['id']}-{entry['naam']}", entry["soort"], entry["invoer"], entry["is"])
    for scenario in SCENARIOS["scenarios"]
    for entry in scenario["dan"].get("berekening", scenario.get("berekening", []))
    if entry["soort"] in ("termijn", "dagen", "weken")
]


def test_the_vectors_were_found() -> None:
    """An empty table would prove nothing: 12 terms in the cases, 63 in the scenarios."""
    assert len(DEMO_TERMS) == 12
    assert sum(kind == "termijn" for _, kind, _, _ in SCENARIO_SUMS) == 63


@pytest.mark.parametrize(("name", "entry"), DEMO_TERMS, ids=[name for name, _ in DEMO_TERMS])
def test_terms_of_the_demo_cases(name: str, entry: dict[str, Any]) -> None:
    """Last day before and after shifting are those of the reference."""
    found = bereken("x", day(entry["van"]), weken=entry.get("weken", 0), dagen=entry.get("dagen", 0), artikel="x")
    assert (found.rekendatum, found.uiterlijk) == (day(entry["rekendatum"]), day(entry["is"]))


@pytest.mark.parametrize("vector", DEMO["kalender"]["toetsvectoren_rond_feestdagen"], ids=lambda v: v["waarom"])
def test_terms_around_holidays(vector: dict[str, Any]) -> None:
    """5 May outside a lustrum, Good Friday to Easter Monday, and Ascension Day with its equated Friday."""
    found = bereken("x", day(vector["van"]), weken=vector["weken"], artikel="x")
    assert (found.rekendatum, found.uiterlijk) == (day(vector["rekendatum"]), day(vector["uiterlijk"]))
    assert len(found.stappen) > 2


@pytest.mark.parametrize(
    ("name", "kind", "given", "expected"), SCENARIO_SUMS, ids=[name for name, _, _, _ in SCENARIO_SUMS]
)
def test_sums_of_the_scenarios(name: str, kind: str, given: dict[str, Any], expected: Any) -> None:
    """Every computed day and number of days of the 68 scenarios."""
    van = day(given["van"])
    if kind == "dagen":
        assert dagen_tussen(van, day(given["tot_en_met"])) == expected
    elif kind == "weken":
        assert weken_tussen(van, day(given["tot_en_met"])) == expected
    elif given.get("dagen", 1) < 1:
        assert van + timedelta(days=given["dagen"]) == day(expected)
    else:
        weken, dagen = given.get("weken", 0), given.get("dagen", 0)
        found = bereken("x", van, weken=weken, dagen=dagen, artikel="x", atw=given["atw"])
        assert found.uiterlijk == day(expected)


@pytest.mark.parametrize("year", [2012, 2015, 2016, 2017, 2018])
def test_the_holidays_are_those_of_the_law(year: int) -> None:
    """On working days, exactly the listed days are no days for a term to end on."""
    every = [date(year, 1, 1) + timedelta(days=n) for n in range(dagen_tussen(date(year, 1, 1), date(year, 12, 31)))]
    found = {one for one in every if one.weekday() < 5 and vrije_dag(one)}
    assert found == {day(one) for one in SCENARIOS["feestdagen"][year] if day(one).weekday() < 5}


@pytest.mark.parametrize("year", range(2015, 2036))
def test_5_may_counts_every_year(year: int) -> None:
    """Not in lustrum years only, as packages have it."""
    assert vrije_dag(date(year, 5, 5))


def test_koninginnedag_was_on_30_april() -> None:
    """Until 2013 the birthday was celebrated on 30 April."""
    assert "Koninginnedag" in str(vrije_dag(date(2012, 4, 30)))
    assert vrije_dag(date(2012, 4, 27)) is None


def test_vectors_of_the_standards_page() -> None:
    """standaarden-en-wet.md section 8: melding, besluit, bezwaar and a term that ends on Tweede Pinksterdag."""
    assert onderzoek(date(2026, 1, 5)).uiterlijk == date(2026, 2, 16)
    assert bezwaar(date(2026, 3, 2)).uiterlijk == date(2026, 4, 13)
    pinksteren = bereken("beslissing_op_bezwaar", date(2026, 4, 13), weken=6, artikel="Awb 7:10")
    assert (pinksteren.rekendatum, pinksteren.uiterlijk) == (date(2026, 5, 25), date(2026, 5, 26))


def test_weeks_of_the_budget_periods() -> None:
    """43 weeks in the pgb of Harlingen, 52 in the scenario."""
    assert weken_tussen(date(2017, 3, 6), date(2017, 12, 31)) == 43
    assert weken_tussen(date(2017, 3, 6), date(2018, 3, 4)) == 52
    with pytest.raises(ValueError, match="before it begins"):
        weken_tussen(date(2017, 3, 6), date(2017, 3, 5))
