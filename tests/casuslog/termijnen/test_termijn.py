"""How a term is counted, suspended, attributed and told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.codes import check
from casuslog.events import event_types
from casuslog.termijnen import (
    Opschorting,
    Vertraging,
    bereken,
    besluit,
    bezwaar,
    dagen_per_partij,
    onderzoek,
    persoonlijk_plan,
    toerekening,
    vrije_dag,
)
from casuslog.termijnen import events as life

DAYS = st.dates(date(2012, 1, 1), date(2035, 12, 31))
DAY = timedelta(days=1)


def test_a_term_explains_itself() -> None:
    """The steps name each day that was passed over, and why; the article and calendar stand beside it."""
    term = besluit(date(2017, 3, 31))
    told = " | ".join(term.stappen)
    assert "telt vanaf zaterdag 2017-04-01, de dag na vrijdag 2017-03-31" in told
    assert "Goede Vrijdag (Atw art. 3 lid 2)" in told
    assert "verlengd tot en met dinsdag 2017-04-18 (Atw art. 1 lid 1)" in told
    assert term.artikel == "Wmo 2015 art. 2.3.5 lid 2"
    assert "gelijkgestelde dagen" in term.kalender


@pytest.mark.parametrize(
    ("term", "article", "length"),
    [
        (onderzoek(date(2017, 2, 15)), "Wmo 2015 art. 2.3.2 lid 1", 42),
        (persoonlijk_plan(date(2017, 2, 15)), "Wmo 2015 art. 2.3.2 lid 2", 7),
        (besluit(date(2017, 2, 15)), "Wmo 2015 art. 2.3.5 lid 2", 14),
        (bezwaar(date(2017, 2, 15)), "Awb 6:7 en 6:8", 42),
    ],
)
def test_each_statutory_term_has_its_article_and_length(term: object, article: str, length: int) -> None:
    """Six weeks, seven days, two weeks, six weeks."""
    assert term.artikel == article  # type: ignore[attr-defined]
    assert (term.rekendatum - term.van).days == length  # type: ignore[attr-defined]
    check("termijnsoort", term.soort, on=date(2017, 2, 15))  # type: ignore[attr-defined]


def test_the_last_day_is_in_time_and_the_next_is_not() -> None:
    """Days left are 0 on the last day; the overrun dates from the day after it."""
    term = onderzoek(date(2017, 2, 15))
    assert term.dagen_over(date(2017, 3, 22)) == 7
    assert term.dagen_over(term.uiterlijk) == 0
    assert term.gehaald(term.uiterlijk)
    assert not term.gehaald(term.overschreden_op)
    assert term.overschreden_op == date(2017, 3, 30)


@given(DAYS, st.integers(1, 12))
def test_a_term_never_ends_on_a_free_day_and_shifts_no_further_than_needed(van: date, weken: int) -> None:
    """The last day counts, all days that it passed over do not, and it never moves back."""
    term = bereken("x", van, weken=weken, artikel="x")
    assert vrije_dag(term.uiterlijk) is None
    assert term.rekendatum == van + timedelta(days=7 * weken)
    passed = [term.rekendatum + n * DAY for n in range((term.uiterlijk - term.rekendatum).days)]
    assert all(vrije_dag(one) for one in passed)


@given(DAYS, st.integers(1, 60))
def test_a_later_fact_never_gives_an_earlier_last_day(van: date, dagen: int) -> None:
    """Terms are monotone in the day from which they count."""
    assert (
        bereken("x", van, dagen=dagen, artikel="x").uiterlijk
        <= bereken("x", van + DAY, dagen=dagen, artikel="x").uiterlijk
    )


@given(DAYS)
def test_a_term_of_three_days_holds_two_working_days(van: date) -> None:
    """Algemene termijnenwet art. 2."""
    term = bereken("x", van, dagen=3, artikel="x")
    within = [van + n * DAY for n in range(1, (term.uiterlijk - van).days + 1)]
    assert sum(vrije_dag(one) is None for one in within) >= 2


@pytest.mark.parametrize("length", [{"weken": 13}, {"dagen": 91}])
def test_long_terms_do_not_shift(length: dict[str, int]) -> None:
    """Algemene termijnenwet art. 4: more than twelve weeks or ninety days are left alone."""
    starts = [date(2017, 1, 1) + n * DAY for n in range(60)]
    terms = [bereken("x", van, artikel="x", **length) for van in starts]
    assert all(term.uiterlijk == term.rekendatum for term in terms)


def test_a_term_without_length_is_a_mistake() -> None:
    """A term takes a day at least."""
    with pytest.raises(ValueError, match="a day at least"):
        bereken("x", date(2017, 1, 1), artikel="x")


INVITED = date(2017, 10, 5)


def test_the_besluit_term_stands_still_until_the_aanvraag_is_complete() -> None:
    """S32: invited on 5 October with a term until the 19th, completed on the 17th: eleven days, due on the 27th."""
    term = besluit(date(2017, 10, 2), opschortingen=[Opschorting(INVITED, date(2017, 10, 19), date(2017, 10, 17))])
    assert (term.opgeschort, term.uiterlijk) == (11, date(2017, 10, 27))
    assert "Awb 4:15 lid 1" in term.artikel
    assert any("11 dagen opgeschort" in step for step in term.stappen)


@pytest.mark.parametrize("completed", [None, date(2017, 10, 25)])
def test_an_unused_term_ends_the_suspension(completed: date | None) -> None:
    """Without a completion in time, it stands still through the last day of the term given."""
    term = besluit(date(2017, 10, 2), opschortingen=[Opschorting(INVITED, date(2017, 10, 19), completed)])
    assert term.opgeschort == 14
    assert term.rekendatum == date(2017, 10, 30)


def test_without_a_term_named_nothing_is_suspended() -> None:
    """Awb 4:15: the invitation must name a term."""
    assert besluit(date(2017, 10, 2), opschortingen=[Opschorting(INVITED)]) == besluit(date(2017, 10, 2))


def test_an_invitation_after_the_term_suspends_nothing() -> None:
    """A term that ran out cannot stand still."""
    late = Opschorting(date(2017, 10, 17), date(2017, 10, 31))
    assert besluit(date(2017, 10, 2), opschortingen=[late]).opgeschort == 0


def test_overlapping_suspensions_count_each_day_once() -> None:
    """Two invitations at the same time do not stop the clock twice."""
    both = [Opschorting(INVITED, date(2017, 10, 15)), Opschorting(date(2017, 10, 10), date(2017, 10, 19))]
    assert besluit(date(2017, 10, 2), opschortingen=both).opgeschort == 14


def test_an_invitation_in_the_shifted_days_never_ends_the_term_before_it_resumed() -> None:
    """Invited on Good Friday itself: the days stand still on top of the shifted day."""
    term = besluit(
        date(2017, 3, 31), opschortingen=[Opschorting(date(2017, 4, 14), date(2017, 4, 25), date(2017, 4, 21))]
    )
    assert term.uiterlijk >= date(2017, 4, 21)


@given(DAYS, st.integers(0, 14), st.integers(1, 30), st.none() | st.integers(1, 40))
def test_suspension_only_ever_adds_the_days_it_lasted(van: date, after: int, given_days: int, used: int | None) -> None:
    """A suspension never shortens a term, and never lasts longer than the term given."""
    invited = van + after * DAY
    completed = invited + used * DAY if used else None
    suspension = Opschorting(invited, invited + given_days * DAY, completed)
    term = besluit(van, opschortingen=[suspension])
    assert term.uiterlijk >= besluit(van).uiterlijk
    assert term.opgeschort <= given_days


def test_delay_is_counted_per_party_and_once_per_day() -> None:
    """S25 and S15: days of waiting are due to a party; overlap counts once."""
    delays = [
        Vertraging("derde", date(2017, 6, 21), date(2017, 7, 11)),
        Vertraging("derde", date(2017, 7, 1), date(2017, 7, 11)),
        Vertraging("client", date(2017, 6, 12), date(2017, 6, 23), "vakantie"),
    ]
    assert delays[0].dagen == 21
    found = dagen_per_partij(delays, van=date(2017, 6, 1), tot_en_met=date(2017, 7, 31))
    assert dict(found) == {"client": 12, "derde": 21}


def test_an_overrun_is_due_to_the_gemeente_unless_another_caused_it_alone() -> None:
    """The gemeente answers for the term; a holiday of the client explains it only when the gemeente lost no day."""
    client = Vertraging("client", date(2017, 6, 12), date(2017, 6, 23))
    own = Vertraging("gemeente", date(2017, 6, 26), date(2017, 6, 27), "capaciteit")
    term = onderzoek(date(2017, 5, 30))
    known = {"van": term.van, "uiterlijk": term.uiterlijk}
    assert toerekening([], **known) == "gemeente"
    assert toerekening([client], **known) == "client"
    assert toerekening([client, own], **known) == "gemeente"
    assert toerekening([client], **known, te_laat=13) == "gemeente"
    assert toerekening([Vertraging("derde", date(2016, 1, 1), date(2016, 1, 9))], **known) == "gemeente"


def test_delay_names_a_known_party_and_a_period() -> None:
    """Delay is due to gemeente, client or derde, and does not end before it begins."""
    with pytest.raises(ValueError, match="not to 'ciz'"):
        Vertraging("ciz", date(2017, 1, 1), date(2017, 1, 2))
    with pytest.raises(ValueError, match="before it begins"):
        Vertraging("derde", date(2017, 1, 2), date(2017, 1, 1))


def test_the_life_of_a_term_as_events() -> None:
    """Begun with all that was computed; met with the days left; overrun with whom it is due to."""
    term = besluit(date(2017, 3, 31))
    begun = life.gestart(term)
    assert (begun.soort, begun.rekendatum, begun.uiterlijk) == ("besluit", date(2017, 4, 14), date(2017, 4, 18))
    met = life.gehaald_of_overschreden("besluit", term.uiterlijk, date(2017, 4, 13))
    assert met == life.TermijnGehaald(soort="besluit", uiterlijk=term.uiterlijk, dagen_over=5)
    late = life.gehaald_of_overschreden("besluit", term.uiterlijk, term.overschreden_op, toerekening="derde")
    assert late == life.TermijnOverschreden(soort="besluit", uiterlijk=term.uiterlijk, toerekening="derde")


def test_the_events_of_terms_are_declared() -> None:
    """Six types, of the shared room termijn."""
    wires = {wire for wire, cls in event_types().items() if cls.__event__.service == "termijn"}
    names = ("gestart", "gehaald", "overschreden", "opgeschort", "hervat", "vervallen")
    assert wires == {f"nl.overheid.wmo.termijn-{name}" for name in names}
