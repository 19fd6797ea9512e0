"""Establishing inrichtingen and verbanden: what becomes a fact, what is refused, and which version holds on a day."""

from __future__ import annotations

import copy
import json
from datetime import date
from functools import reduce
from typing import Any

import pytest

from casuslog.errors import Refused
from casuslog.events import Fact
from services.inrichting.beleid import Beleid
from services.inrichting.inrichting import (
    Inrichting,
    InrichtingVastgesteld,
    LidUitgetreden,
    Samenwerkingsverband,
    SamenwerkingsverbandVastgesteld,
    evolve,
    evolve_verband,
    inrichting_id,
    leden_op,
    policy_on,
    registreer_uittreding,
    rollen,
    stel_inrichting_vast,
    stel_verband_vast,
    verband_id,
)

VANDAAG = date(2017, 1, 2)


def beleid(versie: int, geldig_vanaf: str, lopend: str = "dag_van_de_handeling", **meer: Any) -> Beleid:
    """A beleid with only what establishing looks at."""
    kop = {"gemeente": "9901", "sleutel": "voorbeeldstad", "versie": versie, "geldig_vanaf": geldig_vanaf}
    kop["inrichtingversie"] = f"voorbeeldstad@{versie}"
    return {"kop": kop, "overgang": {"lopende_casussen": lopend}, "verbanden": [], **meer}


def vastgesteld(*beleiden: Beleid) -> Inrichting:
    """The inrichting after establishing these in order."""
    state = Inrichting()
    for deel in beleiden:
        state = reduce(evolve, stel_inrichting_vast(state, deel, VANDAAG), state)
    return state


def test_establishing_records_the_version_with_its_beleid() -> None:
    """The fact names gemeente, version, the day it starts and the whole beleid as text."""
    [feit] = stel_inrichting_vast(Inrichting(), beleid(1, "2016-01-01", extra="é"), VANDAAG)

    assert isinstance(feit.data, InrichtingVastgesteld)
    assert (feit.data.gemeente, feit.data.versie, feit.data.geldig_vanaf) == ("9901", 1, date(2016, 1, 1))
    assert json.loads(feit.data.beleid)["extra"] == "é"
    assert len(feit.data.digest) == 64
    assert (feit.on, feit.attributes) == (VANDAAG, {"inrichtingversie": "voorbeeldstad@1"})


def test_establishing_the_same_again_yields_nothing() -> None:
    """A restart loads every file again; what is known is not told twice, whatever the order of its keys."""
    zelfde = dict(reversed(beleid(1, "2016-01-01", a=1, b=2).items()))

    assert stel_inrichting_vast(vastgesteld(beleid(1, "2016-01-01", a=1, b=2)), zelfde, VANDAAG) == []


def test_a_change_of_verbanden_alone_is_no_new_version() -> None:
    """Who is a member stands in the streams of the verbanden."""
    anders = {**beleid(1, "2016-01-01"), "verbanden": [{"id": "x"}]}

    assert stel_inrichting_vast(vastgesteld(beleid(1, "2016-01-01")), anders, VANDAAG) == []


@pytest.mark.parametrize("geldig_vanaf", ["2015-01-01", "2016-01-01"])
def test_what_was_established_is_not_rewritten(geldig_vanaf: str) -> None:
    """Other content for a day that already has a version is refused, with the way out."""
    state = vastgesteld(beleid(1, "2016-01-01"))

    with pytest.raises(Refused) as geweigerd:
        stel_inrichting_vast(state, beleid(2, geldig_vanaf, anders=True), VANDAAG)

    assert geweigerd.value.reason == "inrichting_al_vastgesteld"
    assert "geldig_vanaf na 2016-01-01" in geweigerd.value.remedy


def test_a_version_is_not_skipped() -> None:
    """A file that lost its first versions would number acts wrongly."""
    with pytest.raises(Refused) as geweigerd:
        stel_inrichting_vast(vastgesteld(beleid(1, "2016-01-01")), beleid(3, "2017-01-01"), VANDAAG)

    assert geweigerd.value.reason == "inrichtingversie_sluit_niet_aan"
    assert "versie 2 is aan de beurt" in geweigerd.value.detail


def test_a_stream_holds_one_inrichting() -> None:
    """The inrichting of another gemeente does not land in this stream."""
    ander = copy.deepcopy(beleid(2, "2017-01-01"))
    ander["kop"]["gemeente"] = "9902"

    with pytest.raises(Refused) as geweigerd:
        stel_inrichting_vast(vastgesteld(beleid(1, "2016-01-01")), ander, VANDAAG)

    assert geweigerd.value.reason == "andere_inrichting"


def test_the_version_that_holds_is_the_last_one_begun() -> None:
    """Each act falls under the version of its own day; a version of the future does not hold yet."""
    state = vastgesteld(beleid(1, "2016-01-01"), beleid(2, "2017-07-01"))

    gelden = [policy_on(state, dag).nummer for dag in (date(2016, 1, 1), date(2017, 6, 30), date(2017, 7, 1))]

    assert gelden == [1, 1, 2]


def test_a_version_may_leave_running_cases_to_the_one_before() -> None:
    """With dag_van_de_melding a casus keeps the version of its melding, an act without a casus does not."""
    state = vastgesteld(beleid(1, "2016-01-01"), beleid(2, "2017-07-01", lopend="dag_van_de_melding"))

    assert policy_on(state, date(2017, 8, 1), melding=date(2017, 6, 30)).nummer == 1
    assert policy_on(state, date(2017, 8, 1), melding=date(2017, 7, 1)).nummer == 2
    assert policy_on(state, date(2017, 8, 1)).nummer == 2


@pytest.mark.parametrize("state", [Inrichting(), vastgesteld(beleid(1, "2017-01-01"))])
def test_without_an_inrichting_nothing_is_guessed(state: Inrichting) -> None:
    """An unknown gemeente, or a day before its first version, is refused with the remedy."""
    with pytest.raises(Refused) as geweigerd:
        policy_on(state, date(2016, 12, 31))

    assert geweigerd.value.reason == "inrichting_onbekend"
    assert "stel eerst een inrichting vast" in geweigerd.value.remedy


def test_every_documented_version_can_be_established_twice(beleiden: dict[str, Beleid]) -> None:
    """The real files load into their streams in order, and a second load changes nothing."""
    per_sleutel: dict[str, list[Beleid]] = {}
    for deel in beleiden.values():
        per_sleutel.setdefault(deel["kop"]["sleutel"], []).append(deel)
    for versies in per_sleutel.values():
        state = vastgesteld(*versies)
        assert [v.nummer for v in state.versies] == list(range(1, len(versies) + 1))
        assert all(stel_inrichting_vast(state, deel, VANDAAG) == [] for deel in versies)


def test_the_subject_of_a_stream_follows_from_its_name() -> None:
    """Whoever knows the sleutel finds the stream; an inrichting and a verband of one name do not meet."""
    assert inrichting_id("harlingen") == inrichting_id("harlingen") != inrichting_id("vlieland")
    assert inrichting_id("x") != verband_id("x")


def verband(geldig_vanaf: date, *leden: str, tot: date | None = None) -> SamenwerkingsverbandVastgesteld:
    """A verband on two themas."""
    return SamenwerkingsverbandVastgesteld(
        verband="v1",
        naam="Verband",
        leden=leden,
        themas=("beleid", "inkoop"),
        rollen=tuple(rollen({"besluit": "9901", "open": None})),
        geldig_vanaf=geldig_vanaf,
        geldig_tot=tot,
    )


def verband_na(*feiten: Fact) -> Samenwerkingsverband:
    """The verband after these facts."""
    return reduce(evolve_verband, feiten, Samenwerkingsverband())


BEGIN = date(2015, 1, 1)


def test_a_verband_is_established_once() -> None:
    """The same members, themas and roles again are no news; an open role is left out."""
    [feit] = stel_verband_vast(Samenwerkingsverband(), verband(BEGIN, "9901", "9902"), VANDAAG)

    assert isinstance(feit.data, SamenwerkingsverbandVastgesteld)
    assert [(r.rol, r.wie) for r in feit.data.rollen] == [("besluit", "9901")]
    assert stel_verband_vast(verband_na(feit), verband(BEGIN, "9901", "9902"), VANDAAG) == []


def test_a_verband_is_not_rewritten() -> None:
    """Other members from a day that was already established are refused."""
    state = verband_na(Fact(verband(BEGIN, "9901", "9902"), VANDAAG))

    with pytest.raises(Refused) as geweigerd:
        stel_verband_vast(state, verband(BEGIN, "9901"), VANDAAG)

    assert geweigerd.value.reason == "verband_al_vastgesteld"


def test_who_leaves_is_no_member_from_that_day_on() -> None:
    """On the day of leaving the gemeente is out; leaving twice is told once."""
    state = verband_na(Fact(verband(BEGIN, "9901", "9902"), VANDAAG))
    [feit] = registreer_uittreding(state, "9902", date(2017, 5, 1), VANDAAG)
    daarna = evolve_verband(state, feit)

    assert isinstance(feit.data, LidUitgetreden)
    assert leden_op(daarna, date(2017, 4, 30)) == ("9901", "9902")
    assert leden_op(daarna, date(2017, 5, 1)) == ("9901",)
    assert registreer_uittreding(daarna, "9902", date(2017, 5, 1), VANDAAG) == []


def test_who_was_never_a_member_cannot_leave() -> None:
    """Leaving a verband takes having been in it."""
    with pytest.raises(Refused) as geweigerd:
        registreer_uittreding(verband_na(Fact(verband(BEGIN, "9901"), VANDAAG)), "9903", VANDAAG, VANDAAG)

    assert geweigerd.value.reason == "geen_lid"


def test_a_new_composition_ends_and_begins_memberships() -> None:
    """Who stays keeps its membership, who is gone leaves and who is new joins on the day it takes effect."""
    wissel = date(2016, 7, 1)
    state = verband_na(Fact(verband(BEGIN, "9901", "9902"), VANDAAG), Fact(verband(wissel, "9901", "9903"), VANDAAG))

    assert leden_op(state, date(2016, 6, 30)) == ("9901", "9902")
    assert leden_op(state, wissel) == ("9901", "9903")
    assert [lid.vanaf for lid in state.leden if lid.gemeente == "9901"] == [BEGIN]


def test_a_verband_with_an_end_has_no_members_after_it() -> None:
    """The last day still counts, the day after does not."""
    state = verband_na(Fact(verband(BEGIN, "9901", tot=date(2017, 12, 31)), VANDAAG))

    assert leden_op(state, date(2017, 12, 31)) == ("9901",)
    assert leden_op(state, date(2018, 1, 1)) == ()
    assert leden_op(state, date(2014, 12, 31)) == ()
