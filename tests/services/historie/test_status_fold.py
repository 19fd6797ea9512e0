"""The status of a casus as a fold over what happened: the less usual roads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.historie.status import CasusStatus, Gebeurd, status_op

DAG = date(2017, 2, 15)
LATER = date(2018, 1, 1)
GEMELD = ("melding-geregistreerd", {"ontvangen_door": "wijkteam"})
AANVRAAG = ("aanvraag-ontvangen", {})


def fold(*happened: str | tuple[str, dict[str, Any]], op: date = LATER) -> CasusStatus:
    """The status after these events, one a day."""
    pairs = [(one, {}) if isinstance(one, str) else one for one in happened]
    facts = [Gebeurd(naam, DAG + timedelta(days=n), "0086", data) for n, (naam, data) in enumerate(pairs)]
    return status_op(facts, op)


def besluit(uitkomst: str, leveringsvorm: str | None = None) -> tuple[str, dict[str, Any]]:
    """A besluit that was taken."""
    return "besluit-genomen", {"uitkomst": uitkomst, "leveringsvorm": leveringsvorm}


@pytest.mark.parametrize("uitkomst", ["toegekend", "afgewezen", "niet_behandeld"])
def test_a_besluit_shows_only_after_its_bekendmaking(uitkomst: str) -> None:
    """Until it is announced the casus is in behandeling, whatever was decided (Awb 3:41)."""
    taken = fold(GEMELD, AANVRAAG, besluit(uitkomst))
    assert (taken.status, taken.uitkomst) == ("in_behandeling", None)
    told = fold(GEMELD, AANVRAAG, besluit(uitkomst), "besluit-bekendgemaakt")
    assert (told.status, told.uitkomst) == ("besluit_genomen", uitkomst)


def test_the_next_step_does_not_tell_the_outcome() -> None:
    """Who hears the status hears the same next step after an afwijzing as after a toekenning."""
    steps = {
        fold(GEMELD, AANVRAAG, besluit(uitkomst), "besluit-bekendgemaakt").volgende_stap
        for uitkomst in ("toegekend", "afgewezen")
    }
    assert len(steps) == 1


def test_a_pgb_goes_by_its_own_step() -> None:
    """After the bekendmaking a pgb is granted when the SVB was told."""
    pgb = besluit("toegekend", "pgb")
    found = fold(GEMELD, AANVRAAG, pgb, "besluit-bekendgemaakt", "pgb-toegekend", "toekenning-aan-svb-gemeld")
    assert (found.status, found.leveringsvorm) == ("pgb_toegekend", "pgb")


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (("melding-ingetrokken", "onderzoek-afgebroken"), "ingetrokken"),
        (("melding-afgesloten", "onderzoek-afgebroken"), "afgesloten"),
        (("onderzoek-afgebroken",), "afgesloten"),
    ],
)
def test_a_withdrawal_stays_a_withdrawal(ends: tuple[str, ...], status: str) -> None:
    """That the onderzoek stopped because of it does not turn it into a closed casus; without it, it is closed."""
    assert fold(GEMELD, "gesprek-gepland", *ends).status == status


def test_a_withdrawn_aanvraag_ends_the_casus() -> None:
    """The inwoner disposes of the aanvraag; nothing is waiting any more."""
    found = fold(GEMELD, AANVRAAG, "aanvraag-ingetrokken")
    assert (found.status, found.volgende_stap) == ("ingetrokken", "geen")


def test_an_aanvulling_asks_and_gives_back() -> None:
    """Asked for more the casus waits for the inwoner; with the aanvulling it stands where it stood."""
    assert fold(GEMELD, AANVRAAG, "aanvulling-gevraagd").status == "meer_informatie_nodig"
    back = fold(GEMELD, AANVRAAG, "aanvulling-gevraagd", "aanvulling-ontvangen")
    assert (back.status, back.sinds) == ("aanvraag_ontvangen", DAG + timedelta(days=3))


@pytest.mark.parametrize("late", ["gesprek-gevoerd", "verslag-verstrekt", "onderzoek-afgerond"])
def test_what_comes_late_does_not_take_the_casus_back(late: str) -> None:
    """Work on the onderzoek that is recorded after the aanvraag (a corrected verslag) changes no status."""
    found = fold(GEMELD, AANVRAAG, late)
    assert (found.status, found.sinds) == ("aanvraag_ontvangen", DAG + timedelta(days=1))


def test_a_melding_after_a_doorverwijzing_begins_anew() -> None:
    """A referral closes nothing: a melding is always possible."""
    assert fold("contact-geregistreerd", "doorverwezen").status == "doorverwezen"
    assert fold("contact-geregistreerd", "doorverwezen", GEMELD).status == "melding_ontvangen"


def test_the_team_is_who_received_it_until_another_accepts() -> None:
    """Handing on changes nothing; accepting does."""
    handed_on = fold(GEMELD, "melding-doorgegeven")
    accepted = fold(GEMELD, "melding-doorgegeven", ("overdracht-geaccepteerd", {"door": "team_noord"}))
    assert (handed_on.team, accepted.team) == ("wijkteam", "team_noord")


def test_as_of_a_day_later_facts_are_not_known() -> None:
    """The status of a day in the past is what it was at the end of that day."""
    facts = (GEMELD, "gesprek-gepland", AANVRAAG)
    assert fold(*facts, op=DAG).status == "melding_ontvangen"
    assert fold(*facts, op=DAG + timedelta(days=1)).status == "onderzoek_loopt"
    assert fold(*facts, op=DAG - timedelta(days=1)).status is None
