from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog import rekenen


@pytest.mark.parametrize(
    ("bedrag", "procent", "uitkomst"),
    [("46.70", 95, "44.37"), ("46.70", 75, "35.03"), ("48.00", 95, "45.60"), ("46.00", 25, "11.50")],
)
def test_a_percentage_is_rounded_half_up_on_whole_cents(bedrag, procent, uitkomst):
    """44.365 becomes 44.37 and 35.025 becomes 35.03, where rounding half to even would take a cent away."""
    assert rekenen.percentage_van(rekenen.cent(bedrag), procent) == rekenen.cent(uitkomst)


@pytest.mark.parametrize(
    ("van", "tot_en_met", "aantal"),
    [
        (date(2017, 3, 6), date(2017, 12, 31), 43),
        (date(2017, 3, 6), date(2018, 3, 4), 52),
        (date(2017, 3, 6), date(2017, 3, 6), 1),
        (date(2017, 3, 6), date(2017, 3, 13), 2),
    ],
)
def test_weeks_count_both_days_and_a_week_that_has_begun(van, tot_en_met, aantal):
    """A period counts its first and its last day, and a week that has begun is a week of help."""
    assert rekenen.begonnen_weken(van, tot_en_met) == aantal


def test_a_period_that_ends_before_it_begins_has_no_weeks():
    """A period turned round is an error, not nil weeks."""
    with pytest.raises(ValueError, match="before it begins"):
        rekenen.begonnen_weken(date(2017, 3, 6), date(2017, 3, 5))


@pytest.mark.parametrize(
    ("uren", "aantal", "tarief", "bedrag"),
    [
        ("3", 43, "23.29", "3004.41"),
        ("2", 43, "44.37", "3815.82"),
        ("1", 43, "35.03", "1506.29"),
        ("2", 43, "16.64", "1431.04"),
    ],
)
def test_a_budget_is_hours_times_weeks_times_tariff(uren, aantal, tarief, bedrag):
    """The amounts of the Harlingen case come out to the cent."""
    assert rekenen.budget(rekenen.cent(tarief), rekenen.minuten(uren), aantal) == rekenen.cent(bedrag)


def test_a_dagdeel_is_four_hours():
    """Three dagdelen a week for a year at 25.48 are 3974.88 (scenario S47)."""
    assert rekenen.budget(2548, 3 * 240, 52, eenheid="dagdeel") == 397488


@pytest.mark.parametrize("tekst", ["", "drie", "NaN", "Infinity", "1,5"])
def test_what_is_no_number_is_refused(tekst):
    """An amount or number of hours that cannot be read is an error and never nil."""
    with pytest.raises(ValueError, match="is no number"):
        rekenen.cent(tekst)


@given(st.integers(0, 10**7), st.integers(0, 100))
def test_a_percentage_never_exceeds_its_amount_and_is_half_a_cent_off_at_most(bedrag, procent):
    """Rounding moves an amount by half a cent at most, upwards on the half."""
    gevonden = rekenen.percentage_van(bedrag, procent)
    assert gevonden <= bedrag
    assert -50 < gevonden * 100 - bedrag * procent <= 50


@given(st.dates(date(2015, 1, 1), date(2030, 1, 1)), st.integers(1, 260))
def test_whole_weeks_are_counted_exactly(van, aantal):
    """A period of whole weeks counts exactly these weeks, and one day more begins another."""
    laatste = van + timedelta(days=7 * aantal - 1)
    assert rekenen.begonnen_weken(van, laatste) == aantal
    assert rekenen.begonnen_weken(van, laatste + timedelta(days=1)) == aantal + 1


def test_an_amount_reads_as_people_write_it():
    """Amounts in a refusal stand in euro's with a comma."""
    assert rekenen.in_euro(1664) == "16,64 euro"
    assert rekenen.in_euro(-5) == "-0,05 euro"
